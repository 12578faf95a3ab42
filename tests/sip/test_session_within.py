"""Requests within a dialog against a phone that answers: re-INVITE, UPDATE, INFO, OPTIONS, BYE, out of order or not.

The caller's end is the test's own hand, so that it may break the rules.
"""

from __future__ import annotations

import re

import pytest

from simcarrier.sip.message import Response
from simcarrier.sip.session import Ending
from simcarrier.testing import CallIn, Peer, Phone, Wire


def sdp(version: int = 1, codec: int = 0, port: int = 4000) -> str:
    return f"v=0\no=- 7 {version} IN IP4 10.0.0.1\ns=-\nc=IN IP4 10.0.0.1\nt=0 0\nm=audio {port} RTP/AVP {codec}\n" + (
        "" if codec < 96 else f"a=rtpmap:{codec} UNHEARD-OF/8000\n"
    )


class Hand:
    """A caller by hand, and the phone that it calls."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.hand = Peer(self.wire, "10.0.0.1", name="hand")
        self.phone = Phone(self.wire, "10.0.0.2", name="phone")
        self.tag = ""
        self._branch = 0

    def send(
        self,
        method: str,
        number: int,
        body: str = "",
        *lines: str,
        to_tag: str | None = None,
        branch: str = "",
        kind: str = "application/sdp",
    ) -> Response | None:
        """Send a request; the last response to it, None if there was none."""
        self._branch += 1
        tag = self.tag if to_tag is None else to_tag
        data = body.replace("\n", "\r\n")
        extra = [*lines, *([f"Content-Type: {kind}"] if body else [])]
        if not any(line.startswith("Contact:") for line in lines) and method in ("INVITE", "UPDATE"):
            extra.append("Contact: <sip:hand@10.0.0.1>")
        head = [
            f"{method} sip:+4930123@10.0.0.2 SIP/2.0",
            f"Via: SIP/2.0/UDP 10.0.0.1;branch={branch or f'z9hG4bK{self._branch}'}",
            "From: <sip:+4940@10.0.0.1>;tag=hand",
            f"To: <sip:+4930123@10.0.0.2>{f';tag={tag}' if tag else ''}",
            "Call-ID: call",
            f"CSeq: {number} {method}",
            *extra,
            f"Content-Length: {len(data)}",
        ]
        before = len(self.hand.received)
        self.hand.send(("\r\n".join(head) + "\r\n\r\n" + data).encode(), self.phone.address)
        self.wire.run(0)
        answers = [
            message
            for message in self.hand.received[before:]
            if isinstance(message, Response) and message.cseq == (number, method)
        ]
        return answers[-1] if answers else None

    def status(self, *request: str | int, **options: str) -> int:
        """The status that a request gets; 0 for none."""
        response = self.send(*request, **options)  # type: ignore[arg-type]  # passed on as they are
        return response.status if response else 0

    def up(self, body: str = "", *lines: str) -> CallIn:
        """An answered and acknowledged call."""
        self.send("INVITE", 1, body or sdp(), *lines)
        call = self.phone.taken[-1]
        call.answer()
        self.wire.run(0)
        self.tag = self.hand.response(200).to_tag
        self.send("ACK", 1)
        assert call.is_up
        self.wire.forget()
        return call

    def early(self, *lines: str) -> CallIn:
        """A call that rings."""
        self.send("INVITE", 1, sdp(), *lines)
        call = self.phone.taken[-1]
        call.ring()
        self.wire.run(0)
        self.tag = self.hand.response(180).to_tag
        self.wire.forget()
        return call


def version_of(response: Response) -> int:
    found = re.search(rb"^o=\S+ \S+ (\d+) ", response.body, re.MULTILINE)
    assert found is not None, response.raw
    return int(found[1])


def session_of(response: Response) -> bytes:
    found = re.search(rb"^o=(\S+ \S+) ", response.body, re.MULTILINE)
    assert found is not None, response.raw
    return found[1]


def test_a_reinvite_gets_an_answer_and_its_2xx_is_repeated_until_the_ack() -> None:
    line = Hand()
    call = line.up()
    first = line.hand.response(200)
    again = line.send("INVITE", 2, sdp(2))
    assert again is not None
    assert again.status == 200
    assert session_of(again) == session_of(first)
    line.wire.run(2)
    assert len(line.wire.trace.named("200 INVITE")) == 4
    line.send("ACK", 2)
    line.wire.run(60)
    assert len(line.wire.trace.named("200 INVITE")) == 4
    assert call.is_up


def test_the_version_moves_only_with_a_change() -> None:
    line = Hand()
    line.up()
    first = version_of(line.hand.response(200))
    versions = []
    for number, body in ((2, sdp(1)), (3, sdp(2, codec=8)), (4, sdp(2, codec=8)), (5, sdp(3, codec=0))):
        response = line.send("INVITE", number, body)
        assert response is not None
        versions.append(version_of(response) - first)
        line.send("ACK", number)
    assert versions == [0, 1, 1, 2]


def test_a_reinvite_without_an_offer_gets_one() -> None:
    line = Hand()
    call = line.up()
    response = line.send("INVITE", 2)
    assert response is not None
    assert b"m=audio" in response.body
    line.send("ACK", 2, sdp(2))
    line.wire.run(60)
    assert call.is_up


def test_a_reinvite_before_the_ack_to_the_one_before_is_put_off() -> None:
    line = Hand()
    call = line.up()
    line.send("INVITE", 2, sdp(2))
    response = line.send("INVITE", 3, sdp(3))
    assert response is not None
    assert response.status == 500
    assert response.get("retry-after") == "1"
    assert line.status("ACK", 3) == 0
    assert line.status("ACK", 2) == 0
    assert line.status("INVITE", 4, sdp(3)) == 200
    line.send("ACK", 4)
    assert call.is_up


def test_a_reinvite_of_an_early_dialog_is_put_off() -> None:
    line = Hand()
    line.early()
    assert line.status("INVITE", 2, sdp(2)) == 500


def test_a_reinvite_whose_2xx_nobody_acknowledges_ends_the_call() -> None:
    line = Hand()
    call = line.up()
    line.send("INVITE", 2, sdp(2))
    line.wire.run(40)
    assert call.ending is Ending.UNACKNOWLEDGED
    assert line.hand.request("BYE").to_tag == "hand"


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_an_offer_that_cannot_be_accepted_gets_488_with_a_warning_and_the_call_stays(method: str) -> None:
    line = Hand()
    call = line.up()
    response = line.send(method, 2, sdp(2, codec=99))
    assert response is not None
    assert response.status == 488
    assert re.fullmatch(r'3\d\d \S+ ".+"', response.get("warning") or "")
    line.send("ACK", 2, branch="z9hG4bK3")
    assert line.status(method, 3, sdp(2)) == 200
    line.send("ACK", 3)
    assert call.is_up


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_an_offer_that_cannot_be_read_gets_400(method: str) -> None:
    line = Hand()
    line.up()
    assert line.status(method, 2, "rubbish\n") == 400


def test_update_is_answered() -> None:
    line = Hand()
    call = line.up()
    with_offer = line.send("UPDATE", 2, sdp(2, codec=8))
    without = line.send("UPDATE", 3)
    assert with_offer is not None
    assert without is not None
    assert (with_offer.status, without.status) == (200, 200)
    assert b"m=audio" in with_offer.body
    assert without.body == b""
    assert with_offer.contact is not None
    assert call.is_up


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_the_target_is_the_contact_of_the_last_refresh(method: str) -> None:
    line = Hand()
    call = line.up()
    line.send(method, 2, sdp(2), "Contact: <sip:moved@10.0.0.1:5060;x=1>")
    line.send("ACK", 2)
    call.hang_up()
    line.wire.run(0)
    assert line.hand.request("BYE").uri == "sip:moved@10.0.0.1:5060;x=1"


@pytest.mark.parametrize(
    ("method", "status"), [("INFO", 200), ("OPTIONS", 200), ("PRACK", 481), ("MESSAGE", 405), ("NONSENSE", 501)]
)
def test_other_methods_within_the_dialog(method: str, status: int) -> None:
    line = Hand()
    call = line.up()
    response = line.send(method, 2)
    assert response is not None
    assert response.status == status
    assert ("Allow" in response.head) is (status in (405, 501) or method == "OPTIONS")
    assert call.is_up


def test_info_may_carry_any_body() -> None:
    line = Hand()
    line.up()
    assert line.status("INFO", 2, "Signal=1\n", kind="application/dtmf-relay") == 200


def test_an_unknown_extension_is_refused_and_the_call_stays() -> None:
    line = Hand()
    call = line.up()
    response = line.send("INVITE", 2, sdp(2), "Require: unheard-of")
    assert response is not None
    assert (response.status, response.get("unsupported")) == (420, "unheard-of")
    assert call.is_up


def test_a_number_that_is_too_low_gets_500() -> None:
    line = Hand()
    call = line.up()
    assert line.status("INFO", 9) == 200
    assert line.status("INFO", 8) == 500
    assert line.status("BYE", 3) == 500
    assert call.is_up
    assert line.status("BYE", 10) == 200
    assert call.ending is Ending.HUNG_UP_BY_PEER


@pytest.mark.parametrize("method", ["BYE", "INFO", "UPDATE", "PRACK", "INVITE", "OPTIONS"])
@pytest.mark.parametrize("tag", ["wrong", None], ids=["wrong tag", "after the end"])
def test_a_dialog_that_does_not_exist_gets_481(method: str, tag: str | None) -> None:
    line = Hand()
    call = line.up()
    if tag is None:
        call.hang_up()
        line.wire.run(0)
    assert line.status(method, 2, to_tag=tag or line.tag) == 481


@pytest.mark.parametrize("method", ["BYE", "INFO", "UPDATE", "PRACK"])
def test_what_needs_a_dialog_gets_481_without_one(method: str) -> None:
    assert Hand().status(method, 1) == 481


def test_a_stray_ack_is_nobody_s() -> None:
    line = Hand()
    line.send("ACK", 1, to_tag="nobody")
    line.wire.expect("-> ACK")


def test_a_bye_on_an_early_dialog_ends_the_call_with_487() -> None:
    line = Hand()
    call = line.early()
    line.send("BYE", 2)
    line.wire.expect("-> BYE", "<- 200 BYE", "<- 487 INVITE")
    line.send("ACK", 1, branch="z9hG4bK1")
    line.wire.settle()
    assert call.ending is Ending.CANCELLED
    assert line.phone.idle


def test_a_bye_before_the_ack_ends_the_repetition_of_the_2xx() -> None:
    line = Hand()
    line.send("INVITE", 1, sdp())
    call = line.phone.taken[0]
    call.answer()
    line.wire.run(0)
    line.tag = line.hand.response(200).to_tag
    assert line.status("BYE", 2) == 200
    line.wire.run(60)
    assert call.ending is Ending.HUNG_UP_BY_PEER
    assert len(line.wire.trace.named("200 INVITE")) == 1
    assert line.phone.idle


def test_a_cancel_of_a_reinvite_that_was_answered_gets_200_and_changes_nothing() -> None:
    line = Hand()
    call = line.up()
    line.send("INVITE", 2, sdp(2), branch="z9hG4bKre")
    assert line.status("CANCEL", 2, branch="z9hG4bKre") == 200
    line.send("ACK", 2)
    line.wire.run(60)
    assert call.is_up


def test_an_ack_whose_answer_cannot_be_read_ends_a_call_with_our_offer() -> None:
    line = Hand()
    line.send("INVITE", 1)
    call = line.phone.taken[0]
    call.answer()
    line.wire.run(0)
    line.tag = line.hand.response(200).to_tag
    line.send("ACK", 1, "rubbish\n")
    assert line.hand.request("BYE").to_tag == "hand"
    assert call.ending is Ending.HUNG_UP_BY_US


def test_a_body_in_an_ack_that_owes_no_answer_is_passed_over() -> None:
    line = Hand()
    line.send("INVITE", 1, sdp())
    call = line.phone.taken[0]
    call.answer()
    line.wire.run(0)
    line.tag = line.hand.response(200).to_tag
    line.send("ACK", 1, "rubbish\n")
    assert call.is_up


def test_requests_go_along_the_record_route() -> None:
    line = Hand()
    proxy = Peer(line.wire, "10.0.0.7", name="proxy")
    call = line.up("", "Record-Route: <sip:10.0.0.7;lr>, <sip:p2;lr>", "Contact: <sip:hand@10.0.0.1>")
    assert line.hand.response(200).values("record-route") == ["<sip:10.0.0.7;lr>", "<sip:p2;lr>"]
    call.hang_up()
    line.wire.run(0)
    bye = proxy.request("BYE")
    assert (bye.uri, bye.get_all("route")) == ("sip:hand@10.0.0.1", ["<sip:10.0.0.7;lr>", "<sip:p2;lr>"])


def test_a_call_without_contact_can_still_be_hung_up() -> None:
    line = Hand()
    call = line.up("", "Contact: *")
    call.hang_up()
    line.wire.run(0)
    assert line.hand.request("BYE").uri == "sip:+4940@10.0.0.1"
