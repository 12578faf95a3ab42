"""Tail probabilities against sums of exact fractions and tables, and how often the baseline's test cries wolf."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction
from math import comb

import pytest

from simcarrier.deliverability.baseline import Comparison, Verdict, answer_of, compare, pearson
from simcarrier.deliverability.statistics import binomial_tail, f_tail, incomplete_beta, interval


@pytest.mark.parametrize(
    ("hits", "of", "chance"), [(0, 5, (1, 3)), (3, 10, (1, 7)), (10, 10, (1, 2)), (40, 200, (1, 11))]
)
def test_binomial_tail(hits: int, of: int, chance: tuple[int, int]) -> None:
    share = Fraction(*chance)
    exact = sum(comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(hits, of + 1))
    assert binomial_tail(hits, of, float(share)) == pytest.approx(float(exact), rel=1e-10)


def test_the_ends_of_the_tails() -> None:
    assert binomial_tail(6, 5, 0.5) == 0.0
    assert (incomplete_beta(2, 3, 0), incomplete_beta(2, 3, 1)) == (0.0, 1.0)
    assert f_tail(0, 3, 4) == 1.0


@pytest.mark.parametrize(
    ("value", "above", "below", "tail"),
    # Critical values as printed tables have them.
    [(4.96, 1, 10, 0.05), (3.01, 4, 16, 0.05), (4.77, 4, 16, 0.01), (2.87, 4, 20, 0.05), (10.04, 1, 10, 0.01)],
)
def test_f_tail(value: float, above: int, below: int, tail: float) -> None:
    assert f_tail(value, above, below) == pytest.approx(tail, rel=0.02)


def test_interval() -> None:
    assert interval(0, 0) == (0.0, 1.0)
    low, high = interval(5, 100)
    assert (round(low, 4), round(high, 4)) == (0.0215, 0.1118)
    assert interval(0, 10)[0] == 0.0


def test_pearson_by_hand() -> None:
    # Two samples of 100: 60/40 and 40/60, where 50/50 is expected of each: four times 10 squared over 50.
    found, freedom = pearson([{"a": 60, "b": 40}, {"a": 40, "b": 60}])
    assert found == pytest.approx(8.0)
    assert freedom == 1
    assert pearson([{"a": 10}, {"a": 20}]) == (0.0, 0)
    # Two rare answers, together expected 2.5 times, are nothing to look at by themselves, and take the next with them.
    assert pearson([{"a": 96, "b": 2, "c": 2}, {"a": 99, "b": 1, "c": 0}])[1] == 0


def day(rng: random.Random, shares: dict[str, float], calls: int, scatter: float = 0.0) -> Counter[str]:
    """A day's answers; with ``scatter`` the shares themselves differ from day to day (Dirichlet)."""
    weights = [rng.gammavariate(share / scatter, 1) if scatter else share for share in shares.values()]
    return Counter(rng.choices(list(shares), weights, k=calls))


USUAL = {"200": 0.45, "480": 0.25, "486": 0.15, "603": 0.05, "404": 0.06, "503": 0.04}


@pytest.mark.parametrize(("calls", "scatter"), [(60, 0.0), (300, 0.0), (300, 0.005), (3000, 0.005)])
def test_a_usual_day_seldom_differs(calls: int, scatter: float) -> None:
    rng = random.Random(f"usual {calls} {scatter}")
    trials = 300
    alarms = 0
    for _ in range(trials):
        today, *before = (day(rng, USUAL, calls, scatter) for _ in range(6))
        found = compare("DE", today, before, least_distance=0.0)
        assert found.chance is not None
        alarms += found.chance < 0.05
    # One in twenty is what is asked for; the interval of 300 trials around it, and nothing against being careful.
    assert alarms / trials < 0.09


def test_a_test_that_takes_every_call_for_itself_would_cry_wolf() -> None:
    """What the spread is for: with days that scatter, the plain test alarms on most of them."""
    rng = random.Random("plain")
    plain = careful = 0
    for _ in range(100):
        today, *before = (day(rng, USUAL, 3000, 0.005) for _ in range(6))
        usual = sum(before, Counter())
        found, freedom = pearson((today, usual))
        plain += f_tail(found / freedom, freedom, 1e6) < 0.05
        careful += compare("DE", today, before, least_distance=0.0).verdict is Verdict.DIFFERS
    assert plain > 60
    assert careful < 10


@pytest.mark.parametrize(("calls", "scatter"), [(300, 0.0), (3000, 0.002)])
def test_a_day_that_differs_is_seen(calls: int, scatter: float) -> None:
    rng = random.Random("differs")
    blocked = {**USUAL, "200": 0.30, "603": 0.20}
    seen = [
        compare("DE", day(rng, blocked, calls, scatter), [day(rng, USUAL, calls, scatter) for _ in range(5)])
        for _ in range(50)
    ]
    assert sum(found.verdict is Verdict.DIFFERS for found in seen) >= 40
    first = next(found for found in seen if found.verdict is Verdict.DIFFERS)
    assert {shift.answer for shift in first.shifts[:2]} == {"200", "603"}
    assert next(shift for shift in first.shifts if shift.answer == "603").points > 10


def test_five_calls_say_nothing() -> None:
    before = [Counter({"200": 500, "486": 500})] * 5
    found = compare("DE", Counter({"603": 5}), before)
    assert found.verdict is Verdict.TOO_FEW
    assert str(found) == "DE: too few calls to tell (5 calls in 24 h, 5000 in the 5 days before; 50 a day are needed)"


def test_a_new_country_has_no_baseline() -> None:
    found = compare(None, Counter({"603": 500}), [Counter({"200": 500}), *[Counter[str]()] * 4])
    assert found.verdict is Verdict.SETTLING
    assert str(found).startswith("market unknown: no baseline yet (1 of 5 days with 50 calls or more; ")


def test_a_difference_is_told_with_its_numbers() -> None:
    found = compare("DE", Counter({"200": 60, "603": 40}), [Counter({"200": 95, "603": 5})] * 5)
    assert str(found) == (
        "DE: differs (p less than 0.001; 200 95.0 % -> 60.0 %, 603 5.0 % -> 40.0 %; "
        "100 calls in 24 h, 500 in the 5 days before)"
    )


def test_a_certain_difference_that_is_small_is_none() -> None:
    before = [Counter({"200": 50_000, "486": 50_000})] * 5
    found = compare("DE", Counter({"200": 51_500, "486": 48_500}), before)
    assert found.chance is not None
    assert found.chance < 0.001
    assert found.verdict is Verdict.SAME
    assert isinstance(found, Comparison)


def test_what_an_answer_is_called() -> None:
    assert [answer_of(603, "refused"), answer_of(None, "stalled"), answer_of(None, None)] == [
        "603",
        "stalled",
        "unknown",
    ]
