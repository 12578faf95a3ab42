"""The tables, as data: one list of migrations that every SQL database runs, each once and in order.

The statements keep to what SQLite, PostgreSQL and DuckDB have in common. What is released is never changed: a new
version adds a migration. A database that is newer than this program is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simcarrier.deliverability.tally import Counts, Key
from simcarrier.records.row import COLUMNS

from .store import StoreFault


@dataclass(frozen=True, slots=True)
class Migration:
    """What leads from one version of the schema to the next.

    Attributes:
        version: the version that it leads to.
        statements: SQL.
    """

    version: int
    statements: tuple[str, ...]


def _calls() -> str:
    lines = []
    for column in COLUMNS:
        more = " PRIMARY KEY" if column.name == "uid" else " NOT NULL" if column.required else ""
        lines.append(f"{column.name} {column.type}{more}")
    return f"CREATE TABLE calls ({', '.join(lines)})"


def _tallies() -> str:
    counts = ", ".join(f"{name} INTEGER NOT NULL" for name in Counts._fields)
    key = "field TEXT NOT NULL, step INTEGER NOT NULL, bucket BIGINT NOT NULL, value TEXT NOT NULL"
    return f"CREATE TABLE tallies ({key}, {counts}, PRIMARY KEY ({', '.join(Key._fields)}))"


MIGRATIONS: Final = (
    Migration(
        1,
        (
            _calls(),
            "CREATE INDEX calls_began ON calls (began, caller, code, outcome)",
            "CREATE INDEX calls_caller ON calls (caller, code, began)",
            _tallies(),
        ),
    ),
)
"""All of them, in order."""

KEPT_BY_KEY: Final = "CREATE TABLE tallies "
"""How the statement begins that makes the table whose rows are best kept in the order of its key."""

CREATE_VERSION: Final = "CREATE TABLE IF NOT EXISTS simcarrier_schema (version INTEGER NOT NULL)"
READ_VERSION: Final = "SELECT MAX(version) FROM simcarrier_schema"
WRITE_VERSION: Final = "INSERT INTO simcarrier_schema (version) VALUES ({version})"


def due(found: int | None, name: str, migrations: tuple[Migration, ...] = MIGRATIONS) -> tuple[Migration, ...]:
    """What a database still needs.

    Args:
        found: its version; None for a new one.
        name: what faults call it.
        migrations: all there are.

    Raises:
        StoreFault: it is newer than we are.
    """
    newest = migrations[-1].version
    if found is not None and found > newest:
        raise StoreFault(
            f"{name} has version {found} of the tables, and this simcarrier knows up to {newest}: use a newer one"
        )
    return tuple(step for step in migrations if found is None or step.version > found)


def add_tallies() -> str:
    """The statement that raises a sum, with ``?`` for the key and the counts."""
    keys, names = Key._fields, Counts._fields
    raised = ", ".join(f"{name} = tallies.{name} + excluded.{name}" for name in names)
    return (
        f"INSERT INTO tallies ({', '.join(keys + names)}) VALUES ({', '.join('?' * len(keys + names))}) "
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {raised}"
    )
