"""What a request read at a glance says of its transaction is what the careful way says, for every Via and source."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.sip.endpoint import merge_mark
from simcarrier.sip.glance import FAMILIAR, Glanced, learn
from simcarrier.sip.message import Request
from simcarrier.sip.parse import parse
from simcarrier.sip.transaction import reply_head
from simcarrier.sip.transport import Address

SENT_BY = (
    "127.0.0.1:5061",
    "127.0.0.1",
    "pbx.example.com:5080",
    "PBX.Example.com",
    "[::1]:5061",
    "[::1]",
    "10.0.0.7:0",
)
BEFORE = (
    "",
    ";rport",
    ";RPORT",
    ";rport;x=y",
    ";maddr=192.0.2.9",
    ";maddr=h.example",
    ";rport=7",
    ";received=192.0.2.1",
)
BEHIND = ("", ";rport", ";x", ";maddr=192.0.2.9;x=rport")
SOURCES: tuple[Address, ...] = (
    ("127.0.0.1", 5061),
    ("127.0.0.1", 9),
    ("192.0.2.1", 5061),
    ("::1", 5061),
    ("10.0.0.7", 0),
)


def written(method: str, via: str, to_tag: str = "") -> bytes:
    lines = [
        f"{method} sip:+4930@127.0.0.1 SIP/2.0",
        f"Via: SIP/2.0/UDP {via}",
        "From: <sip:+4989@h>;tag=f",
        f"To: <sip:+4930@h>{to_tag}",
        "Call-ID: c@h",
        f"CSeq: 1 {method}",
        "Max-Forwards: 70",
        "Content-Length: 0",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@pytest.fixture(autouse=True)
def familiar() -> None:
    for method, tag in (("INVITE", ""), ("BYE", ";tag=t")):
        for at in range(FAMILIAR):
            request = parse(written(method, f"127.0.0.1;branch=z9hG4bK{at}", tag))
            assert isinstance(request, Request)
            if not request.glanced:
                learn(request)


def careful(data: bytes) -> Request:
    """The same request, read with care."""
    lines = data.decode().partition("\r\n\r\n")[0].split("\r\n")
    method, uri, _ = lines[0].split(" ")
    return Request(data, lines, len(data), method, uri)


@given(
    st.sampled_from(SENT_BY),
    st.sampled_from(BEFORE),
    st.sampled_from(BEHIND),
    st.lists(st.sampled_from(SOURCES), min_size=1, max_size=3),
    st.sampled_from([("INVITE", ""), ("BYE", ";tag=t")]),
)
def test_the_glance_replies_as_the_careful_way(
    sent_by: str, before: str, behind: str, sources: list[Address], kind: tuple[str, str]
) -> None:
    data = written(kind[0], f"{sent_by}{before};branch=z9hG4bKb{behind}", kind[1])
    quick, slow = parse(data), careful(data)
    assert isinstance(quick, Glanced)
    assert (quick.key, quick.mark, quick.via) == (slow.via.key, merge_mark(slow), slow.via)
    for source in sources:
        reply = quick.reply_to(source)
        if behind:
            assert reply is None
        else:
            assert reply == (reply_head(slow, source), slow.via.destination(source))
