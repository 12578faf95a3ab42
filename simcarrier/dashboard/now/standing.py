"""How a carrier stands at the moment, as the page Now shows it: values that can be compared, and no HTML.

Each of these is worked out once a beat while somebody looks, in the carrier's loop; so each is bounded, whatever the
scenario has.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from heapq import nlargest
from typing import Final, NamedTuple

from simcarrier.carrier.business.customers import Customer
from simcarrier.carrier.business.trunks import Trunk
from simcarrier.carrier.business.weather import Front
from simcarrier.conditions import MEANINGS, Condition
from simcarrier.scenario.business.money import in_words
from simcarrier.sip.status import phrase_for
from simcarrier.verdict.outcome import Outcome

from ..running import Running
from .columns import Chart, Columns, class_of
from .meter import STEP, STEPS

MOST: Final = 50
"""Rows of a table: customers, trunks, fronts, codes. More take long to read, and long to make."""

MOST_CONTACTS: Final = 3
"""Contacts shown of a customer."""

LONGEST: Final = 100
"""Characters of a contact, which comes from the wire."""

JUDGED: Final = 1.0
"""Seconds for which a judgement is shown. Where judging takes long it is shown longer, so that it never takes more than
a hundredth of the time."""


class Figures(NamedTuple):
    """Calls a second in words, how many are up, how many have ended since the start or the last reset."""

    per_second: str
    up: int
    ended: int


class Line(NamedTuple):
    """The lines of a trunk.

    Attributes:
        name: of the trunk; empty for the carrier's own lines.
        ours, others: those that callers hold, and those that other people's calls take.
        total: None for as many as anybody wants.
        rate: what else the trunk allows, in words.
    """

    name: str
    ours: int
    others: int
    total: int | None
    rate: str

    @property
    def in_use(self) -> int:
        """All that are not free."""
        return self.ours + self.others


class Code(NamedTuple):
    """How often a final code was sent; None for calls without one."""

    code: int | None
    kind: str
    phrase: str
    calls: int


class Codes(NamedTuple):
    """The last minutes: rows of the table, most frequent first, the picture, and the time of its left edge."""

    rows: tuple[Code, ...]
    calls: int
    picture: Columns
    since: float


class Client(NamedTuple):
    """A customer of the carrier's.

    Attributes:
        balance, reserved, floor: money in words; empty where there is none.
        registration: ``active``, ``over``, ``none`` or ``not needed``.
        until: when it ends or has ended, seconds since 1970 UTC.
        contacts: where the customer can be reached, as they stood on the wire.
        more: contacts that are not among them.
    """

    name: str
    balance: str
    reserved: str
    floor: str
    registration: str
    until: float | None
    contacts: tuple[str, ...]
    more: int


class Sky(NamedTuple):
    """A front of the scenario's weather, in words."""

    name: str
    does: str
    meaning: str
    whom: str
    when: str
    switch: str
    holds: bool


class Forced(NamedTuple):
    """A condition that is forced."""

    condition: str
    meaning: str
    whom: str


def figures(running: Running) -> Figures:
    """The large figures."""
    rate = running.meter.per_second()
    seen = running.api.seen
    return Figures(f"{rate:,.0f}" if rate >= 20 else f"{rate:.1f}", len(running.carrier.switch.calls), seen.ended)


def lines(running: Running) -> tuple[tuple[Line, ...], int]:
    """The first trunks, and how many more there are; the carrier's own lines first, if it has a number of them."""
    trunks, now = running.carrier.switch.carrier.business.world.trunks, running.since_start()
    told = ((trunks.shared,) if trunks.shared.total is not None else ()) + trunks.all
    return tuple(_line(trunk, now) for trunk in told[:MOST]), max(len(told) - MOST, 0)


def _line(trunk: Trunk, now: float) -> Line:
    total, ours, rate = trunk.total, trunk.in_use, trunk.rate
    others = 0 if total is None else min(trunk.taken(now), max(0, total - ours))
    words = "" if rate is None else f"at most {rate.per_second} new calls a second"
    if rate is not None and rate.burst != rate.per_second:
        words += f", {rate.burst} at once"
    return Line(trunk.name, ours, others, total, words)


