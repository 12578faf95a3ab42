"""``simcarrier conduct FILE``: what the diallers in a capture do wrong on the wire."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from simcarrier.conduct.capture import CarrierSeen
    from simcarrier.records.capture import Captured


class _Unusable(click.ClickException):
    """The file cannot be read, or nobody in it is a carrier."""

    exit_code = 2


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--carrier",
    "places",
    metavar="HOST[:PORT]",
    multiple=True,
    help="Who is the carrier; whoever is sent an INVITE that begins a call if not said. Repeatable.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object for each rule that is broken, and a summary last."
)
def conduct(file: Path, places: tuple[str, ...], as_json: bool) -> None:
    """Tell what the diallers in FILE, a capture (pcap, pcapng), do wrong on the wire.

    Each fault comes with the section of the RFC that it breaks, how often it was met, and one message. Exit status 0 if
    there is none, 1 if there is one, 2 if FILE cannot be read or has no calls.
    """
    from simcarrier.conduct.capture import CarrierSeen, Place, carriers_in
    from simcarrier.sip.errors import Malformed

    try:
        named = [Place.parse(place) for place in places]
    except Malformed as why:
        raise click.UsageError(f"--carrier: {why}") from None
    carriers = [CarrierSeen(place) for place in named or carriers_in(_messages(file))]
    if not carriers:
        raise _Unusable(f"{file}: has no call that begins in it; name the carrier by --carrier")
    for captured in _messages(file):
        for carrier in carriers:
            carrier.take(captured)
    for carrier in carriers:
        carrier.finish()
    if not any(carrier.conduct.messages for carrier in carriers):
        where = ", ".join(str(carrier.place) for carrier in carriers)
        raise _Unusable(f"{file}: has no SIP messages to or from {where}")
    _tell(carriers, as_json=as_json)
    sys.exit(1 if any(carrier.conduct.breaches for carrier in carriers) else 0)


def _messages(file: Path) -> Iterator[Captured]:
    from simcarrier.records.capture import CaptureReader
    from simcarrier.records.pcap import PcapFault

    try:
        with file.open("rb") as stream:
            yield from CaptureReader(stream)
    except OSError as error:
        raise _Unusable(f"{file}: cannot be read: {error.strerror}") from error
    except PcapFault as why:
        raise _Unusable(f"{file}: {why}") from None


def _tell(carriers: list[CarrierSeen], *, as_json: bool) -> None:
    from simcarrier.conduct.report import Report, report_lines

    for carrier in carriers:
        conduct = carrier.conduct
        report = Report.of(conduct.breaches, conduct.counts)
        if as_json:
            for fault in report.faults:
                told = {"event": "conduct", "carrier": str(carrier.place), **fault.as_dict()}
                click.echo(json.dumps(told | {"at": round(fault.example.at, 6)}))
            continue
        calls = "1 call" if conduct.calls == 1 else f"{conduct.calls:,} calls"
        click.echo(f"{carrier.place}: {calls}, {conduct.messages:,} messages")
        for line in report_lines(report) if report.faults else ("SIP conduct: no faults",):
            click.echo(line)
    if as_json:
        counts = {
            str(carrier.place): {
                "calls": carrier.conduct.calls,
                "messages": carrier.conduct.messages,
                "conduct": dict(carrier.conduct.counts),
            }
            for carrier in carriers
        }
        click.echo(json.dumps({"event": "summary", "carriers": counts}))
