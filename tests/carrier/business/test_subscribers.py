"""Subscribers: what people do, in the shares of the scenario, by number and hour, and always the same by the seed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.carrier.business import Finding
from simcarrier.carrier.business.clock import Clock
from simcarrier.carrier.business.subscribers import People as Entry
from simcarrier.carrier.business.subscribers import Subscribers
from simcarrier.carrier.call import Call
from simcarrier.conditions import Condition
from simcarrier.scenario.business.clock import ClockModel
from simcarrier.scenario.business.subscribers import BEHAVIOURS, SubscribersModel
from simcarrier.scenario.load import loads
from simcarrier.testing import Weather
from tests.carrier.kit import WALL, Exchange

HOUR = 3600.0
MONDAY_MIDNIGHT = 1_700_438_400.0  # 20 November 2023, UTC


@dataclass
class People:
    """Subscribers of a scenario, asked without a wire."""

    subscribers: Subscribers

    def ask(self, number: str = "+4930123", caller: str = "+4940", hour: float = 0.0) -> Finding | None:
        call = cast("Call", SimpleNamespace(destination=number, caller=caller))
        return self.subscribers.examine(call, hour * HOUR)

    def find(self, number: str = "+4930123", caller: str = "+4940", hour: float = 0.0) -> Finding:
        found = self.ask(number, caller, hour)
        assert found is not None
        return found


def people(written: str, seed: int = 1, remembered: int = 100) -> People:
    models = loads(f"name: x\ncarrier: {{subscribers: {written}}}").carrier.subscribers
    clock = Clock(ClockModel(), MONDAY_MIDNIGHT)
    return People(Subscribers(models, clock, Random(seed), remembered))


@pytest.mark.parametrize(("key", "condition"), BEHAVIOURS.items())
def test_each_thing_that_people_do(key: str, condition: Condition) -> None:
    found = people(f"[{{{key}: 100%, ring: 3s, ring_out: 30s, talk: 7s}}]").find()
    assert found.condition is condition
    assert found.why == f"subscribers[0] (*): 100% {key}"
    rings_out = condition in (Condition.VOICEMAIL, Condition.NO_ANSWER)
    assert str(found.ring) == ("30s" if rings_out else "3s")
    assert str(found.talk) == "7s"


def test_what_is_left_over_is_no_answer() -> None:
    assert people("[{}]").find().why == "subscribers[0] (*): 100% no_answer"
    asked = people("[{no_answer: 20%, busy: 50%}]")
    whys = {asked.find().why for _ in range(50)}
    assert whys == {"subscribers[0] (*): 50% no_answer", "subscribers[0] (*): 50% busy"}


def test_the_last_share_takes_what_rounding_leaves_over() -> None:
    third = 0.333333333333
    entry = Entry(0, SubscribersModel(answer=third, busy=third, decline=third), Clock(ClockModel(), 0.0))
    assert entry.outcome(0.9999999999999999).condition is Condition.DECLINED
    assert entry.outcome(0.0).condition is Condition.ANSWERED


def test_the_first_that_fits_decides() -> None:
    asked = people(
        "[{to: +49*, hours: 8..20, days: mon..fri, busy: 100%}, {to: +49*, answer: 100%}, {to: +1*, decline: 100%}]"
    )
    assert asked.find("+4930", hour=14.5).why == "subscribers[0] (+49*): 100% busy at 14h"
    assert asked.find("+4930", hour=21).why == "subscribers[1] (+49*): 100% answer"
    assert asked.find("+4930", hour=5 * 24 + 14).why == "subscribers[1] (+49*): 100% answer"
    assert asked.find("+1415", hour=14).condition is Condition.DECLINED
    assert asked.ask("+33", hour=14) is None


def test_an_entry_may_hold_for_a_while_only() -> None:
    asked = people("[{when: ..1h, unavailable: 100%}, {answer: 100%}]")
    assert asked.find(hour=0.5).condition is Condition.SUBSCRIBER_UNAVAILABLE
    assert asked.find(hour=1.5).condition is Condition.ANSWERED


SHARES = {
    "answer": 0.4,
    "voicemail": 0.1,
    "busy": 0.08,
    "busy_everywhere": 0.02,
    "decline": 0.05,
    "unwanted": 0.03,
    "screened": 0.07,
    "unavailable": 0.15,
}


@pytest.mark.parametrize("habit", ["0%", "40%", "100%"])
def test_the_shares_are_kept(habit: str) -> None:
    written = ", ".join(f"{key}: {share * 100:g}%" for key, share in SHARES.items())
    asked = people(f"[{{{written}, habit: {habit}}}]", seed=5)
    calls = 20_000
    found = Counter(asked.find(f"+4915{n:08}").condition for n in range(calls))
    for key, condition in BEHAVIOURS.items():
        share = SHARES.get(key, 0.1)
        # Five standard deviations: a wrong share is off by more, a right one is never.
        assert abs(found[condition] - calls * share) < 5 * (calls * share * (1 - share)) ** 0.5, key


def test_who_does_not_want_a_caller_says_so_again() -> None:
    asked = people("[{to: +4930*, unwanted: 50%, answer: 50%, ring: 2s}]", seed=3)
    first: dict[str, Condition] = {}
    for n in range(40):
        first[f"+4930{n}"] = asked.find(f"+4930{n}").condition
    assert set(first.values()) == {Condition.ANSWERED, Condition.UNWANTED}
    refusing = [number for number, condition in first.items() if condition is Condition.UNWANTED]
    assert len(asked.subscribers) == len(refusing)
    for number in refusing:
        for hour in range(20):
            found = asked.find(number, hour=hour)
            assert found.condition is Condition.UNWANTED
            assert found.why.startswith("subscribers[0] (+4930*): ")
            assert found.why.endswith(f" {number} has said before that it does not want calls from +4940")
            assert str(found.ring) == "2s"
    assert Condition.ANSWERED in {asked.find(number, caller="+4941").condition for number in refusing}


def test_no_more_pairs_are_kept_than_the_cap_and_the_latest_stay() -> None:
    asked = people("[{unwanted: 100%}]", remembered=3)
    for n in (1, 2, 3, 1, 4):
        asked.find(f"+49{n}")
        assert len(asked.subscribers) <= 3
    again = [n for n in (1, 3, 4) if "before" in asked.find(f"+49{n}").why]
    assert again == [1, 3, 4]
    assert "before" not in asked.find("+492").why


@given(st.lists(st.tuples(st.text(max_size=80), st.text(max_size=80))), st.integers(0, 2**32))
def test_whatever_is_dialled_something_happens_and_the_seed_repeats_it(calls: list[tuple[str, str]], seed: int) -> None:
    written = "[{hours: 8..20, unwanted: 40%, answer: 30%, habit: 50%}, {unwanted: 10%, habit: 10%}]"
    one, other = (people(written, seed, remembered=5) for _ in range(2))
    for n, (number, caller) in enumerate(calls):
        assert one.find(number, caller, n) == other.find(number, caller, n)
        assert len(one.subscribers) <= 5


def test_another_seed_is_another_day() -> None:
    def day(seed: int, habit: str) -> list[Condition]:
        asked = people(f"[{{answer: 50%, busy: 50%, habit: {habit}}}]", seed)
        return [asked.find(f"+49{n}").condition for n in range(50)]

    for habit in ("0%", "100%"):
        assert day(1, habit) == day(1, habit) != day(2, habit)


def test_habits_belong_to_numbers() -> None:
    asked = people("[{answer: 50%, unavailable: 50%, habit: 30%}]")
    numbers = [f"+4930{n:05}" for n in range(300)]
    days = [{number: asked.find(number) for number in numbers} for _ in range(12)]
    always = [number for number in numbers if ": always " in days[0][number].why]
    assert len(always) == pytest.approx(90, abs=30)
    for number in numbers:
        found = {day[number].condition for day in days}
        if number in always:
            assert len(found) == 1
            assert all(": always " in day[number].why for day in days)
    changing = [number for number in numbers if len({day[number].condition for day in days}) == 2]
    assert len(changing) > 190
    assert {days[0][number].why for number in always} == {
        "subscribers[0] (*): always answer",
        "subscribers[0] (*): always unavailable",
    }


SCENARIO = """
carrier:
  clock: {{starts: "2026-11-23 14:00"}}
  subscribers:
    - {entry}
  unmatched: 404
