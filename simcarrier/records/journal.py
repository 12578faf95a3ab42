"""The journal of a run: the calls that ended last, and the counts of all.

A run can be long, so the journal keeps a bounded number of records and hands each one on to its listeners when the call
ends. The counts go on for ever.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import NamedTuple

from .model import CallRecord

KEPT = 10_000
"""Records kept at most: some megabytes."""


class Registered(NamedTuple):
    """A REGISTER that was granted.

    Attributes:
        customer: whose it was.
        at: when, seconds since 1970 UTC.
        contacts: how many contacts the customer has now; none: it has withdrawn.
    """

    customer: str
    at: float
    contacts: int


class Journal:
    """What a run has seen.

    Attributes:
        recent: the records kept, oldest first.
        calls: how many calls have ended.
        codes: how often each final code was sent; None for calls without one.
        unmatched: how many calls no rule took.
        listeners: each is told of every record, when its call has ended.
        registrars: each is told of every REGISTER that was granted.
    """

    __slots__ = ("calls", "codes", "listeners", "recent", "registrars", "unmatched")

    def __init__(self, kept: int = KEPT) -> None:
        self.recent: deque[CallRecord] = deque(maxlen=kept)
        self.calls = 0
        self.codes: Counter[int | None] = Counter()
        self.unmatched = 0
        self.listeners: list[Callable[[CallRecord], None]] = []
        self.registrars: list[Callable[[Registered], None]] = []

    def add(self, record: CallRecord) -> None:
        """Note a call that has ended."""
        self.calls += 1
        self.codes[record.code] += 1
        if record.rule is None and not record.matched:
            self.unmatched += 1
        self.recent.append(record)
        for listener in self.listeners:
            listener(record)
