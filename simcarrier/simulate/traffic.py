"""Traffic at work: when the next call comes, whom it is for, what it shows, and what its caller does.

First calls come as a Poisson process: the gaps between them are exponential, the rate follows the campaigns' hours
minute by minute. A rate that is constant for a minute makes the process exact, for an exponential gap has no memory:
one that reaches over the end of a minute is drawn anew from there. Retries come on top.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING
from zlib import crc32

from simcarrier.carrier.business.clock import THURSDAY, Clock
from simcarrier.conditions import Condition
from simcarrier.scenario.traffic import Called, Campaign, Traffic
from simcarrier.sip.transport import Address

if TYPE_CHECKING:
    from simcarrier.carrier.business.customers import Customer

USUAL_ADDRESS: Address = ("127.0.0.1", 5060)

MINUTE = 60.0
HOUR = 3600.0
WEEK = 7 * 24 * 60
"""Minutes of a week."""


class Numbers:
    """The numbers that a campaign calls.

    Args:
        kinds: as in the scenario.
        size: how many different ones its list has; None if every call is to a new one.
        rng: the traffic's source of chance.
    """

    def __init__(self, kinds: Sequence[Called], size: int | None, rng: Random) -> None:
        self._rng = rng
        self._templates = [kind.number for kind in kinds]
        self._formats = [_format(template.text) for template in self._templates]
        self._limits = list(accumulate(kind.share or 1 / len(kinds) for kind in kinds))
        self._list = None if size is None else self._drawn(size)
        self._next = 0

    def _drawn(self, size: int) -> list[str]:
        """A list in which each kind has its share, or as many as there are of it. Overlapping kinds shorten it."""
        left = size
        drawn: list[str] = []
        before = 0.0
        room = [template.count for template in self._templates]
        for at, template in enumerate(self._templates):
            wanted = round(size * (self._limits[at] - before))
            before = self._limits[at]
            # What the kinds behind this one cannot give must come from here.
            wanted = min(room[at], max(wanted, left - sum(room[at + 1 :])), left)
            left -= wanted
            drawn += [template.number(number) for number in self._rng.sample(range(template.count), wanted)]
        if left:  # the kinds before had more room than their share
            known = set(drawn)
            more = (t.number(number) for t in self._templates for number in range(min(t.count, 2 * size)))
            fresh = (number for number in more if number not in known)
            drawn += [number for number, _ in zip(fresh, range(left), strict=False)]
        drawn = list(dict.fromkeys(drawn))
        self._rng.shuffle(drawn)
        return drawn

    def next(self) -> str:
        """The number of the next first call."""
        if self._list is not None:
            at, self._next = self._next, (self._next + 1) % len(self._list)
            return self._list[at]
        chance = self._rng.random
        formats = self._formats
        at = 0 if len(formats) == 1 else min(bisect_right(self._limits, chance()), len(formats) - 1)
        written, count = formats[at]
        if count == 1:
            return written
        number = int(chance() * count)
        return written % number if written else self._templates[at].number(number)


def _format(template: str) -> tuple[str, int]:
    """A template whose random digits stand together as a format for them, else an empty text; and how many it gives."""
    digits = template.count("#")
    if not digits:
        return template, 1
    together = "#" * digits in template
    return template.replace("%", "%%").replace("#" * digits, f"%0{digits}d") if together else "", 10**digits


class CallerIds:
    """The caller IDs that a campaign shows.

    Args:
        pool: all of them.
        choose: ``round_robin``, ``random`` or ``sticky``.
        rng: the traffic's source of chance.
    """

    def __init__(self, pool: Sequence[str], choose: str, rng: Random) -> None:
        self._pool = pool
        self._choose = choose
        self._rng = rng
        self._next = 0

    def for_call(self, called: str) -> str:
        """What a call to that number shows."""
        pool = self._pool
        if self._choose == "round_robin":
            at, self._next = self._next, (self._next + 1) % len(pool)
            return pool[at]
        if self._choose == "random":
            return pool[int(self._rng.random() * len(pool))]
        return pool[crc32(called.encode("utf-8", "surrogateescape")) % len(pool)]


class Dialler:
    """One campaign at work.

    Args:
        model: the campaign.
        name: what it is called.
        rng: the traffic's source of chance.
        customer: whose calls they are, if anybody's.

    Attributes:
        model, name, customer: as given.
        patience, stall, talk: the caller's times.
        peer: where the calls come from.
        weights: by the minute of the week, from Monday; None if they are the same for all.
        placed: first calls so far.
        retried: further calls so far.
    """

    def __init__(self, model: Campaign, name: str, rng: Random, customer: Customer | None = None) -> None:
        self.model = model
        self.name = name
        self.customer = customer
        self.patience = model.patience
        self.stall = model.stall
        self.talk = model.talk
        self.peer = model.source or _address(customer)
        self.weights = _weights(model)
        self._closed: list[int] | None = None
        self.numbers = Numbers(model.to, model.numbers, rng)
        self.caller_ids = CallerIds(model.pool, model.choose, rng)
        self.placed = self.retried = 0
        self._rng = rng
        reasons = model.retries.on if model.retries else ()
        self._conditions = frozenset(why for why in reasons if isinstance(why, Condition))
        self._codes = frozenset(why for why in reasons if not isinstance(why, Condition))
        self._tries = model.retries.at_most if model.retries else 0
        self._fields = tuple(model.headers.items())
        if model.asserted is not None and model.asserted != "caller":
            self._fields = (*self._fields, self._identity(model.asserted))

    def _identity(self, number: str) -> tuple[str, str]:
        return "P-Asserted-Identity", f"<sip:{number}@{self.peer[0]}>"

    def fields(self, caller: str) -> tuple[tuple[str, str], ...]:
        """Further header fields of a call."""
        return (*self._fields, self._identity(caller)) if self.model.asserted == "caller" else self._fields

    def weight(self, minute: int) -> float:
        """The weight of a minute of the week."""
        return 1.0 if self.weights is None else self.weights[minute]

    def closed_for(self, minute: int) -> int:
        """How many minutes after one of the week the campaign calls again; 0 if it does then."""
        if self.weights is None:
            return 0
        if self._closed is None:
            self._closed = _until_open(self.weights)
        return self._closed[minute]

    def retry_after(self, code: int, condition: Condition | None, tries: int) -> float | None:
        """How many seconds after its end a call is made again; None if it is not.

        Args:
            code: its final code, 0 if there was none.
            condition: what really happened.
            tries: how many further calls there were already.
        """
        if tries >= self._tries or self.model.retries is None:
            return None
        if code in self._codes or condition in self._conditions:
            return self.model.retries.after.sample(self._rng)
        return None


def _address(customer: Customer | None) -> Address:
    """Where calls come from if the campaign does not say it: the first address of the customer's first network."""
    networks = customer.config.source if customer is not None else None
    if not networks:
        return USUAL_ADDRESS
    network = networks[0]
    return str(network[0 if network.num_addresses == 1 else 1]), USUAL_ADDRESS[1]


