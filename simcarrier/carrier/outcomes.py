"""Actions of a scenario, made ready: what ladder a call gets.

An action is the same for every call, or it chooses: by chance (`mix`, seeded) or by how many calls the caller or the
called number has had (`sequence`). Either way `Choice.ladder_for` gives a ladder of rungs that was made beforehand.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from itertools import accumulate
from random import Random
from typing import Protocol

from simcarrier.scenario import steps
from simcarrier.scenario.actions import (
    Action,
    AnsweredAction,
    LadderAction,
    MixAction,
    RespondAction,
    SequenceAction,
    StepsAction,
)

from .behaviours import ladder
from .call import Call, Ladder

REMEMBERED = 100_000
"""Numbers whose calls a sequence counts; the one not heard of for longest is forgotten first."""


class Choice(Protocol):
    """What decides on a ladder."""

    def ladder_for(self, call: Call) -> Ladder:
        """The ladder that this call gets."""


class Always:
    """The same ladder for every call."""

    __slots__ = ("ladder",)

    def __init__(self, made: Ladder) -> None:
        self.ladder = made

    def ladder_for(self, call: Call) -> Ladder:
        """That ladder."""
        return self.ladder


class Mix:
    """One of several, by chance."""

    __slots__ = ("_choices", "_limits", "_rng")

    def __init__(self, shares: list[float], choices: list[Choice], rng: Random) -> None:
        self._limits = list(accumulate(shares))
        self._choices = choices
        self._rng = rng

    def ladder_for(self, call: Call) -> Ladder:
        """The ladder that chance gives."""
        return self._rng.choices(self._choices, cum_weights=self._limits)[0].ladder_for(call)


class Sequence:
    """The first call gets the first, the second the second, ..., counted by caller or by called number."""

    __slots__ = ("_by_caller", "_choices", "_counts", "_start_over")

    def __init__(self, choices: list[Choice], *, by_caller: bool, start_over: bool) -> None:
        self._choices = choices
        self._by_caller = by_caller
        self._start_over = start_over
        self._counts: OrderedDict[str, int] = OrderedDict()

    def ladder_for(self, call: Call) -> Ladder:
        """The ladder that is next for that number."""
        number = call.caller if self._by_caller else call.called
        count = self._counts.pop(number, 0)
        self._counts[number] = count + 1
        if len(self._counts) > REMEMBERED:
            self._counts.popitem(last=False)
        last = len(self._choices) - 1
        at = count % (last + 1) if self._start_over else min(count, last)
        return self._choices[at].ladder_for(call)


def choice(action: Action, ladders: Mapping[str, Ladder], rng: Random) -> Choice:
    """Make an action of a scenario ready.

    Args:
        action: as loaded.
        ladders: the scenario's named ladders, as rungs.
        rng: the run's source of chance.
    """
    if isinstance(action, RespondAction):
        return Always(ladder([action.respond]))
    if isinstance(action, StepsAction):
        return Always(ladder(action.steps))
    if isinstance(action, LadderAction):
        return Always(ladders[action.ladder])
    if isinstance(action, AnsweredAction):
        return Always(ladder(_answered(action)))
    if isinstance(action, MixAction):
        return Mix(
            [entry.share for entry in action.entries],
            [choice(entry.action, ladders, rng) for entry in action.entries],
            rng,
        )
    assert isinstance(action, SequenceAction)  # the union has no other member
    return Sequence(
        [choice(entry, ladders, rng) for entry in action.entries],
        by_caller=action.by == "caller",
        start_over=action.then == "start_over",
    )


def _answered(action: AnsweredAction) -> list[steps.StepModel]:
    """The ladder of an answered call: taken, ringing, answered, and hung up if it says how long they talk."""
    ring: steps.StepModel = steps.Progress() if action.early_media else steps.Ringing()
    spelled = [steps.Trying(), ring, steps.Wait(span=action.ring), steps.Answer()]
    if action.talk is not None:
        spelled.append(steps.HangUp(after=action.talk))
    return spelled
