"""A dictionary that keeps the most recent entries only."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

MOST = 100_000
"""Numbers or callers that a judge keeps at a time: some tens of megabytes. The one not heard of for longest goes."""


class Recent(Generic[K, V]):
    """What was heard of lately.

    Attributes:
        forgotten: how many entries had to go.
    """

    __slots__ = ("_entries", "_most", "forgotten")

    def __init__(self, most: int = MOST) -> None:
        self._entries: OrderedDict[K, V] = OrderedDict()
        self._most = most
        self.forgotten = 0

    def get(self, key: K) -> V | None:
        """What is kept under a key."""
        return self._entries.get(key)

    def put(self, key: K, value: V) -> None:
        """Keep a value, in place of the one before."""
        entries = self._entries
        entries[key] = value
        entries.move_to_end(key)
        if len(entries) > self._most:
            entries.popitem(last=False)
            self.forgotten += 1

    def drop(self, key: K) -> None:
        """Let go of a key on purpose."""
        self._entries.pop(key, None)

    def items(self) -> Iterator[tuple[K, V]]:
        """All there is, what was not heard of for longest first."""
        return iter(self._entries.items())

    def __len__(self) -> int:
        return len(self._entries)

    def caveat(self, what: str) -> str:
        """What a finding adds when entries had to go; empty if none had to."""
        return f" (too many {what}: {self.forgotten} of them were forgotten)" if self.forgotten else ""
