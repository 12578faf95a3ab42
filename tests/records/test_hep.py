"""HEP: packets as the specification has them, that come back as they were; what does not fit is refused."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.records.hep import LARGEST_PACKET, Captured, HepFault, hep_of, read_hep
from tests.records.capture_kit import AT, INVITE, THEM, THEM6, US, US6

PACKET = hep_of(Captured(AT, "UDP", US, THEM, INVITE, 2001))


@pytest.mark.parametrize("protocol", ["UDP", "TCP"])
@pytest.mark.parametrize(("source", "destination"), [(US, THEM), (US6, THEM6)], ids=["IPv4", "IPv6"])
def test_what_is_packed_comes_back(protocol: str, source: tuple[str, int], destination: tuple[str, int]) -> None:
    told = Captured(AT, protocol, source, destination, INVITE, 4_294_967_295, b"a key", b"an id")
    assert read_hep(hep_of(told)) == told


def test_the_bytes_are_those_of_the_specification() -> None:
    packet = hep_of(Captured(1_000_000_000.5, "UDP", ("192.0.2.1", 5060), ("192.0.2.2", 5061), b"X", 7))
    assert packet.hex(" ", 1) == (
        "48 45 50 33 00 64"
        " 00 00 00 01 00 07 02"
        " 00 00 00 02 00 07 11"
        " 00 00 00 03 00 0a c0 00 02 01"
        " 00 00 00 04 00 0a c0 00 02 02"
        " 00 00 00 07 00 08 13 c4"
        " 00 00 00 08 00 08 13 c5"
        " 00 00 00 09 00 0a 3b 9a ca 00"
        " 00 00 00 0a 00 0a 00 07 a1 20"
        " 00 00 00 0b 00 07 01"
        " 00 00 00 0c 00 0a 00 00 00 07"
        " 00 00 00 0f 00 07 58"
    )


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        pytest.param({"payload": b"x" * LARGEST_PACKET}, "more than a packet holds", id="too long"),
        pytest.param({"source": ("carrier.example", 1)}, "carrier.example", id="a name"),
        pytest.param({"source": ("2001:db8::1", 1)}, "not of one family", id="two families"),
        pytest.param({"source": ("192.0.2.1", 70_000)}, "format", id="port"),
        pytest.param({"at": -1.0}, "no time between", id="before 1970"),
        pytest.param({"at": float("nan")}, "no time between", id="not a number"),
    ],
)
def test_what_does_not_fit_is_refused(changed: dict[str, object], why: str) -> None:
    said = {"at": AT, "protocol": "UDP", "source": US, "destination": THEM, "payload": INVITE} | changed
    with pytest.raises(HepFault, match=why):
        hep_of(Captured(**said))  # type: ignore[arg-type]  # of several types


def test_the_longest_message_that_fits() -> None:
    rest = len(hep_of(Captured(AT, "UDP", US, THEM, b"")))
    assert len(hep_of(Captured(AT, "UDP", US, THEM, b"x" * (LARGEST_PACKET - rest)))) == LARGEST_PACKET


CHUNK = struct.pack("!HHH", 0, 1, 6)
BROKEN = {
    "nothing": (b"", "HEP3"),
    "an older version": (b"\x02\x10" + PACKET[2:], "HEP3"),
    "cut": (PACKET[:-1], "says that it has"),
    "a chunk that is cut": (b"HEP3\0\x09\0\0\0", "within a chunk"),
    "a chunk of no length": (b"HEP3\0\x0c" + CHUNK[:5] + b"\0", "a chunk says"),
    "a chunk too long": (b"HEP3\0\x0c" + CHUNK[:5] + b"\x40", "a chunk says"),
    "no chunks": (b"HEP3\0\x06", "does not hold SIP"),
    "no payload": (PACKET.replace(b"\0\0\0\x0f", b"\0\0\0\x7f"), "missing"),
    "an empty chunk": (b"HEP3\0\x13\0\0\0\x0b\0\x07\x01" + struct.pack("!HHH", 0, 2, 6), "missing or empty"),
}


@pytest.mark.parametrize(("packet", "why"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_packet(packet: bytes, why: str) -> None:
    with pytest.raises(HepFault, match=why):
        read_hep(packet)


def test_chunks_of_other_vendors_are_stepped_over() -> None:
    foreign = struct.pack("!HHH", 7, 1, 8) + b"\xff\xff"
    packet = b"HEP3" + struct.pack("!H", len(PACKET) + len(foreign)) + foreign + PACKET[6:]
    assert read_hep(packet) == read_hep(PACKET)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=8))
def test_damaged_packets(changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(PACKET)
    for place, byte in changes:
        damaged[place % len(damaged)] = byte
    try:
        told = read_hep(bytes(damaged))
    except HepFault:
        return
    assert len(told.payload) <= len(damaged)


@given(st.binary(max_size=60000), st.sampled_from([(US, THEM), (THEM6, US6)]), st.integers(0, 2**32 - 1))
def test_any_payload(payload: bytes, ends: tuple[tuple[str, int], tuple[str, int]], agent: int) -> None:
    told = Captured(AT, "UDP", *ends, payload, agent)
    assert read_hep(hep_of(told)) == told
