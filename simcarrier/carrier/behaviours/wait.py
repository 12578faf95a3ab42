"""Waiting: the next step comes later, after a fixed time or one drawn from a range."""

from __future__ import annotations

from collections.abc import Iterator

from simcarrier.carrier.call import Call, Rung
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


class WaitWhileRinging:
    """Lets as much time pass as this call is to ring."""

    __slots__ = ("_usually",)

    def __init__(self, usually: Span) -> None:
        self._usually = usually

    def perform(self, call: Call, now: float) -> float:
        """Say how long."""
        return (call.decision.course.ring or self._usually).sample(call.owner.rng)


def rungs(step: steps.Wait) -> Iterator[Rung]:
    """One rung."""
    yield WaitWhileRinging(step.usually) if step.span == "ring" else Wait(step.span)
