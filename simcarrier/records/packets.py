"""IP packets with UDP and TCP inside: made for a capture of ours, taken apart from a capture of anybody's.

What is made is complete: lengths and checksums are right, so that a reader has nothing to complain of. What is taken
apart may be anything: whatever is not a whole UDP or TCP packet is named by a `Skipped` and never raises.

Sources: RFC 791 (IPv4), RFC 8200 (IPv6), RFC 768 (UDP), RFC 9293 (TCP), RFC 1071 (the checksum), IEEE 802.1Q (VLAN);
the link types' headers as https://www.tcpdump.org/linktypes.html lists them.
"""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache

from simcarrier.sip.transport import Address

LARGEST_DATAGRAM = 65_507
"""Bytes that a UDP packet over IPv4 holds: 65,535 less two headers."""

LARGEST_SEGMENT = 32_000
"""Bytes of one TCP segment that we make. Any message seen in the field fits into one, which reads best."""

_UDP, _TCP = 17, 6
_HOPS = 64

FIN, SYN, PSH, ACK = 0x01, 0x02, 0x08, 0x10
"""Flags of a TCP segment."""

_SCALED = b"\x01\x03\x03\x0e"
"""Options of a SYN of ours: windows count in 16 KiB, so that no capture shows a full one (RFC 7323 section 2)."""

_IPV4, _IPV6 = 0x0800, 0x86DD
_VLAN = frozenset({0x8100, 0x88A8, 0x9100})
_MOST_TAGS = 4
_MOST_EXTENSIONS = 8

_FRAGMENT = 44
_AUTHENTICATION = 51
_EXTENSIONS = frozenset({0, 43, 60, 135, _AUTHENTICATION})
"""IPv6 headers that may stand before UDP and TCP, and are stepped over."""


class LinkType(IntEnum):
    """What a captured frame begins with."""

    NULL = 0
    """A word in the byte order of whoever captured: the loopback of BSD and macOS."""
    ETHERNET = 1
    BSD_RAW = 12
    BSDI_RAW = 14
    RAW = 101
    """The IP header."""
    LOOP = 108
    LINUX_COOKED = 113
    """What tcpdump writes for ``-i any``."""
    IPV4 = 228
    IPV6 = 229
    LINUX_COOKED_2 = 276


class Skipped(StrEnum):
    """Why a frame brings nothing."""

    LINK = "of a link type that is not read"
    NOT_IP = "neither IPv4 nor IPv6"
    NOT_UDP_OR_TCP = "neither UDP nor TCP"
    FRAGMENT = "a fragment of an IP packet"
    BROKEN = "cut off or broken"


@dataclass(frozen=True, slots=True)
class Datagram:
    """A UDP packet."""

    source: Address
    destination: Address
    payload: bytes


@dataclass(frozen=True, slots=True)
class Segment:
    """A TCP packet.

    Attributes:
        sequence: the number of its first byte.
        begins: it opens the connection (SYN).
    """

    source: Address
    destination: Address
    payload: bytes
    sequence: int
    begins: bool


def datagram(source: Address, destination: Address, payload: bytes) -> bytes:
    """The IP packet of a UDP packet.

    Raises:
        ValueError: an address is none, or the payload is longer than a datagram holds.
    """
    if len(payload) > LARGEST_DATAGRAM:
        raise ValueError(f"{len(payload)} bytes are more than a datagram holds")
    here, there = _packed(source, destination)
    head = struct.pack("!HHHH", _port(source), _port(destination), 8 + len(payload), 0)
    check = _checksum(_pseudo(here, there, _UDP, len(head) + len(payload)) + head + payload) or 0xFFFF
    return _ip(here, there, _UDP, head[:6] + struct.pack("!H", check) + payload)


def segment(
    source: Address,
    destination: Address,
    payload: bytes,
    sequence: int,
    acknowledged: int,
    flags: int = PSH | ACK,
) -> bytes:
    """The IP packet of a TCP segment.

    Args:
        source, destination: the addresses.
        payload: at most `LARGEST_SEGMENT` bytes.
        sequence: the number of its first byte.
        acknowledged: the number of the byte expected next from the other side.
        flags: those of a segment in the midst of a connection, if nothing else is said.

    Raises:
        ValueError: an address is none, or the payload is too long.
    """
    if len(payload) > LARGEST_SEGMENT:
        raise ValueError(f"{len(payload)} bytes are more than one of our segments holds")
    here, there = _packed(source, destination)
    ports = struct.pack("!HH", _port(source), _port(destination))
    options = _SCALED if flags & SYN else b""
    length = (20 + len(options)) // 4 << 4
    numbers = struct.pack("!IIBBH", sequence % 2**32, acknowledged % 2**32, length, flags, 0xFFFF)
    whole = ports + numbers + b"\0\0\0\0" + options + payload
    check = _checksum(_pseudo(here, there, _TCP, len(whole)) + whole)
    return _ip(here, there, _TCP, whole[:16] + struct.pack("!H", check) + whole[18:])


def _packed(source: Address, destination: Address) -> tuple[bytes, bytes]:
    """Both addresses as bytes of one family: an IPv4 address beside an IPv6 one is mapped (RFC 4291 2.5.5.2)."""
    here, there = _bytes_of(source[0]), _bytes_of(destination[0])
    if len(here) != len(there):
        here, there = (packed if len(packed) == 16 else b"\0" * 10 + b"\xff\xff" + packed for packed in (here, there))
    return here, there


