"""Rows on their way: in batches, and whatever becomes of the store, none is lost without being counted."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from simcarrier.records.row import Row
from simcarrier.stores.postgres import PostgresStore
from simcarrier.stores.sqlite import SqliteStore
from simcarrier.stores.store import Added, StoreDown, StoreFault
from simcarrier.stores.writer import State, Writer
from tests.stores.postgres import Cluster, cluster
from tests.stores.rows import row, rows

QUICK = 0.01
PATIENCE = 30.0


class Kept:
    """A store in memory, with a switch."""

    name = "kept"

    def __init__(self) -> None:
        self.down: Exception | None = None
        self.rows: dict[str, Row] = {}
        self.batches: list[int] = []
        self.threads: set[int] = set()
        self.opened = 0

    def open(self) -> None:
        if self.down is not None:
            raise self.down
        self.opened += 1

    def add(self, rows: Sequence[Row]) -> Added:
        self.threads.add(threading.get_ident())
        if self.down is not None:
            raise self.down
        if any(one.code == 999_999_999_999 for one in rows):
            raise StoreFault("kept: code is out of range")
        new = {one.uid: one for one in rows if one.uid not in self.rows}
        self.rows |= new
        self.batches.append(len(rows))
        return Added(len(new), len(rows) - len(new))

    def query(self, sql: str, params: object = ()) -> list[tuple[Any, ...]]:
        return []

    def close(self) -> None:
        pass


def same(one: Row) -> Row:
    return one


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def writer(kept: Kept, said: list[str], tmp_path: Path) -> Iterator[Writer[Row]]:
    made = Writer(kept, same, tmp_path / "spool", said.append, interval=QUICK)
    made.start()
    yield made
    made.close()


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def put_all(writer: Writer[Row], given: Sequence[Row]) -> None:
    for one in given:
        writer.put(one)


def test_rows_are_written_in_batches_and_by_another_thread(writer: Writer[Row], kept: Kept, said: list[str]) -> None:
    put_all(writer, rows(12_000))
    assert writer.close() == State(written=12_000)
    assert list(kept.rows.values()) == rows(12_000)
    assert max(kept.batches) <= 5_000
    assert kept.threads.isdisjoint({threading.get_ident()})
    assert said == []


def test_what_is_no_call_is_left_out_and_what_cannot_be_a_row_is_counted(kept: Kept, tmp_path: Path) -> None:
    def maker(number: int) -> Row | None:
        if number == 3:
            raise ValueError("3 is odd")
        return None if number == 2 else row(number)

    said: list[str] = []
    writer = Writer(kept, maker, tmp_path, said.append)
    writer.start()
    for number in range(5):
        writer.put(number)
    assert writer.close() == State(written=3, dropped=1)
    assert said == ["records are dropped: a call could not be made a row of: 3 is odd"]


def test_a_store_that_is_lost_and_comes_back(writer: Writer[Row], kept: Kept, said: list[str], tmp_path: Path) -> None:
    put_all(writer, rows(10))
    until(lambda: len(kept.rows) == 10)
    kept.down = StoreDown("kept: the disk is full")
    put_all(writer, rows(20, 11))
    until(lambda: writer.state.waiting == 20)
    assert writer.state == State(written=10, waiting=20, trouble="kept: the disk is full")
    assert said == [f"kept: the disk is full; records wait in {tmp_path / 'spool'}"]
    put_all(writer, rows(5, 31))
    until(lambda: writer.state.waiting == 25)
    kept.down = None
    until(lambda: len(kept.rows) == 35)
    until(lambda: writer.state == State(written=35))
    assert said[1:] == ["kept is written again, 25 waiting"]
    assert kept.opened == 2
    writer.close()
    assert not (tmp_path / "spool").exists()


def test_what_a_store_does_not_take_in_time_waits_for_the_next_run(kept: Kept, tmp_path: Path) -> None:
    first = Writer(kept, same, tmp_path / "spool")
    first.start()
    kept.down = StoreDown("gone")
    put_all(first, rows(7))
    assert first.close() == State(waiting=7, trouble="gone")
    kept.down = None
    said: list[str] = []
    second = Writer(kept, same, tmp_path / "spool", said.append)
    second.start()
    second.put(row(8))
    assert second.close() == State(written=8)
    assert len(kept.rows) == 8
    assert said[0] == f"kept: 7 records of an earlier run waited in {tmp_path / 'spool'}"


def test_a_store_that_cannot_be_opened_is_told_at_once(kept: Kept, tmp_path: Path) -> None:
    kept.down = StoreFault("no such database")
    with pytest.raises(StoreFault, match="no such database"):
        Writer(kept, same, tmp_path).start()


def test_a_driver_may_raise_anything(writer: Writer[Row], kept: Kept) -> None:
    kept.down = ZeroDivisionError("oops")
    put_all(writer, rows(3))
    until(lambda: writer.state.waiting == 3)
    assert writer.state.trouble == "kept: ZeroDivisionError: oops"
    kept.down = None
    until(lambda: writer.state == State(written=3))


def test_a_row_that_no_table_takes_does_not_keep_the_others_out(writer: Writer[Row], kept: Kept) -> None:
    put_all(writer, [row(1), row(2, code=999_999_999_999), row(3)])
    assert writer.close() == State(written=2, dropped=1)
    assert [one.call_id for one in kept.rows.values()] == ["call-1", "call-3"]


def test_when_nothing_takes_them_rows_are_held_in_memory_and_then_dropped(kept: Kept, tmp_path: Path) -> None:
    said: list[str] = []
    writer = Writer(kept, same, tmp_path, said.append, interval=QUICK, most_bytes=100, most_held=25)
    writer.start()
    kept.down = StoreDown("gone")
    put_all(writer, rows(20))
    until(lambda: writer.state.waiting == 20)
    put_all(writer, rows(20, 21))
    until(lambda: writer.state.waiting + writer.state.dropped == 40)
    lost = writer.state.dropped
    assert lost >= 15
    assert any(text.startswith("records are dropped: ") and "holds as much as it may" in text for text in said)
    kept.down = None
    assert writer.close() == State(written=40 - lost, dropped=lost)


def test_calls_that_come_faster_than_memory_holds_are_counted(
    kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simcarrier.stores.writer.MOST_WAITING", 5)
    writer = Writer(kept, same, tmp_path, interval=60)
    writer.start()
    put_all(writer, rows(8))
    assert writer.state.dropped == 3
    assert writer.close() == State(written=5, dropped=3)


# Real stores


def written(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        (count,) = connection.execute("SELECT COUNT(*) FROM calls").fetchone()
    connection.close()
    return int(count)


def test_a_locked_file_does_not_hold_up_anybody(tmp_path: Path) -> None:
    path = tmp_path / "calls.db"
    writer = Writer(SqliteStore(path, patience=0.01), same, tmp_path / "spool", interval=QUICK)
    writer.start()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    before = time.monotonic()
    put_all(writer, rows(100))
    assert time.monotonic() - before < 1
    until(lambda: writer.state.waiting == 100)
    assert "locked" in (writer.state.trouble or "")
    other.execute("ROLLBACK")
    other.close()
    until(lambda: writer.state == State(written=100))
    writer.close()
    assert written(path) == 100


def test_a_file_that_is_full(tmp_path: Path) -> None:
    path = tmp_path / "calls.db"
    store = SqliteStore(path)
    writer = Writer(store, same, tmp_path / "spool", interval=QUICK)
    writer.start()
    put_all(writer, rows(10))
    until(lambda: writer.state.written == 10)
    (pages,) = store.query("PRAGMA page_count")
    store.query(f"PRAGMA max_page_count = {pages[0]}")  # what a full disk answers: SQLITE_FULL
    put_all(writer, rows(5_000, 11))
    until(lambda: writer.state.trouble is not None or writer.state.written == 5_010)
    until(lambda: writer.state == State(written=5_010))  # opened anew there is room again
    writer.close()
    assert written(path) == 5_010


def test_a_file_that_is_deleted_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "calls.db"
    writer = Writer(SqliteStore(path), same, tmp_path / "spool", interval=QUICK)
    writer.start()
    put_all(writer, rows(10))
    until(lambda: writer.state.written == 10)
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink()
    put_all(writer, rows(10, 11))
    until(lambda: writer.state == State(written=20))
    writer.close()
    assert written(path) == 10


KILLED = """
import sys, time
from pathlib import Path
from simcarrier.stores.sqlite import SqliteStore
from simcarrier.stores.writer import Writer
from tests.stores.rows import row

