"""One call, as the carrier sees it: its session, its ladder, and how far up it has got.

A ladder is a tuple of *rungs*. A rung does something to the call and says when the next one is due: at once, in so many
seconds, or not by the clock at all. `Call.climb` is all there is to it; the rungs are in `behaviours`.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

from simcarrier.conditions import Condition
from simcarrier.records.media import MediaRecord
from simcarrier.records.model import CallRecord, NearMiss
from simcarrier.sip.message import Request
from simcarrier.sip.session import Ending
from simcarrier.sip.timers import TimerQueue

from .called_end import CalledEnd

if TYPE_CHECKING:
    from .business.customers import Customer
    from .business.trunks import Trunk
    from .cards import Cards
    from .media import Audio

HOLD = float("inf")
"""What a rung returns if the next one is not due by the clock: never, or when the caller's ACK comes."""

_REFUSED, _CANCELLED = Ending.REFUSED, Ending.CANCELLED  # looked up once, not for each call

NO_VALUES: Mapping[str, str] = MappingProxyType({})


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


class Times(Protocol):
    """A time that is drawn anew for each call: a `Span`, or another distribution."""

    def sample(self, rng: Random) -> float:
        """A time in seconds."""


def _behind(prelude: Ladder, ladder: Ladder) -> Ladder:
    """A ladder with other rungs before it; if both begin alike, with 100 for one, it begins in its own way."""
    if ladder and type(ladder[0]) is type(prelude[0]):
        return (ladder[0], *prelude[1:], *ladder[1:])
    return prelude + ladder


class Course(NamedTuple):
    """What is done with a call, and what that means.

    Attributes:
        ladder: what is done.
        condition: what really happens; None for a ladder that a scenario spells out, which need not mean anything.
        ring: how long it rings, where the ladder leaves that open.
        talk: how long they talk, likewise; None if the caller is to hang up.
    """

    ladder: Ladder
    condition: Condition | None = None
    ring: Times | None = None
    talk: Times | None = None


class Decision(NamedTuple):
    """What a call gets, and why.

    Attributes:
        course: what is done.
        rule: the name of the rule that took the call; None if none did.
        why: the resource that decided and the state it saw, such as ``lines 30 of 30``; None if it was the rule.
        values: what the templates of the ladder may use beside what the call brought, such as ``new_number``.
        near_misses: rules that would have taken the call but for one thing.
    """

    course: Course
    rule: str | None = None
    why: str | None = None
    values: Mapping[str, str] = NO_VALUES
    near_misses: tuple[NearMiss, ...] = ()


UNDECIDED = Decision(Course(()))


class Hold(Protocol):
    """Something that a call holds as long as it lasts, such as a line."""

    def release(self, call: Call) -> None:
        """Take it back; told once."""


class Owner(Protocol):
    """Who keeps the calls: an exchange."""

    @property
    def rng(self) -> Random:
        """The run's source of chance."""

    @property
    def timers(self) -> TimerQueue:
        """The deadlines of ladders, and of what runs while a call is up."""

    @property
    def cards(self) -> Cards:
        """What signs the cards of 608s."""

    def refused(self, call: Call, now: float) -> None:
        """A final response of class 3 to 6 has gone out: what the call held is free."""

    def answered(self, call: Call, now: float) -> None:
        """200 has gone out."""

    def ended(self, call: Call, ending: Ending, now: float) -> None:
        """The call is over."""


