"""Questions that take a while: a page waits for a moment, and shows what is known by then.

What was asked goes on being answered. A page that is fetched again a moment later finds the answers, and one that
stays open shows the figures of before until the new ones are there.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Final

from simcarrier.stores.store import Store

from ..book import Book

PATIENCE: Final = 0.6
"""Seconds for which a page waits."""

MOST_KEPT: Final = 64
"""Answers that are kept to be shown until the next: some 100 kB each at most."""

Question = tuple[Hashable, Callable[[Store], Any]]
"""What it is about, and what asks it of the store."""


class Desk:
    """Takes questions to a book.

    Args:
        book: answers them one after the other.
    """

    def __init__(self, book: Book) -> None:
        self.book = book
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._asked: set[asyncio.Task[Any]] = set()

    async def ask(self, questions: Mapping[str, Question], patience: float = PATIENCE) -> dict[str, Any]:
        """Ask some questions, and wait for a moment.

        Returns:
            The answers by name, as far as they are known: the last one where the new one is not there yet, and None
            where there has been none.

        Raises:
            simcarrier.stores.store.StoreDown, simcarrier.stores.store.StoreFault: there will be none.
            simcarrier.extras.MissingExtra: a package is missing.
        """
        tasks = {name: asyncio.ensure_future(self._ask(*question)) for name, question in questions.items()}
        for task in tasks.values():
            self._asked.add(task)
            task.add_done_callback(self._done)
        if tasks:
            await asyncio.wait(tasks.values(), timeout=patience, return_when=asyncio.FIRST_EXCEPTION)
        for task in tasks.values():
            if task.done():
                task.result()  # a fault is told, whatever else is known
        return {
            name: task.result() if task.done() else self._kept.get(questions[name][0]) for name, task in tasks.items()
        }

    async def _ask(self, key: Hashable, question: Callable[[Store], Any]) -> Any:
        answer = await self.book.ask(key, question)
        self._kept[key] = answer
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return answer

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._asked.discard(task)
        if not task.cancelled():
            task.exception()  # has been told, or nobody waits any more
