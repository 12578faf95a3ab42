"""The newest calls of a carrier that match a filter, and how many there are, at a cost that is bounded.

Somebody who looks at a list of calls wants the newest hundred, twice a second, whatever the load. So a view remembers
what it has found: with every look it asks its filter only about the records that have come since the last. Of the calls
that are up, which change, it looks at the newest again each time, and at some of the others in turn, so that a call
that is up for minutes is found within seconds even among tens of thousands.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from heapq import nlargest
from itertools import islice
from operator import attrgetter
from typing import Final, NamedTuple

from simcarrier.records.model import CallRecord
from simcarrier.web.seen import Seen

from .filter_fields import Test

MOST_ROWS: Final = 100
"""Rows of a list."""

NEWEST_UP: Final = 200
"""Calls that are up which each look asks about, the newest."""

OTHERS_UP: Final = 200
"""How many of the others each look asks about, in turn."""

AT_FIRST: Final = 4_000
"""How many the first look asks about: some ten milliseconds."""


class Found(NamedTuple):
    """What a look has found.

    Attributes:
        rows: the newest that match, the newest first.
        matching: how many match, of those that are kept or up.
        all: how many of these there are.
        at_least: not all that are up have been asked about yet, so there may be more.
        forgotten: calls that have ended and are not kept any more.
    """

    rows: list[CallRecord]
    matching: int
    all: int
    at_least: bool
    forgotten: int


_number: Final = attrgetter("number")


class LatestCalls:
    """What one filter finds among the calls of a carrier.

    Args:
        seen: the calls.
        test: the filter; None: all of them.
    """

    def __init__(self, seen: Seen, test: Test | None) -> None:
        self._seen = seen
        self._test = test
        self._ended = _Ended(seen, test)
        self._known: list[int] = []
        self._turn: Iterator[int] = iter(())
        self._some = AT_FIRST

    def look(self) -> Found:
        """Look once more."""
        seen = self._seen
        number_up = seen.number_up
        if self._test is None:
            asked = list(islice(seen.numbers_up(), MOST_ROWS))
            up = [record for number in asked if (record := seen.standing(number)) is not None]
            matching, at_least = number_up, False
        else:
            up, asked = self._look_up(self._test, number_up)
            matching, at_least = len(up), number_up > len(asked)
        ended, matching_ended = self._ended.look()
        rows = nlargest(MOST_ROWS, [*up, *ended], key=_number)
        return Found(rows, matching + matching_ended, number_up + len(seen.records), at_least, seen.forgotten)

    def _look_up(self, test: Test, number_up: int) -> tuple[list[CallRecord], list[int]]:
        """Those of the calls that are up which match, the newest first; and which have been asked about."""
        seen = self._seen
        asked = dict.fromkeys(islice(seen.numbers_up(), NEWEST_UP))
        if number_up > len(asked):
            others = list(islice(self._turn, self._some))
            if not others:
                self._turn = iter(list(islice(seen.numbers_up(), NEWEST_UP, None)))
                others = list(islice(self._turn, self._some))
            self._some = OTHERS_UP
            asked.update(dict.fromkeys(others))
        asked.update(dict.fromkeys(self._known))
        found = [record for number in asked if (record := seen.standing(number)) is not None and test(record)]
        found.sort(key=_number, reverse=True)
        self._known = [record.number for record in found[:MOST_ROWS]]
        return found, list(asked)


class _Ended:
    """What the filter finds among the calls that have ended."""

    def __init__(self, seen: Seen, test: Test | None) -> None:
        self._seen = seen
        self._test = test
        self._last: CallRecord | None = None
        self._matches: deque[CallRecord | None] = deque()
        self._count = 0
        self._top: list[CallRecord] = []

    def look(self) -> tuple[list[CallRecord], int]:
        """The newest that match, and how many do."""
        records, test = self._seen.records, self._test
        fresh: list[CallRecord] = []
        for record in reversed(records):
            if record is self._last:
                break
            fresh.append(record)
        if len(fresh) == len(records):  # a reset, or more have come than are kept
            self._matches.clear()
            self._count, self._top = 0, []
        if records:
            self._last = records[-1]
        if test is None:
            self._top = nlargest(MOST_ROWS, [*fresh, *self._top], key=_number)
            self._count = len(records)
            return self._top, self._count
        asked = [record if test(record) else None for record in fresh]
        taken = [record for record in asked if record is not None]
        self._top = nlargest(MOST_ROWS, [*taken, *self._top], key=_number)
        self._count += len(taken)
        self._remember(asked)
        return self._top, self._count

    def _remember(self, asked: list[CallRecord | None]) -> None:
        """Note which of the records kept match, place by place, so that what is forgotten there is forgotten here."""
        matches = self._matches
        matches.extend(reversed(asked))
        gone: set[int] = set()
        while len(matches) > len(self._seen.records):
            old = matches.popleft()
            if old is not None:
                self._count -= 1
                gone.add(id(old))
        if gone and any(id(record) in gone for record in self._top):
            self._top = nlargest(MOST_ROWS, [record for record in matches if record is not None], key=_number)
