"""The rules in force, as the API changes them.

Rules come in the language of a scenario's ``calls:`` and are read by the same models, so a fault is told with its line
and column. Reading touches nothing. Putting rules in force does, in one go: a change either takes hold as a whole,
between two calls, or nothing changes.

Every rule has a name, by which it is removed: the one that it was given, or its place in the file (``calls[2]``), or
for one that came without (``added[1]``). Added rules come before those that are there, as in the pytest fixture; the
priorities that rules have still go first. Every change has a number, the *revision*; whoever replaces all rules says
which revision they have seen, so that nobody undoes what they do not know of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from functools import partial
from typing import Any

from pydantic import ValidationError

from simcarrier.carrier.carrier import Carrier
from simcarrier.extras import MissingExtra
from simcarrier.scenario.actions import ladders_used
from simcarrier.scenario.base import Location
from simcarrier.scenario.crosscheck import scenario_faults
from simcarrier.scenario.models import Rule, Scenario
from simcarrier.scenario.parameters import Faults, substituted
from simcarrier.trust.extra import UnreadableFile

from .body import source_of
from .problems import CHANGED, FAULTY, NAME_TAKEN, NOT_FOUND, TOO_MANY_RULES, Problem, Wrong

MOST_RULES = 1_000
"""Rules beside those of the file. Putting a thousand in force takes a twentieth of a second; no call is taken in it."""


@dataclass(frozen=True, slots=True)
class Given:
    """A rule that was sent.

    Attributes:
        rule: as read.
        written: as it was sent, with texts as scalars.
        place: where it stands in the body.
    """

    rule: Rule
    written: Mapping[str, Any]
    place: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A rule in force.

    Attributes:
        rule: with its name.
        written: as it was sent; None for one of the file.
        hits_before: the calls that others of its name had taken.
    """

    rule: Rule
    written: Mapping[str, Any] | None = None
    hits_before: int = 0

    @property
    def name(self) -> str:
        """What records call it."""
        return self.rule.name or ""


def named(scenario: Scenario) -> Scenario:
    """The scenario with its rules called what reports call them, so that they keep that name wherever they stand."""
    rules = (
        rule if rule.name is not None else rule.model_copy(update={"name": f"calls[{place}]"})
        for place, rule in enumerate(scenario.calls)
    )
    return scenario.model_copy(update={"calls": tuple(rules)})


def read_rules(text: str, scenario: Scenario) -> tuple[Given, ...]:
    """The rules of a body: ``calls:`` with a list, or the keys of one rule.

    Args:
        text: YAML or JSON.
        scenario: whose ladders and parameters the rules may use.

    Raises:
        Problem: it is no mapping of YAML.
        ScenarioError: with every fault.
    """
    source = source_of(text, "calls, or those of one rule")
    loose: Faults = []
    body = substituted(source.data, scenario.parameters, loose)
    for location, why in loose:
        source.add(location, why)
    several = "calls" in body
    if several:
        for key in body:
            if key != "calls":
                source.add((key,), 'does not belong beside "calls"', "unknown_key")
        rules = body["calls"]
        if not isinstance(rules, list):
            source.add(("calls",), "must be a list of rules")
            rules = []
        if len(rules) > MOST_RULES:
            source.add(("calls",), f"has more than {MOST_RULES} rules")
            rules = rules[:MOST_RULES]
    else:
        rules = [body]

    def place(location: Location) -> Location:
        return location if several else location[2:]

    def in_rule(at: int, location: Location) -> Location:
        return place(("calls", at, *location))

    data = {"ladders": dict.fromkeys(scenario.ladders, ()), "calls": rules}
    for location, why in scenario_faults(data):
        if location[:1] == ("calls",):
            source.add(place(location), why)
    given = []
    silent = {location for location, _ in loose}
    for at, written in enumerate(rules):
        try:
            rule = Rule.model_validate(written, context={"folder": None})
        except ValidationError as error:
            source.note(error, silent, partial(in_rule, at))
        else:
            given.append(Given(rule, written, f"calls[{at}]" if several else ""))
    source.raise_if_faulty()
    return tuple(given)


def _renewed(rule: Rule, ladders: Container[str]) -> Rule:
    """The rule itself; a copy, which begins anew, if it uses one of these ladders."""
    return rule.model_copy() if any(name in ladders for name in ladders_used(rule.action)) else rule