def codes(running: Running, chart: Chart) -> Codes:
    """Codes over the last minutes."""
    meter = running.meter
    picture, counts = chart.look(meter)
    rows = tuple(
        Code(code, class_of(code), "no final response" if code is None else phrase_for(code), count)
        for code, count in nlargest(MOST, counts.items(), key=lambda item: item[1])
    )
    return Codes(rows, sum(counts.values()), picture, (meter.last + 1 - STEPS) * STEP)


def customers(running: Running) -> tuple[tuple[Client, ...], int]:
    """The first customers, and how many more there are."""
    known = running.carrier.switch.carrier.business.world.customers.all
    now, since_start = running.now(), running.since_start()
    wall = running.carrier.wall(0.0)
    return tuple(_client(each, now, since_start, wall) for each in known[:MOST]), max(len(known) - MOST, 0)


def _client(customer: Customer, now: float, since_start: float, wall: float) -> Client:
    account, registration = customer.account, customer.registration
    balance = reserved = floor = ""
    if account is not None:
        currency = account.tariff.currency
        balance = f"{in_words(account.balance)} {currency}"
        reserved = f"{in_words(account.reserved)} {currency}" if account.reserved else ""
        floor = "" if account.floor is None else f"{in_words(account.floor)} {currency}"
    ends: float | None = None
    if registration.granted:
        ends = now - since_start + registration.granted
    elif registration.bindings:
        ends = max(binding.expires_at for binding in registration.bindings)
    if ends is None:
        state = "none" if registration.required else "not needed"
    else:
        state = "active" if ends > now else "over"
    contacts = customer.contacts(now)
    shown = tuple(_short(binding.uri_text) for binding in contacts[:MOST_CONTACTS])
    until = None if ends is None else round(wall + ends, 1)
    return Client(customer.name, balance, reserved, floor, state, until, shown, len(contacts) - len(shown))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def skies(running: Running) -> tuple[tuple[Sky, ...], int]:
    """The first fronts, and how many more there are."""
    fronts, now = running.api.skies.fronts, running.since_start()
    return tuple(_sky(front, now) for front in fronts[:MOST]), max(len(fronts) - MOST, 0)


def _sky(front: Front, now: float) -> Sky:
    model, condition = front.model, front.condition
    if condition is None:
        does, meaning = "slow", f"nothing is heard for {model.post_dial_delay} after 100"
    else:
        does, meaning = str(condition), MEANINGS[condition].what
    times = [
        f"{model.when} after the start" if model.when is not None else "",
        f"{model.hours} o'clock" if model.hours is not None else "",
        str(model.days) if model.days is not None else "",
    ]
    when = ", ".join(filter(None, times)) or "always"
    switch = "auto" if front.forced is None else "on" if front.forced else "off"
    return Sky(front.name, does, meaning, _whom(front), when if model.on else "only by hand", switch, front.holds(now))


def _whom(front: Front) -> str:
    model = front.model
    whom = "all calls" if model.to is None else f"calls to {model.to}"
    if model.share is not None and model.share < 1:
        whom = f"{100 * model.share:.4g} % of {whom}"
    return whom if model.retry_after is None else f"{whom}, told to come back after {model.retry_after}"


def forced(running: Running) -> tuple[Forced, ...]:
    """The conditions that are forced, the one that is asked first at the top."""
    told = []
    for condition, written in running.api.skies.forced.items():
        whom = f"calls to {written['to']}" if "to" in written else "all calls"
        whom = f"{written['share']} of {whom}" if "share" in written else whom
        if "retry_after" in written:
            whom += f", told to come back after {written['retry_after']}"
        told.append(Forced(str(condition), MEANINGS[Condition(condition)].what, whom))
    return tuple(told)


class Judgement:
    """The scenario's expectations, judged now and then."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._outcomes: tuple[Outcome, ...] = ()
        self._good_until = 0.0

    def outcomes(self) -> Sequence[Outcome]:
        """How they stand; none if the scenario has none."""
        judge = self._running.carrier.judge
        if judge is not None and self._running.now() >= self._good_until:
            began = time.thread_time()
            self._outcomes = tuple(judge())
            self._good_until = self._running.now() + max(JUDGED, 100 * (time.thread_time() - began))
        return self._outcomes
