"""How many calls ended with which code, over the last minutes.

Time is cut into steps. Calls are told some at a time and a while after they have ended, so each is counted in the step
that its record names; steps that are too old go when a new one begins.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

from simcarrier.records.model import CallRecord

STEP: Final = 5.0
"""Seconds."""

STEPS: Final = 120
"""So many are kept: ten minutes."""


class Step(NamedTuple):
    """A stretch of `STEP` seconds.

    Attributes:
        number: its begin, in steps since 1970 UTC.
        codes: how often each final code was sent; None for calls without one.
    """

    number: int
    codes: Counter[int | None]


_code: Callable[[CallRecord], int | None] = attrgetter("code")


def _number(record: CallRecord) -> int:
    """The step in which a call has ended."""
    return int((record.started + (record.ended_after or 0.0)) // STEP)


class Meter:
    """Counts calls.

    Args:
        clock: seconds since 1970 UTC, as the records have them.

    Attributes:
        began: when it began to count.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.began = clock()
        self._steps: deque[Step] = deque(maxlen=STEPS)

    def observe(self, records: Sequence[CallRecord]) -> None:
        """Calls have ended, in this order."""
        if not records:
            return
        if _number(records[0]) == _number(records[-1]):
            self._add(_number(records[0]), records)  # nearly always: no look at each
            return
        for number, some in groupby(records, _number):
            self._add(number, some)

    def _add(self, number: int, records: Iterable[CallRecord]) -> None:
        steps = self._steps
        if not steps or steps[-1].number < number:
            steps.append(Step(number, Counter()))
        steps[-1].codes.update(map(_code, records))

    def forget(self) -> None:
        """Begin anew."""
        self._steps.clear()
        self.began = self._clock()

    @property
    def last(self) -> int:
        """The number of the step that is not over yet."""
        return int(self._clock() // STEP)

    def steps(self) -> list[Step]:
        """Those of the last `STEPS` in which calls have ended, oldest first."""
        last = self.last
        return [step for step in self._steps if last - STEPS < step.number <= last]

    def per_second(self) -> float:
        """Calls a second that have ended, over the last whole step and what there is of this one."""
        now = self._clock()
        since = (int(now // STEP) - 1) * STEP
        calls = sum(step.codes.total() for step in self._steps if step.number * STEP >= since)
        return calls / max(now - max(since, self.began), 1.0)
