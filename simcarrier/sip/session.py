"""A session: what an INVITE set up, from the first 2xx to the BYE (RFC 3261 sections 13 to 15).

`Session` is what both ends share once there is a dialog: requests within it, re-INVITE and UPDATE, session timers, BYE.
`callee.CalleeSession` and `caller.CallerSession` add how it came about.

Which request does what is a table, `Session.HANDLERS`; what is not in it gets 405 or 501.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from .description import Negotiation
from .dialog import Dialog
from .errors import LocalProtocolError, Malformed, RemoteProtocolError
from .message import Request, Response
from .refresh import Reinvite
from .repeater import Alarm, Repeater
from .sdp import NotAcceptable
from .session_timer import SessionTimer, TimerRequest, TooSmall, negotiate
from .transaction import ClientTransaction, ClientUser, InviteServerTransaction, ServerTransaction
from .transport import Address, Channel, host_for_uri

if TYPE_CHECKING:
    from .agent import UserAgent

SDP_TYPE = "Content-Type: application/sdp\r\n"


class Ending(StrEnum):
    """How a session, or the attempt at one, came to its end."""

    REFUSED = "refused"
    """A final response of class 3 to 6, acknowledged."""
    UNACKNOWLEDGED = "unacknowledged"
    """A final response that was never acknowledged."""
    CANCELLED = "cancelled"
    """The caller sent CANCEL before a final response."""
    HUNG_UP_BY_PEER = "hung_up_by_peer"
    HUNG_UP_BY_US = "hung_up_by_us"
    EXPIRED = "expired"
    """The session timer ran out (RFC 4028)."""
    TIMED_OUT = "timed_out"
    """We called and nothing was received."""
    TRANSPORT_FAILED = "transport_failed"
    ABANDONED = "abandoned"
    """Left without a final response, on purpose or because nobody decided."""


class Session:
    """One end of a call.

    Attributes:
        agent: the user agent it belongs to.
        channel: where its messages go.
        peer: the address that the peer's messages come from.
        dialog: None until a response with a tag has made one.
        ending: how it ended; None while it has not.
        answered_at: when the 2xx was sent or received, seconds.
        peer_takes_update: the peer lists UPDATE in Allow; looked up once there is a session timer.
    """

    __slots__ = (
        "_bye_fields",
        "_expiry",
        "_refresh",
        "_unacknowledged",
        "agent",
        "answered_at",
        "channel",
        "dialog",
        "ending",
        "media",
        "peer",
        "peer_takes_update",
        "timer",
    )

    def __init__(self, agent: UserAgent, channel: Channel, peer: Address) -> None:
        self.agent = agent
        self.channel = channel
        self.peer = peer
        self.dialog: Dialog | None = None
        self.ending: Ending | None = None
        self.answered_at: float | None = None
        self.media: Negotiation | None = None
        self.timer: SessionTimer | None = None
        self.peer_takes_update = True
        # Header fields of a BYE that waits for the ACK to our 2xx
        self._bye_fields: list[tuple[str, str]] | None = None
        self._expiry: Alarm | None = None
        self._refresh: Alarm | Reinvite | None = None  # one that is to come, or one on its way
        # CSeq number of our 2xx to an INVITE that waits for its ACK, what repeats it, and whether it made an offer
        self._unacknowledged: tuple[int, Repeater, bool] | None = None

    # What subclasses tell their users

    def on_ended(self, ending: Ending, now: float) -> None:
        """The session is over; told once."""

    def on_established(self, now: float) -> None:
        """The ACK to our 2xx has come, or we have sent ours."""

    # The dialog

    @property
    def contact(self) -> str:
        """Our Contact header line, with its CRLF."""
        return f"Contact: <{self.contact_uri}>\r\n"

    @property
    def contact_uri(self) -> str:
        """Where requests within the dialog reach us."""
        channel = self.channel
        host, port = self.agent.reachable_at(channel, self.peer)
        if channel.reliable:
            return f"sip:{host_for_uri(host)}:{port};transport={channel.transport.lower()}"
        return f"sip:{host_for_uri(host)}:{port}"

    def enter(self, dialog: Dialog) -> None:
        """Make a dialog ours: requests within it come to us from now on."""
        self.dialog = dialog
        self.agent.sessions[dialog.id] = self

    def send_within(
        self,
        method: str,
        now: float,
        fields: list[tuple[str, str]] | None = None,
        body: bytes = b"",
        user: ClientUser | None = None,
    ) -> ClientTransaction:
        """Send a request within the dialog; its responses come to ``user``, to ``response_received`` here if None."""
        dialog = self._dialog()
        request = dialog.make_request(method, self.agent.new_via(self.channel, self.peer), fields, body)
        return self.agent.endpoint.send_request(request, dialog.next_hop(self.peer), self.channel, user or self, now)

    def acknowledge(self, response: Response) -> None:
        """Send the ACK to a 2xx to a re-INVITE of ours (section 13.2.2.4)."""
        dialog = self._dialog()
        via = self.agent.new_via(self.channel, self.peer)
        ack = dialog.make_request("ACK", via, seq=response.cseq[0])
        self.agent.endpoint.out.append((self.channel, dialog.next_hop(self.peer), ack.raw))

    def _dialog(self) -> Dialog:
        if self.dialog is None:
            raise LocalProtocolError("there is no dialog yet")
        return self.dialog

    # Requests of the peer's within the dialog

    def request_received(self, transaction: ServerTransaction, now: float) -> None:
        """A request within our dialog."""
        request = transaction.request
        try:
            self._dialog().take(request)
        except RemoteProtocolError as fault:
            transaction.respond(fault.status, now, fault.phrase)
            return
        handler = self.HANDLERS.get(request.method)
        refusal = self.agent.refusal_within(request, self.HANDLERS)
        if refusal is not None or handler is None:
            status, phrase, extra = (
                (405, None, "") if refusal is None else (refusal.status, refusal.phrase, refusal.extra)
            )
            transaction.respond(status, now, phrase, extra)
            return
        handler(self, transaction, now)

    def ack_received(self, request: Request, now: float) -> None:
        """An ACK within our dialog: it ends the repetition of the 2xx with its CSeq number."""
        waiting = self._unacknowledged
        try:
            if waiting is None or waiting[0] != request.cseq[0]:
                return
            body = request.body
        except Malformed:
            return  # nothing answers an ACK: one that can't be read is as good as lost
        waiting[1].stop()
        self._unacknowledged = None
        if waiting[2] and body and self.media is not None:
            try:
                self.media.take_answer(body)
            except (Malformed, NotAcceptable):
                self.hang_up(now)  # section 13.2.1: an offer without an acceptable answer ends the session
                return
        self.on_established(now)
        if self._bye_fields is not None:
            self.hang_up(now, self._bye_fields)

    def _bye_received(self, transaction: ServerTransaction, now: float) -> None:
        transaction.respond(200, now)
        self.end(Ending.HUNG_UP_BY_PEER, now)

    def _invited_again(self, transaction: ServerTransaction, now: float) -> None:
        if self.answered_at is None or self._unacknowledged is not None:
            transaction.respond(500, now, extra="Retry-After: 1\r\n")  # section 14.2
            return
        if isinstance(self._refresh, Reinvite):
            transaction.respond(491, now)  # the same section: theirs and ours have met
            return
        self._refresh_requested(transaction, now)

    def _updated(self, transaction: ServerTransaction, now: float) -> None:
        self._refresh_requested(transaction, now)

    def _refresh_requested(self, transaction: ServerTransaction, now: float) -> None:
        """Answer re-INVITE or UPDATE: new target, new description, new session timer (section 14, RFC 3311)."""
        request = transaction.request
        try:
            timer = self.negotiate_timer(request)
            if isinstance(timer, TooSmall):
                transaction.respond(422, now, extra=f"Min-SE: {timer.min_se}\r\n")
                return
            body = self.describe(request, offer_if_none=request.method == "INVITE")
        except NotAcceptable as fault:
            transaction.respond(488, now, extra=self.agent.warning(fault.warn_code, fault.why))
            return
        except Malformed as fault:
            transaction.respond(400, now, fault.why)
            return
        self._dialog().refresh_target(request)
        extra = self.contact + self.agent.allow_and_supported + self.timer_lines(timer)
        if body:
            extra += SDP_TYPE
        data = transaction.respond(200, now, extra=extra, body=body)
        if isinstance(transaction, InviteServerTransaction):
            self.repeat_until_ack(transaction, request, data, now)
        self.start_timer(timer, now)

    def _options(self, transaction: ServerTransaction, now: float) -> None:
        transaction.respond(200, now, extra=self.agent.capabilities)

    def _info(self, transaction: ServerTransaction, now: float) -> None:
        transaction.respond(200, now)

    def _prack(self, transaction: ServerTransaction, now: float) -> None:
        transaction.respond(481, now)

    HANDLERS: ClassVar[dict[str, Callable[..., None]]] = {
        "INVITE": _invited_again,
        "BYE": _bye_received,
        "OPTIONS": _options,
        "INFO": _info,
        "UPDATE": _updated,
        "PRACK": _prack,
    }

    # Description, timers, repetition

    def describe(self, request: Request, *, offer_if_none: bool) -> bytes:
        """The body of our 2xx: an answer to the request's offer, or an offer of ours if it brought none.

        Raises:
            NotAcceptable: nothing in common; 488.
            Malformed: the offer can't be read; 400.
        """
        media = self.negotiation()
        body = request.body
        if body and request.content_type == "application/sdp":
            return media.answer(body)
        return media.offer() if offer_if_none else b""

    def negotiation(self) -> Negotiation:
        """Our side of offer and answer, begun at the first question."""
        if self.media is None:
            self.media = self.agent.negotiation(self)
        return self.media

    def negotiate_timer(self, request: Request) -> SessionTimer | TooSmall | None:
        """What the request and our own wishes make of the session timer.

        Raises:
            Malformed: Session-Expires or Min-SE can't be read; 400.
        """
        asked = request.get("session-expires")
        if asked is None and self.agent.session_interval is None:
            return None
        floor = request.get("min-se")
        supported = "timer" in request.tokens("supported") or "timer" in request.tokens("require")
        return negotiate(
            TimerRequest.from_headers(asked, floor, supported),
            min_se=self.agent.min_se,
            preferred=self.agent.session_interval,
        )

    @staticmethod
    def timer_lines(timer: SessionTimer | None) -> str:
        """The header lines of a 2xx that tell the session timer."""
        if timer is None:
            return ""
        require = "Require: timer\r\n" if timer.require_timer else ""
        return f"{require}Session-Expires: {timer.session_expires}\r\n"

    def start_timer(self, timer: SessionTimer | None, now: float) -> None:
        """Start, or start anew, the session timer."""
        self.timer = timer
        self._stop_timer()
        if timer is None:
            return
        queue = self.agent.endpoint.timers
        self._expiry = Alarm(queue, timer.bye_at(now), self._expired)
        due = timer.refresh_at(now)
        if due is not None:
            self._refresh = Alarm(queue, due, self._send_refresh)

    def _stop_timer(self) -> None:
        for running in (self._expiry, self._refresh):
            if running is not None:
                running.stop()
        self._expiry = self._refresh = None  # they hold us: a cycle would be left to the garbage collector

    def _expired(self, now: float) -> None:
        self.hang_up(now, ending=Ending.EXPIRED)

    def _send_refresh(self, now: float) -> None:
        if self.ending is None and self.timer is not None:
            value = f"{self.timer.interval};refresher=uac"
            fields = [("Contact", f"<{self.contact_uri}>"), ("Supported", "timer"), ("Session-Expires", value)]
            if self.peer_takes_update:
                self.send_within("UPDATE", now, fields)
            else:
                self._refresh = Reinvite(self, fields, now)

    def repeat_until_ack(self, transaction: InviteServerTransaction, invite: Request, data: bytes, now: float) -> None:
        """Repeat a 2xx, by its bytes, until its ACK (section 13.3.1.4); without one in 64 T1, hang up."""
        endpoint = self.agent.endpoint

        def again(now: float) -> None:
            transaction.respond_again(now, data)

        def gave_up(now: float) -> None:
            self._unacknowledged = None
            self.hang_up(now, ending=Ending.UNACKNOWLEDGED)

        repeater = Repeater(endpoint.timers, endpoint.base, again, gave_up, now, endpoint.base.t2)
        self._unacknowledged = (invite.cseq[0], repeater, not invite.body)

    # The end

    def hang_up(
        self,
        now: float,
        fields: list[tuple[str, str]] | None = None,
        *,
        ending: Ending = Ending.HUNG_UP_BY_US,
    ) -> None:
        """Send BYE and end the session.

        While a 2xx of ours waits for its ACK the BYE waits with it: a callee must not send it earlier (section 15).
        """
        if self.ending is None and self.dialog is not None:
            if self._unacknowledged is not None and ending is Ending.HUNG_UP_BY_US:
                self._bye_fields = fields or []
                return
            self.send_within("BYE", now, fields)
            self.end(ending, now)

    def end(self, ending: Ending, now: float) -> None:
        """Note the end, leave the dialog, stop what still runs. Told to the user once."""
        if self.ending is not None:
            return
        self.ending = ending
        if self.dialog is not None:
            self.agent.sessions.pop(self.dialog.id, None)
        if self._unacknowledged is not None:
            self._unacknowledged[1].stop()
            self._unacknowledged = None
        if self._expiry is not None:
            self._stop_timer()
        self.on_ended(ending, now)

    # Responses to our requests within the dialog

    def response_received(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """A response to BYE, or to a refresh of ours."""
        if transaction.request.method == "UPDATE" and response.status >= 200:
            self.refresh_answered(response, now)

    def refresh_answered(self, response: Response, now: float) -> None:
        """The final response to a refresh of ours has come."""
        self._refresh = None
        if self.ending is not None:
            return
        if response.status < 300 and self.timer is not None:
            self.start_timer(self.timer, now)
        elif response.status in (408, 481):
            self.hang_up(now)  # section 12.2.1.2

    def timed_out(self, transaction: ClientTransaction, now: float) -> None:
        """A request of ours within the dialog was not answered: the dialog is dead (section 12.2.1.2)."""
        if transaction.request.method != "BYE":
            self.hang_up(now)

    def transport_failed(self, transaction: ClientTransaction, now: float) -> None:
        """A request of ours within the dialog could not be sent; the session is left to its timers."""
