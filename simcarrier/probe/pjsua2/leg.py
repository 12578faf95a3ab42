"""One call in pjproject, as the probe's attempt sees it. Sans-IO: events in, commands out, its user told.

pjproject answers challenges by itself: a 401 or 407 is kept back until it is clear whether the INVITE goes out again
(it was answered) or the call ends (it was not). Once a call is given up, pjproject sends CANCEL when it may,
acknowledges what comes, hangs up a 2xx that crosses the CANCEL, and tells no more: from there on (`detached`) the
responses are taken from the messages that pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from simcarrier.probe.engine import LegUser
from simcarrier.probe.target import Target
from simcarrier.records.audio import Audio
from simcarrier.sip.agent import new_call_id
from simcarrier.sip.authentication import CHALLENGES
from simcarrier.sip.invitation import CallerUser, Invitation
from simcarrier.sip.message import Message, Request, Response
from simcarrier.sip.repeater import Alarm
from simcarrier.sip.session import Ending
from simcarrier.sip.timers import TimerQueue

from .events import Account, Cause, Finished

LONGEST = 32.0
"""64 T1: how long an INVITE without an answer, or a call without its 487, is waited for (RFC 3261 section 9.1)."""

LINGER = 2.0
"""Seconds until pjproject has noticed that by its own clock."""


class Commands(Protocol):
    """What a leg has done for it."""

    @property
    def timers(self) -> TimerQueue:
        """The deadlines."""

    def ready(self, leg: PjLeg) -> bool:
        """Whether an INVITE would go out at once."""

    def queue(self, leg: PjLeg) -> None:
        """Place it as soon as may be, and tell it when the way is open (`PjLeg.stands`)."""

    def place(self, leg: PjLeg) -> None:
        """Send the INVITE."""

    def give_up(self, leg: PjLeg) -> None:
        """Send CANCEL, when one may be sent."""

    def hang_up(self, leg: PjLeg) -> None:
        """Send BYE."""

    def over(self, leg: PjLeg, after: float = 0.0) -> None:
        """Nothing more will come, and its line is free ``after`` so many seconds."""

    def audio_of(self, leg: PjLeg) -> Audio | None:
        """What was heard; nothing more is listened to. None if nobody listened, or all was told before."""

    def trouble_with(self, target: Target) -> str:
        """What was wrong with the last connection there, in words; empty for nothing."""


class PjLeg:
    """A leg.

    Args:
        number: by which the stack knows it.
        commands: has things done.
        invitation: what the INVITE is made of.
        target: where it goes.
        user: told what comes of it.
        account: by which it is sent.
    """

    local_tag = ""  # pjproject chooses it
    offered = b""  # and does the digests that would cover it

    def __init__(
        self,
        number: int,
        commands: Commands,
        invitation: Invitation,
        target: Target,
        user: LegUser,
        account: Account,
    ) -> None:
        self.number = number
        self.invitation = invitation
        self.target = target
        self.call_id = invitation.call_id or new_call_id()
        self.user: CallerUser = user
        self.tag: str | None = None  # of our From, once the INVITE has gone out
        self.refusal: Response | None = None
        self.farewell: Request | None = None
        self.closed = False
        self.parting = False
        self.placed = False
        self._legs_user: LegUser | None = user
        self._commands = commands
        self.account = account
        self._authenticated = account.username is not None  # so that pjproject may answer a challenge
        self._then: Callable[[float], None] | None = None
        self._seq = 0
        self._began = 0.0
        self._heard = self._answered = self._given_up = self._detached = self._ended = self._over = False
        self._held: Response | None = None
        self._refused_bye: Response | None = None
        self._reliable: dict[str, int] = {}
        self._answers: set[str] = set()
        self._trouble = ""
        self._alarm: Alarm | None = None

    @property
    def further_answers(self) -> int:
        """How many 2xx with other tags than the first came."""
        return max(len(self._answers) - 1, 0)

    # Verbs

    def wait(self, then: Callable[[float], None]) -> bool:
        """Wait for a free line of pjproject's, and for the connection."""
        if self._commands.ready(self):
            return False
        self._then = then
        self._commands.queue(self)
        return True

    def invite(self, now: float) -> None:
        """Send the INVITE, unless it has gone out with the connection."""
        self._began = now
        if not self.placed and not self._over:
            self._commands.place(self)

    def hang_up(self, now: float) -> None:
        """Send BYE."""
        self.parting = True
        self._commands.hang_up(self)
        self._end(Ending.HUNG_UP_BY_US, now)

    def abandon(self, now: float) -> None:
        """Give the call up."""
        if self._given_up or self._ended:
            return
        self._given_up = True
        since = now if self._heard else self._began
        self._alarm = Alarm(self._commands.timers, since + LONGEST, self._no_final)
        self._commands.give_up(self)

    def let_go(self, user: CallerUser, now: float) -> None:
        """Give it up, and tell somebody else what still comes."""
        self.user = user
        self._legs_user = None
        self.abandon(now)

    def drop(self) -> None:
        """Do not send it; it may have gone out with a connection that nobody waited for any more."""
        self._then = None
        self._given_up = self._ended = True
        self._commands.give_up(self)
        self._finish()

    def mismatch(self, response: Response) -> str:
        """pjproject drops such responses without a word."""
        return ""

    def why(self) -> str:
        """Why the way there failed."""
        return self._trouble or self._commands.trouble_with(self.target)

    def audio(self) -> Audio | None:
        """What was heard."""
        return self._commands.audio_of(self)

    # Events

    def stands(self, now: float) -> None:
        """The way is open, or has failed."""
        then, self._then = self._then, None
        if then is not None:
            then(now)

    def passed(self, message: Message, sent: bool, now: float) -> None:
        """A message of this call was sent or received."""
        number, method = message.cseq
        if isinstance(message, Request):
            if sent and method == "INVITE" and number > self._seq:
                first, self._seq = not self._seq, number
                if not first:
                    self._challenge_answered(now)
        elif isinstance(message, Response) and not sent and method == "INVITE":
            if 200 <= message.status < 300:
                self._answers.add(message.to_tag)
            if number == self._seq and (self._detached or self._may_be_answered(message)):
                self._responded(message, now)

    def heard(self, message: Message, now: float) -> None:
        """pjproject has taken a message for this call's."""
        self.stands(now)
        if isinstance(message, Request):
            if message.method == "BYE" and self.farewell is None:
                self.farewell = message
                if self._answered:
                    self._end(Ending.HUNG_UP_BY_PEER, now)
        elif isinstance(message, Response):
            method = message.cseq[1]
            if method == "INVITE":
                self._responded(message, now)
            elif method == "BYE" and message.status >= 200:
                self._bye_answered(message, now)

    def detached(self) -> None:
        """pjproject tells no more of it."""
        self._detached = True

    def finished(self, event: Finished, now: float) -> None:
        """The call is over in pjproject."""
        self._finish()
        if self._held is not None:
            held, self._held = self._held, None
            self._refuse(held, now)
        if self.parting:
            self.parting = False
            self._tell_bye(self._refused_bye, now)
        if self._ended:
            return
        if self._answered:
            self._end(Ending.HUNG_UP_BY_US, now)
        elif event.cause is Cause.TIMER and not self._heard:
            self._end(Ending.TIMED_OUT, now)
        else:
            self.failed(event.reason, now)

    def failed(self, why: str, now: float) -> None:
        """The INVITE could not be sent, or the call has broken off."""
        self._finish()
        if self._ended:
            return
        self.closed = True
        self._trouble = self._commands.trouble_with(self.target) or why.lower()
        if self._then is not None:
            self._ended = True
            self.stands(now)
        else:
            self._end(Ending.TRANSPORT_FAILED, now)

    # Responses

    def _responded(self, response: Response, now: float) -> None:
        self._heard = True
        if self._ended or self._repeated(response):
            return
        if response.status < 200:
            self.user.responded(response, now)
        elif response.status < 300:
            self._success(response, now)
        elif self._may_be_answered(response):
            self._held = response
        else:
            self._refuse(response, now)

    def _may_be_answered(self, response: Response) -> bool:
        """Whether pjproject may answer it by itself; then it tells only of one that it could not answer."""
        return response.status in CHALLENGES and self._authenticated and not self._detached

    def _repeated(self, response: Response) -> bool:
        """Whether it is a reliable provisional seen before (RFC 3262 section 4)."""
        rseq = response.get("rseq") or ""
        if response.status >= 200 or "100rel" not in response.tokens("require") or not rseq.isdecimal():
            return False
        tag, number = response.to_tag, int(rseq)
        if tag in self._reliable and number != self._reliable[tag] + 1:
            return True
        self._reliable[tag] = number
        return False

    def _success(self, response: Response, now: float) -> None:
        if self._answered:
            return
        self._answered = not self._given_up
        self.user.responded(response, now)
        if self._given_up:
            self._finish()
            self._end(Ending.CANCELLED, now)

    def _refuse(self, response: Response, now: float) -> None:
        self.refusal = response
        self.user.responded(response, now)
        if self._detached:
            self._finish()
        self._end(Ending.CANCELLED if self._given_up and response.status == 487 else Ending.REFUSED, now)

    def _challenge_answered(self, now: float) -> None:
        held, self._held = self._held, None
        if held is not None and self._legs_user is not None:
            self._legs_user.challenged(held, now)

    def _bye_answered(self, response: Response, now: float) -> None:
        if response.status in CHALLENGES and self._authenticated:
            self._refused_bye = response  # pjproject answers it, or the call ends
        elif self.parting:
            self.parting = False
            self._tell_bye(response, now)

    def _tell_bye(self, response: Response | None, now: float) -> None:
        if self._legs_user is not None:
            self._legs_user.bye_answered(response, now)

    # Its end

    def _no_final(self, now: float) -> None:
        self._finish(LINGER)
        self._end(Ending.CANCELLED, now)

    def _finish(self, after: float = 0.0) -> None:
        if self._alarm is not None:
            self._alarm.stop()
            self._alarm = None
        if not self._over:
            self._over = True
            self._commands.over(self, after)

    def _end(self, ending: Ending, now: float) -> None:
        if not self._ended:
            self._ended = True
            self.user.ended(ending, now)
