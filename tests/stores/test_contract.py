"""What every store does alike: one contract, tried with SQLite, PostgreSQL and JSON Lines."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simcarrier.deliverability.tally import Counts, Key, tally
from simcarrier.records.row import COLUMNS, NAMES, Row, row_of, values_of
from simcarrier.stores.json_lines import JsonLinesStore
from simcarrier.stores.parquet import ParquetStore, write_parquet
from simcarrier.stores.postgres import PostgresStore
from simcarrier.stores.sqlite import SqliteStore
from simcarrier.stores.store import Added, Store, StoreDown, StoreFault
from tests.stores.rows import any_rows, row, rows

Maker = Callable[[], Store]


@pytest.fixture(params=["sqlite", "postgres", "json_lines"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Maker]:
    """Makes stores over the same place, opened; they are closed at the end."""
    url = request.getfixturevalue("database") if request.param == "postgres" else ""
    made: list[Store] = []

    def one() -> Store:
        makers: dict[str, Maker] = {
            "sqlite": lambda: SqliteStore(tmp_path / "calls.db"),
            "postgres": lambda: PostgresStore(url),
            "json_lines": lambda: JsonLinesStore(tmp_path / "calls.jsonl"),
        }
        store = makers[request.param]()
        store.open()
        made.append(store)
        return store

    yield one
    for store in made:
        store.close()


def kept(store: Store) -> list[Row]:
    if isinstance(store, JsonLinesStore):  # as anybody reads it; DuckDB takes its time to start
        found = [Row.from_dict(json.loads(line)) for line in Path(store.name).read_text().splitlines()]
        return sorted(found, key=lambda one: (one.began, one.uid))
    return [row_of(tuple(told)) for told in store.query(f"SELECT {', '.join(NAMES)} FROM calls ORDER BY began, uid")]


def sums(store: Store) -> list[tuple[object, ...]]:
    told = store.query(f"SELECT {', '.join(Key._fields + Counts._fields)} FROM tallies")
    return sorted(tuple(cell if place in (0, 3) else int(cell) for place, cell in enumerate(line)) for line in told)


def expected_sums(given: list[Row]) -> list[tuple[object, ...]]:
    return [key + counts for key, counts in tally(given).items()]


def test_what_is_kept_is_what_was_given(make: Maker) -> None:
    store = make()
    full = row_of(tuple(f'it\'s "{column.name}" \\ ü\n' if column.type == "TEXT" else 7 for column in COLUMNS))
    bare = Row("bare", "import", None, None, None, 5)
    assert store.add([full, bare]) == Added(2, 0)
    assert kept(store) == [bare, full]


def test_a_call_is_kept_once(make: Maker) -> None:
    store = make()
    assert store.add(rows(3)) == Added(3, 0)
    changed = [one._replace(code=200) for one in rows(5)]
    assert store.add([*changed, row(5), row(6)]) == Added(3, 4)
    assert [one.code for one in kept(store)] == [603, 603, 603, 200, 200, 603]
    assert sums(store) == expected_sums(kept(store))


def test_nothing_is_nothing(make: Maker) -> None:
    store = make()
    assert store.add([]) == Added(0, 0)
    assert kept(store) == []
    assert sums(store) == []


def test_it_is_there_for_the_next_one(make: Maker) -> None:
    first = make()
    first.add(rows(2))
    first.close()
    second = make()
    assert second.add(rows(3)) == Added(1, 2)
    assert len(kept(second)) == 3


def test_it_can_be_opened_anew_and_closed_twice(make: Maker) -> None:
    store = make()
    store.add(rows(1))
    store.open()
    assert store.add(rows(2)) == Added(1, 1)
    store.close()
    store.close()
    with pytest.raises(StoreDown):
        store.add(rows(1))


def test_two_writers_at_once(make: Maker) -> None:
    stores = [make(), make()]
    results: list[Added] = []

    def write(store: Store, offset: int) -> None:
        # Half of the rows are the other's, too.
        results.extend([store.add(rows(40, first + offset)) for first in range(0, 400, 40)])

    threads = [threading.Thread(target=write, args=(store, 20 * place)) for place, store in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 20
    assert sum(one.new for one in results) == 420
    assert sorted(one.call_id or "" for one in kept(stores[0])) == sorted(f"call-{n}" for n in range(420))
    assert sums(stores[1]) == expected_sums(kept(stores[0]))


def test_questions_have_parameters_in_order_or_by_name(make: Maker) -> None:
    store = make()
    store.add([*rows(2), row(3, code=486, phrase="50% :busy?")])
    by_order = "SELECT call_id, '?' FROM calls WHERE code = ? AND began > ? -- why?"
    assert store.query(by_order, (486, 0)) == [("call-3", "?")]
    by_name = "SELECT call_id FROM calls WHERE phrase = :phrase AND code = :code AND phrase <> ':code' AND code = :code"
    assert store.query(by_name, {"phrase": "50% :busy?", "code": 486}) == [("call-3",)]


def test_a_wrong_question_is_no_disaster(make: Maker) -> None:
    store = make()
    store.add(rows(1))
    with pytest.raises(StoreFault):
        store.query("SELECT nothing FROM nowhere")
    assert len(kept(store)) == 1
    assert store.add(rows(2)) == Added(1, 1)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_rows=st.lists(st.lists(any_rows, max_size=12), max_size=4))
def test_whatever_a_row_holds(given_rows: list[list[Row]], make: Maker) -> None:
    store = make()
    if isinstance(store, JsonLinesStore):
        Path(store.name).write_bytes(b"")
        store.open()
    else:
        for table in ("calls", "tallies"):
            store.query(f"DELETE FROM {table}")
    known: dict[str, Row] = {}
    for batch in given_rows:
        new = {one.uid for one in batch} - known.keys()
        assert store.add(batch) == Added(len(new), len(batch) - len(new))
        known = {one.uid: one for one in reversed(batch)} | known  # who came first stays
    assert sorted(kept(store), key=values) == sorted(known.values(), key=values)
    assert sums(store) == expected_sums(list(known.values()))
    store.close()


def values(one: Row) -> tuple[str, ...]:
    return tuple(map(repr, values_of(one)))


def test_parquet_holds_the_same(tmp_path: Path) -> None:
    path = tmp_path / "it's [calls]*.parquet"
    given_rows = [*rows(3), row(4, caller=None, phrase="ü '\"\n", code=None, outcome="stalled")]
    assert write_parquet(path, [given_rows[:2], given_rows[2:]]) == 4
    store = ParquetStore(path)
    store.open()
    assert kept(store) == given_rows
    assert sums(store) == expected_sums(given_rows)
    with pytest.raises(StoreFault, match="cannot be added to"):
        store.add(rows(1))
    store.close()
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_parquet_of_nothing(tmp_path: Path) -> None:
    assert write_parquet(tmp_path / "calls.parquet", []) == 0
    store = ParquetStore(tmp_path / "calls.parquet")
    store.open()
    assert kept(store) == []
    store.close()
