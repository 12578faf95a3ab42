"""``simcarrier pace``: how fast each caller ID may call now, by its records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .deliverability.asking import asked, at_option, moment, read
from .options import DURATION, format_option
from .storing import WHOLE_STORAGE

if TYPE_CHECKING:
    from simcarrier.stores.address import StoreAddress

EPILOG = "Exit status: 0 fine, 2 wrong usage or policy, 3 the records cannot be read."


@click.command(epilog=EPILOG)
@click.argument("records", type=WHOLE_STORAGE)
@click.argument("callers", nargs=-1)
@click.option(
    "--policy", "policy_file", type=click.Path(path_type=Path), metavar="FILE", help="In place of the usual one."
)
@at_option
@click.option(
    "--since",
    type=DURATION,
    default="96h",
    show_default=True,
    help="How far back calls are gone through: longer than the longest rest and the steps after it.",
)
@format_option("A line for each number, or a JSON object a line.")
def pace(
    records: StoreAddress,
    callers: tuple[str, ...],
    policy_file: Path | None,
    at: int | str | None,
    since: float,
    form: str,
) -> None:
    """Say how fast each caller ID may call now, and why: CALLERS, or all that RECORDS know.

    It is what a dialler would be told that had asked simcarrier.deliverability.pacing.Pacer before each of these calls.
    """
    from simcarrier.deliverability.pacing import replayed
    from simcarrier.deliverability.policy import load_policy
    from simcarrier.deliverability.telling import moment_of, named, named_long

    policy = read(load_policy, policy_file)
    with asked(records) as store:
        now = moment(store, at)
        pacer, known = replayed(store, now, round(since * 1000), policy)
    for caller in callers or known:
        told = pacer.ask(caller, now)
        if form == "json":
            click.echo(json.dumps(told.as_dict()))
            continue
        when = "now" if told.allowed else f"not before {moment_of(told.next_call)}"
        rate = f"{told.calls_per_hour:g} calls an hour"
        click.echo(f"{named(caller)}: {told.state}, {rate}, {when}: {named_long(told.why)}")
