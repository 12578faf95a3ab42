"""Answers by caller ID and hour: a map whose cells are shares.

Within a day each column is one hour, in the order of time, so that a cell is one stretch. Beyond, columns are the hours
of the day, and a cell is made of as many stretches as there are days. Hours are those of the reader's clocks, also on
days when these change.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Final

from simcarrier.deliverability import statements
from simcarrier.deliverability.queries import HOUR, Counts, Queries
from simcarrier.deliverability.rules import FIELDS
from simcarrier.deliverability.steps import SHORT, counts_by_step
from simcarrier.deliverability.tables import Cell, Table, Which
from simcarrier.deliverability.telling import moment_of, named, share
from simcarrier.deliverability.windows import as_of

from .asked import REFUSED, Range

MOST_CALLERS: Final = 50
"""Rows; further callers are counted."""

MOST_MARKETS: Final = 100
"""Asked for at once."""

A_DAY: Final = 25 * HOUR
"""Ranges up to this have a column for each hour; longer ones one for each hour of the day."""

FEW: Final = 10
"""A share of fewer calls has no colour."""

BOUNDS: Final = (0.0, 0.02, 0.05, 0.10, 0.15, 0.30)
"""A share beyond the first is in step 1, beyond the second in step 2, and so on."""

BOUNDS_OF_REFUSED: Final = (0.0, 0.15, 0.30, 0.45, 0.60, 0.75)


@dataclass(frozen=True, slots=True)
class Column:
    """An hour.

    Attributes:
        key: tells it from others.
        label: in two digits.
        at: when it began; None for an hour of the day.
    """

    key: int
    label: str
    at: int | None


@dataclass(frozen=True, slots=True)
class Square:
    """A cell of the map.

    Attributes:
        hits, attempts: calls with the answer, and all.
        step: of the colour, 0 to 6; None for too few calls.
        stretches: the calls behind it, those with the answer, by when they were: one for each day.
    """

    hits: int
    attempts: int
    step: int | None
    stretches: tuple[tuple[Which, int, int], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A caller; `squares` by `Column.key`."""

    caller: str
    hits: int
    attempts: int
    which: Which
    squares: Mapping[int, Square]


@dataclass(frozen=True, slots=True)
class Heat:
    """The map.

    Attributes:
        after, until: its range.
        about: which answer.
        of_the_day: columns are hours of the day.
        columns, rows: the callers with the most calls first.
        more: callers that are not shown.
        bounds: of the colours.
    """

    after: int
    until: int
    about: str
    of_the_day: bool
    columns: Sequence[Column]
    rows: Sequence[Row]
    more: int
    bounds: tuple[float, ...]

    def table(self, zone: str) -> Table:
        """As a table of counts: calls, and those with the answer, hour by hour."""
        heads = ["caller", "calls", self.about]
        for column in self.columns:
            label = f"{column.label}:00" if column.at is None else moment_of(column.at)
            heads += [f"{label} calls", f"{label} {self.about}"]
        rows = []
        for row in self.rows:
            cells = [
                Cell(named(row.caller), row.caller), Cell(str(row.attempts), row.attempts),
                Cell(str(row.hits), row.hits),
            ]  # fmt: skip
            for column in self.columns:
                square = row.squares.get(column.key)
                counts = (square.attempts, square.hits) if square else (0, 0)
                cells += [Cell(str(count), count) for count in counts]
            rows.append(cells)
        return Table("heat", f"{self.about} by caller and hour ({zone})", tuple(heads), rows)

    def behind(self, caller: str, hour: int) -> Table | None:
        """A cell day by day."""
        square = next((row.squares.get(hour) for row in self.rows if row.caller == caller), None)
        if square is None or not self.of_the_day:
            return None
        rows = [
            [
                Cell(moment_of(which.after + 1), at=which.after + 1),
                Cell(str(attempts), attempts, Which(which.after, which.until, which.where[:1])),
                Cell(str(hits), hits, which),
                Cell(share(hits, attempts)),
            ]
            for which, hits, attempts in square.stretches
        ]
        return Table("behind", "Day by day", ("from", "calls", self.about, "share"), rows)


