"""Records that are kept, asked by a thread: a question never holds up the loop, which may be the carrier's own.

One question is asked at a time, and those that are alike are asked once: pages that are open side by side share what
they learn. An answer holds for a moment (`FRESH`), and longer where it took long: so pages that are open, however many,
keep the thread busy for a twentieth of the time that a question of theirs is asked again and again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from simcarrier.stores.address import StoreAddress
from simcarrier.stores.store import Store, StoreDown, StoreFault

FRESH: Final = 2.0
"""Seconds for which an answer is good, at least."""

TIMES: Final = 20
"""An answer is good for so many times as long as it took."""

BESIDE_CALLS: Final = 100
"""The same in the process of a carrier, which has something better to do."""

MOST_ANSWERS: Final = 64

T = TypeVar("T")


@dataclass(slots=True)
class _Answer:
    """What was asked; `until` is when the answer is no longer good, None while there is none."""

    found: asyncio.Future[Any] | None = None
    until: float | None = None


class Book:
    """A store, open for as long as the pages are served.

    Args:
        address: where the records are.
        times: see `TIMES`; None for these.

    Attributes:
        name: what it is called; holds no secret.
    """

    def __init__(self, address: StoreAddress, times: int | None = None) -> None:
        self.name = str(address)
        self._address = address
        self._times = times
        self._store: Store | None = None
        self._thread = ThreadPoolExecutor(1, "simcarrier-book")
        self._answers: dict[Hashable, _Answer] = {}

    async def ask(self, key: Hashable, question: Callable[[Store], T]) -> T:
        """Ask something.

        Args:
            key: what is asked, parameters included.
            question: asks the store, on the book's thread.

        Raises:
            StoreDown, StoreFault: there is no answer; the text says why.
            simcarrier.extras.MissingExtra: a package is missing.
        """
        answer = self._answers.get(key)
        if answer is None or answer.found is None or (answer.until is not None and time.monotonic() > answer.until):
            answer = _Answer()
            answer.found = asyncio.get_running_loop().run_in_executor(self._thread, self._timed, question, answer)
            self._answers.pop(key, None)
            self._answers[key] = answer
            while len(self._answers) > MOST_ANSWERS:
                self._answers.pop(next(iter(self._answers)))
        # A reader who leaves must not take the answer from the others.
        told: T = await asyncio.shield(answer.found)
        return told

    def _timed(self, question: Callable[[Store], T], answer: _Answer) -> T:
        began, good = time.monotonic(), FRESH
        try:
            told = self._ask(question)
            times = TIMES if self._times is None else self._times
            good = max(good, times * (time.monotonic() - began))
            return told
        finally:
            answer.until = time.monotonic() + good

    def _ask(self, question: Callable[[Store], T]) -> T:
        if self._store is None:
            store = self._address.store()
            store.open()
            self._store = store
        try:
            return question(self._store)
        except (StoreDown, StoreFault):
            self._store.close()
            self._store = None  # and is opened anew by the next question
            raise

    async def close(self) -> None:
        """Let go of the store. What has not been asked yet is not asked any more."""
        for answer in self._answers.values():
            if answer.found is not None:
                answer.found.cancel()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