class Call:
    """One call.

    Attributes:
        owner: the exchange.
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
        customer: whose call it is, where the carrier has customers and knows this one.
        trunk: the trunk that it came by, where the carrier has trunks.
        destination: the called number as the numbering plan has it, E.164 with its plus; the number as dialled where
            the carrier has no plan.
        prelude: rungs that come before the ladder that is decided on, such as a long wait in slow weather.
        holds: what it holds until it is refused or ends.
        charged: what it has cost its customer, such as ``0.09 EUR``; None for nothing.
        cut: why the carrier itself ended the call while it was up, such as an exhausted balance.
        attestation: how well the caller's network knows the caller, if that was verified.
        identity: what became of the caller's Identity, in words; None if nobody looked.
        extra: header lines for the responses of a call that goes on.
        trying_at, progress_at: when the first 100, and the first of 101 to 199, was sent.
        cancelled_at: when the caller gave up before a final response.
        reason: the values of the Reason sent with the final response.
        retry_after: the seconds of the Retry-After sent.
        audio: what receives and sends its audio; None where the carrier has none, or the call got none.
        media: what became of its audio, once that is closed.
    """

    __slots__ = (
        "_next",
        "attestation",
        "audio",
        "called",
        "caller",
        "cancelled_at",
        "charged",
        "customer",
        "cut",
        "deadline",
        "decision",
        "destination",
        "established_at",
        "extra",
        "holds",
        "identity",
        "invite",
        "media",
        "number",
        "owner",
        "prelude",
        "progress_at",
        "provisional",
        "reason",
        "received",
        "retry_after",
        "session",
        "silent",
        "trunk",
        "trying_at",
    )

    def __init__(self, owner: Owner, session: CalledEnd, number: int, now: float) -> None:
        self.owner = owner
        self.session = session
        self.invite: Request = session.invite
        self.called = self.destination = session.invite.user
        self.caller = session.invite.from_user
        self.number = number
        self.received = now
        self.decision = UNDECIDED
        self.deadline: float | None = None
        self.established_at: float | None = None
        self.provisional: list[int] = []
        self.silent = False
        self.customer: Customer | None = None
        self.trunk: Trunk | None = None
        self.prelude: Ladder = ()
        self.holds: tuple[Hold, ...] = ()
        self.charged: str | None = None
        self.cut: str | None = None
        self.attestation: str | None = None
        self.identity: str | None = None
        self.extra = ""
        self.trying_at: float | None = None
        self.progress_at: float | None = None
        self.cancelled_at: float | None = None
        self.reason: tuple[str, ...] = ()
        self.retry_after: float | None = None
        self.audio: Audio | None = None
        self.media: MediaRecord | None = None
        self._next = 0
        session.user = self

    def start(self, decision: Decision, now: float) -> None:
        """Climb the ladder that was decided on, from its foot."""
        if self.prelude:
            course = decision.course
            decision = decision._replace(course=course._replace(ladder=_behind(self.prelude, course.ladder)))
        self.decision = decision
        self.climb(now)

    def climb(self, now: float) -> None:
        """Do what is due, up to the first rung that waits."""
        ladder = self.decision.course.ladder
        session = self.session
        while (at := self._next) < len(ladder) and session.ending is None:
            self._next = at + 1
            pause = ladder[at].perform(self, now)
            if pause:
                if pause != HOLD:
                    self.owner.timers.at(now + pause, self)
                return

    @property
    def waits_for_the_caller(self) -> bool:
        """Whether the next rung is due when the caller's ACK comes."""
        return self.deadline is None and self._next < len(self.decision.course.ladder)

    def stop(self) -> None:
        """Leave the ladder."""
        self._next = len(self.decision.course.ladder)
        self.deadline = None

    def cut_off(self, now: float, why: str, fields: list[tuple[str, str]] | None = None) -> None:
        """End a call that is up from the carrier's side: BYE, in the midst of the talk.

        Args:
            now: seconds.
            why: for the record.
            fields: header fields for the BYE.
        """
        self.stop()
        self.cut = why
        self.session.hang_up(now, fields)

    def hush(self) -> None:
        """Close its audio, if it has any."""
        audio, self.audio = self.audio, None
        if audio is not None:
            audio.close()
            self.media = audio.record()

    def release(self) -> None:
        """Give back what the call holds; no harm if it holds nothing any more."""
        holds, self.holds = self.holds, ()
        for hold in holds:
            hold.release(self)

    def timer_fired(self, now: float) -> None:
        """The next rung is due."""
        self.climb(now)

    # CalleeUser

    def answered(self, now: float) -> None:
        """Our 2xx has gone out."""
        self.owner.answered(self, now)

    def established(self, now: float) -> None:
        """The ACK to our 2xx has come."""
        if self.established_at is None:
            self.established_at = now
            if self.waits_for_the_caller:
                self.climb(now)

    def cancelled(self, now: float) -> None:
        """CANCEL: the ladder ends here; the session answers 487."""
        self.stop()
        self.cancelled_at = now
        if self.trying_at is None and self.session.status == 100:
            # No rung has sent it: the transaction did, as it must when nothing has gone out for a while.
            self.trying_at = self.received + self.session.agent.endpoint.base.trying_after
        self.owner.refused(self, now)

    def ended(self, ending: Ending, now: float) -> None:
        """The call is over."""
        self.stop()
        self.owner.ended(self, ending, now)

    def record(self, ending: Ending, now: float, wall_offset: float, dialect: str | None) -> CallRecord:
        """What is told of the call when it has ended.

        Args:
            ending: how it ended.
            now: when, seconds.
            wall_offset: what to add to the carrier's seconds to have seconds since 1970.
            dialect: the carrier's.
        """
        received, session, decision, customer, trunk = (
            self.received,
            self.session,
            self.decision,
            self.customer,
            self.trunk,
        )
        course = decision.course
        channel, trying_at, progress_at, cancelled_at = (
            session.channel,
            self.trying_at,
            self.progress_at,
            self.cancelled_at,
        )
        ended_after = now - received
        acknowledged_after: float | None = None
        if self.established_at is not None:
            acknowledged_after = self.established_at - received
        elif ending is _REFUSED or ending is _CANCELLED:
            acknowledged_after = ended_after
        code: int | None = None
        phrase: str | None = None
        responded_after: float | None = None
        if session.responded_at is not None:
            code, phrase, responded_after = session.status, session.phrase, session.responded_at - received
        return CallRecord(
            self.number,
            self.invite.call_id,
            channel.transport,
            session.peer,
            self.caller,
            self.called,
            received + wall_offset,
            decision.rule,
            decision.why,
            code,
            phrase,
            tuple(self.provisional),
            responded_after,
            acknowledged_after,
            ended_after,
            ending,
            course.condition,
            dialect,
            None if customer is None else customer.name,
            None if trunk is None else trunk.name,
            self.cut,
            self.charged,
            decision.near_misses,
            self.attestation,
            self.identity,
            channel.local,
            None if trying_at is None else trying_at - received,
            None if progress_at is None else progress_at - received,
            None if cancelled_at is None else cancelled_at - received,
            self.retry_after,
            self.reason,
            self.media if self.audio is None else self.audio.record(),
        )
