"""``simcarrier dashboard``: pages over stored records."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .control import HTTP_ADDRESS, PACKAGES
from .storing import STORAGE

if TYPE_CHECKING:
    from simcarrier.stores.address import StoreAddress
    from simcarrier.web.access import WebAddress

CANNOT_BEGIN = 3

EPILOG = "Exit status: 0 fine, 2 wrong usage, 3 it cannot begin: no records there, a port that is taken, no package."


@click.command(epilog=EPILOG)
@click.option("--records", type=STORAGE, required=True, help="The calls: calls.db (SQLite), or postgresql://HOST/NAME.")
@click.option(
    "--web",
    type=HTTP_ADDRESS,
    default="127.0.0.1:8080",
    show_default=True,
    help="Where to serve it; port 0 for any free one. "
    "Beyond loopback it needs a token, in SIMCARRIER_CONTROL_TOKEN or a file.",
)
@click.option(
    "--control-token",
    "token_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The file that holds the token.",
)
def dashboard(records: StoreAddress, web: WebAddress, token_file: Path | None) -> None:
    """Show stored calls in the browser: what the response codes say over time, and the calls behind it."""
    import asyncio

    from simcarrier.extras import MissingExtra, needed
    from simcarrier.stores.store import StoreDown, StoreFault
    from simcarrier.web.access import NoToken, read_token

    if records.path is not None and not records.path.is_file():
        click.echo(f"simcarrier: there are no records in {records}", err=True)
        sys.exit(2)
    try:
        token = read_token(os.environ, token_file)
        with needed("web", dict.fromkeys(PACKAGES, "the dashboard needs")):
            asyncio.run(_serve(web, token, records))
    except (MissingExtra, NoToken, StoreDown, StoreFault) as error:
        click.echo(f"simcarrier: {error}", err=True)
        sys.exit(CANNOT_BEGIN)
    except OSError as error:
        taken = ": the port is taken, choose another, or 0 for any" if error.errno == errno.EADDRINUSE else ""
        click.echo(f"simcarrier: the dashboard cannot listen on {web}{taken or f': {error.strerror}'}", err=True)
        sys.exit(CANNOT_BEGIN)


async def _serve(address: WebAddress, token: str | None, records: StoreAddress) -> None:
    import asyncio
    import signal

    from simcarrier.dashboard.alone import serve

    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    await serve(address, token, records, lambda url: click.echo(f"dashboard of {records} at {url}"), over)
