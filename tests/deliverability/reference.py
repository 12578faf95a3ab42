"""The figures in plain Python: slow, and without an idea in common with the SQL. Each looks at every call."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from simcarrier.deliverability.queries import DAY, HOUR, Counts
from simcarrier.records.row import Row


def counts(rows: Iterable[Row]) -> Counts:
    found = list(rows)
    return Counts(
        attempts=len(found),
        answered=sum(row.outcome == "answered" for row in found),
        code_603=sum(row.code == 603 for row in found),
        code_480=sum(row.code == 480 for row in found),
        code_486=sum(row.code == 486 for row in found),
        code_404_410=sum(row.code in (404, 410) for row in found),
        code_503=sum(row.code == 503 for row in found),
        stalls=sum(row.outcome == "stalled" for row in found),
    )


def within(rows: Iterable[Row], after: int, until: int) -> list[Row]:
    return [row for row in rows if after < row.began <= until]


def as_of(rows: Sequence[Row], now: int, window: int, group: str = "caller") -> dict[str, Counts]:
    seen = within(rows, now - window, now)
    values = {getattr(row, group) or "" for row in seen}
    return {value: counts(row for row in seen if (getattr(row, group) or "") == value) for value in values}


def rolling(rows: Sequence[Row], after: int, until: int, code: int, window: int) -> list[tuple[int, str, int, int]]:
    found = []
    for call in within(rows, after, until):
        behind = [row for row in within(rows, call.began - window, call.began) if row.caller == call.caller]
        found.append((call.began, call.uid, len(behind), sum(row.code == code for row in behind)))
    return sorted(found)


def by(rows: Sequence[Row], group: str, after: int, until: int) -> dict[str | int | None, list[Row]]:
    found: dict[str | int | None, list[Row]] = {}
    for row in within(rows, after, until):
        found.setdefault(getattr(row, group), []).append(row)
    return found


def percentile(values: Sequence[int], wanted: int) -> int:
    return sorted(values)[math.ceil(len(values) * wanted / 100) - 1]


def by_day(rows: Sequence[Row], now: int, days: int) -> Counter[tuple[str | None, int, int | None, str | None]]:
    return Counter(
        (row.market, (now - row.began) // DAY, row.code, row.outcome) for row in within(rows, now - days * DAY, now)
    )


def past(rows: Sequence[Row], caller: str, start: int, end: int) -> tuple[int, int]:
    hours = Counter(row.began // HOUR for row in rows if (row.caller or "") == caller and start <= row.began < end)
    return len(hours), sum(hours.values())
