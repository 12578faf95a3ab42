"""Lines: how many calls can be up at once.

A line is seized when the carrier takes a call and released when the call ends or is refused. The number in use is
the size of the set of its holders, so it cannot drift from the calls that are up.
"""

from __future__ import annotations


class Lines:
    """A trunk's lines.

    Args:
        total: how many there are; None for as many as anybody wants.
    """

    __slots__ = ("_holders", "total")

    def __init__(self, total: int | None) -> None:
        self.total = total
        self._holders: set[int] = set()

    @property
    def in_use(self) -> int:
        """How many our callers hold."""
        return len(self._holders)

    @property
    def full(self) -> bool:
        """Whether none is free, as far as our callers are concerned."""
        return not self.free()

    def free(self, taken: int = 0) -> bool:
        """Whether one is free, with so many taken by others."""
        return self.total is None or len(self._holders) + taken < self.total

    def seize(self, call: int) -> bool:
        """Take a line for a call, by its number; False if none is free."""
        if not self.free():
            return False
        self._holders.add(call)
        return True

    def release(self, call: int) -> None:
        """Give a call's line back; no harm if it has none."""
        self._holders.discard(call)
