"""Rolling windows: what was counted of a caller behind each of its calls, and as of now.

The window at t is (t - length, t]: a call exactly four hours ago is out of it, one in this millisecond is in. A call
belongs where it began, whenever its record came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from . import statements
from .queries import HOUR, WINDOW, Counts, Queries

SHORT = statements.SHORT_STEP


@dataclass(frozen=True, slots=True)
class Behind:
    """The window that ends with one call.

    Attributes:
        uid, caller, began: which call; ``caller`` is None if it showed none, and all such count as one caller.
        attempts: calls of its caller in the window, itself included.
        hits: those with the code that was asked for.
    """

    uid: str
    caller: str | None
    began: int
    attempts: int
    hits: int


def rolling(queries: Queries, after: int, until: int, *, code: int = 603, window: int = WINDOW) -> list[Behind]:
    """The window behind each call that began after ``after`` and not after ``until``, by time.

    Args:
        queries: the records.
        after, until: milliseconds since 1970.
        code: what is counted.
        window: its length in milliseconds.
    """
    rows = queries.query(statements.rolling(window), (code, after - window, until, after))
    found = (Behind(uid, caller, int(began), int(attempts), int(hits)) for uid, caller, began, attempts, hits in rows)
    return sorted(found, key=lambda each: (each.began, each.uid))


def as_of(queries: Queries, now: int, window: int = WINDOW, group: str = "caller") -> Mapping[str, Counts]:
    """The counts of every caller in the window (now - window, now]; calls that showed no caller are those of ``""``.

    Args:
        queries: the records, with their tallies.
        now: milliseconds since 1970.
        window: its length in milliseconds.
        group: what calls are told apart by in place of the caller, one of `statements.TALLIED`.
    """
    rows = queries.query(statements.as_of(group), cut(now, window))
    return {str(value): Counts.of(counts) for value, *counts in rows}


def cut(now: int, window: int) -> tuple[int, ...]:
    """How a window is put together: six pairs of from and before, the parameters of `statements.as_of`.

    Whole hours; short steps that stick out before and behind; calls to put in before the first short step that is
    inside; calls to take off behind the last one that is outside, and behind the window.
    """
    low = now - window + 1
    first_hour, last_hour = low - low % HOUR, now - now % HOUR + HOUR
    step = low - low % SHORT
    if low - step > SHORT // 2:  # fewer calls to look at from there on than up to there
        step += SHORT
    inside, before = ((low, step), (step, step)) if step > low else ((step, step), (step, low))
    end = now - now % SHORT + SHORT
    return (first_hour, last_hour, first_hour, step, end, last_hour, *inside, *before, now + 1, end)
