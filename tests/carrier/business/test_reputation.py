"""Reputation: the score grows with what is bad, time heals, and nothing grows without end."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.carrier.business.reputation import SLICES, Opinion, Reputation, Sign, Standing, brief
from simcarrier.carrier.business.score import FEW, Formula, ramp
from simcarrier.scenario.business.analytics import AnalyticsModel, WeightsModel
from simcarrier.scenario.patterns import NumberPattern
from simcarrier.scenario.units import Span

MODEL = AnalyticsModel()
HOUR = 3600.0
BAD = "+4930111"


@dataclass
class Seen:
    """Counts of a window."""

    calls: int = 0
    answered: int = 0
    short: int = 0
    unanswered: int = 0
    trusted: int = 0
    doubted: int = 0
    bits: int = 0


def bits_of(formula: Formula, numbers: int) -> int:
    found = 0
    for number in range(numbers):
        found |= formula.bit_of(f"+4915{number:09}")
    return found


def seen(formula: Formula, calls: int, answered: int, short: int, unanswered: int, numbers: int) -> Seen:
    return Seen(calls, answered, short, unanswered, bits=bits_of(formula, numbers))


def test_the_ramp_is_nothing_up_to_half_of_the_limit_and_all_from_the_limit_on() -> None:
    assert [ramp(share, 0.6) for share in (0, 0.3, 0.45, 0.6, 1)] == pytest.approx([0, 0, 0.5, 1, 1])


@pytest.mark.parametrize(
    ("calls", "answered", "short", "unanswered", "numbers", "score"),
    [
        (0, 0, 0, 0, 0, 0.0),
        (100, 100, 0, 0, 1, 0.0),
        (100, 100, 60, 0, 1, 0.55),
        (100, 100, 45, 0, 1, 0.275),
        (100, 20, 0, 80, 1, 0.25),
        (100, 20, 20, 80, 1, 0.8),
        (50, 50, 30, 0, 1, 0.275),
        (1000, 1000, 600, 0, 1, 0.55),
        (100, 1, 1, 0, 1, 0.0),  # one short call of one is one of ten
        (100, 100, 60, 0, 100, 0.75),
    ],
)
def test_the_formula(calls: int, answered: int, short: int, unanswered: int, numbers: int, score: float) -> None:
    formula = Formula(MODEL)
    counts = seen(formula, calls, answered, short, unanswered, numbers)
    assert formula.score(counts) == pytest.approx(score, abs=0.01 if numbers > 1 else 1e-9)


def test_a_clean_dialler_stays_clean_whatever_its_volume() -> None:
    formula = Formula(MODEL)
    # Forty in a hundred answer, a tenth of them for some seconds only, and every number is another one.
    counts = seen(formula, 5000, 2000, 200, 3000, 5000)
    assert formula.score(counts) < MODEL.labelled_at


def test_signs_from_elsewhere_lean_on_the_score() -> None:
    formula = Formula(MODEL)
    counts = seen(formula, 100, 100, 60, 0, 1)
    assert formula.score(replace(counts, trusted=100)) == pytest.approx(0.275)
    assert formula.score(replace(counts, doubted=100)) == pytest.approx(0.825)
    assert formula.score(replace(counts, doubted=50, trusted=50)) == pytest.approx(0.55)
    assert formula.score(replace(counts, doubted=10**9)) == pytest.approx(0.825)


@pytest.mark.parametrize("numbers", [1, 10, 50, 100, 200, 500])
@pytest.mark.parametrize("step", [1, 7, 10, 1000])
def test_different_numbers_are_counted_well_though_they_stand_in_a_row(numbers: int, step: int) -> None:
    formula = Formula(MODEL)
    found = 0
    for number in range(numbers):
        found |= formula.bit_of(f"+49151{number * step:08}")
    assert formula.different(Seen(calls=10**6, bits=found)) == pytest.approx(numbers, rel=0.12, abs=0.5)


def test_where_no_bit_is_free_every_call_is_one_to_another_number() -> None:
    formula = Formula(MODEL)
    assert formula.different(Seen(calls=9000, bits=(1 << formula.size) - 1)) == 9000


@pytest.mark.parametrize(("calls", "size"), [(1, 64), (16, 64), (17, 128), (100, 512), (10**6, 1024)])
def test_the_bits_suit_the_volume(calls: int, size: int) -> None:
    assert Formula(AnalyticsModel(calls=calls)).size == size


def test_a_number_that_is_not_unicode_sets_a_bit_too() -> None:
    assert Formula(MODEL).bit_of("+49\udce9").bit_count() == 1


weights = st.tuples(st.integers(0, 100), st.integers(0, 100)).map(
    lambda cuts: WeightsModel(
        short=min(cuts) / 100, unanswered=(max(cuts) - min(cuts)) / 100, spread=1 - max(cuts) / 100
    )
)
share = st.integers(1, 100).map(lambda percent: percent / 100)
models = st.builds(
    AnalyticsModel,
    calls=st.integers(1, 300),
    short_share=share,
    unanswered_share=share,
    spread=share,
    weights=weights,
    labelled_at=st.just(0.01),
)


@st.composite
def windows(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """Good calls (long), short ones, unanswered ones, and different numbers."""
    good, short, unanswered = draw(st.integers(0, 200)), draw(st.integers(0, 200)), draw(st.integers(0, 200))
    return good, short, unanswered, draw(st.integers(0, good + short + unanswered))


@given(models, windows(), st.sampled_from(["short", "unanswered", "number", "doubted"]))
def test_the_score_grows_with_what_is_bad(model: AnalyticsModel, window: tuple[int, int, int, int], worse: str) -> None:
    formula = Formula(model)

    def score(good: int, short: int, unanswered: int, numbers: int, doubted: int = 0) -> float:
        calls = good + short + unanswered
        counts = seen(formula, calls, good + short, short, unanswered, numbers)
        found = formula.score(replace(counts, doubted=doubted))
        assert 0 <= found <= 1
        assert found <= formula.at_most(counts if not doubted else replace(counts, doubted=doubted), None) + 1e-8
        return found

    good, short, unanswered, numbers = window
    before = score(*window)
    if worse == "short" and good:
        after = score(good - 1, short + 1, unanswered, numbers)
    elif worse == "unanswered" and good:
        after = score(good - 1, short, unanswered + 1, numbers)
    elif worse == "number" and numbers < good + short + unanswered:
        after = score(good, short, unanswered, numbers + 1)
    else:
        after = score(*window, doubted=good)
    assert after >= before


def dial(reputation: Reputation, caller: str, now: float, *, talk: float | None, number: str) -> Standing:
    """A call that is answered and lasts, or is not answered at all."""
    history = reputation.tried(caller, number, now)
    if talk is None:
        reputation.unanswered(history, now)
    else:
        reputation.answered(history, now)
        if talk < 6:
            reputation.short(history, now + talk)
    return history.standing


def look(reputation: Reputation, caller: str, now: float) -> Opinion:
    found = reputation.look(caller, now)
    assert found is not None
    assert reputation.look(caller, now) == found
    return found


def spoil(reputation: Reputation, caller: str, now: float, calls: int = 150) -> float:
    for n in range(calls):
        now += 10
        dial(reputation, caller, now, talk=2, number=f"+4915{n:08}")
    return now


def test_the_way_down_and_back() -> None:
    reputation = Reputation(MODEL)
    standings = [dial(reputation, BAD, n * 10.0, talk=2, number=f"+4915{n:08}") for n in range(150)]
    assert [list(dict.fromkeys(standings))] == [[Standing.CLEAN, Standing.LABELLED, Standing.BLOCKED]]
    assert standings.index(Standing.LABELLED) in range(50, 62)
    assert standings.index(Standing.BLOCKED) in range(90, 102)
    now = 1500.0
    after = {hours: look(reputation, BAD, now + hours * HOUR).standing for hours in (1, 3, 5, 6, 7, 10)}
    blocked, labelled, clean = Standing.BLOCKED, Standing.LABELLED, Standing.CLEAN
    assert after == {1: blocked, 3: blocked, 5: labelled, 6: clean, 7: clean, 10: clean}
    dial(reputation, BAD, now + 10 * HOUR, talk=60, number="+49")
    found = look(reputation, BAD, now + 10 * HOUR)
    assert (found.score < 0.01, found.standing, found.history.total.calls) == (True, clean, 1)


def test_a_lesser_offence_does_not_wipe_out_a_worse_one() -> None:
    reputation = Reputation(AnalyticsModel(window=Span(1600, 1600), recovery=Span(4 * HOUR, 4 * HOUR)))
    now = spoil(reputation, BAD, 0)
    worst = look(reputation, BAD, now).score
    now += HOUR
    for n in range(65):
        dial(reputation, BAD, now, talk=2, number=f"+4917{n:08}")
    found = look(reputation, BAD, now)
    assert 0.4 < reputation.formula.score(found.history.total) < 0.5
    assert found.score == pytest.approx(worst * 0.5**0.25, abs=0.01)


def test_the_reason_is_told() -> None:
    reputation = Reputation(MODEL)
    now = spoil(reputation, BAD, 0)
    why = reputation.why(reputation.history(BAD, now), now)
    assert why.startswith("reputation of +4930111: 0.7"), why
    assert why.endswith(", blocked from 0.70 (150 calls in 4h, 100% short)"), why
    now += 5 * HOUR
    why = reputation.why(reputation.tried(BAD, "+49", now), now)
    assert why.startswith("reputation of +4930111: 0.4"), why
    assert why.endswith(" 5h ago)"), why
    assert "labelled from 0.40 (0.7" in why


def test_the_worst_sign_is_the_one_that_is_told() -> None:
    formula = Formula(MODEL)
    assert formula.worst(seen(formula, 100, 100, 60, 0, 1)) == "60% short"
    assert formula.worst(seen(formula, 100, 5, 0, 95, 1)) == "95% unanswered"
    assert formula.worst(seen(formula, 100, 100, 0, 0, 100)).endswith("% to different numbers")


def test_calls_fall_out_of_the_window_by_sixteenths() -> None:
    reputation = Reputation(AnalyticsModel(window=Span(160, 160)))
    for now in (5.0, 15.0, 16.0):
        reputation.unanswered(reputation.tried(BAD, f"+49{now}", now), now)
    counted = {}
    for now in (159.0, 160.0, 169.9, 170.0, 9999.0):
        history = look(reputation, BAD, now).history
        counted[now] = (history.total.calls, history.total.unanswered, history.total.bits.bit_count())
    assert counted == {159.0: (3, 3, 3), 160.0: (2, 2, 2), 169.9: (2, 2, 2), 170.0: (0, 0, 0), 9999.0: (0, 0, 0)}


def test_who_goes_on_as_before_does_not_recover() -> None:
    reputation = Reputation(MODEL)
    now = spoil(reputation, BAD, 0)
    for n in range(1500):
        now += 60
        if n % 3:  # blocked: tried, and no more is heard of it
            reputation.tried(BAD, f"+4917{n:08}", now)
        else:
            dial(reputation, BAD, now, talk=2, number=f"+4917{n:08}")
        assert look(reputation, BAD, now).standing is Standing.BLOCKED


def test_calls_that_are_blocked_speak_neither_for_nor_against() -> None:
    reputation = Reputation(MODEL)
    now = spoil(reputation, BAD, 0)
    for n in range(1500):
        now += 60
        reputation.tried(BAD, f"+4917{n:08}", now)
    found = look(reputation, BAD, now)
    assert found.standing is Standing.CLEAN
    assert found.history.total.calls in range(225, 241)


def test_the_registered_and_the_nameless_are_not_judged() -> None:
    reputation = Reputation(AnalyticsModel(exempt=NumberPattern.parse("+4930555*")))
    for caller in ("+4930555012", "", "anonymous"):
        spoil(reputation, caller, 0, 300)
        found = look(reputation, caller, 3000)
        assert (found.history.exempt, found.standing, found.history.total.calls) == (True, Standing.CLEAN, 0)
        reputation.note(caller, Sign.DOUBTED, 3000)
        assert found.history.total.doubted == 0
    assert reputation.look("+4930", 0) is None


def test_notes_count_as_long_as_the_window() -> None:
    reputation = Reputation(MODEL)
    for n in range(100):
        reputation.note(BAD, Sign.TRUSTED, n)
        reputation.note("+49", Sign.DOUBTED, n)
        dial(reputation, BAD, n, talk=1, number=f"+49{n}")
        dial(reputation, "+49", n, talk=1, number=f"+49{n}")
    trusted, doubted = look(reputation, BAD, 100), look(reputation, "+49", 100)
    assert (trusted.history.total.trusted, trusted.standing) == (100, Standing.CLEAN)
    assert (doubted.history.total.doubted, doubted.standing) == (100, Standing.BLOCKED)
    assert look(reputation, BAD, 5 * HOUR).history.total.trusted == 0


def test_the_caller_idle_longest_is_forgotten_first() -> None:
    reputation = Reputation(MODEL, callers=3)
    for caller in ("1", "2", "3", "1", "4"):
        reputation.tried(caller, "+49", 1.0)
    assert len(reputation) == 3
    assert [reputation.look(caller, 1.0) is not None for caller in "1234"] == [True, False, True, True]


def test_a_long_caller_id_is_cut() -> None:
    reputation = Reputation(MODEL)
    first, second = (reputation.tried("1" * 64 + tail, "+49", 1.0) for tail in ("", "x" * 60_000))
    assert first is second
    assert look(reputation, "1" * 70, 1.0).history is first
    assert len(first.caller) == 64


events = st.lists(
    st.tuples(
        st.sampled_from(["+491", "+492", "+493", "+494"]),
        st.integers(0, 3000),
        st.sampled_from([None, 1.0, 60.0]),
        st.integers(0, 5),
    ),
    max_size=120,
)


@given(events)
def test_no_state_beyond_the_cap_and_the_sums_are_those_of_the_slices(
    calls: list[tuple[str, int, float | None, int]],
) -> None:
    reputation = Reputation(AnalyticsModel(window=Span(1600, 1600), calls=5), callers=3)
    now = 0.0
    for caller, pause, talk, number in calls:
        now += pause
        dial(reputation, caller, now, talk=talk, number=str(number))
        assert len(reputation) <= 3
        score, standing, history = look(reputation, caller, now)
        slices = history.slices
        assert 1 <= len(slices) <= SLICES
        for key in ("calls", "answered", "short", "unanswered"):
            assert getattr(history.total, key) == sum(getattr(part, key) for part in slices)
        assert (history.standing is Standing.CLEAN) == (history.worst == 0)
        assert 0 <= score <= 1
        assert standing is Standing.CLEAN or score >= 0.4


@given(events, st.integers(0, 2))
def test_recovery_brings_every_caller_back(calls: list[tuple[str, int, float | None, int]], extra: int) -> None:
    model = AnalyticsModel(window=Span(1600, 1600), calls=5, recovery=Span(600, 600))
    reputation = Reputation(model)
    now = 0.0
    for caller, pause, talk, number in calls:
        now += pause
        dial(reputation, caller, now, talk=talk, number=str(number))
    for caller in {caller for caller, *_ in calls}:
        found = look(reputation, caller, now + 1600 + 600 * (1.4 + extra))
        assert (found.score, found.standing, found.history.total.calls) == (0, Standing.CLEAN, 0)


def test_lengths_in_words() -> None:
    assert [brief(seconds) for seconds in (0.5, 12, 60, 90, 120, 3600, 5400, 14400, 86400)] == [
        "0.5s", "12s", "1m", "90s", "2m", "1h", "90m", "4h", "24h",
    ]  # fmt: skip


def test_a_share_is_of_ten_calls_at_least() -> None:
    formula = Formula(MODEL)
    assert formula.short(Seen(answered=3, short=3)) == pytest.approx(3 / FEW)
    assert formula.unanswered(Seen(unanswered=5)) == pytest.approx(5 / FEW)
    assert Formula(AnalyticsModel(calls=3)).short(Seen(answered=3, short=3)) == 1
