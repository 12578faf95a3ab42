"""How `simcarrier run` looks at its callers' conduct: at the first calls, and when there is time for it.

A message costs a microsecond while calls go on. What it means, some fifty times that, waits until the carrier has been
quiet for a moment, or is over. When as many calls have come as are to be looked at, only their own messages are noted,
and when those calls are over, nothing any more.
"""

from __future__ import annotations

import asyncio

from simcarrier.conduct.conduct import Conduct
from simcarrier.conduct.report import Report
from simcarrier.records.transcript import call_id_of
from simcarrier.service import CarrierService
from simcarrier.sip.transport import Address, Channel

FIRST = 1_000
"""Calls that are looked at if nobody says how many: what a dialler does wrong it does in the first of them."""

QUIET = 0.25
"""Seconds without a message after which there is time to look at what came; and how often that is asked."""

SLICE = 16
"""Messages that are looked at without a look at the sockets in between: about a millisecond."""

FOLLOWED = 60.0
"""Seconds for which the calls are followed when all have begun; how a longer one ends is not looked at."""


class Watching:
    """Looks at a carrier's calls.

    Args:
        carrier: not started.
        calls: so many calls, the first ones; None for all.

    Attributes:
        conduct: what was found, as far as it has been looked at.
    """

    def __init__(self, carrier: CarrierService, calls: int | None = FIRST) -> None:
        self.conduct = Conduct(calls=calls)
        self._carrier = carrier
        self._most = calls
        self._ids: set[str] = set()
        self._all_begun: float | None = None
        self._heard = 0.0
        self._let_go: float | None = None
        self._looking: asyncio.TimerHandle | None = None
        carrier.watch(self._observe)

    def finish(self) -> Report:
        """The carrier has stopped: look at the rest, and tell what was found."""
        if self._looking is not None:
            self._looking.cancel()
        now = asyncio.get_running_loop().time()
        self.conduct.finish(now if self._let_go is None else self._let_go)
        more = self._most is not None and self._carrier.journal.calls > self._most
        return Report.of(self.conduct.breaches, self.conduct.counts, self.conduct.calls if more else None)

    def _observe(self, way: str, data: bytes, channel: Channel, peer: Address, now: float) -> None:
        if self._most is not None:
            if self._all_begun is not None:
                if call_id_of(data) not in self._ids:
                    return
            elif way == "in" and data.startswith(b"INVITE "):
                self._ids.add(call_id_of(data))
                if len(self._ids) >= self._most:
                    self._all_begun = now
        self._heard = now
        self.conduct.observe(way, data, channel, peer, now)
        if self._looking is None:
            self._looking = asyncio.get_running_loop().call_later(QUIET, self._look)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._looking = None
        left = 1
        if now - self._heard >= QUIET:
            left = self.conduct.work(SLICE)
        if self._all_begun is not None and self._let_go is None and self._over(now):
            self._let_go = now
            self._carrier.unwatch(self._observe)
        if left or (self._all_begun is not None and self._let_go is None):
            self._looking = loop.call_later(0.001 if now - self._heard >= QUIET and left else QUIET, self._look)

    def _over(self, now: float) -> bool:
        """The calls are over, or have been followed for long enough."""
        if self._all_begun is None:
            return False
        up = self._carrier.switch.calls.values()
        return now - self._all_begun > FOLLOWED or not any(call.invite.call_id in self._ids for call in up)
