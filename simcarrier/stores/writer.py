"""Rows on their way to a store: in batches, by a thread of its own, whatever becomes of the store.

Who has a call to record hands it over and goes on: that is an append to a queue. The thread makes a row of it, and
writes what has come every moment. Where the store cannot be written, the rows wait in a spool on disk; the store is
tried again at longer and longer intervals, and when it is back what waits is written first. Where the spool is full,
too, so many rows are held in memory; what is more is dropped, and counted.

A process that is killed loses what came since the last batch (`INTERVAL`), and no more.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Generic, TypeVar

from simcarrier.records.row import Row, row_of, values_of

from .spool import MOST_BYTES, Spool, SpoolFull
from .store import Store, StoreDown, StoreFault

INTERVAL: Final = 0.25
"""Seconds between two batches."""

LARGEST_BATCH: Final = 5_000
"""Rows written at a time."""

MOST_WAITING: Final = 200_000
"""Calls in memory at most, when they come faster than disks are; some 100 MB."""

MOST_HELD: Final = 200_000
"""Rows held in memory at most, while neither the store nor the spool takes them; again some 100 MB."""

BREATH: Final = 16
"""Calls made rows of before the interpreter is offered to other threads: the event loop waits for no more."""

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 10.0
"""Seconds until a store that was lost is tried again; twice as long each time."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class State:
    """How the writing goes.

    Attributes:
        written: rows that the store has taken as new.
        known: rows that it had already.
        waiting: rows that wait for the store, on disk and in memory.
        dropped: calls that were given up: there was room nowhere, or they could not be made rows of.
        unreadable: lines of the spool that were no rows.
        trouble: why the store cannot be written now; None if it can.
    """

    written: int = 0
    known: int = 0
    waiting: int = 0
    dropped: int = 0
    unreadable: int = 0
    trouble: str | None = None


