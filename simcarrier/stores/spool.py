"""Where rows wait on disk while their store is not to be had: files of JSON lines in a folder of the store's own.

Every process writes a file of its own and holds a lock on it. What a process has left behind, because it was killed or
because the store did not come back in its time, is found by the next one that writes to the same store: a file whose
lock is free. A file may be written to the store twice, when a process is killed in between: rows are known by their
``uid``, so that does no harm. The room is bounded; what does not fit is refused, and counted by who asked.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from simcarrier.records.row import Row, row_of, values_of

MOST_BYTES: Final = 512 * 1024 * 1024
"""Bytes of the files of one store: more than a million rows."""

BATCH: Final = 5_000
"""Rows read at a time."""

LONGEST_LINE: Final = 1024 * 1024
"""Bytes of a line; no row comes near."""

_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


class SpoolFull(Exception):
    """There is no room; the text says why."""


def spool_folder(store: str, environment: Mapping[str, str] | None = None) -> Path:
    """Where the rows of a store wait: in the user's state folder (XDG_STATE_HOME).

    Args:
        store: what identifies the store, such as its URL or its absolute path.
        environment: to look for the state folder in.
    """
    found = os.environ if environment is None else environment
    root = Path(found.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return root / "simcarrier" / f"records-{hashlib.sha256(store.encode()).hexdigest()[:16]}"


class Spool:
    """The rows that wait for one store.

    Args:
        folder: made when it is needed, readable by its owner only.
        most_bytes: the room.

    Attributes:
        waiting: rows in it, as far as this process knows: its own, and those that it has found.
        unreadable: lines left out, for they are no rows: a process was killed while it wrote them.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self.folder = folder
        self.waiting = 0
        self.unreadable = 0
        self._most = most_bytes
        self._file: BinaryIO | None = None  # our own
        self._path: Path | None = None
        self._size = 0
        self._others = 0  # bytes of other files
        self._found: list[tuple[Path, BinaryIO, int]] = []  # what others left, locked by us: file, rows

    def find(self) -> int:
        """Look for what other processes have left behind; returns how many rows there are.

        Raises:
            OSError: the folder cannot be read.
        """
        self._others = 0
        mine = {self._path, *(path for path, _, _ in self._found)}
        found = 0
        for path in sorted(self.folder.glob("*.jsonl")):
            if path in mine:
                continue
            with contextlib.suppress(FileNotFoundError):
                stream = path.open("r+b")
                if not _lock(stream):
                    self._others += path.stat().st_size
                    stream.close()
                    continue
                rows = _count_lines(stream)
                found += rows
                self._found.append((path, stream, rows))
        self.waiting += found
        return found

    def add(self, rows: Sequence[Row]) -> None:
        """Have rows wait here: all of them or none.

        Raises:
            SpoolFull: there is no room, in the spool or on the disk.
        """
        data = b"".join([f"{_encode(values_of(row))}\n".encode("ascii") for row in rows])
        found = sum(os.fstat(stream.fileno()).st_size for _, stream, _ in self._found)
        if self._size + self._others + found + len(data) > self._most:
            raise SpoolFull(f"{self.folder} holds as much as it may, {self._most:,} bytes")
        try:
            stream = self._own()
            try:
                view = memoryview(data)
                while view:
                    written = os.write(stream.fileno(), view)
                    view = view[written:]
            except OSError:
                os.ftruncate(stream.fileno(), self._size)
                raise
        except OSError as error:
            raise SpoolFull(f"{self.folder}: {error.strerror}") from error
        self._size += len(data)
        self.waiting += len(rows)

    def batches(self) -> Iterator[list[Row]]:
        """What waits, oldest files first; a batch counts as written when the next one is asked for.

        Raises:
            OSError: a file cannot be read.
        """
        while self._found:
            path, stream, rows = self._found[0]
            yield from self._read(stream)
            self._found.pop(0)
            self.waiting -= rows
            path.unlink(missing_ok=True)
            stream.close()
        if self._file is not None and self._size:
            yield from self._read(self._file)
            os.ftruncate(self._file.fileno(), 0)
            self._size = self.waiting = 0

    def close(self) -> None:
        """Let go of the files; those that hold rows stay."""
        for _, stream, _ in self._found:
            stream.close()
        self._found = []
        if self._file is not None and self._path is not None:
            if not self._size:
                self._path.unlink(missing_ok=True)
            self._file.close()
            self._file = None
        with contextlib.suppress(OSError):
            self.folder.rmdir()  # only if it is empty

    def _own(self) -> BinaryIO:
        """Our own file."""
        if self._file is None:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self.folder / f"{os.getpid()}-{secrets.token_hex(4)}.jsonl"
            unlocked = path.with_suffix(".new")  # which nobody looks at
            opened = os.open(unlocked, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
            stream = os.fdopen(opened, "r+b", buffering=0)
            _lock(stream)
            unlocked.rename(path)
            self._file, self._path = stream, path
        return self._file

    def _read(self, stream: BinaryIO) -> Iterator[list[Row]]:
        with os.fdopen(os.dup(stream.fileno()), "rb") as lines:
            lines.seek(0)
            batch: list[Row] = []
            while line := lines.readline(LONGEST_LINE):
                try:
                    batch.append(row_of(tuple(json.loads(line))))
                except (ValueError, TypeError, RecursionError):
                    self.unreadable += 1
                if len(batch) >= BATCH:
                    yield batch
                    batch = []
            if batch:
                yield batch


def _lock(stream: BinaryIO) -> bool:
    """Whether nobody else has the file."""
    try:
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _count_lines(stream: BinaryIO) -> int:
    stream.seek(0)
    return sum(1 for _ in stream)
