"""The grammar of the Identity header field (RFC 8224 section 4)."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.sip.errors import LocalProtocolError, Malformed
from simcarrier.sip.identity import Identities, Identity, parse_identity
from simcarrier.sip.parse import parse

URI = "https://certs.example/sp.pem"
FULL = f"eyJ9.eyJ9.c2ln;info=<{URI}>;alg=ES256;ppt=shaken"

ONE: dict[str, tuple[str, Identity]] = {
    "full": (FULL, Identity("eyJ9.eyJ9.c2ln", URI, "ES256", "shaken")),
    "quoted ppt": (f'a.b.c;info=<{URI}>;ppt="shaken"', Identity("a.b.c", URI, None, "shaken")),
    "white space": (f" a.b.c ; INFO = <{URI}> ; Alg = ES256 ", Identity("a.b.c", URI, "ES256")),
    "compact": (f"..c2ln;info=<{URI}>;alg=ES256", Identity("..c2ln", URI, "ES256")),
    "no parameters": ("a.b.c", Identity("a.b.c", None)),
    "info without brackets": (f"a.b.c;info={URI}", Identity("a.b.c", URI)),
    "a URI with semicolon and comma": ("a.b.c;info=<https://x/a;b,c>", Identity("a.b.c", "https://x/a;b,c")),
    "others": (f"a.b.c;info=<{URI}>;x=1;flag", Identity("a.b.c", URI, params={"x": "1", "flag": None})),
    "the first counts": ("a.b.c;ppt=shaken;ppt=div", Identity("a.b.c", None, None, "shaken")),
}

BAD = {
    "empty": "",
    "no token": f";info=<{URI}>",
    "RFC 4474": f'"c2ln";info=<{URI}>',
    "two parts": "a.b;alg=ES256",
    "four parts": "a.b.c.d",
    "no base64": "a b.c.d",
    "open bracket": f"a.b.c;info=<{URI}",
    "empty parameter": "a.b.c;;alg=ES256",
    "open quote": 'a.b.c;ppt="shaken',
    "empty value": "a.b.c;alg=",
    "too many parameters": "a.b.c" + ";x" * 21,
    "too long": "a.b." + "c" * 20_000,
    "a line end": "a.b.c;info=<https://x/\r\n>",
}


@pytest.mark.parametrize(("text", "value"), ONE.values(), ids=ONE)
def test_one(text: str, value: Identity) -> None:
    assert Identity.parse(text) == value


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_bad(text: str) -> None:
    with pytest.raises(Malformed):
        Identity.parse(text)


def test_written() -> None:
    assert str(Identity("eyJ9.eyJ9.c2ln", URI, "ES256", "shaken")) == FULL


@pytest.mark.parametrize(
    "value",
    [
        Identity("a.b.c\r\n", URI),
        Identity("a.b.c", None),
        Identity("a.b.c", "https://x/>;y=<"),
        Identity("a.b.c", URI, "ES 256"),
        Identity("a.b.c", URI, None, "a;b"),
    ],
    ids=["token", "no info", "info", "alg", "ppt"],
)
def test_what_would_break_the_message_is_not_written(value: Identity) -> None:
    with pytest.raises(LocalProtocolError):
        str(value)


def test_the_compact_form_is_known() -> None:
    assert Identity.parse("..c2ln").is_compact
    assert not Identity.parse("a.b.c").is_compact


def test_several_in_fields_and_lists() -> None:
    found = parse_identity([FULL, f"{FULL}, broken, a.b.c", "d.e.f"])
    assert [value.token for value in found.values] == ["eyJ9.eyJ9.c2ln", "eyJ9.eyJ9.c2ln", "a.b.c", "d.e.f"]
    assert [(fault.why, fault.text) for fault in found.faults] == [("Identity without a token", "broken")]


def test_many() -> None:
    found = parse_identity([FULL] * 9)
    assert len(found.values) == 8
    assert found.faults[0].why == "too many Identity values"


def test_the_compact_name() -> None:
    lines = [
        "INVITE sip:+12155550131@carrier.example SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1",
        "From: <sip:+12155550121@caller.example>;tag=1",
        "To: <sip:+12155550131@carrier.example>",
        "Call-ID: 1",
        "CSeq: 1 INVITE",
        "Max-Forwards: 70",
        f"y: {FULL}",
        f"Identity: {FULL.replace('shaken', 'div')}",
        "Content-Length: 0",
    ]
    message = parse("\r\n".join([*lines, "", ""]).encode())
    found = parse_identity(message.get_all("identity"))
    assert [value.ppt for value in found.values] == ["shaken", "div"]


TOKENS = st.from_regex(r"[A-Za-z0-9_-]{0,9}\.[A-Za-z0-9_-]{0,9}\.[A-Za-z0-9_-]{1,9}", fullmatch=True)
NAMES = st.from_regex(r"[A-Za-z0-9-]{1,9}", fullmatch=True)
VALUES = st.builds(
    Identity,
    TOKENS,
    st.from_regex(r"https://[a-z]{1,9}/[a-zA-Z0-9;,?=&/%-]{0,20}", fullmatch=True),
    st.none() | NAMES,
    st.none() | NAMES,
)


@given(st.lists(VALUES, min_size=1, max_size=4))
def test_round_trip(values: list[Identity]) -> None:
    assert parse_identity([",".join(map(str, values))]) == Identities(tuple(values))
    assert parse_identity(map(str, values)) == Identities(tuple(values))


@given(st.lists(st.text(max_size=40) | st.text('a.;info=<>", \\', max_size=40), max_size=3))
def test_nothing_makes_it_raise(header_values: list[str]) -> None:
    found = parse_identity(header_values)
    assert all(value.token.count(".") == 2 for value in found.values)


@pytest.mark.parametrize("unit", [".", ";", ";a", "<", '"', ",", "a", ' ; a = "x"', "a.b.c,", "=" * 3])
def test_hostile_lengths_cost_little(unit: str) -> None:
    for head in ("", "a.b.c;info=<", "a.b.c"):
        began = time.thread_time()
        parse_identity([head + unit * (65_536 // len(unit))])
        assert time.thread_time() - began < 0.1
