"""Directions: where a customer may call."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from simcarrier.conditions import Condition
from simcarrier.scenario.business.directions import DirectionsModel
from simcarrier.scenario.models import CarrierConfig

from ..call import Call
from .finding import Finding
from .numbering_plan import country_of, told
from .prefixes import NumberSet

if TYPE_CHECKING:
    from . import Check, World


class Directions:
    """Where calls of one customer, or of all that have no say in it, may go.

    Attributes:
        usual: finds most numbers that can be called; what it does not find is to be asked of `blocked`.
    """

    __slots__ = ("_closed", "_open", "usual")

    def __init__(self, model: DirectionsModel) -> None:
        self._open = None if model.open is None else NumberSet(model.open)
        self._closed = None if model.closed is None else NumberSet(model.closed)
        self.usual = self._quick()

    def _quick(self) -> Callable[[str], object] | None:
        """What finds most open numbers in one look: of prefixes alone one expression can be made; else None."""
        open_, closed = self._open, self._closed
        if open_ is None or not open_.few or (closed is not None and closed.few is None):
            return None
        but = "" if closed is None or not closed.few else f"(?!{'|'.join(map(re.escape, closed.few))})"
        return re.compile(f"{but}(?:{'|'.join(map(re.escape, open_.few))})").match

    def blocked(self, number: str) -> str | None:
        """Why a number can't be called, but for whose direction it is; None if it can."""
        if self._closed is not None and self._closed.has(number):
            return f"direction {told(self._closed.entry(number) or _direction_of(number))} is closed"
        if self._open is not None and not self._open.has(number):
            return f"direction {told(_direction_of(number))} is not open"
        return None


def _direction_of(number: str) -> str:
    """The country of a number, or the number itself where it is in no form that tells."""
    return country_of(number) if number.startswith("+") else number


class OpenDirection:
    """Finds directions that are closed for whoever calls.

    Args:
        common: the carrier's own directions.
        own: those of customers that have some, by the customer's name.
    """

    def __init__(self, common: Directions | None, own: dict[str, Directions]) -> None:
        self._common = common
        self._own = own

    def examine(self, call: Call, now: float) -> Finding | None:
        """The direction is blocked."""
        customer, directions = call.customer, self._common
        if self._own and customer is not None:
            directions = self._own.get(customer.name, directions)
        if directions is None:
            return None
        usual = directions.usual
        if usual is not None and usual(call.destination) is not None:
            return None
        why = directions.blocked(call.destination)
        if why is None:
            return None
        return Finding(Condition.DIRECTION_BLOCKED, why if customer is None else f"{why} for {customer.name}")


def check(config: CarrierConfig, world: World) -> Check | None:
    """The check of the direction."""
    common = None if config.directions is None else Directions(config.directions)
    own: dict[str, Directions] = {}
    for customer in config.customers:
        if customer.directions is not None:
            own[customer.name] = Directions(customer.directions)
    return None if common is None and not own else OpenDirection(common, own)
