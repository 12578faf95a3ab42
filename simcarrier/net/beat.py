"""One timer for the audio of all calls: each has a packet every 20 ms, and not all of them at the same moment.

The beat is cut into slots of 2 ms, and a new stream gets the slot with the fewest. A slot whose turn came late is
followed by its next turn at once, but not sooner than `CATCH_UP`, so that time is made good over several turns and no
peer gets a burst. After `PATIENCE`, when the machine was asleep or a debugger held us, the missed time is left out
instead.

How late packets leave is counted, for a harness that jitters by itself must say so.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Protocol

logger = logging.getLogger("simcarrier.net.media")

BEAT: Final = 0.020
"""Seconds between two packets of a call."""

SLOTS: Final = 10
CATCH_UP: Final = 0.005
PATIENCE: Final = 0.2
"""Seconds of delay that are made good."""

_BUCKET: Final = 0.0001
_BUCKETS: Final = 2000


class Beating(Protocol):
    """What has a packet to send at every beat."""

    def beat(self, due: float) -> None:
        """Send it.

        Args:
            due: when it was to be sent, on the loop's clock.
        """

    def missed(self, beats: int) -> None:
        """So many beats are left out."""


class Pace:
    """How late packets left, in steps of 0.1 ms up to 0.2 s.

    Attributes:
        packets: how many there were.
        largest: seconds that the latest one was late.
        total: seconds of all of them together.
    """

    __slots__ = ("_counts", "largest", "packets", "total")

    def __init__(self) -> None:
        self._counts = [0] * _BUCKETS
        self.packets = 0
        self.largest = self.total = 0.0

    def add(self, late: float, packets: int) -> None:
        """Count packets that left so many seconds after they were due."""
        self._counts[min(max(int(late / _BUCKET), 0), _BUCKETS - 1)] += packets
        self.packets += packets
        self.largest = max(self.largest, late)
        self.total += max(late, 0.0) * packets

    def within(self, seconds: float) -> int:
        """How many packets left so many seconds after they were due or sooner; a multiple of 0.1 ms below 0.2 s."""
        return sum(self._counts[: min(round(seconds / _BUCKET), _BUCKETS - 1)])

    def percentile(self, share: float) -> float:
        """Seconds within which this share of the packets left, rounded up to 0.1 ms; 0.0 without packets."""
        wanted = share * self.packets
        seen = 0
        for at, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                return (at + 1) * _BUCKET
        return 0.0


class _Slot:
    __slots__ = ("due", "not_before", "streams")

    def __init__(self) -> None:
        self.streams: dict[Beating, None] = {}  # in the order in which they came
        self.due = 0.0
        self.not_before = 0.0


class Metronome:
    """The timer.

    Args:
        loop: whose clock it goes by.

    Attributes:
        pace: how late it was.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._slots = [_Slot() for _ in range(SLOTS)]
        self._of: dict[Beating, _Slot] = {}
        self._armed: asyncio.TimerHandle | None = None
        self._armed_for = float("inf")
        self.pace = Pace()

    def __len__(self) -> int:
        """How many streams have a packet at every beat."""
        return len(self._of)

    def add(self, stream: Beating) -> float:
        """Let a stream have a packet at every beat; none twice.

        Returns:
            When its first one is due.
        """
        slot = self._of.get(stream)
        if slot is None:
            at = min(range(SLOTS), key=lambda number: len(self._slots[number].streams))
            slot = self._slots[at]
            if not slot.streams:
                # Turns lie on a grid that all slots share, each at its own place.
                now = self._loop.time()
                place = at * BEAT / SLOTS
                slot.due = ((now - place) // BEAT + 1) * BEAT + place
                slot.not_before = 0.0
            slot.streams[stream] = None
            self._of[stream] = slot
            self._arm()
        return slot.due

    def remove(self, stream: Beating) -> None:
        """No packets for it any more."""
        slot = self._of.pop(stream, None)
        if slot is not None:
            slot.streams.pop(stream, None)

    def close(self) -> None:
        """No packets for anybody."""
        for stream in tuple(self._of):
            self.remove(stream)
        if self._armed is not None:
            self._armed.cancel()
            self._armed = None
        self._armed_for = float("inf")

    def _arm(self) -> None:
        wake = min((max(slot.due, slot.not_before) for slot in self._slots if slot.streams), default=float("inf"))
        if wake < self._armed_for:
            if self._armed is not None:
                self._armed.cancel()
            self._armed = self._loop.call_at(wake, self._wake)
            self._armed_for = wake

    def _wake(self) -> None:
        self._armed = None
        self._armed_for = float("inf")
        now = self._loop.time()
        for slot in self._slots:
            if slot.streams and slot.due <= now and slot.not_before <= now:
                self._turn(slot)
        self._arm()

    def _turn(self, slot: _Slot) -> None:
        due = slot.due
        for stream in tuple(slot.streams):
            try:
                stream.beat(due)
            except Exception:  # one call's fault must not silence the others
                logger.exception("a stream of audio failed and is stopped")
                self.remove(stream)
        now = self._loop.time()
        self.pace.add(now - due, len(slot.streams))
        slot.due = due + BEAT
        slot.not_before = now + CATCH_UP
        behind = now - slot.due
        if behind > PATIENCE:
            beats = int(behind / BEAT)
            slot.due += beats * BEAT
            for stream in tuple(slot.streams):
                stream.missed(beats)
