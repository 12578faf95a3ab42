"""Kamailio between SIPp and two carriers: a 503 of the first sends the call to the second, a 603 does not.

The 503 says that this route has no capacity now (RFC 3261 section 21.5.4), the 603 that the called person declined
(section 21.6.2), which no other route can change. What each carrier tells of its calls proves who got which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .harness import Carrier, peer
from .kamailio import Kamailio
from .ladder import ACK, BYE, CANCEL, INVITE, Asked, Ladder, Pause, got
from .sipp import Sipp

pytestmark = pytest.mark.interop

Start = Callable[..., Carrier]
Proxy = Callable[[Carrier, Carrier], str]

UP = got(200, "OK", sdp=True, record_route="<sip:.*;lr.*>")
# Kamailio says 100 itself and keeps the carriers' to itself.
RINGING: Ladder = [INVITE, got(100), got(180, "Ringing")]
ANSWERED: Ladder = [*RINGING, UP, ACK, Pause(0.1), BYE, got(200)]


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    """Puts a Kamailio in front of two carriers; returns its address."""
    program = peer("kamailio")
    started: list[Kamailio] = []

    def start(first: Carrier, second: Carrier) -> str:
        started.append(Kamailio(program, tmp_path, first=first.address, second=second.address))
        return started[-1].address

    try:
        yield start
    finally:
        for each in started:
            each.stop()


def test_a_503_sends_the_call_to_the_second(carrier: Start, proxy: Proxy, sipp: Sipp) -> None:
    first, second = carrier("unavailable-503"), carrier("lines-full-603", "--set", "lines=10")
    sipp.call(ANSWERED, proxy(first, second), calls=3)

    refused, answered = first.ended_calls(3), second.ended_calls(3)
    assert [(call["code"], call["ending"]) for call in refused] == [(503, "refused")] * 3
    assert [(call["code"], call["ending"]) for call in answered] == [(200, "hung_up_by_peer")] * 3
    assert {call["call_id"] for call in refused} == {call["call_id"] for call in answered}
    assert all(call["acknowledged_after"] is not None for call in answered)
    assert first.stop()["codes"] == {"503": 3}
    assert second.stop()["codes"] == {"200": 3}


def test_a_603_ends_the_call(carrier: Start, proxy: Proxy, sipp: Sipp, tmp_path: Path) -> None:
    declines = tmp_path / "declines.yaml"
    declines.write_text(
        "name: Declined\ncalls:\n  - {name: declined, respond: {code: 603, trying: true, delay: 100ms}}\n"
    )
    first, second = carrier(declines), carrier("lines-full-603")
    sipp.call([INVITE, got(100), got(603, "Decline"), ACK], proxy(first, second), calls=3)

    assert [(call["code"], call["ending"]) for call in first.ended_calls(3)] == [(603, "refused")] * 3
    assert second.stop()["calls"] == 0


def test_all_lines_taken_is_no_reason_to_go_on(carrier: Start, proxy: Proxy, sipp: Sipp) -> None:
    first, second = carrier("lines-full-603", "--set", "lines=1"), carrier("lines-full-603")
    address = proxy(first, second)
    held = sipp.start([*RINGING, UP, ACK, Pause(1), BYE, got(200)], address)
    held.wait_for("ACK sip:")
    sipp.call([INVITE, got(100), got(603, "Decline"), ACK], address)
    held.finished()

    assert [(call["code"], call["why"]) for call in first.ended_calls(2)] == [(200, None), (603, "lines 1 of 1")]
    assert second.stop()["calls"] == 0


def test_the_first_answers(carrier: Start, proxy: Proxy, sipp: Sipp) -> None:
    first, second = carrier("lines-full-603"), carrier("lines-full-603")
    sipp.call(ANSWERED, proxy(first, second))
    assert [call["ending"] for call in first.ended_calls(1)] == ["hung_up_by_peer"]
    assert second.stop()["calls"] == 0


def test_cancel_reaches_the_second(carrier: Start, proxy: Proxy, sipp: Sipp) -> None:
    first, second = carrier("unavailable-503"), carrier("ringing-then-declined")
    sipp.call([*RINGING, CANCEL, got(200), got(487, to="INVITE"), ACK], proxy(first, second))
    assert [(call["code"], call["ending"]) for call in second.ended_calls(1)] == [(487, "cancelled")]


def test_the_second_hangs_up_through_the_proxy(carrier: Start, proxy: Proxy, sipp: Sipp) -> None:
    first, second = carrier("unavailable-503"), carrier("lines-full-603")
    dialler = sipp.start([*RINGING, UP, ACK, Asked("BYE")], proxy(first, second))
    dialler.wait_for("ACK sip:")
    second.stop()
    dialler.finished()
    bye = dialler.traffic.partition("BYE sip:")[2].partition("SIP/2.0 200")[0]
    assert bye.count("Via: ") == 2
    assert [(call["code"], call["ending"]) for call in second.calls] == [(200, "hung_up_by_us")]
