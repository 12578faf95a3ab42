"""The traffic of a scenario that does not say any: numbers and caller IDs that it speaks of, and some others.

So that a simulation shows something of every rule, whatever the scenario: each prefix that is named is called, each
caller ID that is named is shown, and beside them what nobody named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simcarrier.scenario.business.customers import CustomerModel
from simcarrier.scenario.models import CarrierConfig, Scenario
from simcarrier.scenario.patterns import NumberPattern
from simcarrier.scenario.traffic import Called, Campaign, Pool, Traffic
from simcarrier.scenario.traffic_fields import NumberTemplate

ELSE_CALLED = "+4930#######"
"""What is called beside the numbers that are named."""

ELSE_SHOWN = "+4930555", "+1212555"
"""What other caller IDs begin with: where none is named, and beside those that are."""

USUAL_LENGTH = 12
"""Characters of a number where only its beginning is known, the plus included; four digits at least follow."""

CALLER_IDS = 10
"""Caller IDs for each prefix that is named."""

MOST_NAMED = 200
"""Prefixes and numbers that are taken from a scenario at most: a rulebook can have thousands."""


def usual_traffic(scenario: Scenario) -> Traffic:
    """The traffic of a scenario that says none: a campaign for each customer, or one."""
    owners: list[CustomerModel | None] = [*scenario.carrier.customers]
    return Traffic(campaigns=tuple(_campaign(scenario, owner) for owner in owners or [None]))


def _campaign(scenario: Scenario, owner: CustomerModel | None) -> Campaign:
    called = tuple(Called(number=NumberTemplate(text)) for text in _called(scenario, owner))
    name = "usual" if owner is None else owner.name
    callers = Pool(numbers=tuple(_callers(scenario, owner)))
    return Campaign(name=name, to=called, callers=callers, customer=None if owner is None else name)


def _called(scenario: Scenario, owner: CustomerModel | None) -> list[str]:
    patterns = [rule.to for rule in scenario.calls]
    # Where all rules are for certain numbers, and there is at least one, nothing else need be called.
    complete = bool(patterns) and all(pattern is not None and pattern.index_keys for pattern in patterns)
    patterns += _business(scenario.carrier, owner)
    named = [
        number + "#" * max(4, USUAL_LENGTH - len(number)) if open_ended else number
        for number, open_ended in _named(patterns)
        if _can_be_dialled(number)
    ]
    if not named or not complete:
        named.append(ELSE_CALLED)
    return list(dict.fromkeys(named))


def _business(carrier: CarrierConfig, owner: CustomerModel | None) -> Iterator[NumberPattern | None]:
    """The called numbers that directions, subscribers and the weather name."""
    for directions in (carrier.directions, owner.directions if owner is not None else None):
        if directions is not None:
            yield from (directions.open, directions.closed)
    yield from (entry.to for entry in carrier.subscribers)
    yield from (entry.to for entry in carrier.weather)


def _callers(scenario: Scenario, owner: CustomerModel | None) -> list[str]:
    carrier = scenario.carrier
    patterns = [rule.from_ for rule in scenario.calls] + [carrier.routed_callers]
    patterns += [carrier.callers.routed] if carrier.callers is not None else []
    patterns += [owner.routed_callers] if owner is not None else []
    shown: list[str] = []
    for number, open_ended in _named(patterns):
        if _can_be_dialled(number):
            shown += [f"{number}555{at:02}" for at in range(CALLER_IDS)] if open_ended else [number]
    prefix = ELSE_SHOWN[bool(shown)]
    return list(dict.fromkeys([*shown, *(f"{prefix}{at:02}" for at in range(CALLER_IDS))]))


def _named(patterns: Iterable[NumberPattern | None]) -> list[tuple[str, bool]]:
    """The numbers that patterns name, negated or not, and whether they go on; in order."""
    found: list[tuple[str, bool]] = []
    for pattern in patterns:
        if pattern is not None:
            found += [(number, False) for number in sorted(pattern.exact)]
            found += [(prefix, True) for prefix in pattern.prefixes]
    return found[:MOST_NAMED]


def _can_be_dialled(number: str) -> bool:
    """Whether it can stand in a template as it is."""
    return 0 < len(number) <= 40 and not any(character in '#*@<>"' or character.isspace() for character in number)
