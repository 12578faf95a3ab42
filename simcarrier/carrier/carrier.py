"""The carrier: what becomes of a call.

`Carrier.decide` asks the resources first, a line above all, then the rulebook; it answers with a `Decision`: a
ladder, and why that one. The decision is made once, when the INVITE comes.
"""

from __future__ import annotations

from random import Random

from simcarrier.scenario.models import Scenario

from .behaviours import ladder
from .call import Call, Decision
from .lines import Lines
from .outcomes import Always, Choice, choice
from .rulebook import RuleBook


class Carrier:
    """A carrier as a scenario describes it.

    Args:
        scenario: loaded and checked.
        seed: makes chance repeatable; the scenario's own seed if None; without either it is not repeatable.

    Attributes:
        rng: the source of all chance.
        lines: the lines.
        rulebook: the rules.
    """

    def __init__(self, scenario: Scenario, seed: int | None = None) -> None:
        self.rng = Random(scenario.carrier.seed if seed is None else seed)
        self.lines = Lines(scenario.carrier.lines)
        self.rulebook = RuleBook(scenario.calls)
        ladders = {name: ladder(steps) for name, steps in scenario.ladders.items()}
        self._choices: tuple[Choice, ...] = tuple(
            choice(entry.rule.action, ladders, self.rng) for entry in self.rulebook.entries
        )
        # A rule that treats all calls alike gives the same decision each time, so that is made once.
        self._decided = tuple(
            Decision(made.ladder, entry.name) if isinstance(made, Always) else None
            for entry, made in zip(self.rulebook.entries, self._choices, strict=True)
        )
        self._lines_full = choice(scenario.carrier.lines_full, ladders, self.rng)
        self._unmatched = choice(scenario.carrier.unmatched, ladders, self.rng)

    def decide(self, call: Call, since_start: float) -> Decision:
        """Decide on a new call, and take a line for it if one is free.

        Args:
            call: the call.
            since_start: seconds since the carrier was started.
        """
        lines = self.lines
        if lines.total is not None and not lines.seize(call.number):
            why = f"lines {lines.in_use} of {lines.total}"
            return Decision(self._lines_full.ladder_for(call), why=why)
        entry = self.rulebook.find(call, since_start)
        if entry is None:
            return Decision(self._unmatched.ladder_for(call))
        place = entry.place
        return self._decided[place] or Decision(self._choices[place].ladder_for(call), entry.name)

    def release(self, call: Call) -> None:
        """Give back what a call held; told when it is refused and when it ends."""
        if self.lines.total is not None:
            self.lines.release(call.number)
