"""Calls to be diagnosed without calling: pasted messages, results, captures."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcarrier.conditions import Condition
from simcarrier.diagnosis import diagnose
from simcarrier.diagnosis.messages import Heard, calls_of, read_messages
from simcarrier.diagnosis.sources import SourceFault, read_calls
from simcarrier.records.observation import Outcome
from simcarrier.records.pcap import pcap_of
from simcarrier.records.transcript import Passed
from tests.diagnosis.kit import answered, call

LADDER = """
    INVITE sip:+4940222333@carrier.example;user=phone SIP/2.0
    From: "Call centre" <sip:+4930111222@pbx.example>;tag=a
    To: <sip:+4940222333@carrier.example>
    Call-ID: one
    CSeq: 1 INVITE

    SIP/2.0 100 Trying
    Call-ID: one
    CSeq: 1 INVITE

    SIP/2.0 183 Session Progress
    Call-ID: one
    CSeq: 1 INVITE
    Content-Type: application/sdp

    v=0
    o=- 1 1 IN IP4 192.0.2.1

    SIP/2.0 404 Not Found
    i: one
    CSeq: 1 INVITE
    Reason: Q.850
     ;cause=1;location=RLN
"""


def only(text: str) -> Heard:
    calls = calls_of(read_messages(text))
    assert len(calls) == 1
    return calls[0]


def test_a_pasted_status_line_is_enough() -> None:
    heard = only("SIP/2.0 603 Network Blocked")
    assert heard.observation.outcome is Outcome.REFUSED
    assert not heard.timed
    assert diagnose(heard.observation, timed=heard.timed).condition is Condition.BLOCKED_BY_ANALYTICS


def test_a_ladder_with_its_fields_folded_compact_and_indented() -> None:
    heard = only(LADDER)
    seen = heard.observation
    assert (seen.caller, seen.called, seen.call_id) == ("+4930111222", "+4940222333", "one")
    assert [one.code for one in seen.provisionals] == [100, 183]
    assert seen.early_media
    assert seen.final is not None
    assert seen.final.values("reason") == ("Q.850 ;cause=1;location=RLN",)
    made = diagnose(seen, timed=heard.timed)
    assert made.condition is Condition.NUMBER_UNALLOCATED
    # Nobody wrote down the times: nothing is said of them.
    assert made.evidence.value("refused_after") is None
    assert made.evidence.value("rang") == "no"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends_of_any_kind(ending: str) -> None:
    assert only(LADDER.replace("\n", ending)).observation.called == "+4940222333"


def test_what_people_paste_around_it_is_passed_over() -> None:
    heard = only(f"Hello,\nhere is what we got:\n\n{LADDER}\n\nRegards\n")
    assert heard.observation.final is not None
    assert heard.observation.final.code == 404


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("SIP/2.0 100 Trying", Outcome.STALLED),
        ("SIP/2.0 100 Trying\n\nSIP/2.0 180 Ringing", Outcome.RANG_OUT),
        ("INVITE sip:1@a SIP/2.0\nCall-ID: x", Outcome.SILENT),
        ("SIP/2.0 200 OK", Outcome.ANSWERED),
        ("SIP/2.0 302 Moved\nContact: <sip:2@b>", Outcome.REDIRECTED),
        ("SIP/2.0 407 Proxy Authentication Required", Outcome.UNAUTHORISED),
    ],
)
def test_how_it_went(text: str, outcome: Outcome) -> None:
    assert only(text).observation.outcome is outcome


def test_a_cancelled_stall() -> None:
    text = """
INVITE sip:1@a SIP/2.0
Call-ID: x
CSeq: 1 INVITE

SIP/2.0 100 Trying
Call-ID: x
CSeq: 1 INVITE

CANCEL sip:1@a SIP/2.0
Call-ID: x
CSeq: 1 CANCEL

SIP/2.0 200 OK
Call-ID: x
CSeq: 1 CANCEL

SIP/2.0 487 Request Terminated
Call-ID: x
CSeq: 1 INVITE
"""
    seen = only(text).observation
    assert seen.outcome is Outcome.STALLED
    assert [one.code for one in seen.after] == [487]
    assert seen.final is None


def test_credentials_that_were_sent() -> None:
    text = """
INVITE sip:1@a SIP/2.0
CSeq: 1 INVITE

SIP/2.0 407 Proxy Authentication Required
CSeq: 1 INVITE

INVITE sip:1@a SIP/2.0
CSeq: 2 INVITE

SIP/2.0 403 Forbidden
CSeq: 2 INVITE
"""
    seen = only(text).observation
    assert seen.rounds == 2
    assert [one.code for one in seen.earlier] == [407]
    assert seen.final is not None
    assert seen.final.code == 403
    assert diagnose(seen, timed=False).evidence.value("challenged") == "yes"


def test_a_call_hung_up_by_the_peer() -> None:
    text = """
INVITE sip:1@a SIP/2.0
From: <sip:2@a>;tag=us
CSeq: 1 INVITE

SIP/2.0 200 OK
From: <sip:2@a>;tag=us
CSeq: 1 INVITE

