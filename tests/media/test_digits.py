"""RFC 4733: each digit is sent as the RFC says and heard once, whatever is lost or comes twice."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.media.digits import EVENTS, STEP, Digit, DigitPacket, DigitReceiver, Event, packets, parse
from simcarrier.media.errors import MediaError
from simcarrier.media.rtp import Packet

DIGITS = st.text(EVENTS, min_size=1, max_size=8)


def as_rtp(made: list[DigitPacket], begin: int = 2**32 - 500) -> list[Packet]:
    return [
        Packet(101, number, (begin + one.offset) % 2**32, 1, one.payload, one.marker) for number, one in enumerate(made)
    ]


def heard(sent: list[Packet], *, until: float = 1e6) -> list[Digit]:
    receiver = DigitReceiver()
    found: list[Digit] = []
    for number, packet in enumerate(sent):
        found += receiver.packet(packet, number * 0.02)
    found += receiver.passed(until)
    return found


def test_a_digit_is_told_from_its_beginning_and_its_end_three_times() -> None:
    sent = list(packets("5#", length=0.06, pause=0.1))
    first = [(one.at, one.offset, one.marker, parse(one.payload)) for one in sent[:5]]
    assert [at for at, *_ in first] == [0, 160, 320, 480, 640]
    assert {offset for _, offset, _, _ in first} == {0}
    assert [marker for _, _, marker, _ in first] == [True, False, False, False, False]
    events = [event for *_, event in first]
    assert [event.duration for event in events] == [160, 320, 480, 480, 480]
    assert [event.end for event in events] == [False, False, True, True, True]
    assert {event.number for event in events} == {5}
    assert (sent[5].at, sent[5].offset, sent[5].marker, parse(sent[5].payload).number) == (1280, 1280, True, 11)


def test_the_payload_as_it_is_sent() -> None:
    assert bytes(Event(11, 800, end=True, volume=10)) == b"\x0b\x8a\x03\x20"
    # The reserved bit is not looked at.
    assert parse(b"\x0b\xca\x03\x20") == Event(11, 800, end=True, volume=10)


@given(digits=DIGITS, length=st.floats(0.02, 0.4), pause=st.floats(0.0, 0.3))
def test_every_digit_is_heard_once(digits: str, length: float, pause: float) -> None:
    found = heard(as_rtp(list(packets(digits, length=length, pause=pause))))
    assert "".join(digit.digit for digit in found) == digits
    assert all(digit.complete and digit.duration == max(round(length * 50), 1) * STEP for digit in found)


@given(digits=DIGITS, seed=st.integers(0, 10_000))
def test_losses_do_not_double_a_digit_nor_change_it(digits: str, seed: int) -> None:
    chance = random.Random(seed)
    sent = as_rtp(list(packets(digits)))
    left = [packet for packet in sent if chance.random() > 0.3]
    told = {packet.timestamp: EVENTS[packet.payload[0]] for packet in left}
    assert [digit.digit for digit in heard(left)] == list(told.values())


@given(digits=DIGITS, seed=st.integers(0, 10_000))
def test_packets_that_come_twice_or_overtake_each_other_do_no_harm(digits: str, seed: int) -> None:
    chance = random.Random(seed)
    sent = [packet for packet in as_rtp(list(packets(digits, pause=0.2))) for _ in range(chance.choice((1, 2)))]
    order = sorted(range(len(sent)), key=lambda at: at + chance.random() * 2)
    assert "".join(digit.digit for digit in heard([sent[at] for at in order])) == digits


def test_a_digit_without_an_end_is_over_after_a_while_or_with_the_next() -> None:
    first, second = as_rtp(list(packets("12")))[0], as_rtp(list(packets("12")))[7]
    receiver = DigitReceiver()
    assert receiver.packet(first, 0.0) == ()
    assert receiver.passed(0.1) == ()
    assert receiver.passed(0.3) == (Digit("1", 160, complete=False),)
    assert receiver.passed(9.0) == ()
    receiver = DigitReceiver()
    receiver.packet(first, 0.0)
    assert receiver.packet(second, 0.2) == (Digit("1", 160, complete=False),)


def test_events_that_are_no_digits_are_passed_over() -> None:
    assert heard([Packet(101, 1, 1, 1, bytes(Event(36, 160, end=True)))]) == []


@given(payloads=st.lists(st.tuples(st.binary(max_size=6), st.integers(0, 2**32 - 1)), max_size=30))
def test_any_bytes_are_an_event_or_a_fault(payloads: list[tuple[bytes, int]]) -> None:
    receiver = DigitReceiver()
    for number, (payload, timestamp) in enumerate(payloads):
        try:
            found = receiver.packet(Packet(101, number, timestamp, 1, payload), number * 0.02)
        except MediaError:
            assert len(payload) != 4
        else:
            assert len(found) <= 2


@pytest.mark.parametrize(("digits", "length", "why"), [("12x", 0.1, "'x' is no digit"), ("1", 9.0, "at most 8 s")])
def test_what_cannot_be_sent_is_refused(digits: str, length: float, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        list(packets(digits, length=length))
