"""What expectations say about the rest of the scenario: names that must exist, limits that must be said somewhere.

As everything that compares parts it looks at the raw mapping, and bears any shape.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..base import Location, suggestion_or_list
from ..business.fields import entries, names
from ..units import shown


def expectation_faults(data: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    """Where and what is wrong.

    Args:
        data: the scenario as a mapping, in any state.
    """
    written = data.get("carrier")
    carrier: Mapping[Any, Any] = written if isinstance(written, Mapping) else {}
    rules = [str(rule["name"]) for _, rule in entries(data, "calls") if isinstance(rule.get("name"), str)]
    known = {
        "rule": (rules, "no rule has the name", "; no rule has a name"),
        "trunk": (names(carrier, "trunks"), "there is no trunk", "; the carrier has none"),
        "customer": (names(carrier, "customers"), "there is no customer", "; the carrier has none"),
    }
    for place, expectation in entries(data, "expect"):
        for key in ("calls", "share", "of"):
            calls = expectation.get(key)
            if not isinstance(calls, Mapping):
                continue
            for field, (there, what, none) in known.items():
                name = calls.get(field)
                if isinstance(name, str) and name not in there:
                    hint = suggestion_or_list(name, there, none)
                    yield ("expect", place, key, field), f"{what} {shown(name)}{hint}"
        yield from ((("expect", place, *where), why) for where, why in _limits(expectation, carrier))


def _limits(expectation: Mapping[Any, Any], carrier: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    trunks = [trunk for _, trunk in entries(carrier, "trunks")]
    if "at_most" not in expectation:
        if "lines" in expectation and not carrier.get("lines") and not any(trunk.get("lines") for trunk in trunks):
            yield (), "does not say how many, and neither does the carrier: add at_most, or lines to the carrier"
        key = "calls_per_second"
        if key in expectation and not any(trunk.get(key) for trunk in trunks):
            yield (), f"does not say how many, and neither does a trunk: add at_most, or {key} to a trunk"
    if "registration" in expectation:
        customers = [customer for _, customer in entries(carrier, "customers")]
        if not any(customer.get("user") for customer in customers):
            yield ("registration",), "needs a customer that can register: one with user and password"