BYE sip:2@a SIP/2.0
From: <sip:1@a>;tag=them
CSeq: 1 BYE
Reason: SIP;cause=607;text="Unwanted"
"""
    seen = only(text).observation
    assert seen.hung_up_by == "peer"
    assert diagnose(seen, timed=False).condition is Condition.UNWANTED


def test_calls_are_told_apart_by_their_call_id() -> None:
    calls = read_calls((LADDER + LADDER.replace(": one", ": two")).encode())
    assert [heard.observation.call_id for heard in calls] == ["one", "two"]


def test_a_repeated_response_counts_once() -> None:
    assert len(only(LADDER.replace("SIP/2.0 183", "SIP/2.0 100 Trying\nCall-ID: one\nCSeq: 1 INVITE\n\nSIP/2.0 183"))
               .observation.provisionals) == 2  # fmt: skip


# JSON


def lines(*values: object) -> bytes:
    return "\n".join(json.dumps(value) for value in values).encode()


def test_results_of_a_probe() -> None:
    seen = call(403)
    data = lines({"event": "call", "observation": seen.as_dict()}, {"event": "summary", "calls": 1})
    assert [heard.observation.as_dict() for heard in read_calls(data)] == [seen.as_dict()]
    assert read_calls(data)[0].timed


def test_observations_alone_and_lists_of_them() -> None:
    seen = [call(403).as_dict(), answered().as_dict()]
    assert len(read_calls(lines(*seen))) == 2
    assert len(read_calls(json.dumps(seen, indent=2).encode())) == 2


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (b"  \n ", "it is empty"),
        (b"hello", "there is no SIP message in it"),
        (b"{}", "no object in it has an observation"),
        (b'{"observation": {"number": 1}}', "not a probed call"),
        (b'{"event": "x"}\n{broken', "line 2: not JSON"),
        (lines({"a": 1}, {"observation": {"number": "x"}}), "line 2: "),
        (b"[" * 100_000, "nested too deep"),
        (bytes.fromhex("d4c3b2a1"), "there is no INVITE in this capture"),
        (pcap_of([]), "there is no INVITE in this capture"),
    ],
)
def test_what_cannot_be_diagnosed_is_said_plainly(data: bytes, why: str) -> None:
    with pytest.raises(SourceFault, match=why):
        read_calls(data)


# Captures

US, THEM = ("192.0.2.1", 5060), ("192.0.2.2", 5060)


def passed(at: float, sent: bool, text: str) -> Passed:
    data = text.strip().replace("\n", "\r\n").encode() + b"\r\n\r\n"
    return Passed(1_700_000_000.0 + at, sent, "UDP", US, THEM, data)


INVITE = "INVITE sip:+4940222333@a SIP/2.0\nFrom: <sip:+4930111222@b>;tag=x\nCall-ID: x\nCSeq: 1 INVITE"


def response(line: str) -> str:
    return f"SIP/2.0 {line}\nCall-ID: x\nCSeq: 1 INVITE"


def test_a_capture_has_its_times() -> None:
    messages = [
        passed(0, True, INVITE),
        passed(0.5, True, INVITE),
        passed(0.62, False, response("100 Trying")),
        passed(1.1, False, response("180 Ringing")),
        passed(7.1, False, response("603 Decline")),
    ]
    (heard,) = read_calls(pcap_of(messages))
    seen = heard.observation
    assert heard.timed
    assert seen.started == 1_700_000_000.0
    assert [one.at for one in seen.provisionals] == pytest.approx([0.62, 1.1])
    assert seen.rounds == 1
    made = diagnose(seen, timed=True)
    assert made.condition is Condition.DECLINED
    assert made.evidence.rang_for == pytest.approx(6.0)


@pytest.mark.parametrize(("until", "outcome"), [(4.0, Outcome.INTERRUPTED), (12.0, Outcome.STALLED)])
def test_a_capture_that_ends_too_early_says_so(until: float, outcome: Outcome) -> None:
    other = INVITE.replace("Call-ID: x", "Call-ID: y")
    messages = [passed(0, True, INVITE), passed(0.1, False, response("100 Trying")), passed(until, True, other)]
    first, _ = read_calls(pcap_of(messages))
    assert first.observation.outcome is outcome


@settings(max_examples=50)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_anything_is_read_or_refused(data: bytes) -> None:
    try:
        calls = read_calls(data)
    except SourceFault:
        return
    for heard in calls:
        diagnose(heard.observation, timed=heard.timed)


FRAGMENTS = st.sampled_from(
    [
        "SIP/2.0 403 x\n",
        "SIP/2.0 100\n",
        "SIP/2.0 200 OK\n",
        "INVITE sip:1@a SIP/2.0\n",
        "BYE sip:1@a SIP/2.0\n",
        "CANCEL sip:1@a SIP/2.0\n",
        "CSeq: 1 INVITE\n",
        "CSeq: 2 INVITE\n",
        "Call-ID: x\n",
        "From: <sip:",
        " folded\n",
        "\n",
    ]
)


@settings(max_examples=100)
@given(st.lists(FRAGMENTS, max_size=20).map("".join))
def test_any_order_of_messages_has_a_diagnosis(text: str) -> None:
    for heard in calls_of(read_messages(text)):
        assert heard.observation.outcome is not None
        diagnose(heard.observation, timed=heard.timed)
