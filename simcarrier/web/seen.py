"""What has come since the start or the last reset: records, counts, and those who wait for more.

The journal tells of every call that has ended. What is done there is done for every call, among a thousand other
things, so it is as little as can be: the record is put aside. Records are counted some hundreds at a time, or as soon
as anybody asks; and at once where somebody waits or listens. What a scrape or a search wants is worked out when it is
asked for.

A reset looks away from all calls that have come before it. One that is up then is not seen any more, not even when it
ends: what a test leaves behind does not count in the next.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from operator import attrgetter

from simcarrier.records.journal import KEPT
from simcarrier.records.model import CallRecord
from simcarrier.service import CarrierService
from simcarrier.sip.session import Ending

from .problems import TOO_MANY_CLIENTS, Problem
from .search import ENDED, UP, Filter

MOST_WAITERS = 64
"""Clients that wait at once."""

LOOK = 0.02
"""Seconds between two looks at the calls that are up, while somebody waits for them. Where a look takes long, the next
comes later, so that looking never takes more than a twentieth of the time."""

AT_ONCE = 256
"""Records that are put aside at most: counting them takes a fraction of a millisecond."""

MOST_KINDS = 10_000
"""Kinds of calls (code, condition, rule) that are counted; beyond it those of rules that are gone become one."""

GONE = "(removed)"
"""The rule of calls whose rule is not in force any more, where kinds are counted."""

Sort = tuple[int | None, str | None, str | None]
"""Code, condition and rule."""

_sort: Callable[[CallRecord], Sort] = attrgetter("code", "condition", "rule")


class Waiter:
    """Somebody who waits; counts the calls that end as they do."""

    def __init__(self, wanted: Filter) -> None:
        self.wanted = wanted
        self.ended = 0
        self.changed = asyncio.Event()


class Seen:
    """The calls of a carrier since the last reset.

    Attributes:
        listeners: told of every call that ends, at once.
        tallies: told of all calls that have ended, even of those from before a reset, some at a time and by and by.
        counters: the same, but told of what is seen only.
        forgetters: told of every reset.
    """

    def __init__(self, carrier: CarrierService, kept: int = KEPT) -> None:
        self._carrier = carrier
        self._records: deque[CallRecord] = deque(maxlen=kept)
        self._ended = 0
        self._kinds: dict[Sort, int] = {}
        self._before: Counter[Sort] = Counter()
        self._aside: list[CallRecord] = []
        self.listeners: list[Callable[[CallRecord], None]] = []
        self.tallies: list[Callable[[Sequence[CallRecord]], None]] = []
        self.counters: list[Callable[[Sequence[CallRecord]], None]] = []
        self.forgetters: list[Callable[[], None]] = []
        self._floor = 0
        self._waiters: list[Waiter] = []
        self.closing = False

    # What is told

    def observe(self, record: CallRecord) -> None:
        """A call has ended."""
        aside = self._aside
        aside.append(record)
        if len(aside) >= AT_ONCE or self._waiters or self.listeners:
            self.settle()

    def settle(self) -> None:
        """Count what was put aside. Whoever is told of calls from now on must not hear of those from before."""
        if not self._aside:
            return
        told, self._aside = self._aside, []
        for tally in self.tallies:
            tally(told)
        floor, kinds, before = self._floor, self._kinds, self._before
        fresh = told
        if floor:
            fresh = [record for record in told if record.number > floor]
            before.update(_sort(record) for record in told if record.number <= floor)
        for kind, number in Counter(map(_sort, fresh)).items():
            kinds[kind] = kinds.get(kind, 0) + number
        self._ended += len(fresh)
        self._records.extend(fresh)
        for counter in self.counters:
            counter(fresh)
        for waiter in self._waiters:
            more = sum(map(waiter.wanted.takes, fresh))
            if more:
                waiter.ended += more
                waiter.changed.set()
        for listener in self.listeners:
            for record in fresh:
                listener(record)

    def reset(self) -> None:
        """Look away from all that has come so far."""
        self.settle()
        self._floor = self._carrier.switch.taken
        self._before.update(self._kinds)
        self._kinds.clear()
        self._records.clear()
        self._ended = 0
        for waiter in self._waiters:
            waiter.ended = 0
        for forget in self.forgetters:
            forget()

    def close(self) -> None:
        """Nothing more will come: whoever waits is told."""
        self.closing = True
        for waiter in self._waiters:
            waiter.changed.set()

    def fold(self, names: set[str]) -> None:
        """Keep the kinds bounded where rules come and go; ``names`` are those in force."""
        for kinds in (self.kinds, self.before):
            if len(kinds) > MOST_KINDS:
                for kind in [kind for kind in kinds if kind[2] is not None and kind[2] not in names]:
                    folded = (*kind[:2], GONE)
                    kinds[folded] = kinds.get(folded, 0) + kinds.pop(kind)

    # What is asked

    @property
    def records(self) -> deque[CallRecord]:
        """Those that have ended, in that order, as many as are kept."""
        self.settle()
        return self._records

    @property
    def ended(self) -> int:
        """How many have ended."""
        self.settle()
        return self._ended

    @property
    def kinds(self) -> dict[Sort, int]:
        """The same by code, condition and rule."""
        self.settle()
        return self._kinds

    @property
    def before(self) -> Counter[Sort]:
        """Kinds from before the last reset; metrics never go back."""
        self.settle()
        return self._before

    @property
    def forgotten(self) -> int:
        """Calls that have ended and whose records are gone."""
        return self.ended - len(self.records)

    def hits(self) -> Counter[str]:
        """How many calls each rule has taken, those that are up included."""
        found: Counter[str] = Counter()
        for (_, _, rule), number in self.kinds.items():
            if rule is not None:
                found[rule] += number
        for number, call in self._carrier.switch.calls.items():
            if number > self._floor and call.decision.rule is not None:
                found[call.decision.rule] += 1
        return found

    def up(self) -> Iterator[CallRecord]:
        """Calls that are up, as far as they are known; their ``ending`` is None."""
        for number in self._carrier.switch.calls:
            record = self.standing(number)
            if record is not None:
                yield record

    @property
    def number_up(self) -> int:
        """How many calls are up."""
        calls = self._carrier.switch.calls
        before = sum(1 for _ in takewhile(self._floor.__ge__, calls)) if self._floor else 0
        return len(calls) - before

    def numbers_up(self) -> Iterator[int]:
        """The numbers of the calls that are up, the newest first."""
        for number in reversed(self._carrier.switch.calls):
            if number <= self._floor:
                return
            yield number

    def call(self, number: int) -> CallRecord | None:
        """A call by its number, as far as it is known; None if it is not, or not any more."""
        standing = self.standing(number)
        if standing is not None:
            return standing
        return next((record for record in reversed(self.records) if record.number == number), None)

    def standing(self, number: int) -> CallRecord | None:
        """A call that is up, as far as it is known; None if it is not up."""
        call = self._carrier.switch.calls.get(number)
        if call is None or number <= self._floor:
            return None
        now, dialect = asyncio.get_running_loop().time(), self._carrier.switch.carrier.dialect.name
        record = call.record(Ending.ABANDONED, now, self._carrier.wall(0.0), dialect)
        record.ending = record.ended_after = None
        return record

    def find(self, wanted: Filter, state: str) -> list[CallRecord]:
        """The calls that are meant, in the order in which they came."""
        found = [] if state == UP else [record for record in self.records if wanted.takes(record)]
        if state != ENDED:
            found += [record for record in self.up() if wanted.takes(record)]
        return sorted(found, key=lambda record: record.number)

    def count(self, wanted: Filter, state: str) -> int:
        """How many calls are meant; of calls that are forgotten it knows only how many there were."""
        if wanted.takes_all:
            up = sum(number > self._floor for number in self._carrier.switch.calls)
            return (0 if state == UP else self.ended) + (0 if state == ENDED else up)
        ended = 0 if state == UP else sum(map(wanted.takes, self.records))
        return ended + (0 if state == ENDED else sum(map(wanted.takes, self.up())))

    async def wait(self, wanted: Filter, state: str, enough: Callable[[int], bool], timeout: float) -> int:
        """Wait until so many calls are there.

        Args:
            wanted, state: which calls are meant.
            enough: says of their number whether it is enough.
            timeout: seconds.

        Returns:
            Their number when it was enough, or when time was over.

        Raises:
            Problem: too many wait already.
        """
        if len(self._waiters) >= MOST_WAITERS:
            raise Problem(TOO_MANY_CLIENTS, f"{MOST_WAITERS} clients wait already", headers={"Retry-After": "1"})
        waiter = Waiter(wanted)
        waiter.ended = self.count(wanted, ENDED)
        self._waiters.append(waiter)
        until = time.monotonic() + timeout
        try:
            while True:
                began = time.monotonic()
                count = (0 if state == UP else waiter.ended) + (0 if state == ENDED else self.count(wanted, UP))
                now = time.monotonic()
                if enough(count) or self.closing or now >= until:
                    return count
                waiter.changed.clear()
                pause = until - now if state == ENDED else min(until - now, max(LOOK, 20 * (now - began)))
                try:
                    await asyncio.wait_for(waiter.changed.wait(), pause)
                except TimeoutError:
                    continue
        finally:
            self._waiters.remove(waiter)
