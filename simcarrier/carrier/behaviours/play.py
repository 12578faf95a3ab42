"""Playing: what the caller hears, before the answer (RFC 3960) or after it.

A sound that ends takes its time; one that does not goes on beneath the steps that follow. Where nobody has sockets for
audio, time passes all the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from simcarrier.carrier.call import Call
from simcarrier.media.program import Program
from simcarrier.scenario import steps


class Play:
    """Begins to play."""

    __slots__ = ("_program",)

    def __init__(self, program: Program) -> None:
        self._program = program

    def perform(self, call: Call, now: float) -> float:
        """Begin, and say how long it takes."""
        if call.audio is not None:
            call.audio.play(self._program)
        return self._program.seconds or 0.0


def rungs(step: steps.Play) -> Iterator[Play]:
    """One rung."""
    yield Play(step.sounds)
