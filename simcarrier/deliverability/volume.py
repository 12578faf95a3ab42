"""How much a number calls, against its own past.

A number's usual pace is that of the hours in which it called at all, over some days: a number that rests at night has
no more to explain in the morning than one that does not. A spike is an hour with several times that many calls, and
more than chance gives. For chance: were the pace the same now as before, each of the calls would have fallen into this
hour rather than into one of the n hours before with probability 1/(n + 1); how unlikely so many are is then a binomial
tail, exactly (the conditional test of two Poisson rates; Przyborowski and Wilenski, 1940).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from . import statements
from .queries import DAY, HOUR, Counts, Queries
from .statistics import binomial_tail
from .windows import as_of

PAST = 5 * DAY
"""How far a number's past goes back."""

FEWEST_HOURS = 6
"""Hours of calling before a number has a usual pace."""

UNLIKELY = 0.001
"""A spike is what chance brings less often than this."""


@dataclass(frozen=True, slots=True)
class Volume:
    """What a number calls now, and what it used to.

    Attributes:
        attempts: calls in the last 60 minutes.
        hours: whole clock hours before those in which it called.
        before: calls in them.
    """

    attempts: int
    hours: int
    before: int

    @property
    def chance(self) -> float:
        """How often chance alone brings as many as now, or more; 1 without a past."""
        if not self.hours:
            return 1.0
        return binomial_tail(self.attempts, self.attempts + self.before, 1 / (self.hours + 1))

    @property
    def usual(self) -> float | None:
        """Calls in a usual hour; None if too little is known of its past."""
        return self.before / self.hours if self.hours >= FEWEST_HOURS else None

    @property
    def times(self) -> float | None:
        """How many times the usual it is."""
        usual = self.usual
        return self.attempts / usual if usual else None

    def is_spike(self, factor: float) -> bool:
        """Whether it is at least ``factor`` times the usual, and no chance."""
        times = self.times
        return times is not None and times >= factor and self.chance < UNLIKELY


def volumes(queries: Queries, now: int, latest: Mapping[str, Counts] | None = None) -> Mapping[str, Volume]:
    """The volume of every caller that called in the 60 minutes up to ``now``, in ms since 1970.

    Args:
        queries: the records, with their tallies.
        now: milliseconds since 1970.
        latest: the counts of those 60 minutes, if known already.
    """
    if latest is None:
        latest = as_of(queries, now, HOUR)
    end = (now - HOUR) - (now - HOUR) % HOUR  # whole hours that were over when the last 60 minutes began
    rows = queries.query(statements.HOURS_OF_CALLERS, (end - PAST, end))
    past = {str(caller): (int(hours), int(attempts)) for caller, hours, attempts, _ in rows}
    return {caller: Volume(counts.attempts, *past.get(caller, (0, 0))) for caller, counts in sorted(latest.items())}
