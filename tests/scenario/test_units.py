"""Times, spans, ranges and shares as people write them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcarrier.scenario.units import CountRange, Span, TimeRange, parse_duration, parse_share, shown


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("12s", 12.0), ("200ms", 0.2), ("1.5s", 1.5), ("2m", 120.0), ("1h", 3600.0), ("0s", 0.0), (" 3s ", 3.0)],
)
def test_a_time_is_read_with_its_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["12", "1.5", "0"])
def test_a_bare_number_is_told_to_have_a_unit(text: str) -> None:
    with pytest.raises(ValueError, match=f"must have its unit: write {text}s or {text}ms"):
        parse_duration(text)


@pytest.mark.parametrize(
    "value", ["12 sec", "", "s", "-1s", "1e3s", "12S", "٣s", None, 12, ["1s"], {"a": "1s"}, "9" * 5000]
)
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"must be a time|must have its unit"):
        parse_duration(value)


def test_more_than_a_year_is_a_slip_of_the_finger() -> None:
    with pytest.raises(ValueError, match="at most a year"):
        parse_duration("9000h")


def test_a_span_is_one_time_or_a_range() -> None:
    assert Span.parse("2s") == Span(2.0, 2.0)
    assert Span.parse("200ms..6s") == Span(0.2, 6.0)
    assert Span.parse(Span(1, 2)) == Span(1, 2)
    assert [str(Span(2, 2)), str(Span(0.2, 6))] == ["2s", "0.2s..6s"]


@pytest.mark.parametrize("text", ["6s..2s", "..2s", "2s..", "..", "2s..3", "2..3s", "1s..2s..3s", "x", None, 3])
def test_what_is_no_span_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="must"):
        Span.parse(text)


@settings(deadline=None)  # the machine may be busy
@given(st.floats(0, 100), st.floats(0, 100), st.integers())
def test_a_sample_lies_in_its_span(one: float, other: float, seed: int) -> None:
    low, high = sorted((one, other))
    assert low <= Span(low, high).sample(random.Random(seed)) <= high


def test_a_fixed_span_draws_nothing() -> None:
    rng = random.Random(1)
    before = rng.getstate()
    assert Span(2, 2).sample(rng) == 2
    assert rng.getstate() == before
    Span(2, 3).sample(rng)
    assert rng.getstate() != before


@pytest.mark.parametrize(
    ("text", "inside", "outside", "back"),
    [
        ("7", [7], [6, 8], "7"),
        ("2..4", [2, 3, 4], [1, 5], "2..4"),
        ("3..", [3, 10**9], [2], "3.."),
        ("..5", [0, 5], [6], "0..5"),
    ],
)
def test_a_range_of_counts(text: str, inside: list[int], outside: list[int], back: str) -> None:
    counts = CountRange.parse(text)
    assert all(counts.contains(n) for n in inside)
    assert not any(counts.contains(n) for n in outside)
    assert str(counts) == back


@pytest.mark.parametrize("text", ["", "..", "4..2", "-1", "a", "1...2", "1.5", None, "9" * 5000])
def test_what_is_no_range_of_counts_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="must"):
        CountRange.parse(text)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [("30s..60s", [30, 59.9], [29.9, 60]), ("10s..", [10, 1e9], [9.9]), ("..30s", [0, 29.9], [30])],
)
def test_a_range_of_time(text: str, inside: list[float], outside: list[float]) -> None:
    times = TimeRange.parse(text)
    assert all(times.contains(seconds) for seconds in inside)
    assert not any(times.contains(seconds) for seconds in outside)
    assert TimeRange.parse(str(times)) == times


@pytest.mark.parametrize("text", ["", "..", "30s", "60s..30s", "30s..30s", "30..60", None])
def test_what_is_no_range_of_time_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="must"):
        TimeRange.parse(text)


def test_a_share_is_a_part_of_one() -> None:
    assert parse_share("90%") == pytest.approx(0.9)
    assert parse_share("2.5%") == pytest.approx(0.025)


@pytest.mark.parametrize("text", ["0%", "101%", "90", "0.9", "-1%", "%", None])
def test_what_is_no_share_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="must be a share"):
        parse_share(text)


def test_a_value_is_shown_short_and_on_one_line() -> None:
    assert shown("a\nb") == '"a\\nb"'
    assert len(shown("x" * 1000)) < 70
    assert [shown(None), shown({}), shown([])] == ["nothing", "a mapping", "a list"]
