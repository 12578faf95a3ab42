"""A scenario that runs, read again from a text that somebody has changed and sent back.

Whoever sends it may see the scenario, but neither its passwords nor the machine that it runs on. The text is shown
without passwords (`hiding`) and read as it comes back, without them: no fault and no value can hold one. Files and
environment variables are looked at only if the scenario names them already. That is no loss: all that they are for
belongs to the carrier itself, which does not change while it runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from .base import Location
from .business.customers import HIDDEN, MAY_HIDE
from .fields import ONLY_FILES
from .hiding import scrubber, with_plain_breaks, without_passwords
from .load import read_scenario
from .models import CarrierConfig, Scenario
from .original import Original
from .parameters import effective, substituted
from .tree import read_tree

ELSEWHERE: Final = f'"{HIDDEN}" stands for the password of a customer, and can stand nowhere else'


class Rereading:
    """Reads texts in place of a scenario's.

    Args:
        scenario: loaded from a text.

    Attributes:
        shown: its text without passwords; None if it can't be had.
        parameters: their values in this run; `HIDDEN` for passwords.
        given: the names of those that were set from outside.
        scrub: hides passwords in any text.

    Raises:
        Unreadable, TypeError: it was not loaded from a text.
    """

    def __init__(self, scenario: Scenario) -> None:
        original = scenario.original
        if original.text is None:
            raise TypeError("the scenario was made in Python")
        text = with_plain_breaks(original.text)
        known = {customer.secret for customer in scenario.carrier.customers} - {None}
        hidden = without_passwords(text, original.given, {secret for secret in known if secret is not None})
        self.shown = hidden.text
        self.scrub = scrubber(hidden.secrets)
        self.given = frozenset(original.given)
        self.parameters = {
            name: HIDDEN if name in hidden.parameters else value for name, value in scenario.parameters.items()
        }
        self._scenario = scenario
        self._secret = hidden.parameters
        self._texts = _texts_of_carrier(text, original.given)

    def read(self, text: str) -> Scenario:
        """Read a text.

        Args:
            text: as it came back.

        Returns:
            The scenario, with `HIDDEN` for every password that was left out.

        Raises:
            ScenarioError: with every fault.
        """
        original = self._scenario.original
        given = {name: HIDDEN if name in self._secret else value for name, value in original.given.items()}
        context = {MAY_HIDE: True, ONLY_FILES: self._texts}
        return read_scenario(text, original.name, given, self._scenario.path, context, self._wrong)

    def put(self, read: Scenario) -> Scenario:
        """The running scenario with all that can be changed while it runs as it was read.

        Args:
            read: from a text; its carrier is the same, see `hidden_as_in`.
        """
        old = self._scenario
        parameters = {
            name: old.parameters.get(name, value) if value == HIDDEN else value
            for name, value in read.parameters.items()
        }
        changed = {
            "description": read.description,
            "parameters": parameters,
            "ladders": read.ladders,
            "calls": read.calls,
            "traffic": read.traffic,
            "original": Original(read.original.text, old.original.name, old.original.given),
        }
        return old.model_copy(update=changed)

    def _wrong(self, body: Mapping[str, Any]) -> Iterator[tuple[Location, str]]:
        """What cannot be sent from elsewhere."""
        yield from ((place, ELSEWHERE) for place in _places_of_hidden(body, ()))
        carrier = body.get("carrier")
        customers = carrier.get("customers") if isinstance(carrier, dict) else None
        for at, customer in enumerate(customers if isinstance(customers, list) else ()):
            name = customer.get("password_env") if isinstance(customer, dict) else None
            if isinstance(name, str) and name not in self._texts:
                why = "must be a variable that the running scenario names: any other is read by simcarrier run only"
                yield ("carrier", "customers", at, "password_env"), why


def hidden_as_in(carrier: CarrierConfig, other: CarrierConfig) -> CarrierConfig:
    """A carrier with its passwords hidden where the other's are, so that the two can be compared."""
    hidden = {customer.name for customer in other.customers if customer.password == HIDDEN}
    customers = tuple(
        customer.model_copy(update={"password": HIDDEN})
        if customer.password is not None and customer.name in hidden
        else customer
        for customer in carrier.customers
    )
    return carrier.model_copy(update={"customers": customers})


def _places_of_hidden(value: Any, path: Location) -> Iterator[Location]:
    if isinstance(value, dict):
        for key, one in value.items():
            if HIDDEN in key:
                yield (*path, key)
            yield from _places_of_hidden(one, (*path, key))
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from _places_of_hidden(one, (*path, at))
    elif isinstance(value, str) and HIDDEN in value and not _is_password(path, value):
        yield path


def _is_password(path: Location, value: str) -> bool:
    return value == HIDDEN and len(path) == 4 and path[:2] == ("carrier", "customers") and path[3] == "password"


def _texts_of_carrier(text: str, given: Mapping[str, str]) -> frozenset[str]:
    """All texts in a scenario's carrier, parameters put in: whatever file it names is among them."""
    data = read_tree(text).data
    rest = [substituted(data.get("carrier"), effective(data.get("parameters"), given, []), [])]
    found = set()
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            rest += value.values()
        elif isinstance(value, list):
            rest += value
        elif isinstance(value, str):
            found.add(value)
    return frozenset(found)
