"""Subscribers as a scenario writes them, and what is wrong with them."""

from __future__ import annotations

import re

import pytest

from simcarrier.scenario.business.distributions import Exponential, LogNormal
from simcarrier.scenario.business.subscribers import BEHAVIOURS, SubscribersModel
from simcarrier.scenario.load import ScenarioError, loads
from simcarrier.scenario.units import Span


def entries(written: str) -> tuple[SubscribersModel, ...]:
    return loads(f"name: x\ncarrier: {{subscribers: {written}}}").carrier.subscribers


def test_all_that_can_be_said() -> None:
    (one,) = entries(
        "[{to: +49*, hours: 8..20, days: mon..fri, when: 10s.., answer: 60%, voicemail: 10%, no_answer: 5%, busy: 8%,"
        " busy_everywhere: 1%, decline: 4%, unwanted: 1%, screened: 2%, unavailable: 9%, ring: {mean: 8s},"
        " ring_out: 25s..30s, talk: {median: 40s, p90: 180s}, habit: 20%}]"
    )
    assert (one.ring, one.ring_out, one.talk) == (Exponential(8), Span(25, 30), LogNormal(40, 180))
    assert sum(getattr(one, key) for key in BEHAVIOURS) == pytest.approx(1)
    assert one.habit == 0.2
    assert one.to is not None
    assert one.to.matches("+4930")
    assert one.hours is not None
    assert one.days is not None


def test_an_entry_may_say_nothing() -> None:
    assert entries("[{}]") == (SubscribersModel(),)


WRONG = {
    "[{answer: 60%, busy: 41%}]": "the shares add to 101%, to more than 100%",
    "[{answer: 60}]": '"answer" must be a share from 0% to 100%, such as 15%, not "60"',
    "[{answr: 60%}]": 'unknown key "answr"; did you mean "answer"?',
    "[{ring: {median: 4s}}]": '"ring" must be a time such as 12s, a range such as 2s..6s, {mean: 40s} or',
    "[{hours: 8}]": '"hours" must be hours of the day',
    "[{answer: 60%}, {to: +49*}]": "can never be reached: subscribers[0] takes every call",
    "{answer: 60%}": "must be a list",
    "[7]": "must be a mapping",
}


@pytest.mark.parametrize(("written", "says"), WRONG.items())
def test_what_is_wrong_is_said(written: str, says: str) -> None:
    with pytest.raises(ScenarioError, match=re.escape(says)):
        entries(written)


def test_all_faults_are_told_with_their_places() -> None:
    text = "name: x\ncarrier:\n  subscribers:\n    - {answer: 60}\n    - {busy: 70%, decline: 50%}\n"
    with pytest.raises(ScenarioError) as found:
        loads(text)
    assert [(fault.line, fault.where) for fault in found.value.faults] == [
        (4, "carrier.subscribers[0].answer"),
        (5, "carrier.subscribers[1]"),
        (5, "carrier.subscribers[1]"),
    ]


def test_an_entry_for_some_hours_leaves_room_for_the_next() -> None:
    assert len(entries("[{hours: 8..20, answer: 60%}, {days: sat, answer: 5%}, {answer: 10%}]")) == 3


@pytest.mark.parametrize("shares", ["answer: 33.3334%, busy: 33.3333%, decline: 33.3333%", "answer: 100%", "busy: 0%"])
def test_shares_may_add_to_the_whole(shares: str) -> None:
    assert entries(f"[{{{shares}}}]")
