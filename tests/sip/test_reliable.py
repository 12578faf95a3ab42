"""Reliable provisional responses, both ends (RFC 3262): RSeq, PRACK, repetition, the queue, what a 2xx waits for."""

from __future__ import annotations

import pytest

from simcarrier.sip.errors import Malformed
from simcarrier.sip.message import Response
from simcarrier.sip.session import Ending
from simcarrier.testing import CallIn, Peer, Phone, Weather, Wire

SDP = "v=0\r\no=- 7 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"


class Hand:
    """A caller by hand that understands 100rel as ``lines`` say, and the phone that it calls."""

    def __init__(self, *lines: str, body: str = SDP) -> None:
        self.wire = Wire()
        self.hand = Peer(self.wire, "10.0.0.1", name="hand")
        self.phone = Phone(self.wire, "10.0.0.2", name="phone")
        self.lines = list(lines)
        self.tag = ""
        self.send("INVITE", 1, *lines, *(["Content-Type: application/sdp"] if body else []), body=body)
        self.wire.forget()

    @property
    def call(self) -> CallIn:
        return self.phone.taken[0]

    def send(self, method: str, number: int, *lines: str, body: str = "", branch: str = "") -> None:
        head = [
            f"{method} sip:+4930123@10.0.0.2 SIP/2.0",
            f"Via: SIP/2.0/UDP 10.0.0.1;branch={branch or f'z9hG4bK{method}{number}'}",
            "From: <sip:+4940@10.0.0.1>;tag=hand",
            f"To: <sip:+4930123@10.0.0.2>{f';tag={self.tag}' if self.tag else ''}",
            "Call-ID: call",
            f"CSeq: {number} {method}",
            "Contact: <sip:hand@10.0.0.1>",
            *lines,
            f"Content-Length: {len(body)}",
        ]
        self.hand.send(("\r\n".join(head) + "\r\n\r\n" + body).encode(), self.phone.address)
        self.wire.run(0)

    def provisional(self, status: int = 180) -> Response:
        """The provisional response that came last; its tag is the dialog's from here on."""
        self.wire.run(0)
        response = self.hand.response(status)
        self.tag = response.to_tag
        return response

    def prack(self, number: int, rack: str, *lines: str, body: str = "") -> int:
        """Send a PRACK; the status that it gets."""
        self.send("PRACK", number, f"RAck: {rack}", *lines, body=body)
        found = [m for m in self.hand.received if isinstance(m, Response) and _is_to(m, number)]
        return found[-1].status

    def acknowledge(self, number: int, status: int = 180) -> int:
        """Send the PRACK that the last provisional response wants."""
        return self.prack(number, f"{self.provisional(status).get('rseq')} 1 INVITE")


def _is_to(response: Response, number: int) -> bool:
    try:
        return response.cseq == (number, "PRACK")
    except Malformed:
        return False


def is_reliable(response: Response) -> bool:
    return response.get("rseq") is not None and "100rel" in response.tokens("require")


@pytest.mark.parametrize(
    ("lines", "asked", "reliable"),
    [
        pytest.param(["Require: 100rel"], False, True, id="the caller demands it"),
        pytest.param(["Supported: 100rel"], True, True, id="both can"),
        pytest.param(["Supported: timer"], True, False, id="the caller cannot"),
        pytest.param(["Supported: 100rel"], False, False, id="nobody asks"),
    ],
)
def test_when_a_provisional_is_reliable(lines: list[str], asked: bool, reliable: bool) -> None:
    line = Hand(*lines)
    line.call.ring(reliable=asked)
    assert is_reliable(line.provisional()) is reliable
    line.wire.run(2)
    assert len(line.wire.trace.named("180")) == (3 if reliable else 1)


def test_it_is_repeated_with_doubled_intervals_until_the_prack() -> None:
    line = Hand("Require: 100rel")
    line.call.ring()
    line.wire.run(20)
    assert line.wire.trace.times("180") == [0.0, 0.5, 1.5, 3.5, 7.5, 15.5]
    assert line.acknowledge(2) == 200
    line.wire.run(60)
    assert len(line.wire.trace.times("180")) == 6


