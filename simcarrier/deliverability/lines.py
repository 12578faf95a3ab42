"""The share of calls that ended in one way, over a rolling window, along a range of time: lines, one for each caller.

A line is looked at some hundred times along the range. Its windows are put together from the sums of five minutes, or
of hours where the range is long; so they end at whole five minutes or hours, but for the last one, which ends with the
range.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Final

from . import statements
from .queries import HOUR, MINUTE, WINDOW, Queries
from .steps import SHORT, counts_by_step

MOMENTS: Final = 100
"""How often a line is looked at, at most."""

MOST_LINES: Final = 8
"""More cannot be told apart."""

STEPS: Final = tuple(MINUTE * each for each in (5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440))
"""From one look to the next."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Rolling shares.

    Attributes:
        window: their length in ms: a point stands for the calls that began in [moment - window, moment).
        step: from one moment to the next, in ms.
        grain: the step of the sums that they are made of, in ms.
        at_least: a point of fewer calls is left out.
        moments: when was looked, ms since 1970, oldest first.
        points: of each caller, those with the highest share first: attempts and hits at each moment.
        callers: how many callers have any point, those left out included.
    """

    window: int
    step: int
    grain: int
    at_least: int
    moments: tuple[int, ...]
    points: Mapping[str, Sequence[tuple[int, int]]]
    callers: int


def rolling_lines(
    queries: Queries, after: int, until: int, *, about: str = "code_603", window: int = WINDOW, at_least: int = 40
) -> Lines:
    """The callers whose share was highest in a range, and their shares along it.

    Args:
        queries: the records, with their tallies.
        after, until: ms since 1970.
        about: what is counted, one of `queries.COUNTED`.
        window: its length in ms, whole hours.
        at_least: windows of fewer calls say nothing.
    """
    step = next((each for each in STEPS if (until - after) <= MOMENTS * each), STEPS[-1])
    grain = HOUR if step % HOUR == 0 else SHORT
    moments = tuple(range(after + 1 + -(after + 1) % step, until + 1, step))
    chosen, callers = _highest(queries, after, until, about, window, at_least)
    if not chosen:
        return Lines(window, step, grain, at_least, (*moments, until + 1), {}, callers)
    points = _along(queries, chosen, moments, about, window, grain) if moments else {caller: [] for caller in chosen}
    for caller, end in _at_end(queries, chosen, until, about, window).items():
        points[caller].append(end)
    return Lines(window, step, grain, at_least, (*moments, until + 1), points, callers)


def _along(
    queries: Queries, chosen: Sequence[str], moments: Sequence[int], about: str, window: int, grain: int
) -> dict[str, list[tuple[int, int]]]:
    begin = moments[0] - window
    places = (moments[-1] - begin) // grain
    counts = counts_by_step(queries, "caller", chosen, begin - 1, moments[-1] - 1, grain)
    points: dict[str, list[tuple[int, int]]] = {}
    behind = window // grain
    for caller in chosen:
        each = [counts.get((caller, begin + place * grain)) for place in range(places)]
        attempts = [0, *accumulate(0 if found is None else found.attempts for found in each)]
        hits = [0, *accumulate(0 if found is None else getattr(found, about) for found in each)]
        ends = [(moment - begin) // grain for moment in moments]
        points[caller] = [(attempts[end] - attempts[end - behind], hits[end] - hits[end - behind]) for end in ends]
    return points


def _at_end(queries: Queries, chosen: Sequence[str], until: int, about: str, window: int) -> dict[str, tuple[int, int]]:
    """The window that ends with the range, to the millisecond."""
    found = dict.fromkeys(chosen, (0, 0))
    for (caller, _), counts in counts_by_step(queries, "caller", chosen, until - window, until).items():
        attempts, hits = found[caller]
        found[caller] = attempts + counts.attempts, hits + getattr(counts, about)
    return found


def _highest(queries: Queries, after: int, until: int, about: str, window: int, at_least: int) -> tuple[list[str], int]:
    """The callers with the highest share over a window of whole hours that ends in the range; and how many have any."""
    first, last = (after + 1) - (after + 1) % HOUR, until - until % HOUR + HOUR
    best: dict[str, Fraction] = {}
    text = statements.highest(about, window)
    for value, attempts, hits in queries.query(text, (first - window, last, first, at_least)):
        share = Fraction(int(hits), int(attempts))
        if share > best.get(str(value), 0):
            best[str(value)] = share
    return sorted(best, key=lambda caller: (-best[caller], caller))[:MOST_LINES], len(best)
