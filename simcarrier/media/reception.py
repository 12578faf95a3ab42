"""What a receiver knows of a stream: what was lost, what came late, how much the packets jitter (RFC 3550 appendix A).

Sequence numbers have 16 bits and wrap around after 22 minutes; how often they did is counted. A source is believed
once two packets came in a row, so that a stray datagram makes no statistics. A leap of 3,000 or more is believed when
the packet after it follows: the sender has begun anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .g711 import RATE
from .rtp import Packet

MIN_SEQUENTIAL: Final = 2
MAX_DROPOUT: Final = 3000
MAX_MISORDER: Final = 100
_CYCLE: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What a receiver tells the sender of one source (RFC 3550 section 6.4.1).

    Attributes:
        ssrc: the source that it is about.
        fraction_lost: since the last report, in 256ths.
        lost: packets in all, within 24 bits; below 0 where packets came twice.
        highest: the highest sequence number, with the count of wraps in its upper half.
        jitter: in timestamp units.
        last_sr: the middle 32 bits of the NTP time of the last sender report; 0 if there was none.
        since_sr: 65,536ths of a second since that report came; 0 if there was none.
    """

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    last_sr: int = 0
    since_sr: int = 0


class Reception:
    """The statistics of one source.

    Args:
        ssrc: the source; packets of another one are the caller's to keep apart.
        rate: its timestamps' units in a second.

    Attributes:
        received: packets that count, those that came twice too.
        jitter: in timestamp units, smoothed over some 16 packets (appendix A.8).
        largest_jitter: its largest value.
    """

    __slots__ = (
        "_bad", "_base", "_cycles", "_expected_before", "_highest", "_last_sr", "_last_sr_at", "_probation",
        "_rate", "_received_before", "_transit", "jitter", "largest_jitter", "received", "ssrc",
    )  # fmt: skip

    def __init__(self, ssrc: int, rate: int = RATE) -> None:
        self.ssrc = ssrc
        self._rate = rate
        self._probation = MIN_SEQUENTIAL
        self._highest = -1
        self._begin(0)
        self.jitter = self.largest_jitter = 0.0
        self._transit: float | None = None
        self._last_sr = 0
        self._last_sr_at = 0.0

    def _begin(self, sequence: int) -> None:
        self._base = sequence
        self._cycles = 0
        self._bad = -1
        self.received = 0
        self._expected_before = self._received_before = 0

    def packet(self, packet: Packet, now: float, *, timed: bool = True) -> bool:
        """Take note of a packet.

        Args:
            packet: of this source.
            now: seconds on any clock that goes evenly.
            timed: whether its timestamp is its own; packets of an event all have that of its beginning.

        Returns:
            Whether it belongs to the stream; False for one on probation or far out of order.
        """
        if not self._counts(packet.sequence):
            return False
        if not timed:
            return True
        transit = now * self._rate - packet.timestamp
        if self._transit is not None:
            # Timestamps wrap too: the difference of two transits is taken within 32 bits.
            difference = abs((transit - self._transit + 0x80000000) % 0x100000000 - 0x80000000)
            self.jitter += (difference - self.jitter) / 16
            self.largest_jitter = max(self.largest_jitter, self.jitter)
        self._transit = transit
        return True

    def _counts(self, sequence: int) -> bool:
        """Appendix A.1."""
        if self._probation:
            if self._highest >= 0 and sequence == (self._highest + 1) % _CYCLE:
                self._probation -= 1
            else:
                self._probation = MIN_SEQUENTIAL - 1
            self._highest = sequence
            if self._probation:
                return False
            self._begin(sequence)
            self.received = 1
            return True
        step = (sequence - self._highest) % _CYCLE
        if step < MAX_DROPOUT:
            if sequence < self._highest:
                self._cycles += _CYCLE
            self._highest = sequence
        elif step <= _CYCLE - MAX_MISORDER:
            if sequence != self._bad:
                self._bad = (sequence + 1) % _CYCLE
                return False
            self._begin(sequence)
            self._highest = sequence
            self._transit = None
        self.received += 1
        return True

    @property
    def valid(self) -> bool:
        """Whether the source has passed its probation."""
        return not self._probation

    @property
    def highest(self) -> int:
        """The highest sequence number, wraps counted in its upper half."""
        return self._cycles + max(self._highest, 0)

    @property
    def expected(self) -> int:
        """Packets that the sequence numbers speak of."""
        return self.highest - self._base + 1 if self.valid else 0

    @property
    def lost(self) -> int:
        """Packets expected and not received; below 0 where packets came twice."""
        return self.expected - self.received

    def sender_report(self, ntp: int, now: float) -> None:
        """Note that a sender report came, for the next report about this source.

        Args:
            ntp: its 64 bits of NTP time.
            now: as with `packet`.
        """
        self._last_sr = ntp >> 16 & 0xFFFFFFFF
        self._last_sr_at = now

    def report(self, now: float) -> ReportBlock:
        """What is to be told of this source; what was lost since the last report counts from here (appendix A.3)."""
        expected = self.expected - self._expected_before
        received = self.received - self._received_before
        self._expected_before, self._received_before = self.expected, self.received
        missed = max(expected - received, 0)
        since = round((now - self._last_sr_at) * 65536) if self._last_sr else 0
        return ReportBlock(
            self.ssrc,
            min((missed << 8) // expected, 255) if expected > 0 else 0,
            max(min(self.lost, 0x7FFFFF), -0x800000),
            self.highest & 0xFFFFFFFF,
            min(int(self.jitter), 0xFFFFFFFF),
            self._last_sr,
            max(min(since, 0xFFFFFFFF), 0),
        )
