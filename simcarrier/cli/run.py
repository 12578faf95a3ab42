"""``simcarrier run``: a carrier that can be called, until it is told to stop."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import DURATION, LISTEN, set_option

if TYPE_CHECKING:
    from simcarrier.sip.transport import ListenAddress

EPILOG = "Exit status: 0 fine, 1 an expectation or the dialler failed, 2 wrong usage or scenario, 3 cannot listen."


@click.command(epilog=EPILOG)
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option(
    "--listen",
    type=LISTEN,
    multiple=True,
    help="Where to listen in place of the scenario's addresses, such as udp:127.0.0.1:0 or tls:[::1]:5061; repeatable.",
)
@click.option("--for", "duration", type=DURATION, help="End after this time, such as 30s.")
@click.option("--calls", type=click.IntRange(min=1), metavar="N", help="End when so many calls have ended.")
@click.option(
    "--exec",
    "command",
    metavar="COMMAND",
    help="Run a dialler by the shell, with SIMCARRIER_URI and SIMCARRIER_ADDRESS in its environment; "
    "the run ends when it ends.",
)
@click.option("--seed", type=int, metavar="N", help="Make everything random repeatable.")
@set_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Text: a live view on a terminal, else a line a call. JSON: one event a line.",
)
@click.option("--quiet", is_flag=True, help="Text without a line for each call.")
def run(
    scenario: Path,
    listen: tuple[ListenAddress, ...],
    duration: float | None,
    calls: int | None,
    command: str | None,
    seed: int | None,
    settings: tuple[tuple[str, str], ...],
    form: str,
    quiet: bool,
) -> None:
    """Run the carrier that SCENARIO describes."""
    from simcarrier.cli.session import Options, run_carrier
    from simcarrier.scenario.load import ScenarioError, load

    try:
        loaded = load(scenario, dict(settings))
    except ScenarioError as error:
        for fault in error.faults:
            click.echo(str(fault), err=True)
        sys.exit(2)
    options = Options(listen, duration, calls, command, seed, form, quiet)
    sys.exit(run_carrier(loaded, options))
