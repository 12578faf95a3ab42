"""Our reading of URIs and addresses against sipmessage's, an independent reading of the same RFCs.

Where both accept a text they must agree on what it says, but for the disagreements listed here with their reason. Each
listed disagreement is tested to exist, so that a list that has become untrue fails.
"""

from __future__ import annotations

import contextlib

import pytest
import sipmessage
from hypothesis import assume, given
from hypothesis import strategies as st

from simcarrier.sip.address import NameAddr
from simcarrier.sip.errors import Malformed
from simcarrier.sip.uri import Pairs, TelUri, Uri, parse_uri

Reading = dict[str, object]


def first(pairs: Pairs) -> Reading:
    """The parameters as a mapping; the first of a name wins, as our `param` has it."""
    return dict(reversed(pairs))


def ours(uri: Uri) -> Reading:
    """Our reading in the terms that both share."""
    if isinstance(uri, TelUri):
        return {"scheme": "tel", "user": uri.number, "host": "", "port": None, "params": first(uri.params)}
    params = first(uri.params)
    return {"scheme": uri.scheme, "user": uri.user, "host": uri.host, "port": uri.port, "params": params}


def theirs(uri: sipmessage.URI) -> Reading:
    """Theirs, brought to our normal form: they keep case, brackets and visual separators as written."""
    user = uri.user
    if uri.scheme == "tel" and user is not None:
        user = user.translate(str.maketrans("", "", "-.()"))
    return {
        "scheme": uri.scheme,
        "user": user,
        "host": uri.host.lower().removeprefix("[").removesuffix("]"),
        "port": uri.port,
        "params": {name.lower(): value for name, value in uri.parameters.items()},
    }


def read_ours(text: str) -> Reading | None:
    try:
        return ours(parse_uri(text))
    except Malformed:
        return None


def read_theirs(text: str) -> Reading | None:
    try:
        return theirs(sipmessage.URI.parse(text))
    except ValueError:
        return None


AGREED = [
    "sip:atlanta.com",
    "sip:alice@atlanta.com",
    "sip:alice:secretword@atlanta.com;transport=tcp",
    "sips:1212@gateway.com:5061",
    "sip:alice;day=tuesday@atlanta.com",
    "sip:%61lice@atlanta.com;transport=TCP",
    "sip:J%C3%B6rg@example.com",
    "sip:bob@192.0.2.4:5060;lr",
    "sip:bob@[2001:db8::9:1]:5060",
    "sip:bob@AtLanTa.CoM;Transport=udp",
    "sip:a@example.com;x=%3Bb",
    "sip:+49-30-123@example.com;user=phone",
    "tel:+49-30-123",
    "tel:7042;phone-context=example.com",
    "tel:+12025550123;npdi;rn=+12025550000",
]

# text -> (why we say something else, our reading's difference, theirs); both accept.
READ_OTHERWISE: dict[str, tuple[str, Reading, Reading]] = {
    "sip:+4930123;npdi@example.com": (
        "RFC 3261 19.1.6: a telephone-subscriber in the user part brings parameters of its own; we split them off",
        {"user": "+4930123"},
        {"user": "+4930123;npdi"},
    ),
    "sip:example.com;a=1;a=2": (
        "RFC 3261 19.1.1: a parameter must not come twice; we keep both and look up the first, they the last",
        {"params": {"a": "1"}},
        {"params": {"a": "2"}},
    ),
}

# text -> why we take it and they don't
WE_TAKE: dict[str, str] = {
    "sip:carrier1": "RFC 3261 25.1: hostname = toplabel, which may end in a digit; their toplabel may not",
    "sip:a@a_b.example": "not in RFC 3261, but names with underscores occur in every container network",
    "SIP:alice@example.com": "RFC 3261 7.1, RFC 3986 3.1: scheme names are case-insensitive",
    "sip:*67#123@example.com": "not in RFC 3261 ('#' is to be escaped), but diallers send it",
    "sip:example.com?subject=x": "RFC 3261 19.1.1: headers are part of a SIP URI",
    "sip:example.com;x=a=b": "not in RFC 3261 ('=' is to be escaped), but unambiguous",
}

# text -> why they take it and we don't
THEY_TAKE: dict[str, str] = {
    "sip:a@example.com:99999": "RFC 3261 25.1 allows any digits, but no such port exists",
    "sip:a@example.com\n": "RFC 3261 25.1: no line end; their '$' allows one",
}


