"""Taking turns with the network, on one thread: waiting cheaply, and long work in slices.

A call that ends is diagnosed, told and written, which costs more than its messages. When hundreds end at once that
would hold up the CANCEL of those whose time comes meanwhile, so the work waits its turn (`Turns`). And a campaign that
places a thousand calls a second waits a thousand times a second: `asyncio.wait_for` makes a task of each wait, `Bell`
does not.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Generic, TypeVar

SLICE = 0.005
"""Seconds of work before the network has its turn."""

Item = TypeVar("Item")


class Turns(Generic[Item]):
    """Items that are dealt with in their order, a slice at a time. Nothing else bounds them: who adds them must.

    Args:
        do: deals with one.
    """

    def __init__(self, do: Callable[[Item], None]) -> None:
        self._do = do
        self._items: deque[Item] = deque()

    def add(self, item: Item) -> None:
        """Deal with it soon, not now."""
        if not self._items:
            asyncio.get_running_loop().call_soon(self._work)
        self._items.append(item)

    def _work(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + SLICE
        try:
            while self._items:
                # It stands in the queue while it is dealt with, so that one added meanwhile does not call for a turn.
                self._do(self._items[0])
                del self._items[0]
                if loop.time() > until:
                    break
        except BaseException:
            del self._items[0]  # it has had its turn; the loop tells of the fault
            raise
        finally:
            if self._items:
                loop.call_soon(self._work)


class Bell:
    """Wakes one who waits for a time, or for somebody to ring. A ring that nobody waits for is lost."""

    def __init__(self) -> None:
        self._waiter: asyncio.Future[None] | None = None

    def ring(self) -> None:
        """Wake whoever waits."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self, when: float | None) -> None:
        """Wait until it rings.

        Args:
            when: on the loop's clock, the latest; None: for ever.
        """
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        alarm = None if when is None else loop.call_at(when, self.ring)
        try:
            await self._waiter
        finally:
            if alarm is not None:
                alarm.cancel()

    async def unless(self, stopped: Callable[[], bool], work: Coroutine[object, object, Item]) -> Item | None:
        """What the work comes to; None if it was stopped before.

        Args:
            stopped: asked whenever it rings.
            work: what to wait for; it is cancelled when it is stopped.
        """
        task = asyncio.ensure_future(work)
        task.add_done_callback(lambda _: self.ring())
        while not task.done() and not stopped():
            await self.wait(None)
        return task.result() if task.done() or not task.cancel() else None
