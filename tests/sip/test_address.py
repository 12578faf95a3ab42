"""Addresses in header fields: both forms, lists, round trips, truncations, hostile lengths."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.sip.address import WILDCARD, NameAddr, parse_contact, parse_list
from simcarrier.sip.errors import LocalProtocolError, Malformed
from simcarrier.sip.uri import SipUri, TelUri, UnknownScheme

VALID: dict[str, tuple[str, NameAddr]] = {
    "usual": ('"x" <sip:u@h:5060>;tag=abc', NameAddr("x", "sip:u@h:5060", {"tag": "abc"})),
    "no name": ("<sip:u@h>", NameAddr("", "sip:u@h")),
    "token name": ("Bob <sip:u@h>", NameAddr("Bob", "sip:u@h")),
    "name touching the bracket": ('"Bob"<sip:u@h>', NameAddr("Bob", "sip:u@h")),
    "several words": ("A. G.  Bell\t<sip:u@h>;tag=1", NameAddr("A. G.  Bell", "sip:u@h", {"tag": "1"})),
    "quoted UTF-8": ('"Jörg ☎" <sip:u@h>', NameAddr("Jörg ☎", "sip:u@h")),
    "bare UTF-8": ("Jörg <sip:u@h>", NameAddr("Jörg", "sip:u@h")),
    "not UTF-8": ('"\udcff" <sip:u@h>', NameAddr("\udcff", "sip:u@h")),
    "escapes": (r'"a\"b\\" <sip:u@h>', NameAddr('a"b\\', "sip:u@h")),
    "empty name": ('"" <sip:u@h>', NameAddr("", "sip:u@h")),
    "brackets in name": ('"<sip:x@y>" <sip:u@h>', NameAddr("<sip:x@y>", "sip:u@h")),
    "parameters inside and outside": (
        "<sip:u@h;lr;x=1>;q=0.5;expires=60",
        NameAddr("", "sip:u@h;lr;x=1", {"q": "0.5", "expires": "60"}),
    ),
    "white space everywhere": (
        '  "x"  <sip:u@h>  ;  tag = abc ',
        NameAddr("x", "sip:u@h", {"tag": "abc"}),
    ),
    "quoted parameter": (
        '<sip:u@h>;+sip.instance="<urn:uuid:1>"',
        NameAddr("", "sip:u@h", {"+sip.instance": "<urn:uuid:1>"}),
    ),
    "without brackets": ("sip:u@h;tag=1;x", NameAddr("", "sip:u@h", {"tag": "1", "x": None})),
    "without brackets, tel": ("tel:+49-30;tag=1", NameAddr("", "tel:+49-30", {"tag": "1"})),
    "comma in brackets": ("<sip:a,b@h>", NameAddr("", "sip:a,b@h")),
    "other scheme": ("<urn:service:sos>", NameAddr("", "urn:service:sos")),
}

INVALID = {
    "empty": "",
    "wildcard": "*",
    "name only": "Bob",
    "quoted name only": '"Bob"',
    "name without brackets": "Bob sip:u@h",
    "quoted name without brackets": '"Bob" sip:u@h',
    "unclosed quote (RFC 4475 3.1.2.6)": '"Mr. J. User <sip:u@h>',
    "unclosed bracket": "<sip:u@h",
    "empty brackets": "<>",
    "no scheme": "<u@h>",
    "space in brackets": "< sip:u@h >",
    "junk after brackets": "<sip:u@h> x",
    "junk between": '"a" "b" <sip:u@h>',
    "quote in bare name": 'a"b <sip:u@h>',
    "two addresses": "<sip:u@h>, <sip:v@h>",
    "unquoted comma (RFC 4475 3.1.2.15)": "Bell, Alexander <sip:u@h>",
    "comma without brackets": "sip:u,v@h",
    "question mark without brackets (section 20)": "sip:u@h?a=b",
    "empty parameter": "<sip:u@h>;;tag=1",
    "line end in name": '"a\r\nVia: x" <sip:u@h>',
    "line end in URI": "<sip:u@h\r\n>",
}

NAMES = (
    st.binary(max_size=20)
    .map(lambda data: data.decode("utf-8", "surrogateescape"))
    .filter(lambda text: not any(ord(char) < 32 or ord(char) == 127 for char in text))
)
TOKENS = st.text("abc0-.!%*_+`'~", min_size=1, max_size=8)
ADDRESSES = st.builds(
    NameAddr,
    NAMES,
    st.sampled_from(["sip:u@h", "sip:+49;npdi@[::1]:5060;lr?a=b,c", "tel:+4930", "sips:a,b@h", "urn:x:y"]),
    st.dictionaries(TOKENS, st.none() | NAMES, max_size=3),
)


@pytest.mark.parametrize("name", VALID)
def test_valid(name: str) -> None:
    text, expected = VALID[name]
    assert NameAddr.parse(text) == expected
    assert NameAddr.parse(str(expected)) == expected
    assert parse_list(text) == [expected]


@pytest.mark.parametrize("name", INVALID)
def test_invalid(name: str) -> None:
    with pytest.raises(Malformed):
        NameAddr.parse(INVALID[name])


@given(ADDRESSES)
def test_round_trip(address: NameAddr) -> None:
    assert NameAddr.parse(str(address)) == address


@given(st.lists(ADDRESSES, min_size=1, max_size=5))
def test_list_round_trip(addresses: list[NameAddr]) -> None:
    assert parse_list(", ".join(map(str, addresses))) == addresses


@given(st.text('"<>\\;,=* \tsip:u@h.é\n', max_size=40))
def test_anything_is_read_or_malformed_and_what_is_read_is_writable(text: str) -> None:
    try:
        address = NameAddr.parse(text)
    except Malformed:
        return
    assert NameAddr.parse(str(address)) == address


@pytest.mark.parametrize("name", VALID)
def test_truncations_are_read_or_malformed(name: str) -> None:
    text, _ = VALID[name]
    for end in range(len(text)):
        try:
            address = NameAddr.parse(text[:end])
        except Malformed:
            continue
        assert NameAddr.parse(str(address)) == address


def test_uri_is_read_on_demand_and_once() -> None:
    address = NameAddr.parse("<sip:alice@h;lr>")
    assert address.uri == SipUri(host="h", user="alice", params=(("lr", None),))
    assert address.uri is address.uri
    assert NameAddr.parse("<tel:+49-30>").uri == TelUri(number="+4930")


def test_a_bad_uri_shows_when_it_is_read() -> None:
    with pytest.raises(Malformed):
        _ = NameAddr.parse("<sip:@@>").uri
    with pytest.raises(UnknownScheme):
        _ = NameAddr.parse("<http://h/>").uri


def test_tag() -> None:
    address = NameAddr.parse("<sip:u@h>;x=1")
    assert address.tag is None
    tagged = address.with_tag("abc")
    assert (tagged.tag, str(tagged)) == ("abc", "<sip:u@h>;x=1;tag=abc")
    assert tagged.with_tag("def").tag == "def"
    assert address.tag is None


@pytest.mark.parametrize(
    "address",
    [
        NameAddr("", "sip:u@h>;tag=x,<sip:v@h"),
        NameAddr("", "sip:u@h\r\nVia: x"),
        NameAddr("", "*"),
        NameAddr("a\r\nb", "sip:u@h"),
        NameAddr("", "sip:u@h", {"a": "b\r\nc"}),
        NameAddr("", "sip:u@h", {"a b": None}),
    ],
    ids=["bracket", "line end in URI", "no URI", "line end in name", "line end in value", "no token"],
)
def test_what_would_break_the_message_is_not_written(address: NameAddr) -> None:
    with pytest.raises(LocalProtocolError):
        str(address)


def test_list() -> None:
    text = '"a, b" <sip:u@h>;tag=1, sip:v@h;q="x,y" ,<sip:w,x@h>'
    assert [a.uri_text for a in parse_list(text)] == ["sip:u@h", "sip:v@h", "sip:w,x@h"]


@pytest.mark.parametrize("text", ["", ",", "<sip:a@b>,", ",<sip:a@b>", "<sip:a@b>,,<sip:c@d>", '"a,<sip:a@b>'])
def test_bad_list(text: str) -> None:
    with pytest.raises(Malformed):
        parse_list(text)


def test_a_list_has_a_limit_on_all_its_parameters() -> None:
    assert len(parse_list(",".join(["<sip:a@b>" + ";x" * 20] * 100))) == 100
    with pytest.raises(Malformed, match="too many"):
        parse_list(",".join(["<sip:a@b>" + ";x" * 50] * 100))


def test_contact() -> None:
    assert parse_contact(" * ") == WILDCARD
    assert parse_contact("<sip:a@b>, <sip:c@d>") == [NameAddr("", "sip:a@b"), NameAddr("", "sip:c@d")]
    with pytest.raises(Malformed):
        parse_contact("*, <sip:a@b>")


HOSTILE = {
    "quotes": ("", '"', ""),
    "escaped quotes": ('"', '\\"', ""),
    "pairs of quotes": ("", '""', ""),
    "opening brackets": ("", "<", ""),
    "pairs of brackets": ("", "<>", ""),
    "white space before bracket": ("", " ", "<"),
    "words before bracket": ("", "a ", "<sip:a@b"),
    "white space after name": ('"a"', " ", "x"),
    "white space after bracket": ("<sip:a@b>", " ", ";"),
    "many addresses": ("", "<a:b>,", "<a:b>"),
    "many parameters": ("<a:b>", ";a", ""),
    "many addresses with parameters": ("", "<a:b>" + ";a" * 95 + ",", "<a:b>"),
    "quotes in parameters": ("<a:b>", ';a="', ""),
    "escapes in a parameter": ("<a:b>;a=", "\\a", ""),
    "semicolons": ("a:b", ";", ""),
    "commas": ("", ",", ""),
    "scheme": ("<", "a", ">"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_lengths_cost_little_and_grow_no_faster_than_the_text(name: str) -> None:
    before, unit, after = HOSTILE[name]

    def cost(length: int) -> float:
        text = before + unit * (length // len(unit)) + after
        best = float("inf")
        for _ in range(3):
            begin = time.thread_time()
            for parser in (parse_list, NameAddr.parse):
                try:
                    parser(text)
                except Malformed:
                    continue
            best = min(best, time.thread_time() - begin)
        return best

    small, large = cost(65_536), cost(8 * 65_536)
    assert small < 0.05
    # Linear is 8 times, quadratic 64 times; below the clock's noise nothing can be said.
    assert large < max(0.02, 24 * small)
