"""Timers A to M as values, and the queue that keeps them (RFC 3261 appendix A, RFC 6026 section 8).

Times are seconds. `Timers` belongs to one endpoint: a test may halve T1 for one carrier without touching another.

SIP has few different delays: T1, its doublings, T2, T4, 64 T1. Items armed with one delay fall due in the order in
which they were armed, so each delay gets a lane, a plain deque that stays sorted by itself; arming is an append. A
delay that is not one of the few (the steps of a carrier's ladder) goes to a heap. An item has one deadline at a
time: arming it anew, or disarming it, just leaves the old entry to be skipped.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

MAX_LANES = 24
"""More different delays than a SIP endpoint has; a further one is kept in the heap, so lanes can't grow without end."""


@dataclass(frozen=True, slots=True)
class Timers:
    """The base values and what the RFC derives from them, in seconds.

    Attributes:
        t1: round-trip estimate.
        t2: the longest interval between repetitions of a non-INVITE request or a response.
        t4: how long a message can stay in the network.
        d: wait for repeated responses to INVITE on an unreliable transport, at least 32 s.
        t64: 64 T1, the length of Timers B, F, H, J, L and M.
        trying_after: a server sends 100 if nothing else went out by then (section 17.2.1).
    """

    t1: float = 0.5
    t2: float = 4.0
    t4: float = 5.0
    d: float = 32.0
    trying_after: float = 0.2
    t64: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "t64", 64 * self.t1)

    def a(self, fired: int) -> float:
        """Timer A after it has fired that often: doubles without a cap (section 17.1.1.2)."""
        return self.t1 * float(2**fired)

    def e(self, fired: int) -> float:
        """Timer E, and G, after it has fired that often: doubles up to T2 (sections 17.1.2.2 and 17.2.1)."""
        return min(self.t1 * float(2 ** min(fired, 16)), self.t2)

    g = e

    def d_for(self, reliable: bool) -> float:
        """Timer D: zero on a reliable transport."""
        return 0.0 if reliable else self.d

    def i_for(self, reliable: bool) -> float:
        """Timers I and K: T4, or zero on a reliable transport."""
        return 0.0 if reliable else self.t4

    k_for = i_for

    def j_for(self, reliable: bool) -> float:
        """Timer J: 64 T1, or zero on a reliable transport."""
        return 0.0 if reliable else self.t64


class Timed(Protocol):
    """What can be armed: it holds its own deadline and is told when that has come."""

    deadline: float | None

    def timer_fired(self, now: float) -> None:
        """The deadline has come; it has been cleared before this call."""


class TimerQueue:
    """All deadlines of one endpoint, earliest first."""

    __slots__ = ("_heap", "_lanes", "_serial")

    def __init__(self) -> None:
        self._lanes: dict[float, deque[tuple[float, Timed]]] = {}
        self._heap: list[tuple[float, int, Timed]] = []
        self._serial = 0

    def after(self, delay: float, now: float, item: Timed) -> None:
        """Arm an item with one of the protocol's few delays; ``now`` must not run backwards."""
        item.deadline = when = now + delay
        lane = self._lanes.get(delay)
        if lane is None:
            if len(self._lanes) >= MAX_LANES:
                self.at(when, item)
                return
            lane = self._lanes[delay] = deque()
        lane.append((when, item))

    def at(self, when: float, item: Timed) -> None:
        """Arm an item for any moment."""
        item.deadline = when
        self._serial += 1
        heapq.heappush(self._heap, (when, self._serial, item))

    @staticmethod
    def disarm(item: Timed) -> None:
        """Take an item's deadline away."""
        item.deadline = None

    def next(self) -> float | None:
        """The earliest deadline still armed, or None."""
        earliest: float | None = None
        for lane in self._lanes.values():
            while lane:
                when, item = lane[0]
                if item.deadline == when:
                    if earliest is None or when < earliest:
                        earliest = when
                    break
                lane.popleft()
        heap = self._heap
        while heap:
            when, _, item = heap[0]
            if item.deadline == when:
                if earliest is None or when < earliest:
                    earliest = when
                break
            heapq.heappop(heap)
        return earliest

    def fire(self, now: float) -> int:
        """Tell every item whose deadline has come, the earliest first; return how many were told.

        An item armed anew for a moment not after ``now`` while it is told fires again within this call.
        """
        fired = 0
        while True:
            due = self._due(now)
            if not due:
                return fired
            for when, item in due:
                # An earlier one may have disarmed it or armed it anew.
                if item.deadline == when:
                    item.deadline = None
                    item.timer_fired(now)
                    fired += 1

    def _due(self, now: float) -> list[tuple[float, Timed]]:
        due: list[tuple[float, Timed]] = []
        sources = 0
        for lane in self._lanes.values():
            before = len(due)
            while lane and lane[0][0] <= now:
                entry = lane.popleft()
                if entry[1].deadline == entry[0]:
                    due.append(entry)
            sources += len(due) > before
        heap = self._heap
        while heap and heap[0][0] <= now:
            when, _, item = heapq.heappop(heap)
            if item.deadline == when:
                due.append((when, item))
                sources = 2
        if sources > 1:
            due.sort(key=_when)
        return due

    def __len__(self) -> int:
        """Entries kept, those to be skipped included."""
        return sum(map(len, self._lanes.values())) + len(self._heap)


def _when(entry: tuple[float, Timed]) -> float:
    return entry[0]
