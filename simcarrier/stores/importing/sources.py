"""The files and tables that call records come in, each as a sequence of records with the place of each."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, Protocol, TextIO

from ..address import Kind, StoreAddress
from ..extra import needed
from .mapping import MappingModel

AT_A_TIME: Final = 5_000
"""Rows of a table asked for at a time."""

LONGEST_LINE: Final = 1024 * 1024
"""Characters of a line; a call with all the variables of FreeSWITCH has some 20,000."""

FORMATS: Final = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "json_lines",
    ".ndjson": "json_lines",
    ".json": "json_lines",
    ".parquet": "parquet",
    ".db": "table",
    ".sqlite": "table",
    ".sqlite3": "table",
}
"""What a file is, by its suffix; ``.gz`` behind it does not matter."""

_TABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,62}(?:\.[A-Za-z_][A-Za-z0-9_$]{0,62})?")


class SourceFault(Exception):
    """What is to be imported cannot be read; the text says why."""


class Record(NamedTuple):
    """A record as it was found.

    Attributes:
        line: where, counted from 1; of a table the row.
        content: the values in the order of the columns; of JSON the object. None for a line that cannot be read.
        trouble: why it cannot.
    """

    line: int
    content: Any
    trouble: str = ""


class RecordSource(Protocol):
    """Records, to be read once.

    Attributes:
        name: what it is called.
        columns: their names; None for JSON.
        total: bytes or rows, for a progress bar; None if that is not known.
        done: how many of them have been read.
    """

    name: str
    columns: Sequence[str] | None
    total: int | None

    @property
    def done(self) -> int:
        """As above."""

    def __iter__(self) -> Iterator[Record]:
        """The records."""

    def close(self) -> None:
        """Let go of it."""


class _File:
    """A file of text, perhaps compressed by gzip."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        try:
            self._raw: BinaryIO = path.open("rb")
            self.total: int | None = path.stat().st_size or None
            if path.stat().st_size == 0 and not path.is_file():
                self.total = None  # a pipe
        except OSError as error:
            raise SourceFault(f"{path} cannot be read: {error.strerror}") from None
        plain: Any = gzip.GzipFile(fileobj=self._raw) if path.suffix == ".gz" else self._raw
        # What is no UTF-8 must not stop an import: it becomes U+FFFD in the row.
        self.text: TextIO = io.TextIOWrapper(plain, "utf-8-sig", errors="replace", newline="")
        self._seekable = self._raw.seekable()

    @property
    def done(self) -> int:
        """Bytes that have been read, more or less."""
        return self._raw.tell() if self._seekable else 0

    def close(self) -> None:
        """Close it."""
        self.text.close()
        self._raw.close()


class CsvSource(_File):
    """A CSV file.

    Args:
        path: the file.
        mapping: whether it has a header, the columns if not, and the separator.

    Raises:
        SourceFault: it cannot be read.
    """

    def __init__(self, path: Path, mapping: MappingModel) -> None:
        super().__init__(path)
        separator = "\t" if ".tsv" in path.suffixes else mapping.separator
        self._reader = csv.reader(self.text, delimiter=separator, strict=False)
        self.columns: Sequence[str] | None = mapping.columns
        if mapping.header:
            try:
                self.columns = [name.strip() for name in next(self._reader, [])]
            except (csv.Error, OSError, EOFError) as error:
                self.close()
                raise SourceFault(f"{path} cannot be read: {error}") from None

    def __iter__(self) -> Iterator[Record]:
        """The records; empty lines are none."""
        reader = self._reader
        most = len(self.columns or ())
        while True:
            line = reader.line_num + 1
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Record(line, None, str(error))
                continue
            except (OSError, EOFError) as error:
                raise SourceFault(f"{self.name} cannot be read after line {line - 1}: {error}") from None
            if not values:
                continue
            if len(values) > most:
                yield Record(line, None, f"{len(values)} values where {most} columns are known")
                continue
            yield Record(line, values)


class JsonLinesSource(_File):
    """A file with a JSON object a line.

    Args:
        path: the file.

    Raises:
        SourceFault: it cannot be read.
    """

    columns: Sequence[str] | None = None

    def __iter__(self) -> Iterator[Record]:
        """The records; empty lines are none."""
        number = 0
        while True:
            number += 1
            try:
                line = self.text.readline(LONGEST_LINE)
            except (OSError, EOFError) as error:
                raise SourceFault(f"{self.name} cannot be read after line {number - 1}: {error}") from None
            if not line:
                return
            if len(line) == LONGEST_LINE and not line.endswith("\n"):
                while len(rest := self.text.readline(LONGEST_LINE)) == LONGEST_LINE and not rest.endswith("\n"):
                    pass
                yield Record(number, None, f"the line is longer than {LONGEST_LINE:,} characters")
                continue
            if not line.strip():
                continue
            try:
                content = json.loads(line)
            except (ValueError, RecursionError):
                yield Record(number, None, "not JSON")
                continue
            yield Record(number, content) if isinstance(content, dict) else Record(number, None, "not a JSON object")


