"""Trunks: how many calls at once, and how many new ones a second.

A call comes by the trunk that its customer names; else by the first whose networks it comes from; else by the first
that asks for no network. A call that fits none of them comes by none, and only the lines of the whole carrier hold for
it.

A line is seized when the carrier takes a call and released when the call ends or is refused. Other people's calls take
lines too, as the scenario says by the hour; they never cut off a call that is up, so when they come in numbers while
our callers talk, they get what is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from math import ceil
from random import Random
from typing import TYPE_CHECKING

from simcarrier.conditions import Condition
from simcarrier.scenario.business.trunks import TrunkModel
from simcarrier.scenario.models import CarrierConfig

from ..call import Call
from ..lines import Lines
from .clock import Clock, Window
from .finding import Finding
from .rate import Rate

if TYPE_CHECKING:
    from . import Check, World

REMEMBERED = 1_000
"""Addresses whose trunk is kept at hand. Gateways are few; a flood from everywhere must not cost memory."""


class Trunk:
    """A trunk and what is in use of it.

    Attributes:
        name: as in the scenario; empty for the carrier's own lines.
        lines: its lines.
        rate: its new calls a second; None for any number.
    """

    def __init__(self, name: str, total: int | None) -> None:
        self.name = name
        self.lines = Lines(total)
        self.rate: Rate | None = None
        self._taken: tuple[tuple[Window, int], ...] = ()

    @classmethod
    def of(cls, model: TrunkModel, clock: Clock) -> Trunk:
        """A trunk of a scenario."""
        trunk = cls(model.name, model.lines)
        if model.calls_per_second is not None:
            trunk.rate = Rate(model.calls_per_second, model.burst or model.calls_per_second)
        trunk._taken = tuple((Window(entry, clock), entry.lines) for entry in model.taken)
        return trunk

    @property
    def total(self) -> int | None:
        """How many lines there are; None for any number."""
        return self.lines.total

    @property
    def in_use(self) -> int:
        """How many lines our callers hold."""
        return self.lines.in_use

    def taken(self, now: float) -> int:
        """How many lines other people's calls would take; ``now`` is seconds since the start."""
        for window, count in self._taken:
            if window.contains(now):
                return count
        return 0

    def refusal(self, now: float) -> str | None:
        """Why it has no line for one more call; None if it has."""
        lines = self.lines
        taken = self.taken(now) if self._taken else 0
        if lines.free(taken):
            return None
        if not self.name:
            return f"lines {lines.in_use} of {lines.total}"
        others = min(taken, max(0, (lines.total or 0) - lines.in_use))
        return f"trunk {self.name}: lines {lines.in_use + others} of {lines.total}" + (
            f", {others} of them taken by others" if others else ""
        )

    def seize(self, call: Call) -> None:
        """Let a call hold a line."""
        self.lines.seize(call.number)
        call.holds = (*call.holds, self)

    def release(self, call: Call) -> None:
        """Give a call's line back."""
        self.lines.release(call.number)


class Trunks:
    """All trunks of a scenario.

    Attributes:
        shared: the lines of the whole carrier.
        all: the trunks, in the order of the scenario.
    """

    def __init__(self, config: CarrierConfig, clock: Clock) -> None:
        self.shared = Trunk("", config.lines)
        self.all = tuple(Trunk.of(model, clock) for model in config.trunks)
        by_name = {trunk.name: trunk for trunk in self.all}
        self._of_customers = {
            customer.name: by_name[customer.trunk] for customer in config.customers if customer.trunk in by_name
        }
        pairs = list(zip(config.trunks, self.all, strict=True))
        self._networks = [(model.source, trunk) for model, trunk in pairs if model.source is not None]
        self._rest = next((trunk for model, trunk in pairs if model.source is None), None)
        self._of_addresses: dict[str, Trunk | None] = {}

    def trunk_for(self, call: Call) -> Trunk | None:
        """The trunk that a call comes by."""
        customer = call.customer
        named = None if customer is None else self._of_customers.get(customer.name)
        if named is not None:
            return named
        if not self._networks:
            return self._rest
        host = call.session.peer[0]
        if host not in self._of_addresses:
            if len(self._of_addresses) >= REMEMBERED:
                self._of_addresses.clear()
            self._of_addresses[host] = self._by_address(host)
        return self._of_addresses[host]

    def _by_address(self, host: str) -> Trunk | None:
        address = ip_address(host)
        for networks, trunk in self._networks:
            if any(address in network for network in networks):
                return trunk
        return self._rest

    def state(self) -> Iterator[str]:
        """How the lines stand, in words."""
        for trunk in (self.shared, *self.all):
            if trunk.total is not None:
                yield f"{f'trunk {trunk.name}: ' if trunk.name else ''}lines {trunk.in_use} of {trunk.total}"


class Arrival:
    """Finds the trunk that a call comes by, and counts the call there."""

    def __init__(self, config: CarrierConfig, world: World) -> None:
        self._trunks = world.trunks
        self._rng: Random = world.rng
        self._retry_after = {model.name: model.retry_after for model in config.trunks}

    def examine(self, call: Call, now: float) -> Finding | None:
        """Rate exceeded, or the call has its trunk."""
        call.trunk = trunk = self._trunks.trunk_for(call)
        if trunk is None or trunk.rate is None or trunk.rate.take(now):
            return None
        seconds = ceil(self._retry_after[trunk.name].sample(self._rng))
        return Finding(Condition.RATE_EXCEEDED, f"trunk {trunk.name}: {trunk.rate}", {"retry_after": str(seconds)})


class FreeLine:
    """Seizes a line for the call: of its trunk, and of the carrier."""

    def __init__(self, trunks: Trunks) -> None:
        self._shared = None if trunks.shared.total is None else trunks.shared

    def examine(self, call: Call, now: float) -> Finding | None:
        """Lines full, or the call holds what it needs."""
        # Both are asked before either is seized: a call that is left hanging must not hold what it did not get.
        trunk, shared = call.trunk, self._shared
        why = trunk.refusal(now) if trunk is not None else None
        if why is None and shared is not None:
            why = shared.refusal(now)
        if why is not None:
            return Finding(Condition.LINES_FULL, why)
        if trunk is not None:
            trunk.seize(call)
        if shared is not None:
            shared.seize(call)
        return None


def rate(config: CarrierConfig, world: World) -> Check | None:
    """The check of the calls per second; it also notes which trunk a call comes by."""
    return Arrival(config, world) if config.trunks else None


def lines(config: CarrierConfig, world: World) -> Check | None:
    """The check that a line is free."""
    return FreeLine(world.trunks) if config.trunks or config.lines is not None else None
