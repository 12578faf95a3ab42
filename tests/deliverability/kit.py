"""Calls of a few hours in a SQLite file, for what looks at records."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from simcarrier.deliverability.queries import MINUTE
from simcarrier.records.row import Row
from simcarrier.stores.sqlite import SqliteStore
from tests.stores.rows import NOON, row


def some(count: int, hits: int, *, code: int | None = 603, until: int = NOON, spread: int = 3 * 60 * MINUTE,
         first: int = 1, **more: Any) -> list[Row]:  # fmt: skip
    """So many calls in the time before ``until``, evenly, ``hits`` of them with the code; the others are answered."""
    made = []
    for at in range(count):
        hit = (at + 1) * hits // count > at * hits // count
        told = (
            {"code": code, "outcome": "refused" if code else "stalled"} if hit else {"code": 200, "outcome": "answered"}
        )
        began = until - spread * (count - at - 1) // count
        made.append(row(first + at, **({"began": began, "final": began + 100} | told | more)))
    return made


class Shelf:
    """A store that calls are put into as time goes on."""

    def __init__(self, folder: Path) -> None:
        self.store = SqliteStore(folder / "calls.db")
        self.store.open()
        self._next = 1

    def put(self, count: int, hits: int, **more: Any) -> None:
        """See `some`."""
        self.store.add(some(count, hits, first=self._next, **more))
        self._next += count

    def add(self, rows: Iterable[Row]) -> None:
        self.store.add(list(rows))