class TableSource:
    """A table of a database, or a Parquet file.

    Args:
        name: what it is called.
        columns: the names of its columns.
        total: its rows.
        batches: its rows, many at a time.
        close: lets go of it.
    """

    def __init__(
        self, name: str, columns: Sequence[str], total: int, batches: Iterator[list[tuple[Any, ...]]], close: Any
    ) -> None:
        self.name = name
        self.columns: Sequence[str] | None = columns
        self.total: int | None = total
        self.done = 0
        self._batches = batches
        self._close = close

    def __iter__(self) -> Iterator[Record]:
        """The records."""
        number = 0
        while True:
            try:
                batch = next(self._batches, None)
            except Exception as error:  # noqa: BLE001 - of three drivers; whatever it is, nothing more can be read
                raise SourceFault(f"{self.name} cannot be read after row {number}: {error}") from None
            if batch is None:
                return
            for values in batch:
                number += 1
                yield Record(number, values)
            self.done = number

    def close(self) -> None:
        """Let go of it."""
        self._close()


def open_source(named: str, mapping: MappingModel, table: str | None) -> RecordSource:
    """Open what is to be imported.

    Args:
        named: a file, or the URL of a database.
        mapping: says what a file is whose name does not.
        table: the table of a database.

    Raises:
        SourceFault: it cannot be read, or is not said well enough.
        ValueError: a URL is none, or has a password in it.
        simcarrier.extras.MissingExtra: a package is missing.
    """
    if "://" in named:
        return _postgres(StoreAddress.parse(named), _identifier(table))
    path = Path(named)
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    form = FORMATS.get(suffixes[-1] if suffixes else "") or mapping.format
    if form is None:
        raise SourceFault(f"{named}: by its name nobody can tell what it is: say format in the mapping")
    if form != "table" and table is not None:
        raise SourceFault(f"{named} is no database: --table says nothing")
    if not path.exists():
        raise SourceFault(f"{named} is not there")
    if form == "csv":
        return CsvSource(path, mapping)
    if form == "json_lines":
        return JsonLinesSource(path)
    return _parquet(path) if form == "parquet" else _sqlite(path, _identifier(table))


def _identifier(table: str | None) -> str:
    if table is None:
        raise SourceFault("which table of the database? say --table")
    if not _TABLE.fullmatch(table):
        raise SourceFault(f"{table!r} is no name of a table")
    return ".".join(f'"{part}"' for part in table.split("."))


def _batches(cursor: Any) -> Iterator[list[tuple[Any, ...]]]:
    while batch := cursor.fetchmany(AT_A_TIME):
        yield batch


def _parquet(path: Path) -> RecordSource:
    from ..duck import file_named

    with needed():
        import duckdb
    connection = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"})
    read = f"read_parquet({file_named(path)})"
    try:
        counted = connection.execute(f"SELECT COUNT(*) FROM {read}").fetchone()
        cursor = connection.execute(f"SELECT * FROM {read}")
        columns = [column[0] for column in cursor.description or ()]
    except duckdb.Error as error:
        connection.close()
        raise SourceFault(f"{path} cannot be read: {str(error).splitlines()[0]}") from None
    return TableSource(str(path), columns, int(counted[0]) if counted else 0, _batches(cursor), connection.close)


def _sqlite(path: Path, table: str) -> RecordSource:
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        (count,) = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
        cursor = connection.execute(f"SELECT * FROM {table}")
    except sqlite3.Error as error:
        raise SourceFault(f"{path}: {error}") from None
    columns = [column[0] for column in cursor.description]
    return TableSource(f"{path} {table}", columns, count, _batches(cursor), connection.close)


def _postgres(address: StoreAddress, table: str) -> RecordSource:
    assert address.kind is Kind.POSTGRES
    from ..postgres import PATIENCE

    with needed():
        import psycopg
    connection = None
    try:
        connection = psycopg.connect(address.text, connect_timeout=PATIENCE, application_name="simcarrier")
        counted = connection.execute(f"SELECT COUNT(*) FROM {table}".encode()).fetchone()
        cursor = connection.cursor("records")  # on the server: a table need not fit into memory
        cursor.execute(f"SELECT * FROM {table}".encode())
        columns = [column.name for column in cursor.description or ()]
    except psycopg.Error as error:
        if connection is not None:
            connection.close()
        raise SourceFault(f"{address}: {' '.join(str(error).split())}") from None
    count = int(counted[0]) if counted else 0

    def close() -> None:
        cursor.close()
        connection.close()

    return TableSource(f"{address} {table}", columns, count, _batches(cursor), close)
