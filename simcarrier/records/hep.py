"""HEP, version 3: a SIP message with its addresses and its time, packed for HOMER and whoever else collects messages.

A packet is the letters ``HEP3``, its length, and chunks; each has a vendor (0: the ones named here), a type, its own
length, and a value. The length of a packet has 16 bits, so not every message that a stream carries fits into one.

Source: "The Hep/EEP - Encapsulation Protocol", rev 36 (SIPCAPTURE).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from ipaddress import ip_address

from simcarrier.sip.transport import Address

LARGEST_PACKET = 65_507
"""Bytes of a packet that UDP can carry; its own length field could say a few more."""

SIP = 1
"""The type of the protocol in the payload."""

_HEAD = 6
_INET, _INET6 = 2, 10
_UDP, _TCP = 17, 6


class Chunk(IntEnum):
    """The types of chunks that are written; others exist."""

    FAMILY = 0x0001
    PROTOCOL = 0x0002
    SOURCE4 = 0x0003
    DESTINATION4 = 0x0004
    SOURCE6 = 0x0005
    DESTINATION6 = 0x0006
    SOURCE_PORT = 0x0007
    DESTINATION_PORT = 0x0008
    SECONDS = 0x0009
    MICROSECONDS = 0x000A
    TYPE = 0x000B
    AGENT = 0x000C
    KEY = 0x000E
    PAYLOAD = 0x000F
    CORRELATION = 0x0011


class HepFault(ValueError):
    """A message does not fit into a packet, or bytes are no packet; the text says why."""


@dataclass(frozen=True, slots=True)
class Captured:
    """What a packet says.

    Attributes:
        at: when the message passed, seconds since 1970 UTC.
        protocol: ``UDP`` or ``TCP``; TLS is told as TCP, for the message is readable.
        source, destination: the addresses.
        payload: the message.
        agent: the number by which a collector tells those who capture apart.
        key: what a collector may ask of them.
        correlation: what joins it to other packets.
    """

    at: float
    protocol: str
    source: Address
    destination: Address
    payload: bytes
    agent: int = 0
    key: bytes = b""
    correlation: bytes = b""


def hep_of(captured: Captured) -> bytes:
    """The packet of a message.

    Raises:
        HepFault: it is too long, an address is none, or the time is before 1970 or after 2106.
    """
    if not 0 <= captured.at < 2**32 - 1:
        raise HepFault(f"{captured.at} is no time between 1970 and 2106")
    seconds, part = divmod(round(captured.at * 1e6), 1_000_000)
    try:
        ends = _ends(captured.protocol, captured.source, captured.destination)
    except (ValueError, struct.error) as why:
        raise HepFault(str(why)) from None
    parts = [
        ends,
        struct.pack("!HHHI", 0, Chunk.SECONDS, 10, seconds),
        struct.pack("!HHHI", 0, Chunk.MICROSECONDS, 10, part),
        struct.pack("!HHHB", 0, Chunk.TYPE, 7, SIP),
        struct.pack("!HHHI", 0, Chunk.AGENT, 10, captured.agent),
    ]
    texts = ((Chunk.KEY, captured.key), (Chunk.CORRELATION, captured.correlation))
    parts += [_chunk(kind, value) for kind, value in texts if value]
    length = 6 + sum(map(len, parts)) + _HEAD + len(captured.payload)
    if length > LARGEST_PACKET:
        raise HepFault(f"{len(captured.payload):,} bytes are more than a packet holds")
    return b"".join((b"HEP3", struct.pack("!H", length), *parts, _chunk(Chunk.PAYLOAD, captured.payload)))


def _chunk(kind: int, value: bytes) -> bytes:
    return struct.pack("!HHH", 0, kind, _HEAD + len(value)) + value


@lru_cache(maxsize=4096)
def _ends(protocol: str, source: Address, destination: Address) -> bytes:
    """The chunks of the addresses, the same for all messages between two ends."""
    here, there = (ip_address(host.partition("%")[0]) for host in (source[0], destination[0]))
    if here.version != there.version:
        raise HepFault(f"{here} and {there} are not of one family")
    six = here.version == 6
    number = _UDP if protocol == "UDP" else _TCP
    return b"".join(
        (
            struct.pack("!HHHB", 0, Chunk.FAMILY, 7, _INET6 if six else _INET),
            struct.pack("!HHHB", 0, Chunk.PROTOCOL, 7, number),
            _chunk(Chunk.SOURCE6 if six else Chunk.SOURCE4, here.packed),
            _chunk(Chunk.DESTINATION6 if six else Chunk.DESTINATION4, there.packed),
            struct.pack("!HHHH", 0, Chunk.SOURCE_PORT, 8, source[1]),
            struct.pack("!HHHH", 0, Chunk.DESTINATION_PORT, 8, destination[1]),
        )
    )


def read_hep(packet: bytes) -> Captured:
    """What a packet says; chunks that are not known are left out.

    Raises:
        HepFault: it is no whole packet with a SIP message in it.
    """
    if len(packet) < 6 or packet[:4] != b"HEP3":
        raise HepFault("it does not begin with HEP3")
    (length,) = struct.unpack_from("!H", packet, 4)
    if length != len(packet):
        raise HepFault(f"it says that it has {length} bytes and has {len(packet)}")
    said = dict(_chunks(packet))
    try:
        if said.get(Chunk.TYPE) != bytes([SIP]):
            raise HepFault("it does not hold SIP")
        protocol = {_UDP: "UDP", _TCP: "TCP"}[said[Chunk.PROTOCOL][0]]
        six = said[Chunk.FAMILY] == bytes([_INET6])
        hosts = [
            str(ip_address(said[kind]))
            for kind in ((Chunk.SOURCE6, Chunk.DESTINATION6) if six else (Chunk.SOURCE4, Chunk.DESTINATION4))
        ]
        ports = [int.from_bytes(said[kind], "big") for kind in (Chunk.SOURCE_PORT, Chunk.DESTINATION_PORT)]
        seconds, part = (int.from_bytes(said[kind], "big") for kind in (Chunk.SECONDS, Chunk.MICROSECONDS))
        payload = said[Chunk.PAYLOAD]
    except (KeyError, IndexError) as why:
        raise HepFault(f"a chunk is missing or empty: {why}") from None
    except ValueError as why:
        raise HepFault(str(why)) from None
    return Captured(
        seconds + part / 1e6,
        protocol,
        (hosts[0], ports[0]),
        (hosts[1], ports[1]),
        payload,
        int.from_bytes(said.get(Chunk.AGENT, b""), "big"),
        said.get(Chunk.KEY, b""),
        said.get(Chunk.CORRELATION, b""),
    )


def _chunks(packet: bytes) -> Iterator[tuple[int, bytes]]:
    at = 6
    while at < len(packet):
        if at + _HEAD > len(packet):
            raise HepFault("it ends within a chunk")
        vendor, kind, length = struct.unpack_from("!HHH", packet, at)
        if length < _HEAD or at + length > len(packet):
            raise HepFault(f"a chunk says that it has {length} bytes")
        if not vendor:
            yield kind, packet[at + _HEAD : at + length]
        at += length
