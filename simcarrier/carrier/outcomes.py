"""Actions of a scenario, made ready: what ladder a call gets.

An action is the same for every call, or it chooses: by chance (`mix`, seeded) or by how many calls the caller or the
called number has had (`sequence`). An outcome is said as the dialect says its condition. Either way
`Choice.course_for` gives a ladder of rungs that was made beforehand.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING, Protocol

from simcarrier.scenario.actions import (
    Action,
    LadderAction,
    MixAction,
    OutcomeAction,
    RespondAction,
    SequenceAction,
    StepsAction,
)

from .behaviours import ladder
from .call import Call, Course, Ladder

if TYPE_CHECKING:
    from .dialect import Dialect


REMEMBERED = 100_000
"""Numbers whose calls a sequence counts; the one not heard of for longest is forgotten first."""


Change = Callable[[Course], Course]
"""Makes another course of one."""


class Choice(Protocol):
    """What decides on a course."""

    def course_for(self, call: Call) -> Course:
        """What this call gets."""

    def changed(self, change: Change) -> Choice:
        """The same choice with other courses; done when the carrier is made, not for each call."""


class Always:
    """The same for every call."""

    __slots__ = ("course",)

    def __init__(self, course: Course) -> None:
        self.course = course

    def course_for(self, call: Call) -> Course:
        """Just that."""
        return self.course

    def changed(self, change: Change) -> Always:
        """The other course."""
        return Always(change(self.course))


class Mix:
    """One of several, by chance."""

    __slots__ = ("_choices", "_limits", "_rng")

    def __init__(self, limits: list[float], choices: list[Choice], rng: Random) -> None:
        self._limits = limits
        self._choices = choices
        self._rng = rng

    @classmethod
    def of(cls, shares: list[float], choices: list[Choice], rng: Random) -> Mix:
        """A mix by the shares of its choices."""
        return cls(list(accumulate(shares)), choices, rng)

    def course_for(self, call: Call) -> Course:
        """What chance gives."""
        return self._rng.choices(self._choices, cum_weights=self._limits)[0].course_for(call)

    def changed(self, change: Change) -> Mix:
        """The same shares of other courses."""
        return Mix(self._limits, [each.changed(change) for each in self._choices], self._rng)


class Sequence:
    """The first call gets the first, the second the second, ..., counted by caller or by called number."""

    __slots__ = ("_by_caller", "_choices", "_counts", "_start_over")

    def __init__(self, choices: list[Choice], *, by_caller: bool, start_over: bool) -> None:
        self._choices = choices
        self._by_caller = by_caller
        self._start_over = start_over
        self._counts: OrderedDict[str, int] = OrderedDict()

    def course_for(self, call: Call) -> Course:
        """What is next for that number."""
        number = call.caller if self._by_caller else call.called
        count = self._counts.pop(number, 0)
        self._counts[number] = count + 1
        if len(self._counts) > REMEMBERED:
            self._counts.popitem(last=False)
        last = len(self._choices) - 1
        at = count % (last + 1) if self._start_over else min(count, last)
        return self._choices[at].course_for(call)

    def changed(self, change: Change) -> Sequence:
        """Other courses; it counts for itself."""
        choices = [each.changed(change) for each in self._choices]
        return Sequence(choices, by_caller=self._by_caller, start_over=self._start_over)


def choice(action: Action, ladders: Mapping[str, Ladder], dialect: Dialect | None, rng: Random) -> Choice:
    """Make an action of a scenario ready.

    Args:
        action: as loaded.
        ladders: the scenario's named ladders, as rungs.
        dialect: says the outcomes; None where none can stand, in a dialect itself.
        rng: the run's source of chance.
    """
    if isinstance(action, RespondAction):
        return Always(Course(ladder([action.respond])))
    if isinstance(action, StepsAction):
        return Always(Course(ladder(action.steps)))
    if isinstance(action, LadderAction):
        return Always(Course(ladders[action.ladder]))
    if isinstance(action, OutcomeAction):
        assert dialect is not None  # the model of a dialect does not take outcomes
        return _outcome(action, dialect)
    if isinstance(action, MixAction):
        return Mix.of(
            [entry.share for entry in action.entries],
            [choice(entry.action, ladders, dialect, rng) for entry in action.entries],
            rng,
        )
    assert isinstance(action, SequenceAction)  # the union has no other member
    return Sequence(
        [choice(entry, ladders, dialect, rng) for entry in action.entries],
        by_caller=action.by == "caller",
        start_over=action.then == "start_over",
    )


def _outcome(action: OutcomeAction, dialect: Dialect) -> Choice:
    """A condition as the dialect says it; early media and the times are the scenario's own."""
    said = dialect.choice_for(action.outcome, early_media=action.early_media)
    ring, talk = action.ring, action.talk
    if ring is None and talk is None:
        return said
    return said.changed(lambda course: course._replace(ring=ring or course.ring, talk=talk or course.talk))
