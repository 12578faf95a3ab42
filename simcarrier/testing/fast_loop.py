"""An event loop on which time passes only when nothing happens, and then at once.

A call that rings for half a minute keeps a test waiting for half a minute, unless both ends and their sockets live on a
`FastLoop`: as soon as no socket has anything to read and no callback is ready, its clock jumps to the next deadline.
The sockets are real, so is what goes over them; only the waiting is left out. However busy the machine is, it does not
show in the times: while something is done, the clock stands still.

    result = fast_loop.run(a_coroutine())

What happens outside of the loop takes no time on its clock: another process, a thread, a peer on another machine. They
are given `GRACE` before each jump, which is enough for a datagram over loopback and for nothing else.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

GRACE = 0.001
"""Real seconds that sockets get to bring something before the clock jumps: loopback needs some microseconds."""

T = TypeVar("T")


class _Jumping(selectors.DefaultSelector):
    """A selector that does not sleep: it moves the clock on instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready; if nothing is, the time until ``timeout`` has passed."""
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        ready = super().select(0) or super().select(GRACE)
        if not ready:
            self.now += timeout
        return ready


class FastLoop(asyncio.SelectorEventLoop):
    """The event loop. Its clock begins at 0."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds on its own clock."""
        return self._jumping.now


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a loop of its own, as `asyncio.run` does."""
    with asyncio.Runner(loop_factory=FastLoop) as runner:
        return runner.run(main)
