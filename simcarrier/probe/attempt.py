"""One probed call: placed, watched, and ended by its deadlines, whatever the other side does.

A call is in one of a few stages, and each has one deadline, counted from when the stage was entered: `STAGES` is the
table. A response moves the call on, never back, so that a carrier that repeats 100 or 180 for ever cannot hold it. What
comes after we gave up is noted beside what came before.

The call may need several INVITEs: with credentials after a challenge, at the next address after a time-out, a transport
error or a 503 (RFC 3263 section 4.3), at another number after a redirect if that is wanted. They share the Call-ID and
raise CSeq. Times are counted from the first of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from simcarrier.records.observation import Observation, Outcome, Seen, telling
from simcarrier.sip.agent import UserAgent
from simcarrier.sip.authentication import CHALLENGES, Authenticator
from simcarrier.sip.caller import CallerSession, Invitation
from simcarrier.sip.errors import Malformed
from simcarrier.sip.message import Response
from simcarrier.sip.repeater import Alarm
from simcarrier.sip.session import Ending
from simcarrier.sip.transport import Channel, host_for_uri
from simcarrier.sip.uri import SipUri

from .guard import Permit
from .order import Order
from .target import Target

__all__ = ["Order", "ProbedCall", "Stage"]


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
    OVER = 5


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

MOST_SEEN = 200
"""Responses noted for one call; a carrier that sends provisionals without end costs no more memory."""

MOST_REDIRECTS = 5


class _Nobody:
    """The user of an INVITE that was given up for another address: what still comes is the session's own affair."""

    def responded(self, response: Response, now: float) -> None:
        """A late response: CANCEL, or ACK and BYE, go out by themselves."""

    def ended(self, ending: Ending, now: float) -> None:
        """It is over."""


class ProbedCall:
    """One call. Sans-IO: its engine is the agent's endpoint.

    Args:
        agent: the user agent that calls.
        order: what to do.
        open_channel: gives the channel to a target.
        finished: told once, when the call is over and nothing of it is left on the wire.
        wall_offset: what to add to ``now`` to have seconds since 1970.
        follow: asked before a redirect is followed, with the number that it leads to; the order's redirects alone do
            not permit a call.
        explain: says why a channel failed, in words; empty if it does not know.

    Attributes:
        observation: what has been seen.
        stage: how far the call has got.
    """

    def __init__(
        self,
        agent: UserAgent,
        order: Order,
        open_channel: Callable[[Target], Channel],
        finished: Callable[[ProbedCall, float], None],
        wall_offset: float = 0.0,
        follow: Callable[[str], Permit | None] | None = None,
        explain: Callable[[Channel], str] | None = None,
    ) -> None:
        self.order = order
        self._agent = agent
        self._open_channel = open_channel
        self._finished = finished
        self._wall_offset = wall_offset
        self._follow = follow
        self._explain = explain
        self.stage = Stage.DIALLED
        self.observation = Observation(order.number, order.trunk, "", "", order.caller, order.called)
        self.observation.concurrent = order.concurrent
        self._targets = list(order.targets)
        self._uri = order.invitation.uri
        self._authenticator: Authenticator | None = None
        if order.username is not None and order.password is not None:
            self._authenticator = Authenticator(order.username, order.password)
        self._fields: tuple[tuple[str, str], ...] = ()
        self._redirects = 0
        self._session: CallerSession | None = None
        self._alarm: Alarm | None = None
        self._began = 0.0
        self._heard = self._progressed = False  # anything, and more than 100, from the present target

    @property
    def session(self) -> CallerSession | None:
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
        elif self.stage is not Stage.GIVEN_UP:
            self._give_up(Outcome.INTERRUPTED, now)

    # One INVITE

    def _invite(self, now: float) -> None:
        target = self._targets[0]
        seen = self.observation
        seen.transport, seen.remote = target.transport.value, target.text
        seen.targets.append(target.text)
        self._heard = self._progressed = False
        try:
            channel = self._open_channel(target)
        except OSError as error:
            seen.trouble = f"{target.text}: {error.strerror or error}"
            self._next_target(Outcome.TRANSPORT_FAILED, now)
            return
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
        self._session = session = CallerSession(self._agent, invitation, channel, target.address, self)
        seen.call_id = session.call_id
        self._enter(Stage.DIALLED, now)
        session.invite(now)

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
        seen = self._note(response, now)
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
            self._end(seen.outcome, now)
        elif self.stage is Stage.TALKING:
            if seen.hung_up_by is None:
                seen.hung_up_by = "peer" if ending is Ending.HUNG_UP_BY_PEER else "us"
            if session.farewell is not None:
                seen.bye = telling(session.farewell.fields())
            self._end(seen.outcome, now)
        elif ending is Ending.TIMED_OUT:
            # Timer B: nothing came at all.
            self._next_target(Outcome.SILENT, now)
        elif ending is Ending.TRANSPORT_FAILED:
            why = "" if self._explain is None else self._explain(session.channel)
            seen.trouble = f"{seen.remote}: {why or 'the INVITE could not be sent, or the connection broke'}"
            if self._heard:
                self._end(Outcome.TRANSPORT_FAILED, now)  # whoever took the call may still have it
            else:
                self._next_target(Outcome.TRANSPORT_FAILED, now)
        else:
            self._refused(session, now)

    def _refused(self, session: CallerSession, now: float) -> None:
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

    def _challenged(self, session: CallerSession, response: Response, now: float) -> None:
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
        uri = _contact_of(response) if wanted else None
        if uri is not None and uri.user and self._follow is not None:
            permit = self._follow(uri.user)
            if permit is not None and permit.covers(self.order.caller, uri.user):
                self._redirects += 1
                # Made anew from what the guard has seen: escapes, parameters and headers are left behind.
                port = "" if uri.port is None else f":{uri.port}"
                self._uri = f"sip:{uri.user}@{host_for_uri(uri.host)}{port}"
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
        self._alarm = Alarm(self._agent.endpoint.timers, now + seconds, self._too_long)

    def _too_long(self, now: float) -> None:
        self._alarm = None
        outcome = STAGES[self.stage].outcome
        session = self._session
        if outcome is None:
            if session is not None:
                self.observation.hung_up_by = "us"
                session.hang_up(now)
        elif self.stage is Stage.DIALLED and len(self._targets) > 1:
            if session is not None:
                session.user = _Nobody()
                session.cancel(now)  # goes out if that address wakes up after all
            self._next_target(outcome, now)
        else:
            self._give_up(outcome, now)

    def _give_up(self, outcome: Outcome, now: float) -> None:
        self._stop_alarm()
        self.stage = Stage.GIVEN_UP
        self.observation.outcome = outcome
        self.observation.gave_up = now - self._began
        if self._session is not None:
            self._session.cancel(now)

    def _stop_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.stop()
            self._alarm = None

    def _end(self, outcome: Outcome | None, now: float) -> None:
        self._stop_alarm()
        self.stage = Stage.OVER
        self.observation.outcome = outcome
        self.observation.ended = now - self._began
        self._finished(self, now)

    def _note(self, response: Response, now: float) -> Seen:
        return Seen(
            now - self._began,
            response.status,
            response.phrase,
            telling(response.fields()),
            response.content_type == "application/sdp" and bool(response.body),
            "100rel" in response.tokens("require"),
        )


def _contact_of(response: Response) -> SipUri | None:
    """Where a redirect leads; None if that can't be read, or is no SIP address."""
    try:
        contact = response.contact
        uri = None if contact is None else contact.uri
    except Malformed:
        return None
    return uri if isinstance(uri, SipUri) else None
