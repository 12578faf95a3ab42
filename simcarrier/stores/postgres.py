"""Rows in PostgreSQL: many writers, many readers, and as many rows as there is disk.

A batch goes by COPY into a table of this connection's own, and from there what is new into the real one, in one
transaction with the sums.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from simcarrier.deliverability.tally import tally
from simcarrier.records.row import COLUMNS, NAMES, Row, values_of

from . import schema
from .extra import needed
from .placeholders import numbered
from .store import Added, Parameters, StoreDown, StoreFault, distinct

with needed():
    import psycopg
    from psycopg.errors import DeadlockDetected, InsufficientResources, OperatorIntervention

T = TypeVar("T")

PATIENCE: Final = 10
"""Seconds for a connection to come about."""

_LOCK: Final = 0x51AC
"""The advisory lock under which tables are made: any number that others hardly use."""

_LIST: Final = ", ".join(NAMES)
_INCOMING: Final = f"CREATE TEMPORARY TABLE incoming ({', '.join(f'{one.name} {one.type}' for one in COLUMNS)})"
_COPY: Final = f"COPY incoming ({_LIST}) FROM STDIN"
# In the order of the keys, as all writers do: so they wait for each other, but never in a circle.
_TAKE: Final = (
    f"INSERT INTO calls ({_LIST}) SELECT {_LIST} FROM incoming ORDER BY uid ON CONFLICT (uid) DO NOTHING RETURNING uid"
)
_ADD_TALLIES: Final = numbered(schema.add_tallies(), ())[0]
_PASSING: Final = (psycopg.OperationalError, psycopg.InterfaceError)
_PASSING_TOO: Final = (DeadlockDetected, InsufficientResources, OperatorIntervention)


class PostgresStore:
    """A database of PostgreSQL.

    Args:
        url: ``postgresql://...`` without a password.
    """

    def __init__(self, url: str) -> None:
        self.name = url
        self._url = url
        self._connection: psycopg.Connection[Any] | None = None

    def open(self) -> None:
        """Connect; make or migrate the tables.

        Raises:
            StoreFault: the URL is none, or the tables are newer than we know.
            StoreDown: nobody answers, or not as hoped.
        """
        self.close()

        def connect() -> None:
            self._connection = psycopg.connect(
                self._url,
                connect_timeout=PATIENCE,
                application_name="simcarrier",
                cursor_factory=psycopg.RawCursor,
                autocommit=True,
                # A server that vanished is noticed within a minute.
                keepalives_idle=20,
                keepalives_interval=10,
                keepalives_count=3,
                tcp_user_timeout=30_000,
            )
            self._migrate(self._connection)
            self._connection.execute(_INCOMING)

        try:
            self._guarded(connect)
        except (StoreDown, StoreFault):
            self.close()
            raise

    def _migrate(self, connection: psycopg.Connection[Any]) -> None:
        with connection.transaction():
            connection.execute(f"SELECT pg_advisory_xact_lock({_LOCK})")
            connection.execute("SET LOCAL client_min_messages = warning")  # not that it is there already
            connection.execute(schema.CREATE_VERSION)
            told = connection.execute(schema.READ_VERSION).fetchone()
            for step in schema.due(told[0] if told else None, self.name):
                for statement in step.statements:
                    connection.execute(statement.encode())
                connection.execute(schema.WRITE_VERSION.format(version=step.version).encode())

    def add(self, rows: Sequence[Row]) -> Added:
        """Keep rows, in one transaction.

        Raises:
            StoreDown, StoreFault: none was kept.
        """
        wanted = distinct(rows)

        def write() -> int:
            connection = self._opened()
            with connection.transaction(), connection.cursor() as cursor:
                cursor.execute("TRUNCATE incoming")
                with cursor.copy(_COPY.encode()) as copy:
                    for row in wanted.values():
                        copy.write_row(values_of(row))
                taken = [wanted[uid] for (uid,) in cursor.execute(_TAKE.encode()).fetchall()]
                sums = tally(taken)
                if sums:
                    cursor.executemany(_ADD_TALLIES.encode(), [key + counts for key, counts in sums.items()])
                return len(taken)

        new = self._guarded(write)
        return Added(new, len(rows) - new)

    def query(self, sql: str, params: Parameters = ()) -> list[tuple[Any, ...]]:
        """Ask.

        Raises:
            StoreDown, StoreFault: there is no answer.
        """
        text, values = numbered(sql, params)

        def ask() -> list[tuple[Any, ...]]:
            found = self._opened().execute(text.encode(), values)
            return found.fetchall() if found.description is not None else []

        return self._guarded(ask)

    def close(self) -> None:
        """Hang up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _opened(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            raise StoreDown(f"{self.name} is not connected")
        return self._connection

    def _guarded(self, do: Callable[[], T]) -> T:
        try:
            return do()
        except psycopg.Error as error:
            told = " ".join(str(error).split()) or type(error).__name__
            down = isinstance(error, _PASSING + _PASSING_TOO) or self._connection is None or self._connection.closed
            wrong = isinstance(error, psycopg.ProgrammingError)  # such as a URL that is none
            if self._connection is not None and self._connection.closed:
                self.close()
            if down and not wrong:
                raise StoreDown(f"{self.name}: {told}") from error
            raise StoreFault(f"{self.name}: {told}") from error
