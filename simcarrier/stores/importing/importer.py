"""An import from start to end: records read, made rows of, and added; what cannot be goes to a file with its reason.

The same file again adds nothing: a call is known by what its mapping says tells calls apart.
"""

from __future__ import annotations

import contextlib
import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TextIO

from simcarrier.records.row import Row

from ..store import Store
from .convert import Converter
from .sources import CsvSource, Record, RecordSource

BATCH: Final = 25_000
"""Rows added at a time; some 50 MB."""

LONGEST_SHOWN: Final = 2_000
"""Characters of a rejected record that are kept."""


@dataclass(slots=True)
class Imported:
    """What became of the records.

    Attributes:
        read: how many there were.
        added: those that were new.
        known: those that were there before.
        skipped: those that are no calls, as the mapping says.
        rejected: those that could not be read.
    """

    read: int = 0
    added: int = 0
    known: int = 0
    skipped: int = 0
    rejected: int = 0


@dataclass(slots=True)
class Rejects:
    """The file of what could not be read: line, reason and content, as CSV. It is made for the first one.

    Attributes:
        path: the file; one that is there is replaced.
    """

    path: Path
    _stream: TextIO | None = None
    _writer: Any = field(default=None, repr=False)

    def add(self, line: int, reason: str, content: object) -> None:
        """Note one.

        Raises:
            OSError: the file cannot be written.
        """
        if self._stream is None:
            self._stream = self.path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
            self._writer = csv.writer(self._stream)
            self._writer.writerow(("line", "reason", "content"))
        shown = "" if content is None else json.dumps(content, ensure_ascii=False, default=str)
        self._writer.writerow((line, reason, shown[:LONGEST_SHOWN]))

    def close(self) -> None:
        """Write what is left.

        Raises:
            OSError: the file cannot be written.
        """
        if self._stream is not None:
            self._stream.close()


def import_records(
    source: RecordSource,
    converter: Converter,
    store: Store,
    rejects: Rejects,
    tell: Callable[[Imported], None] = lambda so_far: None,
) -> Imported:
    """Import.

    Args:
        source: the records.
        converter: makes rows of them.
        store: opened.
        rejects: takes what cannot be read.
        tell: is told from time to time how far it is.

    Raises:
        SourceFault: the source cannot be read to its end. What was read by then is added.
        StoreDown, StoreFault: the store cannot be written; what was added stays, and the import can be begun anew.
        OSError: the file of rejects cannot be written.
    """
    done = Imported()
    waiting: list[Record] = []
    many = converter.rows if isinstance(source, CsvSource) else None

    def reject(record: Record, why: str) -> None:
        done.rejected += 1
        rejects.add(record.line, why, record.content)

    def one_by_one(batch: list[Record]) -> Iterator[Row]:
        for record in batch:
            if record.trouble:
                reject(record, record.trouble)
                continue
            try:
                row = converter.row(record.content)
            except ValueError as why:
                reject(record, str(why))
                continue
            if row is None:
                done.skipped += 1
            else:
                yield row

    def flush() -> None:
        batch = waiting[:]
        waiting.clear()
        rows: list[Row] | None = None
        if many is not None and not any(record.trouble for record in batch):
            # Only where one of them is faulty each is looked at by itself.
            with contextlib.suppress(ValueError):
                rows = many([record.content for record in batch])
                done.skipped += len(batch) - len(rows)
        if rows is None:
            rows = list(one_by_one(batch))
        if rows:
            added = store.add(rows)
            done.added += added.new
            done.known += added.known
        tell(done)

    try:
        for record in source:
            done.read += 1
            waiting.append(record)
            if len(waiting) >= BATCH:
                flush()
    finally:
        flush()
        rejects.close()
    return done
