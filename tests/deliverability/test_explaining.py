"""The likely cause of an alert: the records' own word goes first; else what they tell of the calls is diagnosed."""

from __future__ import annotations

from typing import Any

import pytest

from simcarrier.deliverability import statements
from simcarrier.deliverability.explaining import explain, observation_of
from simcarrier.records.observation import Outcome
from tests.stores.rows import NOON, row


def call(**more: Any) -> dict[str, Any]:
    told = row(1, NOON, **more).as_dict()
    return {name: told[name] for name in statements.EVIDENCE}


def imported(**more: Any) -> dict[str, Any]:
    """A call of which a dialler's record tells hardly anything."""
    unknown = dict.fromkeys(("first_response", "ringing", "final", "ended", "rang", "phrase", "post_dial_delay"))
    return call(**(unknown | more))


def test_what_the_records_hold_goes_first() -> None:
    said = explain([call(code=404, phrase="Not Found", cause="lines_full"), call(code=404, phrase="Not Found")])
    assert said is not None
    assert said.startswith("lines_full: ")
    assert said.endswith("(1 of the last 2 such calls)")


@pytest.mark.parametrize(
    ("calls", "cause"),
    [
        ([imported(code=404, phrase="Unallocated (unassigned) number")], "number_unallocated"),
        ([imported(code=410, phrase="Gone")] * 3, "number_disconnected"),
        ([imported(code=503, phrase="Trunk capacity exceeded")] * 2, "route_congested"),
        ([call(code=486, phrase="Busy Here", final=NOON + 3000, first_response=NOON + 10, rang=0)], "busy"),
        ([imported(code=None, outcome="stalled")], "stalled_after_trying"),
    ],
)
def test_else_the_calls_are_diagnosed(calls: list[dict[str, Any]], cause: str) -> None:
    said = explain(calls)
    assert said is not None
    assert said.startswith(f"{cause}: ")
    last = "the last such call" if len(calls) == 1 else f"the last {len(calls)} such calls"
    assert said.endswith(f"% by diagnosis of {last})")


def test_where_nothing_is_known_nothing_is_said() -> None:
    assert explain([]) is None
    assert explain([imported(code=None, outcome=None)]) is None


def test_the_same_calls_are_explained_alike() -> None:
    calls = [imported(code=480), imported(code=603, phrase="Decline"), call(code=603, phrase="Decline", rang=1)]
    assert explain(calls) == explain(calls)


def test_times_count_where_they_are_known() -> None:
    rang = call(code=603, first_response=NOON + 20, ringing=NOON + 1500, final=NOON + 9000, rang=1, retry_after=5)
    made, timed = observation_of(rang)
    assert timed
    assert [(seen.at, seen.code) for seen in made.provisionals] == [(0.02, 100), (1.5, 180)]
    assert made.final is not None
    assert (made.final.at, made.final.values("retry-after")) == (9.0, ("5",))
    assert made.outcome is Outcome.REFUSED
    _, timed = observation_of(imported(code=603, final=NOON + 9000))
    assert not timed  # nobody knows whether it rang
    given_up, timed = observation_of(call(code=487, outcome="cancelled", final=NOON + 30_000, rang=1))
    assert (given_up.outcome, given_up.gave_up, timed) == (Outcome.RANG_OUT, 30.0, True)


@pytest.mark.parametrize("outcome", ["answered", "refused", "cancelled", "stalled", "silent", "failed", None])
@pytest.mark.parametrize("code", [None, 200, 302, 486, 603, 699])
@pytest.mark.parametrize("rang", [None, 0, 1])
def test_whatever_a_row_holds_it_is_looked_at(outcome: str | None, code: int | None, rang: int | None) -> None:
    for more in ({}, {"final": None}, {"final": NOON - 5, "ringing": NOON - 9, "reason": 'x;"', "phrase": None}):
        said = explain([call(**{"outcome": outcome, "code": code, "rang": rang, **more})])
        assert (said is None) == (outcome is None and code is None)
