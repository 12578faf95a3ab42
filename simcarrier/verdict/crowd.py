"""How many at once: of intervals that come in any order, the most that overlap, and which were one too many.

Records come as calls end, so a call that began early may be told late. Intervals are therefore collected and looked at
together: all of them at the end, and in a long run whenever so many have come that memory asks for it. A call much
longer than the time that many calls take is then missing from the crowd before; that can only make the figure smaller.
"""

from __future__ import annotations

from typing import NamedTuple

from .evidence import ROUNDING, Seen

MOST = 20_000
"""Intervals collected at a time, some megabytes."""

KEPT = 8
"""Calls remembered that were one too many."""


class Interval(NamedTuple):
    """When a call was there: seconds since 1970, the end not included."""

    begin: float
    end: float
    call: Seen


class Peak(NamedTuple):
    """The most at once, when, and the first calls that came while the limit was reached."""

    most: int
    at: float
    calls: tuple[Seen, ...]


def peak(intervals: list[Interval], limit: int) -> Peak:
    """Look at some intervals."""
    # At one moment what ends goes before what begins. A call that was refused at once was there all the same.
    turns = sorted([(one.begin, one.call.number, place) for place, one in enumerate(intervals)])
    ends = sorted(one.end for one in intervals if one.end > one.begin)
    most, at, ended, there = 0, 0.0, 0, 0
    calls: list[Seen] = []
    for begin, _, place in turns:
        while ended < len(ends) and ends[ended] <= begin:
            ended += 1
            there -= 1
        there += 1
        if there > most:
            most, at = there, begin
        if there > limit and len(calls) < KEPT:
            calls.append(intervals[place].call)
        if intervals[place].end <= begin:
            there -= 1
    return Peak(most, at, tuple(calls))


class Crowd:
    """Collects intervals.

    Args:
        limit: how many there may be at once.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._intervals: list[Interval] = []
        self._so_far = Peak(0, 0.0, ())

    def add(self, begin: float, end: float, call: Seen) -> None:
        """One more."""
        self._intervals.append(Interval(begin, max(begin, end - ROUNDING), call))
        if len(self._intervals) >= MOST:
            self._so_far = self.peak()
            # Those that end last may still be there when the ones to come begin.
            self._intervals.sort(key=lambda one: one.end)
            del self._intervals[: MOST // 2]

    def peak(self) -> Peak:
        """The most so far."""
        now, before = peak(self._intervals, self.limit), self._so_far
        most, at = max((before.most, before.at), (now.most, now.at), key=lambda one: one[0])
        return Peak(most, at, tuple(dict.fromkeys(before.calls + now.calls))[:KEPT])
