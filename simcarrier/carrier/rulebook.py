"""The rulebook: which rule takes a call.

The first rule that matches wins, a higher priority before a lower one, and in the file's order among equals. A file
may have a thousand rules, so they are filed by the called number: rules for exact numbers and for prefixes are found by
looking them up, and only those that can't be filed (anything, a negation, a regular expression) are asked each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Literal

from simcarrier.scenario.models import Rule
from simcarrier.scenario.patterns import NumberPattern, TextPattern
from simcarrier.sip.field_names import canonical

from .call import Call

Test = Callable[[Call, float], bool]


@dataclass(frozen=True, slots=True)
class Question:
    """One condition of a rule.

    Attributes:
        field: the key in the scenario.
        wanted: what it must be, as written.
        holds: whether it is, for a call and the seconds since the carrier's start.
        got: what it is, in words.
    """

    field: str
    wanted: str
    holds: Test
    got: Callable[[Call, float], str]


FEW = 8
"""Up to so many rules asking each in turn is quicker than looking up."""


class Entry:
    """One rule, ready to be asked.

    Attributes:
        rule: the rule as written.
        name: what reports call it: its name, or its place in the file.
        place: its place in the order of asking.
        conditions: what it asks, the cheapest first.
        matches: whether it takes a call; all conditions in one.
    """

    __slots__ = ("conditions", "matches", "name", "place", "rule")

    def __init__(self, rule: Rule, name: str, place: int) -> None:
        self.rule = rule
        self.name = name
        self.place = place
        self.conditions = tuple(_conditions(rule))
        self.matches = _all([condition.holds for condition in self.conditions])


def _all(tests: Sequence[Test]) -> Test:
    """A test that holds if all of these do; one or two, the usual number, are asked without a loop."""
    if not tests:
        return lambda call, now: True
    first, *others = tests
    if not others:
        return first
    rest = _all(others)
    return lambda call, now: first(call, now) and rest(call, now)


class RuleBook:
    """All rules of a scenario."""

    __slots__ = ("_asked", "_exact", "_few", "_lengths", "_prefixes", "entries")

    def __init__(self, rules: Iterable[Rule]) -> None:
        named = [(rule, rule.name or f"calls[{at}]") for at, rule in enumerate(rules)]
        named.sort(key=lambda entry: -entry[0].priority)
        self.entries = tuple(Entry(rule, name, place) for place, (rule, name) in enumerate(named))
        self._few = len(self.entries) <= FEW
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
        for entry in self.entries if self._few else self._candidates(call.called):
            if entry.matches(call, now):
                return entry
        return None

    def _candidates(self, called: str) -> Iterable[Entry]:
        asked = self._asked
        found = [asked] if asked else []
        exact = self._exact.get(called)
        if exact is not None:
            found.append(exact)
        prefixes = self._prefixes
        for length in self._lengths:
            if length > len(called):
                break
            filed = prefixes.get(called[:length])
            if filed is not None:
                found.append(filed)
        if len(found) == 1:
            return found[0]  # in order already
        return sorted({entry for entries in found for entry in entries}, key=_place)


def _place(entry: Entry) -> int:
    return entry.place


def _conditions(rule: Rule) -> Iterator[Question]:
    """A rule's conditions, the cheapest first."""
    if rule.to is not None and not (rule.to.anything and not rule.to.negated):
        yield Question("to", str(rule.to), _number_test("called", rule.to), lambda call, now: call.called)
    if rule.from_ is not None and not (rule.from_.anything and not rule.from_.negated):
        yield Question("from", str(rule.from_), _number_test("caller", rule.from_), lambda call, now: call.caller)
    if rule.calls_so_far is not None:
        count = rule.calls_so_far.contains
        yield Question(
            "calls_so_far",
            str(rule.calls_so_far),
            lambda call, now: count(call.number - 1),
            lambda call, now: str(call.number - 1),
        )
    if rule.since_start is not None:
        period = rule.since_start.contains
        yield Question(
            "since_start", str(rule.since_start), lambda call, now: period(now), lambda call, now: f"{now:.3f}s"
        )
    for name, pattern in rule.headers.items():
        yield _header_question(name, pattern)
    if rule.source is not None:
        networks = tuple(rule.source)
        yield Question(
            "source", ", ".join(map(str, networks)), _source_test(networks), lambda call, now: call.session.peer[0]
        )


def _number_test(party: Literal["called", "caller"], pattern: NumberPattern) -> Test:
    """Whether a number fits; mere prefixes, the usual case, are asked without a detour."""
    called = party == "called"
    if pattern.exact or pattern.regexes or pattern.anything:
        matches = pattern.matches
        return (lambda call, now: matches(call.called)) if called else (lambda call, now: matches(call.caller))
    begins = pattern.prefixes
    if pattern.negated:
        if called:
            return lambda call, now: not call.called.startswith(begins)
        return lambda call, now: not call.caller.startswith(begins)
    if called:
        return lambda call, now: call.called.startswith(begins)
    return lambda call, now: call.caller.startswith(begins)


def _header_question(name: str, pattern: TextPattern) -> Question:
    key = canonical(name)

    def holds(call: Call, now: float) -> bool:
        values = call.invite.get_all(key)
        return any(pattern.matches(value) for value in values) if values else pattern.matches(None)

    def got(call: Call, now: float) -> str:
        return ", ".join(call.invite.get_all(key)) or "absent"

    return Question(f"headers.{name}", str(pattern), holds, got)


def _source_test(networks: tuple[IPv4Network | IPv6Network, ...]) -> Test:
    def holds(call: Call, now: float) -> bool:
        address = ip_address(call.session.peer[0])
        return any(address in network for network in networks)

    return holds
