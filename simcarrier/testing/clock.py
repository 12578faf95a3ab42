"""A clock that stands still until it is moved.

Whoever has deadlines is *driven* by the clock: moving it calls each of them in the order of their deadlines, and among
equals in the order in which they were added. So a run is the same every time, and four hours take a moment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

STILL = 100_000
"""Deadlines met at one moment before the clock says that time stands still: a timer that arms itself for now."""


class Driven(Protocol):
    """What the clock drives: an `Endpoint`, a `Wire`, or anything else that has deadlines."""

    def next_deadline(self) -> float | None:
        """When `handle_timers` is to be called next; None: not by the clock."""

    def handle_timers(self, now: float) -> None:
        """Do what is due."""


class ManualClock:
    """Time as a test wants it.

    Args:
        now: what it shows first, seconds.

    Attributes:
        now: what it shows, seconds.
    """

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        self._driven: list[Driven] = []

    def drive(self, driven: Driven) -> None:
        """Call that one's timers from here on."""
        self._driven.append(driven)

    def next_deadline(self) -> float | None:
        """The earliest deadline of all that is driven; None if there is none."""
        found = self._earliest()
        return None if found is None else found[0]

    def _earliest(self) -> tuple[float, Driven] | None:
        earliest: tuple[float, Driven] | None = None
        for driven in self._driven:
            when = driven.next_deadline()
            if when is not None and (earliest is None or when < earliest[0]):
                earliest = when, driven
        return earliest

    def step(self, until: float) -> bool:
        """Go to the next deadline and meet it, if it is not after ``until``; False if there is none by then."""
        earliest = self._earliest()
        if earliest is None or earliest[0] > until:
            return False
        when, driven = earliest
        self.now = max(self.now, when)
        driven.handle_timers(self.now)
        return True

    def advance(self, seconds: float) -> None:
        """Let time pass, and meet every deadline on the way.

        Args:
            seconds: how long; 0 meets what is due at once.

        Raises:
            ValueError: ``seconds`` is negative.
            RuntimeError: a deadline is always due again at the same moment.
        """
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self.run_until(lambda: False, within=seconds)

    def run_until(self, condition: Callable[[], bool], within: float = 3600.0) -> bool:
        """Let time pass until something is so.

        Args:
            condition: asked before the first deadline and after each.
            within: how long at most, seconds.

        Returns:
            Whether it came to be so. If it did the clock stands at that moment, else ``within`` has passed.

        Raises:
            RuntimeError: a deadline is always due again at the same moment.
        """
        until = self.now + within
        here, met = self.now, 0
        while not condition():
            if not self.step(until):
                self.now = until
                return False
            met = met + 1 if self.now == here else 0
            here = self.now
            if met > STILL:
                raise RuntimeError(f"time stands still at {here} s: a timer is always due again")
        return True
