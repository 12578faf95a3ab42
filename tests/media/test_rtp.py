"""RTP packets and the statistics of who receives them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.media.errors import MediaError
from simcarrier.media.reception import MAX_DROPOUT, Reception
from simcarrier.media.rtp import Packet, Sender, is_rtcp, parse

WORDS = st.binary(max_size=40).map(lambda data: data[: len(data) // 4 * 4])
PACKETS = st.builds(
    Packet,
    st.integers(0, 127),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.binary(max_size=200),
    st.booleans(),
    st.lists(st.integers(0, 0xFFFFFFFF), max_size=15).map(tuple),
    st.none() | st.tuples(st.integers(0, 0xFFFF), WORDS),
)


@given(packet=PACKETS)
def test_what_is_written_is_read_back(packet: Packet) -> None:
    assert parse(bytes(packet)) == packet


@given(packet=PACKETS, padding=st.integers(1, 255))
def test_padding_is_taken_off(packet: Packet, padding: int) -> None:
    data = bytearray(bytes(packet))
    data[0] |= 0x20
    assert parse(bytes(data) + bytes(padding - 1) + bytes([padding])) == packet


@given(data=st.binary(max_size=80) | st.binary(max_size=80).map(lambda rest: b"\xbf" + rest))
def test_any_bytes_are_a_packet_or_a_fault(data: bytes) -> None:
    try:
        packet = parse(data)
    except MediaError:
        return
    assert len(packet.payload) <= len(data) - 12


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(b"", "shorter", id="nothing"),
        pytest.param(bytes(12), "version", id="version 0"),
        pytest.param(b"\x82" + bytes(15), "sources", id="two sources and room for one"),
        pytest.param(b"\x90" + bytes(13), "extension", id="half an extension"),
        pytest.param(b"\x90" + bytes(13) + b"\x00\x02" + bytes(4), "extension", id="an extension that is cut off"),
        pytest.param(b"\xa0" + bytes(12), "padding", id="padding of nothing"),
        pytest.param(b"\xa0" + bytes(12) + b"\x09", "padding", id="padding beyond the packet"),
    ],
)
def test_what_is_no_packet_is_told(data: bytes, why: str) -> None:
    with pytest.raises(MediaError, match=why):
        parse(data)


def test_an_rfc_5761_port_tells_rtcp_from_rtp() -> None:
    assert is_rtcp(b"\x80\xc8\x00\x06")
    assert not is_rtcp(bytes(Packet(0, 1, 2, 3, b"x", marker=True)))
    assert not is_rtcp(bytes(Packet(101, 1, 2, 3, b"x", marker=True)))
    assert not is_rtcp(b"\x00\xc8")


def test_a_sender_counts_and_wraps() -> None:
    sender = Sender(7, 0xFFFF, 0xFFFFFFFF, 8)
    first, second = parse(sender.packet(bytes(160), marker=True)), parse(sender.packet(bytes(160)))
    assert (first.sequence, first.timestamp, first.marker, first.payload_type) == (0xFFFF, 0xFFFFFFFF, True, 8)
    assert (second.sequence, second.timestamp, second.marker) == (0, 159, False)
    digit = parse(sender.other(b"\x01\x0a\x00\xa0", 101, timestamp=159))
    assert (digit.sequence, digit.timestamp, digit.payload_type) == (1, 159, 101)
    sender.skip(1600)
    assert parse(sender.packet(b"")).timestamp == 159 + 160 + 1600
    assert (sender.packets, sender.octets) == (4, 324)


def received(*sequences: int, ssrc: int = 1) -> Reception:
    reception = Reception(ssrc)
    for number, sequence in enumerate(sequences):
        reception.packet(Packet(0, sequence & 0xFFFF, number * 160, ssrc, b""), number * 0.02)
    return reception


def test_one_packet_is_not_believed() -> None:
    assert not received(5).valid
    assert not received(5, 9, 40).valid
    assert received(5, 9, 10).valid


def test_losses_are_counted_around_the_wrap() -> None:
    reception = received(65533, 65534, 65535, 1, 2, 5)
    assert reception.highest == 65536 + 5
    # Statistics begin with the packet that ended the probation.
    assert (reception.received, reception.expected, reception.lost) == (5, 8, 3)


def test_packets_that_come_twice_make_up_for_losses() -> None:
    assert received(1, 2, 3, 3, 3, 5).lost == -1
    assert received(1, 2, 4, 3, 5).lost == 0


def test_a_stray_packet_far_off_does_not_count_but_a_sender_that_begins_anew_does() -> None:
    reception = received(1, 2, 3)
    assert not reception.packet(Packet(0, 3 + MAX_DROPOUT, 0, 1, b""), 1.0)
    assert reception.highest == 3
    assert not reception.packet(Packet(0, 40_000, 0, 1, b""), 1.02)
    assert reception.packet(Packet(0, 40_001, 160, 1, b""), 1.04)
    assert (reception.highest, reception.expected, reception.lost) == (40_001, 1, 0)


def test_the_fraction_lost_is_that_since_the_last_report() -> None:
    reception = received(*[n for n in range(101) if n % 10 != 5])
    report = reception.report(2.0)
    assert (report.lost, report.fraction_lost) == (10, 10 * 256 // 100)
    for n in range(101, 201):
        reception.packet(Packet(0, n, n * 160, 1, b""), n * 0.02)
    report = reception.report(4.0)
    assert (report.lost, report.fraction_lost, report.highest) == (10, 0, 200)


def test_jitter_is_that_of_the_rfc() -> None:
    reception = Reception(1)
    chance = random.Random(1)
    expected, before = 0.0, None
    for n in range(200):
        late = chance.choice((0, 3, 7, 40)) / 1000
        reception.packet(Packet(0, n, (2**32 - 8000 + n * 160) % 2**32, 1, b""), 5 + n * 0.02 + late)
        if n:  # the first packet is on probation
            if before is not None:
                expected += (abs(late - before) * 8000 - expected) / 16
            before = late
    assert reception.jitter == pytest.approx(expected, abs=0.01)
    assert reception.largest_jitter >= reception.jitter > 20


def test_even_packets_have_no_jitter() -> None:
    assert received(*range(50)).jitter == pytest.approx(0, abs=1e-6)


def test_a_report_tells_when_the_last_sender_report_came() -> None:
    reception = received(1, 2, 3)
    assert (reception.report(1.0).last_sr, reception.report(1.0).since_sr) == (0, 0)
    reception.sender_report(0x0123456789ABCDEF, 10.0)
    report = reception.report(10.5)
    assert (report.last_sr, report.since_sr) == (0x456789AB, 0x8000)


@given(sequences=st.lists(st.integers(0, 0xFFFF), max_size=200), times=st.integers(0, 2**32 - 1))
def test_no_stream_upsets_the_statistics(sequences: list[int], times: int) -> None:
    reception = Reception(9)
    for number, sequence in enumerate(sequences):
        reception.packet(Packet(0, sequence, times * number & 0xFFFFFFFF, 9, b""), number * 0.02)
        report = reception.report(number * 0.02)
        assert 0 <= report.fraction_lost <= 255
        assert -0x800000 <= report.lost <= 0x7FFFFF
        assert 0 <= report.jitter <= 0xFFFFFFFF
    assert reception.received <= len(sequences)
