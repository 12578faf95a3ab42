"""The called end: what its verbs send, and what it refuses to send."""

from __future__ import annotations

import pytest

from simcarrier.sip.errors import LocalProtocolError
from simcarrier.sip.session import Ending
from simcarrier.testing import CallIn, CallOut, Phone, Wire


def ringing(fields: list[tuple[str, str]] | None = None, *, with_offer: bool = True) -> tuple[Wire, CallOut, CallIn]:
    """A call that has come in, nothing answered yet."""
    wire = Wire()
    caller, callee = Phone(wire, "10.0.0.1", name="caller"), Phone(wire, "10.0.0.2", name="callee")
    out = caller.dial(callee, fields=fields or [], with_offer=with_offer)
    wire.run(0)
    wire.forget()
    return wire, out, callee.taken[0]


def test_trying_has_no_tag_and_copies_the_timestamp() -> None:
    wire, out, taken = ringing([("Timestamp", "54")])
    taken.trying()
    wire.run(0)
    (trying,) = out.responses
    assert trying.to_tag == ""
    assert trying.get("timestamp") == "54"
    assert trying.get("contact") is None


@pytest.mark.parametrize("status", [180, 181, 183, 199])
def test_a_provisional_makes_an_early_dialog(status: int) -> None:
    wire, out, taken = ringing([("Record-Route", "<sip:10.0.0.1;lr>")])
    taken.ring(status, "X-More: yes\r\n")
    taken.answer()
    wire.run(0)
    early, answer = out.responses
    assert early.status == status
    assert early.to_tag == answer.to_tag != ""
    assert early.contact is not None
    assert early.get_all("record-route") == answer.get_all("record-route") == ["<sip:10.0.0.1;lr>"]
    assert early.get("x-more") == "yes"
    assert early.body == b""


def test_early_media_and_the_answer_bring_the_same_description() -> None:
    wire, out, taken = ringing()
    taken.ring(183, with_sdp=True)
    taken.answer()
    wire.run(0)
    early, answer = out.responses
    assert early.body == answer.body != b""
    assert early.content_type == "application/sdp"


def test_an_unreliable_provisional_makes_no_offer() -> None:
    wire, out, taken = ringing(with_offer=False)
    taken.ring(183, with_sdp=True)
    wire.run(0)
    assert out.responses[0].body == b""


def test_an_answer_says_what_the_callee_can() -> None:
    wire, out, taken = ringing()
    taken.answer("X-More: yes\r\n")
    wire.run(0)
    (answer,) = out.responses
    assert answer.tokens("allow") >= {"invite", "ack", "bye", "cancel", "options", "prack", "update"}
    assert answer.tokens("supported") == {"100rel", "timer"}
    assert answer.get("x-more") == "yes"
    assert (answer.status, answer.phrase) == (200, "OK")


def test_an_offer_without_a_common_codec_gets_488_with_a_warning() -> None:
    wire = Wire()
    caller, callee = Phone(wire, "10.0.0.1"), Phone(wire, "10.0.0.2")
    body = "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=video 1 RTP/AVP 99\r\na=rtpmap:99 X/9\r\n"
    out = caller.dial(callee, with_offer=False, fields=[("Content-Type", "application/sdp")])
    raw = wire.trace.requests("INVITE")[0].raw
    wire.run(0)
    other = Phone(wire, "10.0.0.3")
    head = raw.replace(b"Content-Length: 0", f"Content-Length: {len(body)}".encode()).replace(
        b"Call-ID: ", b"Call-ID: x"
    )
    callee.agent.endpoint.receive(
        head.replace(b"branch=", b"branch=z9hG4bKx", 1) + body.encode(), other.address, callee.channel, 0.0
    )
    callee.taken[1].ring(183, with_sdp=True)
    callee.taken[1].answer()
    wire.run(0)
    refusals = [response for response in wire.trace.responses() if response.status == 488]
    assert len(refusals) == 1
    assert (refusals[0].get("warning") or "").startswith("3")
    assert out.codes == []


@pytest.mark.parametrize("status", [302, 403, 486, 503, 603])
def test_a_refusal(status: int) -> None:
    wire, out, taken = ringing()
    taken.refuse(status, "X-More: yes\r\n")
    wire.run(0)
    assert out.codes == [status]
    assert out.responses[0].get("x-more") == "yes"
    assert taken.session.status == status
    assert taken.session.responded_at == 0.0


@pytest.mark.parametrize("status", [100, 180, 200, 299])
def test_what_is_no_refusal_is_not_sent_as_one(status: int) -> None:
    _, _, taken = ringing()
    with pytest.raises(LocalProtocolError):
        taken.refuse(status)


@pytest.mark.parametrize(
    ("first", "verb"),
    [(first, verb) for first in ("answer", "refuse") for verb in ("trying", "ring", "refuse")] + [("refuse", "answer")],
)
def test_nothing_is_said_after_the_final_response(first: str, verb: str) -> None:
    _, _, taken = ringing()
    taken.answer() if first == "answer" else taken.refuse(486)
    with pytest.raises(LocalProtocolError):
        taken.refuse(403) if verb == "refuse" else getattr(taken, verb)()


def test_an_abandoned_call_is_forgotten_without_a_word() -> None:
    wire, out, taken = ringing()
    taken.trying()
    wire.run(0)
    wire.forget()
    taken.abandon()
    wire.run(60)
    wire.expect()
    assert taken.ending is Ending.ABANDONED
    assert out.ending is None


def test_the_last_response_can_be_doubled() -> None:
    wire, out, taken = ringing()
    taken.ring()
    taken.session.repeat_last(wire.now)
    wire.run(0)
    wire.expect("<- 180", "<- 180")
    taken.answer()
    taken.session.repeat_last(wire.now)
    wire.run(0)
    wire.expect("<- 200 INVITE", "<- 200 INVITE", "-> ACK", "-> ACK")
    assert len(taken.established_at) == 1
    assert out.is_up


def test_a_response_that_cannot_be_sent_ends_a_call_before_its_answer() -> None:
    wire = Wire()
    caller, callee = Phone(wire, "10.0.0.1"), Phone(wire, "10.0.0.2")
    stream = wire.connect(caller.channel, callee.address)
    caller.dial(callee, channel=stream)
    wire.run(0)
    wire.close(stream)
    callee.taken[0].ring()
    wire.run(0)
    assert callee.taken[0].ending is Ending.TRANSPORT_FAILED
    wire.settle()
    assert callee.idle


def test_a_long_ringing_is_repeated_every_minute_until_it_ends() -> None:
    wire, out, taken = ringing()
    taken.ring(180)
    wire.run(150)
    assert [response.status for response in out.responses] == [180, 180, 180]
    taken.answer()
    wire.run(200)
    assert [response.status for response in out.responses] == [180, 180, 180, 200]


def test_a_call_cannot_be_answered_twice() -> None:
    _, _, taken = ringing()
    taken.answer()
    with pytest.raises(LocalProtocolError):
        taken.answer()