@lru_cache(maxsize=1024)
def _bytes_of(host: str) -> bytes:
    return ipaddress.ip_address(host).packed


def _port(address: Address) -> int:
    _, port = address
    if not 0 <= port < 65536:
        raise ValueError(f"{port} is no port")
    return port


def _pseudo(here: bytes, there: bytes, protocol: int, length: int) -> bytes:
    if len(here) == 4:
        return here + there + struct.pack("!BBH", 0, protocol, length)
    return here + there + struct.pack("!IHBB", length, 0, 0, protocol)


def _checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    # The sum of 16-bit words with the carry put back is the remainder by 2**16 - 1, where 0 is written as all ones.
    return ~(int.from_bytes(data, "big") % 0xFFFF or 0xFFFF) & 0xFFFF


def _ip(here: bytes, there: bytes, protocol: int, payload: bytes) -> bytes:
    if len(here) == 16:
        return struct.pack("!IHBB", 6 << 28, len(payload), protocol, _HOPS) + here + there + payload
    # Never to be fragmented, so the identification may be 0 (RFC 6864).
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0x4000, _HOPS, protocol, 0) + here + there
    return head[:10] + struct.pack("!H", _checksum(head)) + head[12:] + payload


def dissect(link: int, frame: bytes) -> Datagram | Segment | Skipped:
    """What a captured frame brings; never raises.

    Args:
        link: its link type, a number of `LinkType` or another.
        frame: as captured, maybe cut off.
    """
    try:
        packet = _network(link, frame)
        if isinstance(packet, Skipped):
            return packet
        version = packet[0] >> 4
        if version == 4:
            return _ipv4(packet)
        return _ipv6(packet) if version == 6 else Skipped.NOT_IP
    except (IndexError, struct.error):
        return Skipped.BROKEN


def _network(link: int, frame: bytes) -> bytes | Skipped:
    """A frame's IP packet."""
    if link in (LinkType.RAW, LinkType.BSD_RAW, LinkType.BSDI_RAW, LinkType.IPV4, LinkType.IPV6):
        return frame
    if link in (LinkType.NULL, LinkType.LOOP):
        return frame[4:]  # the word tells the version, as does the packet itself
    if link == LinkType.ETHERNET:
        at = 12
    elif link == LinkType.LINUX_COOKED:
        at = 14
    elif link == LinkType.LINUX_COOKED_2:
        return _by_type(int.from_bytes(frame[:2], "big"), frame[20:])
    else:
        return Skipped.LINK
    return _by_type(struct.unpack_from("!H", frame, at)[0], frame[at + 2 :])


def _by_type(kind: int, rest: bytes) -> bytes | Skipped:
    for _ in range(_MOST_TAGS):
        if kind not in _VLAN:
            break
        (kind,) = struct.unpack_from("!H", rest, 2)
        rest = rest[4:]
    return rest if kind in (_IPV4, _IPV6) else Skipped.NOT_IP


def _ipv4(packet: bytes) -> Datagram | Segment | Skipped:
    head = (packet[0] & 0x0F) * 4
    (length, flags), protocol = struct.unpack_from("!H2xH", packet, 2), packet[9]
    if head < 20 or len(packet) < head:
        return Skipped.BROKEN
    if flags & 0x3FFF:  # more are to come, or it is not the first
        return Skipped.FRAGMENT
    # A sending machine may leave the length to its network card, and capture a 0.
    end = len(packet) if length < head else min(length, len(packet))
    here, there = (str(ipaddress.IPv4Address(packet[at : at + 4])) for at in (12, 16))
    return _transport(protocol, here, there, packet[head:end], whole=length <= len(packet))


def _ipv6(packet: bytes) -> Datagram | Segment | Skipped:
    length, kind = struct.unpack_from("!HB", packet, 4)
    if len(packet) < 40:
        return Skipped.BROKEN
    here, there = (str(ipaddress.IPv6Address(packet[at : at + 16])) for at in (8, 24))
    whole = 40 + length <= len(packet)
    rest = packet[40 : 40 + length] if length else packet[40:]
    for _ in range(_MOST_EXTENSIONS):
        if kind == _FRAGMENT:
            (place,) = struct.unpack_from("!H", rest, 2)
            if place & 0xFFF9:
                return Skipped.FRAGMENT
            kind, rest = rest[0], rest[8:]
        elif kind in _EXTENSIONS:
            size = (rest[1] + 2) * 4 if kind == _AUTHENTICATION else (rest[1] + 1) * 8
            kind, rest = rest[0], rest[size:]
        else:
            break
    return _transport(kind, here, there, rest, whole=whole)


def _transport(protocol: int, here: str, there: str, data: bytes, *, whole: bool) -> Datagram | Segment | Skipped:
    if protocol == _UDP:
        source, destination, length = struct.unpack_from("!HHH", data)
        if not whole or 0 < length < 8 or length > len(data):
            return Skipped.BROKEN  # half a message would only mislead
        return Datagram((here, source), (there, destination), data[8 : length or len(data)])
    if protocol == _TCP:
        source, destination, sequence = struct.unpack_from("!HHI", data)
        head, flags = (data[12] >> 4) * 4, data[13]
        if head < 20 or len(data) < head:
            return Skipped.BROKEN
        return Segment((here, source), (there, destination), data[head:], sequence, bool(flags & SYN))
    return Skipped.NOT_UDP_OR_TCP
