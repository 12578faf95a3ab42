"""The carrier: what really happens to a call, and how that is said.

`Carrier.decide` is made once, when the INVITE comes. First the business asks: each of its checks
(`simcarrier.carrier.business`) either finds something that stands in the call's way or lets it pass. Then the rules:
the first that matches takes the call. A call that no rule takes goes to the subscribers, if the scenario has any. What
is found is a condition; the dialect (`dialect`) puts it into a ladder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from random import Random

from simcarrier.media.program import Program
from simcarrier.scenario.models import Action, Rule, Scenario
from simcarrier.scenario.steps import StepModel

from .behaviours import ladder
from .business import Business, Finding
from .call import Call, Decision, Ladder
from .cards import Cards
from .dialect import Dialect
from .near_misses import near_misses
from .outcomes import Always, Choice, choice
from .rulebook import RuleBook
from .wording import Wording


class Carrier:
    """A carrier as a scenario describes it.

    Args:
        scenario: loaded and checked.
        now: the time of the start, seconds.
        wall: the same moment in seconds since 1970 UTC.
        seed: makes chance repeatable; the scenario's own seed if None; without either it is not repeatable.

    Attributes:
        rng: the source of all chance.
        dialect: how conditions are said.
        business: what it asks before the rules, and what happens to a call that no rule takes.
        rulebook: the rules.
        cards: signs the cards of 608s.
    """

    def __init__(self, scenario: Scenario, now: float = 0.0, wall: float = 0.0, seed: int | None = None) -> None:
        config = scenario.carrier
        self._start = now
        self.rng = Random(config.seed if seed is None else seed)
        self._wording = Wording(config)
        self.cards = Cards(config, now, wall)
        self._ladders = self._ready(scenario.ladders)
        self.dialect = Dialect.of(config, self._ladders, self.rng, self._wording)
        self.business = Business(config, self.rng, wall)
        self.rulebook = RuleBook(())
        self._choices: tuple[Choice, ...] = ()
        self.change_rules(scenario.calls)
        self._unmatched = self._choice(config.unmatched, self._ladders)

    def _ready(self, ladders: Mapping[str, Sequence[StepModel]]) -> dict[str, Ladder]:
        return {name: ladder(self._wording.steps(steps)) for name, steps in ladders.items()}

    def _choice(self, action: Action, ladders: Mapping[str, Ladder]) -> Choice:
        return choice(self._wording.action(action), ladders, self.dialect, self.rng)

    def go_live(self) -> None:
        """Be read by somebody: from now on the cards of 608s are signed.

        Raises:
            simcarrier.extras.MissingExtra: a refusal has a signed card, and a package for that is missing.
            simcarrier.trust.pki.PkiError: the files do not hold a certificate and its key any more.
        """
        self.cards.live = True
        if self._wording.signs:
            self.cards.begin()

    def programs(self) -> tuple[Program, ...]:
        """What calls are to be played; asked once, by whoever plays it. What comes later is made ready at its call."""
        found, self._wording.programs = self._wording.programs or (), None
        return tuple(found)

    def change_rules(self, rules: Iterable[Rule], ladders: Mapping[str, Sequence[StepModel]] | None = None) -> None:
        """Put rules in force in place of those before, for the calls to come.

        Nothing else changes: calls that are up climb their ladders, resources stay as they are, and a rule that is
        among the old ones (the same object) goes on counting its sequence where it was.

        Args:
            rules: in their order.
            ladders: by name, in place of those before, for rules that are new; the carrier's own actions keep theirs.
        """
        by_name = self._ladders if ladders is None else self._ready(ladders)
        before = {id(entry.rule): made for entry, made in zip(self.rulebook.entries, self._choices, strict=True)}
        rulebook = RuleBook(rules)
        signed = self._wording.signs
        choices = tuple(
            before.get(id(entry.rule)) or self._choice(entry.rule.action, by_name) for entry in rulebook.entries
        )
        if self._wording.signs:
            try:
                self.cards.begin()
            except BaseException:
                self._wording.signs = signed  # the rule that needs it is not in force
                raise
        self.rulebook, self._choices, self._ladders = rulebook, choices, by_name
        # A rule that treats all calls alike gives the same decision each time, so that is made once.
        self._decided = tuple(
            Decision(made.course, entry.name) if isinstance(made, Always) else None
            for entry, made in zip(self.rulebook.entries, self._choices, strict=True)
        )

    def decide(self, call: Call, now: float) -> Decision:
        """Decide on a new call. What it then holds, a line for one, stands in ``call.holds``."""
        since_start = now - self._start
        for check in self.business.checks:
            found = check.examine(call, since_start)
            if found is not None:
                return self._say(found, call)
        entry = self.rulebook.find(call, since_start)
        if entry is None:
            for fate in self.business.fates:
                found = fate.examine(call, since_start)
                if found is not None:
                    return self._say(found, call)
            missed = near_misses(self.rulebook.entries, call, since_start)
            return Decision(self._unmatched.course_for(call), near_misses=missed)
        place = entry.place
        decided = self._decided[place] or Decision(self._choices[place].course_for(call), entry.name)
        if place and not entry.conditions:
            # It takes whatever is left over: worth telling what nearly took the call before.
            decided = decided._replace(
                near_misses=near_misses(self.rulebook.entries[:place], call, since_start, alone=False)
            )
        return decided

    def _say(self, found: Finding, call: Call) -> Decision:
        course = self.dialect.course_for(found.condition, call)
        if found.ring is not None or found.talk is not None:
            course = course._replace(ring=found.ring or course.ring, talk=found.talk or course.talk)
        return Decision(course, None, found.why, found.values)

    def answered(self, call: Call, now: float) -> None:
        """A call has been answered: what it costs runs from here."""
        for tell in self.business.on_answer:
            tell(call, now)
