"""Tables are made and migrated once, whoever comes first; a newer database is left alone."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path

import pytest

from simcarrier.stores import schema
from simcarrier.stores.address import Kind, SecretInUrl, StoreAddress
from simcarrier.stores.json_lines import JsonLinesStore
from simcarrier.stores.placeholders import numbered
from simcarrier.stores.postgres import PostgresStore
from simcarrier.stores.sqlite import SqliteStore
from simcarrier.stores.store import Store, StoreDown, StoreFault
from tests.stores.rows import rows

NEXT = schema.Migration(schema.MIGRATIONS[-1].version + 1, ("ALTER TABLE calls ADD COLUMN mood TEXT",))


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "postgres":
        return PostgresStore(request.getfixturevalue("database"))
    return SqliteStore(tmp_path / "calls.db")


def versions(store: Store) -> list[int]:
    return [version for (version,) in store.query("SELECT version FROM simcarrier_schema ORDER BY version")]


def test_an_older_database_is_migrated(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.open()
    store.add(rows(2))
    before = versions(store)
    store.close()
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, NEXT))
    monkeypatch.setattr(schema.due, "__defaults__", (schema.MIGRATIONS,))
    store.open()
    assert versions(store) == [*before, NEXT.version]
    assert store.query("SELECT COUNT(*), COUNT(mood) FROM calls") == [(2, 0)]
    store.close()
    store.open()  # once is enough
    assert versions(store) == [*before, NEXT.version]
    store.close()


def test_a_newer_database_is_left_alone(store: Store) -> None:
    store.open()
    store.query("INSERT INTO simcarrier_schema (version) VALUES (99)")
    store.close()
    with pytest.raises(StoreFault, match="version 99 of the tables, and this simcarrier knows up to"):
        store.open()
    with pytest.raises(StoreDown):
        store.add(rows(1))


def test_a_migration_that_fails_leaves_nothing_behind(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.open()
    store.close()
    bad = schema.Migration(NEXT.version, (*NEXT.statements, "ALTER TABLE nowhere ADD COLUMN x TEXT"))
    monkeypatch.setattr(schema.due, "__defaults__", ((*schema.MIGRATIONS, bad),))
    with pytest.raises(StoreFault):
        store.open()
    monkeypatch.undo()
    store.open()
    with pytest.raises(StoreFault):
        store.query("SELECT mood FROM calls")
    store.close()


def test_many_make_the_tables_at_once(tmp_path: Path, database: str) -> None:
    for make in (lambda: SqliteStore(tmp_path / "calls.db"), lambda: PostgresStore(database)):
        failed: list[Exception] = []

        def opened(store: Store, failed: list[Exception] = failed) -> None:
            try:
                store.open()
                store.close()
            except (StoreDown, StoreFault) as why:
                failed.append(why)

        threads = [threading.Thread(target=opened, args=(make(),)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []


@pytest.mark.parametrize("content", [b"no database at all, " * 100, b"name: x\n"])
def test_a_file_that_is_something_else_is_left_alone(content: bytes, tmp_path: Path) -> None:
    for store in (SqliteStore(tmp_path / "a.db"), JsonLinesStore(tmp_path / "a.jsonl")):
        path = Path(store.name)
        path.write_bytes(content)
        with pytest.raises(StoreFault):
            store.open()
        assert path.read_bytes() == content


def test_another_program_s_database_is_not_filled(tmp_path: Path) -> None:
    path = tmp_path / "calls.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE calls (id INTEGER)")
    connection.close()
    with pytest.raises(StoreFault, match="calls already exists"):
        SqliteStore(path).open()


def test_a_line_that_was_cut_off_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    store = JsonLinesStore(path)
    store.open()
    store.add(rows(2))
    store.close()
    path.write_bytes(path.read_bytes()[:-20])
    store.open()
    store.add(rows(3))
    store.close()
    assert [json.loads(line)["call_id"] for line in path.read_text().splitlines()] == ["call-1", "call-2", "call-3"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("calls.db", Kind.SQLITE),
        ("a/b.SQLITE3", Kind.SQLITE),
        ("calls.jsonl", Kind.JSON_LINES),
        ("calls.parquet", Kind.PARQUET),
        ("postgresql://me@host:5433/calls?sslmode=require", Kind.POSTGRES),
        ("postgres:///calls", Kind.POSTGRES),
    ],
)
def test_addresses(text: str, kind: Kind) -> None:
    address = StoreAddress.parse(text)
    assert (address.kind, str(address)) == (kind, text)
    assert address.store().name == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("calls", "must be a file such as calls.db"),
        ("calls.xlsx", "must be a file such as calls.db"),
        ("mysql://host/calls", "other databases are not known"),
        ("postgresql://[::1/calls", "must be a URL such as"),
    ],
)
def test_what_is_no_address(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        StoreAddress.parse(text)


@pytest.mark.parametrize("text", ["postgresql://me:hunter2@host/x", "postgresql://host/x?password=hunter2"])
def test_a_password_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(SecretInUrl, match="PGPASSWORD") as caught:
        StoreAddress.parse(text)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("sql", "params", "expected"),
    [
        ("a = ? AND b = ?", (1, 2), ("a = $1 AND b = $2", [1, 2])),
        ("a = :x OR b = :y OR c = :x", {"x": 1, "y": 2}, ("a = $1 OR b = $2 OR c = $1", [1, 2])),
        ("a::text = '?' -- ?\n AND b = ?", (1,), ("a::text = '?' -- ?\n AND b = $1", [1])),
        ("\"a?\" /* ? :x\n */ = ? || ':x'", (1,), ("\"a?\" /* ? :x\n */ = $1 || ':x'", [1])),
        ("'it''s ?' = ?", (1,), ("'it''s ?' = $1", [1])),
    ],
)
def test_placeholders(sql: str, params: tuple[int, ...] | dict[str, int], expected: tuple[str, list[int]]) -> None:
    assert numbered(sql, params) == expected
