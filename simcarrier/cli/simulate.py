"""``simcarrier simulate``: days of traffic through a carrier, on a virtual clock and without a network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import format_option, set_option
from .storing import STORAGE_OR_FILE, destinations_of, where_calls_go

if TYPE_CHECKING:
    from datetime import datetime

    from simcarrier.stores.address import StoreAddress

EPILOG = "Exit status: 0 fine, 1 an expectation failed or the records could not be written, 2 wrong usage or scenario."

MOST_HOURS = 366 * 24


class Start(click.ParamType["datetime"]):
    """A day and time, such as 2026-11-23 08:00."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read it."""
        from simcarrier.scenario.business.clock import read_start

        try:
            return read_start(value)
        except ValueError as why:
            self.fail(f"{value!r} {why}", param, ctx)


@click.command(epilog=EPILOG)
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option(
    "--days",
    type=click.FloatRange(min=0, min_open=True, max=MOST_HOURS / 24),
    metavar="N",
    help="How many days of traffic; 1 if nothing is said.",
)
@click.option(
    "--hours",
    type=click.FloatRange(min=0, min_open=True, max=MOST_HOURS),
    metavar="N",
    help="How many hours, in place of --days.",
)
@click.option(
    "--calls-per-hour",
    type=click.FloatRange(min=0, min_open=True, max=10_000_000),
    metavar="N",
    help="First calls in an hour of full traffic, in place of the scenario's.",
)
@click.option("--seed", type=int, metavar="N", help="Other chance: the scenario's seed, or 1, if not said.")
@click.option(
    "--start",
    type=Start(),
    help="When the traffic begins, by the carrier's clock; the scenario's start, or \"2026-11-23 00:00\", a Monday.",
)
@set_option
@click.option(
    "--records",
    type=STORAGE_OR_FILE,
    help="Write each call as a line of JSON to a file, - for standard output; or as a row to calls.db (SQLite) or "
    "postgresql://HOST/NAME.",
)
@where_calls_go
@click.option("--force", is_flag=True, help="Write over a file of records that is there.")
@format_option("The summary as lines for people, or as one JSON object.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def simulate(
    scenario: Path,
    days: float | None,
    hours: float | None,
    calls_per_hour: float | None,
    seed: int | None,
    start: datetime | None,
    settings: tuple[tuple[str, str], ...],
    records: StoreAddress | Path | None,
    prefixes: Path | None,
    range_holders: bool,
    force: bool,
    form: str,
    quiet: bool,
) -> None:
    """Simulate days of traffic through the carrier that SCENARIO describes.

    Nothing is sent: carrier and callers are on a virtual clock. The same seed gives the same records.
    """
    from simcarrier.cli.simulation import Order, run_simulation
    from simcarrier.scenario.load import ScenarioError, load

    if days is not None and hours is not None:
        raise click.UsageError("say --days or --hours, not both")
    try:
        loaded = load(scenario, dict(settings))
    except ScenarioError as error:
        for fault in error.faults:
            click.echo(str(fault), err=True)
        sys.exit(2)
    table = records is not None and not isinstance(records, Path)
    where = destinations_of(prefixes, range_holders, kept=table)
    seconds = hours * 3600 if hours is not None else (1.0 if days is None else days) * 86_400
    sys.exit(
        run_simulation(
            loaded,
            Order(
                seconds,
                calls_per_hour,
                seed,
                start,
                records,
                force,
                form,
                quiet,
                _digest(scenario, settings),
                where,
            ),
        )
    )


def _digest(scenario: Path, settings: tuple[tuple[str, str], ...]) -> str:
    """What tells a scenario as it is simulated from another, or from itself before it was changed."""
    from hashlib import sha256

    return sha256(repr((scenario.read_bytes(), settings)).encode()).hexdigest()[:8]