def _weights(model: Campaign) -> list[float] | None:
    if model.hours is None and model.days is None and model.profile is None:
        return None
    return [
        0.0
        if (model.days is not None and not model.days.contains(minute // 1440))
        or (model.hours is not None and not model.hours.contains(minute % 1440 / 60))
        else 1.0
        if model.profile is None
        else model.profile.weights[minute % 1440 // 60]
        for minute in range(WEEK)
    ]


def _until_open(weights: list[float]) -> list[int]:
    """For each minute of the week, how many minutes it is to the next one with a weight. One must have some."""
    closed = [0] * WEEK
    away = 0
    for minute in reversed(range(2 * WEEK)):  # twice around, for what lies behind the end of the week
        away = 0 if weights[minute % WEEK] else away + 1
        closed[minute % WEEK] = away
    return closed


class Arrivals:
    """When first calls come, and whose they are.

    Args:
        traffic: as in the scenario.
        diallers: its campaigns at work.
        calls_per_hour: of all campaigns together, in an hour of weight 1.
        clock: the carrier's.
        rng: the traffic's source of chance.
        until: seconds after the start from which on no first call comes.
    """

    def __init__(
        self,
        traffic: Traffic,
        diallers: Sequence[Dialler],
        calls_per_hour: float,
        clock: Clock,
        rng: Random,
        until: float,
    ) -> None:
        count = len(diallers)
        self._rates = [calls_per_hour / HOUR * (campaign.share or 1 / count) for campaign in traffic.campaigns]
        self._diallers = diallers
        self._clock = clock
        self._rng = rng
        self._until = until
        self._varies = any(dialler.weights is not None for dialler in diallers)
        self._minutes: dict[int, tuple[float, list[float]]] = {}
        self._at = 0.0
        self._end = 0.0
        self._rate, self._limits = 0.0, [0.0]

    def next(self) -> float | None:
        """When the next first call comes, seconds after the start; None if there is none any more."""
        at = self._at
        while True:
            if at >= self._end:
                self._enter(at)
            if self._rate:
                at += self._rng.expovariate(self._rate)
                if at < self._end:
                    break
            at = self._end
            if at >= self._until:
                break
        self._at = at
        return at if at < self._until else None

    def dialler(self) -> Dialler:
        """Whose call it is that comes there."""
        if len(self._diallers) == 1:
            return self._diallers[0]
        at = bisect_right(self._limits, self._rng.random() * self._rate)
        return self._diallers[min(at, len(self._diallers) - 1)]

    def minute(self, at: float) -> int:
        """The minute of the week, from Monday, by the carrier's clock."""
        return (int(self._clock.local(at) // MINUTE) + THURSDAY * 1440) % WEEK

    def open_at(self, dialler: Dialler, at: float) -> float:
        """That moment if the campaign calls then, else some moment of the first hour in which it does again."""
        if dialler.weights is None or dialler.weight(self.minute(at)):
            return at
        opens = at - self._clock.local(at) % MINUTE
        while closed := dialler.closed_for(self.minute(opens)):
            opens += closed * MINUTE  # where clocks are changed meanwhile there is some way left
        later = opens + self._rng.random() * HOUR
        return later if dialler.weight(self.minute(later)) else opens

    def _enter(self, at: float) -> None:
        """Take the rate of the minute that begins."""
        if self._varies:
            minute = self.minute(at)
            known = self._minutes.get(minute)
            if known is None:
                known = self._minutes[minute] = self._rate_of(minute)
            self._rate, self._limits = known
            self._end = at + max(MINUTE - self._clock.local(at) % MINUTE, 0.001)
        else:
            self._rate, self._limits = self._rate_of(0)
            self._end = self._until

    def _rate_of(self, minute: int) -> tuple[float, list[float]]:
        limits = list(
            accumulate(rate * dialler.weight(minute) for rate, dialler in zip(self._rates, self._diallers, strict=True))
        )
        return limits[-1], limits
