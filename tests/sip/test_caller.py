"""The calling end against responses written by hand: forks, repetitions, late answers, routes (RFC 3261 13.2)."""

from __future__ import annotations

import pytest

from simcarrier.sip.description import MediaEnd
from simcarrier.sip.errors import LocalProtocolError
from simcarrier.sip.message import Request
from simcarrier.sip.session import Ending
from simcarrier.testing import CallOut, Peer, Phone, Wire

CONTACT = ("Contact", "<sip:callee@10.0.0.2:5060>")
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)
SDP_TYPE = ("Content-Type", "application/sdp")


class Call:
    """A caller, and the test's hand at the other end."""

    def __init__(self, *, with_offer: bool = True, listener: MediaEnd | None = None) -> None:
        self.wire = Wire()
        self.phone = Phone(self.wire, "10.0.0.1", name="caller")
        if listener is not None:
            self.phone.agent.open_media = lambda session, host: listener
        self.peer = Peer(self.wire, "10.0.0.2", name="hand")
        self.out: CallOut = self.phone.dial(self.peer.channel.local, with_offer=with_offer)
        self.wire.run(0)
        self.invite = self.peer.request("INVITE")
        self.wire.forget()

    def answer(
        self, status: int, tag: str, *fields: tuple[str, str], request: Request | None = None, body: bytes = b""
    ) -> None:
        """Send a response with a Contact, and let what follows from it arrive."""
        self.peer.answer(request or self.invite, status, tag=tag, fields=(CONTACT, *fields), body=body)
        self.wire.run(0)

    def finish(self) -> None:
        """Answer every request that waits, and see that nothing is left."""
        for message in self.peer.received:
            if isinstance(message, Request) and message.method in ("BYE", "CANCEL", "PRACK"):
                self.peer.answer(message, 200)
        self.wire.settle()
        assert self.phone.idle


def test_a_fork_s_further_answers_are_acknowledged_and_hung_up() -> None:
    call = Call()
    call.answer(180, "a")
    call.answer(180, "b")
    call.answer(200, "b")
    call.wire.expect("<- 180", "<- 180", "<- 200 INVITE", "-> ACK")
    call.answer(200, "a")
    call.wire.expect("<- 200 INVITE", "-> ACK", "-> BYE")
    assert call.peer.request("BYE").to_tag == "a"
    assert [ack.to_tag for ack in call.wire.trace.requests("ACK")] == ["b", "a"]
    assert call.out.is_up
    assert call.out.codes == [180, 180, 200]
    call.out.hang_up()
    call.wire.run(0)
    assert call.peer.request("BYE").to_tag == "b"
    call.finish()


@pytest.mark.parametrize("tag", ["kept", "other"])
def test_a_repeated_answer_gets_the_same_ack_again_and_no_second_bye(tag: str) -> None:
    call = Call()
    call.answer(200, "kept")
    call.answer(200, tag)
    acks = [passage.data for passage in call.wire.trace.named("ACK")]
    byes = len(call.wire.trace.named("BYE"))
    call.answer(200, tag)
    again = [passage.data for passage in call.wire.trace.named("ACK")]
    assert again == [*acks, acks[-1]]
    assert len(call.wire.trace.named("BYE")) == byes == (tag == "other")
    call.out.hang_up()
    call.finish()


def test_an_answer_after_the_call_was_hung_up_is_acknowledged_all_the_same() -> None:
    call = Call()
    call.answer(200, "a")
    call.out.hang_up()
    call.wire.run(0)
    call.wire.forget()
    call.answer(200, "a")
    call.answer(200, "b")
    call.wire.expect("<- 200 INVITE", "-> ACK", "<- 200 INVITE", "-> ACK", "-> BYE")
    assert call.out.ending is Ending.HUNG_UP_BY_US
    assert len(call.out.endings) == 1
    call.finish()


def test_an_answer_that_comes_after_all_timers_is_nobody_s() -> None:
    call = Call()
    call.answer(200, "a")
    call.out.hang_up()
    call.finish()
    call.wire.forget()
    call.answer(200, "a")
    call.wire.expect("<- 200 INVITE")


