"""Which call is next: pace, concurrency, order, repetition, the guard's leave. Sans-IO: `now` comes in.

The campaign knows nothing of the wire: it hands out calls that may be made now, and says when to ask again. What the
guard refuses for good is a result like any other; what it refuses for a moment waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .guard import PASSING, Guard, Permit, Refusal
from .plan import CallModel, Expected, Plan
from .target import Target

WAIT = 0.25
"""Seconds after which a call that the guard refused for a moment is asked for again."""


BEHIND = 0.1
"""Seconds, or ten calls if that is more, that a campaign which was held up makes good."""

SOON = 1e-6
"""Seconds for which nobody waits: clocks and sums of fractions do not agree to the last digit."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call that the plan asks for.

    Attributes:
        number: its number within the run, from 1.
        trunk: the trunk's name.
        caller, called: the numbers.
        expect: what is expected; None for nothing.
        talk: seconds to talk.
        headers: header fields to add.
    """

    number: int
    trunk: str
    caller: str
    called: str
    expect: Expected | None
    talk: float
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Go:
    """A call that may be made now."""

    wanted: Wanted
    permit: Permit
    concurrent: int


@dataclass(frozen=True, slots=True)
class Stop:
    """A call that is not made."""

    wanted: Wanted
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing may be done before ``when``; None: not before a call has ended."""

    when: float | None


def wanted_calls(plan: Plan, before: int = 0) -> Iterator[Wanted]:
    """Every call of a round, in order; ``before`` are the calls of the rounds before it."""
    usual = next(iter(plan.trunks))
    number = before
    for model in _repeated(plan):
        trunk = model.trunk or usual
        of_trunk = plan.trunks[trunk]
        headers = {**of_trunk.headers, **model.headers}
        for called in model.to:
            number += 1
            yield Wanted(
                number,
                trunk,
                model.from_ or of_trunk.caller or "",
                called,
                model.expect,
                plan.talk if model.talk is None else model.talk,
                tuple(headers.items()),
            )
            if plan.load is not None and number - before >= plan.load.calls:
                return


def _repeated(plan: Plan) -> Iterator[CallModel]:
    if plan.load is not None:
        while True:
            yield from plan.calls
    for model in plan.calls:
        for _ in range(model.repeat):
            yield model


class Campaign:
    """One round of a plan.

    Args:
        plan: as loaded.
        guard: gives leave.
        targets: the addresses of each trunk.
        now: seconds on the clock that all later calls use.
        wall: the same moment in seconds since 1970.
        before: how many calls the rounds before it had.
    """

    def __init__(
        self,
        plan: Plan,
        guard: Guard,
        targets: Mapping[str, Sequence[Target]],
        now: float,
        wall: float,
        before: int = 0,
    ) -> None:
        self._waiting = deque(wanted_calls(plan, before))
        self._guard = guard
        self._targets = targets
        self._wall_offset = wall - now
        self._next_at = now
        self._gap = 1.0 / (plan.load.calls_per_second if plan.load is not None else plan.calls_per_second)
        self._room = plan.load.concurrent if plan.load is not None else plan.concurrent
        self.up: dict[str, int] = dict.fromkeys(plan.trunks, 0)
        self.total = len(self._waiting)

    @property
    def done(self) -> bool:
        """Whether every call was made or refused, and has ended."""
        return not self._waiting and not any(self.up.values())

    def next(self, now: float) -> Go | Stop | Later:
        """What to do now; to be asked again until it says `Later`.

        Args:
            now: seconds.
        """
        if not self._waiting:
            return Later(None)
        if sum(self.up.values()) >= self._room:
            return Later(None)
        if now < self._next_at - SOON:
            return Later(self._next_at)
        wanted = self._waiting[0]
        targets = self._targets.get(wanted.trunk, ())
        leave = self._guard.examine(wanted.caller, wanted.called, targets, now + self._wall_offset, wanted.talk)
        if isinstance(leave, Refusal):
            if leave.rule in PASSING:
                return Later(now + WAIT)
            self._waiting.popleft()
            return Stop(wanted, leave)
        self._waiting.popleft()
        # The gap counts from when the call was due, so that a late look at the clock does not slow the whole run down.
        self._next_at = max(self._next_at + self._gap, now - max(10 * self._gap, BEHIND))
        self.up[wanted.trunk] += 1
        return Go(wanted, leave, self.up[wanted.trunk])

    def over(self, trunk: str) -> None:
        """A call has ended."""
        self.up[trunk] -= 1
        self._guard.over(self._targets.get(trunk, ()))

    def abandon(self) -> list[Wanted]:
        """Make no more calls; gives those that were not made."""
        left = list(self._waiting)
        self._waiting.clear()
        return left
