"""RTCP: compounds read and written."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.media.errors import MediaError
from simcarrier.media.reception import ReportBlock
from simcarrier.media.rtcp import (
    Bye,
    Description,
    Other,
    ReceiverReport,
    Report,
    SenderReport,
    compound,
    described,
    ntp_of,
    parse,
)

INTS = st.integers(0, 0xFFFFFFFF)
BLOCKS = st.lists(
    st.builds(ReportBlock, INTS, st.integers(0, 255), st.integers(-0x800000, 0x7FFFFF), INTS, INTS, INTS, INTS),
    max_size=4,
).map(tuple)
REPORTS = st.builds(ReceiverReport, INTS, BLOCKS) | st.builds(
    SenderReport, INTS, st.integers(0, 2**64 - 1), INTS, INTS, INTS, BLOCKS
)
ITEMS = st.lists(st.tuples(st.integers(1, 8), st.binary(max_size=20)), max_size=3).map(tuple)
OTHERS = (
    st.builds(Description, st.lists(st.tuples(INTS, ITEMS), max_size=3).map(tuple))
    | st.builds(Bye, st.lists(INTS, max_size=3).map(tuple), st.text("abc é", max_size=10))
    | st.just(Other(204, b"\x80\xcc\x00\x02\x00\x00\x00\x01test"))
)


@given(first=REPORTS, others=st.lists(OTHERS | REPORTS, max_size=3))
def test_what_is_written_is_read_back(first: Report, others: list[Report]) -> None:
    assert parse(compound(first, *others)) == (first, *others)


@given(data=st.binary(max_size=120) | st.binary(max_size=120).map(lambda rest: b"\x81\xc8\x00" + rest))
def test_any_bytes_are_packets_or_a_fault(data: bytes) -> None:
    with suppress(MediaError):
        assert parse(data)


@given(first=REPORTS, others=st.lists(OTHERS, max_size=2), at=st.integers(0, 400), value=st.integers(0, 255))
def test_a_damaged_compound_is_read_or_a_fault(first: Report, others: list[Report], at: int, value: int) -> None:
    data = bytearray(compound(first, *others))
    data[at % len(data)] = value
    with suppress(MediaError):
        parse(bytes(data))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(b"\x80\xc9\x00", "shorter", id="too short"),
        pytest.param(compound(Bye((1,))), "begin with a report", id="begins with BYE"),
        pytest.param(b"\x80\xc9\x00\x02" + bytes(4), "cut off", id="cut off"),
        pytest.param(b"\x81\xc9\x00\x01" + bytes(4), "count", id="a block that is not there"),
        pytest.param(
            compound(ReceiverReport(1)) + b"\x81\xca\x00\x02" + bytes(4) + b"\x01\x09ab", "cut off", id="item"
        ),
        pytest.param(
            compound(ReceiverReport(1)) + b"\x81\xca\x00\x01" + bytes(4), "does not end", id="no end of items"
        ),
        pytest.param(compound(ReceiverReport(1)) + b"\x00\xca\x00\x00", "version", id="version 0"),
        pytest.param(compound(ReceiverReport(1)) + b"\xa0\xcb\x00\x01\x00\x00\x00\x09", "padding", id="padding"),
    ],
)
def test_what_is_no_compound_is_told(data: bytes, why: str) -> None:
    with pytest.raises(MediaError, match=why):
        parse(data)


def test_a_sender_report_as_it_is_sent() -> None:
    block = ReportBlock(0x22222222, 0x40, -2, 0x00010003, 9, 0x33333333, 0x8000)
    data = compound(SenderReport(0x11111111, 0x0102030405060708, 160, 5, 800, (block,)), described(0x11111111, "a@b"))
    assert data.hex() == (
        "81c8000c" "11111111" "0102030405060708" "000000a0" "00000005" "00000320"
        "22222222" "40fffffe" "00010003" "00000009" "33333333" "00008000"
        "81ca0003" "11111111" "0103614062" "000000"
    )  # fmt: skip
    told = parse(data)[1]
    assert isinstance(told, Description)
    assert (told.cname(0x11111111), told.cname(1)) == ("a@b", None)


def test_the_clock_begins_in_1900() -> None:
    assert ntp_of(0) == 2_208_988_800 << 32
    assert ntp_of(0.5) & 0xFFFFFFFF == 0x80000000


def test_what_cannot_be_written_is_refused() -> None:
    with pytest.raises(ValueError, match="31"):
        compound(Bye(tuple(range(32))))
    with pytest.raises(ValueError, match="255"):
        compound(described(1, "x" * 256))
