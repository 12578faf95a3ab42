"""A called end on paper: what a carrier's ladder needs of a session, without a message being written or read.

The network between caller and carrier is plain. What is sent arrives: an ACK one round trip after the response that it
is for, a CANCEL or a BYE at the moment in which the caller decides on it, so a caller's times are as the carrier sees
them. Nothing is sent twice but what the behaviour `drop` makes the carrier lose: ACK, CANCEL and BYE are then sent
again as RFC 3261 has it, after T1, doubling up to T2, for 64 T1 (sections 13.3.1.4, 17.1.2.2, 17.2.1). An INVITE that
was taken is not sent again. A reliable provisional response is acknowledged at once, and no offer is refused.

What the user is told, and in which order, is that of `simcarrier.sip.callee.CalleeSession`; a test holds both together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from simcarrier.sip.callee import CalleeUser
from simcarrier.sip.endpoint import Deafness
from simcarrier.sip.errors import LocalProtocolError
from simcarrier.sip.message import Request
from simcarrier.sip.session import Ending
from simcarrier.sip.status import phrase_for
from simcarrier.sip.timers import TimerQueue, Timers
from simcarrier.sip.transport import Address, Channel, Transport, host_for_uri

ROUND_TRIP = 0.05
"""Seconds from a response to its ACK: two networks and a dialler on one continent."""


class PaperInvite(Request):
    """An INVITE that nobody wrote: its header lines come to be when somebody asks for one.

    Args:
        called, caller: the user parts of Request-URI and From.
        call_id: its Call-ID.
        host: the host in its URIs: the carrier's.
        peer: the address it comes from.
        fields: further header fields, names and values.
    """

    __slots__ = ("_call_id", "_called", "_caller", "_fields", "_host", "_peer")

    def __init__(
        self, called: str, caller: str, call_id: str, host: str, peer: Address, fields: Sequence[tuple[str, str]] = ()
    ) -> None:
        super().__init__(b"", None, 0, "INVITE", f"sip:{called}@{host}")
        self._called = called
        self._caller = caller
        self._call_id = call_id
        self._host = host
        self._peer = peer
        self._fields = fields

    @property
    def user(self) -> str:
        """The called number."""
        return self._called

    @property
    def from_user(self) -> str:
        """The calling number."""
        return self._caller

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        return self._call_id

    @property
    def lines(self) -> list[str]:
        """Start line and header lines, written at the first question."""
        lines = self._lines
        if lines is None:
            host, port = host_for_uri(self._peer[0]), self._peer[1]
            lines = self._lines = [
                f"INVITE {self.uri} SIP/2.0",
                f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{self._call_id}",
                "Max-Forwards: 70",
                f"From: <sip:{self._caller}@{host}>;tag={self._call_id}",
                f"To: <{self.uri}>",
                f"Call-ID: {self._call_id}",
                "CSeq: 1 INVITE",
                f"Contact: <sip:{host}:{port}>",
                *[f"{name}: {value}" for name, value in self._fields],
                "Content-Length: 0",
            ]
        return lines


class PaperCaller(Protocol):
    """The calling end: told what it would receive."""

    def responded(self, status: int, now: float) -> None:
        """A response to the INVITE."""

    def established(self, now: float) -> None:
        """The call is up: the ACK to the 2xx is through."""

    def ended(self, ending: Ending, now: float) -> None:
        """The call is over; told once, after the carrier was."""


class PaperEar:
    """What stands for an endpoint.

    Attributes:
        timers: the deadlines.
        base: the timer values.
        deaf: Call-IDs whose messages are to be lost.
    """

    def __init__(self, timers: TimerQueue, base: Timers | None = None) -> None:
        self.timers = timers
        self.base = base or Timers()
        self.deaf: dict[str, Deafness] = {}


class PaperNetwork:
    """What calls on paper share: it stands for the carrier's user agent and its way to the callers.

    Args:
        timers: the queue of deadlines.
        transport: what the records call the transport.
        local: the carrier's address.
        round_trip: seconds from a response to its ACK.

    Attributes:
        endpoint: what hears the messages.
        channel: where calls come in.
        host: the carrier's address as it stands in a URI.
        round_trip: see above.
    """

    def __init__(
        self,
        timers: TimerQueue,
        transport: Transport = Transport.UDP,
        local: Address = ("127.0.0.1", 5060),
        *,
        round_trip: float = ROUND_TRIP,
    ) -> None:
        self.endpoint = PaperEar(timers)
        self.channel = Channel(transport, local)
        self.host = f"{host_for_uri(local[0])}:{local[1]}"
        self.round_trip = round_trip


class PaperSession:
    """The called end of one call.

    Its verbs are those of `simcarrier.carrier.called_end.CalledEnd`; `cancel` and `bye` are the caller's.

    Args:
        agent: the network.
        invite: the INVITE.
        peer: where it came from.
        caller: the calling end; None if nobody wants to know.

    Attributes:
        deadline: when the message of the caller's that is on its way arrives.
        cancelled: the caller gave up before a final response.
    """

    __slots__ = (
        "_arrives",
        "_bye_waits",
        "_interval",
        "_until",
        "agent",
        "answered_at",
        "caller",
        "cancelled",
        "channel",
        "deadline",
        "ending",
        "invite",
        "peer",
        "phrase",
        "responded_at",
        "status",
        "user",
    )

    def __init__(self, agent: PaperNetwork, invite: Request, peer: Address, caller: PaperCaller | None = None) -> None:
        self.agent = agent
        self.invite = invite
        self.peer = peer
        self.caller = caller
        self.channel = agent.channel
        self.user: CalleeUser | None = None
        self.status = 0
        self.phrase = ""
        self.answered_at: float | None = None
        self.responded_at: float | None = None
        self.ending: Ending | None = None
        self.cancelled = False
        self.deadline: float | None = None
        self._bye_waits = False
        self._arrives = ""
        self._interval = self._until = 0.0

    # Verbs of the called party

    def trying(self, now: float, extra: str = "") -> None:
        """Send 100."""
        if self.responded_at is not None:
            raise LocalProtocolError("the call has its final response")
        self.status = 100
        if self.caller is not None:
            self.caller.responded(100, now)

    def ring(
        self,
        now: float,
        status: int = 180,
        phrase: str | None = None,
        extra: str = "",
        *,
        with_sdp: bool = False,
        reliable: bool = False,
    ) -> None:
        """Send a provisional response."""
        if self.responded_at is not None:
            raise LocalProtocolError("the call has its final response")
        self.status = status
        if self.caller is not None:
            self.caller.responded(status, now)

    def answer(self, now: float, extra: str = "", *, with_sdp: bool = True) -> None:
        """Send 200; its ACK comes after a round trip."""
        if self.answered_at is not None:
            raise LocalProtocolError("the call has been answered")
        self.phrase = "OK"
        self.answered_at = now
        self._final(200, now)
        if self.user is not None:
            self.user.answered(now)

    def refuse(self, now: float, status: int, phrase: str | None = None, extra: str = "", body: bytes = b"") -> None:
        """Send a final response of class 3 to 6; its ACK comes after a round trip."""
        if status < 300:
            raise LocalProtocolError(f"{status} refuses nothing")
        if self.responded_at is not None:
            raise LocalProtocolError("the call has its final response")
        self.phrase = phrase or phrase_for(status)
        self._final(status, now)

    def _final(self, status: int, now: float) -> None:
        self.status = status
        self.responded_at = now
        if self.caller is not None:
            self.caller.responded(status, now)
        agent = self.agent
        self._expect("ACK", now, agent.round_trip)
        self._until = now + agent.endpoint.base.t64

    def hang_up(
        self, now: float, fields: list[tuple[str, str]] | None = None, *, ending: Ending = Ending.HUNG_UP_BY_US
    ) -> None:
        """Send BYE; while the 2xx waits for its ACK the BYE waits with it (RFC 3261 section 15)."""
        if self.ending is None and 100 < self.status < 300:
            if self._arrives == "ACK" and ending is Ending.HUNG_UP_BY_US:
                self._bye_waits = True
                return
            self.end(ending, now)

    def abandon(self, now: float) -> None:
        """Forget the call without another word."""
        self.end(Ending.ABANDONED, now)

    def repeat_last(self, now: float) -> None:
        """Send the last response once more: nobody notices."""

    def stop_reminding(self) -> None:
        """Nothing is repeated on paper."""

    # What the caller does

    def cancel(self, now: float) -> None:
        """CANCEL arrives: 487, unless there is a final response already."""
        if self.ending is None and self.responded_at is None:
            self._until = now + self.agent.endpoint.base.t64
            self._arrived("CANCEL", now)

    def bye(self, now: float) -> None:
        """BYE arrives: the call is over."""
        if self.ending is None and self.answered_at is not None:
            self._until = now + self.agent.endpoint.base.t64
            self._arrived("BYE", now)

    def _expect(self, message: str, now: float, delay: float) -> None:
        self._arrives = message
        self._interval = self.agent.endpoint.base.t1
        self.agent.endpoint.timers.after(delay, now, self)

    def timer_fired(self, now: float) -> None:
        """A message of the caller's is there, or was given up."""
        if self._until <= now:
            self._given_up(now)
        else:
            self._arrived(self._arrives, now)

    def _arrived(self, message: str, now: float) -> None:
        deaf = self.agent.endpoint.deaf
        if deaf and self._is_lost(deaf):
            self._again(message, now)
            return
        self._arrives = ""
        if message == "CANCEL":
            self.cancelled = True
            if self.user is not None:
                self.user.cancelled(now)
            if self.responded_at is None:
                self.refuse(now, 487)
        elif message == "BYE":
            self.end(Ending.HUNG_UP_BY_PEER, now)
        elif self.answered_at is None:
            self.end(Ending.CANCELLED if self.cancelled else Ending.REFUSED, now)
        else:
            self._acknowledged(now)

    def _acknowledged(self, now: float) -> None:
        if self.caller is not None:
            self.caller.established(now)
        if self.user is not None:
            self.user.established(now)
        if self._bye_waits:
            self.hang_up(now)

    def _is_lost(self, deaf: dict[str, Deafness]) -> bool:
        deafness = deaf.get(self.invite.call_id)
        if deafness is None:
            return False
        if deafness.remaining is not None:
            deafness.remaining -= 1
            if deafness.remaining <= 0:
                del deaf[self.invite.call_id]
        return True

    def _again(self, message: str, now: float) -> None:
        """It was lost: it is sent again, until 64 T1 are over."""
        endpoint = self.agent.endpoint
        if self._arrives != message:
            self._arrives = message
            self._interval = endpoint.base.t1
        endpoint.timers.at(min(now + self._interval, self._until), self)
        self._interval = min(2 * self._interval, endpoint.base.t2)

    def _given_up(self, now: float) -> None:
        """64 T1 are over. Who waits for an ACK ends the call; a caller whose CANCEL or BYE was lost just goes away."""
        message, self._arrives = self._arrives, ""
        if message == "ACK":
            self.end(Ending.UNACKNOWLEDGED, now)

    def end(self, ending: Ending, now: float) -> None:
        """Note the end; user and caller are told once, and let go of."""
        if self.ending is not None:
            return
        self.ending = ending
        self.deadline = None
        deaf = self.agent.endpoint.deaf
        if deaf:
            deaf.pop(self.invite.call_id, None)
        user, self.user = self.user, None
        caller, self.caller = self.caller, None
        if user is not None:
            user.ended(ending, now)
        if caller is not None:
            caller.ended(ending, now)
