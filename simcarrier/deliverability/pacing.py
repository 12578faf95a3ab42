"""Pacing: before each attempt, whether a number may call, how fast, and why.

    pacer = Pacer(load_policy())
    pace = pacer.choose(["+4930555001", "+4930555002"], now)
    if pace.allowed:
        pacer.placed(pace.caller, now)
        ...
        pacer.ended(pace.caller, 603, later)
    else:
        ...  # not before pace.next_call; pace.why says why

A number is in one of four states:

    free        calls_per_hour
    slowed      a part of it, while more than 15 % of its latest calls are declined
    resting     none, after more than 5 % over 4 hours were declined
    recovering  step by step more, after a rest

    free -> slowed -> free            its latest calls are better again
    free, slowed -> resting           the share over the long window
    resting -> recovering             the time of the rest is over
    recovering -> free                all steps went well
    recovering -> resting, longer     declined again

What was before a rest is not held against the number after it. The same calls at the same times give the same answers;
there is no chance in it, and no clock: all times are whole milliseconds, such as since 1970.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final

from . import statements
from .policy import Policy, in_milliseconds
from .queries import HOUR, Queries
from .rules import exactly

PART: Final = 60
"""A window is counted in so many parts; a call leaves it with its part, up to a sixtieth of the window late."""

MOST_CALLERS: Final = 100_000
"""Caller IDs that are remembered, some 2 kB each; the one idle longest is forgotten first, and is free again."""


class State(StrEnum):
    """What a number may do."""

    FREE = "free"
    SLOWED = "slowed"
    RESTING = "resting"
    RECOVERING = "recovering"


@dataclass(frozen=True, slots=True)
class Pace:
    """What a number may do now; times in ms.

    Attributes:
        caller: the number.
        state: see `State`.
        calls_per_hour: its rate; 0 while it rests.
        next_call: when it may call next; the time of the question, or before, if it may now.
        allowed: whether it may call now.
        until: when the state ends if all goes well; None for a free number.
        attempts, declined: its calls in the window of `why`.
        why: the reason, in words.
    """

    caller: str
    state: State
    calls_per_hour: float
    next_call: int
    allowed: bool
    until: int | None
    attempts: int
    declined: int
    why: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {name: getattr(self, name) for name in self.__slots__} | {"state": str(self.state)}


class _Window:
    """Calls, and declined ones, over the last while."""

    __slots__ = ("_length", "_parts", "calls", "declined")

    def __init__(self, window: int) -> None:
        self._length = max(window // PART, 1)
        self._parts: deque[list[int]] = deque()
        self.calls = self.declined = 0

    def add(self, now: int, declined: bool) -> None:
        part = now // self._length
        parts = self._parts
        if not parts or parts[-1][0] < part:
            parts.append([part, 0, 0])
        parts[-1][1] += 1
        parts[-1][2] += declined
        self.calls += 1
        self.declined += declined
        self.drop(now)

    def drop(self, now: int) -> None:
        oldest = now // self._length - PART
        parts = self._parts
        while parts and parts[0][0] <= oldest:
            _, calls, declined = parts.popleft()
            self.calls -= calls
            self.declined -= declined

    def clear(self) -> None:
        self._parts.clear()
        self.calls = self.declined = 0

    def beyond(self, share: Fraction, at_least: int) -> bool:
        return self.calls >= at_least and self.declined > share * self.calls


class _Number:
    """One caller ID."""

    __slots__ = ("last", "long", "rest", "short", "since", "state", "until", "why")

    def __init__(self, short: int, long: int) -> None:
        self.short, self.long = _Window(short), _Window(long)
        self.state = State.FREE
        self.since = 0
        self.until = 0
        self.rest = 0  # how long the last one was; 0 if all is forgiven
        self.last: int | None = None
        self.why = ""


class Pacer:
    """Says how fast each number may call.

    Args:
        policy: as in the file.
        callers: how many numbers are remembered.
    """

    def __init__(self, policy: Policy | None = None, callers: int = MOST_CALLERS) -> None:
        policy = policy or Policy()
        self._policy = policy
        self._most = callers
        self._codes = frozenset(policy.declined)
        self._numbers: OrderedDict[str, _Number] = OrderedDict()
        self._slow, self._rest = exactly(policy.slow.above), exactly(policy.rest.above)
        self._short, self._long = in_milliseconds(policy.slow.window), in_milliseconds(policy.rest.window)
        self._step = in_milliseconds(policy.recover.each)

    def ask(self, caller: str, now: int) -> Pace:
        """Whether a number may call now, how fast, and why."""
        number = self._numbers.get(caller)
        if number is None:
            full = float(self._policy.calls_per_hour)
            return Pace(caller, State.FREE, full, now, True, None, 0, 0, "nothing is known against it")
        self._turn(number, now)
        rate = self._rate(number, now)
        if not rate:
            return self._pace(caller, number, 0.0, number.until, now)
        gap = int(HOUR / rate)
        next_call = now if number.last is None else number.last + gap
        return self._pace(caller, number, float(rate), next_call, now)

    def choose(self, callers: Iterable[str], now: int) -> Pace:
        """The number of a pool to call from: of those that may the one that has waited longest, else the next that may.

        Raises:
            ValueError: the pool is empty.
        """
        paces = [self.ask(caller, now) for caller in callers]
        if not paces:
            raise ValueError("there is no caller ID to choose from")
        return min(paces, key=self._turn_of)

    def _turn_of(self, pace: Pace) -> tuple[bool, int]:
        """The lower, the sooner; what is equal goes by the order of the pool."""
        number = self._numbers.get(pace.caller)
        last = -1 if number is None or number.last is None else number.last
        return not pace.allowed, last if pace.allowed else pace.next_call

    def placed(self, caller: str, now: int) -> None:
        """A call goes out."""
        number = self._number(caller)
        number.last = now if number.last is None else max(number.last, now)

    def ended(self, caller: str, code: int | None, now: int) -> None:
        """The fate of a call is known.

        Args:
            caller: the number that it was made from.
            code: its final response; None if there was none.
            now: not earlier than what was told before.
        """
        number = self._number(caller)
        self._turn(number, now)
        declined = code in self._codes
        if number.state is State.RESTING:
            return  # a call from before the rest, which has been judged
        number.short.add(now, declined)
        number.long.add(now, declined)
        self._judge(number, now)

    def _number(self, caller: str) -> _Number:
        numbers = self._numbers
        number = numbers.get(caller)
        if number is None:
            number = numbers[caller] = _Number(self._short, self._long)
            if len(numbers) > self._most:
                numbers.popitem(last=False)
        else:
            numbers.move_to_end(caller)
        return number

    def _turn(self, number: _Number, now: int) -> None:
        """What time alone changes."""
        number.short.drop(now)
        number.long.drop(now)
        if number.state is State.RESTING and now >= number.until:
            number.state, number.since = State.RECOVERING, number.until
            number.until += self._step * len(self._policy.recover.steps)
        if number.state is State.RECOVERING and now >= number.until:
            number.state, number.since, number.rest = State.FREE, number.until, 0
            number.until = 0
        if number.state is State.SLOWED and not number.short.beyond(self._slow, self._policy.slow.at_least):
            number.state, number.since = State.FREE, now

    def _judge(self, number: _Number, now: int) -> None:
        policy = self._policy
        recovering = number.state is State.RECOVERING
        if number.long.beyond(self._rest, policy.recover.at_least if recovering else policy.rest.at_least):
            long = number.long
            length = in_milliseconds(policy.rest.for_)
            if recovering and number.rest:
                length = min(int(number.rest * policy.rest.longer), in_milliseconds(policy.rest.at_most))
            span = "since its last rest" if recovering else f"in {_brief(self._long)}"
            number.why = f"{_of(long.declined, long.calls)} calls {span} were declined, more than {_share(self._rest)}"
            number.state, number.since, number.until, number.rest = State.RESTING, now, now + length, length
            number.short.clear()
            long.clear()
        elif number.state is State.FREE and number.short.beyond(self._slow, policy.slow.at_least):
            number.state, number.since = State.SLOWED, now

    def _rate(self, number: _Number, now: int) -> Fraction:
        """Calls an hour."""
        full = Fraction(self._policy.calls_per_hour)
        if number.state is State.RESTING:
            return Fraction(0)
        if number.state is State.SLOWED:
            return full * exactly(self._policy.slow.to)
        if number.state is State.RECOVERING:
            steps = self._policy.recover.steps
            return full * exactly(steps[min((now - number.since) // self._step, len(steps) - 1)])
        return full

    def _pace(self, caller: str, number: _Number, rate: float, next_call: int, now: int) -> Pace:
        window, until = number.long, number.until or None
        counted = f"{_of(window.declined, window.calls)} calls in {_brief(self._long)} were declined"
        if number.state is State.RESTING:
            why = f"{number.why}; it rests until {_moment(number.until)}, {_brief(number.rest)} in all"
        elif number.state is State.RECOVERING:
            step = min((now - number.since) // self._step, len(self._policy.recover.steps) - 1)
            until = number.since + (step + 1) * self._step
            of = len(self._policy.recover.steps)
            why = f"it comes back after a rest, step {step + 1} of {of} until {_moment(until)}; {counted}"
        elif number.state is State.SLOWED:
            window = number.short
            said = f"{_of(window.declined, window.calls)} calls in {_brief(self._short)} were declined"
            why = f"{said}, more than {_share(self._slow)}: slowed to {_share(exactly(self._policy.slow.to))}"
        else:
            why = counted
        allowed = bool(rate) and next_call <= now
        return Pace(caller, number.state, rate, next_call, allowed, until, window.calls, window.declined, why)


def replayed(
    queries: Queries, now: int, since: int, policy: Policy, only: Sequence[str] | None = None
) -> tuple[Pacer, list[str]]:
    """The pacer that would have been told of all calls as they were made; and their caller IDs, sorted.

    Args:
        queries: the records.
        now: ms since 1970.
        since: how far back, in ms.
        policy: as in the file.
        only: these caller IDs; None for all.
    """
    pacer = Pacer(policy)
    callers: set[str] = set()
    text = statements.FATES if only is None else statements.fates_of(len(only))
    for caller, began, known, code in queries.query(text, (now - since, now, *(only or ()))) if only != [] else ():
        if not caller:
            continue
        callers.add(caller)
        pacer.placed(caller, int(began))
        if int(known) <= now:
            pacer.ended(caller, None if code is None else int(code), int(known))
    return pacer, sorted(callers)


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole}" + (f" ({100 * part / whole:.1f} %)" if whole else "")


def _share(share: Fraction) -> str:
    return f"{float(100 * share):g} %"


def _brief(length: int) -> str:
    return f"{length / HOUR:g} h" if length >= HOUR else f"{length / 60_000:g} min"


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
