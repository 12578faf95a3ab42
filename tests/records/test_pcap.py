"""Captures: written so that tshark has nothing to say against them, read whatever they are."""

from __future__ import annotations

import io
import random
import struct
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.records import capture as capturing
from simcarrier.records.packets import LARGEST_DATAGRAM, Datagram, LinkType, Skipped, datagram, dissect, segment
from simcarrier.records.pcap import LARGEST_BLOCK, Frame, FrameReader, PcapFault, pcap_of
from simcarrier.records.transcript import Passed
from tests.records.capture_kit import (
    ACK,
    AT,
    FORBIDDEN,
    INVITE,
    THEM,
    THEM6,
    US,
    US6,
    call,
    complaints,
    pcap,
    read,
    tshark,
)

PACKET = datagram(US, THEM, INVITE)


# Written


@pytest.mark.parametrize("transport", ["UDP", "TCP", "TLS"])
@pytest.mark.parametrize("six", [False, True], ids=["IPv4", "IPv6"])
def test_what_is_written_is_read_back(transport: str, six: bool) -> None:
    messages = call(transport, six=six)
    found, reader = read(pcap_of(messages))
    us, them = (US6, THEM6) if six else (US, THEM)
    assert [one.data for one in found] == [INVITE, FORBIDDEN, ACK]
    assert [(one.source, one.destination) for one in found] == [(us, them), (them, us), (us, them)]
    assert {one.transport for one in found} == {"UDP" if transport == "UDP" else "TCP"}
    assert [round(one.at * 1e6) for one in found] == [round(one.at * 1e6) for one in messages]
    assert (reader.frames, reader.messages, reader.not_sip, reader.damage) == (3, 3, 0, "")


@pytest.mark.parametrize("six", [False, True], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("transport", ["UDP", "TCP", "TLS"])
def test_tshark_sees_the_call_and_complains_of_nothing(transport: str, six: bool, tmp_path: Path) -> None:
    path = tmp_path / "call.pcap"
    path.write_bytes(pcap_of(call(transport, six=six)))
    assert complaints(path) == []
    shown = tshark(path, "-Y", "sip", "-T", "fields", "-e", "sip.Method", "-e", "sip.Status-Code", "-e", "sip.Call-ID")
    assert [line.split() for line in shown] == [[what, "one@192.0.2.1"] for what in ("INVITE", "403", "ACK")]
    times = tshark(path, "-T", "fields", "-e", "frame.time_epoch")
    assert [float(time) for time in times] == pytest.approx([AT, AT + 0.1, AT + 0.2], abs=1e-6)


def test_tshark_sees_a_wrong_checksum(tmp_path: Path) -> None:
    path = tmp_path / "call.pcap"
    path.write_bytes(pcap_of(call()).replace(b"Forbidden", b"Forbiddem"))
    assert len(complaints(path)) == 1


def test_a_message_longer_than_a_segment_goes_on_in_the_next(tmp_path: Path) -> None:
    body = bytes(range(33, 123)) * 700
    long = INVITE.replace(b"Content-Length: 0\r\n\r\n", b"Content-Length: %d\r\n\r\n" % len(body) + body)
    messages = [Passed(AT + n, n != 1, "TCP", US, THEM, data) for n, data in enumerate((long, FORBIDDEN, ACK))]
    found, reader = read(pcap_of(messages))
    assert [one.data for one in found] == [long, FORBIDDEN, ACK]
    assert reader.frames == 4
    path = tmp_path / "call.pcap"
    path.write_bytes(pcap_of(messages))
    assert complaints(path) == []
    assert tshark(path, "-Y", "sip.Method", "-T", "fields", "-e", "sip.Method") == ["INVITE", "ACK"]


def test_an_odd_length_and_every_size_up_to_the_largest_have_right_checksums(tmp_path: Path) -> None:
    sizes = [0, 1, 2, 3, 255, 256, 1471, 1473, LARGEST_DATAGRAM]
    path = tmp_path / "sizes.pcap"
    path.write_bytes(pcap_of(Passed(AT, True, "UDP", US, (THEM[0], 9), b"\xff" * size) for size in sizes))
    assert complaints(path) == []
    assert len(tshark(path, "-Y", "udp.checksum.status == 1 && ip.checksum.status == 1")) == len(sizes)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        pytest.param({"data": b"x" * (LARGEST_DATAGRAM + 1)}, "more than a datagram holds", id="too long"),
        pytest.param({"local": ("carrier.example", 5060)}, "carrier.example", id="a name"),
        pytest.param({"remote": ("192.0.2.1", 70_000)}, "70000 is no port", id="port"),
        pytest.param({"at": -1.0}, "no time between 1970 and 2106", id="before 1970"),
        pytest.param({"at": float("nan")}, "no time between", id="not a number"),
        pytest.param({"at": 2.0**32}, "no time between", id="too late"),
    ],
)
def test_what_does_not_fit_is_refused(changed: dict[str, object], why: str) -> None:
    said = {"at": AT, "sent": True, "transport": "UDP", "local": US, "remote": THEM, "data": INVITE} | changed
    with pytest.raises(PcapFault, match=why):
        pcap_of([Passed(**said)])  # type: ignore[arg-type]  # of several types


