"""The SIP messages of a capture: datagrams that look like SIP, and streams put together again.

A capture is seen from outside: it may begin in the midst of a connection, miss packets, have them twice or in the wrong
order, and hold any other traffic. So a stream is followed from its first segment that looks like the beginning of a SIP
message; what comes too early waits for what is missing; and where something stays missing the stream is taken up
anew at the next beginning. Memory is bounded whatever the file holds: so many streams, so many bytes waiting in each.

TLS that was captured from outside cannot be read here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from simcarrier.sip.framing import Broken, Message, StreamFramer
from simcarrier.sip.transport import Address

from .packets import Datagram, Segment, Skipped, dissect
from .pcap import FrameReader

MOST_STREAMS = 500
"""Directions of connections followed at the same time; the one that was silent longest is forgotten for a new one, and
taken up again at its next message."""

MOST_WAITING = 64
"""Segments that wait for a missing one; after so many it was not captured."""

MOST_BYTES = 128 * 1024
"""Bytes that wait so at most."""

LONGEST_BODY = 128 * 1024
"""Bytes of a body that a stream may bring; a SIP message that is longer was never seen."""

_WRAP = 2**32

_BEGINS = re.compile(
    rb"(?:SIP/2\.0 [1-6][0-9][0-9][ \r]|[A-Za-z0-9.!%*_+`'~-]{1,32}+ [^\r\n ]{1,8192}+ SIP/[0-9]\.[0-9]\r?\n)"
)
_STREAM_BEGINS = re.compile(rb"(?:SIP/2\.0 [1-6][0-9][0-9]\b|[A-Z]{3,32}+ (?:sips?|tel):)")
_BEGINS_BRIEFLY = re.compile(rb"[A-Z]{1,32}(?: [a-z]{0,4})?|SIP/[0-9. ]{0,7}")
"""The same, of a segment that holds less than that."""
_EMPTY = b"\r\n"


@dataclass(frozen=True, slots=True)
class Captured:
    """A message of a capture.

    Attributes:
        at: when its last byte passed, seconds since 1970 UTC.
        source, destination: the addresses.
        transport: UDP or TCP.
        data: its bytes.
    """

    at: float
    source: Address
    destination: Address
    transport: str
    data: bytes


class CaptureReader:
    """The SIP messages of a capture file, in the order in which they were complete; to be iterated once.

    Args:
        stream: the file, open for reading, at its beginning.

    Raises:
        PcapFault: it is no capture. Whatever else may be wrong with it raises nothing.

    Attributes:
        frames: how many frames have been read.
        messages: how many of them brought the end of a SIP message.
        skipped: frames that could not be looked into, by reason; fragments of IP packets are counted here.
        not_sip: UDP packets and bits of streams that were no SIP.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._reader = FrameReader(stream)
        self._streams: dict[tuple[Address, Address], _Stream] = {}
        self.frames = 0
        self.messages = 0
        self.not_sip = 0
        self.skipped: Counter[Skipped] = Counter()

    @property
    def damage(self) -> str:
        """What ended the reading before the end of the file, in words; empty if nothing did."""
        return self._reader.damage

    def __iter__(self) -> Iterator[Captured]:
        for frame in self._reader:
            self.frames += 1
            packet = dissect(frame.link, frame.data)
            if isinstance(packet, Skipped):
                self.skipped[packet] += 1
            elif isinstance(packet, Datagram):
                if looks_like_sip(packet.payload):
                    self.messages += 1
                    yield Captured(frame.at, packet.source, packet.destination, "UDP", packet.payload)
                elif packet.payload.strip(b"\r\n\0"):  # keep-alives are nothing to count
                    self.not_sip += 1
            else:
                stream = self._stream(packet)
                yield from self._messages(stream.take(packet, frame.at), packet.source, packet.destination)
                self.not_sip += stream.given_up()
        for (source, destination), stream in self._streams.items():
            yield from self._messages(stream.rest(), source, destination)

    def _messages(
        self, found: Iterator[tuple[float, bytes]], source: Address, destination: Address
    ) -> Iterator[Captured]:
        for at, data in found:
            self.messages += 1
            yield Captured(at, source, destination, "TCP", data)

    def _stream(self, packet: Segment) -> _Stream:
        key = packet.source, packet.destination
        stream = self._streams.pop(key, None)
        if stream is None:
            stream = _Stream()
            if len(self._streams) >= MOST_STREAMS:
                del self._streams[next(iter(self._streams))]
        self._streams[key] = stream  # at the end: the one heard last
        return stream


