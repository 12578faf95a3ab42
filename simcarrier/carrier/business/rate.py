"""A rate of calls: so many a second, and so many at once after a rest.

It is a bucket of tokens. It fills at the rate, up to the burst; a call takes one token out, and finds no way in where
there is none. So in any stretch of time no more calls pass than the burst and what the rate gives in that time: with
10 a second and a burst of 10, a caller who has been quiet can have 20 in the first second and 10 in each one after.
A call that is refused takes nothing, so hammering does not lock the caller out.
"""

from __future__ import annotations

from collections import deque

MOST = 10_000
"""Calls of the last second that are counted for the words of a refusal; nothing is decided by them."""

ROUNDING = 1e-9
"""Ten tenths of a token are one, whatever binary fractions make of them."""


class Rate:
    """New calls a second.

    Args:
        per_second: how many on average.
        burst: how many at once after a rest.
    """

    __slots__ = ("_at", "_offered", "_tokens", "burst", "per_second")

    def __init__(self, per_second: int, burst: int) -> None:
        self.per_second = per_second
        self.burst = burst
        self._tokens = float(burst)
        self._at = 0.0
        self._offered: deque[float] = deque(maxlen=MOST)

    def take(self, now: float) -> bool:
        """A new call: whether it may pass.

        Args:
            now: seconds; not less than before.
        """
        offered = self._offered
        offered.append(now)
        tokens = min(self.burst, self._tokens + (now - self._at) * self.per_second)
        self._at = now
        passes = tokens >= 1 - ROUNDING
        self._tokens = max(0.0, tokens - 1) if passes else tokens
        while offered[0] <= now - 1:
            offered.popleft()
        return passes

    @property
    def offered(self) -> int:
        """How many calls came in the second before the last one, itself included."""
        return len(self._offered)

    def __str__(self) -> str:
        calls = "call" if self.offered == 1 else "calls"
        at_once = "" if self.burst == self.per_second else f", {self.burst} at once"
        return f"{self.offered} {calls} in the last second, {self.per_second} allowed{at_once}"
