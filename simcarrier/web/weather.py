"""Weather and conditions, switched by hand.

A front of the scenario's weather (``carrier: weather:``) is switched on or off, or left to the scenario again. A
condition is forced: it then happens to every call, or to those to some numbers, before anything else looks at them; the
carrier's dialect says it. A forced condition is a front too, one that stands before all others, so both are told alike
in the records.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simcarrier.carrier.business import Business
from simcarrier.carrier.business.weather import Front, Struck
from simcarrier.conditions import Condition
from simcarrier.scenario.base import UNKNOWN, suggestion_or_list
from simcarrier.scenario.business.weather import WeatherModel
from simcarrier.scenario.parameters import Faults, substituted

from .body import source_of
from .problems import NOT_FOUND, Problem

SWITCHES: Mapping[str, bool | None] = {"on": True, "off": False, "auto": None}
"""How a front can be switched; ``auto`` leaves it to the scenario."""

FORCE_KEYS = ("to", "share", "retry_after")
"""What can be said of a forced condition: keys of a front in the scenario language."""


def read_switch(text: str) -> str:
    """The body of a switch: ``switch: on``.

    Raises:
        Problem: it is no mapping of YAML.
        ScenarioError: it is no such body.
    """
    source = source_of(text, "switch")
    for key in source.data:
        if key != "switch":
            source.add((key,), f'unknown key "{key[:60]}"; there is switch', UNKNOWN)
    said = source.data.get("switch")
    if "switch" not in source.data:
        source.add(("switch",), "is missing", "missing_key")
    elif said not in SWITCHES:
        source.add(("switch",), f"must be one of {', '.join(SWITCHES)}")
    source.raise_if_faulty()
    return str(said)


def read_force(
    text: str, condition: Condition, parameters: Mapping[str, str]
) -> tuple[WeatherModel, Mapping[str, Any]]:
    """The body of a forced condition: ``{to: +49*, share: 40%, retry_after: 30s}``, each of which may be left out.

    Args:
        text: YAML or JSON; empty for every call.
        condition: what happens.
        parameters: of the scenario.

    Returns:
        The front, and the body as it was sent.

    Raises:
        Problem: it is no mapping of YAML.
        ScenarioError: with every fault.
    """
    source = source_of(text if text.strip() else "{}", ", ".join(FORCE_KEYS))
    loose: Faults = []
    body = substituted(source.data, parameters, loose)
    for location, why in loose:
        source.add(location, why)
    for key in body:
        if key not in FORCE_KEYS:
            hint = suggestion_or_list(key, FORCE_KEYS)
            source.add((key,), f'unknown key "{key[:60]}"{hint}', UNKNOWN)
    known = {key: said for key, said in body.items() if key in FORCE_KEYS}
    model = source.validated(WeatherModel, {"name": f"forced {condition}", "condition": condition, **known}, {})
    source.raise_if_faulty()
    assert model is not None  # a failed validation has left its faults
    return model, known


class Skies:
    """The weather of a carrier.

    Attributes:
        forced: what is forced, as it was sent; the last one first, which is the order of asking.
    """

    def __init__(self, business: Business) -> None:
        self._business = business
        self._checks = business.checks
        self._fronts: dict[Condition, Front] = {}
        self.forced: dict[Condition, Mapping[str, Any]] = {}

    @property
    def fronts(self) -> tuple[Front, ...]:
        """The scenario's."""
        return self._business.world.weather.fronts

    def front(self, name: str) -> Front:
        """The front of that name.

        Raises:
            Problem: there is none.
        """
        for front in self.fronts:
            if front.name == name:
                return front
        names = [front.name for front in self.fronts]
        hint = suggestion_or_list(name, names, "; the scenario has none")
        raise Problem(NOT_FOUND, f"there is no weather {name[:100]!r}{hint}")

    def switch(self, name: str, how: str) -> Front:
        """Switch a front; ``how`` is one of `SWITCHES`."""
        front = self.front(name)
        front.forced = SWITCHES[how]
        return front

    def force(self, condition: Condition, model: WeatherModel, written: Mapping[str, Any]) -> None:
        """Let a condition happen from the next call on; in place of how it was forced before."""
        world = self._business.world
        front = Front(model, world.clock, world.rng)
        front.forced = True
        self._fronts = {condition: front, **{each: old for each, old in self._fronts.items() if each != condition}}
        self.forced = {condition: written, **{each: old for each, old in self.forced.items() if each != condition}}
        self._put()

    def lift(self, condition: Condition) -> bool:
        """Do not force a condition any more; whether it was forced."""
        self.forced.pop(condition, None)
        there = self._fronts.pop(condition, None) is not None
        self._put()
        return there

    def reset(self) -> None:
        """Leave everything to the scenario."""
        for front in self.fronts:
            front.forced = None
        self._fronts.clear()
        self.forced.clear()
        self._put()

    def _put(self) -> None:
        # With nothing forced the carrier asks what it asked before, and no call pays for what might be.
        fronts = list(self._fronts.values())
        self._business.checks = (Struck(fronts), *self._checks) if fronts else self._checks
