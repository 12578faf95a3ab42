"""Rows as Parquet: what BigQuery, ClickHouse, Spark and DuckDB load. Written whole, and read by DuckDB.

A Parquet file cannot be added to: so calls are recorded elsewhere, and exported.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from simcarrier.records.row import Row

from .duck import Duck, quoted
from .json_lines import line_of
from .store import Added, Parameters, StoreFault


def write_parquet(path: Path, batches: Iterable[Sequence[Row]]) -> int:
    """Write rows to a file, which is there when it is complete and not before.

    Args:
        path: the file; one that is there is replaced.
        batches: the rows. They pass through a temporary file in the same folder, twice as large as they are.

    Returns:
        How many they were.

    Raises:
        StoreFault, OSError: it cannot be written.
    """
    count = 0
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        lines, made = Path(folder) / "rows.jsonl", Path(folder) / "rows.parquet"
        with lines.open("wb") as stream:
            for batch in batches:
                stream.write(b"".join(map(line_of, batch)))
                count += len(batch)
        asked = Duck(lines)
        try:
            asked.run(f"COPY (SELECT * FROM calls) TO {quoted(made)} (FORMAT parquet, COMPRESSION zstd)")
        finally:
            asked.close()
        os.replace(made, path)
    return count


class ParquetStore:
    """A Parquet file of rows, to be read.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path
        self._asked: Duck | None = None

    def open(self) -> None:
        """Open the file.

        Raises:
            StoreFault: it is none, or has not the columns of rows.
        """
        self.close()
        self._asked = Duck(self._path)

    def add(self, rows: Sequence[Row]) -> Added:
        """Not to be had.

        Raises:
            StoreFault: always.
        """
        raise StoreFault(f"{self.name}: a Parquet file cannot be added to: record to calls.db, and export that")

    def query(self, sql: str, params: Parameters = ()) -> list[tuple[Any, ...]]:
        """Ask.

        Raises:
            StoreFault: there is no answer.
        """
        if self._asked is None:
            raise StoreFault(f"{self.name} is not open")
        return self._asked.query(sql, params)

    def batches(self, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """All rows, so many at a time.

        Raises:
            StoreFault: they cannot be read.
        """
        if self._asked is None:
            raise StoreFault(f"{self.name} is not open")
        return self._asked.batches(size)

    def close(self) -> None:
        """Let go of the file."""
        asked, self._asked = self._asked, None
        if asked is not None:
            asked.close()
