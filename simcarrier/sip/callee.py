"""The called end of a call: from the INVITE to its final response, and on (RFC 3261 sections 8.2, 13.3; RFC 3262).

A `CalleeSession` offers the verbs of a called party: `trying`, `ring`, `answer`, `refuse`, `abandon`, and once the
call is up `hang_up`. Nothing happens by itself but what the RFC demands: 487 for a CANCEL, repetitions, the end of a
call whose 2xx nobody acknowledges.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Protocol

from .dialog import Dialog
from .errors import LocalProtocolError
from .refresh import takes_update
from .reliable import ReliableProvisionals
from .repeater import Alarm
from .sdp import NotAcceptable
from .session import SDP_TYPE, Ending, Session
from .session_timer import TooSmall
from .status import phrase_for
from .transaction import InviteServerTransaction, ServerTransaction

if TYPE_CHECKING:
    from .agent import UserAgent


_REFUSED, _CANCELLED = Ending.REFUSED, Ending.CANCELLED  # looked up once, not for each call

REMIND_AFTER = 60.0
"""Seconds after which a provisional response is repeated, lest a proxy give a long ringing up (section 13.3.1.1)."""


class CalleeUser(Protocol):
    """Who decides what a called party does."""

    def answered(self, now: float) -> None:
        """Our 2xx has gone out."""

    def established(self, now: float) -> None:
        """The ACK to our 2xx has come."""

    def cancelled(self, now: float) -> None:
        """The call is off before a final response: CANCEL, BYE, or no PRACK. The session refuses it by itself."""

    def ended(self, ending: Ending, now: float) -> None:
        """The call is over and every message of it is through."""


class CalleeSession(Session):
    """A call that came in.

    Attributes:
        invite: the INVITE.
        transaction: its transaction.
        status: the last status sent, 0 if none.
        cancelled: the caller gave up before a final response, by CANCEL or by BYE on the early dialog.
        phrase: the reason phrase of the final response, empty before there is one.
        responded_at: when the final response was sent first, seconds.
        user: told what happens.
    """

    __slots__ = (
        "_last",
        "_reliable",
        "_reminder",
        "cancelled",
        "invite",
        "phrase",
        "responded_at",
        "transaction",
        "user",
    )

    def __init__(self, agent: UserAgent, transaction: InviteServerTransaction) -> None:
        Session.__init__(self, agent, transaction.channel, transaction.source)
        self.transaction = transaction
        self.invite = transaction.request
        self.user: CalleeUser | None = None
        self._reliable: ReliableProvisionals | None = None
        self._reminder: Alarm | None = None
        self._last = b""  # the 2xx, which the transaction does not keep
        self.cancelled = False
        self.phrase = ""
        self.responded_at: float | None = None
        transaction.user = self

    @property
    def status(self) -> int:
        """The last status sent, 0 if none."""
        return self.transaction.last_status

    # Verbs

    def trying(self, now: float, extra: str = "") -> None:
        """Send 100."""
        self.transaction.respond(100, now, extra=extra)

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
        """Send a provisional response that makes an early dialog.

        Args:
            now: seconds.
            status: 101 to 199.
            phrase: the reason phrase; the RFC's if None.
            extra: further header lines with their CRLF.
            with_sdp: with a session description, for early media.
            reliable: by RFC 3262, if the caller understands it; also where the caller demands it.
        """
        self._ensure_dialog()
        required = "100rel" in self.invite.tokens("require")
        reliable = required or (reliable and "100rel" in self.invite.tokens("supported"))
        body = b""
        if with_sdp:
            try:
                body = self.describe(self.invite, offer_if_none=reliable)
            except (NotAcceptable, ValueError):
                body = b""  # an offer that can't be answered is refused by the final response, not by this one
        extra = f"{self._record_route}{self.contact}{extra}"
        if body:
            extra += SDP_TYPE
        if reliable:
            if self._reliable is None:
                self._reliable = ReliableProvisionals(self.agent.endpoint, self.transaction, self._no_prack)
            self._reliable.send(status, phrase, extra, body, now)
        else:
            self.transaction.respond(status, now, phrase, extra, body)
            self._remind_from(now)

    def stop_reminding(self) -> None:
        """Do not repeat the last provisional response every minute any more."""
        if self._reminder is not None:
            self._reminder.stop()
            self._reminder = None

    def _remind_from(self, now: float) -> None:
        self.stop_reminding()
        self._reminder = Alarm(self.agent.endpoint.timers, now + REMIND_AFTER, self._remind)

    def _remind(self, now: float) -> None:
        if self.transaction.last_status < 200:
            self.repeat_last(now)
            self._remind_from(now)

    def answer(self, now: float, extra: str = "", *, with_sdp: bool = True) -> None:
        """Send 200 and repeat it until the ACK comes.

        An offer that can't be accepted gets 488 instead, a session interval below ours 422, as the RFCs have it.
        """
        if self.answered_at is not None:
            raise LocalProtocolError("the call has been answered")
        if self._reliable is not None and self._reliable.before_answer(
            lambda later: self.answer(later, extra, with_sdp=with_sdp)
        ):
            return
        try:
            timer = self.negotiate_timer(self.invite)
            if isinstance(timer, TooSmall):
                self.refuse(now, 422, extra=f"Min-SE: {timer.min_se}\r\n")
                return
            body = b""
            if with_sdp:
                if self.media is not None and self.media.local:
                    body = self.media.local  # the same answer as in the provisional (section 13.2.1)
                else:
                    body = self.describe(self.invite, offer_if_none=True)
        except NotAcceptable as fault:
            self.refuse(now, 488, extra=self.agent.warning(fault.warn_code, fault.why))
            return
        except ValueError as fault:
            self.refuse(now, 400, str(fault))
            return
        self._ensure_dialog().confirmed = True
        extra = f"{self._record_route}{self.contact}{self.agent.allow_and_supported}{self.timer_lines(timer)}{extra}"
        if body:
            extra += SDP_TYPE
        self._last = self.transaction.respond(200, now, extra=extra, body=body)
        self._stop_provisionals()
        self.phrase = "OK"
        self.answered_at = self.responded_at = now
        if timer is not None:
            self.peer_takes_update = takes_update(self.invite)
            self.start_timer(timer, now)
        self.repeat_until_ack(self.transaction, self.invite, self._last, now)
        if self.user is not None:
            self.user.answered(now)

    def refuse(self, now: float, status: int, phrase: str | None = None, extra: str = "", body: bytes = b"") -> None:
        """Send a final response of class 3 to 6; its transaction repeats it until the ACK comes."""
        if status < 300:
            raise LocalProtocolError(f"{status} refuses nothing")
        self.transaction.respond(status, now, phrase, extra, body)
        self.phrase = phrase or phrase_for(status)
        self.responded_at = now
        if self._reminder is not None or self._reliable is not None:
            self._stop_provisionals()

    def abandon(self, now: float) -> None:
        """Forget the call without another word: the caller hears nothing any more, as from a carrier that lost it."""
        self._stop_provisionals()
        self.agent.endpoint.forget(self.transaction)
        self.end(Ending.ABANDONED, now)

    def repeat_last(self, now: float) -> None:
        """Send the last response once more, as a network that duplicates would."""
        last = self._last or self.transaction.last
        if last:
            self.transaction.respond_again(now, last)

    # What happens to it

    def cancel_received(self, cancel: ServerTransaction, now: float) -> None:
        """CANCEL: 200 to it, and 487 to the INVITE if it has no final response yet (section 9.2)."""
        self.transaction.name_tag()
        cancel.name_tag(self.transaction.local_tag)
        cancel.respond(200, now)
        if self.transaction.last_status < 200:
            self._given_up(now)

    def _given_up(self, now: float) -> None:
        """The caller does not want the call any more: 487, unless the user has another last word."""
        self.cancelled = True
        if self.user is not None:
            self.user.cancelled(now)
        if self.transaction.last_status < 200:
            self.refuse(now, 487)

    def _bye_received(self, transaction: ServerTransaction, now: float) -> None:
        transaction.respond(200, now)
        if self.transaction.last_status < 200:
            self._given_up(now)  # a BYE on the early dialog is as good as a CANCEL (section 15.1.2)
        elif self.answered_at is not None:
            self.end(Ending.HUNG_UP_BY_PEER, now)

    def _prack(self, transaction: ServerTransaction, now: float) -> None:
        if self._reliable is None:
            transaction.respond(481, now)
            return
        body, extra = b"", ""
        request = transaction.request
        # Answered before what the acknowledgement sets free, so that the 200 to PRACK goes first on the wire.
        if request.body and request.content_type == "application/sdp" and self.media is not None:
            try:
                if self.invite.body:
                    body, extra = self.media.answer(request.body), SDP_TYPE
                else:
                    self.media.take_answer(request.body)
            except NotAcceptable:
                transaction.respond(488, now)
                return
            except ValueError:
                transaction.respond(400, now)
                return
        place = len(self.agent.endpoint.out)
        if not self._reliable.acknowledge(request, now):
            transaction.respond(481, now)
            return
        after = self.agent.endpoint.out[place:]
        del self.agent.endpoint.out[place:]
        transaction.respond(200, now, extra=extra, body=body)
        self.agent.endpoint.out.extend(after)

    HANDLERS: ClassVar[dict[str, Callable[..., None]]] = {
        **Session.HANDLERS,
        "BYE": _bye_received,
        "PRACK": _prack,
    }

    def on_established(self, now: float) -> None:
        """The ACK to a 2xx of ours; for a re-INVITE's nobody is told."""
        if self.user is not None:
            self.user.established(now)

    def on_ended(self, ending: Ending, now: float) -> None:
        """Tell the user, and let go of it: user and session hold each other."""
        if self._reminder is not None:
            self.stop_reminding()
        self.transaction.user = None  # it outlives us by up to 32 s
        user = self.user
        if user is not None:
            self.user = None
            user.ended(ending, now)

    # ServerUser

    def acknowledged(self, now: float) -> None:
        """The ACK to our refusal."""
        self.end(_CANCELLED if self.cancelled else _REFUSED, now)

    def unacknowledged(self, now: float) -> None:
        """Our refusal was never acknowledged (Timer H)."""
        self.end(Ending.UNACKNOWLEDGED, now)

    def response_failed(self, now: float) -> None:
        """A response of ours could not be sent. Before the call is up that is its end."""
        if self.answered_at is None:
            if self.transaction.last_status < 200:
                self.agent.endpoint.forget(self.transaction)  # nobody is left to answer it
            self.end(Ending.TRANSPORT_FAILED, now)

    def _no_prack(self, now: float) -> None:
        if self.transaction.last_status < 200:
            if self.user is not None:
                self.user.cancelled(now)
            self.refuse(now, 504)

    # Helpers

    def _ensure_dialog(self) -> Dialog:
        if self.ending is not None:
            raise LocalProtocolError("the call is over")
        if self.dialog is None:
            self.transaction.name_tag()
            self.enter(Dialog.of_server(self.invite, self.transaction.local_tag))
        return self._dialog()

    @property
    def _record_route(self) -> str:
        """Record-Route copied into a response that makes a dialog (section 12.1.1)."""
        values = self.invite.get_all("record-route")
        return "".join([f"Record-Route: {value}\r\n" for value in values]) if values else ""

    def _stop_provisionals(self) -> None:
        self.stop_reminding()
        if self._reliable is not None:
            self._reliable.stop()
