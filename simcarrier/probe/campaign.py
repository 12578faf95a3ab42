"""Which call is next: pace, concurrency, order, repetition, the guard's leave. Sans-IO: `now` comes in.

The campaign knows nothing of the wire: it hands out calls that may be made now, and says when to ask again. What the
guard refuses for good is a result like any other; what it refuses for a moment waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .guard import PASSING, Guard, Permit, Refusal
from .plan import CallModel, Expected, Plan
from .target import Target

WAIT = 0.25
"""Seconds after which a call that the guard refused for a moment, or that there was no room for, is asked for again."""

BEHIND = 0.1
"""Seconds, or ten calls if that is more, that a campaign which was held up makes good."""

SOON = 1e-6
"""Seconds for which nobody waits: clocks and sums of fractions do not agree to the last digit."""


class LoadElsewhere(PermissionError):
    """A load is for simulated trunks, on this machine."""


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
class GoAsk:
    """A request to the trunk itself (OPTIONS, REGISTER) that may be sent now."""

    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Stop:
    """A call that is not made."""

    wanted: Wanted
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing may be done before ``when``; None: not before a call has ended."""

    when: float | None


@dataclass(frozen=True, slots=True)
class _Asked:
    """A follow-up that waits for its turn.

    Attributes:
        wanted: the call.
        when: not before, seconds.
        alone: not while any other call is up.
        calls: it is a call, and no request to the trunk itself.
    """

    wanted: Wanted
    when: float
    alone: bool
    calls: bool


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
        room: whether whoever places the calls can place one more; None: always.

    Attributes:
        up: calls up, by trunk.
        held: the calls of the plan wait, for one that has failed is asked about; only follow-ups are made.
    """

    def __init__(
        self,
        plan: Plan,
        guard: Guard,
        targets: Mapping[str, Sequence[Target]],
        now: float,
        wall: float,
        before: int = 0,
        room: Callable[[], bool] | None = None,
    ) -> None:
        self._waiting = deque(wanted_calls(plan, before))
        self._guard = guard
        self._targets = targets
        self._wall_offset = wall - now
        self._next_at = now
        self._gap = 1.0 / (plan.load.calls_per_second if plan.load is not None else plan.calls_per_second)
        self._room = plan.load.concurrent if plan.load is not None else plan.concurrent
        self._placeable = room
        self.up: dict[str, int] = dict.fromkeys(plan.trunks, 0)
        self.total = len(self._waiting)
        self.held = False
        self._asked: _Asked | None = None

    @property
    def done(self) -> bool:
        """Whether every call was made or refused, and has ended, and none is asked about any more."""
        return not self._waiting and not self.held and not any(self.up.values())

    @property
    def asking(self) -> bool:
        """Whether a follow-up waits for its turn."""
        return self._asked is not None

    def ask(self, wanted: Wanted, when: float, *, alone: bool = False, calls: bool = True) -> None:
        """Have a follow-up made before all other calls; to be asked for one at a time, while the campaign is held.

        Args:
            wanted: the call.
            when: not before, seconds.
            alone: not while any other call is up.
            calls: False for a request to the trunk itself, which rings nowhere.
        """
        self._asked = _Asked(wanted, when, alone, calls)

    def next(self, now: float) -> Go | GoAsk | Stop | Later:
        """What to do now; to be asked again until it says `Later`.

        Args:
            now: seconds.
        """
        asked = self._asked
        if asked is None and (self.held or not self._waiting):
            return Later(None)
        up = sum(self.up.values())
        if up >= self._room or (asked is not None and asked.alone and up):
            return Later(None)
        due = self._next_at if asked is None else max(self._next_at, asked.when)
        if now < due - SOON:
            return Later(due)
        if self._placeable is not None and not self._placeable():
            return Later(now + WAIT)
        wanted = self._waiting[0] if asked is None else asked.wanted
        leave = self._leave(wanted, now + self._wall_offset, calls=asked is None or asked.calls)
        if isinstance(leave, Refusal) and leave.rule in PASSING:
            return Later(now + WAIT)
        if asked is None:
            self._waiting.popleft()
        self._asked = None
        if isinstance(leave, Refusal):
            return Stop(wanted, leave)
        # The gap counts from when the call was due, so that a late look at the clock does not slow the whole run down.
        self._next_at = max(self._next_at + self._gap, now - max(10 * self._gap, BEHIND))
        if leave is None:
            return GoAsk(wanted)
        self.up[wanted.trunk] += 1
        return Go(wanted, leave, self.up[wanted.trunk])

    def _leave(self, wanted: Wanted, wall: float, *, calls: bool) -> Permit | Refusal | None:
        """The guard's word; None if a request to the trunk may be sent."""
        targets = self._targets.get(wanted.trunk, ())
        if calls:
            return self._guard.examine(wanted.caller, wanted.called, targets, wall, wanted.talk)
        return self._guard.examine_request(targets, wall)

    def over(self, trunk: str) -> None:
        """A call has ended."""
        self.up[trunk] -= 1
        self._guard.over(self._targets.get(trunk, ()))

    def abandon(self) -> list[Wanted]:
        """Make no more calls; gives those that were not made."""
        left = list(self._waiting)
        self._waiting.clear()
        self._asked = None
        return left
