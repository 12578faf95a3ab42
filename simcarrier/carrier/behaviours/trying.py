"""100 Trying: the call was taken, and that is all that is known (RFC 3261 section 21.1.1)."""

from __future__ import annotations

from collections.abc import Iterator

from simcarrier.carrier.call import Call
from simcarrier.scenario import steps

from .lines import HeaderLines


class Trying:
    """Sends 100."""

    __slots__ = ("_lines",)

    def __init__(self, lines: HeaderLines) -> None:
        self._lines = lines

    def perform(self, call: Call, now: float) -> float:
        """Send it."""
        call.provisional.append(100)
        if call.trying_at is None:
            call.trying_at = now
        call.session.trying(now, self._lines.text(call))
        return 0.0


def rungs(step: steps.Trying) -> Iterator[Trying]:
    """One rung."""
    yield Trying(HeaderLines(step.headers))
