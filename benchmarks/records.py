"""Records in SQLite, a million calls in the last 4 hours: the alert query, the rolling windows, writing meanwhile."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from simcarrier.deliverability import statements
from simcarrier.deliverability.alerts import Watch
from simcarrier.deliverability.queries import MINUTE, WINDOW
from simcarrier.deliverability.rules import load_rules
from simcarrier.deliverability.windows import as_of
from simcarrier.records.row import Row
from simcarrier.stores.sqlite import SqliteStore

NOW = 1_795_435_337_123
"""Monday, 23 November 2026, a little after noon UTC: no round time, so that the window has edges."""

AIM = 50.0
"""Milliseconds for the counts of all callers as of now."""

BATCH = 10_000
CALLERS = 1000


def made(count: int, after: int, until: int, rng: random.Random, name: str) -> Iterator[Row]:
    """Calls, evenly over a time, not quite in order."""
    codes = rng.choices([200, 480, 486, 603, 404, 503], [45, 25, 15, 5, 6, 4], k=4096)
    step = (until - after) / max(1, count)
    for at in range(count):
        began = min(until, after + int(step * (at + 1)) + rng.randrange(-200, 200))
        code = codes[at & 4095]
        yield Row(
            uid=f"{name}{at:012}", source="import", run="benchmark", call_id=None, attempt=1, began=began,
            final=began + 2000, caller=f"+1212555{rng.randrange(CALLERS):04}", called=f"+1415{at % 10**7:07}",
            code=code, outcome="answered" if code == 200 else "refused", post_dial_delay=500 + at % 4000,
            market="US", trunk="a",
        )  # fmt: skip


def fill(store: SqliteStore, rows: Iterator[Row]) -> int:
    count = 0
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            count += store.add(batch).new
            batch.clear()
    return count + (store.add(batch).new if batch else 0)


def timed(what: str, times: int, do: Callable[[], object]) -> float:
    """The median in ms, after one run that warms the cache."""
    took = []
    for _ in range(times + 1):
        before = time.perf_counter()
        do()
        took.append((time.perf_counter() - before) * 1000)
    middle = median(took[1:] or took)
    print(f"{what:58}{middle:10.1f} ms  (first {took[0]:.1f}, longest {max(took):.1f})", flush=True)
    return middle


def while_written(path: Path, rng: random.Random, seconds: float) -> tuple[float, float]:
    """Rows written in a second, and the median of the alert query in ms, both at the same time."""
    over = threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        store = SqliteStore(path)
        store.open()
        number = 0
        while not over.is_set():
            number += 1
            written += fill(store, made(1000, NOW - 5000, NOW, rng, f"live{number}-"))
        store.close()

    reader = SqliteStore(path)
    reader.open()
    writer = threading.Thread(target=write)
    began = time.perf_counter()
    writer.start()
    took = []
    while time.perf_counter() - began < seconds:
        before = time.perf_counter()
        as_of(reader, NOW)
        took.append((time.perf_counter() - before) * 1000)
        time.sleep(0.2)
    over.set()
    writer.join()
    reader.close()
    return written / (time.perf_counter() - began), median(took)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="all rows, 1,000,000 of them in the last 4 hours")
    parser.add_argument("--within", type=int, default=1_000_000, help="rows in the last 4 hours")
    parser.add_argument("--folder", type=Path, help="where the file goes while it is needed; some 4 GB")
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="how long it is written while the counts are asked for"
    )
    options = parser.parse_args()
    rng = random.Random(1)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "calls.db"
        store = SqliteStore(path)
        store.open()
        before = time.perf_counter()
        earlier = options.rows - options.within
        hours = WINDOW * max(1, earlier // max(1, options.within))
        fill(store, made(earlier, NOW - WINDOW - hours, NOW - WINDOW, rng, "old"))
        fill(store, made(options.within, NOW - WINDOW, NOW, rng, "new"))
        took = time.perf_counter() - before
        print(f"{options.rows:,} rows by {CALLERS:,} caller IDs, {options.rows / took:,.0f} rows/s; SQLite", flush=True)
        alert = timed("counts of all callers as of now", 20, lambda: as_of(store, NOW))
        timed("the same, as of two hours and some minutes ago", 20, lambda: as_of(store, NOW - 127 * MINUTE))
        raw = f"SELECT caller, COUNT(*), {statements.COUNTS} FROM calls WHERE began > ? AND began <= ? GROUP BY caller"
        timed("the same from the calls themselves", 1, lambda: store.query(raw, (NOW - WINDOW, NOW)))
        timed("all rules that ship, one look", 1, lambda: Watch(load_rules()).look(store, NOW))
        text, values = statements.rolling(WINDOW), (603, NOW - 2 * WINDOW, NOW, NOW - WINDOW)
        counted = f"SELECT COUNT(*), SUM(hits), MAX(attempts) FROM ({text}) AS all_of_them"
        timed(f"the window behind each of {options.within:,} calls", 1, lambda: store.query(counted, values))
        store.close()
        rate, meanwhile = while_written(path, rng, options.seconds)
        print(
            f"written while the counts are asked for: {rate:,.0f} rows/s; the counts take {meanwhile:.1f} ms meanwhile"
        )
    fine = alert < AIM
    print(f"aim: counts as of now in less than {AIM:g} ms: {'reached' if fine else 'NOT reached'}")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