def test_without_a_prack_the_call_is_refused_after_32_s() -> None:
    line = Hand("Require: 100rel")
    line.call.ring()
    line.wire.run(40)
    assert line.wire.trace.times("180") == [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert line.wire.trace.times("504")[0] == 32.0
    assert line.call.cancelled_at == [32.0]
    line.wire.settle()
    assert line.call.ending is Ending.UNACKNOWLEDGED
    assert line.phone.idle


@pytest.mark.parametrize(
    "rack",
    ["{next} 1 INVITE", "{rseq} 2 INVITE", "{rseq} 1 UPDATE", "{rseq} 1", "rubbish", "", "{rseq} 1 INVITE more"],
    ids=["rseq", "cseq", "method", "short", "rubbish", "empty", "long"],
)
def test_a_prack_that_names_another_response_gets_481(rack: str) -> None:
    line = Hand("Require: 100rel")
    line.call.ring()
    rseq = int(line.provisional().get("rseq") or 0)
    assert line.prack(2, rack.format(rseq=rseq, next=rseq + 1)) == 481
    line.wire.run(1)
    assert len(line.wire.trace.times("180")) > 1
    assert line.prack(3, f"{rseq} 1 INVITE") == 200


def test_a_second_prack_for_the_same_response_gets_481() -> None:
    line = Hand("Require: 100rel")
    line.call.ring()
    assert line.acknowledge(2) == 200
    assert line.acknowledge(3) == 481


def test_a_prack_to_an_unreliable_response_gets_481() -> None:
    line = Hand()
    line.call.ring()
    line.provisional()
    assert line.prack(2, "1 1 INVITE") == 481


def test_a_second_one_waits_for_the_prack_to_the_first() -> None:
    line = Hand("Require: 100rel")
    line.call.ring(183)
    line.call.ring(180)
    line.wire.run(0)
    line.wire.expect("<- 183")
    first = int(line.provisional(183).get("rseq") or 0)
    line.acknowledge(2, 183)
    line.wire.expect("-> PRACK", "<- 200 PRACK", "<- 180")
    assert int(line.provisional().get("rseq") or 0) == first + 1
    assert line.acknowledge(3) == 200


def test_a_2xx_waits_for_the_prack_to_a_description() -> None:
    line = Hand("Require: 100rel")
    line.call.ring(183, with_sdp=True)
    line.call.answer()
    line.wire.run(0)
    line.wire.expect("<- 183")
    assert line.call.session.answered_at is None
    line.acknowledge(2, 183)
    line.wire.expect("-> PRACK", "<- 200 PRACK", "<- 200 INVITE")
    assert line.hand.response(200).body == line.hand.response(183).body


def test_a_2xx_does_not_wait_for_the_prack_to_a_mere_180() -> None:
    line = Hand("Require: 100rel")
    line.call.ring()
    line.call.answer()
    line.wire.run(0.1)
    line.wire.expect("<- 180", "<- 200 INVITE")
    line.wire.run(5)
    assert len(line.wire.trace.times("180")) == 1


def test_a_refusal_waits_for_nothing() -> None:
    line = Hand("Require: 100rel")
    line.call.ring(183, with_sdp=True)
    line.call.ring(180)
    line.call.refuse(486)
    line.wire.run(0.1)
    line.wire.expect("<- 183", "<- 486 INVITE")
    line.wire.run(20)
    assert len(line.wire.trace.times("183")) == 1
    assert line.wire.trace.times("180") == []


def test_a_cancel_ends_the_repetition_and_what_waits() -> None:
    line = Hand("Require: 100rel")
    line.call.ring(183, with_sdp=True)
    line.call.answer()
    line.send("CANCEL", 1, branch="z9hG4bKINVITE1")
    line.tag = line.hand.response(487).to_tag
    line.send("ACK", 1, branch="z9hG4bKINVITE1")
    line.wire.run(60)
    assert len(line.wire.trace.times("183")) == 1
    assert line.wire.trace.codes() == [183, 487]
    assert line.call.ending is Ending.CANCELLED
    assert line.phone.idle


def test_without_an_offer_the_provisional_makes_one_and_the_prack_answers_it() -> None:
    line = Hand("Require: 100rel", body="")
    line.call.ring(183, with_sdp=True)
    assert b"m=audio" in line.provisional(183).body
    rack = f"{line.provisional(183).get('rseq')} 1 INVITE"
    assert line.prack(2, rack, "Content-Type: application/sdp", body=SDP) == 200
    media = line.call.session.media
    assert media is not None
    assert media.remote


def test_a_new_offer_in_the_prack_is_answered_in_its_200() -> None:
    line = Hand("Require: 100rel")
    line.call.ring(183, with_sdp=True)
    rack = f"{line.provisional(183).get('rseq')} 1 INVITE"
    assert line.prack(2, rack, "Content-Type: application/sdp", body=SDP) == 200
    assert b"m=audio" in line.hand.response(200).body


@pytest.mark.parametrize(("body", "status"), [("rubbish", 400), (SDP.replace("AVP 0", "AVP 99"), 488)])
def test_a_bad_offer_in_the_prack_is_refused(body: str, status: int) -> None:
    line = Hand("Require: 100rel")
    line.call.ring(183, with_sdp=True)
    rack = f"{line.provisional(183).get('rseq')} 1 INVITE"
    assert line.prack(2, rack, "Content-Type: application/sdp", body=body) == status
    assert line.prack(3, rack) == 200


@pytest.mark.parametrize("lost", ["180", "PRACK", "200 PRACK"])
def test_with_two_phones_a_loss_is_made_good(lost: str) -> None:
    wire = Wire(weather=Weather(delay=0.01))
    caller, callee = Phone(wire, "10.0.0.1", name="caller"), Phone(wire, "10.0.0.2", name="callee")
    out = caller.dial(callee)
    wire.run(0.05)
    wire.lose(lost)
    call = callee.taken[0]
    call.ring(with_sdp=True, reliable=True)
    call.answer()
    wire.run(10)
    assert out.is_up
    assert out.codes == [180, 200]
    out.hang_up()
    wire.settle()
    assert caller.idle
    assert callee.idle
    assert len({prack.get("rack") for prack in wire.trace.requests("PRACK")}) == 1
