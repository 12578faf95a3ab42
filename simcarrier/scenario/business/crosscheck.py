"""What the parts of a carrier say about each other. Each looks at the raw mapping, as it was written, in any state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .. import path
from ..base import Location
from . import analytics, callers, clock, customers, directions, numbering, shaken, subscribers, tariffs, trunks, weather

FAULTS: tuple[Callable[[Mapping[Any, Any]], Iterator[tuple[Location, str]]], ...] = (
    clock.faults,
    customers.faults,
    tariffs.faults,
    trunks.faults,
    numbering.faults,
    callers.faults,
    directions.faults,
    analytics.faults,
    subscribers.faults,
    weather.faults,
    shaken.faults,
    path.faults,
)


def carrier_faults(carrier: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    """Where and what is wrong between the parts; locations are relative to ``carrier``."""
    for faults in FAULTS:
        yield from faults(carrier)
