"""Waiting: the next step comes later, after a fixed time or one drawn from a range."""

from __future__ import annotations

from collections.abc import Iterator

from simcarrier.carrier.call import Call
from simcarrier.scenario import steps
from simcarrier.scenario.units import Span


class Wait:
    """Lets time pass."""

    __slots__ = ("_span",)

    def __init__(self, span: Span) -> None:
        self._span = span

    def perform(self, call: Call, now: float) -> float:
        """Say how long."""
        return self._span.sample(call.owner.rng)


def rungs(step: steps.Wait) -> Iterator[Wait]:
    """One rung."""
    yield Wait(step.span)