def looks_like_sip(data: bytes) -> bool:
    """Whether a datagram is a SIP message, as far as its first line tells."""
    return _BEGINS.match(data.lstrip(_EMPTY) if data[:1] == b"\r" else data) is not None


class _Stream:
    """One direction of a connection. What it yields are messages, each with the time of its last byte."""

    __slots__ = ("_bytes", "_framer", "_given_up", "_next", "_waiting")

    def __init__(self) -> None:
        self._framer: StreamFramer | None = None  # None: looking for the beginning of a message
        self._next: int | None = None
        self._waiting: dict[int, tuple[float, bytes]] = {}
        self._bytes = 0  # of what waits
        self._given_up = 0

    def given_up(self) -> int:
        """How many segments were no SIP since this was asked last."""
        count, self._given_up = self._given_up, 0
        return count

    def take(self, packet: Segment, at: float) -> Iterator[tuple[float, bytes]]:
        """The messages that a segment completes."""
        if packet.begins:
            self._framer, self._waiting, self._bytes = None, {}, 0
            self._next = (packet.sequence + 1) % _WRAP
            return
        if not packet.payload:
            return
        if self._next is None:
            self._next = packet.sequence
        ahead = self._ahead(packet.sequence)
        if ahead > 0:
            if packet.sequence not in self._waiting:
                self._waiting[packet.sequence] = at, packet.payload
                self._bytes += len(packet.payload)
            if len(self._waiting) <= MOST_WAITING and self._bytes <= MOST_BYTES:
                return
            self._leave_out()
        else:
            yield from self._feed(packet.payload[-ahead:], at)  # less what has been seen before
        yield from self._waited(at)

    def rest(self) -> Iterator[tuple[float, bytes]]:
        """The messages behind what was not captured, when nothing more comes."""
        while self._waiting:
            self._leave_out()
            yield from self._waited(0.0)

    def _feed(self, data: bytes, at: float) -> Iterator[tuple[float, bytes]]:
        self._next = ((self._next or 0) + len(data)) % _WRAP
        if self._framer is None:
            begins = data.lstrip(_EMPTY)
            if not begins:
                return
            if not (_STREAM_BEGINS.match(begins) or _BEGINS_BRIEFLY.fullmatch(begins)):
                self._given_up += 1
                return
            self._framer, data = StreamFramer(max_body=LONGEST_BODY), begins
        for frame in self._framer.feed(data):
            if isinstance(frame, Message):
                yield at, frame.data
            elif isinstance(frame, Broken):
                self._framer = None
                if frame.head:  # a message without its length: what can be read of it
                    yield at, frame.head
                else:
                    self._given_up += 1
                return

    def _waited(self, at: float) -> Iterator[tuple[float, bytes]]:
        """What has waited, and fits now."""
        while self._waiting:
            place = min(self._waiting, key=self._ahead)
            ahead = self._ahead(place)
            if ahead > 0:
                return
            passed, data = self._waiting.pop(place)
            self._bytes -= len(data)
            yield from self._feed(data[-ahead:], max(at, passed))

    def _ahead(self, place: int) -> int:
        """How far a sequence number is ahead of what is expected next; negative if behind."""
        ahead = (place - (self._next or 0)) % _WRAP
        return ahead - _WRAP if ahead >= _WRAP // 2 else ahead

    def _leave_out(self) -> None:
        """Go on behind the gap: the segment was not captured."""
        self._framer = None
        self._next = min(self._waiting, key=self._ahead)