writer = Writer(SqliteStore(Path(sys.argv[1])), lambda one: one, Path(sys.argv[2]), interval=0.05)
writer.start()
number = 0
while True:
    number += 1
    writer.put(row(number))
    print(number, time.monotonic(), flush=True)
    time.sleep(0.0005)
"""


def test_a_process_that_is_killed_loses_the_last_moment_only(tmp_path: Path) -> None:
    path = tmp_path / "calls.db"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path), str(tmp_path / "spool")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert process.stdout is not None
    lines: list[tuple[int, float]] = []
    while not lines or lines[-1][0] < 1500:
        number, at = process.stdout.readline().split()
        lines.append((int(number), float(at)))
    process.send_signal(signal.SIGKILL)
    lines += [(int(one.split()[0]), float(one.split()[1])) for one in process.stdout if len(one.split()) == 2]
    process.wait()
    process.stdout.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        (count,) = connection.execute("SELECT COUNT(*) FROM calls").fetchone()
        (counted,) = connection.execute(
            "SELECT SUM(attempts) FROM tallies WHERE field = 'caller' AND step = 300000"
        ).fetchone()
    connection.close()
    assert counted == count
    last = lines[-1][1]
    # The interval, and what a batch takes on a machine that has other things to do.
    assert count >= max(number for number, at in lines if at < last - 0.5)


def test_postgresql_is_stopped_under_load_and_nothing_is_lost(tmp_path: Path) -> None:
    said: list[str] = []
    with cluster() as server:
        url = server.database()
        writer = Writer(PostgresStore(url), same, tmp_path / "spool", said.append, interval=QUICK)
        writer.start()
        number = 0

        def load(seconds: float) -> None:
            nonlocal number
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                put_all(writer, rows(20, number))
                number += 20
                time.sleep(0.005)

        load(0.3)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        while stopping.is_alive():
            load(0.05)
        load(0.3)
        until(lambda: writer.state.trouble is not None)
        until(lambda: writer.state.waiting > 0)
        starting = threading.Thread(target=server.start)
        starting.start()
        while starting.is_alive():
            load(0.05)
        load(0.2)
        until(lambda: writer.state.trouble is None and writer.state.waiting == 0)
        state = writer.close()
        assert (state.written, state.dropped, state.trouble) == (number, 0, None)
        store = PostgresStore(url)
        store.open()
        assert store.query("SELECT COUNT(*), COUNT(DISTINCT call_id) FROM calls") == [(number, number)]
        assert store.query("SELECT SUM(attempts) FROM tallies WHERE field = ? AND step = ?", ("trunk", 3_600_000)) == [
            (number,)
        ]
        store.close()
    assert "records wait in" in said[0]
    assert "is written again" in said[-1]


def test_connections_that_are_cut_come_back(postgres: Cluster, database: str, tmp_path: Path) -> None:
    writer = Writer(PostgresStore(database), same, tmp_path / "spool", interval=QUICK)
    writer.start()
    put_all(writer, rows(50))
    until(lambda: writer.state.written == 50)
    other = PostgresStore(database)
    other.open()
    other.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    put_all(writer, rows(50, 51))
    until(lambda: writer.state.written == 100)
    assert writer.close() == State(written=100)
    other.close()
