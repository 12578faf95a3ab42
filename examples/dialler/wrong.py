"""Diallers that do one thing wrong each, the way real ones do. The expectations of the scenarios tell them apart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dialler.dialler import Dialler, Trunk
from simcarrier.sip.agent import UserAgent
from simcarrier.sip.message import Response
from simcarrier.sip.transport import Address, Channel


class NeverGivesUp(Dialler):
    """Trusts SIP's timers to end a call that stalls."""

    @property
    def patience(self) -> float | None:
        """For ever."""
        return None


class GivesUpEarly(Dialler):
    """Cuts off calls that were about to ring."""

    @property
    def patience(self) -> float | None:
        """Much too little."""
        return (self.settings.patience or 10.0) / 10


class CallsBlockedNumbers(Dialler):
    """Takes a block for a decline, and calls again at the next pass of the list."""

    def is_block(self, refusal: Response) -> bool:
        """Never."""
        return False


class IgnoresRetryAfter(Dialler):
    """Tries an overloaded trunk again at once."""

    def rest(self, trunk: Trunk, refusal: Response) -> None:
        """Does not."""


class NeverFailsOver(Dialler):
    """Gives a number up that met an overloaded trunk."""

    def is_tried_again(self, refusal: Response) -> bool:
        """Never."""
        return False


class FailsOverOnEverything(Dialler):
    """Lets the phone of somebody who is busy, or has declined, ring again by the next route."""

    def is_tried_again(self, refusal: Response) -> bool:
        """Too often."""
        return refusal.status in (486, 503, 603)


class NeverAcknowledges(Dialler):
    """Takes a refusal for the end of the conversation: its ACK never goes out."""

    def made(self, agent: UserAgent) -> UserAgent:
        """One whose ACKs get lost."""
        agent.endpoint.out = _WithoutAcks()
        return agent


class _WithoutAcks(list[tuple[Channel, Address, bytes]]):
    def append(self, passage: tuple[Channel, Address, bytes]) -> None:
        if not passage[2].startswith(b"ACK "):
            super().append(passage)


class TakesTooManyLines(Dialler):
    """Counts on the carrier to refuse what is too much."""

    @asynccontextmanager
    async def a_line(self) -> AsyncIterator[None]:
        """There is always one more."""
        yield


class CallsTooFast(Dialler):
    """Begins all calls at once."""

    async def keep_the_pace(self) -> None:
        """Does not."""


class KeepsTheForm(Dialler):
    """Believes a carrier that a number does not exist."""

    def other_form(self, number: str) -> str:
        """There is none."""
        return number


class NeverRegistersAgain(Dialler):
    """Believes that it is registered."""

    def is_for_want_of_registration(self, refusal: Response) -> bool:
        """Never."""
        return False


WRONG: dict[str, type[Dialler]] = {
    "never-gives-up": NeverGivesUp,
    "gives-up-early": GivesUpEarly,
    "calls-blocked-numbers": CallsBlockedNumbers,
    "ignores-retry-after": IgnoresRetryAfter,
    "never-fails-over": NeverFailsOver,
    "fails-over-on-everything": FailsOverOnEverything,
    "never-acknowledges": NeverAcknowledges,
    "takes-too-many-lines": TakesTooManyLines,
    "calls-too-fast": CallsTooFast,
    "keeps-the-form": KeepsTheForm,
    "never-registers-again": NeverRegistersAgain,
}
"""The wrong ones, by their names on the command line."""
