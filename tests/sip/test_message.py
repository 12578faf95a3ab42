"""Messages: names in any spelling, folds, repeats, order, bytes preserved, tags, bodies, the limit on fields."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.sip.address import quick_tag
from simcarrier.sip.errors import Malformed
from simcarrier.sip.field_names import COMPACT, canonical
from simcarrier.sip.message import MAX_FIELDS, Message, Request, Response, make_request
from simcarrier.sip.parse import parse
from tests.sip.kit import Core, request


def read(*lines: str, body: bytes = b"") -> Request:
    head = "\r\n".join(["INVITE sip:a@b SIP/2.0", *lines])
    message = parse(head.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body)
    assert isinstance(message, Request)
    return message


def swapped(name: str) -> str:
    return "".join(char.upper() if at % 2 else char.lower() for at, char in enumerate(name))


# RFC 3261 section 7.3.3, RFC 3515, 3892, 4028, 3841, 6665, 4474, 8224: written out here once more on purpose.
COMPACT_FORMS = {
    "a": "accept-contact", "b": "referred-by", "c": "content-type", "d": "request-disposition",
    "e": "content-encoding", "f": "from", "i": "call-id", "j": "reject-contact", "k": "supported",
    "l": "content-length", "m": "contact", "n": "identity-info", "o": "event", "r": "refer-to", "s": "subject",
    "t": "to", "u": "allow-events", "v": "via", "x": "session-expires", "y": "identity",
}  # fmt: skip


def test_the_compact_names_are_those_of_the_registry() -> None:
    assert COMPACT == COMPACT_FORMS


@pytest.mark.parametrize(("short", "long"), COMPACT_FORMS.items())
def test_a_compact_name_is_its_long_name(short: str, long: str) -> None:
    for spelling in (short, short.upper(), long, long.upper(), long.title(), swapped(long)):
        assert canonical(spelling) == long
        assert read(f"{spelling}: value").get(long) == "value", spelling


def test_an_unknown_name_is_found_in_any_capitals() -> None:
    message = read("x-Simcarrier-ODD: 1", "X-SIMCARRIER-odd: 2")
    assert message.get_all("x-simcarrier-odd") == ["1", "2"]


def test_the_unknown_is_none_and_empty() -> None:
    message = read("Subject:", "To: x")
    assert message.get("reason") is None
    assert message.get_all("reason") == []
    assert message.values("reason") == []
    assert message.tokens("reason") == set()
    assert not message.has_several("reason")
    assert message.get("subject") == ""


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        pytest.param(["Subject: one two"], "one two", id="one line"),
        pytest.param(["Subject: one", " two"], "one two", id="space"),
        pytest.param(["Subject: one", "\ttwo"], "one two", id="tab"),
        pytest.param(["Subject: one \t", " \t  two"], "one two", id="white space on both sides of the fold"),
        pytest.param(["Subject:", " one", " two"], "one two", id="value begins on the second line"),
        pytest.param(["Subject :one two  "], "one two", id="white space before the colon and at the end"),
        pytest.param(["Subject\t: \t one two\t"], "one two", id="tabs around"),
        pytest.param(["Subject: one", " ", " two"], "one  two", id="a fold of blanks only"),
    ],
)
def test_a_folded_value_is_joined(lines: list[str], value: str) -> None:
    message = read("To: <sip:a@b>", *lines, "From: <sip:c@d>")
    assert " ".join((message.get("subject") or "").split()) == " ".join(value.split())
    assert (message.get("subject") or "").strip() == (message.get("subject") or "")
    assert message.get("from") == "<sip:c@d>"
    assert message.get("to") == "<sip:a@b>"
    assert message.defect is None


def test_repeats_keep_their_order_whatever_their_spelling() -> None:
    message = read("Via: a", "To: t", "v: b", "VIA: c, d", "vIa:e")
    assert message.get("via") == "a"
    assert message.get_all("via") == ["a", "b", "c, d", "e"]
    assert message.values("via") == ["a", "b", "c", "d", "e"]
    assert message.has_several("via")
    assert not message.has_several("to")


def test_values_split_outside_quotes_and_brackets_only() -> None:
    message = read('Contact: "a, b" <sip:c,d@e>, <sip:f@g>', "m: <sip:h@i>")
    assert message.values("contact") == ['"a, b" <sip:c,d@e>', "<sip:f@g>", "<sip:h@i>"]


def test_tokens_are_in_lower_case_over_all_lines() -> None:
    message = read("Require: 100Rel ,Timer", "Supported: path", "Require: x")
    assert message.tokens("require") == {"100rel", "timer", "x"}
    assert message.tokens("supported") == {"path"}


def test_fields_tells_names_as_spelt_in_order() -> None:
    message = read("vIA: a", "Subject: x", "  y", "t: b ")
    assert message.fields() == [("vIA", "a"), ("Subject", "x y"), ("t", "b")]


@pytest.mark.parametrize("line", ["no colon at all", ": no name", " starts folded", "a b: blank in name"])
def test_a_line_without_a_name_is_a_defect(line: str) -> None:
    message = read(line, "To: a") if line[0] == " " else read("To: a", line, "From: b")
    assert message.get("to") == "a"
    assert message.defect == "Header line without a name"


def test_fields_beyond_the_limit_are_a_defect_and_cost_nothing() -> None:
    at_limit = read(*["Z: 1"] * MAX_FIELDS)
    assert len(at_limit.get_all("z")) == MAX_FIELDS
    assert at_limit.defect is None
    beyond = read(*["Z: 1"] * MAX_FIELDS, "To: late")
    assert beyond.get("to") is None
    assert len(beyond.get_all("z")) == MAX_FIELDS
    assert beyond.defect == "Too many header fields"


def test_headers_are_read_on_demand_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[object] = []
    index = Message.index

    def counted(self: Message) -> dict[str, str]:
        built.append(self)
        return index(self)

    monkeypatch.setattr(Message, "index", counted)
    message = read("Via: SIP/2.0/UDP h;branch=z9hG4bKx", "To: a")
    assert message.via.branch == "z9hG4bKx"
    assert built == []
    assert message.get("to") == "a"
    assert message.get("from") is None
    assert len(built) == 1


TAGS = [
    pytest.param("<sip:a@b>;tag=1", "1", id="plain"),
    pytest.param("sip:a@b;tag=1", "1", id="without brackets it is the field's"),
    pytest.param("<sip:a@b>;x=y;tag=1;z", "1", id="among others"),
    pytest.param("<sip:a@b> ; tag = 1", "1", id="white space around"),
    pytest.param("<sip:a@b>;TAG=1", "1", id="capitals"),
    pytest.param("<sip:a@b;tag=no>", "", id="within the URI"),
    pytest.param("<sip:a@b;tag=no>;tag=yes", "yes", id="within the URI and outside"),
    pytest.param('"x;tag=no" <sip:a@b>', "", id="within the display name"),
    pytest.param('"x;tag=no" <sip:a@b>;tag=yes', "yes", id="within the display name and outside"),
    pytest.param('"x>;tag=no" <sip:a@b>', "", id="a bracket within the display name"),
    pytest.param('<sip:a@b>;x="q;tag=no>;tag=no"', "", id="within a quoted parameter"),
    pytest.param("<sip:a@b>", "", id="none"),
    pytest.param("", "", id="empty"),
    pytest.param("<sip:a@b>;nottag=1", "", id="another name that ends in tag"),
    pytest.param("Tagore <sip:a@b>", "", id="a name that begins with tag"),
    pytest.param("<sip:a@b>;tag", "", id="without a value"),
]


@pytest.mark.parametrize(("value", "tag"), TAGS)
def test_tag(value: str, tag: str) -> None:
    assert quick_tag(value) == tag
    assert read(f"To: {value}").to_tag == tag
    assert read(f"f: {value}").from_tag == tag


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("1 INVITE", (1, "INVITE"), id="plain"),
        pytest.param("0 INVITE", (0, "INVITE"), id="zero"),
        pytest.param("0009  \t INVITE", (9, "INVITE"), id="leading zeros, much white space"),
        pytest.param("9\tINVITE", (9, "INVITE"), id="a tab"),
        pytest.param("2147483647 X", (2**31 - 1, "X"), id="largest"),
        pytest.param("2147483648 X", None, id="too large"),
        pytest.param("99999999999999999999 X", None, id="far too large"),
        pytest.param("-1 INVITE", None, id="negative"),
        pytest.param("1INVITE", None, id="no white space"),
        pytest.param("INVITE", None, id="no number"),
        pytest.param("1", None, id="no method"),
        pytest.param("1 INVITE x", None, id="too much"),
        pytest.param("", None, id="empty"),
        pytest.param("٣ INVITE", None, id="digits of another script"),
    ],
)
def test_cseq(text: str, expected: tuple[int, str] | None) -> None:
    message = read(f"CSeq: {text}")
    if expected is None:
        with pytest.raises(Malformed):
            _ = message.cseq
    else:
        assert message.cseq == expected


@pytest.mark.parametrize(
    ("lines", "body", "expected"),
    [
        pytest.param(["Content-Length: 4"], b"body", b"body", id="exact"),
        pytest.param(["l: 2"], b"body", b"bo", id="more came than promised (18.3)"),
        pytest.param([], b"body", b"body", id="none: to the end of the datagram"),
        pytest.param(["Content-Length: 5"], b"body", b"body", id="less came than promised"),
        pytest.param(["Content-Length: 0"], b"", b"", id="empty"),
        pytest.param(["Content-Length: 4", "l: 4"], b"body", b"body", id="twice the same"),
    ],
)
def test_body(lines: list[str], body: bytes, expected: bytes) -> None:
    message = read(*lines, body=body)
    assert message.body == expected
    assert message.room_for_body == len(body)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(["Content-Length: -1"], id="negative"),
        pytest.param(["Content-Length: x"], id="no number"),
        pytest.param(["Content-Length: "], id="empty"),
        pytest.param(["Content-Length: 4, 4"], id="a list"),
        pytest.param(["Content-Length: 1", "Content-Length: 2"], id="two that differ"),
        pytest.param(["Content-Length: 9999999999999999999999"], id="huge"),
        pytest.param(["Content-Length: ٤"], id="digits of another script"),
    ],
)
def test_bad_content_length(lines: list[str]) -> None:
    message = read(*lines, body=b"body")
    with pytest.raises(Malformed, match="Content-Length"):
        _ = message.body


def test_content_type_without_its_parameters() -> None:
    assert read("c: Application/SDP ;charset=x").content_type == "application/sdp"
    assert read("To: x").content_type == ""


@pytest.mark.parametrize(
    ("uri", "user"),
    [
        ("sip:+4930123@h", "+4930123"),
        ("sip:+4930123;npdi;rn=+49@h", "+4930123"),
        ("sip:%2B49@h", "+49"),
        ("sips:bob:secret@h", "bob"),
        ("tel:+49-30-123", "+4930123"),
        ("sip:h", ""),
        ("http://h", ""),
        ("sip:", ""),
    ],
)
def test_user_of_the_request_and_of_from(uri: str, user: str) -> None:
    message = parse(f"INVITE {uri} SIP/2.0\r\nFrom: <{uri}>;tag=1\r\n\r\n".encode())
    assert isinstance(message, Request)
    assert message.user == user
    assert message.from_user == user


@pytest.mark.parametrize(
    ("value", "user"),
    [
        ('"a <sip:no@h>" <sip:yes@h>', "yes"),
        ('"a\\" <sip:no@h>" <sip:yes@h>', "yes"),
        ("sip:yes@h;tag=1", "yes"),
        ("Bob <sips:yes:pw@h>", "yes"),
        ("Bob <sip:h>;x=sip:no@h", ""),
        ("<sip:h>;x=@", ""),
        ("broken <<", ""),
    ],
)
def test_user_of_an_awkward_from(value: str, user: str) -> None:
    assert read(f"From: {value}").from_user == user


def test_a_request_of_ours_reads_back() -> None:
    made = make_request("INVITE", "sip:a@b", [("To", "<sip:a@b>"), ("Via", "SIP/2.0/UDP h;branch=z")], b"body")
    again = parse(made.raw)
    assert isinstance(again, Request)
    assert (again.method, again.uri, again.body, again.fields()) == (made.method, made.uri, b"body", made.fields())
    assert again.content_length == 4


wire_values = st.binary(max_size=60).map(lambda data: data.translate(None, b"\r\n\0"))


def _copied(data: bytes) -> bytes:
    """What of a header value must come back: all but the white space around it (RFC 3261 section 7.3.1)."""
    return data.decode("utf-8", "surrogateescape").strip(" \t").rstrip().encode("utf-8", "surrogateescape")


@given(wire_values, wire_values, wire_values)
def test_any_bytes_come_back_in_the_response(name: bytes, call_id: bytes, param: bytes) -> None:
    """Section 8.2.6.2: From, Call-ID, CSeq and Via are copied; so byte for byte, UTF-8 or not."""
    side = Core()
    name = name.replace(b'"', b"").replace(b"\\", b"")
    from_ = b'"' + name + b'" <sip:a@b>;tag=1'
    call_id = b"c" + call_id + b"c"
    via = b"SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK1;x=" + param.translate(None, b'",<>; \t\v\f') + b"z"
    data = b"\r\n".join(
        [
            b"OPTIONS sip:a@b SIP/2.0", b"Via: " + via, b"From: " + from_, b"To: <sip:b@c>", b"Call-ID: " + call_id,
            b"CSeq: 7 OPTIONS", b"Content-Length: 0", b"", b"",
        ]
    )  # fmt: skip
    side.wire.receive(data)
    if not side.core.requests:
        # Refused: then without a transaction, but with the same copies.
        (sent,) = [one.raw for one in side.wire.log]
    else:
        side.core.requests[0].respond(200, 0.0)
        (sent,) = [one.raw for one in side.wire.take()]
    lines = sent.split(b"\r\n")
    assert b"From: " + from_ in lines
    assert b"Call-ID: " + _copied(call_id) in lines
    assert b"Via: " + via in lines
    assert b"CSeq: 7 OPTIONS" in lines


def test_several_vias_and_their_order_come_back() -> None:
    side = Core()
    side.wire.receive(
        request(
            via="SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK1 , SIP/2.0/TCP b", extra=["v: SIP/2.0/UDP c;x=1", "Via: d"]
        )
    )
    side.core.requests[0].respond(180, 0.0)
    (sent,) = side.wire.take()
    assert sent.response.values("via") == [
        "SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK1",
        "SIP/2.0/TCP b",
        "SIP/2.0/UDP c;x=1",
        "d",
    ]


def test_reprs_are_short() -> None:
    assert repr(read("To: x")) == "<INVITE sip:a@b>"
    response = parse(b"SIP/2.0 404 Not Here\r\n\r\n")
    assert isinstance(response, Response)
    assert repr(response) == "<404 Not Here>"