def test_an_address_of_the_other_family_is_mapped() -> None:
    (found,), _ = read(pcap_of([Passed(AT, True, "UDP", US6, THEM, INVITE)]))
    assert found.source == US6
    assert ip_address(found.destination[0]) == ip_address("::ffff:192.0.2.2")


# Links


def ethernet(packet: bytes, *tags: int, six: bool = False) -> bytes:
    kinds = b"".join(struct.pack("!HH", tag, 7) for tag in tags)
    return b"\1" * 12 + kinds + (b"\x86\xdd" if six else b"\x08\0") + packet


@pytest.mark.parametrize(
    ("link", "frame"),
    [
        pytest.param(LinkType.RAW, PACKET, id="raw"),
        pytest.param(LinkType.BSD_RAW, PACKET, id="raw of BSD"),
        pytest.param(LinkType.IPV4, PACKET, id="IPv4"),
        pytest.param(LinkType.ETHERNET, ethernet(PACKET), id="Ethernet"),
        pytest.param(LinkType.ETHERNET, ethernet(PACKET, 0x8100), id="VLAN"),
        pytest.param(LinkType.ETHERNET, ethernet(PACKET, 0x88A8, 0x8100), id="VLAN in VLAN"),
        pytest.param(LinkType.ETHERNET, ethernet(PACKET) + b"\0" * 9, id="padded"),
        pytest.param(LinkType.LINUX_COOKED, b"\0" * 14 + b"\x08\0" + PACKET, id="cooked"),
        pytest.param(LinkType.LINUX_COOKED_2, b"\x08\0" + b"\0" * 18 + PACKET, id="cooked, version 2"),
        pytest.param(LinkType.NULL, b"\2\0\0\0" + PACKET, id="loopback"),
        pytest.param(LinkType.LOOP, b"\0\0\0\2" + PACKET, id="loopback of OpenBSD"),
    ],
)
@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
def test_every_kind_of_link(link: int, frame: bytes, order: str) -> None:
    (found,), reader = read(pcap(frame, link=link, order=order))
    assert (found.source, found.destination, found.data) == (US, THEM, INVITE)
    assert found.at == pytest.approx(1_700_000_000.000005)
    assert not reader.skipped


def test_what_is_not_looked_into_is_counted() -> None:
    fragment = bytearray(PACKET)
    fragment[6:8] = b"\x20\0"  # more are to come
    icmp = bytearray(PACKET)
    icmp[9] = 1
    frames = [
        ethernet(bytes(fragment)),
        ethernet(bytes(icmp)),
        b"\1" * 12 + b"\x08\x06" + b"arp" * 9,
        ethernet(PACKET[:-5]),
        ethernet(PACKET[:10]),
        b"",
    ]
    found, reader = read(pcap(*frames, link=1))
    assert not found
    assert reader.skipped == {
        Skipped.FRAGMENT: 1,
        Skipped.NOT_UDP_OR_TCP: 1,
        Skipped.NOT_IP: 1,
        Skipped.BROKEN: 3,
    }
    _, reader = read(pcap(PACKET, link=127))
    assert reader.skipped == {Skipped.LINK: 1}


