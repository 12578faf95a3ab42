"""Duplicate: the last response is sent again, as a network does that delivers twice."""

from __future__ import annotations

from collections.abc import Iterator

from simcarrier.carrier.call import Call
from simcarrier.scenario import steps


class Duplicate:
    """Sends the last response again."""

    __slots__ = ("_times",)

    def __init__(self, times: int) -> None:
        self._times = times

    def perform(self, call: Call, now: float) -> float:
        """Send it that many times."""
        for _ in range(self._times):
            call.session.repeat_last(now)
        return 0.0


def rungs(step: steps.Duplicate) -> Iterator[Duplicate]:
    """One rung."""
    yield Duplicate(step.times)
