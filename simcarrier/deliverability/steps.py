"""What was counted hour by hour, or by five minutes: exact at both ends of a range, cheap however many calls it has.

Whole hours come from the hourly sums, what sticks out at the two ends from sums of five minutes, and what sticks out of
those from the calls themselves: ten minutes' worth of them at most.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from . import statements
from .queries import HOUR, Counts, Queries

SHORT: Final = statements.SHORT_STEP

_MOST_BUCKETS: Final = 1000
"""Asked for at once: databases bound the parameters of a statement."""


def counts_by_step(
    queries: Queries, field: str, values: Sequence[str], after: int, until: int, step: int = HOUR
) -> Mapping[tuple[str, int], Counts]:
    """The counts of some values in each step, of calls that began in (after, until].

    Args:
        queries: the records, with their tallies.
        field: one of `statements.TALLIED`.
        values: some of its values, ``""`` for what is not known; not more than a few hundred.
        after, until: ms since 1970.
        step: an hour, or five minutes.

    Returns:
        By value and the begin of the step in UTC; only steps with calls.
    """
    found: defaultdict[tuple[str, int], Counts] = defaultdict(Counts)
    for value, bucket, counts in _gathered(queries, field, values, after + 1, until + 1, step) if values else ():
        key = value, bucket - bucket % step
        found[key] = found[key] + counts if key in found else counts
    return found


def _gathered(
    queries: Queries, field: str, values: Sequence[str], low: int, high: int, step: int
) -> Iterator[tuple[str, int, Counts]]:
    """Sums that make up [low, high), with the begin of each."""
    if low >= high:
        return
    first, last = low + -low % step, high - high % step
    edges = [(low, high)] if first > last else [(low, first), (last, high)]
    for at in range(first, last, step * _MOST_BUCKETS):
        buckets = range(at, min(last, at + step * _MOST_BUCKETS), step)
        text = statements.sums(field, step, len(values), len(buckets))
        for value, bucket, *counts in queries.query(text, (*buckets, *values)):
            yield str(value), int(bucket), Counts.of(counts)
    for start, end in edges:
        if step > SHORT:
            yield from _gathered(queries, field, values, start, end, SHORT)
        elif start < end:
            text = statements.counts_of(field, len(values))
            for value, *counts in queries.query(text, (start, end, *values)):
                yield str(value), start, Counts.of(counts)
