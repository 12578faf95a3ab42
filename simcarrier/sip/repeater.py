"""What the transaction user itself must repeat: 2xx until ACK, reliable provisionals until PRACK.

RFC 3261 section 13.3.1.4: at T1, doubling up to T2, for 64 T1, on every transport. RFC 3262 section 3: at T1, doubling
without a cap, for 64 T1.
"""

from __future__ import annotations

from collections.abc import Callable

from .timers import TimerQueue, Timers


class Repeater:
    """Sends again and again until it is stopped or 64 T1 are over.

    Args:
        queue: the endpoint's deadlines.
        base: the timer values.
        send: sends once more.
        gave_up: told when 64 T1 have passed.
        now: when it was sent first.
        cap: the longest interval; None for no cap.
    """

    __slots__ = ("_base", "_cap", "_gave_up", "_interval", "_queue", "_send", "_until", "deadline")

    def __init__(
        self,
        queue: TimerQueue,
        base: Timers,
        send: Callable[[float], None],
        gave_up: Callable[[float], None],
        now: float,
        cap: float | None,
    ) -> None:
        self.deadline: float | None = None
        self._queue = queue
        self._base = base
        self._send = send
        self._gave_up = gave_up
        self._cap = cap
        self._interval = base.t1
        self._until = now + base.t64
        queue.after(base.t1, now, self)

    def timer_fired(self, now: float) -> None:
        """Send once more, or give up."""
        if now >= self._until:
            self._gave_up(now)
            return
        self._send(now)
        self._interval *= 2
        if self._cap is not None:
            self._interval = min(self._interval, self._cap)
        if now + self._interval < self._until:
            self._queue.after(self._interval, now, self)
        else:
            self._queue.at(self._until, self)

    def stop(self) -> None:
        """What it repeats has arrived. The queue keeps its entry for a while, but not what hangs on it."""
        self.deadline = None
        self._send = self._gave_up = _nothing


class Alarm:
    """One call at one moment: a deadline with a function."""

    __slots__ = ("_ring", "deadline")

    def __init__(self, queue: TimerQueue, when: float, ring: Callable[[float], None]) -> None:
        self.deadline: float | None = None
        self._ring = ring
        queue.at(when, self)

    def timer_fired(self, now: float) -> None:
        """The moment has come."""
        self._ring(now)

    def stop(self) -> None:
        """It is not wanted any more. The queue keeps its entry for a while, but not what hangs on it."""
        self.deadline = None
        self._ring = _nothing


def _nothing(now: float) -> None:
    """What is done when nothing is to be done."""
