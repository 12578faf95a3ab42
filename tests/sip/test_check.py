"""What a server looks at before it takes a request: each fault with its answer (RFC 3261 sections 8.2.1 to 8.2.3)."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from simcarrier.sip.agent import BODY_TYPES, EXTENSIONS, KNOWN_METHODS, METHODS
from simcarrier.sip.check import answerable, framing_fault, refusal
from simcarrier.sip.message import Request
from simcarrier.sip.parse import parse
from simcarrier.sip.transport import Transport
from tests.sip.kit import OFFER, Agent, request


def read(data: bytes) -> Request:
    message = parse(data)
    assert isinstance(message, Request)
    return message


def test_a_whole_request_has_no_fault() -> None:
    for data in (request(body=OFFER), request("OPTIONS"), request("BYE", to="<sip:a@b>;tag=x")):
        message = read(data)
        assert answerable(message)
        assert framing_fault(message, framed=True) is None
        assert (
            refusal(message, methods=METHODS, known_methods=KNOWN_METHODS, extensions=EXTENSIONS, body_types=BODY_TYPES)
            is None
        )


@pytest.mark.parametrize("name", ["From", "To", "Call-ID", "CSeq"])
def test_without_what_every_response_copies_nothing_can_be_answered(name: str) -> None:
    assert not answerable(read(request(without=[name])))
    assert framing_fault(read(request(without=[name]))) is not None
    side = Agent()
    assert side.wire.receive(request(without=[name])) == []
    assert side.agent.endpoint.counters.malformed == 1


def test_without_a_via_there_is_nowhere_to_answer() -> None:
    side = Agent()
    assert side.wire.receive(request(without=["Via"])) == []
    assert side.agent.endpoint.counters.malformed == 1


@dataclass(frozen=True)
class Case:
    """A request, and what is to be answered."""

    name: str
    data: bytes
    status: int
    phrase: str = ""
    lines: dict[str, str] = field(default_factory=dict)


ALLOW = {"allow": ", ".join(METHODS)}

FRAMING = [
    Case("another version", request().replace(b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia", 1), 505),
    Case("CSeq names another method", request(cseq="1 BYE"), 400, "CSeq method differs from request line"),
    Case("CSeq in other capitals is another method", request(cseq="1 invite"), 400),
    Case("CSeq too large", request(cseq="2147483648 INVITE"), 400, "Bad CSeq"),
    Case("CSeq without a number", request(cseq="INVITE"), 400, "Bad CSeq"),
    Case("body shorter than promised", request(body=OFFER)[:-20], 400, "Body shorter than Content-Length"),
    Case("negative length", request(without=["Content-Length"], extra=["Content-Length: -1"]), 400),
    Case("two lengths that differ", request(extra=["Content-Length: 9"]), 400, "Bad Content-Length"),
    Case("From that can't be read", request(from_='"open <sip:a@b>'), 400),
    Case("To that can't be read", request(to="no address at all"), 400),
    Case(
        "Max-Forwards no number", request(without=["Max-Forwards"], extra=["Max-Forwards: x"]), 400, "Bad Max-Forwards"
    ),
    Case("no empty line", request()[:-4], 400, "No empty line after the headers"),
    Case("a line without a name", request(extra=["what is this"]), 400, "Header line without a name"),
    Case("blank in the URI", request(uri="sip:a b@c"), 400, "Bad request line"),
    Case("too many fields", request(extra=["X-A: 1"] * 600), 400),
]


@pytest.mark.parametrize("case", FRAMING, ids=lambda case: case.name)
def test_framing(case: Case) -> None:
    side = Agent()
    (sent,) = side.wire.receive(case.data)
    assert sent.response.status == case.status
    assert sent.response.phrase == (case.phrase or sent.response.phrase)
    assert side.agent.endpoint.server_transactions == 0
    assert side.agent.endpoint.counters.refused == 1
    assert side.party.sessions == []


@pytest.mark.parametrize("case", FRAMING, ids=lambda case: case.name)
def test_a_refusal_without_a_transaction_has_the_same_tag_for_every_repeat(case: Case) -> None:
    """Section 8.2.7: stateless, so the tag must follow from the request."""
    side = Agent()
    (first,) = side.wire.receive(case.data)
    (second,) = side.wire.receive(case.data)
    assert first.raw == second.raw
    assert first.response.to_tag
    (other,) = side.wire.receive(case.data.replace(b"z9hG4bK-1", b"z9hG4bK-2"))
    assert other.response.to_tag != first.response.to_tag


def test_an_ack_is_never_answered_however_broken() -> None:
    for case in FRAMING:
        side = Agent()
        data = case.data.replace(b"INVITE sip", b"ACK sip", 1).replace(b"1 INVITE", b"1 ACK")
        assert side.wire.receive(data) == [], case.name


def test_on_a_stream_content_length_must_be_there() -> None:
    side = Agent(transport=Transport.TCP)
    (sent,) = side.wire.receive(request(without=["Content-Length"]))
    assert (sent.response.status, sent.response.phrase) == (400, "Missing Content-Length")
    assert Agent().wire.receive(request("OPTIONS", without=["Content-Length"]))[0].response.status == 200


def test_from_without_a_tag_is_taken() -> None:
    """RFC 2543 had none, and section 12.1.1 wants its absence understood."""
    side = Agent()
    side.wire.receive(request(from_="<sip:a@b>"))
    assert len(side.party.sessions) == 1


USER_AGENT = [
    Case("a method nobody knows", request("PARTY"), 501, "Not Implemented", ALLOW),
    Case("methods are case-sensitive", request("invite"), 501, lines=ALLOW),
    Case("a method that is known but not served", request("REGISTER"), 405, "Method Not Allowed", ALLOW),
    Case("SUBSCRIBE", request("SUBSCRIBE"), 405, lines=ALLOW),
    Case("unknown scheme", request(uri="http://example.com/"), 416, "Unsupported URI Scheme"),
    Case("made-up scheme", request(uri="nobodyKnowsThisScheme:totallyopaquecontent"), 416),
    Case("a URI that can't be read", request(uri="sip:"), 400),
    Case("a tel URI without digits", request(uri="tel:"), 400),
    Case("an unknown extension", request(extra=["Require: nosuch"]), 420, "Bad Extension", {"unsupported": "nosuch"}),
    Case(
        "of several only the unknown are named",
        request(extra=["Require: 100rel, one", "Require: timer,TWO"]),
        420,
        lines={"unsupported": "one, TWO"},
    ),
    Case(
        "a body of another type",
        request(body=b"x", content_type="text/plain"),
        415,
        "Unsupported Media Type",
        {"accept": "application/sdp"},
    ),
    Case(
        "a body in another encoding",
        request(body=OFFER, extra=["Content-Encoding: gzip"]),
        415,
        lines={"accept-encoding": "identity"},
    ),
    Case("a body without a type", request(body=b"x", content_type=""), 400, "Body without Content-Type"),
    Case("BYE outside a dialog", request("BYE"), 481),
    Case("INFO outside a dialog", request("INFO"), 481),
    Case("PRACK outside a dialog", request("PRACK"), 481),
    Case("UPDATE outside a dialog", request("UPDATE"), 481),
    Case("BYE to a dialog nobody knows", request("BYE", to="<sip:a@b>;tag=nobody"), 481),
    Case("re-INVITE to a dialog nobody knows", request(to="<sip:a@b>;tag=nobody"), 481),
    Case("CANCEL for nothing", request("CANCEL"), 481, "Call/Transaction Does Not Exist"),
]


@pytest.mark.parametrize("case", USER_AGENT, ids=lambda case: case.name)
def test_user_agent(case: Case) -> None:
    side = Agent()
    (sent,) = side.wire.receive(case.data)
    assert sent.response.status == case.status
    assert sent.response.phrase == (case.phrase or sent.response.phrase)
    assert {name: sent.response.get(name) for name in case.lines} == case.lines
    assert sent.response.to_tag
    assert side.party.sessions == []


TAKEN = [
    ("extensions that are understood", request(extra=["Require: 100rel, Timer"])),
    ("a scheme in capitals", request(uri="SIP:+4930123@127.0.0.1")),
    ("tel", request(uri="tel:+4930123")),
    ("sips", request(uri="sips:+4930123@127.0.0.1")),
    (
        "a body that may be ignored",
        request(body=b"x", content_type="x/y", extra=["Content-Disposition: a;handling=optional"]),
    ),
    ("identity encoding", request(body=OFFER, extra=["Content-Encoding: Identity"])),
    ("Content-Type without a body", request(extra=["Content-Type: text/plain"])),
    ("media type in capitals with parameters", request(body=OFFER, content_type="Application/SDP;charset=utf-8")),
    ("Proxy-Require is not for us", request(extra=["Proxy-Require: nosuch"])),
    ("Max-Forwards 0 is for proxies", request(without=["Max-Forwards"], extra=["Max-Forwards: 0"])),
    ("no Max-Forwards", request(without=["Max-Forwards"])),
    ("no Contact", request(without=["Contact"])),
]


@pytest.mark.parametrize(("name", "data"), TAKEN, ids=[name for name, _ in TAKEN])
def test_taken(name: str, data: bytes) -> None:
    side = Agent()
    assert side.wire.receive(data) == []
    assert len(side.party.sessions) == 1


def test_require_is_not_looked_at_in_ack_and_cancel() -> None:
    """Section 8.2.2.3."""
    for method in ("ACK", "CANCEL"):
        message = read(request(method, extra=["Require: nosuch"]))
        assert refusal(message, methods=METHODS, known_methods=(), extensions=(), body_types=()) is None
    side = Agent()
    side.wire.receive(request())
    sent = side.wire.receive(request("CANCEL", extra=["Require: nosuch"]))
    assert [(one.response.status, one.response.cseq[1]) for one in sent] == [(200, "CANCEL"), (487, "INVITE")]


def test_options_says_what_we_can() -> None:
    side = Agent()
    (sent,) = side.wire.receive(request("OPTIONS", extra=["Accept: application/sdp"]))
    response = sent.response
    assert response.status == 200
    assert set(response.values("allow")) == set(METHODS)
    assert response.values("supported") == list(EXTENSIONS)
    assert response.values("accept") == list(BODY_TYPES)
    assert response.get("accept-encoding") == "identity"
    assert response.get("server") == "test"