def test_headers_before_udp_in_ipv6_are_stepped_over() -> None:
    packet = datagram(US6, THEM6, INVITE)
    options = b"\x11\0" + b"\1\4" + b"\0" * 4  # then UDP; 8 bytes
    unbroken = b"\x11\0" + b"\0\0" + b"\0" * 4
    for kind, extension in ((60, options), (44, unbroken)):
        head = struct.pack("!IHBB", 6 << 28, len(packet) - 40 + 8, kind, 9)
        found = dissect(LinkType.RAW, head + packet[8:40] + extension + packet[40:])
        assert found == Datagram(US6, THEM6, INVITE)
    head = struct.pack("!IHBB", 6 << 28, len(packet) - 40 + 8, 44, 9)
    assert dissect(101, head + packet[8:40] + b"\x11\0\0\1\0\0\0\0" + packet[40:]) is Skipped.FRAGMENT


def test_only_what_looks_like_sip_comes_out() -> None:
    payloads = [b"\r\n\r\n", b"\0", b"GET / HTTP/1.1\r\n\r\n", b"\x80\0" * 80, INVITE[:30], INVITE, b"\r\n" + FORBIDDEN]
    found, reader = read(pcap(*(datagram(US, THEM, payload) for payload in payloads)))
    assert [one.data for one in found] == [INVITE, b"\r\n" + FORBIDDEN]
    assert reader.not_sip == 3


# Streams


def stream(data: bytes, cuts: list[int], start: int = 1) -> list[bytes]:
    """The segments of a stream of bytes."""
    edges = sorted({0, len(data), *(cut % len(data) for cut in cuts)})
    return [segment(US, THEM, data[begin:end], start + begin, 1) for begin, end in pairwise(edges)]


@given(st.lists(st.integers(0, 2000), max_size=20), st.randoms(), st.sampled_from([1, 2**32 - 300]))
def test_segments_in_any_order_and_twice(cuts: list[int], rng: random.Random, start: int) -> None:
    opening = bytearray(segment(US, THEM, b"", start - 1, 0))
    opening[33] = 0x02  # SYN
    segments = stream(INVITE + ACK + INVITE, cuts, start)
    segments += rng.sample(segments, len(segments) // 2)
    rng.shuffle(segments)
    found, reader = read(pcap(bytes(opening), *segments))
    assert [one.data for one in found] == [INVITE, ACK, INVITE]
    assert reader.not_sip == 0


def test_a_capture_that_begins_in_the_midst_of_a_message() -> None:
    first = stream(INVITE, [200])[1]
    found, reader = read(pcap(first, segment(US, THEM, ACK, 1 + len(INVITE), 1)))
    assert [one.data for one in found] == [ACK]
    assert reader.not_sip == 1


def test_what_follows_a_gap_is_read_when_nothing_else_comes() -> None:
    found, _ = read(pcap(segment(US, THEM, INVITE, 1, 1), segment(US, THEM, ACK, 5000, 1)))
    assert [one.data for one in found] == [INVITE, ACK]


def test_what_follows_a_gap_is_read_when_enough_waits() -> None:
    later = [segment(US, THEM, ACK, 5000 + number * len(ACK), 1) for number in range(100)]
    found, _ = read(pcap(segment(US, THEM, INVITE[:50], 1, 1), *later))
    assert [one.data for one in found] == [ACK] * 100


def test_bytes_seen_before_are_not_read_again() -> None:
    both = INVITE + ACK
    found, _ = read(pcap(segment(US, THEM, both[:100], 1, 1), segment(US, THEM, both[50:], 51, 1)))
    assert [one.data for one in found] == [INVITE, ACK]


def test_a_message_without_its_length_is_read_as_far_as_its_head() -> None:
    head = INVITE.replace(b"Content-Length: 0\r\n", b"")
    found, _ = read(pcap(segment(US, THEM, head, 1, 1), segment(US, THEM, ACK, 1 + len(head), 1)))
    assert [one.data for one in found] == [head, ACK]


def test_other_traffic_is_no_sip() -> None:
    web = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    found, reader = read(pcap(segment(US, THEM, web, 1, 1), segment(US, THEM, INVITE, 1 + len(web), 1)))
    assert [one.data for one in found] == [INVITE]
    assert reader.not_sip == 1


def test_streams_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capturing, "MOST_STREAMS", 10)
    frames = [segment(("192.0.2.1", 1000 + number), THEM, INVITE[:-4], 1, 1) for number in range(50)]
    reader = capturing.CaptureReader(io.BytesIO(pcap(*frames)))
    assert list(reader) == []
    assert len(reader._streams) == 10


