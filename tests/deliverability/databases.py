"""The same calls in SQLite, DuckDB and PostgreSQL, emptied and filled anew for each example."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import duckdb
import psycopg
import pytest

from simcarrier.deliverability.tally import Counts, tally
from simcarrier.records.row import COLUMNS, Row, values_of
from simcarrier.stores.postgres import PostgresStore
from simcarrier.stores.sqlite import SqliteStore
from tests.stores.postgres import Cluster

TALLIES = "field TEXT, step INTEGER, bucket BIGINT, value TEXT, " + ", ".join(
    f"{name} INTEGER" for name in Counts._fields
)


class Book(Protocol):
    """Calls, to be asked."""

    def fill(self, rows: Sequence[Row]) -> None:
        """Hold these rows and no others."""

    def query(self, sql: str, parameters: Sequence[Any] = (), /) -> Sequence[Sequence[Any]]:
        """Ask."""


class SqliteBook:
    def __init__(self, path: Path) -> None:
        self.store = SqliteStore(path)
        self.store.open()

    def fill(self, rows: Sequence[Row]) -> None:
        for table in ("calls", "tallies"):
            self.store.query(f"DELETE FROM {table}")
        self.store.add(rows)

    def query(self, sql: str, parameters: Sequence[Any] = (), /) -> Sequence[Sequence[Any]]:
        return self.store.query(sql, parameters)


class PostgresBook:
    def __init__(self, url: str) -> None:
        self.store = PostgresStore(url)
        self.store.open()
        self._url = url

    def fill(self, rows: Sequence[Row]) -> None:
        with psycopg.connect(self._url) as connection:
            connection.execute("TRUNCATE calls, tallies")
        self.store.add(rows)

    def query(self, sql: str, parameters: Sequence[Any] = (), /) -> Sequence[Sequence[Any]]:
        return self.store.query(sql, parameters)


class DuckBook:
    """DuckDB writes no calls of ours: it reads what was exported. So its tables have neither keys nor upserts."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute(f"CREATE TABLE calls ({', '.join(f'{one.name} {one.type}' for one in COLUMNS)})")
        self.connection.execute(f"CREATE TABLE tallies ({TALLIES})")

    def fill(self, rows: Sequence[Row]) -> None:
        different = {row.uid: row for row in rows}.values()
        sums = [key + counts for key, counts in tally(different).items()]
        for table, found in (("calls", [values_of(row) for row in different]), ("tallies", sums)):
            self.connection.execute(f"TRUNCATE {table}")
            if found:
                places = f"({', '.join('?' * len(found[0]))})"
                values = [value for each in found for value in each]
                self.connection.execute(f"INSERT INTO {table} VALUES {', '.join([places] * len(found))}", values)

    def query(self, sql: str, parameters: Sequence[Any] = (), /) -> Sequence[Sequence[Any]]:
        return self.connection.execute(sql, list(parameters)).fetchall()


@pytest.fixture(scope="session")
def books(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Book]]:
    """The three of them."""
    light, big, duck = (
        SqliteBook(tmp_path_factory.mktemp("book") / "calls.db"),
        PostgresBook(postgres.database()),
        DuckBook(),
    )
    try:
        yield {"SQLite": light, "PostgreSQL": big, "DuckDB": duck}
    finally:
        light.store.close()
        big.store.close()
        duck.connection.close()
