"""What follows from a row and from those before it: where its number leads, and which attempt at the number it was.

Who makes a row of a call does not know that. It is filled in on the way to the store, so it costs no call anything.
"""

from __future__ import annotations

from typing import Final

from simcarrier.deliverability.destinations import Destinations
from simcarrier.records.row import NAMES, Row, values_of

MOST_NUMBERS: Final = 500_000
"""Numbers whose attempts are counted; some 60 MB. Of further ones nobody knows which attempt it is."""

_ATTEMPT, _MARKET, _CARRIER = map(NAMES.index, ("attempt", "market", "terminating_carrier"))


class Completing:
    """Fills in the rows of one run, in the order in which its calls ended; what is known already stays.

    Args:
        destinations: tells where numbers lead.
        most_numbers: so many numbers are counted.
    """

    def __init__(self, destinations: Destinations, most_numbers: int = MOST_NUMBERS) -> None:
        self._of = destinations.of
        self._of("+12125550100")  # what that needs is read now, and not while calls go on
        self._most = most_numbers
        self._attempts: dict[str, int] = {}

    def __call__(self, row: Row) -> Row:
        """The row with market, terminating carrier and attempt."""
        values = list(values_of(row))
        called = row.called
        if called and row.attempt is None:
            values[_ATTEMPT] = self._count(called)
        if row.market is None or row.terminating_carrier is None:
            market, carrier = self._of(called)
            values[_MARKET] = row.market or market
            values[_CARRIER] = row.terminating_carrier or carrier
        return Row._make(values)

    def _count(self, called: str) -> int | None:
        attempts = self._attempts
        before = attempts.get(called)
        if before is None:
            if len(attempts) >= self._most:
                return None
            before = 0
        attempts[called] = before + 1
        return before + 1