# Files


def block(kind: int, body: bytes, order: str) -> bytes:
    body += b"\0" * (-len(body) % 4)
    length = struct.pack(f"{order}I", len(body) + 12)
    return struct.pack(f"{order}I", kind) + length + body + length


def pcapng(order: str = "<", resolution: bytes = b"", *blocks: bytes) -> bytes:
    """A section, an interface of link type 101, and blocks."""
    section = block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1), order)
    options = struct.pack(f"{order}HH", 9, len(resolution)) + resolution + b"\0" * 3 if resolution else b""
    return section + block(1, struct.pack(f"{order}HHI", 101, 0, 0) + options, order) + b"".join(blocks)


def packet_block(order: str, ticks: int, data: bytes = PACKET, link: int = 0) -> bytes:
    head = struct.pack(f"{order}IIIII", link, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data))
    return block(6, head + data, order)


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
@pytest.mark.parametrize(
    ("resolution", "ticks"),
    [
        pytest.param(b"", round(AT * 1e6), id="microseconds"),
        pytest.param(b"\x09", round(AT * 1e6) * 1000, id="nanoseconds"),
        pytest.param(b"\x8a", round(AT * 1024), id="1/1024 s"),
    ],
)
def test_pcapng(order: str, resolution: bytes, ticks: int) -> None:
    named = block(4, b"names of hosts", order)
    old = block(2, struct.pack(f"{order}HHIIII", 0, 0, ticks >> 32, ticks & 0xFFFFFFFF, len(PACKET), 0) + PACKET, order)
    simple = block(3, struct.pack(f"{order}I", len(PACKET)) + PACKET, order)
    found, reader = read(pcapng(order, resolution, named, packet_block(order, ticks), old, simple))
    assert [one.data for one in found] == [INVITE] * 3
    assert [one.at for one in found] == pytest.approx([AT, AT, 0.0], abs=0.001)
    assert reader.damage == ""


def test_pcapng_with_two_sections_of_different_byte_order() -> None:
    found, reader = read(pcapng("<", b"", packet_block("<", 1)) + pcapng(">", b"", packet_block(">", 2)))
    assert ([one.at for one in found], reader.damage) == ([1e-6, 2e-6], "")


def test_editcap_reads_it_as_we_do(tmp_path: Path) -> None:
    path, converted = tmp_path / "call.pcap", tmp_path / "call.pcapng"
    path.write_bytes(pcap_of(call("TCP")))
    tshark(path, "-F", "pcapng", "-w", str(converted))
    assert converted.read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"
    found, reader = read(converted.read_bytes())
    assert [one.data for one in found] == [INVITE, FORBIDDEN, ACK]
    assert [one.at for one in found] == pytest.approx([AT, AT + 0.1, AT + 0.2], abs=1e-6)
    assert reader.damage == ""


def test_nanoseconds_in_a_classic_file() -> None:
    capture = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 101)
    capture += struct.pack("<IIII", 1_700_000_000, 123_456_000, len(PACKET), len(PACKET)) + PACKET
    (found,), _ = read(capture)
    assert found.at == pytest.approx(AT)


