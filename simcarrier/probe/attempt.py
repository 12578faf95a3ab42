"""One probed call: placed, watched, and ended by its deadlines, whatever the other side does.

A call is in one of a few stages, and each has one deadline, counted from when the stage was entered: `stages.STAGES`
is the table. A response moves the call on, never back, so that a carrier that repeats 100 or 180 for ever cannot hold
it. What comes after we gave up is noted beside what came before.

The call may need several INVITEs: with credentials after a challenge, at the next address after a time-out, a transport
error or a 503 (RFC 3263 section 4.3), at another number after a redirect if that is wanted. They share the Call-ID and
raise CSeq. Times are counted from the first of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from simcarrier.records.observation import Observation, Outcome, telling
from simcarrier.sip.authentication import CHALLENGES, Authenticator
from simcarrier.sip.invitation import Invitation
from simcarrier.sip.message import Response
from simcarrier.sip.repeater import Alarm
from simcarrier.sip.session import Ending

from .abandoned import Abandoned
from .engine import Leg, Legs
from .guard import Permit
from .order import Order
from .seeing import contact_of, plain, seen_of
from .stages import FAREWELL, STAGES, Stage

__all__ = ["Order", "ProbedCall", "Stage"]


MOST_SEEN = 200
"""Responses noted for one call; a carrier that sends provisionals without end costs no more memory."""

MOST_REDIRECTS = 5
MOST_NOTES = 10


class ProbedCall:
    """One call. Sans-IO, whatever places it.

    Args:
        legs: places its INVITEs, and sees to its deadlines.
        order: what to do.
        finished: told once, when the call is over and nothing of it is left on the wire.
        wall_offset: what to add to ``now`` to have seconds since 1970.
        follow: asked before a redirect is followed, with the number that it leads to; the order's redirects alone do
            not permit a call.
        late: told, in words, of a response to an INVITE that had been given up.

    Attributes:
        observation: what has been seen.
        stage: how far the call has got.
    """

    def __init__(
        self,
        legs: Legs,
        order: Order,
        finished: Callable[[ProbedCall, float], None],
        wall_offset: float = 0.0,
        follow: Callable[[str], Permit | None] | None = None,
        late: Callable[[str], None] | None = None,
    ) -> None:
        self.order = order
        self._legs = legs
        self._finished = finished
        self._wall_offset = wall_offset
        self._follow = follow
        self._late = late
        self._permit: Permit | None = None
        self._connecting = False
        self.stage = Stage.DIALLED
        self.observation = Observation(order.number, order.trunk, "", "", order.caller, order.called)
        self.observation.concurrent = order.concurrent
        self._targets = list(order.targets)
        self._uri = order.invitation.uri
        self._authenticator = self._credentials()
        self._fields: tuple[tuple[str, str], ...] = ()
        self._redirects = 0
        self._session: Leg | None = None
        self._alarm: Alarm | None = None
        self._began = self._invited = 0.0
        self._heard = self._progressed = False  # anything, and more than 100, from the present target

    @property
    def session(self) -> Leg | None:
        """The call on the wire, the last one if there were several."""
        return self._session

    # Verbs

    def place(self, permit: Permit, now: float) -> None:
        """Send the INVITE.

        Args:
            permit: of the guard, for this call.
            now: seconds.

        Raises:
            PermissionError: the permit is for another call.
        """
        if not permit.covers(self.order.caller, self.order.called):
            raise PermissionError(f"no permit to call {self.order.called}")
        self._permit = permit
        self._began = now
        self.observation.started = now + self._wall_offset
        if not self._targets:
            self._end(Outcome.UNRESOLVED, now)
            return
        self._invite(now)

    def interrupt(self, now: float) -> None:
        """End the call in order: CANCEL or BYE."""
        session = self._session
        if session is None or self.stage is Stage.OVER:
            return
        if self.stage is Stage.TALKING:
            self.observation.hung_up_by = "us"
            session.hang_up(now)
        elif self._connecting:
            session.drop()
            self._end(Outcome.INTERRUPTED, now)
        elif self.stage < Stage.GIVEN_UP:
            self._give_up(Outcome.INTERRUPTED, now)

    def cut_off(self) -> None:
        """It is told as it stands, for nothing more is waited for."""
        self.observation.outcome = self.observation.outcome or Outcome.INTERRUPTED
        self.stage = Stage.OVER
        self._stop_alarm()
        self._listened()

    def stray(self, response: Response) -> None:
        """A response with our Call-ID that matched no request of ours: noted if it looks like an answer."""
        why = "" if self._session is None else self._session.mismatch(response)
        if why:
            self._remark(why)

    # One INVITE

    def _invite(self, now: float) -> None:
        target = self._targets[0]
        self._listened()
        seen = self.observation
        seen.transport, seen.remote = target.transport.value, target.text
        seen.targets.append(target.text)
        self._heard = self._progressed = False
        first = self._session
        written = self.order.invitation
        invitation = Invitation(
            self._uri,
            written.caller,
            # A redirect changes where the request goes, not whom it is to (RFC 3261 section 8.1.3.4).
            written.called or f"<{written.uri}>",
            (*written.fields, *self._fields),
            written.with_offer,
            "" if first is None else first.call_id,
            "" if first is None else first.local_tag,
            1 if first is None else first.invitation.cseq + 1,
        )
        try:
            session = self._legs.leg(self._permit, self.order, invitation, target, self)
        except OSError as error:
            seen.trouble = f"{target.text}: {error.strerror or error}"
            self._next_target(Outcome.TRANSPORT_FAILED, now)
            return
        self._session = session
        seen.call_id = session.call_id
        self._enter(Stage.DIALLED, now)
        self._connecting = session.wait(partial(self._stands, session, first is None))
        if not self._connecting:
            self._invited = now
            session.invite(now)

    def _stands(self, session: Leg, first: bool, now: float) -> None:
        """The connection stands, or never will."""
        if not self._connecting or session is not self._session or self.stage is Stage.OVER:
            return
        self._connecting = False
        if session.closed:
            self._unsent(session, now)
            return
        if first:
            self._began = now  # times are those since the INVITE
            self.observation.started = now + self._wall_offset
        self._invited = now
        self._enter(Stage.DIALLED, now)
        session.invite(now)

    def _unsent(self, session: Leg, now: float) -> None:
        self.observation.trouble = f"{self.observation.remote}: {session.why() or 'no connection came about in time'}"
        self._next_target(Outcome.TRANSPORT_FAILED, now)

    def _again(self, now: float) -> None:
        seen = self.observation
        seen.rounds += 1
        if seen.final is not None:
            # It has been dealt with; what the call comes to is still open.
            seen.earlier.append(seen.final)
            seen.final = None
        self._invite(now)

    def _next_target(self, outcome: Outcome, now: float) -> None:
        """Try the trunk's next address, or end."""
        self._targets.pop(0)
        if self._targets:
            self._again(now)
        else:
            self._end(outcome, now)

    # CallerUser

    def responded(self, response: Response, now: float) -> None:
        """A response to the INVITE."""
        if self.stage is Stage.OVER:
            return
        seen = seen_of(response, now - self._began)
        self._heard = True
        if self.stage is Stage.GIVEN_UP:
            if len(self.observation.after) < MOST_SEEN:
                self.observation.after.append(seen)
            return
        status = response.status
        if status < 200:
            self._progressed = self._progressed or status > 100
            if len(self.observation.provisionals) < MOST_SEEN:
                self.observation.provisionals.append(seen)
            stage = Stage.TAKEN if status == 100 else Stage.PROGRESSING
            if stage > self.stage:
                self._enter(stage, now)
            return
        self.observation.final = seen
        if status < 300:
            self.observation.answered = now - self._began
            self.observation.outcome = Outcome.ANSWERED
            self._enter(Stage.TALKING, now)

    def ended(self, ending: Ending, now: float) -> None:
        """The session is over: the call too, unless it is to be tried another way."""
        session, seen = self._session, self.observation
        if session is None or self.stage is Stage.OVER:
            return
        seen.forks = max(seen.forks, session.further_answers)
        if self.stage is Stage.GIVEN_UP:
            self._part(session, now)
        elif self.stage is Stage.TALKING:
            if seen.hung_up_by is None:
                seen.hung_up_by = "peer" if ending is Ending.HUNG_UP_BY_PEER else "us"
            if session.farewell is not None:
                seen.bye = telling(session.farewell.fields())
            self._part(session, now)
        elif ending is Ending.TIMED_OUT:
            # Timer B: nothing came at all.
            self._next_target(Outcome.SILENT, now)
        elif ending is Ending.TRANSPORT_FAILED:
            seen.trouble = f"{seen.remote}: {session.why() or 'the INVITE could not be sent, or the connection broke'}"
            if self._heard:
                self._end(Outcome.TRANSPORT_FAILED, now)  # whoever took the call may still have it
            else:
                self._next_target(Outcome.TRANSPORT_FAILED, now)
        else:
            self._refused(session, now)

    def challenged(self, response: Response, now: float) -> None:
        """A challenge that the engine has answered by itself: the INVITE is out again."""
        seen = self.observation
        seen.earlier.append(seen_of(response, now - self._began))
        seen.rounds += 1
        seen.targets.append(seen.remote)
        self._heard = self._progressed = False
        self._invited = now
        if self.stage < Stage.TALKING:
            self._enter(Stage.DIALLED, now)

    def _refused(self, session: Leg, now: float) -> None:
        seen = self.observation
        final, response = seen.final, session.refusal
        if final is None or response is None:
            seen.trouble = "the call was ended with BYE before any final response"
            if session.farewell is not None:
                seen.bye = telling(session.farewell.fields())
            self._end(Outcome.REFUSED, now)
        elif final.code in CHALLENGES:
            self._challenged(session, response, now)
        elif final.code == 503 and len(self._targets) > 1 and not self._progressed:
            self._next_target(Outcome.REFUSED, now)
        elif 300 <= final.code < 400:
            self._redirected(response, now)
        else:
            self._end(Outcome.REFUSED, now)

    def _challenged(self, session: Leg, response: Response, now: float) -> None:
        authenticator = self._authenticator
        fields = None
        if authenticator is not None:
            fields = authenticator.answer(response, method="INVITE", uri=self._uri, body=session.offered)
        if fields is None:
            self._end(Outcome.UNAUTHORISED, now)
            return
        self._fields = tuple(fields)
        self._again(now)

    def _redirected(self, response: Response, now: float) -> None:
        wanted = self._redirects < min(self.order.redirects, MOST_REDIRECTS)
        uri = contact_of(response) if wanted else None
        if uri is not None and uri.user and self._follow is not None:
            permit = self._follow(uri.user)
            if permit is not None and permit.covers(self.order.caller, uri.user):
                self._redirects += 1
                self._permit = permit
                self._uri = plain(uri)
                self._again(now)
                return
        self._end(Outcome.REDIRECTED, now)

    # Stages

    def _enter(self, stage: Stage, now: float) -> None:
        self.stage = stage
        self._stop_alarm()
        limit = STAGES[stage]
        seconds: float = getattr(self.order.deadlines, limit.field)
        # A zero talk time still acknowledges first: the BYE goes with the next look at the clock.
        self._alarm = Alarm(self._legs.timers, now + seconds, self._too_long)

    def _too_long(self, now: float) -> None:
        self._alarm = None
        outcome = STAGES[self.stage].outcome
        session = self._session
        if outcome is None:
            if session is not None:
                self.observation.hung_up_by = "us"
                session.hang_up(now)
        elif self._connecting and session is not None:
            self._connecting = False
            session.drop()
            self._unsent(session, now)
        elif self.stage is Stage.DIALLED:
            if session is not None:
                seen = self.observation
                session.let_go(Abandoned(f"{seen.called} by {seen.remote}", self._invited, self._late), now)
            if len(self._targets) == 1:
                self.observation.gave_up = now - self._began
            self._next_target(outcome, now)
        else:
            self._give_up(outcome, now)

    def _give_up(self, outcome: Outcome, now: float) -> None:
        self._stop_alarm()
        self.stage = Stage.GIVEN_UP
        self.observation.outcome = outcome
        self.observation.gave_up = now - self._began
        if self._session is not None:
            self._session.abandon(now)

    def _part(self, session: Leg, now: float) -> None:
        """The call has come to its end; the answer to our BYE belongs to it."""
        self.observation.ended = now - self._began
        self._stop_alarm()
        if not session.parting:
            self._end(self.observation.outcome, now)
            return
        self.stage = Stage.PARTING
        self._alarm = Alarm(self._legs.timers, now + FAREWELL, self._unanswered)

    def bye_answered(self, response: Response | None, now: float) -> None:
        """The final response to our BYE; None if none came."""
        if response is not None and response.status >= 300 and response.status != 481:
            self._remark(
                f"our BYE was refused with {response.status} {response.phrase}: the call may still be up there"
            )
        session = self._session
        if self.stage is Stage.PARTING and session is not None and not session.parting:
            self._end(self.observation.outcome, now)

    def _unanswered(self, now: float) -> None:
        self._remark(f"our BYE was not answered within {FAREWELL:g} s")
        self._end(self.observation.outcome, now)

    def _remark(self, text: str) -> None:
        notes = self.observation.notes
        if text not in notes and len(notes) < MOST_NOTES:
            notes.append(text)

    def _credentials(self) -> Authenticator | None:
        username, password = self.order.username, self.order.password
        if username is None or password is None or self._legs.answers_challenges:
            return None
        return Authenticator(username, password)

    def _stop_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.stop()
            self._alarm = None

    def _listened(self) -> None:
        """Take what was heard; of several INVITEs the last on which anything came counts."""
        audio = None if self._session is None else self._session.audio()
        if audio is not None and (audio.packets or self.observation.audio is None):
            self.observation.audio = audio.since(self._began)

    def _end(self, outcome: Outcome | None, now: float) -> None:
        self._stop_alarm()
        self._listened()
        self.stage = Stage.OVER
        self.observation.outcome = outcome
        if self.observation.ended is None:
            self.observation.ended = now - self._began
        self._finished(self, now)
