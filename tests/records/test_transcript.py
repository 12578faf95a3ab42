"""Transcripts: bounded, the way to JSON and back, and never a credential in them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.records.transcript import (
    MOST_MESSAGES,
    Passed,
    Transcript,
    call_id_of,
    message_as_dict,
    message_from_dict,
    without_credentials,
)

INVITE = (
    b"INVITE sip:1@h SIP/2.0\r\nVia: x\r\nCall-ID: abc@d\r\n%b\r\nContent-Length: 4\r\n\r\nAuthorization: no header\r\n"
)
SECRET = b'Digest username="acme", response="0123456789abcdef"'


def passed(data: bytes) -> Passed:
    return Passed(1_700_000_000.25, True, "UDP", ("10.0.0.1", 5060), ("10.0.0.2", 5060), data)


@pytest.mark.parametrize(
    "field",
    [
        b"Authorization: " + SECRET,
        b"Proxy-Authorization: " + SECRET,
        b"AUTHORIZATION : " + SECRET,
        b"proxy-authorization:" + SECRET,
        b'Authorization: Digest username="acme",\r\n response="0123456789abcdef"',
        b"Authorization:\r\n\t" + SECRET,
        b"Authorization: " + SECRET + b"\r\nProxy-Authorization: " + SECRET,
    ],
)
def test_credentials_are_never_kept(field: bytes) -> None:
    kept = without_credentials(INVITE % field)
    assert b"0123456789abcdef" not in kept
    assert b"acme" not in kept
    assert b"(left out)" in kept
    assert b"Content-Length: 4" in kept
    assert kept.endswith(b"\r\n\r\nAuthorization: no header\r\n")


def test_challenges_are_kept() -> None:
    data = b'SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm="r", nonce="n"\r\n\r\n'
    assert without_credentials(data) == data


@pytest.mark.parametrize(
    ("head", "call_id"),
    [
        (b"INVITE x\r\nCall-ID: a@b\r\n\r\n", "a@b"),
        (b"INVITE x\r\ni: a@b\r\n\r\n", "a@b"),
        (b"INVITE x\r\nCALL-ID  :   a@b  \r\n\r\n", "a@b"),
        (b"INVITE x\r\nCall-ID:\r\n a@b\r\n\r\n", "a@b"),
        (b"INVITE x\r\n\r\n", ""),
        (b"", ""),
    ],
)
def test_the_call_of_a_message(head: bytes, call_id: str) -> None:
    assert call_id_of(head) == call_id


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"INVITE sip:x SIP/2.0\r\n\r\n", "INVITE"),
        (b"SIP/2.0 486 Busy Here\r\n\r\n", "486 Busy Here"),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_what_a_message_is(data: bytes, what: str) -> None:
    assert passed(data).what == what


def test_a_transcript_is_bounded() -> None:
    transcript = Transcript()
    for _ in range(MOST_MESSAGES + 5):
        transcript.add(passed(b"x"))
    assert (len(transcript.messages), transcript.left_out) == (MOST_MESSAGES, 5)


@given(st.binary(max_size=200))
def test_any_bytes_come_back_from_json_as_they_were(data: bytes) -> None:
    before = passed(data)
    assert message_from_dict(json.loads(json.dumps(message_as_dict(before)))) == before
    call_id_of(data)
    assert isinstance(before.what, str)


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_whatever_stands_around_it_credentials_go(before: bytes, after: bytes) -> None:
    head = (
        b"INVITE x\r\n" + before.replace(b"\r\n\r\n", b"") + b"\r\nAuthorization: Digest 0123456789abcdef\r\n" + after
    )
    if b"\r\n\r\n" not in head.partition(b"Authorization: Digest")[0]:
        assert b"Digest 0123456789abcdef" not in without_credentials(head)


@pytest.mark.parametrize(
    "told", [{}, {"at": 1}, {"at": 1, "sent": 1, "transport": "", "local": [], "remote": [], "data": ""}]
)
def test_something_else_is_refused(told: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a message"):
        message_from_dict(told)
