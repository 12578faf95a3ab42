"""RTP packets (RFC 3550 section 5.1): read, written, and told from what else arrives at the port.

A stream is one synchronisation source: its sequence numbers go up by one with each packet, its timestamps by the
samples that a packet holds, and both begin anywhere. A sender with nothing to say may send nothing: then the
timestamps leap while the sequence numbers do not, and the next packet carries the marker (RFC 3551 section 4.1).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from .errors import MediaError

VERSION: Final = 2
LARGEST: Final = 65_507
"""Bytes of a UDP payload."""

_HEADER: Final = struct.Struct("!BBHII")
_EXTENSION: Final = struct.Struct("!HH")


@dataclass(frozen=True, slots=True)
class Packet:
    """An RTP packet.

    Attributes:
        payload_type: 0 to 127.
        sequence: 0 to 65,535.
        timestamp: in samples, 32 bits.
        ssrc: the source, 32 bits.
        payload: without padding.
        marker: with audio, the first packet after silence.
        csrcs: sources that a mixer mixed, at most 15.
        extension: profile and words of a header extension, None if there is none.
    """

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False
    csrcs: tuple[int, ...] = ()
    extension: tuple[int, bytes] | None = None

    def __bytes__(self) -> bytes:
        """The packet as it is sent, without padding."""
        first = VERSION << 6 | (self.extension is not None) << 4 | len(self.csrcs)
        out = _HEADER.pack(first, self.marker << 7 | self.payload_type, self.sequence, self.timestamp, self.ssrc)
        if self.csrcs:
            out += struct.pack(f"!{len(self.csrcs)}I", *self.csrcs)
        if self.extension is not None:
            profile, data = self.extension
            out += _EXTENSION.pack(profile, len(data) // 4) + data
        return out + self.payload


def is_rtcp(data: bytes) -> bool:
    """Whether a datagram is RTCP and no RTP, by its second byte (RFC 5761 section 4)."""
    return len(data) > 1 and data[0] >> 6 == VERSION and 192 <= data[1] <= 223


def parse(data: bytes) -> Packet:
    """Read a packet.

    Raises:
        MediaError: it is none: another version, cut off, or with padding that cannot be.
    """
    if len(data) < _HEADER.size:
        raise MediaError("shorter than an RTP header")
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if first >> 6 != VERSION:
        raise MediaError("not RTP version 2")
    at, end = _HEADER.size, len(data)
    csrcs: tuple[int, ...] = ()
    if count := first & 0x0F:
        at += 4 * count
        if at > end:
            raise MediaError("cut off within its sources")
        csrcs = struct.unpack_from(f"!{count}I", data, _HEADER.size)
    extension = None
    if first & 0x10:
        if at + _EXTENSION.size > end:
            raise MediaError("cut off within its extension")
        profile, words = _EXTENSION.unpack_from(data, at)
        at += _EXTENSION.size
        if at + 4 * words > end:
            raise MediaError("cut off within its extension")
        extension = (profile, data[at : at + 4 * words])
        at += 4 * words
    if first & 0x20:
        # The last byte counts the padding, itself among it.
        padding = data[-1]
        if not 0 < padding <= end - at:
            raise MediaError("padding that is longer than the packet")
        end -= padding
    return Packet(second & 0x7F, sequence, timestamp, ssrc, data[at:end], bool(second & 0x80), csrcs, extension)


class Sender:
    """Numbers and wraps the packets of one stream of audio.

    Args:
        ssrc: the source; it and the next two are to be drawn at random (RFC 3550 section 5.1).
        sequence: of the first packet.
        timestamp: of the first packet.
        payload_type: of `packet` where none is told.

    Attributes:
        packets: how many were made.
        ssrc: the source.
        octets: bytes of their payloads, as sender reports want it.
        timestamp: of the next packet.
    """

    __slots__ = ("_sequence", "octets", "packets", "payload_type", "ssrc", "timestamp")

    def __init__(self, ssrc: int, sequence: int, timestamp: int, payload_type: int) -> None:
        self.ssrc = ssrc
        self._sequence = sequence & 0xFFFF
        self.timestamp = timestamp & 0xFFFFFFFF
        self.payload_type = payload_type
        self.packets = 0
        self.octets = 0

    def packet(self, payload: bytes, *, marker: bool = False) -> bytes:
        """The next packet of G.711, a sample a byte."""
        out = self.other(payload, self.payload_type, marker=marker)
        self.timestamp = self.timestamp + len(payload) & 0xFFFFFFFF
        return out

    def other(self, payload: bytes, payload_type: int, *, timestamp: int | None = None, marker: bool = False) -> bytes:
        """A packet of another kind, a digit's for instance; the time does not go on by it.

        Args:
            payload: what it carries.
            payload_type: of that kind.
            timestamp: of the packet; None for the time that the next packet of audio has.
            marker: its marker bit.
        """
        at = self.timestamp if timestamp is None else timestamp
        header = _HEADER.pack(0x80, marker << 7 | payload_type, self._sequence, at, self.ssrc)
        self._sequence = self._sequence + 1 & 0xFFFF
        self.packets += 1
        self.octets += len(payload)
        return header + payload

    def skip(self, samples: int) -> None:
        """Let time go on without a packet: silence that is not sent."""
        self.timestamp = self.timestamp + samples & 0xFFFFFFFF
