"""The record of a call and the journal of a run."""

from __future__ import annotations

import json

import pytest

from simcarrier.conditions import Condition
from simcarrier.records.journal import Journal
from simcarrier.records.media import MediaRecord
from simcarrier.records.model import CallRecord, NearMiss


def record(number: int = 1, **facts: object) -> CallRecord:
    made = CallRecord(number, f"call-{number}", "UDP", ("127.0.0.1", 5070), "+4940", "+4930", 1_700_000_000.1234567)
    for name, value in facts.items():
        setattr(made, name, value)
    return made


def test_the_event_tells_all_there_is() -> None:
    made = record(
        rule="r",
        code=403,
        phrase="Forbidden",
        provisional=(100, 180),
        responded_after=0.12345678,
        ending="refused",
        condition=Condition.CALLER_ID_NOT_ROUTED,
        dialect="germany",
        customer="acme",
        near_misses=(NearMiss("other", "to", "0049", "+49*"),),
    )
    assert made.as_dict() == {
        "number": 1,
        "from": "+4940",
        "to": "+4930",
        "code": 403,
        "phrase": "Forbidden",
        "rule": "r",
        "why": None,
        "matched": True,
        "provisional": [100, 180],
        "condition": Condition.CALLER_ID_NOT_ROUTED,
        "dialect": "germany",
        "customer": "acme",
        "trunk": None,
        "cut": None,
        "charged": None,
        "attestation": None,
        "identity": None,
        "near_misses": [{"rule": "other", "field": "to", "got": "0049", "wanted": "+49*"}],
        "ending": "refused",
        "call_id": "call-1",
        "transport": "UDP",
        "source": "127.0.0.1:5070",
        "listener": None,
        "started": 1_700_000_000.123457,
        "trying_after": None,
        "progress_after": None,
        "cancelled_after": None,
        "retry_after": None,
        "reason": [],
        "responded_after": 0.123457,
        "acknowledged_after": None,
        "ended_after": None,
        "media": None,
    }
    json.dumps(made.as_dict())


def test_the_event_tells_of_audio() -> None:
    made = record(media=MediaRecord(sent=425, strangers=424, digits="12#"))
    assert made.digits == "12#"
    assert json.loads(json.dumps(made.as_dict()))["media"] == {
        "sent": 425,
        "received": 0,
        "lost": 0,
        "jitter": 0.0,
        "strangers": 424,
        "withheld": False,
        "peer_lost": None,
        "digits": "12#",
        "digits_sent": "",
    }
    assert record().digits == ""


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (MediaRecord(), "RTP 0 sent, 0 received"),
        (MediaRecord(425, 0, strangers=424), "RTP 425 sent, 0 received, 424 from elsewhere"),
        (MediaRecord(withheld=True), "RTP 0 sent, 0 received, none may go where the caller asks for them"),
        (
            MediaRecord(9, 8, 1, 0.00123, peer_lost=2),
            "RTP 9 sent, 8 received, 1 lost, 2 lost at the caller's, jitter 1.2 ms",
        ),
        (MediaRecord(9, peer_lost=0, digits="1#", digits_sent="2"), "RTP 9 sent, 0 received; digits 1#; digits sent 2"),
    ],
)
def test_audio_in_words(told: MediaRecord, words: str) -> None:
    assert str(told) == words


def test_a_source_of_ipv6_has_brackets() -> None:
    assert record(source=("::1", 5070)).as_dict()["source"] == "[::1]:5070"


@pytest.mark.parametrize(
    ("rule", "why", "matched"),
    [("r", None, True), (None, "lines 2 of 2", True), (None, None, False)],
    ids=["rule", "resource", "default"],
)
def test_matched_is_by_a_rule_or_a_resource(rule: str | None, why: str | None, matched: bool) -> None:
    assert record(rule=rule, why=why).matched is matched


def test_the_journal_counts_all_and_keeps_the_last() -> None:
    journal, told = Journal(kept=3), []
    journal.listeners.append(lambda call: told.append(call.number))
    for number in range(1, 8):
        journal.add(record(number, code=403 if number % 2 else None, rule="r" if number < 6 else None))
    assert told == [1, 2, 3, 4, 5, 6, 7]
    assert [call.number for call in journal.recent] == [5, 6, 7]
    assert (journal.calls, journal.unmatched) == (7, 2)
    assert journal.codes == {403: 4, None: 3}
