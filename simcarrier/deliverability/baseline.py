"""Whether the last 24 hours differ from the five days before them, in each market.

What is compared is the distribution of answers: how many calls got which final response, stalled, or met silence. Days
differ among themselves, and calls of one day are not independent: they go through the same route, on the same list. The
usual chi-squared test takes each call for itself, and with ten thousand calls it cries on every day. So the test asks
more: does today differ from the five days by more than these differ from each other? With Pearson's statistic X2 of a
table of counts, d its degrees of freedom,

    spread = max(1, X2 of the five days / d of the five days)
    F      = (X2 of today against all five / d of today) / spread

and F is held against the F distribution with (d of today, d of the five days) degrees of freedom: the quasi-likelihood
test for counts that scatter more than chance would have them (McCullagh and Nelder, Generalized Linear Models, section
4.5). Answers so rare that less than five calls are expected are put together, as the statistic needs (Cochran, 1954).

A difference must be large as well as certain: by so many calls of a hundred at least the answers have changed places
(the total variation distance). With less than five days, or a handful of calls, nothing is concluded, and that is said.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from . import statements
from .queries import DAY, Counts, Queries
from .rules import FIELDS
from .statistics import f_tail
from .windows import as_of

DAYS = 5
"""Days of a baseline: what looks like spam dropping on day one may be routes settling."""

FEWEST_TODAY, FEWEST_A_DAY = 50, 50
"""Calls of a market below which nothing is concluded from a day."""

EXPECTED = 5.0
"""Calls that must be expected of an answer for it to be looked at by itself."""


class Verdict(StrEnum):
    """What the comparison came to."""

    TOO_FEW = "too few calls"
    SETTLING = "no baseline yet"
    SAME = "as usual"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class Shift:
    """How much the share of one answer has changed.

    Attributes:
        answer: a code, ``stalled``, ``silent``, or another outcome of a call without a code.
        before, today: its share, 0 to 1.
    """

    answer: str
    before: float
    today: float

    @property
    def points(self) -> float:
        """The difference in percentage points."""
        return 100 * (self.today - self.before)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One market: today against its five days.

    Attributes:
        market: its name; None for calls whose market is not known.
        verdict: what it came to.
        calls: of the last 24 hours.
        before: of each day of the baseline, the latest first.
        chance: how often a day as usual differs as much or more; None if nothing was computed.
        distance: the share of calls whose answer changed places, 0 to 1; None likewise.
        spread: how many times more than chance the five days scatter; 1 if they do not.
        shifts: the answers, the largest change first.
    """

    market: str | None
    verdict: Verdict
    calls: int
    before: tuple[int, ...]
    chance: float | None = None
    distance: float | None = None
    spread: float = 1.0
    shifts: tuple[Shift, ...] = field(default=())

    def __str__(self) -> str:
        """One line: the verdict with its sample size."""
        name = self.market or "market unknown"
        total = sum(self.before)
        sample = f"{self.calls} calls in 24 h, {total} in the {DAYS} days before"
        if self.verdict is Verdict.TOO_FEW:
            return f"{name}: too few calls to tell ({sample}; {FEWEST_TODAY} a day are needed)"
        if self.verdict is Verdict.SETTLING:
            known = sum(count >= FEWEST_A_DAY for count in self.before)
            return f"{name}: no baseline yet ({known} of {DAYS} days with {FEWEST_A_DAY} calls or more; {sample})"
        changed = ", ".join(
            f"{shift.answer} {100 * shift.before:.1f} % -> {100 * shift.today:.1f} %" for shift in self.shifts[:3]
        )
        chance = "less than 0.001" if (self.chance or 0) < 0.001 else f"{self.chance:.3f}"
        return f"{name}: {self.verdict} (p {chance}; {changed}; {sample})"


def answer_of(code: int | None, outcome: str | None) -> str:
    """What an answer is called: its code, or the outcome of a call without one."""
    return str(code) if code is not None else outcome or "unknown"


