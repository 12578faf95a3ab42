"""Rows in a file of JSON Lines, one object a line: for who reads them with tools of their own.

A row that comes again is known by its ``uid`` as long as it is among those remembered; those of a file that is there
already are read when it is opened. Two processes may append to the same file: every batch is one piece.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from simcarrier.records.row import Row

from .store import Added, Parameters, StoreDown, StoreFault, distinct

if TYPE_CHECKING:
    from .duck import Duck

REMEMBERED: Final = 2_000_000
"""Rows that are known again, those that came last: some 200 MB at most. A database knows all."""

_encode: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


_BEGIN: Final = b'{"uid":"'


def line_of(row: Row) -> bytes:
    """A row as a line of JSON."""
    return f"{_encode(row.as_dict())}\n".encode("ascii")


class JsonLinesStore:
    """A file of rows as JSON Lines.

    Args:
        path: the file; it is made if there is none, readable by its owner only.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path
        self._file = -1
        self._read = 0  # bytes of it that we have looked at
        self._known: dict[bytes, None] = {}

    def open(self) -> None:
        """Open the file, and read which rows are in it.

        Raises:
            StoreFault: it holds something else.
            StoreDown: it cannot be opened now.
        """
        self.close()
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                self._look()
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)
        except OSError as error:
            self.close()
            raise self._down(error) from error
        except StoreFault:
            self.close()
            raise

    def add(self, rows: Sequence[Row]) -> Added:
        """Append rows, in one piece.

        Raises:
            StoreDown: none was kept.
        """
        if self._file < 0:
            raise StoreDown(f"{self.name} is not open")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                if not os.path.samestat(os.fstat(self._file), self._path.stat()):
                    raise StoreDown(f"{self.name} has been replaced")
                self._look()
                return self._append(rows)
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)
        except OSError as error:
            raise self._down(error) from error

    def query(self, sql: str, params: Parameters = ()) -> list[tuple[Any, ...]]:
        """Ask; needs DuckDB.

        Raises:
            StoreFault: there is no answer.
        """
        from .duck import Duck

        asked: Duck = Duck(self._path)
        try:
            return asked.query(sql, params)
        finally:
            asked.close()

    def batches(self, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """All rows, so many at a time; needs DuckDB.

        Raises:
            StoreFault: they cannot be read.
        """
        from .duck import Duck

        asked: Duck = Duck(self._path)
        try:
            yield from asked.batches(size)
        finally:
            asked.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
        self._file, self._read, self._known = -1, 0, {}

    def _look(self) -> None:
        """Learn what others have written since we looked last; a line that somebody was killed at is cut off."""
        end = os.fstat(self._file).st_size
        if end <= self._read:
            self._read = end
            return
        with os.fdopen(os.dup(self._file), "rb") as stream:
            stream.seek(self._read)
            for line in stream:
                if not line.endswith(b"\n") and (line.startswith(_BEGIN) or _BEGIN.startswith(line)):
                    os.ftruncate(self._file, self._read)
                    return
                self._remember(self._uid(line))
                self._read += len(line)

    def _uid(self, line: bytes) -> str:
        try:
            uid = json.loads(line)["uid"]
        except (ValueError, TypeError, KeyError, RecursionError):
            uid = None
        if not isinstance(uid, str):
            raise StoreFault(f"{self.name} holds something else than records: name another file")
        return uid

    def _append(self, rows: Sequence[Row]) -> Added:
        wanted = distinct(rows)
        new = [row for uid, row in wanted.items() if uid.encode() not in self._known]
        data = b"".join(map(line_of, new))
        before = os.fstat(self._file).st_size
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._file, view) :]
        except OSError:
            os.ftruncate(self._file, before)
            raise
        self._read = before + len(data)
        for row in new:
            self._remember(row.uid)
        return Added(len(new), len(rows) - len(new))

    def _remember(self, uid: str) -> None:
        self._known[uid.encode()] = None
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]

    def _down(self, error: OSError) -> StoreDown:
        return StoreDown(f"{self.name}: {error.strerror or error}")
