"""What the scenario page says of a text: its faults with their lines, what would change, and what cannot while it runs.

What can change between two calls is what decides on the next one: the rules, their ladders, and the parameters in both.
The carrier itself goes on with its lines, balances and registrations, and a run is judged by what was expected when it
began: a text that differs there is for the next run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from simcarrier.scenario.actions import (
    Action,
    LadderAction,
    MixAction,
    OutcomeAction,
    RespondAction,
    SequenceAction,
    StepsAction,
    ladders_used,
)
from simcarrier.scenario.base import Model
from simcarrier.scenario.business.customers import HIDDEN
from simcarrier.scenario.faults import Fault, ScenarioError
from simcarrier.scenario.models import Rule, Scenario
from simcarrier.scenario.reading import where
from simcarrier.scenario.rereading import Rereading, hidden_as_in
from simcarrier.web.rules import named

MOST_TOLD: Final = 50
"""Faults, and changes, that a page shows."""

CONTEXT: Final = 2
"""Lines shown before and after one with a fault."""

LONGEST_LINE: Final = 300
"""Characters of a line shown with a fault."""


@dataclass(frozen=True, slots=True)
class ShownFault:
    """A fault, with the lines around it.

    Attributes:
        fault: as the command line tells it.
        line: the number of its line; the last one's for what is missing at the end.
        lines: number, text, and whether it is the one; empty for a fault of another file.
        marker: what stands under that line, so that ``^`` is at the column.
    """

    fault: Fault
    line: int = 0
    lines: tuple[tuple[int, str, bool], ...] = ()
    marker: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What applying would do.

    Attributes:
        rules: in words, such as ``new rule busy``.
        others: ladders and parameters, likewise.
        fixed: the keys that differ and cannot be changed while the carrier runs.
    """

    rules: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.rules or self.others or self.fixed)


@dataclass(frozen=True, slots=True)
class Examined:
    """A text that was looked at.

    Attributes:
        faults: all that is wrong with it.
        scenario: what would run; None if there are faults, or what cannot be changed differs.
        changes: from what runs now.
    """

    faults: tuple[Fault, ...] = ()
    scenario: Scenario | None = None
    changes: Changes = Changes()


def examine(text: str, rereading: Rereading, running: Scenario) -> Examined:
    """Look at a text; nothing changes.

    Args:
        text: as it was typed.
        rereading: reads it.
        running: the scenario as it runs.
    """
    try:
        read = named(rereading.read(text))
    except ScenarioError as error:
        return Examined(error.faults)
    changes = changes_from(running, read, rereading)
    return Examined((), None if changes.fixed else rereading.put(read), changes)


def changes_from(running: Scenario, read: Scenario, rereading: Rereading) -> Changes:
    """What differs.

    Args:
        running: the scenario as it runs.
        read: from a text.
        rereading: read it.
    """
    fixed = [] if read.name == running.name else ["name"]
    carrier = hidden_as_in(running.carrier, read.carrier)
    fixed += differing(carrier, read.carrier, ("carrier",))
    used = {name for action in _own_actions(running) for name in ladders_used(action)}
    ladders = _by_name("ladder", running.ladders, read.ladders)
    fixed += [where(("ladders", name)) for name, _ in ladders if name in used]
    fixed += [] if read.expect == running.expect else ["expect"]
    hidden = {name for name, value in read.parameters.items() if value == HIDDEN == rereading.parameters.get(name)}
    before = {name: HIDDEN if name in hidden else value for name, value in running.parameters.items()}
    others = [words for name, words in ladders if name not in used]
    others += [words for _, words in _by_name("parameter", before, read.parameters)]
    others += [] if read.description == running.description else ["changed description"]
    others += [] if read.traffic == running.traffic else ["changed traffic, which only simcarrier simulate uses"]
    return Changes(tuple(_rules(running.calls, read.calls)), tuple(others), tuple(fixed))


def _own_actions(scenario: Scenario) -> Iterator[Action]:
    """What the carrier does besides its rules; made ready when it starts."""
    yield scenario.carrier.unmatched
    if scenario.carrier.lines_full is not None:
        yield scenario.carrier.lines_full


def differing(before: Any, after: Any, path: tuple[str | int, ...]) -> list[str]:
    """The keys at which two parts of a scenario differ, as they stand in faults; the narrowest that say it."""
    if before == after:
        return []
    if isinstance(before, Model) and type(before) is type(after):
        told = []
        for name, field in type(before).model_fields.items():
            key = field.alias or name
            inside = path if key.startswith("<") else (*path, key)
            told += differing(getattr(before, name), getattr(after, name), inside)
        return list(dict.fromkeys(told)) or [where(path)]
    listed = isinstance(before, tuple) and isinstance(after, tuple) and len(before) == len(after)
    if listed and all(isinstance(one, Model) for one in (*before, *after)):
        pairs = enumerate(zip(before, after, strict=True))
        return [key for place, (one, other) in pairs for key in differing(one, other, (*path, place))]
    return [where(path)]


def _by_name(what: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is new, changed or gone, by its name and in words."""
    told = [(name, f"new {what} {name}") for name in after if name not in before]
    told += [(name, f"changed {what} {name}") for name in after if name in before and before[name] != after[name]]
    return told + [(name, f"{what} {name} is gone") for name in before if name not in after]


def _rules(before: Sequence[Rule], after: Sequence[Rule]) -> Iterator[str]:
    was, is_now = {rule.name or "": rule for rule in before}, {rule.name or "": rule for rule in after}
    told = [words for _, words in _by_name("rule", was, is_now)]
    yield from told
    stay = [name for name in was if name in is_now]
    if stay != [name for name in is_now if name in was]:
        yield "another order of rules"


def shown_fault(fault: Fault, text: Sequence[str], name: str) -> ShownFault:
    """A fault with its lines.

    Args:
        fault: any.
        text: the lines of the text that it is of, one at least.
        name: what the text is called in faults.
    """
    if fault.file != name:
        return ShownFault(fault)
    at = min(fault.line, len(text))
    column = fault.column if at == fault.line else len(text[at - 1]) + 1
    first, last = max(at - CONTEXT, 1), min(at + CONTEXT, len(text))
    lines = tuple((number, text[number - 1][:LONGEST_LINE], number == at) for number in range(first, last + 1))
    # A tab stays a tab, so that the mark stands where the character does.
    before = text[at - 1][: column - 1][:LONGEST_LINE]
    return ShownFault(fault, at, lines, "".join("\t" if each == "\t" else " " for each in before) + "^")


def lines_of(text: str) -> list[str]:
    """The lines of a text, as faults number them: YAML knows further characters that end one (1.1, section 4.2)."""
    for character in ("\x85", "\u2028", "\u2029"):
        text = text.replace(character, "\n")
    return text.split("\n")


def does(action: Action) -> str:
    """What an action does, in short."""
    if isinstance(action, RespondAction):
        return f"{action.respond.code} {action.respond.phrase}"
    if isinstance(action, StepsAction):
        return ", ".join(step.kind.replace("_", " ") for step in action.steps)
    if isinstance(action, LadderAction):
        return f"ladder {action.ladder}"
    if isinstance(action, OutcomeAction):
        return f"outcome {action.outcome}"
    if isinstance(action, MixAction):
        return "mix: " + ", ".join(f"{entry.share * 100:g}% {does(entry.action)}" for entry in action.entries)
    assert isinstance(action, SequenceAction)  # the union has no other member
    return f"one after the other, by {action.by}: " + "; ".join(map(does, action.entries))
