"""``simcarrier inspect [FILE]``: what a message, a signed token or a capture says about a refusal, in words."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from .inspecting import Inspected

LARGEST = 256 * 1024 * 1024
"""Bytes of a file that are read; a capture that is longer wants to be cut first."""


class _Unreadable(click.ClickException):
    """The file cannot be read, or holds nothing that is known."""

    exit_code = 2


@click.command()
@click.argument("file", default="-", metavar="[FILE]", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--ca",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The authorities to believe, in PEM; nobody is believed without.",
)
@click.option(
    "--certificate",
    "certificates",
    multiple=True,
    metavar="URI=FILE",
    help="The certificate that a token's x5u leads to, in PEM; nothing is fetched. Repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each message or token, one a line.")
def inspect(file: Path, ca: Path | None, certificates: tuple[str, ...], as_json: bool) -> None:
    """Tell what FILE says: a SIP message, a signed card or PASSporT, or a capture (pcap, pcapng).

    Without FILE, or for -, standard input is read. Codes, reasons and their causes, what a block says and how it is
    damaged, whom to ask, who vouches for the caller, and what is against the standards. Exit status 0 if nothing is
    wrong with it, 1 if something is, 2 if it cannot be read.
    """
    from .inspecting import Unknown, inspected, known

    try:
        data = _read(file)
        found = inspected(data, known(ca, certificates))
    except Unknown as why:
        raise _Unreadable(f"{'standard input' if str(file) == '-' else file}: {why}") from None
    for place, one in enumerate(found):
        _tell(one, as_json=as_json, first=not place)
    sys.exit(1 if any(one.faults for one in found) else 0)


def _read(file: Path) -> bytes:
    from .inspecting import Unknown

    try:
        with click.open_file(str(file), "rb") as stream:
            data: bytes = stream.read(LARGEST + 1)
    except OSError as error:
        raise Unknown(f"cannot be read: {error.strerror}") from error
    if len(data) > LARGEST:
        raise Unknown(f"is longer than {LARGEST:,} bytes")
    return data


def _tell(one: Inspected, *, as_json: bool, first: bool) -> None:
    if as_json:
        import json

        click.echo(json.dumps(one.as_dict()))
        return
    if not first:
        click.echo()
    click.echo(one.what)
    for label, text in one.facts:
        click.echo(f"  {label:<12} {text}")
    for fault in one.faults:
        click.echo(f"  {'fault':<12} {fault}")
