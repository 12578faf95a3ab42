"""Capture files: classic pcap written and read, pcapng read.

A file is a row of frames with their times and the kind of link that they were seen on. We write link type 101 (raw
IP) and whole microseconds: each SIP message becomes a UDP packet, or a TCP segment of a stream that is made up as far
as its numbers go. In the capture of a single call it has no handshake, begins at 1 on both sides and loses nothing;
that of a whole run has it opened and closed too (`simcarrier.records.streams`). Messages over TLS are written as plain
TCP, for we saw them decrypted and there is no key to add.

A reader meets files of any origin. One that is no capture is a `PcapFault`. One that is cut off or damaged further on
gives what stands before the damage, and `FrameReader.damage` says what it met.

Sources: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .packets import LARGEST_SEGMENT, LinkType, datagram, segment
from .transcript import Passed

SNAP_LENGTH = 262_144
"""Bytes of a frame that a file of ours may hold, as tcpdump has it."""

LARGEST_BLOCK = 16 * 1024 * 1024
"""Bytes of one record or block that a reader takes into memory; no link carries a packet of that size."""

MOST_LINKS = 1_000
"""Interfaces of one section of a pcapng file; a machine has a few."""

LAST_TIME = 253_402_300_800
"""The end of the year 9999 in seconds since 1970, where calendars end."""

_MAGIC = 0xA1B2C3D4
_MAGICS = {
    b"\xd4\xc3\xb2\xa1": ("<", 1e6),
    b"\xa1\xb2\xc3\xd4": (">", 1e6),
    b"\x4d\x3c\xb2\xa1": ("<", 1e9),
    b"\xa1\xb2\x3c\x4d": (">", 1e9),
}
"""The first four bytes of a classic file: its byte order, and the fractions of a second that its times count."""

_SECTION, _INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _PACKET = 0x0A0D0D0A, 1, 2, 3, 6
_BYTE_ORDER = 0x1A2B3C4D
_RESOLUTION, _OFFSET = 9, 14


class PcapFault(ValueError):
    """A file is no capture, or a message does not fit into one; the text says why."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What was captured at one moment.

    Attributes:
        at: seconds since 1970 UTC; 0 if the file has no time for it, or one that no calendar has.
        link: its link type.
        data: the bytes kept.
    """

    at: float
    link: int
    data: bytes


# Writing


FILE_HEAD = struct.pack("<IHHiIII", _MAGIC, 2, 4, 0, 0, SNAP_LENGTH, LinkType.RAW)
"""What a file of ours begins with; `framed` packets follow."""


def pcap_of(messages: Iterable[Passed]) -> bytes:
    """A capture of messages, in their order.

    Raises:
        PcapFault: an address is no IP address, a time is before 1970 or after 2106, or a message is longer than UDP
            carries.
    """
    parts = [FILE_HEAD]
    streams: dict[tuple[tuple[str, int], tuple[str, int]], int] = {}
    for passed in messages:
        try:
            parts += [framed(passed.at, one) for one in _packets(passed, streams)]
        except ValueError as why:
            raise PcapFault(str(why)) from None
    return b"".join(parts)


def _packets(passed: Passed, streams: dict[tuple[tuple[str, int], tuple[str, int]], int]) -> Iterator[bytes]:
    """A message's packets.

    Args:
        passed: the message.
        streams: the next byte's number of every direction of every connection so far.
    """
    source, destination = (passed.local, passed.remote) if passed.sent else (passed.remote, passed.local)
    if passed.transport == "UDP":
        yield datagram(source, destination, passed.data)
        return
    there, back = (source, destination), (destination, source)
    for start in range(0, len(passed.data) or 1, LARGEST_SEGMENT):
        piece = passed.data[start : start + LARGEST_SEGMENT]
        number = streams.get(there, 1)
        yield segment(source, destination, piece, number, streams.get(back, 1))
        streams[there] = number + len(piece)


def framed(at: float, packet: bytes) -> bytes:
    """A packet as it stands in a file, behind `FILE_HEAD`.

    Args:
        at: when, seconds since 1970 UTC.
        packet: beginning with its IP header.

    Raises:
        ValueError: the time is before 1970 or after 2106.
    """
    if not 0 <= at < 2**32 - 1:
        raise ValueError(f"{at} is no time between 1970 and 2106")
    seconds, part = divmod(round(at * 1e6), 1_000_000)
    return struct.pack("<IIII", seconds, part, len(packet), len(packet)) + packet


# Reading


class FrameReader:
    """The frames of a capture file, one after the other; to be iterated once.

    Args:
        stream: open for reading, at its beginning.

    Raises:
        PcapFault: it is neither pcap nor pcapng.

    Attributes:
        damage: what ended the reading before the end of the file, in words; empty if nothing did.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.damage = ""
        self._stream = stream
        start = stream.read(4)
        if start in _MAGICS:
            self._frames = self._classic(*_MAGICS[start])
        elif start == struct.pack("<I", _SECTION):  # the same in both byte orders
            order = self._section()
            if order is None:
                raise PcapFault("it begins like pcapng, but its first block is broken")
            self._frames = self._blocks(order)
        else:
            raise PcapFault(_not_a_capture(start))

    def __iter__(self) -> Iterator[Frame]:
        return self._frames

    def _classic(self, order: str, fractions: float) -> Iterator[Frame]:
        head = self._stream.read(20)
        if len(head) < 20:
            self.damage = "the file ends within its first 24 bytes"
            return
        link = struct.unpack(f"{order}I", head[16:])[0] & 0xFFFF  # above it, how long checksums of frames are
        while head := self._stream.read(16):
            if len(head) < 16:
                self.damage = "the file ends within a packet"
                return
            seconds, part, kept, _ = struct.unpack(f"{order}IIII", head)
            data = self._take(kept)
            if data is None:
                return
            yield Frame(seconds + part / fractions, link, data)

    def _take(self, length: int) -> bytes | None:
        """The next bytes; None if that are too many, or more than there are."""
        if length > LARGEST_BLOCK:
            self.damage = f"a packet claims to have {length:,} bytes"
            return None
        data = self._stream.read(length)
        if len(data) < length:
            self.damage = "the file ends within a packet"
            return None
        return data

    # pcapng

    def _section(self) -> str | None:
        """Read a section's head, behind its type; returns the byte order, None if it is broken."""
        head = self._stream.read(8)
        if len(head) < 8:
            return None
        for order in "<>":
            length, mark = struct.unpack(f"{order}II", head)
            if mark == _BYTE_ORDER:
                break
        else:
            return None
        if length < 28 or length % 4 or self._take(length - 12) is None:
            return None
        return order

    def _blocks(self, order: str) -> Iterator[Frame]:
        links: list[_Link] = []
        while head := self._stream.read(4):
            if head == struct.pack("<I", _SECTION):
                following = self._section()
                if following is None:
                    self.damage = self.damage or "a section's head is broken"
                    return
                order, links = following, []
                continue
            head += self._stream.read(4)
            if len(head) < 8:
                self.damage = "the file ends within a block"
                return
            kind, length = struct.unpack(f"{order}II", head)
            if length < 12 or length % 4:
                self.damage = f"a block claims to have {length:,} bytes"
                return
            body = self._take(length - 8)
            if body is None:
                return
            if kind == _INTERFACE:
                if len(links) >= MOST_LINKS or len(body) < 12:
                    self.damage = "a capture's interface is broken, or there are too many"
                    return
                links.append(_Link.read(order, body))
            elif kind in (_PACKET, _SIMPLE_PACKET, _OLD_PACKET):
                frame = _frame(order, kind, body[:-4], links)
                if frame is None:
                    self.damage = "a packet's block is broken"
                    return
                yield frame