def heat(queries: Queries, when: Range, zone: tzinfo, about: str, most: int = MOST_CALLERS) -> Heat:
    """The map of a range.

    Args:
        queries: the records, with their tallies.
        when: the range.
        zone: whose hours.
        about: one of `asked.ABOUT`.
        most: callers.
    """
    totals = as_of(queries, when.until, when.until - when.after)
    callers = sorted(totals, key=lambda caller: (-totals[caller].attempts, caller))[:most]
    hours = _Hours(when, zone)
    found: defaultdict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    counted = counts_by_step(queries, "caller", callers, when.after, when.until, hours.grain)
    for (caller, bucket), counts in counted.items():
        square = found[caller, hours.begin_of(bucket)]
        square[1] += counts.attempts
        square[0] += 0 if about == REFUSED else getattr(counts, FIELDS[about])
    if about == REFUSED and callers:
        text = statements.refused_of(len(callers), unknown="" in callers)
        for caller, quarter, refused in queries.query(text, (when.after, when.until, *callers)):
            found[str(caller), hours.begin_of(int(quarter))][0] += int(refused)
    of_the_day = when.until - when.after > A_DAY
    bounds = BOUNDS_OF_REFUSED if about == REFUSED else BOUNDS
    parts: defaultdict[str, defaultdict[int, list[tuple[Which, int, int]]]] = defaultdict(lambda: defaultdict(list))
    for (caller, begin), (hits, attempts) in sorted(found.items()):
        which = Which(
            max(when.after, begin - 1), min(when.until, hours.end_of(begin) - 1), (("caller", caller), ("about", about))
        )
        parts[caller][hours.hour_of(begin) if of_the_day else begin].append((which, hits, attempts))
    rows = []
    for caller in callers:
        squares = {key: _square(stretches, bounds) for key, stretches in parts[caller].items()}
        hits = sum(square.hits for square in squares.values())
        which = Which(when.after, when.until, (("caller", caller),))
        rows.append(Row(caller, hits, totals[caller].attempts, which, squares))
    columns = hours.of_the_day() if of_the_day else hours.in_order()
    return Heat(when.after, when.until, about, of_the_day, columns, rows, len(totals) - len(callers), bounds)


def _square(stretches: Sequence[tuple[Which, int, int]], bounds: Sequence[float]) -> Square:
    hits, attempts = sum(hits for _, hits, _ in stretches), sum(attempts for _, _, attempts in stretches)
    step = sum(hits > bound * attempts for bound in bounds) if attempts >= FEW else None
    return Square(hits, attempts, step, tuple(stretches))


def by_hour(queries: Queries, when: Range, zone: tzinfo) -> Mapping[int, Counts]:
    """The counts of all calls by the hour of the day, as clocks show it."""
    markets = sorted(as_of(queries, when.until, when.until - when.after, "market"))
    hours = _Hours(when, zone)
    found: defaultdict[int, Counts] = defaultdict(Counts)
    for at in range(0, len(markets), MOST_MARKETS):
        some = markets[at : at + MOST_MARKETS]
        counted = counts_by_step(queries, "market", some, when.after, when.until, hours.grain)
        for (_, bucket), counts in counted.items():
            hour = hours.hour_of(bucket)
            found[hour] = found[hour] + counts
    return dict(sorted(found.items()))


class _Hours:
    """The hours of a range, as clocks show them; those of one name on two sides of a change are two.

    Attributes:
        grain: how finely calls must be counted to be put into hours: there are zones half an hour off.
    """

    def __init__(self, when: Range, zone: tzinfo) -> None:
        self._zone = zone
        first, last = when.after + 1 - (when.after + 1) % HOUR, when.until
        whole = all(self._shown(at)[2] % 3600 == 0 for at in range(first, last + HOUR + 1, HOUR))
        self.grain = HOUR if whole else SHORT
        self._begins: dict[int, int] = {}
        self._buckets = range(when.after + 1 - (when.after + 1) % self.grain, last + 1, self.grain)
        before, begin = None, 0
        # Where the first hour began, and where the last one ends, is known from what is beside the range.
        for at in range(first - HOUR, last - last % HOUR + 2 * HOUR, self.grain):
            shown = self._shown(at)
            if shown != before:
                before, begin = shown, at
            self._begins[at] = begin
        order = sorted(set(self._begins.values()))
        self._ends = dict(pairwise(order))

    def _shown(self, at: int) -> tuple[object, int, float]:
        told = datetime.fromtimestamp(at // 1000, self._zone)
        return told.date(), told.hour, (told.utcoffset() or timedelta()).total_seconds()

    def begin_of(self, at: int) -> int:
        """When the hour began that clocks showed at a time of the range."""
        return self._begins[at - at % self.grain]

    def end_of(self, begin: int) -> int:
        """When an hour is over."""
        return self._ends[begin]

    def hour_of(self, at: int) -> int:
        """What clocks show."""
        return datetime.fromtimestamp(at // 1000, self._zone).hour

    def in_order(self) -> list[Column]:
        """A column for each hour."""
        begins = sorted({self._begins[at] for at in self._buckets})
        return [Column(begin, f"{self.hour_of(begin):02}", begin) for begin in begins]

    @staticmethod
    def of_the_day() -> list[Column]:
        """A column for each hour of the day."""
        return [Column(hour, f"{hour:02}", None) for hour in range(24)]
