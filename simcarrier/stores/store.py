"""What every store can do, and what can go wrong with one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from simcarrier.records.row import Row

Parameters = Sequence[Any] | Mapping[str, Any]
"""What stands for the ``?`` of a query, in order; or for its ``:name``, by name."""


class StoreFault(Exception):
    """A store cannot be used as it is: it is something else, or too new. Trying again does not help; the text says what
    does."""


class StoreDown(Exception):
    """A store cannot be used now: the disk is full, the file locked, the connection lost. It may come back."""


class Added(NamedTuple):
    """What became of rows.

    Attributes:
        new: how many were added.
        known: how many were there before, or came twice.
    """

    new: int
    known: int


def distinct(rows: Sequence[Row]) -> dict[str, Row]:
    """Rows by their ``uid``; of those that come twice the first."""
    found = {row.uid: row for row in rows}
    if len(found) < len(rows):
        found = {row.uid: row for row in reversed(rows)}
    return found


class Store(Protocol):
    """Keeps rows. To be used by one thread at a time; several processes may have the same store open.

    Attributes:
        name: what it is called in messages; holds no secret.
    """

    name: str

    def open(self) -> None:
        """Connect, and make or migrate the tables. To be called first; again to begin anew after `StoreDown`.

        Raises:
            StoreFault, StoreDown: it cannot be used.
        """

    def add(self, rows: Sequence[Row]) -> Added:
        """Keep rows, all of them or none. A row whose ``uid`` is there already is left as it is.

        Raises:
            StoreDown: none of them was kept.
            StoreFault: likewise, and never will be.
        """

    def query(self, sql: str, params: Parameters = ()) -> list[tuple[Any, ...]]:
        """Ask. The SQL keeps to what SQLite, DuckDB and PostgreSQL have in common.

        Raises:
            StoreDown, StoreFault: there is no answer.
        """

    def close(self) -> None:
        """Let go of it; twice does no harm."""
