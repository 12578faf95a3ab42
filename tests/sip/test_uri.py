"""URIs: the RFCs' own examples, what deployed diallers send, round trips, truncations, hostile lengths."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.sip.errors import Malformed
from simcarrier.sip.grammar import MAX_PARTS
from simcarrier.sip.uri import SipUri, TelUri, UnknownScheme, Uri, parse_uri, same_uri

VALID: dict[str, tuple[str, Uri]] = {
    "host only": ("sip:carrier1", SipUri(host="carrier1")),
    "underscore": ("sip:a_b.example", SipUri(host="a_b.example")),
    "user": ("sip:alice@atlanta.com", SipUri(host="atlanta.com", user="alice")),
    "password": ("sip:alice:secret@h", SipUri(host="h", user="alice", password="secret")),
    "empty password": ("sip:alice:@h", SipUri(host="h", user="alice", password="")),
    "sips upper case": ("SIPS:a@H:5061", SipUri(scheme="sips", host="h", user="a", port=5061)),
    "port zero": ("sip:h:0", SipUri(host="h", port=0)),
    "port leading zeros": ("sip:h:0005060", SipUri(host="h", port=5060)),
    "IPv4": ("sip:1@127.0.0.1:5060", SipUri(host="127.0.0.1", user="1", port=5060)),
    "IPv6": ("sip:1@[2001:DB8::1]:5060", SipUri(host="2001:db8::1", user="1", port=5060)),
    "IPv6 alone": ("sip:[::1]", SipUri(host="::1")),
    "params": (
        "sip:h;Transport=UDP;lr;x=%3B",
        SipUri(host="h", params=(("transport", "UDP"), ("lr", None), ("x", ";"))),
    ),
    "headers": (
        "sip:h?subject=project%20x&priority=",
        SipUri(host="h", headers=(("subject", "project x"), ("priority", ""))),
    ),
    "escaped user": ("sip:%61%40b@h", SipUri(host="h", user="a@b")),
    "hash in user": ("sip:*67#123@h", SipUri(host="h", user="*67#123")),
    "UTF-8 escaped": ("sip:J%C3%B6rg@h", SipUri(host="h", user="Jörg")),
    "null in user (RFC 4475 3.1.1.4)": ("sip:null-%00-null@h", SipUri(host="h", user="null-\0-null")),
    "telephone parameters": (
        "sip:+4930123;npdi;rn=+49-301@h;user=phone",
        SipUri(host="h", user="+4930123", user_params=(("npdi", None), ("rn", "+49-301")), params=(("user", "phone"),)),
    ),
    "phone-context": (
        "sip:7042;phone-context=example.com@h",
        SipUri(host="h", user="7042", user_params=(("phone-context", "example.com"),)),
    ),
    "hexadecimal number, user=phone": (
        "sip:BEEF;x=1@h;user=phone",
        SipUri(host="h", user="BEEF", user_params=(("x", "1"),), params=(("user", "phone"),)),
    ),
    "hexadecimal word, no user=phone": ("sip:beef;x=1@h", SipUri(host="h", user="beef;x=1")),
    "user with semicolon (RFC 3261 19.1.3)": (
        "sip:alice;day=tuesday@atlanta.com",
        SipUri(host="atlanta.com", user="alice;day=tuesday"),
    ),
    "number with semicolons that are no parameters": ("sip:+49;;x@h", SipUri(host="h", user="+49;;x")),
    "question mark in user": ("sip:a?b=c@h", SipUri(host="h", user="a?b=c")),
    "tel": ("tel:+49-30-(123)", TelUri(number="+4930123")),
    "tel local": (
        "TEL:7042;phone-context=Example.com",
        TelUri(number="7042", params=(("phone-context", "Example.com"),)),
    ),
    "tel short": ("tel:112", TelUri(number="112")),
    "tel ported": (
        "tel:+1-202-555-0123;npdi;rn=+1-202-555-0000",
        TelUri(number="+12025550123", params=(("npdi", None), ("rn", "+1-202-555-0000"))),
    ),
    "tel star": ("tel:*31#", TelUri(number="*31#")),
}

INVALID = {
    "empty": "",
    "no scheme": "alice@example.com",
    "scheme only": "sip:",
    "empty user": "sip:@h",
    "no host": "sip:a@",
    "two at signs": "sip:a@b@c",
    "empty port": "sip:h:",
    "port out of range": "sip:h:65536",
    "huge port": "sip:h:" + "9" * 5000,
    "port not a number": "sip:h:x",
    "host with space": "sip:h x",
    "host begins with dot": "sip:.h",
    "IPv6 unclosed": "sip:[::1",
    "IPv6 bad": "sip:[::1::2]",
    "IPv6 with IPv4 inside": "sip:[127.0.0.1]",
    "IPv6 without brackets": "sip:a@::1",
    "empty param": "sip:h;;lr",
    "trailing semicolon": "sip:h;",
    "empty param value": "sip:h;a=",
    "white space before param (RFC 4475 3.1.2.10)": "sip:user@example.com; lr",
    "angle brackets (RFC 4475 3.1.2.9)": "<sip:user@example.com>",
    "empty header": "sip:h?",
    "header without value": "sip:h?a",
    "bad escape": "sip:a%zz@h",
    "line end": "sip:a@h\n",
    "control": "sip:a\x01@h",
    "non-ASCII host": "sip:höst",
    "tel empty": "tel:",
    "tel separators only": "tel:-.()",
    "tel plus only": "tel:+",
    "tel global with hash": "tel:+49#",
    "tel letters": "tel:hello",
    "tel two plus": "tel:++49",
    "tel user": "tel:1@h",
    "tel empty param": "tel:1;;a",
}

RANDOM_WIRE = st.binary(min_size=1, max_size=20).map(lambda data: data.decode("utf-8", "surrogateescape"))
NAMES = st.text("abcdefghijk-0123456789", min_size=1, max_size=8)
PAIRS = st.lists(st.tuples(NAMES, st.none() | RANDOM_WIRE), max_size=4).map(tuple)
HOSTS = st.sampled_from(["h", "carrier1", "a_b.example", "127.0.0.1", "::1", "2001:db8::7"])
PORTS = st.none() | st.integers(0, 65535)
HEADERS = st.lists(st.tuples(NAMES, RANDOM_WIRE), max_size=3).map(tuple)
SCHEMES = st.sampled_from(["sip", "sips"])
NUMBERS = st.from_regex(r"\+?[0-9*#]{1,15}", fullmatch=True)
SIP_URIS = st.one_of(
    st.builds(
        SipUri,
        host=HOSTS,
        user=st.none() | RANDOM_WIRE | NUMBERS,
        port=PORTS,
        scheme=SCHEMES,
        params=PAIRS,
        headers=HEADERS,
    ),
    st.builds(
        SipUri,
        host=HOSTS,
        user=NUMBERS,
        password=st.none() | RANDOM_WIRE,
        port=PORTS,
        scheme=SCHEMES,
        params=PAIRS,
        user_params=PAIRS,
        headers=HEADERS,
    ),
)
TEL_URIS = st.builds(TelUri, number=st.from_regex(r"\+[0-9]{1,15}|[0-9A-F*#]{1,12}", fullmatch=True), params=PAIRS)


@pytest.mark.parametrize("name", VALID)
def test_valid(name: str) -> None:
    text, expected = VALID[name]
    assert parse_uri(text) == expected
    assert parse_uri(str(expected)) == expected


@pytest.mark.parametrize("name", INVALID)
def test_invalid(name: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_uri(INVALID[name])
    assert not isinstance(caught.value, UnknownScheme)


@pytest.mark.parametrize("text", ["http://x/", "urn:service:sos", "nobodyKnowsThisScheme:totallyopaque", "im:a@b"])
def test_unknown_scheme(text: str) -> None:
    with pytest.raises(UnknownScheme):
        parse_uri(text)


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        pytest.param(SipUri(host="::1", user="a b", port=5060), "sip:a%20b@[::1]:5060", id="space, IPv6"),
        pytest.param(SipUri(host="h", user="a@b:c"), "sip:a%40b%3Ac@h", id="at, colon"),
        pytest.param(SipUri(host="h", user="*67#"), "sip:*67%23@h", id="hash"),
        pytest.param(SipUri(host="h", user="a;b=c?d/e"), "sip:a;b=c?d/e@h", id="user-unreserved"),
        pytest.param(SipUri(host="h", user="+49;x"), "sip:+49%3Bx@h", id="semicolon after a number"),
        pytest.param(
            SipUri(host="h", user="+49", user_params=(("npdi", None), ("rn", "+1"))),
            "sip:+49;npdi;rn=+1@h",
            id="telephone parameters",
        ),
        pytest.param(SipUri(host="h", params=(("a", "b;c=d"),)), "sip:h;a=b%3Bc%3Dd", id="parameter"),
        pytest.param(SipUri(host="h", headers=(("a", "b&c=d"),)), "sip:h?a=b%26c%3Dd", id="header"),
        pytest.param(TelUri(number="7042", params=(("phone-context", "+49"),)), "tel:7042;phone-context=+49", id="tel"),
    ],
)
def test_written(uri: Uri, text: str) -> None:
    assert str(uri) == text


@given(SIP_URIS | TEL_URIS)
def test_round_trip(uri: Uri) -> None:
    text = str(uri)
    assert text.isascii()
    parsed = parse_uri(text)
    assert parsed == uri
    assert same_uri(parsed, uri)


@given(st.text(max_size=60) | RANDOM_WIRE.map(lambda text: "sip:" + text) | RANDOM_WIRE.map(lambda text: "tel:" + text))
def test_anything_is_read_or_malformed_and_what_is_read_is_writable(text: str) -> None:
    try:
        uri = parse_uri(text)
    except Malformed:
        return
    assert parse_uri(str(uri)) == uri


@pytest.mark.parametrize("name", VALID)
def test_truncations_are_read_or_malformed(name: str) -> None:
    text, _ = VALID[name]
    for end in range(len(text)):
        try:
            uri = parse_uri(text[:end])
        except Malformed:
            continue
        assert parse_uri(str(uri)) == uri


def test_parts_of_a_sip_uri() -> None:
    uri = parse_uri("sip:+4930123;npdi;rn=+49301@h;user=phone;lr")
    assert isinstance(uri, SipUri)
    assert uri.user == "+4930123"
    assert (uri.param("lr"), uri.param("user"), uri.param("maddr")) == ("", "phone", None)
    assert (uri.user_param("npdi"), uri.user_param("rn"), uri.user_param("cic")) == ("", "+49301", None)


def test_parts_of_a_tel_uri() -> None:
    uri = parse_uri("tel:+1-202-555-0123;npdi;rn=+1-202-555-0000")
    assert isinstance(uri, TelUri)
    assert (uri.user, uri.is_global, uri.npdi, uri.rn) == ("+12025550123", True, True, "+12025550000")
    assert uri.phone_context is None
    local = parse_uri("tel:7042;phone-context=+49")
    assert isinstance(local, TelUri)
    assert (local.is_global, local.npdi, local.rn, local.phone_context) == (False, False, None, "+49")


SAME = [
    # RFC 3261 section 19.1.4
    ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
    ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
    (
        "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
        "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
    ),
    (
        "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
    ),
    # RFC 5954 section 4.2
    ("sip:bob@[::ffff:192.0.2.128]", "sip:bob@[::ffff:c000:280]"),
    ("sip:bob@[2001:db8:0:0::1]", "sip:bob@[2001:DB8::1]"),
    # RFC 3966 section 4
    ("tel:+49-30-123", "tel:+4930123"),
    ("tel:7042;phone-context=Example.com;ext=1", "tel:7042;ext=1;phone-context=example.com"),
]
DIFFERENT = [
    # RFC 3261 section 19.1.4
    ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
    ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
    ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
    ("sip:a@h", "sips:a@h"),
    ("sip:h", "sip:a@h"),
    ("sip:a@h", "sip:a:@h"),
    ("sip:a@h", "sip:a@h;maddr=1.2.3.4"),
    ("sip:+49;npdi@h", "sip:+49@h"),
    ("sip:[::1]", "sip:[::2]"),
    ("sip:[::1]", "sip:h"),
    ("tel:+4930123", "sip:+4930123@h"),
    ("sip:+4930123@h", "tel:+4930123"),
    ("tel:+4930123", "tel:+4930123;ext=1"),
    ("tel:7042;phone-context=+49", "tel:7042;phone-context=+43"),
]


@pytest.mark.parametrize(("a", "b"), SAME)
def test_equivalent(a: str, b: str) -> None:
    assert same_uri(parse_uri(a), parse_uri(b))
    assert same_uri(parse_uri(b), parse_uri(a))


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_not_equivalent(a: str, b: str) -> None:
    assert not same_uri(parse_uri(a), parse_uri(b))
    assert not same_uri(parse_uri(b), parse_uri(a))


def test_a_constructed_host_need_not_be_an_address() -> None:
    assert not same_uri(SipUri(host="x:1"), SipUri(host="y:1"))


@pytest.mark.parametrize(
    ("prefix", "unit", "join"),
    [
        pytest.param("sip:h", ";p{}=1", "", id="parameters"),
        pytest.param("tel:1", ";p{}", "", id="tel parameters"),
        pytest.param("sip:h?", "p{}=1", "&", id="headers"),
    ],
)
def test_limits_on_parts(prefix: str, unit: str, join: str) -> None:
    parts = [unit.format(number) for number in range(MAX_PARTS + 1)]
    parse_uri(prefix + join.join(parts[:-1]))
    with pytest.raises(Malformed, match="too many"):
        parse_uri(prefix + join.join(parts))


HOSTILE = {
    "tel digits": ("tel:", "1", ""),
    "tel separators": ("tel:", "-", ""),
    "tel alternating, then junk": ("tel:+", "1-", "x"),
    "tel parentheses": ("tel:", "(1)", "@"),
    "tel parameters": ("tel:1", ";a", ""),
    "tel escapes": ("tel:1;a=", "%41", ""),
    "user": ("sip:", "a", ""),
    "user escapes": ("sip:", "a%41", "@h"),
    "user colons": ("sip:", "a:", "@h"),
    "number, junk at the end": ("sip:", "1-", "x;y@h"),
    "number parameters": ("sip:1", ";a=b", "@h"),
    "semicolons in user": ("sip:1", ";", "@h"),
    "at signs": ("sip:", "a@", "h"),
    "host dots": ("sip:h", ".", "/"),
    "IPv6": ("sip:[", ":", "]"),
    "brackets": ("sip:", "[", ""),
    "port": ("sip:h:", "9", ""),
    "parameters": ("sip:h", ";a=b", ""),
    "equals": ("sip:h;a", "=", ""),
    "headers": ("sip:h?", "a=&", ""),
    "scheme": ("", "a", ":"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_lengths_cost_little_and_grow_no_faster_than_the_text(name: str) -> None:
    before, unit, after = HOSTILE[name]

    def cost(length: int) -> float:
        text = before + unit * (length // len(unit)) + after
        best = float("inf")
        for _ in range(3):
            begin = time.thread_time()
            with contextlib.suppress(Malformed):
                parse_uri(text)
            best = min(best, time.thread_time() - begin)
        return best

    small, large = cost(65_536), cost(8 * 65_536)
    assert small < 0.05
    # Linear is 8 times, quadratic 64 times; below the clock's noise nothing can be said.
    assert large < max(0.02, 24 * small)
