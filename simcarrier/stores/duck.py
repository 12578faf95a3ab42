"""Questions to files of rows, JSON Lines or Parquet, by DuckDB: the same SQL as to a database.

The file is a view ``calls``; the sums beside it, ``tallies``, are a view that adds them up when it is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

from simcarrier.deliverability.tally import FIELDS, STEPS, UNKNOWN
from simcarrier.records.row import COLUMNS, NAMES

from .extra import needed
from .placeholders import numbered
from .store import Parameters, StoreFault

with needed():
    import duckdb

T = TypeVar("T")

STRUCTURE: Final = ", ".join(f"{column.name}: '{column.type}'" for column in COLUMNS)
"""The columns, as ``read_json`` wants them."""

_LIST: Final = ", ".join(NAMES)


def quoted(text: str | Path) -> str:
    """A string of SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def file_named(path: Path) -> str:
    """A string of SQL that names one file to be read: what would be a pattern is written out."""
    return quoted("".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path)))


def source_of(path: Path) -> str:
    """The SQL that reads a file of rows: Parquet by its suffix, else JSON Lines."""
    if path.suffix == ".parquet":
        return f"SELECT {_LIST} FROM read_parquet({file_named(path)})"
    return f"SELECT {_LIST} FROM read_json({file_named(path)}, format = 'newline_delimited', columns = {{{STRUCTURE}}})"


_VALUES: Final = " UNION ALL ".join(
    f"SELECT '{field}' AS field, COALESCE({field}, '{UNKNOWN}') AS value, began, code, outcome FROM calls"
    for field in FIELDS
)
_STEPS: Final = ", ".join(f"({step})" for step in STEPS)
_TALLIES: Final = f"""
CREATE VIEW tallies AS
SELECT field, value, step, began - ((began % step) + step) % step AS bucket,
       COUNT(*) AS attempts,
       COUNT(CASE WHEN outcome = 'answered' THEN 1 END) AS answered,
       COUNT(CASE WHEN code = 603 THEN 1 END) AS code_603,
       COUNT(CASE WHEN code = 480 THEN 1 END) AS code_480,
       COUNT(CASE WHEN code = 486 THEN 1 END) AS code_486,
       COUNT(CASE WHEN code IN (404, 410) THEN 1 END) AS code_404_410,
       COUNT(CASE WHEN code = 503 THEN 1 END) AS code_503,
       COUNT(CASE WHEN outcome = 'stalled' THEN 1 END) AS stalls
FROM ({_VALUES}) AS told CROSS JOIN (VALUES {_STEPS}) AS steps (step)
GROUP BY 1, 2, 3, 4
"""


class Duck:
    """A file of rows that can be asked.

    Args:
        path: JSON Lines or Parquet. It must be there.

    Raises:
        StoreFault: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._name = str(path)
        # Everything in memory; what would be fetched from elsewhere is not.
        self._connection = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"})

        def make() -> None:
            self._connection.execute(f"CREATE VIEW calls AS {source_of(path)}")
            self._connection.execute(_TALLIES)

        self._guarded(make)

    def query(self, sql: str, params: Parameters = ()) -> list[tuple[Any, ...]]:
        """Ask.

        Raises:
            StoreFault: there is no answer.
        """
        text, values = numbered(sql, params)
        return self._guarded(lambda: self._connection.execute(text, values).fetchall())

    def batches(self, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """All rows, so many at a time.

        Raises:
            StoreFault: they cannot be read.
        """
        cursor = self._guarded(lambda: self._connection.execute(f"SELECT {_LIST} FROM calls"))
        while batch := self._guarded(lambda: cursor.fetchmany(size)):
            yield batch

    def run(self, sql: str) -> None:
        """Have something done, such as COPY.

        Raises:
            StoreFault: it could not be.
        """
        self._guarded(lambda: self._connection.execute(sql))

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _guarded(self, do: Callable[[], T]) -> T:
        try:
            return do()
        except duckdb.Error as error:
            raise StoreFault(f"{self._name}: {str(error).strip().splitlines()[0]}") from error
