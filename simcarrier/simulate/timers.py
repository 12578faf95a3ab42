"""The timer queue for a clock that jumps: one deadline at a time, in one heap.

`TimerQueue` is made for a clock that comes by from time to time and finds several deadlines due; it keeps a lane for
each of the protocol's delays, and looks at all of them. Here the clock goes on from deadline to deadline, so a heap
alone is quicker, and items due at the same moment are told in the order in which they were armed.
"""

from __future__ import annotations

import heapq

from simcarrier.sip.timers import Timed, TimerQueue


class VirtualTimers(TimerQueue):
    """All deadlines of a simulation, earliest first."""

    __slots__ = ()

    def after(self, delay: float, now: float, item: Timed) -> None:
        """Arm an item with a delay."""
        self.at(now + delay, item)

    def meet(self, before: float) -> float | None:
        """Tell the item whose deadline is the earliest, if it lies before a moment.

        Args:
            before: seconds.

        Returns:
            When that was; None if no deadline lies before that moment.
        """
        heap = self._heap
        while heap:
            when, _, item = heap[0]
            if item.deadline != when:
                heapq.heappop(heap)  # it was disarmed, or armed anew
            elif when >= before:
                return None
            else:
                heapq.heappop(heap)
                item.deadline = None
                item.timer_fired(when)
                return when
        return None
