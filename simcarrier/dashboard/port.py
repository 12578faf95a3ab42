"""``--web``: the pages of a run, served beside its control API, in the carrier's loop."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.routing import BaseRoute

from simcarrier.attachment import Findings
from simcarrier.service import CarrierService
from simcarrier.stores.address import StoreAddress
from simcarrier.web.access import WebAddress
from simcarrier.web.api import Api
from simcarrier.web.control import Control

from .book import BESIDE_CALLS, Book
from .running import Running
from .site import Site
from .sources import Sources


class Dashboard(Control):
    """Serves the pages, and the API.

    Args:
        address, token: as for `Control`.
        records: where the run keeps its calls, if it does.

    Attributes:
        site: the pages; None before it is started.

    Raises:
        simcarrier.web.access.NoToken: the address needs one.
    """

    what = "the dashboard"

    def __init__(self, address: WebAddress, token: str | None = None, records: StoreAddress | None = None) -> None:
        super().__init__(address, token, browsers=True)
        self._book = None if records is None else Book(records, BESIDE_CALLS)
        self.site: Site | None = None

    async def attach(self, carrier: CarrierService) -> None:
        """Take the address."""
        await super().attach(carrier)
        carrier.dashboard = self.url

    def pages(self, carrier: CarrierService, api: Api) -> Iterable[BaseRoute]:
        """The pages."""
        self.site = Site(Sources(Running(carrier, api), self._book))
        return self.site.routes(self._access)

    async def finished(self, carrier: CarrierService, findings: Findings) -> None:
        """Tell the pages that it is over, and close."""
        site = self.site
        if site is not None:
            await site.pulse.close()
            if site.sources.running is not None:
                site.sources.running.close()
        await super().finished(carrier, findings)
        if self._book is not None:
            await self._book.close()
