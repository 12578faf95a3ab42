"""The stages of a probed call, each with one deadline, counted from when the stage was entered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from simcarrier.records.observation import Outcome


class Stage(IntEnum):
    """How far a call has got."""

    DIALLED = 0
    """The INVITE is out."""
    TAKEN = 1
    """Somebody has it, and says no more: 100."""
    PROGRESSING = 2
    """It rings, or is being announced: 180, 183 and the like."""
    TALKING = 3
    """It was answered."""
    GIVEN_UP = 4
    """We have sent CANCEL, or wait until one may be sent."""
    PARTING = 5
    """We have sent BYE, and wait for its answer."""
    OVER = 6


@dataclass(frozen=True, slots=True)
class Limit:
    """The deadline of a stage.

    Attributes:
        field: which of `Deadlines` it is.
        outcome: what has happened if it passes; None if that is how it should be.
    """

    field: str
    outcome: Outcome | None


STAGES: dict[Stage, Limit] = {
    Stage.DIALLED: Limit("no_response", Outcome.SILENT),
    Stage.TAKEN: Limit("stall", Outcome.STALLED),
    Stage.PROGRESSING: Limit("ringing", Outcome.RANG_OUT),
    Stage.TALKING: Limit("talk", None),
}

FAREWELL = 2.0
"""Seconds for which a result waits for the answer to our BYE: three copies of it have gone out by then. What still
comes is dealt with, but not told."""
