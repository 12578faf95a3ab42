"""What the parts of a scenario say about each other: names that must exist, rules that can never be
reached.

This looks at the raw mapping, as it was written, so that one misspelt step does not hide a misspelt ladder.
It must therefore bear any shape, and says nothing about shapes that it does not know: the models do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .actions import ACTION_KEYS, OPTIONS
from .base import Location, suggestion_or_list
from .blocks import card_faults
from .business.crosscheck import carrier_faults
from .expectations.crosscheck import expectation_faults
from .traffic import traffic_faults
from .units import shown

NOT_CONDITIONS = frozenset({"name", "priority", *ACTION_KEYS, *OPTIONS})
"""The keys of a rule that do not narrow down which calls it takes. A misspelt key may well be a condition."""


def scenario_faults(data: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    """Where and what is wrong between the parts.

    Args:
        data: the scenario as a mapping, in any state.
    """
    ladders = data.get("ladders")
    names = [str(name) for name in ladders] if isinstance(ladders, Mapping) else []
    for location, name in _ladder_uses(data):
        if name not in names:
            yield location, f"there is no ladder {shown(name)}" + suggestion_or_list(name, names, "; there are none")
    rules = _list(data.get("calls"))
    yield from _repeated_names(rules)
    yield from _unreachable(rules)
    yield from expectation_faults(data)
    yield from traffic_faults(data)
    yield from card_faults(data)
    carrier = data.get("carrier")
    if isinstance(carrier, Mapping):
        yield from ((("carrier", *location), why) for location, why in carrier_faults(carrier))


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _ladder_uses(data: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    carrier = data.get("carrier")
    places: list[tuple[Location, Any]] = [(("calls", n), rule) for n, rule in enumerate(_list(data.get("calls")))]
    if isinstance(carrier, Mapping):
        places += [(("carrier", key), carrier[key]) for key in ("lines_full", "unmatched") if key in carrier]
    while places:
        location, action = places.pop(0)
        if not isinstance(action, Mapping):
            continue
        if isinstance(action.get("ladder"), str):
            yield (*location, "ladder"), action["ladder"]
        for key in ("mix", "sequence"):
            # An entry of an entry is refused by the models; looking two deep is enough.
            if len(location) < 6:
                places += [((*location, key, n), entry) for n, entry in enumerate(_list(action.get(key)))]


def _repeated_names(rules: list[Any]) -> Iterator[tuple[Location, str]]:
    seen: dict[str, int] = {}
    for place, rule in enumerate(rules):
        name = rule.get("name") if isinstance(rule, Mapping) else None
        if isinstance(name, str):
            if name in seen:
                yield ("calls", place, "name"), f"calls[{seen[name]}] has the name {shown(name)} already"
            seen.setdefault(name, place)


def _priority(rule: Mapping[Any, Any]) -> int | None:
    try:
        return int(rule.get("priority", 0))
    except (TypeError, ValueError):
        return None


def _unreachable(rules: list[Any]) -> Iterator[tuple[Location, str]]:
    order = []
    for place, rule in enumerate(rules):
        priority = _priority(rule) if isinstance(rule, Mapping) else None
        if priority is not None:
            order.append((-priority, place, rule))
    order.sort(key=lambda entry: entry[:2])
    seen: dict[str, int] = {}
    everything = json.dumps({})
    for _, place, rule in order:
        narrowing = {key: said for key, said in rule.items() if key not in NOT_CONDITIONS and said not in ("*", {})}
        written = json.dumps(narrowing, sort_keys=True, default=str)
        if everything in seen:
            yield ("calls", place), f"is never reached: calls[{seen[everything]}] takes every call before it"
        elif written in seen:
            yield ("calls", place), f"is never reached: calls[{seen[written]}] takes the same calls before it"
        seen.setdefault(written, place)
