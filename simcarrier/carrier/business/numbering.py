"""The numbering plan: which forms are understood, which numbers exist.

Two checks, for they stand at two places. `form` comes early: a number that is not understood has no direction and no
price. It notes the number in E.164 form on the call, and all later checks look at that. `existence` comes last: whether
anybody has a number is known far away, in the network where it ends.

Of several lists that speak of a number, the one wins that speaks of it most exactly: the number itself, then the
longest prefix, then expressions and negations in the order of the lists. ``exists`` is asked last.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from simcarrier.conditions import Condition
from simcarrier.scenario.business.numbering import Form as Spelling
from simcarrier.scenario.business.numbering import NumberingModel
from simcarrier.scenario.business.numbers import E164_DIGITS, Listed
from simcarrier.scenario.models import CarrierConfig
from simcarrier.scenario.patterns import NumberPattern

from ..call import Call
from .finding import Finding
from .numbering_plan import NumberingPlan, told
from .prefixes import NumberSet, PrefixIndex

if TYPE_CHECKING:
    from . import Check, World

WORDS: Final = {
    Condition.NUMBER_DISCONNECTED: "disconnected",
    Condition.NUMBER_CHANGED: "changed",
    Condition.NUMBER_PORTED: "ported away",
    Condition.SUBSCRIBER_UNAVAILABLE: "unreachable",
    Condition.DOES_NOT_EXIST_ANYWHERE: "existing nowhere",
}
"""What a list says of its numbers, where that is not the condition's name."""


def word(condition: Condition) -> str:
    """A condition as a list has it."""
    return WORDS.get(condition) or condition.replace("_", " ")


def patterns(model: NumberingModel) -> list[tuple[NumberPattern, Condition]]:
    """The lists of a plan that are patterns, in the order in which they are asked."""
    lists = (
        (model.disconnected, Condition.NUMBER_DISCONNECTED),
        (model.ported, Condition.NUMBER_PORTED),
        (model.unreachable, Condition.SUBSCRIBER_UNAVAILABLE),
        (model.busy, Condition.BUSY),
        (model.nowhere, Condition.DOES_NOT_EXIST_ANYWHERE),
    )
    return [(pattern, condition) for pattern, condition in lists if pattern is not None]


class Form:
    """Brings the called number into E.164 form, or finds it dialled in a form that the carrier does not take."""

    def __init__(self, model: NumberingModel) -> None:
        self._plan = plan = NumberingPlan(model)
        self._lengths = model.lengths
        # What most calls bring: a number of the country in E.164 form, where that is taken, of a length that there is.
        self._usual = None
        if model.country is not None and Spelling.E164 in plan.taken:
            longest = min(plan.longest, E164_DIGITS - len(model.country))
            if longest >= plan.shortest:
                self._usual = re.compile(rf"\+{model.country}[0-9]{{{plan.shortest},{longest}}}").fullmatch

    def examine(self, call: Call, now: float) -> Finding | None:
        """Prefix not recognised, number incomplete, number unallocated for being too long."""
        usual = self._usual
        if usual is not None and usual(call.called) is not None:
            return None  # `Call.destination` is the number as dialled
        plan, dialled = self._plan, call.called
        reading = plan.read(dialled)
        if reading is None or reading[0] not in plan.taken:
            return Finding(Condition.PREFIX_NOT_RECOGNISED, plan.refusal(dialled, reading))
        _, number, national = reading
        call.destination = number
        if national is not None and not plan.shortest <= national <= plan.longest:
            condition = Condition.NUMBER_INCOMPLETE if national < plan.shortest else Condition.NUMBER_UNALLOCATED
            wanted = self._lengths or "at least one"
            return Finding(condition, f"{national} digits behind the country code, the plan has {wanted}")
        if len(number) > E164_DIGITS + 1:
            return Finding(Condition.NUMBER_UNALLOCATED, f"{len(number) - 1} digits, E.164 has at most {E164_DIGITS}")
        return None


class Existence:
    """Knows which numbers there are, and what is the matter with some."""

    def __init__(self, model: NumberingModel) -> None:
        exact: dict[str, Listed] = {} if model.numbers_file is None else dict(model.numbers_file.entries)
        prefixes: list[tuple[str, Condition]] = []
        asked: list[tuple[NumberSet, Condition]] = []
        for pattern, condition in patterns(model):
            if pattern.negated or pattern.regexes:
                asked.append((NumberSet(pattern), condition))
            if not pattern.negated:
                exact |= dict.fromkeys(pattern.exact, Listed(condition))
                prefixes += [(prefix, condition) for prefix in pattern.prefixes]
                prefixes += [("", condition)] * pattern.anything
        exact |= {old: Listed(Condition.NUMBER_CHANGED, new) for old, new in model.changed.items()}
        exact |= {number: Listed(condition) for number, condition in model.numbers.items()}
        self._exact = exact
        self._prefixes = PrefixIndex(prefixes) if prefixes else None
        self._asked = tuple(asked)
        self._only_listed = model.exists == "listed"
        self._exists = NumberSet(model.exists) if isinstance(model.exists, NumberPattern) else None

    def __bool__(self) -> bool:
        """Whether there is anything to ask."""
        return bool(self._exact or self._prefixes or self._asked or self._only_listed or self._exists is not None)

    def examine(self, call: Call, now: float) -> Finding | None:
        """What the lists say of the number, or that nobody has it."""
        number = call.destination
        listed = self._exact.get(number)
        if listed is not None:
            return None if listed.condition is Condition.ANSWERED else self._listed(number, listed)
        found = None if self._prefixes is None else self._prefixes.find(number)
        if found is not None:
            prefix, condition = found
            return Finding(condition, f"{prefix}* listed as {word(condition)}")
        for numbers, condition in self._asked:
            if number in numbers:
                return Finding(condition, f"{told(number)} listed as {word(condition)}")
        if self._only_listed:
            return Finding(
                Condition.NUMBER_UNALLOCATED, f"{told(number)} is none of the {len(self._exact)} numbers listed"
            )
        if self._exists is not None and number not in self._exists:
            return Finding(Condition.NUMBER_UNALLOCATED, f"{told(number)} is not among the numbers that exist")
        return None

    def _listed(self, number: str, listed: Listed) -> Finding:
        condition, new = listed.condition, listed.new_number
        if new is not None:
            return Finding(condition, f"{number} changed to {new}", {"new_number": new})
        return Finding(condition, f"{number} listed as {word(condition)}")


def form(config: CarrierConfig, world: World) -> Check | None:
    """The check that the number is understood."""
    return None if config.numbering is None else Form(config.numbering)


def existence(config: CarrierConfig, world: World) -> Check | None:
    """The check that somebody has the number."""
    if config.numbering is None:
        return None
    return Existence(config.numbering) or None
