"""A row holds what a record or a result says, and nothing that nobody knows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.conditions import Condition
from simcarrier.records.model import CallRecord
from simcarrier.records.observation import Observation, Outcome, Seen
from simcarrier.records.row import (
    COLUMNS,
    NAMES,
    OUTCOMES,
    SOURCES,
    Row,
    class_of_603,
    row_of,
    row_of_call,
    row_of_probe,
    text_for_table,
    uid_of,
    values_of,
)

BEGAN = 1_795_435_200.25
BLOCKED = 'SIP;cause=603;text="v=analytics1;url=https://redress.example/";location=LN'


def record(**more: Any) -> CallRecord:
    told: dict[str, Any] = {
        "number": 7,
        "call_id": "x@y",
        "transport": "UDP",
        "source": ("127.0.0.1", 5060),
        "caller": "+4930123456",
        "called": "0049891234",
        "started": BEGAN,
    }
    return CallRecord(**(told | more))


def seen(**more: Any) -> dict[str, Any]:
    made = Observation(3, "trunk", "UDP", "127.0.0.1:5060", "+4930123456", "+49891234", "x@y", BEGAN)
    for name, value in more.items():
        setattr(made, name, value)
    return made.as_dict()


def test_columns_are_the_attributes_of_a_row() -> None:
    assert Row._fields == NAMES
    assert len(set(NAMES)) == len(NAMES)
    assert {column.type for column in COLUMNS} == {"TEXT", "BIGINT", "INTEGER"}
    assert [column.name for column in COLUMNS if column.required] == ["uid", "source", "began"]


def test_an_answered_call() -> None:
    row = row_of_call(
        record(
            code=200,
            phrase="OK",
            provisional=(100, 180),
            trying_after=0.01,
            progress_after=0.5,
            responded_after=2.25,
            acknowledged_after=2.3,
            ended_after=62.5,
            ending="hung_up_by_peer",
            condition=Condition.ANSWERED,
            trunk="a",
            customer="acme",
            attestation="A",
        ),
        "run 1",
    )
    at = 1_795_435_200_250
    assert (row.began, row.first_response, row.ringing, row.final) == (at, at + 10, at + 500, at + 2250)
    assert (row.answered, row.ended, row.post_dial_delay, row.talk) == (at + 2250, at + 62_500, 500, 60_250)
    assert (row.code, row.phrase, row.rang, row.outcome) == (200, "OK", 1, "answered")
    assert (row.source, row.run, row.call_id) == ("carrier", "run 1", "x@y")
    assert (row.caller, row.called, row.dialled) == ("+4930123456", "0049891234", "0049891234")
    assert (row.trunk, row.customer, row.condition, row.attestation) == ("a", "acme", "answered", "A")
    assert (row.attempt, row.reason, row.class_603, row.market, row.cause) == (None,) * 5


@pytest.mark.parametrize(
    ("more", "reason", "kind"),
    [
        ({"code": 603, "phrase": "Network Blocked", "reason": (BLOCKED,)}, BLOCKED, "conformant"),
        ({"code": 603, "phrase": "Network Blocked"}, None, "partial"),
        ({"code": 603, "phrase": "Decline"}, None, "plain"),
        ({"code": 486, "phrase": "Busy Here", "reason": ("Q.850;cause=17",)}, "Q.850;cause=17", None),
        ({"code": 603, "phrase": "Network Blocked", "reason": ("Q.850;cause=21", BLOCKED)},
         f"Q.850;cause=21, {BLOCKED}", "partial"),
        ({}, None, None),
    ],
)  # fmt: skip
def test_the_reason_of_a_call(more: dict[str, Any], reason: str | None, kind: str | None) -> None:
    row = row_of_call(record(**more), None)
    assert (row.reason, row.class_603) == (reason, kind)


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        pytest.param({"code": 486, "responded_after": 0.1}, "refused", id="refused"),
        pytest.param({"code": 302, "responded_after": 0.1}, "refused", id="redirected"),
        pytest.param({"code": 487, "responded_after": 9.0, "cancelled_after": 8.9}, "cancelled", id="cancelled"),
        pytest.param({"code": 487, "responded_after": 9.0}, "refused", id="487 of the carrier's own"),
        pytest.param({"trying_after": 0.1, "cancelled_after": 12.0}, "cancelled", id="given up"),
        pytest.param({"trying_after": 0.1, "ending": "abandoned"}, "stalled", id="stalled"),
        pytest.param({"ending": "abandoned"}, "silent", id="silent"),
        pytest.param({"ending": "transport_failed", "trying_after": 0.1}, "failed", id="failed"),
        pytest.param({"code": 200, "responded_after": 1.0, "cancelled_after": 1.0}, "answered", id="too late"),
    ],
)
def test_the_outcome_of_a_call(told: dict[str, Any], outcome: str) -> None:
    assert row_of_call(record(**told), None).outcome == outcome
    assert outcome in OUTCOMES


def test_a_call_is_known_by_its_run_and_number() -> None:
    uids = {
        row_of_call(record(), "a").uid,
        row_of_call(record(), "b").uid,
        row_of_call(record(number=8), "a").uid,
        row_of_call(record(), "a", "simulate").uid,
    }
    assert len(uids) == 4
    assert row_of_call(record(), "a").uid == row_of_call(record(code=486), "a").uid
    assert {"carrier", "simulate"} < set(SOURCES)


def test_identifiers_are_in_the_order_of_time() -> None:
    assert uid_of(1_000, "z") < uid_of(1_001, "a") < uid_of(1_795_435_200_250, "a")
    assert len(uid_of(-5, "x")) == len(uid_of(1_795_435_200_250, "x")) == 31
    assert uid_of(5, "a", "b") != uid_of(5, "ab")


def test_a_probed_call_that_is_blocked() -> None:
    final = Seen(0.75, 603, "Network Blocked", {"reason": (BLOCKED, "Q.850;cause=21"), "retry-after": ("30 (soon)",)})
    told = {
        "observation": seen(outcome=Outcome.REFUSED, provisionals=[Seen(0.1, 100, "Trying")], final=final, ended=0.8),
        "causes": [{"condition": "blocked_by_analytics"}, {"condition": "declined"}],
    }
    row = row_of_probe(told, "run")
    assert row is not None
    at = 1_795_435_200_250
    assert (row.source, row.outcome, row.code, row.class_603) == ("probe", "refused", 603, "conformant")
    assert row.reason == f"{BLOCKED}, Q.850;cause=21"
    assert (row.began, row.first_response, row.ringing, row.final) == (at, at + 100, None, at + 750)
    assert (row.post_dial_delay, row.rang, row.retry_after, row.cause) == (750, 0, 30, "blocked_by_analytics")
    assert (row.answered, row.talk, row.condition, row.customer) == (None,) * 4


def test_a_probed_call_that_is_answered() -> None:
    provisionals = [Seen(0.1, 100, "Trying"), Seen(0.4, 180, "Ringing")]
    told = seen(
        outcome=Outcome.ANSWERED, provisionals=provisionals, final=Seen(2.0, 200, "OK"), answered=2.0, ended=3.5
    )
    row = row_of_probe({"observation": told}, None)
    assert row is not None
    assert (row.rang, row.post_dial_delay, row.talk, row.outcome, row.cause) == (1, 400, 1500, "answered", None)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_of_a_probe_has_its_word(outcome: Outcome) -> None:
    row = row_of_probe({"observation": seen(outcome=outcome)}, None)
    assert row is not None
    assert row.outcome in OUTCOMES


def test_what_was_not_called_is_no_row() -> None:
    assert row_of_probe({"observation": None, "refused": {"rule": "emergency"}}, None) is None
    assert row_of_probe({"observation": seen(started=0.0, outcome=Outcome.UNRESOLVED)}, None) is None


@pytest.mark.parametrize("told", [{"observation": {}}, {"observation": 5}, {"observation": seen(), "causes": [1]}])
def test_what_no_probe_tells(told: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a probed call"):
        row_of_probe(told, None)


@pytest.mark.parametrize(
    ("code", "phrase", "reason", "expected"),
    [
        (603, "Network Blocked", (BLOCKED,), "conformant"),
        (603, "Decline", (BLOCKED,), "partial"),
        (603, "Decline", (), "plain"),
        (480, "Temporarily Unavailable", (BLOCKED,), "partial"),
        (486, "Busy Here", (), None),
        (None, None, (), None),
    ],
)
def test_the_class_of_a_603(
    code: int | None, phrase: str | None, reason: tuple[str, ...], expected: str | None
) -> None:
    assert class_of_603(code, phrase, reason) == expected


def test_back_from_a_dictionary() -> None:
    row = row_of_call(record(code=486), "a")
    assert Row.from_dict(row.as_dict()) == row
    assert list(row.as_dict()) == list(NAMES)
    assert Row.from_dict({"uid": "1", "source": "import", "began": 5, "colour": "red"}) == Row(
        "1", "import", None, None, None, 5
    )


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({}, "uid is missing"),
        ({"uid": 5}, "uid must be text, not 5"),
        ({"uid": "1", "source": "x", "began": "now"}, "began must be a whole number, not 'now'"),
        ({"uid": "1", "source": "x", "began": True}, "began must be a whole number, not True"),
        ({"uid": "1", "source": "x", "began": 1.5}, "began must be a whole number"),
        ({"uid": "1", "source": "x", "began": 2**63}, "began is too large"),
        ({"uid": "1", "source": "x", "began": 1, "code": 2**31}, "code is too large"),
        ({"uid": "1", "source": "x", "began": 1, "phrase": "a\0b"}, "phrase has a character"),
        ({"uid": "1", "source": "x", "began": 1, "phrase": "a\udc80"}, "phrase has a character"),
    ],
)
def test_what_is_no_row(told: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Row.from_dict(told)


def test_the_number_of_values() -> None:
    with pytest.raises(ValueError, match="2 values where a row has 30"):
        row_of(("a", "b"))


@given(st.text(st.characters()))
def test_text_is_made_fit_for_tables(text: str) -> None:
    fit = text_for_table(text)
    assert len(fit) == len(text)
    assert "\0" not in fit
    fit.encode()
    assert text_for_table(fit) is fit


def test_bytes_from_the_wire_become_text() -> None:
    row = row_of_call(record(caller=b"\xff\xfe".decode("utf-8", "surrogateescape"), phrase="a\0"), "run")
    assert row_of(values_of(row)) == row
    assert (row.caller, row.phrase) == ("��", "a�")