def compare_all(
    queries: Queries, now: int, *, least_chance: float = 0.01, least_distance: float = 0.05
) -> list[Comparison]:
    """Each market's last 24 hours against the five days before them.

    Args:
        queries: the records.
        now: milliseconds since 1970.
        least_chance: what a usual day does less often than this is a difference.
        least_distance: less of the calls than this is none, however certain.
    """
    tables: defaultdict[str | None, list[Counter[str]]] = defaultdict(lambda: [Counter() for _ in range(DAYS + 1)])
    rows = queries.query(statements.CODES_BY_MARKET_AND_DAY, (now, now, now - (DAYS + 1) * DAY, now))
    for market, age, code, outcome, calls in rows:
        tables[market][int(age) // DAY][answer_of(None if code is None else int(code), outcome)] += int(calls)
    return [
        compare(market, days[0], days[1:], least_chance=least_chance, least_distance=least_distance)
        for market, days in sorted(tables.items(), key=lambda item: (item[0] is None, item[0] or ""))
    ]


def compare_sums(queries: Queries, now: int) -> list[Comparison]:
    """The same by what the sums tell apart, whatever the number of calls: all other answers count as one.

    Args:
        queries: the records, with their tallies.
        now: milliseconds since 1970.
    """
    days = [as_of(queries, now - age * DAY, DAY, "market") for age in range(DAYS + 1)]
    markets = sorted({market for day in days for market in day}, key=lambda market: (not market, market))
    return [
        compare(market or None, today, before)
        for market in markets
        for today, *before in [[_answers(day.get(market, Counts())) for day in days]]
    ]


def _answers(counts: Counts) -> dict[str, int]:
    told = {name: getattr(counts, field) for name, field in FIELDS.items()} | {"answered": counts.answered}
    told["other"] = max(0, counts.attempts - sum(told.values()))
    return {name: count for name, count in told.items() if count}


def compare(
    market: str | None,
    today: Mapping[str, int],
    before: Sequence[Mapping[str, int]],
    *,
    least_chance: float = 0.01,
    least_distance: float = 0.05,
) -> Comparison:
    """One market's answers today against those of the days before, the latest first."""
    calls, sizes = sum(today.values()), tuple(sum(day.values()) for day in before)
    if calls < FEWEST_TODAY:
        return Comparison(market, Verdict.TOO_FEW, calls, sizes)
    if len(sizes) < DAYS or min(sizes) < FEWEST_A_DAY:
        return Comparison(market, Verdict.SETTLING, calls, sizes)
    usual: Counter[str] = Counter()
    for day in before:
        usual.update(day)
    total = sum(sizes)
    shifts = [Shift(answer, usual[answer] / total, today.get(answer, 0) / calls) for answer in sorted({*usual, *today})]
    distance = sum(abs(shift.today - shift.before) for shift in shifts) / 2
    shifts.sort(key=lambda shift: (-round(abs(shift.points), 6), shift.answer))
    spread, freedom = _scatter(before)
    differs, of_today = pearson((today, usual))
    if not of_today:
        chance = 1.0
    else:
        chance = f_tail(differs / of_today / spread, of_today, max(freedom, 1))
    different = chance < least_chance and distance >= least_distance
    verdict = Verdict.DIFFERS if different else Verdict.SAME
    return Comparison(market, verdict, calls, sizes, chance, distance, spread, tuple(shifts))


def _scatter(days: Sequence[Mapping[str, int]]) -> tuple[float, int]:
    """How many times more than chance days differ from each other, at least 1, and with how many degrees of freedom."""
    found, freedom = pearson(days)
    return (max(1.0, found / freedom), freedom) if freedom else (1.0, len(days) - 1)


def pearson(samples: Sequence[Mapping[str, int]]) -> tuple[float, int]:
    """Pearson's statistic for samples being alike, and its degrees of freedom; rare answers count together.

    Answers are put together, the rarest first, until each is expected `EXPECTED` times in every sample. What cannot be
    told apart in the end has no degree of freedom.
    """
    totals: Counter[str] = Counter()
    for sample in samples:
        totals.update(sample)
    sizes = [sum(sample.values()) for sample in samples]
    everything, smallest = sum(sizes), min(sizes)
    if not smallest:
        return 0.0, 0
    rest: list[str] = []
    kept = sorted(totals, key=lambda answer: (totals[answer], answer))
    while kept and (
        totals[kept[0]] * smallest < EXPECTED * everything
        or (rest and sum(totals[each] for each in rest) * smallest < EXPECTED * everything)
    ):
        rest.append(kept.pop(0))
    groups = [*([answer] for answer in kept), *([rest] if rest else [])]
    found = 0.0
    for group in groups:
        share = sum(totals[answer] for answer in group) / everything
        for sample, size in zip(samples, sizes, strict=True):
            expected = share * size
            found += (sum(sample.get(answer, 0) for answer in group) - expected) ** 2 / expected
    freedom = (len(groups) - 1) * (len(samples) - 1)
    return (found, freedom) if freedom > 0 else (0.0, 0)