def test_ack_and_bye_follow_the_record_route_and_the_contact() -> None:
    call = Call()
    routes = [("Record-Route", "<sip:10.0.0.2:5060;lr>, <sip:10.0.0.2:5060;lr;n=2>"), ("Record-Route", "<sip:p3;lr>")]
    call.answer(200, "a", *routes)
    ack = call.peer.request("ACK")
    assert ack.uri == "sip:callee@10.0.0.2:5060"
    # In reverse order; the first has no IP address, so it goes to where the INVITE went.
    assert ack.get_all("route") == ["<sip:p3;lr>", "<sip:10.0.0.2:5060;lr;n=2>", "<sip:10.0.0.2:5060;lr>"]
    call.out.hang_up()
    call.wire.run(0)
    assert call.peer.request("BYE").get_all("route") == ack.get_all("route")
    call.finish()


def test_a_strict_router_gets_its_own_uri_in_the_request_line() -> None:
    call = Call()
    call.answer(200, "a", ("Record-Route", "<sip:10.0.0.2:5060;lr>, <sip:strict@10.0.0.2;x=1>"))
    ack = call.peer.request("ACK")
    assert ack.uri == "sip:strict@10.0.0.2;x=1"
    assert ack.get_all("route") == ["<sip:10.0.0.2:5060;lr>", "<sip:callee@10.0.0.2:5060>"]
    call.out.hang_up()
    call.wire.run(0)
    assert call.peer.request("BYE").uri == "sip:strict@10.0.0.2;x=1"
    call.finish()


def test_the_next_hop_is_the_contact_s_address() -> None:
    call = Call()
    elsewhere = Peer(call.wire, "10.0.0.3", 5080, name="elsewhere")
    call.peer.answer(call.invite, 200, tag="a", fields=[("Contact", "<sip:x@10.0.0.3:5080>")])
    call.wire.run(0)
    assert elsewhere.request("ACK").uri == "sip:x@10.0.0.3:5080"
    call.out.hang_up()
    call.wire.run(0)
    call.peer.answer(elsewhere.request("BYE"), 200)
    call.wire.settle()
    assert call.phone.idle


def test_the_target_moves_with_the_peer_s_reinvite() -> None:
    call = Call()
    call.answer(200, "a")
    moved = Peer(call.wire, "10.0.0.4", name="moved")
    call.peer.send(
        f"""INVITE {_contact(call)} SIP/2.0
Via: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKre
From: {call.peer.request("ACK").get("to")}
To: {call.invite.get("from")}
Call-ID: {call.invite.call_id}
CSeq: 77 INVITE
Contact: <sip:moved@10.0.0.4>
Content-Type: application/sdp
Content-Length: {len(SDP)}

{SDP.decode().replace(chr(13), "")}""",
        call.phone.address,
    )
    call.wire.run(0)
    assert call.peer.response(200).cseq == (77, "INVITE")
    call.out.hang_up()  # waits for the ACK to its own 2xx
    call.wire.run(0)
    assert moved.received == []
    call.peer.send(
        f"""ACK {_contact(call)} SIP/2.0
Via: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKack
From: {call.peer.request("ACK").get("to")}
To: {call.invite.get("from")}
Call-ID: {call.invite.call_id}
CSeq: 77 ACK
""",
        call.phone.address,
    )
    call.wire.run(0)
    assert moved.request("BYE").uri == "sip:moved@10.0.0.4"
    call.peer.answer(moved.request("BYE"), 200)
    call.wire.settle()
    assert call.phone.idle


def _contact(call: Call) -> str:
    return (call.invite.get("contact") or "").strip("<>")


@pytest.mark.parametrize("body", [b"", b"rubbish", SDP[:40]], ids=["none", "rubbish", "cut"])
def test_an_answer_without_a_usable_description_is_acknowledged(body: bytes) -> None:
    call = Call()
    call.answer(200, "a", *([SDP_TYPE] if body else []), body=body)
    call.wire.expect("<- 200 INVITE", "-> ACK")
    assert call.out.is_up
    call.out.hang_up()
    call.finish()


