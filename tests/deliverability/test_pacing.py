"""The pacer: free, slowed, resting, coming back; the same calls give the same answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcarrier.deliverability.pacing import Pacer, State, replayed
from simcarrier.deliverability.policy import Policy, load_policy, read_policy
from simcarrier.deliverability.queries import DAY, HOUR, MINUTE
from simcarrier.scenario.faults import ScenarioError
from tests.deliverability.kit import Shelf, some
from tests.stores.rows import NOON

NUMBER = "+4930123456"


def calls(pacer: Pacer, count: int, declined: int, now: int, every: int = MINUTE, caller: str = NUMBER) -> int:
    """So many calls, the declined ones first; returns when the last was over."""
    for at in range(count):
        now += every
        pacer.placed(caller, now - 1000)
        pacer.ended(caller, 603 if at < declined else 200, now)
    return now


def test_the_policy_that_ships_is_the_default_and_has_the_numbers_that_people_act_on() -> None:
    policy = load_policy()
    assert policy == Policy()
    assert (policy.slow.above, policy.rest.above, policy.rest.window.low) == (0.15, 0.05, 4 * 3600)
    assert policy.recover.steps == (0.25, 0.5, 0.75)


def test_a_number_of_which_nothing_is_known_is_free() -> None:
    pace = Pacer().ask(NUMBER, NOON)
    assert (pace.state, pace.allowed, pace.calls_per_hour, pace.next_call) == (State.FREE, True, 12, NOON)


def test_calls_of_a_number_are_spread_over_the_hour() -> None:
    pacer = Pacer()
    pacer.placed(NUMBER, NOON)
    assert pacer.ask(NUMBER, NOON + 5 * MINUTE - 1).allowed is False
    pace = pacer.ask(NUMBER, NOON + 5 * MINUTE)
    assert (pace.allowed, pace.next_call) == (True, NOON + 5 * MINUTE)


def test_slowed_down_above_fifteen_per_cent_and_free_again() -> None:
    pacer = Pacer()
    now = calls(pacer, 10, 1, NOON)
    assert pacer.ask(NUMBER, now).state is State.FREE
    now = calls(pacer, 1, 1, now)  # 2 of 11
    pace = pacer.ask(NUMBER, now)
    assert (pace.state, pace.calls_per_hour) == (State.SLOWED, 3)
    assert pace.next_call == now - 1000 + 20 * MINUTE
    assert pace.why == "2 of 11 (18.2 %) calls in 30 min were declined, more than 15 %: slowed to 25 %"
    assert pacer.ask(NUMBER, now + 31 * MINUTE).state is State.FREE


def test_few_calls_say_nothing() -> None:
    pacer = Pacer()
    now = calls(pacer, 9, 9, NOON)
    assert pacer.ask(NUMBER, now).state is State.FREE


@pytest.mark.parametrize(
    ("count", "declined", "state"), [(40, 2, State.FREE), (40, 3, State.RESTING), (39, 3, State.FREE)]
)
def test_rests_above_five_per_cent_over_four_hours(count: int, declined: int, state: State) -> None:
    pacer = Pacer()
    now = NOON
    for at in range(count):  # spread, so that no half hour is bad enough to be slowed down
        now = calls(pacer, 1, int(at % 13 == 0 and at // 13 < declined), now, every=5 * MINUTE)
    assert pacer.ask(NUMBER, now).state is state


def test_a_rest_and_the_way_back() -> None:
    pacer = Pacer()
    now = calls(pacer, 40, 3, NOON, every=5 * MINUTE)
    pace = pacer.ask(NUMBER, now)
    assert (pace.state, pace.allowed, pace.calls_per_hour) == (State.RESTING, False, 0)
    assert pace.until == pace.next_call == now + 4 * HOUR
    assert pace.why.startswith(
        "3 of 40 (7.5 %) calls in 4 h were declined, more than 5 %; it rests until 2026-11-23 19:"
    )
    assert pacer.ask(NUMBER, now + 4 * HOUR - 1).state is State.RESTING
    rates = [pacer.ask(NUMBER, now + 4 * HOUR + step * HOUR).calls_per_hour for step in range(5)]
    assert rates == [3, 6, 9, 12, 12]
    assert pacer.ask(NUMBER, now + 7 * HOUR).state is State.FREE


def test_a_comeback_that_fails_makes_a_longer_rest_up_to_the_longest() -> None:
    pacer = Pacer()
    now = calls(pacer, 40, 3, NOON, every=5 * MINUTE)
    lengths = []
    for _ in range(6):
        until = pacer.ask(NUMBER, now).until
        assert until is not None
        lengths.append((until - now) // HOUR)
        now = calls(pacer, 10, 0, until)
        now = calls(pacer, 1, 1, now)
    assert lengths == [4, 8, 16, 32, 48, 48]


def test_what_was_before_a_rest_is_not_held_against_the_number_after_it() -> None:
    pacer = Pacer()
    now = calls(pacer, 40, 40, NOON)
    until = pacer.ask(NUMBER, now).until
    assert until is not None
    now = calls(pacer, 30, 0, until + MINUTE)
    pace = pacer.ask(NUMBER, now)
    assert (pace.state, pace.declined, pace.attempts) == (State.RECOVERING, 0, 30)
    assert pace.why.startswith("it comes back after a rest, step 1 of 3 until ")


def test_calls_that_end_during_a_rest_do_not_count() -> None:
    pacer = Pacer()
    now = calls(pacer, 40, 3, NOON, every=5 * MINUTE)
    until = pacer.ask(NUMBER, now).until
    calls(pacer, 5, 5, now)
    assert pacer.ask(NUMBER, now + 10 * MINUTE).until == until


def test_a_pool_is_used_evenly_and_resting_numbers_are_left_out() -> None:
    pacer = Pacer()
    pool = ["+491", "+492", "+493"]
    now = calls(pacer, 40, 40, NOON, caller="+492")
    chosen = []
    for _ in range(3):
        pace = pacer.choose(pool, now)
        chosen.append((pace.caller, pace.allowed))
        if pace.allowed:
            pacer.placed(pace.caller, now)
        now += 1000
    assert chosen == [("+491", True), ("+493", True), ("+491", False)]
    with pytest.raises(ValueError, match="no caller ID"):
        pacer.choose([], now)


def test_memory_is_bounded() -> None:
    pacer = Pacer(callers=3)
    for at in range(10):
        calls(pacer, 1, 0, NOON, caller=f"+49{at}")
    assert len(pacer._numbers) == 3


@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from([200, 480, 603, None]), st.sampled_from("ab")), max_size=200)
)
@settings(max_examples=40, deadline=None)
def test_the_same_calls_give_the_same_answers_and_every_answer_holds_together(
    told: list[tuple[int, int | None, str]],
) -> None:
    one, two = Pacer(), Pacer()
    now = NOON
    for minutes, code, caller in told:
        now += minutes * MINUTE
        for pacer in (one, two):
            pacer.placed(caller, now)
            pacer.ended(caller, code, now)
        one.ask("a", now)  # asking changes nothing
        pace = two.ask(caller, now + MINUTE)
        assert one.ask(caller, now + MINUTE) == pace
        assert pace.allowed is (pace.state is not State.RESTING and pace.next_call <= now + MINUTE)
        assert 0 <= pace.calls_per_hour <= 12
        assert 0 <= pace.declined <= pace.attempts
        assert pace.until is None or pace.until > now + MINUTE or pace.state is State.SLOWED
        assert str(pace.declined) in pace.why or pace.state is State.RESTING


def test_the_pacer_of_records_is_the_one_that_was_told_of_the_calls(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    rows = [*some(60, 6), *some(30, 1, first=100, caller="+4930999"), *some(5, 5, first=200, caller="")]
    shelf.add(rows)
    live = Pacer()
    for each in sorted(rows, key=lambda row: (row.final or 0, row.uid)):
        if each.caller:
            live.placed(each.caller, each.began)
            live.ended(each.caller, each.code, each.final or 0)
    pacer, callers = replayed(shelf.store, NOON + HOUR, 2 * DAY, Policy())
    shelf.store.close()
    assert callers == ["+4930123456", "+4930999"]
    for caller in callers:
        assert pacer.ask(caller, NOON + HOUR) == live.ask(caller, NOON + HOUR)
    assert pacer.ask(NUMBER, NOON + HOUR).state is State.RESTING


def test_every_fault_of_a_policy_is_told() -> None:
    text = (
        "calls_per_hour: 0\ndeclined: [603, 99]\nslow: {to: 0%}\nrest: {for: 8h, at_most: 4h, longer: 0.5}\n"
        "recover: {steps: [50%, 25%], eech: 1h}\n"
    )
    with pytest.raises(ScenarioError) as caught:
        read_policy(text, "p.yaml")
    told = "\n".join(map(str, caught.value.faults))
    for part in (
        'p.yaml:1:17: calls_per_hour: "calls_per_hour" must be a number of calls, at least 1',
        "must be codes from 300 to 699",
        "must be a share above 0%",
        'must not be shorter than "for"',
        "must be a number from 1 to 1000",
        "must be up to 20 shares, each larger than the one before",
        'unknown key "eech"; did you mean "each"?',
    ):
        assert part in told
