"""The business: what stands between a call and its subscriber, one file each.

`CHECKS` and `FATES` are the lists, in the order in which a carrier asks. Each entry makes a check out of the scenario,
or None where the scenario does not speak of it: what is not there costs nothing.

A check sees a call once, when it comes in. It may note on the call what the later ones want to know (its customer, its
trunk, its destination), may let it hold something (a line), and either lets it pass or says what stands in its way: a
condition and why. It says nothing about responses; that is the dialect's affair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Protocol, runtime_checkable

from simcarrier.scenario.models import CarrierConfig

from ..call import Call
from . import (
    accounts,
    analytics,
    callers,
    customers,
    directions,
    numbering,
    shaken,
    subscribers,
    trunks,
    unwanted,
    weather,
)
from .clock import Clock
from .finding import Finding

__all__ = ["Business", "Check", "Finding", "World"]


class Check(Protocol):
    """Something that may stand in a call's way."""

    def examine(self, call: Call, now: float) -> Finding | None:
        """What stands in the way; None to let the call pass.

        Args:
            call: a new call.
            now: seconds since the carrier's start.
        """


@runtime_checkable
class HearsAnswers(Protocol):
    """A check that also wants to know of answers."""

    def answered(self, call: Call, now: float) -> None:
        """200 has gone out; ``now`` is seconds on the exchange's clock."""


@runtime_checkable
class HearsEnds(Protocol):
    """A check that also wants to know how calls end."""

    def ended(self, call: Call, now: float) -> None:
        """The call is over, however that came; told once for every call that was taken. ``now`` as above."""


class World:
    """What the checks share.

    Attributes:
        rng: the run's source of chance.
        wall: the time of the start, seconds since 1970 UTC.
        clock: the scenario's day and hour.
        weather: what goes wrong for a while.
        trunks: the carrier's trunks.
        customers: its customers.
        analytics: the engine that judges caller IDs, with its ``reputation``; None without one.
    """

    def __init__(self, config: CarrierConfig, rng: Random, wall: float) -> None:
        self.rng = rng
        self.wall = wall
        self.clock = Clock(config.clock, wall)
        self.weather = weather.Weather(config, self.clock, rng)
        self.trunks = trunks.Trunks(config, self.clock)
        self.customers = customers.Customers(config)
        self.analytics = analytics.engine(config, rng)


Maker = Callable[[CarrierConfig, World], Check | None]

CHECKS: Sequence[Maker] = (
    weather.outages,  # nobody is at home
    customers.check,  # who is it, with the right password, and registered?
    trunks.rate,  # too many calls a second?
    trunks.lines,  # a line free?
    weather.congestion,  # is there a way on from here?
    callers.check,  # may this caller ID be shown?
    numbering.form,  # is the number understood?
    directions.check,  # is the direction open?
    accounts.check,  # can it be paid for?
    shaken.check,  # does anybody vouch for the caller?
    analytics.check,  # is the caller a nuisance?
    numbering.existence,  # does anybody have this number?
    unwanted.check,  # has the person called had enough of this caller?
    analytics.label,  # does a warning on the phone put somebody off?
)

FATES: Sequence[Maker] = (subscribers.check,)
"""What becomes of a call that stands in nobody's way and that no rule takes."""


class Business:
    """All checks of a scenario.

    Args:
        config: the carrier as loaded.
        rng: the run's source of chance.
        wall: the time of the start, seconds since 1970 UTC.

    Attributes:
        world: what they share.
        checks: asked before the rules, in order.
        fates: asked after them.
        on_answer, on_end: told that a call has been answered, and that it is over.
    """

    def __init__(self, config: CarrierConfig, rng: Random, wall: float) -> None:
        self.world = World(config, rng, wall)
        made = [make(config, self.world) for make in CHECKS]
        self.checks = tuple(check for check in made if check is not None)
        fates = [make(config, self.world) for make in FATES]
        self.fates = tuple(fate for fate in fates if fate is not None)
        everybody = (*self.checks, *self.fates)
        self.on_answer = tuple(check.answered for check in everybody if isinstance(check, HearsAnswers))
        self.on_end = tuple(check.ended for check in everybody if isinstance(check, HearsEnds))

    def state(self) -> list[str]:
        """The resources and how they stand now, in words: ``lines 2 of 30``."""
        return list(self.world.trunks.state())
