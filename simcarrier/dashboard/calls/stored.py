"""Stored calls, a page at a time, the newest first, out of a table that may have any number of rows.

The rows stand in the order of (began, uid). A page begins behind a place in that order (`Place`), so a page far back
costs as much as the first, and rows that come meanwhile shift nothing.

Where a filter is common, the index of times gives a page at once. Where it is rare, time is searched in slices of so
many rows, which grow as long as they are quick, and the search gives up after `PATIENCE`: then it says how far it has
come, and whoever wants to can go on from there. A number that has few calls is looked up in the index of callers
instead. Nothing is ever counted to its end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self

from simcarrier.records.row import NAMES, Row
from simcarrier.stores.sqlite import SqliteStore
from simcarrier.stores.store import Store

from .filter_fields import Clause, How, Text, all_of, any_of
from .filters import Filter

MOST_ROWS: Final = 100
"""Rows of a page."""

PATIENCE: Final = 0.7
"""Seconds after which a search gives up."""

SLICE: Final = 4_000
"""Rows of the first slice."""

LARGEST_SLICE: Final = 250_000

QUICK: Final = 0.08
"""Seconds: after a slice that took less, the next has twice as many rows; after one that took twice as long, half."""

FEW: Final = 5_000
"""Calls of a number up to which they are looked up by it and put in order."""

_LAST: Final = "\U0010ffff"
_LIST: Final = ", ".join(NAMES)
_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the order of calls: at a row, or at a whole millisecond.

    Attributes:
        began: milliseconds since 1970.
        uid: of the row; None for all rows of that millisecond.
    """

    began: int
    uid: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Back from its text.

        Raises:
            ValueError: it is none.
        """
        began, dot, uid = text.partition(".")
        return cls(milliseconds(began), uid if dot else None)

    def __str__(self) -> str:
        return str(self.began) if self.uid is None else f"{self.began}.{self.uid}"


def milliseconds(text: str) -> int:
    """A time in a link.

    Raises:
        ValueError: it is none; the text completes ``"after" ...``.
    """
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 15):
        raise ValueError("must be a time in milliseconds since 1970")
    return int(text)


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked for.

    Attributes:
        filter: which calls.
        after, until: they began in (after, until], milliseconds; None: whenever.
        place: the page begins behind it; None: at the newest.
        newer: it goes from there to newer calls, not to older ones.
    """

    filter: Filter
    after: int | None = None
    until: int | None = None
    place: Place | None = None
    newer: bool = False


class Page(NamedTuple):
    """What was found.

    Attributes:
        rows: the newest first.
        more: there are more in the direction of the search.
        reached: the search gave up at this time, in milliseconds; None if it did not.
    """

    rows: list[Row]
    more: bool
    reached: int | None


def find(store: Store, search: Search, clock: Callable[[], float] = time.monotonic) -> Page:
    """A page of calls.

    Args:
        store: to be asked.
        search: what for.
        clock: seconds, to know when to give up.

    Raises:
        simcarrier.dashboard.calls.filters.FilterFault: the filter asks for what is not stored.
        simcarrier.stores.store.StoreDown, simcarrier.stores.store.StoreFault: there is no answer.
    """
    where = search.filter.where()
    found, reached = _by_caller(store, search, where), None
    if found is None:
        found, reached = _by_time(store, search, where, clock)
    more = len(found) > MOST_ROWS
    rows = found[:MOST_ROWS]
    return Page(rows[::-1] if search.newer else rows, more, reached)


def call_of(store: Store, uid: str) -> Row | None:
    """A call; None if it is not there.

    Raises:
        StoreDown, StoreFault: there is no answer.
    """
    found = store.query(f"SELECT {_LIST} FROM calls WHERE uid = ?", (uid,))
    return Row._make(found[0]) if found else None


def _range(search: Search, began: str) -> list[Clause]:
    """The range of time and the place, as clauses on ``began``, or on what stands for it."""
    after, until = search.filter.bounds(search.after, search.until)
    clauses = []
    if after is not None:
        clauses.append(Clause(f"{began} > ?", (after,)))
    if until is not None:
        clauses.append(Clause(f"{began} <= ?", (until,)))
    place, than = search.place, ">" if search.newer else "<"
    if place is not None and place.uid is None:
        clauses.append(Clause(f"{began} {than} ?", (place.began,)))
    elif place is not None and place.uid is not None:
        clauses.append(Clause(f"{began} {than}= ?", (place.began,)))
        clauses.append(Clause(f"({began} {than} ? OR uid {than} ?)", (place.began, place.uid)))
    return clauses


