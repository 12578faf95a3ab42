"""The rulebook: which rule takes a call.

The first rule that matches wins, a higher priority before a lower one, and in the file's order among equals. A file
may have a thousand rules, so they are filed by the called number: rules for exact numbers and for prefixes are found by
looking them up, and only those that can't be filed (anything, a negation, a regular expression) are asked each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address
from operator import attrgetter
from typing import Literal

from simcarrier.scenario.models import Rule
from simcarrier.scenario.patterns import NumberPattern
from simcarrier.sip.field_names import canonical

from .call import Call

Condition = Callable[[Call, float], bool]

FEW = 8
"""Up to so many rules asking each in turn is quicker than looking up."""


class Entry:
    """One rule, ready to be asked.

    Attributes:
        rule: the rule as written.
        name: what reports call it: its name, or its place in the file.
        place: its place in the order of asking.
    """

    __slots__ = ("conditions", "name", "place", "rule")

    def __init__(self, rule: Rule, name: str, place: int) -> None:
        self.rule = rule
        self.name = name
        self.place = place
        self.conditions = tuple(_conditions(rule))

    def matches(self, call: Call, now: float) -> bool:
        """Whether the rule takes the call. ``now`` is seconds since the carrier's start."""
        for condition in self.conditions:  # noqa: SIM110  # a generator expression doubles the cost of a rule
            if not condition(call, now):
                return False
        return True


class RuleBook:
    """All rules of a scenario."""

    __slots__ = ("_asked", "_exact", "_lengths", "_prefixes", "entries")

    def __init__(self, rules: Iterable[Rule]) -> None:
        named = [(rule, rule.name or f"calls[{at}]") for at, rule in enumerate(rules)]
        named.sort(key=lambda entry: -entry[0].priority)
        self.entries = tuple(Entry(rule, name, place) for place, (rule, name) in enumerate(named))
        self._exact: dict[str, list[Entry]] = {}
        self._prefixes: dict[str, list[Entry]] = {}
        self._asked: list[Entry] = []
        for entry in self.entries:
            keys = None if entry.rule.to is None else entry.rule.to.index_keys
            if keys is None:
                self._asked.append(entry)
                continue
            for kind, text in keys:
                (self._exact if kind == "exact" else self._prefixes).setdefault(text, []).append(entry)
        self._lengths = sorted({len(prefix) for prefix in self._prefixes})

    def find(self, call: Call, now: float) -> Entry | None:
        """The rule that takes the call, or None."""
        entries = self.entries if len(self.entries) <= FEW else self._candidates(call.called)
        for entry in entries:
            if entry.matches(call, now):
                return entry
        return None

    def _candidates(self, called: str) -> Iterable[Entry]:
        filed: list[Entry] = list(self._exact.get(called, ()))
        for length in self._lengths:
            if length > len(called):
                break
            filed += self._prefixes.get(called[:length], ())
        if not filed:
            return self._asked
        return sorted({*filed, *self._asked}, key=_place)


def _place(entry: Entry) -> int:
    return entry.place


def _conditions(rule: Rule) -> Iterator[Condition]:
    """A rule's conditions, the cheapest first."""
    if rule.to is not None and not (rule.to.anything and not rule.to.negated):
        yield _number_condition("called", rule.to)
    if rule.from_ is not None and not (rule.from_.anything and not rule.from_.negated):
        yield _number_condition("caller", rule.from_)
    if rule.calls_so_far is not None:
        count = rule.calls_so_far.contains
        yield lambda call, now: count(call.number - 1)
    if rule.since_start is not None:
        period = rule.since_start.contains
        yield lambda call, now: period(now)
    for name, pattern in rule.headers.items():
        yield _header_condition(name, pattern.matches)
    if rule.source is not None:
        yield _source_condition(tuple(rule.source))


def _number_condition(party: Literal["called", "caller"], pattern: NumberPattern) -> Condition:
    """A condition on a number; mere prefixes, the usual case, are asked without a detour."""
    number = attrgetter(party)
    if pattern.exact or pattern.regexes or pattern.anything:
        matches = pattern.matches
        return lambda call, now: matches(number(call))
    prefixes = pattern.prefixes
    if pattern.negated:
        return lambda call, now: not number(call).startswith(prefixes)
    return lambda call, now: number(call).startswith(prefixes)


def _header_condition(name: str, matches: Callable[[str | None], bool]) -> Condition:
    key = canonical(name)

    def condition(call: Call, now: float) -> bool:
        values = call.invite.get_all(key)
        return any(matches(value) for value in values) if values else matches(None)

    return condition


def _source_condition(networks: tuple[IPv4Network | IPv6Network, ...]) -> Condition:
    def condition(call: Call, now: float) -> bool:
        address = ip_address(call.session.peer[0])
        return any(address in network for network in networks)

    return condition