@pytest.mark.parametrize("text", AGREED)
def test_agreed(text: str) -> None:
    reading = read_ours(text)
    assert reading is not None
    assert reading == read_theirs(text)


@pytest.mark.parametrize("text", READ_OTHERWISE)
def test_read_otherwise(text: str) -> None:
    _, our_difference, their_difference = READ_OTHERWISE[text]
    we, they = read_ours(text), read_theirs(text)
    assert we is not None
    assert they is not None
    assert we.items() >= our_difference.items()
    assert they.items() >= their_difference.items()


@pytest.mark.parametrize("text", WE_TAKE)
def test_we_take_what_they_refuse(text: str) -> None:
    assert read_ours(text) is not None
    assert read_theirs(text) is None


@pytest.mark.parametrize("text", THEY_TAKE)
def test_they_take_what_we_refuse(text: str) -> None:
    assert read_ours(text) is None
    assert read_theirs(text) is not None


USERS = st.text("aZ09-_.!~*'()&=+$,?/", min_size=1, max_size=8) | st.sampled_from(["%41", "%C3%A9", "a;b=c"])
HOSTS = st.sampled_from(["example.com", "A.example", "192.0.2.1", "[::1]", "[2001:DB8::7]", "x-y.z"])
PORTS = st.just("") | st.integers(0, 65535).map(lambda port: f":{port}")
PARAMS = st.dictionaries(
    st.text("abx-", min_size=1, max_size=3),
    st.none() | st.text("aZ0[]/:&+$", min_size=1, max_size=5) | st.just("%41x"),
    max_size=3,
).map(lambda params: "".join(f";{name}" if value is None else f";{name}={value}" for name, value in params.items()))
SIP_TEXTS = st.builds(
    lambda scheme, user, host, port, params: f"{scheme}:{user}{host}{port}{params}",
    st.sampled_from(["sip", "sips"]),
    st.just("") | USERS.map(lambda user: f"{user}@") | USERS.map(lambda user: f"{user}:pw@"),
    HOSTS,
    PORTS,
    PARAMS,
)
TEL_TEXTS = st.builds(
    lambda number, params: f"tel:{number}{params}", st.text("+0123456789-.()*#AF", max_size=10), PARAMS
)


@given(SIP_TEXTS | TEL_TEXTS)
def test_where_both_accept_both_agree(text: str) -> None:
    we, they = read_ours(text), read_theirs(text)
    assume(we is not None and they is not None)
    assert we == they


@pytest.mark.parametrize(
    "text",
    [
        '"Bob" <sip:bob@example.com>;tag=a73kszlfl',
        "<sip:bob@example.com>",
        "sip:bob@example.com;tag=1",
        "Anonymous <sip:c8oqz84zk7z@privacy.example>;tag=hyh8",
        "A. G. Bell <sip:agb@bell-telephone.com> ;tag=a48s",
        '"a \\"b\\" c" <sip:u@example.com>',
        '"Jörg" <sip:u@example.com;lr>;q=0.5',
        '"a, b" <tel:+49-30>;x',
    ],
)
def test_addresses_agreed(text: str) -> None:
    we, they = NameAddr.parse(text), sipmessage.Address.parse(text)
    assert we.display_name == they.name
    assert ours(we.uri) == theirs(they.uri)
    assert dict(we.params) == dict(they.parameters)


@given(
    st.text("aZ .!,<>é\\", max_size=8).map(lambda name: '"' + name.replace("\\", "\\\\") + '" '),
    SIP_TEXTS,
    st.sampled_from(["", ";tag=1", " ; tag=1;x"]),
)
def test_addresses_where_both_accept_both_agree(name: str, uri: str, params: str) -> None:
    text = f"{name}<{uri}>{params}"
    they: sipmessage.Address | None = None
    we: NameAddr | None = None
    with contextlib.suppress(ValueError):
        they = sipmessage.Address.parse(text)
        we = NameAddr.parse(text)
    assume(we is not None and they is not None and read_ours(uri) is not None)
    if we is not None and they is not None:
        # White space: see test_white_space_within_quotes.
        assert we.display_name.split() == they.name.split()
        assert ours(we.uri) == theirs(they.uri)
        assert dict(we.params) == dict(they.parameters)


def test_white_space_within_quotes() -> None:
    """It has meaning (RFC 3261 25.1: a quoted-string's text is qdtext, not LWS); they fold it like LWS outside."""
    text = '"a  b" <sip:u@example.com>'
    assert NameAddr.parse(text).display_name == "a  b"
    assert sipmessage.Address.parse(text).name == "a b"