calls:
  - {{to: +4930110, name: police, outcome: answered}}
"""


def exchange(entry: str) -> Exchange:
    return Exchange(SCENARIO.format(entry=entry), weather=Weather())


def test_rules_go_first_and_what_no_entry_is_about_goes_unmatched() -> None:
    carrier = exchange("{to: +49*, hours: 8..20, busy: 100%}")
    assert carrier.code("+4930110") == 200
    assert carrier.code("+4930111") == 486
    assert (carrier.record.rule, carrier.record.matched) == (None, True)
    assert carrier.record.why == "subscribers[0] (+49*): 100% busy at 14h"
    assert carrier.record.condition is Condition.BUSY
    assert carrier.code("+331") == 404
    assert not carrier.record.matched


def test_they_ring_and_talk_as_long_as_they_do() -> None:
    carrier = exchange("{answer: 100%, ring: 3s, talk: {median: 40s, p90: 180s}}")
    for n in range(30):
        carrier.dial(f"+49{n}")
    carrier.wire.run(4000)
    assert all(record.responded_after == pytest.approx(3) for record in carrier.records)
    assert {record.ending for record in carrier.records} == {"hung_up_by_us"}
    talks = sorted((record.ended_after or 0) - (record.acknowledged_after or 0) for record in carrier.records)
    assert len(set(talks)) == 30
    assert 25 < talks[15] < 65
    carrier.close_of_business()


def test_a_mailbox_answers_after_the_ringing_out() -> None:
    carrier = exchange("{voicemail: 100%, ring: 3s, ring_out: 25s, talk: 4s}")
    carrier.dial("+49")
    carrier.wire.run(40)
    assert carrier.record.condition is Condition.VOICEMAIL
    assert carrier.record.responded_after == pytest.approx(25)
    assert carrier.record.ending == "hung_up_by_us"


def test_without_a_time_to_talk_the_caller_hangs_up() -> None:
    carrier = exchange("{answer: 100%, ring: 1s}")
    call = carrier.dial("+49")
    carrier.wire.run(3000)
    assert call.is_up
    call.hang_up()
    carrier.close_of_business()


def test_the_default_model_needs_no_habit_and_draws_no_salt() -> None:
    rng, other = Random(1), Random(1)
    Subscribers((SubscribersModel(answer=1.0),), Clock(ClockModel(), WALL), rng)
    assert rng.getstate() == other.getstate()
