"""One call, as the carrier sees it: its session, its ladder, and how far up it has got.

A ladder is a tuple of *rungs*. A rung does something to the call and says when the next one is due: at once, in so many
seconds, or not by the clock at all. `Call.climb` is all there is to it; the rungs are in `behaviours`.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Protocol

from simcarrier.records.model import CallRecord
from simcarrier.sip.callee import CalleeSession
from simcarrier.sip.message import Request
from simcarrier.sip.session import Ending

HOLD = float("inf")
"""What a rung returns if the next one is not due by the clock: never, or when the caller's ACK comes."""


class Rung(Protocol):
    """One step of a ladder."""

    def perform(self, call: Call, now: float) -> float:
        """Do it.

        Args:
            call: the call it is done to.
            now: seconds.

        Returns:
            Seconds until the next rung is due: 0 for at once, `HOLD` for not by the clock.
        """


Ladder = tuple[Rung, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a call gets.

    Attributes:
        ladder: what is done.
        rule: the name of the rule that took the call; None if none did.
        why: the resource that decided and the state it saw; None if it was the rule.
    """

    ladder: Ladder
    rule: str | None = None
    why: str | None = None


UNDECIDED = Decision(())


class Owner(Protocol):
    """Who keeps the calls: the switch."""

    @property
    def rng(self) -> Random:
        """The run's source of chance."""

    def refused(self, call: Call, now: float) -> None:
        """A final response of class 3 to 6 has gone out: what the call held is free."""

    def ended(self, call: Call, ending: Ending, now: float) -> None:
        """The call is over."""


class Call:
    """One call.

    Attributes:
        owner: the switch.
        session: the called end.
        invite: its INVITE.
        called, caller: the user parts of Request-URI and From.
        number: the carrier's count of calls, from 1.
        received: when the INVITE came, seconds.
        provisional: the provisional codes sent.
        decision: what was decided about it.
        silent: the carrier is not to say anything more.
        deadline: when the next rung is due.
        established_at: when the ACK to the 2xx came.
    """

    __slots__ = (
        "_next",
        "called",
        "caller",
        "deadline",
        "decision",
        "established_at",
        "invite",
        "number",
        "owner",
        "provisional",
        "received",
        "session",
        "silent",
    )

    def __init__(self, owner: Owner, session: CalleeSession, number: int, now: float) -> None:
        self.owner = owner
        self.session = session
        self.invite: Request = session.invite
        self.called = session.invite.user
        self.caller = session.invite.from_user
        self.number = number
        self.received = now
        self.decision = UNDECIDED
        self.deadline: float | None = None
        self.established_at: float | None = None
        self.provisional: list[int] = []
        self.silent = False
        self._next = 0
        session.user = self

    def start(self, decision: Decision, now: float) -> None:
        """Climb the ladder that was decided on, from its foot."""
        self.decision = decision
        self.climb(now)

    def climb(self, now: float) -> None:
        """Do what is due, up to the first rung that waits."""
        ladder = self.decision.ladder
        session = self.session
        while self._next < len(ladder) and session.ending is None:
            rung = ladder[self._next]
            self._next += 1
            pause = rung.perform(self, now)
            if pause:
                if pause != HOLD:
                    session.agent.endpoint.timers.at(now + pause, self)
                return

    @property
    def waits_for_the_caller(self) -> bool:
        """Whether the next rung is due when the caller's ACK comes."""
        return self.deadline is None and self._next < len(self.decision.ladder)

    def stop(self) -> None:
        """Leave the ladder."""
        self._next = len(self.decision.ladder)
        self.deadline = None

    def timer_fired(self, now: float) -> None:
        """The next rung is due."""
        self.climb(now)

    # CalleeUser

    def established(self, now: float) -> None:
        """The ACK to our 2xx has come."""
        if self.established_at is None:
            self.established_at = now
            if self.waits_for_the_caller:
                self.climb(now)

    def cancelled(self, now: float) -> None:
        """CANCEL: the ladder ends here; the session answers 487."""
        self.stop()
        self.owner.refused(self, now)

    def ended(self, ending: Ending, now: float) -> None:
        """The call is over."""
        self.stop()
        self.owner.ended(self, ending, now)

    def record(self, ending: Ending, now: float, wall_offset: float) -> CallRecord:
        """What is told of the call when it has ended.

        Args:
            ending: how it ended.
            now: when, seconds.
            wall_offset: what to add to the carrier's seconds to have seconds since 1970.
        """
        received, session = self.received, self.session
        responded = session.responded_at
        ended_after = now - received
        if self.established_at is not None:
            acknowledged_after: float | None = self.established_at - received
        else:
            acknowledged_after = ended_after if ending in (Ending.REFUSED, Ending.CANCELLED) else None
        return CallRecord(
            self.number,
            self.invite.call_id,
            session.channel.transport,
            session.peer,
            self.caller,
            self.called,
            received + wall_offset,
            self.decision.rule,
            self.decision.why,
            None if responded is None else session.status,
            None if responded is None else session.phrase,
            tuple(self.provisional),
            None if responded is None else responded - received,
            acknowledged_after,
            ended_after,
            ending,
        )
