"""Messages that torture a parser, each with its verdict.

RFC 4475 collects messages that are legal and look broken, or are broken and look harmless. These are ours: built anew
after what each of its sections is about. Every message has a verdict: taken as a call, answered with a code, or
dropped. The verdict is that of a user agent server that reads liberally, with the reason beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from simcarrier.sip.message import Request
from simcarrier.sip.parse import parse
from tests.sip.kit import OFFER, Agent, request

CALL = "a call"
DROPPED = "dropped"


@dataclass(frozen=True)
class Torture:
    """One message: what RFC 4475 calls its like, what it is, what becomes of it, and why."""

    name: str
    section: str
    data: bytes
    verdict: str
    why: str


def lines(*text: str, body: bytes = b"") -> bytes:
    return "\r\n".join(text).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


MUCH_WHITE_SPACE = lines(
    "INVITE sip:+4930123@carrier.example;odd SIP/2.0",
    "TO :",
    " sip:+4930123@carrier.example  ;   x   =",
    "\ty",
    'fRoM  \t : "A \\\\ \\"B\\""     <sip:+4989@dialler.example>',
    "  ;",
    "\ttag = spread-out",
    "mAx-fOrWaRdS:    0070",
    "i   :  white-space@dialler.example",
    "CONTENT-length  :0",
    "cseq:",
    "  000042",
    "\tINVITE",
    "VIA  : SIP  /   2.0",
    "  /UDP",
    "    198.51.100.4;branch=old-style",
    "s :",
    "X-Folded:   first",
    "   second",
    "X-Only-Separators: ,,;;,;,",
    "v:  SIP  / 2.0  / TLS     edge.example   ;",
    "  branch  =   z9hG4bKmiddle  ,",
    " SIP  /    2.0   / TCP  203.0.113.9   ; branch=",
    " z9hG4bKlast",
    'm:"Says \\"hi\\"" <sip:+4989@dialler.example> ; one =',
    "      two ;",
    "  three ; q = 0.5",
)

TORTURES = [
    # 3.1.1 valid
    Torture(
        "wsinv",
        "3.1.1.1",
        MUCH_WHITE_SPACE,
        CALL,
        "folds, white space, capitals and compact names are all legal (7.3.1)",
    ),
    Torture(
        "intmeth",
        "3.1.1.2",
        request(
            "!a-Method_of_9*+`.%our'own~",
            uri="sip:a_user.of~(all)!sorts&that's=+legal$/ok?,/;;*:&and=a+pass,word!*of$it~s_own.(is-it)@127.0.0.1",
            from_="<sip:plain@h>;tag=.-!%*_+`'~9",
            cseq="31 !a-Method_of_9*+`.%our'own~",
        ),
        "501",
        "every character of token is legal in a method; nobody serves this one (8.2.1)",
    ),
    Torture(
        "intmeth as INVITE",
        "3.1.1.2",
        request(
            uri="sip:a_user.of~(all)!sorts&that's=+legal$/ok?,/;;*:&and=a+pass,word!*of$it~s_own.(is-it)@127.0.0.1"
        ),
        CALL,
        "every character of user and password is legal",
    ),
    Torture(
        "esc01",
        "3.1.1.3",
        request(
            uri="sip:tel%3A%2B49%4030@example.net",
            to="sip:%62o%62@example.com",
            from_="<sip:a%20b%20c@example.net>;tag=1",
        ),
        CALL,
        "escapes are legal in the user part and are not taken apart before the URI is",
    ),
    Torture("escnull", "3.1.1.4", request(uri="sip:a%00b@example.com"), CALL, "an escaped NUL is legal"),
    Torture("esc02", "3.1.1.5", request("IN%56ITE"), "501", "% is a character of token and no escape in a method"),
    Torture(
        "lwsdisp",
        "3.1.1.6",
        request("OPTIONS", from_="dialler<sip:+49@example.com>;tag=1"),
        "200",
        "no white space is needed between a display name of tokens and the bracket",
    ),
    Torture(
        "longreq",
        "3.1.1.7",
        request(
            uri="sip:" + "user" * 300 + "@" + "a" * 60 + ".example",
            call_id="c" * 700,
            via="SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK-" + "l" * 600,
            extra=[f"Via: SIP/2.0/TCP sip{n}.example.com" for n in range(34)]
            + ["X-" + "long" * 200 + ": " + "v" * 900],
        ),
        CALL,
        "nothing is too long",
    ),
    Torture(
        "dblreq",
        "3.1.1.8",
        request("OPTIONS", body=b"") + request("INVITE", branch="z9hG4bK-second"),
        "200",
        "in a datagram what follows Content-Length is no message of its own (18.3)",
    ),
    Torture(
        "semiuri",
        "3.1.1.9",
        request("OPTIONS", uri="sip:a;b=c%40d@example.com"),
        "200",
        "a semicolon is legal in the user part",
    ),
    Torture(
        "transports",
        "3.1.1.10",
        request(
            "OPTIONS",
            extra=[
                "Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bK2",
                "Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK3",
                "Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bK4",
            ],
        ),
        "200",
        "any token may be a transport",
    ),
    Torture(
        "mpart01",
        "3.1.1.11",
        request(
            "INVITE",
            body=b"--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b--\r\n",
            content_type="multipart/mixed;boundary=b",
        ),
        "415",
        "we take application/sdp only, and say so (8.2.3)",
    ),
    # 3.1.2 invalid
    Torture(
        "badinv01",
        "3.1.2.1",
        request(via="SIP/2.0/UDP 127.0.0.1;,;;,", extra=['Contact: "Joe" <sip:joe@h>;;;;']),
        DROPPED,
        "the topmost Via can't be read: there is nowhere to answer",
    ),
    Torture(
        "badinv01, Via whole",
        "3.1.2.1",
        request(without=["Contact"], extra=['Contact: "Joe" <sip:joe@h>;;;;']),
        CALL,
        "a Contact that can't be read costs the dialog its target, not the caller its call",
    ),
    Torture(
        "clerr",
        "3.1.2.2",
        request(body=OFFER, without=["Content-Length"], extra=["Content-Length: 9999"]),
        "400",
        "a datagram that holds less than Content-Length is broken (18.3)",
    ),
    Torture(
        "ncl",
        "3.1.2.3",
        request(body=OFFER, without=["Content-Length"], extra=["Content-Length: -999"]),
        "400",
        "Content-Length can't be negative",
    ),
    Torture(
        "scalar02",
        "3.1.2.4",
        request("OPTIONS", cseq="18446744073709551616 OPTIONS"),
        "400",
        "CSeq is below 2**31 (8.1.1.5)",
    ),
    Torture(
        "scalar02, Max-Forwards",
        "3.1.2.4",
        request("OPTIONS", without=["Max-Forwards"], extra=["Max-Forwards: 300", "Expires: 1000000000000000000000"]),
        "200",
        "we are no proxy, and an Expires that we don't use may say what it likes",
    ),
    Torture(
        "scalarlg",
        "3.1.2.5",
        b"SIP/2.0 503 Service Unavailable\r\nVia: SIP/2.0/TCP h;branch=z9hG4bKz\r\n"
        b"CSeq: 99999999999999999999 OPTIONS\r\nRetry-After: 88888888888888888888\r\n\r\n",
        DROPPED,
        "a response whose CSeq can't be read belongs to nothing",
    ),
    Torture(
        "quotbal",
        "3.1.2.6",
        request(to='"never closed <sip:a@example.com>'),
        "400",
        "a quoted string that is never closed",
    ),
    Torture(
        "ltgtruri", "3.1.2.7", request(uri="<sip:+49@example.com>"), "400", "brackets don't belong in a request line"
    ),
    Torture("lwsruri", "3.1.2.8", request(uri="sip:+49@example.com; x"), "400", "white space within a Request-URI"),
    Torture(
        "lwsstart",
        "3.1.2.9",
        request("OPTIONS").replace(b"OPTIONS sip", b"OPTIONS  sip", 1),
        "400",
        "one space and no more separates the elements of the request line",
    ),
    Torture(
        "trws",
        "3.1.2.10",
        request("OPTIONS").replace(b"SIP/2.0\r\n", b"SIP/2.0  \r\n", 1),
        "400",
        "white space after the version",
    ),
    Torture(
        "escruri",
        "3.1.2.11",
        request(uri="sip:+49@example.com?Subject=a%20b"),
        CALL,
        "headers in a Request-URI are ignored, as section 19.1.5 lets an element do",
    ),
    Torture("baddate", "3.1.2.12", request(extra=["Date: Mon, 03 Nov 2025 09:30:00 CET"]), CALL, "a Date we don't use"),
    Torture(
        "regbadct",
        "3.1.2.13",
        request(without=["Contact"], extra=["Contact: sip:+49@example.com?Subject=a"]),
        CALL,
        "a Contact that would have needed brackets: no target, but a call",
    ),
    Torture(
        "badaspec",
        "3.1.2.14",
        request("OPTIONS", to='"A B" < sip:a@example.org >'),
        "400",
        "white space within the brackets of an address",
    ),
    Torture(
        "baddn",
        "3.1.2.15",
        request("OPTIONS", from_="Muster, Anna <sip:anna@example.com>;tag=1"),
        "200",
        "a comma in a display name without quotes; the tag is all we need, so the liberal reader takes it",
    ),
    Torture(
        "badvers",
        "3.1.2.16",
        request("OPTIONS").replace(b"SIP/2.0", b"SIP/7.0", 1),
        "505",
        "another version (8.2.1, 21.5.6)",
    ),
    Torture(
        "mismatch01", "3.1.2.17", request("OPTIONS", cseq="8 INVITE"), "400", "CSeq names another method (8.1.1.5)"
    ),
    Torture(
        "mismatch02",
        "3.1.2.18",
        request("NEWMETHOD", cseq="8 INVITE"),
        "400",
        "the same with a method that nobody knows; 501 would be as good",
    ),
    Torture(
        "bigcode",
        "3.1.2.19",
        b"SIP/2.0 8589934592 Much\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKz\r\nCSeq: 3 INVITE\r\n\r\n",
        DROPPED,
        "a status of more than three digits",
    ),
    # 3.2 transaction layer
    Torture(
        "badbranch",
        "3.2.1",
        request("OPTIONS", branch="z9hG4bK"),
        "200",
        "the cookie and nothing after it; taken for what it says",
    ),
    # 3.3 application layer
    Torture(
        "insuf",
        "3.3.1",
        request(without=["Call-ID", "From", "To"]),
        DROPPED,
        "a 400 must copy what is not there (8.2.6.2)",
    ),
    Torture("unkscm", "3.3.2", request("OPTIONS", uri="no-such-scheme:whatever"), "416", "unknown scheme (8.2.2.1)"),
    Torture(
        "novelsc",
        "3.3.3",
        request("OPTIONS", uri="gopher://192.0.2.1:70"),
        "416",
        "a registered scheme that is no use here",
    ),
    Torture(
        "unksm2",
        "3.3.4",
        request(to="urn:uuid:1", from_="<https://a.example>;tag=1"),
        CALL,
        "schemes in To and From are no business of ours",
    ),
    Torture(
        "bext01",
        "3.3.5",
        request("OPTIONS", extra=["Require: one-unknown, another-unknown", "Proxy-Require: unknown-to-proxies"]),
        "420",
        "Require (8.2.2.3)",
    ),
    Torture(
        "invut",
        "3.3.6",
        request(body=b"<x/>", content_type="application/x-unheard-of"),
        "415",
        "unknown media type (8.2.3)",
    ),
    Torture(
        "regaut01", "3.3.7", request("REGISTER", extra=["Authorization: Unheard-Of a=b"]), "405", "no registrar here"
    ),
    Torture(
        "multi01",
        "3.3.8",
        request(extra=["Call-ID: another", "From: <sip:x@y>;tag=2", "To: <sip:z@h>", "CSeq: 2 OPTIONS"]),
        CALL,
        "the first of a field that may come once only is taken; a response copies the first",
    ),
    Torture(
        "mcl01",
        "3.3.9",
        request("OPTIONS", extra=["Content-Length: 13"]),
        "400",
        "two Content-Lengths that differ: where the message ends is anybody's guess",
    ),
    Torture(
        "bcast",
        "3.3.10",
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK1\r\n"
        b"Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK2\r\nCSeq: 1 OPTIONS\r\n\r\n",
        DROPPED,
        "a second Via shows that it is not for us, and it must not be sent on to everybody (8.1.3.3)",
    ),
    Torture(
        "zeromf",
        "3.3.11",
        request("OPTIONS", without=["Max-Forwards"], extra=["Max-Forwards: 0"]),
        "200",
        "0 stops proxies, not the server that it has reached",
    ),
    Torture("cparam01", "3.3.12", request("REGISTER", extra=["Contact: sip:+49@gw;x"]), "405", "no registrar here"),
    Torture(
        "inv2543",
        "3.4.1",
        lines(
            "INVITE sip:+4930@example.com SIP/2.0",
            "Via: SIP/2.0/UDP gateway.example",
            "From: <sip:+4989@h;user=phone>",
            "Record-Route: <sip:+4930@example.com;maddr=proxy.example>",
            "To: sip:+4930@proxy.example;user=phone",
            "Call-ID: old-call@h",
            "CSeq: 3 INVITE",
            "Content-Type: application/sdp",
            body=OFFER,
        ),
        CALL,
        "RFC 2543: no branch, no tag, no Max-Forwards, no Content-Length",
    ),
]


@pytest.mark.parametrize("torture", TORTURES, ids=lambda torture: torture.name)
def test_verdict(torture: Torture) -> None:
    side = Agent()
    sent = side.wire.receive(torture.data)
    if torture.verdict == CALL:
        assert len(side.party.sessions) == 1
        assert sent == []
        # What was taken can be answered, and the answer can be read.
        side.party.sessions[0].refuse(0.0, 603)
        (refusal,) = side.wire.take()
        assert refusal.response.status == 603
    elif torture.verdict == DROPPED:
        assert sent == []
        counters = side.agent.endpoint.counters
        assert counters.malformed + counters.stray == 1
    else:
        assert [str(one.response.status) for one in sent] == [torture.verdict]
        copied = sent[0].response
        original = parse(torture.data)
        for name in ("from", "call-id", "cseq"):
            assert copied.get(name) == original.get(name)
    if torture.verdict != CALL:
        assert side.party.sessions == []


def test_every_message_has_a_reason_and_a_name_of_its_own() -> None:
    assert all(torture.why and torture.section.startswith("3.") for torture in TORTURES)
    assert len({torture.name for torture in TORTURES}) == len(TORTURES)


# What is read in the valid ones


def test_extreme_white_space_says_what_it_says() -> None:
    message = parse(MUCH_WHITE_SPACE)
    assert isinstance(message, Request)
    assert message.cseq == (42, "INVITE")
    assert message.from_tag == "spread-out"
    assert message.from_.display_name == 'A \\ "B"'
    assert message.get("max-forwards") == "0070"
    assert (message.via.transport, message.via.host, message.via.branch) == ("UDP", "198.51.100.4", "old-style")
    assert len(message.values("via")) == 3
    contact = message.contact
    assert contact is not None
    assert (contact.uri_text, contact.params) == (
        "sip:+4989@dialler.example",
        {"one": "two", "three": None, "q": "0.5"},
    )
    assert message.get("x-folded") == "first second"
    assert message.get("x-only-separators") == ",,;;,;,"
    assert message.get("subject") == ""
