"""Behaviours: what a carrier can do to a call, one file each.

`RUNGS` is the list: the scenario's step, and what makes rungs of it. A new behaviour is a step in
`simcarrier.scenario.steps`, a file here, and a line in this list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from simcarrier.carrier.call import Ladder, Rung
from simcarrier.scenario import steps

from . import answer, drop, duplicate, hang_up, play, progress, respond, ringing, silence, trying, wait

RUNGS: dict[type[steps.StepModel], Callable[[Any], Iterable[Rung]]] = {
    steps.Trying: trying.rungs,
    steps.Wait: wait.rungs,
    steps.Ringing: ringing.rungs,
    steps.Progress: progress.rungs,
    steps.Play: play.rungs,
    steps.Answer: answer.rungs,
    steps.Respond: respond.rungs,
    steps.Silence: silence.rungs,
    steps.Drop: drop.rungs,
    steps.Duplicate: duplicate.rungs,
    steps.HangUp: hang_up.rungs,
}


def ladder(written: Iterable[steps.StepModel]) -> Ladder:
    """The rungs of a ladder that a scenario spells out."""
    return tuple(rung for step in written for rung in RUNGS[type(step)](step))
