"""Times that people take: what can be written, what is said of what is none, and what is drawn."""

from __future__ import annotations

import random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.scenario.business.distributions import (
    TAIL,
    Exponential,
    LogNormal,
    parse_distribution,
    parse_fixed,
)
from simcarrier.scenario.business.shares import parse_part, percent, total_of
from simcarrier.scenario.units import Span


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("12s", Span(12, 12)),
        ("2s..6s", Span(2, 6)),
        ({"mean": "40s"}, Exponential(40)),
        ({"mean": "1.5m"}, Exponential(90)),
        ({"median": "40s", "p90": "3m"}, LogNormal(40, 180)),
        ({"p90": "3m", "median": "40s"}, LogNormal(40, 180)),
    ],
)
def test_what_can_be_written(written: object, value: object) -> None:
    made = parse_distribution(written)
    assert made == value
    assert parse_distribution(made) is made


def test_they_tell_themselves_as_they_are_written() -> None:
    assert str(Exponential(40)) == "{mean: 40s}"
    assert str(LogNormal(40, 180)) == "{median: 40s, p90: 180s}"


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (7, r"must be a time such as 12s, a range such as 2s\.\.6s, \{mean: 40s\} or .*, not \"7\""),
        ("7", "must have its unit"),
        ([], "not a list"),
        ({}, "mean stands alone, median and p90 stand together"),
        ({"median": "4s"}, "mean stands alone, median and p90 stand together"),
        ({"mean": "4s", "p90": "9s"}, "mean stands alone"),
        ({"meen": "4s"}, 'there is no "meen" in it; did you mean "mean"'),
        ({"mean": "40"}, "its mean must have its unit: write 40s"),
        ({"mean": None}, "its mean must be a time such as 12s or 200ms, not nothing"),
        ({"mean": "0s"}, "its mean must be above 0s"),
        ({"median": "40s", "p90": "40s"}, "must have a p90 above its median"),
        ({"median": "40s", "p90": ["1s"]}, "its p90 must be a time"),
    ],
)
def test_what_is_none(written: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_distribution(written)


@pytest.mark.parametrize("written", ["0s", "1s..2s", "4", None, {"mean": "4s"}])
def test_what_is_no_single_time(written: object) -> None:
    assert parse_fixed("4h") == Span(14400, 14400)
    with pytest.raises(ValueError, match="must "):
        parse_fixed(written)


def test_the_exponential_has_its_mean_and_a_tail_that_ends() -> None:
    rng = random.Random(7)
    drawn = [Exponential(40).sample(rng) for _ in range(20_000)]
    assert sum(drawn) / len(drawn) == pytest.approx(40, rel=0.03)
    assert sum(time < 40 for time in drawn) / len(drawn) == pytest.approx(1 - 0.3679, abs=0.02)
    assert max(drawn) <= 40 * TAIL


def test_half_are_below_the_median_and_nine_in_ten_below_the_ninetieth_percentile() -> None:
    rng = random.Random(7)
    drawn = [LogNormal(40, 180).sample(rng) for _ in range(20_000)]
    assert median(drawn) == pytest.approx(40, rel=0.05)
    assert sum(time < 180 for time in drawn) / len(drawn) == pytest.approx(0.9, abs=0.01)
    assert max(drawn) <= 180 * TAIL


@given(
    st.sampled_from([Exponential(0.001), Exponential(3e7), LogNormal(0.001, 3e7), LogNormal(3e7, 3.1e7)]),
    st.integers(0, 2**32),
)
def test_every_draw_is_a_time_and_the_seed_repeats_it(times: Exponential | LogNormal, seed: int) -> None:
    drawn = times.sample(random.Random(seed))
    assert 0 <= drawn <= 366 * 24 * 3600
    assert drawn == times.sample(random.Random(seed))


@pytest.mark.parametrize(("written", "share"), [("0%", 0.0), ("100%", 1.0), ("2.5%", 0.025), (" 15% ", 0.15)])
def test_a_share_may_be_nothing(written: str, share: float) -> None:
    assert parse_part(written) == share
    assert parse_part(share) == share


@pytest.mark.parametrize("written", ["15", "101%", "-1%", "%", "", 15, None, True, "٣%", "1e1%"])
def test_what_is_no_share(written: object) -> None:
    with pytest.raises(ValueError, match="must be a share from 0% to 100%, such as 15%, not "):
        parse_part(written)


def test_sums_of_shares() -> None:
    assert total_of({"a": "20%", "b": None}, ("a", "b", "c"), {"b": 0.5, "c": 0.25}) == 0.95
    assert total_of({"a": "20"}, ("a",), {}) is None
    assert total_of("20%", ("a",), {}) is None
    assert [percent(share) for share in (0.08, 0.025, 1.0, 1 / 3)] == ["8%", "2.5%", "100%", "33.3%"]
