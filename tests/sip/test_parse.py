"""From bytes to a message: whole, with tails and leads, cut off everywhere, and wrong in ways that can be answered."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.sip.errors import Malformed
from simcarrier.sip.message import Request, Response
from simcarrier.sip.parse import parse
from tests.sip.kit import OFFER, request

RINGING = (
    b"SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\n"
    b"Call-ID: x\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
)
NOT_UTF_8 = (
    b'OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: "\xff\xfe\xc0" <sip:a@b>;tag=1\r\n\r\n'
)

VALID = {
    "INVITE with a body": request(body=OFFER),
    "OPTIONS": request("OPTIONS"),
    "a method of its own": request("!ev'ENT.x"),
    "compact and folded": request(via="SIP/2.0/UDP h\r\n ;branch=z9hG4bK1", extra=["s: one", " two"][:1]),
    "180": RINGING,
    "no header at all": b"INVITE sip:a@b SIP/2.0\r\n\r\n",
    "binary body": request(body=bytes(range(256)), content_type="application/octet-stream"),
    "body with empty lines": request(body=b"\r\n\r\nBYE sip:x SIP/2.0\r\n\r\n", content_type="text/plain"),
    "not UTF-8": NOT_UTF_8,
}
CASES = [pytest.param(data, id=name) for name, data in VALID.items()]


def seen(message: Request | Response) -> tuple[object, ...]:
    start = (message.method, message.uri) if isinstance(message, Request) else (message.status, message.phrase)
    return (*start, message.fields(), message.body, message.defect)


@pytest.mark.parametrize("data", CASES)
def test_whole(data: bytes) -> None:
    message = parse(data)
    assert message.defect is None
    assert message.raw == data
    assert (message.head.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + message.body) == data


@pytest.mark.parametrize("lead", [b"\r\n", b"\r\n\r\n", b"\n", b"\r\n" * 50], ids=["one", "two", "bare", "fifty"])
@pytest.mark.parametrize("data", CASES)
def test_line_ends_before_the_start_line_are_skipped(data: bytes, lead: bytes) -> None:
    """RFC 3261 section 7.5."""
    assert seen(parse(lead + data)) == seen(parse(data))


@pytest.mark.parametrize("data", CASES)
def test_every_truncation_is_read_or_refused_and_never_passes_for_whole(data: bytes) -> None:
    end_of_head = data.find(b"\r\n\r\n") + 4
    for at in range(len(data)):
        try:
            message = parse(data[:at])
        except Malformed:
            assert at < end_of_head
            continue
        message.fields()
        if at < end_of_head:
            assert message.defect == "No empty line after the headers", at
        elif isinstance(message, Request) and message.get("content-length") is not None:
            assert (message.content_length or 0) > message.room_for_body, at


@pytest.mark.parametrize("data", CASES)
def test_bare_line_ends_are_understood(data: bytes) -> None:
    end = data.find(b"\r\n\r\n")
    bare = data[:end].replace(b"\r\n", b"\n") + b"\n\n" + data[end + 4 :]
    if b"\r\n\r\n" in data[end + 4 :]:
        return  # the first CRLF CRLF ends a head: with bare ones before it, that of the body does
    assert seen(parse(bare)) == seen(parse(data))
    assert parse(bare).raw == bare


def test_bare_carriage_returns_end_lines_too() -> None:
    message = parse(b"OPTIONS sip:a@b SIP/2.0\rTo: x\rFrom: y\r\n\r\n")
    assert message.fields() == [("To", "x"), ("From", "y")]


@pytest.mark.parametrize(
    ("line", "method", "uri", "version", "defect"),
    [
        pytest.param("INVITE sip:a@b SIP/7.0", "INVITE", "sip:a@b", "SIP/7.0", None, id="wrong version: for a 505"),
        pytest.param("INVITE sip:a@b SIP/2", "INVITE", "sip:a@b", "SIP/2", None, id="short version: for a 505"),
        pytest.param("INVITE sip:a@b sip/2.0", "INVITE", "sip:a@b", "SIP/2.0", "Bad request line", id="small letters"),
        pytest.param("INVITE  sip:a@b  SIP/2.0", "INVITE", "sip:a@b", "SIP/2.0", "Bad request line", id="two blanks"),
        pytest.param("INVITE sip:a@b SIP/2.0 ", "INVITE", "sip:a@b", "SIP/2.0", "Bad request line", id="blank at end"),
        pytest.param(
            "INVITE sip:a b@c SIP/2.0", "INVITE", "sip:a b@c", "SIP/2.0", "Bad request line", id="blank in the URI"
        ),
        pytest.param("INVITE\tsip:a@b\tSIP/2.0", "INVITE", "sip:a@b", "SIP/2.0", "Bad request line", id="tabs"),
        pytest.param("INVITE <sip:a@b> SIP/2.0", "INVITE", "<sip:a@b>", "SIP/2.0", None, id="brackets: for the agent"),
    ],
)
def test_odd_request_lines(line: str, method: str, uri: str, version: str, defect: str | None) -> None:
    message = parse(f"{line}\r\nTo: x\r\n\r\n".encode())
    assert isinstance(message, Request)
    assert (message.method, message.uri, message.version, message.defect) == (method, uri, version, defect)


@pytest.mark.parametrize(
    "line",
    [
        "",
        " ",
        "hello",
        "GET / HTTP/1.1",
        "INVITE sip:a@b",
        "INVITE  SIP/2.0",
        "INV(TE sip:a@b SIP/2.0",
        " INVITE\x00 sip:a@b SIP/2.0",
        "Jörg sip:a@b SIP/2.0",
        "SIP/2.0",
        "SIP/2.0 200",
        "SIP/2.0 99 x",
        "SIP/2.0 099 x",
        "SIP/2.0 700 x",
        "SIP/2.0 2000 x",
        "SIP/2.0 -20 x",
        "SIP/2.0 ²00 x",
        "SIP/2.0 abc x",
        "SIP/1.0 200 OK",
        "SIP/2.0 SIP/2.0 SIP/2.0",
    ],
)
def test_what_is_no_start_line_is_refused(line: str) -> None:
    data = f"{line}\r\nVia: SIP/2.0/UDP h\r\n\r\n".encode()
    if line == "SIP/2.0 200":
        message = parse(data)  # a phrase may be empty; many leave out its blank too
        assert isinstance(message, Response)
        assert (message.status, message.phrase) == (200, "")
        return
    with pytest.raises(Malformed):
        parse(data)


@pytest.mark.parametrize("status", [100, 199, 200, 299, 399, 486, 499, 599, 600, 699])
def test_status(status: int) -> None:
    message = parse(f"SIP/2.0 {status} Some Phrase: with 'things' \t\r\n\r\n".encode())
    assert isinstance(message, Response)
    assert (message.status, message.phrase.strip()) == (status, "Some Phrase: with 'things'")


def test_a_status_line_in_small_letters_is_read() -> None:
    message = parse(b"sip/2.0 200 OK\r\n\r\n")
    assert isinstance(message, Response)


@pytest.mark.parametrize("data", [b"", b"\r\n", b"\r\n\r\n", b"\n\n\n", b"\r" * 9, b"\0\0\0\0", b"   "])
def test_what_holds_nothing(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse(data)


def test_bytes_that_are_not_utf_8_stay_what_they_are() -> None:
    message = parse(NOT_UTF_8)
    value = message.get("from") or ""
    assert value.encode("utf-8", "surrogateescape") == b'"\xff\xfe\xc0" <sip:a@b>;tag=1'
    assert message.from_tag == "1"


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        message = parse(data)
    except Malformed:
        return
    message.fields()
    _ = message.get("to")


@given(st.sampled_from(sorted(VALID)), st.data())
def test_any_damage_to_a_valid_message_is_read_or_refused(name: str, data: st.DataObject) -> None:
    whole = bytearray(VALID[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        if not whole:
            break
    try:
        message = parse(bytes(whole))
    except Malformed:
        return
    message.fields()
    for name_ in ("via", "from_", "to", "cseq", "contact", "content_length"):
        with contextlib.suppress(Malformed):
            getattr(message, name_)


@pytest.mark.parametrize(
    ("line", "phrase"),
    [
        pytest.param(
            "SIP/2.0 200 100 % ließ sich nicht anrufen: 電話 занят",
            "100 % ließ sich nicht anrufen: 電話 занят",
            id="RFC 4475 unreason: a phrase may be any UTF-8",
        ),
        pytest.param("SIP/2.0 100 ", "", id="RFC 4475 noreason: a phrase may be empty"),
    ],
)
def test_odd_reason_phrases(line: str, phrase: str) -> None:
    message = parse(f"{line}\r\nCSeq: 1 INVITE\r\n\r\n".encode())
    assert isinstance(message, Response)
    assert message.phrase == phrase
    assert message.defect is None
