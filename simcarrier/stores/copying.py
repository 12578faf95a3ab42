"""Rows from one store to another, or to a Parquet file; a store of any size, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Protocol, runtime_checkable

from simcarrier.records.row import NAMES, Row

from .store import Store

BATCH: Final = 10_000
"""Rows at a time."""


@runtime_checkable
class FileOfRows(Protocol):
    """A file that is read from its beginning to its end, for it has no index to go on by."""

    def batches(self, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """The values of its rows, in the order of the columns, so many at a time."""


_PAGE: Final = f"SELECT {', '.join(NAMES)} FROM calls WHERE uid > ? ORDER BY uid LIMIT {BATCH}"


def batches_of(store: Store) -> Iterator[list[Row]]:
    """All rows of a store that is open; of a database in the order of their ``uid``, which is that of time.

    Raises:
        StoreDown, StoreFault: it cannot be read.
    """
    if isinstance(store, FileOfRows):
        for values in store.batches(BATCH):
            yield [Row(*one) for one in values]
        return
    after = ""
    while found := store.query(_PAGE, (after,)):
        yield [Row(*values) for values in found]
        after = found[-1][0]


def rows_in(store: Store) -> int:
    """How many rows there are.

    Raises:
        StoreDown, StoreFault: it cannot be read.
    """
    return int(store.query("SELECT COUNT(*) FROM calls")[0][0])