@pytest.mark.parametrize(
    ("start", "why"),
    [
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(b"\x1f\x8b\x08\0rest", "compressed", id="gzip"),
        pytest.param(b"\xa1\xb2\xcd\x34rest", "editcap", id="an old variant"),
        pytest.param(b"INVITE sip:a SIP/2.0", "neither pcap nor pcapng", id="text"),
        pytest.param(b"\x0a\x0d\x0d\x0a\x1c\0\0\0oops", "first block is broken", id="pcapng, broken"),
    ],
)
def test_a_file_that_is_no_capture(start: bytes, why: str) -> None:
    with pytest.raises(PcapFault, match=why):
        read(start)


WHOLE = pcapng("<", b"", packet_block("<", 1), packet_block("<", 2))

DAMAGED = {
    "classic, cut in its head": (pcap(PACKET)[:20], 0, "first 24 bytes"),
    "classic, cut in a packet": (pcap(PACKET, PACKET)[:-1], 1, "within a packet"),
    "classic, cut in a packet's head": (pcap(PACKET) + b"\1\2\3", 1, "within a packet"),
    "classic, a giant": (pcap(PACKET) + struct.pack("<IIII", 1, 1, LARGEST_BLOCK + 1, 1), 1, "claims to have"),
    "pcapng, cut": (WHOLE[:-1], 1, "within a packet"),
    "pcapng, cut in a block's head": (WHOLE + b"\6\0\0\0\1", 2, "within a block"),
    "pcapng, a block of 3 bytes": (WHOLE + b"\6\0\0\0\3\0\0\0", 2, "claims to have 3 bytes"),
    "pcapng, an interface too little": (WHOLE + packet_block("<", 1, link=9), 2, "packet's block is broken"),
    "pcapng, a section broken": (WHOLE + b"\x0a\x0d\x0d\x0a\0\0\0\0\0\0\0\0", 2, "section's head is broken"),
}


@pytest.mark.parametrize(("capture", "count", "damage"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_gives_what_stands_before_the_damage(capture: bytes, count: int, damage: str) -> None:
    found, reader = read(capture)
    assert len(found) == count
    assert damage in reader.damage


def test_a_time_that_no_calendar_has_is_none() -> None:
    found, _ = read(pcapng("<", b"\x80", packet_block("<", 2**63)))
    assert [one.at for one in found] == [0.0]


# Garbage


def hold_together(capture: bytes) -> None:
    try:
        found, reader = read(capture)
    except PcapFault:
        return
    assert reader.messages == len(found)
    for one in found:
        assert 0 <= one.at < 253_402_300_800
        assert len(one.data) <= max(len(capture), 1)


STARTS = [b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\x3c\x4d", pcap()[:24], pcap(link=1), pcapng(), pcapng(">"), b""]


@given(st.sampled_from(STARTS), st.binary(max_size=300))
def test_any_bytes(start: bytes, rest: bytes) -> None:
    hold_together(start + rest)


@given(
    st.sampled_from([pcap_of(call()), pcap_of(call("TCP")), pcap_of(call(six=True)), WHOLE]),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=20),
)
def test_damaged_captures(capture: bytes, changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(capture)
    for place, byte in changes:
        damaged[place % len(damaged)] = byte
    hold_together(bytes(damaged))


@given(st.sampled_from([*LinkType, 7]), st.binary(max_size=120))
def test_any_frame(link: int, frame: bytes) -> None:
    found = dissect(link, frame)
    assert isinstance(found, Skipped) or len(found.payload) <= len(frame)


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.binary(min_size=1, max_size=40)), max_size=30))
def test_any_segments(segments: list[tuple[int, bytes]]) -> None:
    found, reader = read(pcap(*(segment(US, THEM, data, number, 1) for number, data in segments)))
    assert reader.frames == len(segments)
    assert all(one.data for one in found)


def test_frames_are_as_they_were() -> None:
    assert list(FrameReader(io.BytesIO(pcap(b"abc", link=1)))) == [Frame(1_700_000_000 + 5 / 1e6, 1, b"abc")]