def test_reliable_provisionals_are_acknowledged_one_by_one() -> None:
    call = Call()
    call.answer(183, "a", ("Require", "100rel"), ("RSeq", "7"))
    call.answer(180, "a", ("Require", "100rel"), ("RSeq", "8"))
    assert [prack.get("rack") for prack in call.wire.trace.requests("PRACK")] == ["7 1 INVITE", "8 1 INVITE"]
    numbers = [prack.cseq[0] for prack in call.wire.trace.requests("PRACK")]
    assert numbers == [2, 3]
    call.answer(200, "a")
    call.out.hang_up()
    call.wire.run(0)
    assert call.peer.request("BYE").cseq == (4, "BYE")
    assert call.out.codes == [183, 180, 200]
    call.finish()


def test_a_reliable_provisional_that_comes_again_or_out_of_order_is_left_alone() -> None:
    call = Call()
    for number in ("7", "7", "9", "6", "8"):
        call.answer(183, "a", ("Require", "100rel"), ("RSeq", number))
    assert [prack.get("rack") for prack in call.wire.trace.requests("PRACK")] == ["7 1 INVITE", "8 1 INVITE"]
    assert call.out.codes == [183, 183]
    call.answer(404, "a")
    call.finish()


def test_each_branch_of_a_fork_counts_for_itself() -> None:
    call = Call()
    for tag, number in (("a", "7"), ("b", "100"), ("b", "101"), ("a", "8")):
        call.answer(183, tag, ("Require", "100rel"), ("RSeq", number))
    pracks = call.wire.trace.requests("PRACK")
    assert [(prack.to_tag, prack.get("rack"), prack.cseq[0]) for prack in pracks] == [
        ("a", "7 1 INVITE", 2),
        ("b", "100 1 INVITE", 2),
        ("b", "101 1 INVITE", 3),
        ("a", "8 1 INVITE", 3),
    ]
    call.answer(200, "b")
    call.answer(200, "a")
    assert (call.peer.request("BYE").to_tag, call.peer.request("BYE").cseq[0]) == ("a", 4)
    call.out.hang_up()
    call.wire.run(0)
    assert (call.peer.request("BYE").to_tag, call.peer.request("BYE").cseq[0]) == ("b", 4)
    call.finish()


def test_an_invite_is_sent_once() -> None:
    call = Call()
    with pytest.raises(LocalProtocolError):
        call.out.session.invite(1.0)


def test_an_answer_after_the_cancel_went_unanswered_is_left_alone() -> None:
    call = Call()
    call.answer(180, "a")
    call.out.cancel()
    call.wire.run(33)
    assert call.out.ending is Ending.CANCELLED
    call.wire.forget()
    call.answer(200, "a")
    call.wire.expect("<- 200 INVITE")
    assert call.phone.idle


def test_a_bye_on_the_early_dialog_ends_the_call_and_the_invite_is_not_waited_for_for_ever() -> None:
    call = Call()
    call.answer(180, "a", ("Require", "100rel"), ("RSeq", "1"))
    bye = (
        f"BYE sip:caller@10.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bK-bye\r\n"
        f"From: {call.invite.get('to')};tag=a\r\nTo: {call.invite.get('from')}\r\n"
        f"Call-ID: {call.invite.call_id}\r\nCSeq: 1 BYE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
    call.peer.send(bye.encode(), ("10.0.0.1", 5060))
    call.wire.run(0)
    assert call.out.ending is Ending.HUNG_UP_BY_PEER
    assert not call.phone.idle  # a final response may still come
    call.finish()


class End:
    """What would send and receive: told of descriptions."""

    port = 4444

    def __init__(self) -> None:
        self.described_as: list[bytes] = []

    def described(self, remote: bytes) -> None:
        self.described_as.append(remote)


def test_early_media_is_described_to_whatever_hears_it() -> None:
    end = End()
    call = Call(listener=end)
    assert b"m=audio 4444 " in call.invite.body
    call.answer(180, "a")
    call.answer(183, "a", SDP_TYPE, body=b"v=0\r\nnonsense")
    assert end.described_as == []
    call.answer(183, "a", SDP_TYPE, body=SDP)
    assert end.described_as == [SDP]
    call.answer(200, "a", SDP_TYPE, body=SDP.replace(b"4000", b"4002"))
    assert end.described_as == [SDP, SDP.replace(b"4000", b"4002")]
    call.out.hang_up()
    call.finish()
