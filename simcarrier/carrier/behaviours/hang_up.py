"""Hanging up: BYE from the carrier's side, so long after the caller has acknowledged the answer (RFC 3261 section
15.1.1).

A callee may not send BYE before the ACK has come; the session itself ends a call whose ACK never comes.
"""

from __future__ import annotations

from collections.abc import Iterator

from simcarrier.carrier.call import HOLD, Call, Rung
from simcarrier.scenario import steps
from simcarrier.scenario.responses import Headers
from simcarrier.scenario.template import Template

from .lines import HeaderLines
from .wait import Wait

UNWANTED: Headers = (("Reason", Template.parse('SIP;cause=607;text="Unwanted"')),)

HUNG_UP = "unwanted by the person called"
"""Why a call was hung up with 607, for the record."""


class AwaitAck:
    """Waits for the ACK to the 2xx."""

    __slots__ = ()

    def perform(self, call: Call, now: float) -> float:
        """Hold unless it has come."""
        return 0.0 if call.established_at is not None else HOLD


class Bye:
    """Sends BYE."""

    __slots__ = ("_lines",)

    def __init__(self, lines: HeaderLines) -> None:
        self._lines = lines

    def perform(self, call: Call, now: float) -> float:
        """Hang up."""
        call.session.hang_up(now, self._lines.fields(call))
        return HOLD


class ByeUnwanted(Bye):
    """Sends BYE for a person who does not want this caller (RFC 8197 section 3)."""

    __slots__ = ()

    def perform(self, call: Call, now: float) -> float:
        """Hang up, and note why."""
        call.cut = HUNG_UP
        return super().perform(call, now)


class WaitWhileTalking:
    """Lets as much time pass as they talk in this call; for ever if the caller is to hang up."""

    __slots__ = ()

    def perform(self, call: Call, now: float) -> float:
        """Say how long."""
        talk = call.decision.course.talk
        if talk is None:
            call.stop()
            return HOLD
        return talk.sample(call.owner.rng)


def rungs(step: steps.HangUp) -> Iterator[Rung]:
    """The ACK, the time, the BYE."""
    yield AwaitAck()
    if step.after == "talk":
        yield WaitWhileTalking()
    elif step.after.high:
        yield Wait(step.after)
    yield ByeUnwanted(HeaderLines((*UNWANTED, *step.headers))) if step.unwanted else Bye(HeaderLines(step.headers))
