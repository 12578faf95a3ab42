"""Rows in a SQLite file: the store that needs nothing but a file, and the usual one.

The file is in WAL mode: who reads does not hold up who writes, several processes may write in turn, and a process that
is killed leaves a file that is whole, with every batch in it that was committed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from simcarrier.deliverability.tally import tally
from simcarrier.records.row import NAMES, Row

from . import schema
from .store import Added, Parameters, StoreDown, StoreFault, distinct

PATIENCE: Final = 2.0
"""Seconds that a write waits for another process to finish its own."""

_CACHE: Final = 64 * 1024
"""KiB of pages kept in memory: the ends of the indexes, where new rows go, and some more."""

_CHECKPOINT: Final = 10_000
"""Pages of the log, 40 MB, after which it goes into the file: pages that were changed again and again go once."""

_KNOWN: Final = "SELECT uid FROM calls WHERE uid IN (SELECT value FROM json_each(?))"
_ADD_TALLIES: Final = schema.add_tallies()

_PASSING: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
    }
)
"""What may pass: primary result codes of SQLite."""


class SqliteStore:
    """A SQLite file.

    Args:
        path: the file; it is made if there is none.
        patience: seconds to wait for other processes.
    """

    def __init__(self, path: Path, patience: float = PATIENCE) -> None:
        self.name = str(path)
        self._path = path
        self._patience = patience
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def open(self) -> None:
        """Open the file, make or migrate its tables.

        Raises:
            StoreFault: it is no SQLite file, or a newer one than we know.
            StoreDown: it cannot be opened now.
        """
        self.close()
        try:
            # Which thread uses it changes, never two at a time.
            made = sqlite3.connect(self._path, self._patience, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise self._fault(error) from error
        self._connection = made
        try:
            made.execute("PRAGMA journal_mode = WAL")
            made.execute("PRAGMA synchronous = NORMAL")  # a killed process loses nothing by it
            made.execute(f"PRAGMA cache_size = -{_CACHE}")
            made.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT}")
            self._migrate(made)
            self._file = _identity(self._path)
        except sqlite3.Error as error:
            self.close()
            raise self._fault(error) from error
        except StoreFault:
            self.close()
            raise

    def _migrate(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(schema.CREATE_VERSION)
            (found,) = connection.execute(schema.READ_VERSION).fetchone()
            for step in schema.due(found, self.name):
                for statement in step.statements:
                    by_key = statement.startswith(schema.KEPT_BY_KEY)
                    connection.execute(f"{statement} WITHOUT ROWID" if by_key else statement)
                connection.execute(schema.WRITE_VERSION.format(version=step.version))
            connection.execute("COMMIT")
        except BaseException:
            _roll_back(connection)
            raise

    def add(self, rows: Sequence[Row]) -> Added:
        """Keep rows, in one transaction.

        Raises:
            StoreDown, StoreFault: none was kept.
        """
        connection = self._opened()
        if _identity(self._path) != self._file:
            raise StoreDown(f"{self.name} has been deleted or replaced")  # and is made anew by `open`
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                wanted = distinct(rows)
                found = connection.execute(_KNOWN, (json.dumps(list(wanted)),)).fetchall()
                for (uid,) in found:
                    del wanted[uid]
                if wanted:
                    _insert(connection, list(wanted.values()))
                connection.executemany(_ADD_TALLIES, [key + counts for key, counts in tally(wanted.values()).items()])
                connection.execute("COMMIT")
            except BaseException:
                _roll_back(connection)
                raise
        except sqlite3.Error as error:
            raise self._fault(error) from error
        return Added(len(wanted), len(rows) - len(wanted))

    def query(self, sql: str, params: Parameters = ()) -> list[tuple[Any, ...]]:
        """Ask.

        Raises:
            StoreDown, StoreFault: there is no answer.
        """
        try:
            return self._opened().execute(sql, params).fetchall()
        except sqlite3.Error as error:
            raise self._fault(error) from error

    def close(self) -> None:
        """Close the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreDown(f"{self.name} is not open")
        return self._connection

    def _fault(self, error: sqlite3.Error) -> StoreDown | StoreFault:
        code = getattr(error, "sqlite_errorcode", None)
        text = f"{self.name}: {error}"
        if code is not None and code & 0xFF in _PASSING:
            return StoreDown(text)
        return StoreFault(text)


def _insert(connection: sqlite3.Connection, rows: list[Row]) -> None:
    """Insert rows, without the columns that none of them tells: to bind None takes longer than any value does."""
    columns = list(zip(*rows, strict=True))
    told = [place for place, column in enumerate(columns) if column.count(None) < len(rows)]
    names, places = ", ".join(NAMES[place] for place in told), ", ".join("?" * len(told))
    values = zip(*(columns[place] for place in told), strict=True)
    connection.executemany(f"INSERT INTO calls ({names}) VALUES ({places})", values)


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:  # some errors, such as a full disk, have rolled it back already
        connection.execute("ROLLBACK")


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another of its name; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
