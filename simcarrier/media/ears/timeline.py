"""Packets in the order of their timestamps: what was heard, what was lost, and where nothing was sent.

Packets that overtake each other are put right if they are less than `PATIENCE` apart. A gap in the timestamps with a
gap in the sequence numbers is loss; one without is a sender that kept silent (RFC 3551 section 4.1), and is silence.
A stream that begins anew, or a leap of the timestamps beyond `LONGEST_GAP`, goes on where the clock says it arrived.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

from simcarrier.media import comfort
from simcarrier.media.g711 import LAWS, RATE
from simcarrier.media.rtp import Packet

PATIENCE: Final = RATE // 5
"""Samples that the newest packet must be ahead before one is no longer waited for: 200 ms, a generous jitter buffer."""

LONGEST_GAP: Final = 10 * RATE
"""Samples of a gap that is taken for one; ringback sent with silence suppressed pauses for some seconds."""

MOST: Final = 3 * 60 * RATE
"""Samples that are listened to. Early media and the beginning of a call tell what is to be told; this bounds the
memory."""

MOST_OTHERS: Final = 64
"""Sequence numbers of packets without sound that are remembered: digits, mostly, some ten packets each."""

LOST: Final = -1
"""In place of the law, of a stretch that was lost."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Sound, or the lack of it.

    Attributes:
        law: payload type of the bytes, or `LOST`.
        data: the bytes; of a lost stretch only their number counts.
    """

    law: int
    data: bytes


class Timeline:
    """The packets of one call, put in order.

    Args:
        take: is given each stretch, in order.
    """

    __slots__ = (
        "_anchor", "_began", "_end", "_heap", "_law", "_newest", "_others", "_placed", "_previous", "_ssrc", "_take",
        "over",
    )  # fmt: skip

    def __init__(self, take: Callable[[Stretch], None]) -> None:
        self._take = take
        self._ssrc: int | None = None
        self._anchor = self._placed = 0
        self._began = 0.0
        self._heap: list[tuple[int, int, int, bytes]] = []
        self._newest = self._end = 0
        self._previous: int | None = None
        self._law = 0
        self._others: deque[int] = deque(maxlen=MOST_OTHERS)
        self.over = False

    def packet(self, packet: Packet, now: float) -> None:
        """Take a packet; one that is neither G.711 nor comfort noise only tells of the time."""
        if self.over:
            return
        quiet = packet.payload_type == comfort.PAYLOAD_TYPE
        if not quiet and packet.payload_type not in LAWS:
            # Digits and the like have sequence numbers of their own: what they hold is not lost.
            if packet.ssrc == self._ssrc:
                self._others.append(packet.sequence)
            return
        at = self._place(packet, now)
        if at >= MOST:
            self.flush()
            self.over = True
        if at < self._end or self.over:
            return  # too late, or a second time
        heappush(self._heap, (at, packet.sequence, LOST if quiet else packet.payload_type, packet.payload))
        self._newest = max(self._newest, at)
        while self._heap and self._heap[0][0] <= self._newest - PATIENCE:
            self._next()

    def flush(self) -> None:
        """No more is waited for."""
        while self._heap:
            self._next()

    def _place(self, packet: Packet, now: float) -> int:
        """Where a packet begins, in samples since the first."""
        if self._ssrc is None:
            self._began = now
        elif packet.ssrc == self._ssrc:
            at = self._placed + (packet.timestamp - self._anchor + 0x80000000 & 0xFFFFFFFF) - 0x80000000
            if -LONGEST_GAP < at - self._newest < LONGEST_GAP:
                return at
        self.flush()
        at = max(round((now - self._began) * RATE), self._end)
        self._ssrc, self._anchor, self._placed, self._newest = packet.ssrc, packet.timestamp, at, at
        self._previous = None
        return at

    def _missing(self, sequence: int) -> bool:
        """Whether a packet between the one before and this one did not come."""
        if self._previous is None:
            return False
        between = (sequence - self._previous - 1) & 0xFFFF
        others = self._others
        return between > MOST_OTHERS or any((self._previous + n) & 0xFFFF not in others for n in range(1, between + 1))

    def _next(self) -> None:
        at, sequence, law, payload = heappop(self._heap)
        if at < self._end:
            return
        if gap := at - self._end:
            self._give(LOST if self._missing(sequence) else self._law, gap)
        self._previous = sequence
        self._end = at
        if law != LOST:
            self._law = law
            self._take(Stretch(law, payload))
            self._end = at + len(payload)
        self.over = self._end >= MOST

    def _give(self, law: int, samples: int) -> None:
        self._take(Stretch(law, bytes([LAWS[law].silence if law in LAWS else 0]) * samples))
