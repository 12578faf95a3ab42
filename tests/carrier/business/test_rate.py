"""Calls per second: never more than the burst and what the rate gives, in any stretch of time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.carrier.business.rate import MOST, Rate


def test_so_many_at_once_then_so_many_a_second() -> None:
    rate = Rate(10, 3)
    assert [rate.take(5.0) for _ in range(5)] == [True, True, True, False, False]
    assert [rate.take(5.0 + n / 10) for n in range(1, 4)] == [True, True, True]
    assert not rate.take(5.35)
    assert rate.take(5.4)


def test_a_caller_at_just_the_rate_is_never_refused() -> None:
    for per_second in (1, 3, 7, 10, 30, 1000):
        rate = Rate(per_second, 1)
        assert all(rate.take(n / per_second) for n in range(3000))


def test_a_refusal_costs_nothing() -> None:
    rate = Rate(2, 1)
    assert rate.take(0.0)
    assert not any(rate.take(n / 100) for n in range(1, 50))
    assert rate.take(0.5)


def test_in_words() -> None:
    rate = Rate(10, 10)
    assert [rate.take(0.0) for _ in range(12)].count(True) == 10
    assert str(rate) == "12 calls in the last second, 10 allowed"
    slow = Rate(5, 1)
    slow.take(0.0)
    slow.take(1.1)
    assert not slow.take(1.2)
    assert str(slow) == "2 calls in the last second, 5 allowed, 1 at once"
    slow.take(9.0)
    assert str(slow) == "1 call in the last second, 5 allowed, 1 at once"


def test_a_flood_does_not_cost_memory() -> None:
    rate = Rate(10, 10)
    for _ in range(MOST + 50):
        rate.take(0.0)
    assert rate.offered == MOST


@given(
    st.integers(1, 50),
    st.integers(1, 50),
    st.lists(st.one_of(st.just(0.0), st.floats(0, 0.2), st.floats(0, 5)), min_size=1, max_size=120),
)
def test_never_more_than_burst_and_rate_in_any_window(per_second: int, burst: int, gaps: list[float]) -> None:
    rate = Rate(per_second, burst)
    now, passed = 0.0, list[float]()
    for gap in gaps:
        now += gap
        if rate.take(now):
            passed.append(now)
        else:
            assert passed, "the first call always passes"
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            most = burst + per_second * (passed[last] - passed[first])
            assert last - first + 1 <= most + 1e-6


@given(st.integers(1, 50), st.integers(1, 50), st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_a_call_is_refused_only_if_the_bucket_is_empty(per_second: int, burst: int, gaps: list[float]) -> None:
    """The other side: after a refusal as many have passed, in some stretch before it, as may."""
    rate = Rate(per_second, burst)
    now, passed = 0.0, list[float]()
    for gap in gaps:
        now += gap
        if rate.take(now):
            passed.append(now)
        else:
            stretches = (burst + per_second * (now - start) - sum(start <= at for at in passed) for start in passed)
            assert min(stretches) < 1


@pytest.mark.parametrize(("per_second", "burst", "allowed"), [(10, 10, 110), (10, 1, 101), (10, 30, 130)])
def test_under_a_flood_the_rate_is_what_passes(per_second: int, burst: int, allowed: int) -> None:
    rate = Rate(per_second, burst)
    assert sum(rate.take(n / 1000) for n in range(10_001)) == allowed
