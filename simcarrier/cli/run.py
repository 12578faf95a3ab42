"""``simcarrier run``: a carrier that can be called, until it is told to stop."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .control import HTTP_ADDRESS, web_port
from .options import DURATION, FIRST_CALLS, HEP_URI, LISTEN, SIZE, format_option, set_option
from .storing import STORAGE, destinations_of, recording, where_calls_go

if TYPE_CHECKING:
    from simcarrier.artefacts.hep import Collector
    from simcarrier.sip.transport import ListenAddress
    from simcarrier.stores.address import StoreAddress
    from simcarrier.web.access import WebAddress

FILE: click.ParamType[Path] = click.Path(dir_okay=False, path_type=Path)

EPILOG = (
    "Exit status: 0 fine, 1 an expectation or the dialler failed, 2 wrong usage or scenario, 3 cannot begin or write."
)


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
    help="Run a dialler by the shell, with SIMCARRIER_URI, SIMCARRIER_ADDRESS and _ADDRESSES in its environment; "
    "the run ends when it ends.",
)
@click.option("--seed", type=int, metavar="N", help="Make everything random repeatable.")
@set_option
@format_option("Text: a live view on a terminal, else a line a call. JSON: one event a line.")
@click.option("--quiet", is_flag=True, help="Text without a line for each call.")
@click.option(
    "--conduct",
    type=FIRST_CALLS,
    default="1000",
    show_default=True,
    metavar="N",
    help="Look at what the dialler does wrong on the wire, in its first N calls; all or off.",
)
@click.option("--pcap", type=FILE, metavar="FILE", help="Write all messages to a capture, for Wireshark and sngrep.")
@click.option("--pcap-limit", type=SIZE, help="End the capture at this size, such as 100MB; 1GB if not said.")
@click.option("--hep", type=HEP_URI, help="Send all messages to a collector such as HOMER: udp:HOST:9060 or tcp:...")
@click.option("--hep-id", type=click.IntRange(0, 2**32 - 1), metavar="N", help="Our number there; 2001 if not said.")
@click.option("--html", type=FILE, metavar="FILE", help="Write a page about the run: calls, ladders, why.")
@click.option("--junit", type=FILE, metavar="FILE", help="Write what was expected as test results, for CI systems.")
@click.option("--json", "json_file", type=FILE, metavar="FILE", help="Write the JSON events to a file as well.")
@click.option(
    "--records",
    type=STORAGE,
    help="Keep each call as a row there: calls.db (SQLite), calls.jsonl, or postgresql://HOST/NAME.",
)
@where_calls_go
@click.option(
    "--control",
    type=HTTP_ADDRESS,
    help="Serve the control API over HTTP there, such as 127.0.0.1:8080; port 0 for any free one. "
    "Beyond loopback it needs a token, in SIMCARRIER_CONTROL_TOKEN or a file.",
)
@click.option(
    "--web",
    type=HTTP_ADDRESS,
    help="Serve the dashboard there, such as 127.0.0.1:8080, and the control API beside it. "
    "Beyond loopback it needs the token, too.",
)
@click.option("--control-token", type=FILE, metavar="FILE", help="The file that holds the token for both.")
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
    conduct: int | None,
    pcap: Path | None,
    pcap_limit: int | None,
    hep: Collector | None,
    hep_id: int | None,
    html: Path | None,
    junit: Path | None,
    json_file: Path | None,
    records: StoreAddress | None,
    prefixes: Path | None,
    range_holders: bool,
    control: WebAddress | None,
    web: WebAddress | None,
    control_token: Path | None,
) -> None:
    """Run the carrier that SCENARIO describes."""
    from simcarrier.attachment import CannotAttach
    from simcarrier.cli.artefacts import Artefacts
    from simcarrier.cli.session import CANNOT_BEGIN, Options, run_carrier
    from simcarrier.scenario.load import ScenarioError, load

    artefacts = Artefacts(pcap, pcap_limit, hep, hep_id, html, json_file, junit)
    artefacts.check(scenario)
    where = destinations_of(prefixes, range_holders, kept=records is not None)
    try:
        loaded = load(scenario, dict(settings))
    except ScenarioError as error:
        for fault in error.faults:
            click.echo(str(fault), err=True)
        sys.exit(2)
    try:
        ports = web_port(control, web, control_token, records)
        attachments = (*artefacts.attachments(), *recording(records, where), *ports)
    except CannotAttach as error:
        click.echo(f"simcarrier: {error}", err=True)
        sys.exit(CANNOT_BEGIN)
    options = Options(listen, duration, calls, command, seed, form, quiet, attachments, conduct)
    sys.exit(run_carrier(loaded, options))