class RuleTable:
    """The rules in force.

    Args:
        carrier: that follows them.
        scenario: its own, as `named` gives it.

    Attributes:
        revision: the number of the last change.
        standing: the rules, in the order in which they stand; the carrier asks higher priorities first.
    """

    def __init__(self, carrier: Carrier, scenario: Scenario) -> None:
        self._carrier = carrier
        self._scenario = scenario
        self._added = 0
        self.revision = 1
        self.standing: tuple[Standing, ...] = tuple(Standing(rule) for rule in scenario.calls)

    @property
    def names(self) -> set[str]:
        """The names in force."""
        return {each.name for each in self.standing}

    def add(self, given: Sequence[Given], hits: Counter[str], *, last: bool = False) -> tuple[Standing, ...]:
        """Put rules in force before those that are there.

        Args:
            given: in their order.
            hits: the calls that each name has taken so far.
            last: behind the others instead.

        Returns:
            The rules as they stand now.

        Raises:
            Problem: a name is taken, there would be too many, or they need signatures that cannot be had.
        """
        taken = self.names
        wrong = [
            Wrong(f"{each.place}.name".lstrip("."), f"there is a rule {each.rule.name!r} already")
            for each in given
            if each.rule.name in taken
        ]
        if wrong:
            raise Problem(NAME_TAKEN, f"{wrong[0].field}: {wrong[0].detail}", wrong)
        made = self._named(given, taken, hits)
        self._put((*self.standing, *made) if last else (*made, *self.standing))
        return made

    def replace(self, given: Sequence[Given], revision: int, hits: Counter[str]) -> tuple[Standing, ...]:
        """Put rules in force in place of all others.

        Args:
            given: in their order.
            revision: that the client has seen.
            hits: as in `add`.

        Raises:
            Problem: the revision is another one by now; or as in `add`.
        """
        self._expect(revision)
        made = self._named(given, set(), hits)
        self._put(made)
        return made

    def exchange(self, scenario: Scenario, revision: int, hits: Counter[str], *, keep: bool) -> None:
        """Put the rules and ladders of another scenario in force in place of the scenario's own.

        A rule that stays as it was goes on counting; one that has changed begins anew, even under its old name.

        Args:
            scenario: whose carrier is the same, as `named` gives it.
            revision, hits: as in `replace`.
            keep: added rules stay, before the scenario's own or behind as they stood; else they go.

        Raises:
            Problem: as in `replace`; or an added rule has a name that the scenario gives, or a ladder that it lacks.
        """
        self._expect(revision)
        ladders = self._scenario.ladders
        others = {name for name, steps in ladders.items() if scenario.ladders.get(name) != steps}
        own = {each.name: each for each in self.standing if each.written is None}
        made = []
        for rule in scenario.calls:
            before = own.get(rule.name or "")
            if before is None or before.rule != rule:
                made.append(Standing(rule, None, hits[rule.name or ""]))
            else:
                made.append(changed(before, rule=_renewed(before.rule, others)))
        places = [place for place, each in enumerate(self.standing) if each.written is None]
        first = places[0] if places else len(self.standing)
        added = [
            (place > first, changed(each, rule=_renewed(each.rule, others)))
            for place, each in enumerate(self.standing)
            if keep and each.written is not None
        ]
        names = {rule.name for rule in scenario.calls}
        taken = [each.name for _, each in added if each.name in names]
        if taken:
            why = f"the text has a rule {taken[0]!r}, and so have the added ones: change its name, or let those go"
            raise Problem(NAME_TAKEN, why)
        before_own = [each for behind, each in added if not behind]
        self._put((*before_own, *made, *(each for behind, each in added if behind)), scenario)

    def _expect(self, revision: int) -> None:
        if revision != self.revision:
            raise Problem(
                CHANGED,
                f"the rules are at revision {self.revision}, not {revision}: look at them again",
                [Wrong("revision", f"must be {self.revision} now")],
                revision=self.revision,
            )

    def remove(self, name: str) -> None:
        """Take a rule out of force.

        Raises:
            Problem: there is none of that name.
        """
        rest = tuple(each for each in self.standing if each.name != name)
        if len(rest) == len(self.standing):
            raise Problem(NOT_FOUND, f"there is no rule {name[:100]!r}")
        self._put(rest)

    def restore(self) -> None:
        """The file's rules, and no others; what they count (`sequence`) begins anew."""
        self._put(tuple(Standing(rule.model_copy()) for rule in self._scenario.calls))

    def count_anew(self) -> None:
        """No rule has taken a call yet, whatever its name had taken before."""
        self.standing = tuple(changed(each, hits_before=0) for each in self.standing)

    def _named(self, given: Iterable[Given], taken: set[str], hits: Counter[str]) -> tuple[Standing, ...]:
        given = tuple(given)
        taken = taken | {each.rule.name for each in given if each.rule.name is not None}
        made = []
        for each in given:
            rule = each.rule
            if rule.name is None:
                self._added += 1
                while f"added[{self._added}]" in taken:
                    self._added += 1
                rule = rule.model_copy(update={"name": f"added[{self._added}]"})
            made.append(Standing(rule, each.written, hits[rule.name or ""]))
        return tuple(made)

    def _put(self, standing: tuple[Standing, ...], scenario: Scenario | None = None) -> None:
        beside = sum(each.written is not None for each in standing)
        if beside > MOST_RULES:
            raise Problem(TOO_MANY_RULES, f"there would be {beside} rules beside the file's; {MOST_RULES} may be")
        whose = scenario or self._scenario
        for each in standing:
            for name in ladders_used(each.rule.action):
                if name not in whose.ladders:
                    why = f"the rule {each.name!r} uses the ladder {name!r}, which the scenario does not have any more"
                    raise Problem(CHANGED, why)
        try:
            self._carrier.change_rules((each.rule for each in standing), None if scenario is None else whose.ladders)
        except (MissingExtra, UnreadableFile) as why:
            raise Problem(FAULTY, f"a rule has a signed card: {why}") from why
        self.standing = standing
        self._scenario = whose
        self.revision += 1
