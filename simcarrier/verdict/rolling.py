"""The share of some calls among all calls of a caller, over a rolling window.

The window is cut into sixty parts, so that a caller costs the same with ten calls in it and with ten thousand; a call
leaves it with its part, up to a sixtieth of the window late.
"""

from __future__ import annotations

from collections import deque

PARTS = 60


class Rolling:
    """Counts over the last while.

    Args:
        window: its length in seconds.

    Attributes:
        calls, hits: how many calls there are in the window, and how many of them count.
    """

    __slots__ = ("_length", "_parts", "calls", "hits")

    def __init__(self, window: float) -> None:
        self._length = max(window / PARTS, 1e-9)
        self._parts: deque[tuple[int, int, int]] = deque()
        self.calls = self.hits = 0

    def add(self, now: float, hit: bool) -> None:
        """A call that is known of since ``now``, in seconds."""
        part = int(now / self._length)
        parts = self._parts
        if parts and parts[-1][0] >= part:
            last, calls, hits = parts.pop()
            parts.append((last, calls + 1, hits + hit))
        else:
            parts.append((part, 1, int(hit)))
        self.calls += 1
        self.hits += hit
        while parts and parts[0][0] <= part - PARTS:
            _, calls, hits = parts.popleft()
            self.calls -= calls
            self.hits -= hits

    @property
    def share(self) -> float:
        """The share of those that count; 0 without a call."""
        return self.hits / self.calls if self.calls else 0.0
