"""Weather: outages, congestion, delays that come and go.

A scenario's weather is a list of *fronts*. A front holds while its hours do, or by hand; it strikes all calls, those to
some numbers, or a share of them. An outage, or a carrier that says nothing, comes before all else: nobody is there to
ask who is calling. Any other front stands on the way on from the carrier, so that customer, rate and lines are looked
at first. In each of the two the first front that strikes a call decides on it.

Slow weather decides nothing. It puts 100 and a wait before whatever becomes of the call.
"""

from __future__ import annotations

from math import ceil
from random import Random
from typing import TYPE_CHECKING

from simcarrier.conditions import Condition
from simcarrier.scenario import steps
from simcarrier.scenario.business.weather import KINDS, WeatherModel
from simcarrier.scenario.models import CarrierConfig

from ..behaviours import ladder
from ..call import Call, Ladder
from .clock import Clock, Window
from .finding import Finding

if TYPE_CHECKING:
    from . import Check, World

BEFORE_ALL_ELSE = (Condition.CARRIER_FAILURE, Condition.SILENT)
"""What happens to a call at the carrier's door."""


class Front:
    """Something that goes wrong for a while.

    Attributes:
        model: as the scenario, or somebody by hand, has it.
        name: as reports have it.
        condition: what happens to the calls that it strikes; None if they are only slow.
        delay: the rungs before their ladder then.
        forced: switched on or off by hand; None if the scenario decides.
    """

    def __init__(self, model: WeatherModel, clock: Clock, rng: Random) -> None:
        self.model = model
        self.name = model.title
        self.condition = KINDS[model.what] if model.what is not None else model.condition
        self.delay: Ladder = ()
        if model.post_dial_delay is not None:
            self.delay = ladder([steps.Trying(), steps.Wait(span=model.post_dial_delay)])
        self._finding = None if self.condition is None else Finding(self.condition, f"weather: {self.name}")
        self._retry_after = model.retry_after
        self.forced: bool | None = None
        self._on = model.on
        self._window = Window(model, clock)
        self._to = model.to
        self._share = model.share if model.share is not None and model.share < 1 else None
        self._rng = rng

    def holds(self, now: float) -> bool:
        """Whether it is there; ``now`` is seconds since the start."""
        return self._on and self._window.contains(now) if self.forced is None else self.forced

    def found(self) -> Finding | None:
        """What is said of a call that it strikes; None if that is only slow."""
        if self._finding is None or self._retry_after is None:
            return self._finding
        return self._finding._replace(values={"retry_after": str(ceil(self._retry_after.sample(self._rng)))})

    def strikes(self, call: Call, now: float) -> bool:
        """Whether it is there and meets this call."""
        return (
            self.holds(now)
            and (self._to is None or self._to.matches(call.called))
            and (self._share is None or self._rng.random() < self._share)
        )


class Weather:
    """All fronts of a scenario.

    Attributes:
        fronts: in the order of the scenario; each can be switched by hand.
    """

    def __init__(self, config: CarrierConfig, clock: Clock, rng: Random) -> None:
        self.fronts = tuple(Front(model, clock, rng) for model in config.weather)


class Struck:
    """Looks whether one of some fronts strikes the call."""

    def __init__(self, fronts: list[Front]) -> None:
        self._fronts = fronts

    def examine(self, call: Call, now: float) -> Finding | None:
        """What the first one that strikes does; a slow one is noted on the call."""
        for front in self._fronts:
            if call.prelude and front.condition is None:
                continue  # slow as it is
            if front.strikes(call, now):
                found = front.found()
                if found is not None:
                    return found
                call.prelude = front.delay
        return None


def outages(config: CarrierConfig, world: World) -> Check | None:
    """The check that finds the carrier down."""
    fronts = [front for front in world.weather.fronts if front.condition in BEFORE_ALL_ELSE]
    return Struck(fronts) if fronts else None


def congestion(config: CarrierConfig, world: World) -> Check | None:
    """The check that finds the way on from here blocked, or slow."""
    fronts = [front for front in world.weather.fronts if front.condition not in BEFORE_ALL_ELSE]
    return Struck(fronts) if fronts else None
