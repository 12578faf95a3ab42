"""RTCP: reports of senders and receivers, names, and farewells (RFC 3550 section 6).

Packets travel in compounds: the first is a report, and a description with the CNAME follows. `parse` checks a
compound as appendix A.2 asks and gives its packets; kinds that we know nothing of come as `Other`.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .errors import MediaError
from .reception import ReportBlock

SR, RR, SDES, BYE = 200, 201, 202, 203
CNAME: Final = 1
MOST: Final = 31
"""Blocks or sources of one packet: their count has five bits."""

_EPOCH: Final = 2_208_988_800
"""Seconds from 1900, where NTP begins, to 1970."""

_BLOCK: Final = struct.Struct("!IIIIII")
_SENDER: Final = struct.Struct("!IQIII")
_HEADER: Final = struct.Struct("!BBH")


@dataclass(frozen=True, slots=True)
class SenderReport:
    """SR: what a source has sent, and what it knows of others.

    Attributes:
        ssrc: who reports.
        ntp: wall clock in 64 bits, see `ntp_of`.
        timestamp: the same moment in the stream's own time.
        packets: sent since the stream began.
        octets: of payload.
        blocks: about what it receives.
    """

    ssrc: int
    ntp: int
    timestamp: int
    packets: int
    octets: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    """RR: of one who sends nothing."""

    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class Description:
    """SDES: items of each source, by their types; 1 is the CNAME."""

    chunks: tuple[tuple[int, tuple[tuple[int, bytes], ...]], ...]

    def cname(self, ssrc: int) -> str | None:
        """The canonical name of a source; None if it is not told."""
        for source, items in self.chunks:
            for kind, text in items:
                if source == ssrc and kind == CNAME:
                    return text.decode("utf-8", "replace")
        return None


@dataclass(frozen=True, slots=True)
class Bye:
    """BYE: sources that leave."""

    sources: tuple[int, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Other:
    """A packet of a kind that is not read here."""

    kind: int
    data: bytes


Report = SenderReport | ReceiverReport | Description | Bye | Other


def ntp_of(wall: float) -> int:
    """Seconds since 1970 as the 64 bits of NTP."""
    return int((wall + _EPOCH) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF


def compound(*packets: Report) -> bytes:
    """A compound packet as it is sent.

    Raises:
        ValueError: more than 31 blocks or sources, or a text of more than 255 bytes.
    """
    return b"".join(_written(packet) for packet in packets)


def described(ssrc: int, cname: str) -> Description:
    """The description that every compound has: the CNAME of its sender."""
    return Description(((ssrc, ((CNAME, cname.encode()),)),))


def _written(packet: Report) -> bytes:
    match packet:
        case SenderReport():
            head = _SENDER.pack(packet.ssrc, packet.ntp, packet.timestamp, packet.packets, packet.octets)
            return _wrapped(SR, len(packet.blocks), head + _blocks(packet.blocks))
        case ReceiverReport():
            return _wrapped(RR, len(packet.blocks), packet.ssrc.to_bytes(4) + _blocks(packet.blocks))
        case Description():
            out = b""
            for source, items in packet.chunks:
                chunk = source.to_bytes(4)
                for kind, text in items:
                    chunk += bytes([kind, _short(text)]) + text
                # A nought ends the items, more of them fill up the word.
                out += chunk + bytes(4 - len(chunk) % 4)
            return _wrapped(SDES, len(packet.chunks), out)
        case Bye():
            body = b"".join(source.to_bytes(4) for source in packet.sources)
            if packet.reason:
                text = packet.reason.encode()
                body += bytes([_short(text)]) + text
                body += bytes(-len(body) % 4)
            return _wrapped(BYE, len(packet.sources), body)
        case Other():
            return packet.data


def _short(text: bytes) -> int:
    if len(text) > 255:
        raise ValueError("a text of RTCP has at most 255 bytes")
    return len(text)


def _wrapped(kind: int, count: int, body: bytes) -> bytes:
    if count > MOST:
        raise ValueError(f"a packet of RTCP holds at most {MOST} blocks or sources")
    return _HEADER.pack(0x80 | count, kind, len(body) // 4) + body


def _blocks(blocks: Sequence[ReportBlock]) -> bytes:
    return b"".join(
        _BLOCK.pack(
            block.ssrc,
            block.fraction_lost << 24 | block.lost & 0xFFFFFF,
            block.highest,
            block.jitter,
            block.last_sr,
            block.since_sr,
        )
        for block in blocks
    )


def parse(data: bytes) -> tuple[Report, ...]:
    """Read a compound packet.

    Raises:
        MediaError: it does not begin with a report, is cut off, or a packet of it is not what it says.
    """
    if len(data) < 8:
        raise MediaError("shorter than a packet of RTCP")
    if data[0] & 0x20 or data[1] not in (SR, RR):
        raise MediaError("a compound that does not begin with a report")
    found: list[Report] = []
    at = 0
    while at < len(data):
        if at + 4 > len(data):
            raise MediaError("cut off within a header")
        first, kind, words = _HEADER.unpack_from(data, at)
        end = at + 4 + 4 * words
        if first >> 6 != 2:
            raise MediaError("not RTCP version 2")
        if end > len(data):
            raise MediaError("cut off within a packet")
        body = data[at + 4 : end]
        if first & 0x20:
            if end != len(data) or not body or not 0 < body[-1] <= len(body):
                raise MediaError("padding where none can be")
            body = body[: -body[-1]]
        found.append(_read(kind, first & 0x1F, body, data[at:end]))
        at = end
    return tuple(found)


def _read(kind: int, count: int, body: bytes, whole: bytes) -> Report:
    try:
        match kind:
            case 200:
                ssrc, ntp, timestamp, packets, octets = _SENDER.unpack_from(body)
                return SenderReport(ssrc, ntp, timestamp, packets, octets, _read_blocks(body, _SENDER.size, count))
            case 201:
                (ssrc,) = struct.unpack_from("!I", body)
                return ReceiverReport(ssrc, _read_blocks(body, 4, count))
            case 202:
                return _read_description(count, body)
            case 203:
                sources = struct.unpack_from(f"!{count}I", body)
                rest = body[4 * count :]
                return Bye(sources, rest[1 : 1 + rest[0]].decode("utf-8", "replace") if rest else "")
            case _:
                return Other(kind, whole)
    except struct.error:
        raise MediaError("a packet that is shorter than its count says") from None


def _read_blocks(body: bytes, at: int, count: int) -> tuple[ReportBlock, ...]:
    blocks = []
    for offset in range(at, at + _BLOCK.size * count, _BLOCK.size):
        ssrc, lost, highest, jitter, last_sr, since_sr = _BLOCK.unpack_from(body, offset)
        total = lost & 0xFFFFFF
        blocks.append(ReportBlock(ssrc, lost >> 24, total - (total >> 23 << 24), highest, jitter, last_sr, since_sr))
    return tuple(blocks)


def _read_description(count: int, body: bytes) -> Description:
    chunks = []
    at = 0
    for _ in range(count):
        (ssrc,) = struct.unpack_from("!I", body, at)
        at += 4
        items = []
        while True:
            if at >= len(body):
                raise MediaError("a description that does not end")
            kind = body[at]
            if kind == 0:
                at += 4 - at % 4
                break
            if at + 2 > len(body) or at + 2 + body[at + 1] > len(body):
                raise MediaError("a description that is cut off")
            items.append((kind, body[at + 2 : at + 2 + body[at + 1]]))
            at += 2 + body[at + 1]
        chunks.append((ssrc, tuple(items)))
    return Description(tuple(chunks))
