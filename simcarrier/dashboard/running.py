"""A carrier that runs, as the pages see it."""

from __future__ import annotations

import asyncio

from simcarrier.service import CarrierService
from simcarrier.web.api import Api

from .now.meter import Meter
from .recent import RecentMessages


class Running:
    """A carrier, and what is noted of it for the pages: for hundreds of calls at a time, so that each costs little.

    Args:
        carrier: started.
        api: what acts on it.

    Attributes:
        carrier, api: these.
        messages: those that came and went last.
        now: tells the seconds on the carrier's clock.
    """

    def __init__(self, carrier: CarrierService, api: Api) -> None:
        self.carrier = carrier
        self.api = api
        self.now = asyncio.get_running_loop().time
        self.messages = RecentMessages()
        self._meter = Meter(self.wall)
        carrier.keep(self.messages)
        api.seen.counters.append(self._meter.observe)
        api.seen.forgetters.append(self._meter.forget)

    @property
    def meter(self) -> Meter:
        """Its calls over the last minutes, since the last reset."""
        self.api.seen.settle()
        return self._meter

    def wall(self) -> float:
        """Seconds since 1970 UTC, as the records have them."""
        return self.carrier.wall(self.now())

    def since_start(self) -> float:
        """Seconds for which the carrier has been there."""
        return self.wall() - self.carrier.switch.carrier.business.world.wall

    def close(self) -> None:
        """Look no further."""
        self.carrier.keep(None)