@dataclass(frozen=True, slots=True)
class _Link:
    """An interface of a pcapng file: its link type, what a second has of its ticks, what to add to its times."""

    kind: int
    ticks: int
    offset: int

    @classmethod
    def read(cls, order: str, body: bytes) -> _Link:
        ticks, offset, at = 1_000_000, 0, 8
        while at + 4 <= len(body) - 4:
            code, length = struct.unpack_from(f"{order}HH", body, at)
            value = body[at + 4 : min(at + 4 + length, len(body) - 4)]
            if code == _RESOLUTION and value:
                ticks = (2 if value[0] & 0x80 else 10) ** (value[0] & 0x7F)
            elif code == _OFFSET and len(value) == 8:
                (offset,) = struct.unpack(f"{order}q", value)
            elif not code:
                break
            at += 4 + (length + 3) // 4 * 4
        return cls(struct.unpack_from(f"{order}H", body)[0], ticks, offset)

    def seconds(self, high: int, low: int) -> float:
        at = (high << 32 | low) / self.ticks + self.offset
        return at if 0 <= at < LAST_TIME else 0.0


def _frame(order: str, kind: int, body: bytes, links: list[_Link]) -> Frame | None:
    """A packet's block; None if it is broken."""
    if kind == _SIMPLE_PACKET:
        if len(body) < 4 or not links:
            return None
        (length,) = struct.unpack_from(f"{order}I", body)
        return Frame(0.0, links[0].kind, body[4 : 4 + length])  # such blocks have no time
    if len(body) < 20:
        return None
    number, high, low, kept = struct.unpack_from(f"{order}{'I' if kind == _PACKET else 'H2x'}III", body)
    if number >= len(links) or kept > len(body) - 20:
        return None
    return Frame(links[number].seconds(high, low), links[number].kind, body[20 : 20 + kept])


def _not_a_capture(start: bytes) -> str:
    if not start:
        return "the file is empty"
    if start.startswith(b"\x1f\x8b") or start == b"\x28\xb5\x2f\xfd":
        return "the file is compressed: unpack it first"
    if start in (b"\xa1\xb2\xcd\x34", b"\x34\xcd\xb2\xa1"):
        return "an old variant of pcap that is not read: convert it by editcap -F pcap"
    return "neither pcap nor pcapng"
