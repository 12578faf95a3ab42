"""What a call brought, put into header values: each field, and values that would like to be more than one line."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcarrier.carrier.switch import Switch
from simcarrier.scenario.load import loads
from simcarrier.scenario.template import FIELDS
from simcarrier.sip.message import Response
from simcarrier.testing import Peer, Wire

INVITE = """INVITE {uri} SIP/2.0
Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1
From: {sender}
To: {to}
Call-ID: call@here
CSeq: 17 INVITE
X-Note: {note}
"""


def told(
    template: str,
    *,
    uri: str = "sip:+4930123@10.0.0.2",
    sender: str = '"A" <sip:+4940@a.example;x=1>;tag=1',
    to: str = "<sip:+4930999@b.example>",
    note: str = "hello",
) -> Response:
    """The response whose header X-Told is that template."""
    wire = Wire()
    hand = Peer(wire, "10.0.0.1")
    text = f"name: t\ncalls: [{{respond: {{code: 403, headers: {{X-Told: '{template}'}}}}}}]"
    switch = Switch(loads(text), 0.0, 0.0, seed=1)
    channel = wire.attach(switch.engine, "10.0.0.2")
    hand.send(INVITE.format(uri=uri, sender=sender, to=to, note=note), channel.local)
    wire.run(0)
    return hand.response(403)


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{from.user}", "+4940"),
        ("{from.host}", "a.example"),
        ("{from.uri}", "sip:+4940@a.example;x=1"),
        ("{to.user}", "+4930999"),
        ("{to.host}", "b.example"),
        ("{to.uri}", "sip:+4930999@b.example"),
        ("{request.user}", "+4930123"),
        ("{request.uri}", "sip:+4930123@10.0.0.2"),
        ("{call_id}", "call@here"),
        ("{cseq}", "17"),
        ("{source.host}:{source.port}", "10.0.0.1:5060"),
        ("{header.X-Note} {header.x-note}", "hello hello"),
        ("[{header.X-Absent}]", "[]"),
        ("{{from.user}}", "{from.user}"),
    ],
)
def test_each_field(template: str, value: str) -> None:
    assert told(template).get("x-told") == value


def test_a_uuid_is_one_and_repeatable_by_the_seed() -> None:
    first, second = told("{uuid}").get("x-told"), told("{uuid}").get("x-told")
    assert first == second
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", first or "")


ALL = " ".join(f"{{{name}}}" for name in (*FIELDS, "header.X-Note"))


@pytest.mark.parametrize(
    "user",
    [
        "%0D%0AX-Evil%3A%20yes",
        "%0AX-Evil%3a",
        "%0d%0a%0d%0aX-Evil%3ayes",
        "%00%1b[31m",
        "%C2%85X-Evil",
        "%0D%0A%20folded",
    ],
)
def test_no_user_part_becomes_a_header_line(user: str) -> None:
    response = told(ALL, uri=f"sip:{user}@h", sender=f"<sip:{user}@h>;tag=1", to=f"<sip:{user}@h>")
    _only_ours(response)


@settings(deadline=None, max_examples=150)
@given(
    st.text(max_size=30).map(lambda text: text.replace("\n", "\n ").replace("\r", "")),
    st.binary(max_size=12).map(lambda data: "".join(f"%{byte:02x}" for byte in data)),
)
def test_nothing_that_a_call_brings_becomes_a_header_line(note: str, user: str) -> None:
    try:
        response = told(ALL, note=note, sender=f"<sip:{user}a@h>;tag=1", uri=f"sip:{user}a@h")
    except LookupError:
        return  # refused or dropped before it came to the rule
    _only_ours(response)


def _only_ours(response: Response) -> None:
    assert response.raw.endswith(b"\r\n\r\n")
    assert response.raw.count(b"\r\n\r\n") == 1
    head = response.raw.decode("utf-8", "surrogateescape")
    names = [line.partition(":")[0] for line in head.split("\r\n")[1:-2]]
    assert names == ["Via", "From", "Call-ID", "CSeq", "To", "X-Told", "Content-Length"]
    assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", response.get("x-told") or "")
