"""``simcarrier dashboard``: the pages over stored records, without a carrier."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.applications import Starlette

from simcarrier.net.http_server import HttpServer
from simcarrier.stores.address import StoreAddress
from simcarrier.stores.store import Store
from simcarrier.web.access import Access, WebAddress
from simcarrier.web.control import IDLE, MOST_CONNECTIONS
from simcarrier.web.guarded import Guarded

from .book import Book
from .site import Site
from .sources import Sources


async def serve(
    address: WebAddress, token: str | None, records: StoreAddress, ready: Callable[[str], None], over: asyncio.Event
) -> None:
    """Serve until it is over.

    Args:
        address: where to listen.
        token: what every request must bring; None for nothing.
        records: where the calls are.
        ready: told the URL once pages can be had there.
        over: set when it is to end.

    Raises:
        simcarrier.web.access.NoToken: the address needs a token.
        simcarrier.stores.store.StoreDown, simcarrier.stores.store.StoreFault: there are no records.
        simcarrier.extras.MissingExtra: a package is missing.
        OSError: the address cannot be had.
    """
    access = Access(address, token, browsers=True)
    book = Book(records)
    server = HttpServer(connections=MOST_CONNECTIONS, idle=IDLE)
    try:
        await book.ask("there", _nothing)
        server.listen(address.host, address.port)
        site = Site(Sources(book=book))
        application = Starlette(routes=site.routes(access))
        application.router.redirect_slashes = False
        await server.start(Guarded(application, access))
        ready(server.url)
        await over.wait()
        await site.pulse.close()
    finally:
        await server.close()
        await book.close()


def _nothing(store: Store) -> None:
    """Opening it has shown whether it can be read."""