def _ask(store: Store, clauses: Sequence[Clause], order: str, most: int) -> list[Row]:
    text, values = all_of(clauses) if clauses else Clause("1 = 1", ())
    found = store.query(f"SELECT {_LIST} FROM calls WHERE {text} ORDER BY {order} LIMIT ?", (*values, most))
    return list(map(Row._make, found))


def _by_caller(store: Store, search: Search, where: Clause | None) -> list[Row] | None:
    """Found by the index of callers; None if that would not help."""
    callers = search.filter.callers
    # How another database sorts text, and so what lies between two texts, depends on its collation.
    if not callers or where is None or (any(text.how is How.STARTS for text in callers) and not _is_sqlite(store)):
        return None
    wanted = any_of(map(_indexed, callers))
    # The index has caller, code and time, so the times cost no look at the rows. With + 0 the index of times, which
    # would be the wrong one, cannot be taken.
    near = all_of([wanted, *_range(search, "began + 0")])
    found = store.query(f"SELECT began FROM calls WHERE {near.text} LIMIT ?", (*near.values, FEW + 1))
    if len(found) > FEW:
        return None
    times = sorted({int(began) for (began,) in found}, reverse=not search.newer)
    way = "ASC" if search.newer else "DESC"
    rows: list[Row] = []
    first, size = 0, MOST_ROWS
    while first < len(times) and len(rows) <= MOST_ROWS:
        some = times[first : first + size]
        slice_ = Clause("began + 0 BETWEEN ? AND ?", (min(some), max(some)))
        rows += _ask(store, [near, slice_, where], f"began + 0 {way}, uid {way}", MOST_ROWS + 1 - len(rows))
        first, size = first + size, 2 * size
    return rows


def _indexed(text: Text) -> Clause:
    if text.how is How.IS:
        return Clause("caller = ?", (text.text,))
    return Clause("(caller >= ? AND caller < ?)", (text.text, text.text + _LAST))


def _is_sqlite(store: Store) -> bool:
    return isinstance(store, SqliteStore)


def _by_time(
    store: Store, search: Search, where: Clause | None, clock: Callable[[], float]
) -> tuple[list[Row], int | None]:
    """Found by the index of times, slice by slice; and where the search has given up, if it has."""
    way, behind, before = ("ASC", ">", "<=") if search.newer else ("DESC", "<", ">=")
    order = f"began {way}, uid {way}"
    most = MOST_ROWS + 1
    rest = _range(search, "began")
    if where is None:
        return _ask(store, rest, order, most), None
    until = clock() + PATIENCE
    size = SLICE
    rows: list[Row] = []
    while True:
        began = clock()
        end = _end_of_slice(store, rest, way, size)
        slice_ = rest if end is None else [*rest, Clause(f"began {before} ?", (end,))]
        rows += _ask(store, [where, *slice_], order, most - len(rows))
        now = clock()
        if end is None or len(rows) >= most:
            return rows, None
        if now >= until:
            return rows, end
        took = now - began
        if took < QUICK:
            size = min(2 * size, LARGEST_SLICE)
        elif took > 2 * QUICK:
            size = max(size // 2, SLICE)
        # What is behind the slice, within the range; the place is passed.
        rest = [
            *_range(Search(search.filter, search.after, search.until), "began"),
            Clause(f"began {behind} ?", (end,)),
        ]


def _end_of_slice(store: Store, rest: Sequence[Clause], way: str, size: int) -> int | None:
    """The time of the last row of a slice; None if there are no more rows than it may have."""
    text, values = all_of(rest) if rest else Clause("1 = 1", ())
    sql = f"SELECT began FROM calls WHERE {text} ORDER BY began {way} LIMIT 1 OFFSET ?"
    found: Sequence[Sequence[Any]] = store.query(sql, (*values, size))
    return int(found[0][0]) if found else None
