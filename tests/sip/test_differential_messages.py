"""Our reading of whole messages against those of sipmessage and aiosipua, two independent readings of the same RFCs.

Where the three accept a message they must agree on what it says. Both have faults of their own: those are listed as
data with the clause that decides, and each is tested to exist, so that a list that has become untrue fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import aiosipua
import pytest
import sipmessage
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.sip.errors import Malformed
from simcarrier.sip.message import Request
from simcarrier.sip.parse import parse
from simcarrier.sip.via import ViaParser
from tests.sip.kit import OFFER, request

Reading = dict[str, object]

NAMES = ["call-id", "max-forwards", "subject", "content-type", "user-agent", "supported", "route", "x-own"]


def ours(data: bytes) -> Reading:
    message = parse(data)
    if message.defect is not None:
        raise Malformed(message.defect)
    start = (message.method, message.uri) if isinstance(message, Request) else (message.status, message.phrase)
    vias = [ViaParser.value(value) for value in message.values("via")]
    return {
        "start": start,
        "vias": [(via.transport, via.host, via.port, via.branch) for via in vias],
        "from tag": message.from_tag,
        "to tag": message.to_tag,
        "from": (message.from_.display_name, message.from_.uri_text),
        "cseq": message.cseq,
        "body": message.body,
        "headers": {name: found for name in NAMES if (found := message.values(name))},
    }


def by_sipmessage(data: bytes) -> Reading:
    message = sipmessage.Message.parse(data)
    if isinstance(message, sipmessage.Request):
        start: tuple[object, object] = (message.method, str(message.uri))
    else:
        start = (message.code, message.phrase)
    from_, to, cseq = message.from_address, message.to_address, message.cseq
    lists = {name: message.headers.getlist(name) for name in NAMES}
    return {
        "start": start,
        "vias": [
            (via.transport.upper(), via.host, via.port, via.parameters.get("branch") or "") for via in message.via
        ],
        "from tag": from_.parameters.get("tag") or "",
        "to tag": to.parameters.get("tag") or "",
        "from": (from_.name or "", str(from_.uri)),
        "cseq": (cseq.sequence, cseq.method),
        "body": message.body,
        "headers": {name: split(found) for name, found in lists.items() if found},
    }


def by_aiosipua(data: bytes) -> Reading:
    message = aiosipua.SipMessage.parse(data)
    if isinstance(message, aiosipua.SipRequest):
        start: tuple[object, object] = (message.method, message.uri)
    else:
        assert isinstance(message, aiosipua.SipResponse)
        start = (message.status_code, message.reason_phrase)
    from_, to, cseq = message.from_addr, message.to_addr, message.cseq
    if from_ is None or to is None or cseq is None:
        raise ValueError("incomplete")
    lists = {name: message.get_header_values(name) for name in NAMES}
    return {
        "start": start,
        "vias": [(via.transport, via.host, via.port, via.branch or "") for via in message.via],
        "from tag": from_.tag or "",
        "to tag": to.tag or "",
        "from": (from_.display_name or "", aiosipua.stringify_uri(from_.uri)),
        "cseq": (cseq.seq, cseq.method),
        "body": message.body,
        "headers": {name: split(found) for name, found in lists.items() if found},
    }


def split(lines: list[str]) -> list[str]:
    return [part.strip() for line in lines for part in line.split(",") if part.strip()]


THEIRS: dict[str, Callable[[bytes], Reading]] = {"sipmessage": by_sipmessage, "aiosipua": by_aiosipua}


def response(status: int, phrase: str, *lines: str) -> bytes:
    usual = [
        "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK7;rport=5060;received=192.0.2.9",
        "From: <sip:a@example.com>;tag=1",
        "To: <sip:b@example.com>;tag=2",
        "Call-ID: c@d",
        "CSeq: 314159 INVITE",
    ]
    return "\r\n".join([f"SIP/2.0 {status} {phrase}", *usual, *lines, "Content-Length: 0", "", ""]).encode()


AGREED: dict[str, bytes] = {
    "INVITE with a body": request(body=OFFER),
    "OPTIONS": request("OPTIONS"),
    "BYE with both tags": request("BYE", to="<sip:b@example.com>;tag=2", cseq="2 BYE"),
    "a method of its own": request("X-METHOD"),
    "display name, quoted": request(from_='"Alice" <sip:alice@example.com>;tag=88'),
    "display name, a token": request(from_="Alice <sip:alice@example.com>;tag=88"),
    "compact names": b"\r\n".join(
        [
            b"INVITE sip:a@example.com SIP/2.0",
            b"v: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bK1",
            b"f: <sip:a@example.com>;tag=1",
            b"t: <sip:b@example.com>",
            b"i: c@d",
            b"CSeq: 1 INVITE",
            b"s: hello",
            b"k: timer",
            b"l: 0",
            b"",
            b"",
        ]
    ),
    "several Vias in lines": request(extra=["Via: SIP/2.0/TCP 192.0.2.2;branch=z9hG4bK2", "Via: SIP/2.0/TLS h:5061"]),
    "several Vias in one line": request(
        via="SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1, SIP/2.0/TCP 192.0.2.2;branch=z9hG4bK2"
    ),
    "IPv6 Via": request(via="SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bK1"),
    "routes": request(extra=["Route: <sip:p.example.com;lr>", "Route: <sip:q.example.com;lr>,<sip:r.example.com;lr>"]),
    "a list": request(extra=["Supported: timer, path", "Supported: 100rel"]),
    "a header of its own": request(extra=["X-Own: some thing"]),
    "UTF-8": request(extra=["Subject: Grüße 你好"]),
    "180": response(180, "Ringing"),
    "a phrase of many words": response(486, "Busy Here And Everywhere"),
    "binary body": request(body=bytes(range(256)), content_type="application/octet-stream"),
}


@pytest.mark.parametrize("library", THEIRS)
@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in AGREED.items()])
def test_agreed(library: str, data: bytes) -> None:
    assert THEIRS[library](data) == ours(data)


@dataclass(frozen=True)
class Disagreement:
    """One message on which they differ: who, in what, what they read (None: they raise), and who is right."""

    name: str
    library: str
    data: bytes
    part: str
    theirs: object
    why: str


FOLDED = request(extra=["Subject: one", " two"])

DISAGREEMENTS = [
    Disagreement("folded line", "sipmessage", FOLDED, "headers", None, "a line may be folded (RFC 3261 7.3.1)"),
    Disagreement(
        "not UTF-8",
        "sipmessage",
        request(extra=["X-Own: \udcff"]),
        "headers",
        None,
        "we must be able to answer it; the bytes are copied, not understood",
    ),
    Disagreement(
        "carrier_1 as a host",
        "sipmessage",
        request(uri="sip:1@carrier_1"),
        "start",
        None,
        "no host by the grammar (25.1), but diallers in containers have such; routing is not our affair",
    ),
    Disagreement(
        "URI with a new scheme",
        "sipmessage",
        request(uri="unheard-of:x"),
        "start",
        None,
        "a server must answer 416, so it has to read it (8.2.2.1)",
    ),
    Disagreement(
        "body cut to Content-Length",
        "sipmessage",
        request(body=b"bodyXX").replace(b"Length: 6", b"Length: 4"),
        "body",
        b"bodyXX",
        "what follows Content-Length is to be discarded (18.3)",
    ),
    Disagreement("CRLFs before the start line", "sipmessage", b"\r\n\r\n" + request(), "start", None, "skipped (7.5)"),
    Disagreement(
        "CRLFs before the start line",
        "aiosipua",
        b"\r\n\r\n" + request(),
        "start",
        None,
        "skipped (7.5)",
    ),
    Disagreement(
        "not UTF-8",
        "aiosipua",
        request(extra=["X-Own: \udcff"]),
        "headers",
        {"call-id": ["call-1"], "max-forwards": ["70"], "x-own": ["\ufffd"]},
        "their reading loses the bytes, and what a response copies must be equal (8.2.6.2)",
    ),
    Disagreement(
        "a quoted parameter of Via",
        "aiosipua",
        request(via='SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;x="a;branch=no"'),
        "vias",
        [("UDP", "192.0.2.1", None, 'no"')],
        "a semicolon within quotes separates nothing (25.1)",
    ),
    Disagreement(
        "white space in Via",
        "aiosipua",
        request(via="SIP / 2.0 / UDP 192.0.2.1:5060;branch=z9hG4bK1"),
        "vias",
        [("", "UDP 192.0.2.1", 5060, "z9hG4bK1")],
        "SLASH may have white space around it (25.1, RFC 4475 3.1.1.1)",
    ),
]


@pytest.mark.parametrize("case", DISAGREEMENTS, ids=lambda case: f"{case.library}: {case.name}")
def test_known_disagreement(case: Disagreement) -> None:
    mine = ours(case.data)[case.part]
    try:
        theirs = THEIRS[case.library](case.data)[case.part]
    except (ValueError, IndexError):
        theirs = None
    assert theirs == case.theirs
    assert theirs != mine
    assert case.why


# Drawn together at random from what all three understand

_user = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)
_host = st.sampled_from(["example.com", "192.0.2.1", "[2001:db8::1]", "h"])
_tag = st.text("abcdefABCDEF0123456789-.", min_size=1, max_size=12)
_address = st.builds(
    lambda name, user, host, tag: f"{name}<sip:{user}@{host}>" + (f";tag={tag}" if tag else ""),
    st.sampled_from(["", "Bob ", '"Bob B." ', '"B, C" ']),
    _user,
    _host,
    st.one_of(st.just(""), _tag),
)
_via = st.builds(
    lambda transport, host, port, branch, more: f"SIP/2.0/{transport} {host}{port};branch=z9hG4bK{branch}{more}",
    st.sampled_from(["UDP", "TCP", "TLS"]),
    _host,
    st.sampled_from(["", ":5060", ":1"]),
    _tag,
    st.sampled_from(["", ";rport", ";received=192.0.2.9", ";x=y", ";ttl=3;maddr=224.0.0.1"]),
)


@given(
    st.sampled_from(["INVITE", "OPTIONS", "MESSAGE", "X"]),
    st.builds(lambda user, host: f"sip:{user}@{host}", _user, _host),
    _address,
    _address,
    st.lists(_via, min_size=1, max_size=3),
    st.integers(0, 2**31 - 1),
    st.booleans(),
    st.binary(max_size=20),
)
def test_all_three_agree(
    method: str, uri: str, from_: str, to: str, vias: list[str], number: int, joined: bool, body: bytes
) -> None:
    first, more = (", ".join(vias), []) if joined else (vias[0], [f"v: {via}" for via in vias[1:]])
    data = request(method, uri=uri, from_=from_, to=to, via=first, extra=more, cseq=f"{number} {method}", body=body)
    mine = ours(data)
    assert by_sipmessage(data) == mine
    assert by_aiosipua(data) == mine
