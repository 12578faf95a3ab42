"""Digits as events, not as sound (RFC 4733): sent, and heard once however often they are sent.

An event is told by packets that all carry the timestamp of its beginning; each says how long it has lasted so far.
The last one has the end bit and is sent three times, for a loss would leave the digit pressed. So a receiver knows an
event by its timestamp. An event of whose end nothing came is over when another begins or when nothing more is heard
of it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .errors import MediaError
from .g711 import RATE
from .rtp import Packet

EVENTS: Final = "0123456789*#ABCD"
"""The digits, each at the place of its event's number."""

STEP: Final = 160
"""Samples between two packets of an event: 20 ms, as with the audio that they stand for."""

END_TIMES: Final = 3
LONGEST: Final = 0xFFFF
"""Samples that an event can tell of: some 8 s."""

SILENCE_ENDS: Final = 0.2
"""Seconds after which an event of which nothing more is heard is over: several packets in a row are missing."""

_PAYLOAD: Final = struct.Struct("!BBH")


@dataclass(frozen=True, slots=True)
class Event:
    """The payload of one packet.

    Attributes:
        number: 0 to 255; the digits are 0 to 15.
        duration: samples since the event began.
        end: whether it is over.
        volume: of a digit in -dBm0, 0 to 63.
    """

    number: int
    duration: int
    end: bool = False
    volume: int = 10

    def __bytes__(self) -> bytes:
        return _PAYLOAD.pack(self.number, self.end << 7 | self.volume, self.duration)


def parse(payload: bytes) -> Event:
    """Read the payload of a packet.

    Raises:
        MediaError: it has not four bytes.
    """
    if len(payload) != _PAYLOAD.size:
        raise MediaError("an event has four bytes")
    number, flags, duration = _PAYLOAD.unpack(payload)
    return Event(number, duration, bool(flags & 0x80), flags & 0x3F)


@dataclass(frozen=True, slots=True)
class DigitPacket:
    """A packet to be sent.

    Attributes:
        at: samples after the first packet when it is due, a multiple of `STEP`.
        offset: its timestamp, in samples after the first packet's: the beginning of its digit.
        payload: four bytes.
        marker: set on the first packet of a digit.
    """

    at: int
    offset: int
    payload: bytes
    marker: bool


def packets(digits: str, *, length: float = 0.1, pause: float = 0.1, volume: int = 10) -> Iterator[DigitPacket]:
    """The packets of some digits, one after another.

    Args:
        digits: of ``0-9``, ``*``, ``#`` and ``A-D``.
        length: seconds of each, at most 8.
        pause: seconds between two of them; the repeated ends are sent within it, so it is 60 ms at least.
        volume: in -dBm0.

    Raises:
        ValueError: another sign, or a length that cannot be told.
    """
    steps = max(round(length * RATE / STEP), 1)
    if steps * STEP > LONGEST:
        raise ValueError("a digit lasts at most 8 s")
    rest = max(round(pause * RATE / STEP), END_TIMES)
    at = 0
    for digit in digits:
        number = EVENTS.find(digit)
        if number < 0:
            raise ValueError(f"{digit!r} is no digit; there are {EVENTS}")
        begin = at
        for step in range(steps + END_TIMES - 1):
            told = min(step + 1, steps) * STEP
            event = Event(number, told, step >= steps - 1, volume)
            yield DigitPacket(begin + step * STEP, begin, bytes(event), step == 0)
        at = begin + (steps + rest) * STEP


@dataclass(frozen=True, slots=True)
class Digit:
    """A digit that was heard.

    Attributes:
        digit: one of `EVENTS`.
        duration: samples, as far as was told.
        complete: whether its end was told.
    """

    digit: str
    duration: int
    complete: bool


class DigitReceiver:
    """Makes digits of the packets of one stream; keeps one event and no more."""

    __slots__ = ("_ended", "_event", "_heard_at", "_timestamp")

    def __init__(self) -> None:
        self._event: Event | None = None
        self._timestamp = 0
        self._heard_at = 0.0
        self._ended: int | None = None

    def packet(self, packet: Packet, now: float) -> tuple[Digit, ...]:
        """Take a packet of events.

        Returns:
            Digits that are over by it: none, one, or two if the one before was never ended.

        Raises:
            MediaError: its payload is no event.
        """
        event = parse(packet.payload)
        over: list[Digit] = []
        if event.number >= len(EVENTS) or (self._ended is not None and not _after(packet.timestamp, self._ended)):
            return ()  # no digit, or an end that is sent again
        if self._event is not None and packet.timestamp != self._timestamp:
            if not _after(packet.timestamp, self._timestamp):
                return ()  # of an event before this one: late
            over += self._finish(complete=False)
        if self._event is None or event.duration >= self._event.duration:
            self._event = event
        self._timestamp, self._heard_at = packet.timestamp, now
        if event.end:
            over += self._finish(complete=True)
        return tuple(over)

    def passed(self, now: float) -> tuple[Digit, ...]:
        """Time went on: a digit of which nothing more came is over."""
        if self._event is not None and now - self._heard_at >= SILENCE_ENDS:
            return tuple(self._finish(complete=False))
        return ()

    def _finish(self, *, complete: bool) -> Iterator[Digit]:
        event, self._event, self._ended = self._event, None, self._timestamp
        if event is not None:
            yield Digit(EVENTS[event.number], event.duration, complete)


def _after(one: int, other: int) -> bool:
    """Whether a timestamp lies after another, within 32 bits."""
    return 0 < (one - other) & 0xFFFFFFFF < 0x80000000
