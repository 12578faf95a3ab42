"""Directions: where calls may go. What is closed wins over what is open; without an open list all else is open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from ..base import Location, Model
from ..fields import NumberPatternField
from ..units import shown
from .numbers import read_e164_pattern


class DirectionsModel(Model):
    """Where calls may go, by the called number in E.164 form."""

    open: NumberPatternField | None = Field(
        default=None, description="Numbers that may be called; all that are not closed if not said."
    )
    closed: NumberPatternField | None = Field(
        default=None, description="Numbers that may not be called, whatever open says."
    )


def faults(carrier: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    """What contradicts itself between several entries; locations are relative to ``carrier``."""
    numbered = isinstance(carrier.get("numbering"), Mapping)
    customers = carrier.get("customers")
    places: list[tuple[Location, Any]] = [((), carrier)]
    if isinstance(customers, list | tuple):
        places += [(("customers", place), customer) for place, customer in enumerate(customers)]
    for location, owner in places:
        directions = owner.get("directions") if isinstance(owner, Mapping) else None
        if isinstance(directions, Mapping):
            if not directions:
                yield (*location, "directions"), "says nothing: add open or closed"
            found = [*_twice(directions), *(_never(directions) if numbered else ())]
            yield from (((*location, "directions", *within), why) for within, why in found)


def entries(value: Any) -> list[Any]:
    """The entries of a pattern that is not negated, as they were written."""
    if isinstance(value, Mapping):
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _twice(directions: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    opened, closed = entries(directions.get("open")), entries(directions.get("closed"))
    if "*" in closed and directions.get("open") is not None:
        yield ("closed",), "closes every direction, so open is never asked"
        return
    for text in dict.fromkeys(text for text in opened if isinstance(text, str)):
        if text in closed:
            yield ("open",), f"{shown(text)} is both open and closed"


def _never(directions: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    """Entries that no number in E.164 form fits."""
    for key in ("open", "closed"):
        try:
            if directions.get(key) is not None:
                read_e164_pattern(directions[key])
        except ValueError as why:
            yield (key,), str(why)