class Writer(Generic[T]):
    """Writes calls to a store.

    Args:
        store: opened by `start`; used by the thread only.
        row_of: makes a row of what is handed over, in the thread; None for what is no call.
        folder: where rows wait on disk; see `spool.spool_folder`.
        tell: is told of every change for the worse or the better, in words, in the thread.
        interval: seconds between two batches.
        most_bytes: the room on disk.
        most_held: rows held in memory when there is no more.
    """

    def __init__(
        self,
        store: Store,
        row_of: Callable[[T], Row | None],
        folder: Path,
        tell: Callable[[str], None] = lambda text: None,
        *,
        interval: float = INTERVAL,
        most_bytes: int = MOST_BYTES,
        most_held: int = MOST_HELD,
    ) -> None:
        self._store = store
        self._row_of = row_of
        self._tell = tell
        self._interval = interval
        self._spool = Spool(folder, most_bytes)
        self._most_held = most_held
        self._held: deque[list[Row]] = deque()
        self._queue: deque[T] = deque()
        self._over = threading.Event()
        self._state = State()
        self._turned_away = 0  # by `put`, in the caller's thread
        self._overflowed = False
        self._again_at = 0.0
        self._pause = FIRST_PAUSE
        self._up = True
        self._last = False
        self._thread = threading.Thread(target=self._run, name="records", daemon=True)

    @property
    def state(self) -> State:
        """How the writing goes."""
        state = self._state
        return replace(state, dropped=state.dropped + self._turned_away)

    def start(self) -> None:
        """Open the store, and begin to write.

        Raises:
            StoreFault, StoreDown: the store cannot be used.
        """
        self._store.open()
        try:
            left = self._spool.find()
        except OSError as error:
            self._store.close()
            raise StoreFault(f"{self._spool.folder} cannot be read: {error.strerror}") from error
        if left:
            self._tell(
                f"{self._store.name}: {left:,} record{_s(left)} of an earlier run waited in {self._spool.folder}"
            )
        self._note()
        self._thread.start()

    def put(self, call: T) -> None:
        """Have a call written, sooner or later; costs a moment, and never raises."""
        if len(self._queue) < MOST_WAITING:
            self._queue.append(call)
        else:
            self._turned_away += 1

    def close(self) -> State:
        """Write what has come, let go of the store. What it does not take now waits on disk for the next run."""
        self._over.set()
        self._thread.join()
        self._store.close()
        self._spool.close()
        return self.state

    # What follows is done by the thread.

    def _run(self) -> None:
        while not self._over.wait(self._interval):
            self._work()
        self._again_at = 0.0  # once more, at once
        self._last = True
        self._work()

    def _work(self) -> None:
        """Write what waits, on disk and in memory."""
        if self._up or time.monotonic() >= self._again_at:
            self._up = self._replay()
        held, self._held = self._held, deque()
        while batch := held.popleft() if held else self._batch():
            if self._up:
                self._up = self._write(batch)
            if not self._up:
                self._put_aside(batch)
        self._note()

    def _batch(self) -> list[Row]:
        """Rows of what was handed over last."""
        rows: list[Row] = []
        queue = self._queue
        for number in range(1, LARGEST_BATCH + 1):
            if not queue:
                break
            if not number % BREATH:
                time.sleep(0)
            call = queue.popleft()
            try:
                row = self._row_of(call)
            except ValueError as why:
                self._drop(1, f"a call could not be made a row of: {why}")
                continue
            if row is not None:
                rows.append(row)
        return rows

    def _write(self, rows: list[Row]) -> bool:
        """Hand rows to the store; returns whether it took them."""
        try:
            try:
                added = self._store.add(rows)
            except StoreFault as why:
                sound = self._sound(rows)
                if len(sound) == len(rows):
                    raise  # it is not for the rows that the store does not take them
                self._drop(len(rows) - len(sound), str(why))
                added = self._store.add(sound)
        except (StoreDown, StoreFault) as why:
            self._lost(why)
            return False
        except Exception as error:  # noqa: BLE001 - whatever a driver may raise, this thread must live
            self._lost(StoreFault(f"{self._store.name}: {type(error).__name__}: {error}"))
            return False
        state = self._state
        self._state = replace(state, written=state.written + added.new, known=state.known + added.known)
        return True

    def _sound(self, rows: list[Row]) -> list[Row]:
        """Those of the rows that are as rows must be: one that no table takes must not keep the others out."""
        sound = []
        for row in rows:
            try:
                sound.append(row_of(values_of(row)))
            except ValueError:
                continue
        return sound

    def _replay(self) -> bool:
        """Write what waits on disk; returns whether the store is to be had."""
        if self._state.trouble is not None:
            try:
                self._store.open()
            except (StoreDown, StoreFault) as why:
                self._lost(why)
                return False
        waited = self._spool.waiting
        if waited:
            try:
                if not all(self._write(batch) for batch in self._spool.batches()):
                    return False
            except OSError as error:
                self._drop(waited, f"{self._spool.folder} cannot be read: {error.strerror}")
        if self._state.trouble is not None or waited:
            self._state = replace(self._state, trouble=None)
            self._pause = FIRST_PAUSE
            self._tell(f"{self._store.name} is written again" + (f", {waited:,} waiting" if waited else ""))
        return True

    def _lost(self, why: Exception) -> None:
        first = self._state.trouble is None
        self._state = replace(self._state, trouble=str(why))
        self._again_at = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        if first:
            self._tell(f"{why}; records wait in {self._spool.folder}")

    def _put_aside(self, rows: list[Row]) -> None:
        try:
            self._spool.add(rows)
        except SpoolFull as why:
            if not self._last and sum(map(len, self._held)) + len(rows) <= self._most_held:
                self._held.append(rows)
            else:
                self._drop(len(rows), str(why))

    def _drop(self, count: int, why: str) -> None:
        if not self._overflowed:
            self._overflowed = True
            self._tell(f"records are dropped: {why}")
        self._state = replace(self._state, dropped=self._state.dropped + count)

    def _note(self) -> None:
        self._state = replace(
            self._state, waiting=self._spool.waiting + sum(map(len, self._held)), unreadable=self._spool.unreadable
        )


def _s(count: int) -> str:
    return "" if count == 1 else "s"
