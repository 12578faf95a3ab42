"""The calling end of a call: INVITE out, responses in (RFC 3261 sections 8.1, 9.1, 13.2; RFC 3262 section 4).

A `CallerSession` keeps to the book: CANCEL only once a provisional response has come, ACK for every 2xx and again
for every repeated one, BYE for the branches of a fork that it does not keep, PRACK for reliable provisionals, and a
2xx that crosses our CANCEL is acknowledged and hung up. Deadlines on a stall are its user's: the RFC has none.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from .agent import new_call_id
from .authentication import CHALLENGES, Authenticator
from .dialog import Dialog
from .errors import LocalProtocolError, Malformed
from .invitation import CallerUser, Invitation
from .message import Request, Response, make_request
from .refresh import takes_update
from .repeater import Alarm
from .sdp import NotAcceptable
from .session import Ending, Session
from .session_timer import agreed_by_response, parse_session_expires
from .transaction import ClientTransaction, ClientUser, InviteClientTransaction, ServerTransaction, new_tag
from .transport import Address, Channel

if TYPE_CHECKING:
    from .agent import UserAgent


class CallerSession(Session):
    """A call that goes out.

    Attributes:
        invitation: what it was asked to send.
        status: the final status received; 0 before there is one.
        cancelled: we have asked for CANCEL.
        refusal: the final response of class 3 to 6 received.
        farewell: the peer's BYE, once it has come.
        offered: the session description that went out with the INVITE.
        credentials: gives what answers a challenge to our BYE; None: such a BYE stays refused.
        bye_answered: told of the final response to each BYE of ours, of None if there was none; None: nobody asks.
    """

    __slots__ = (
        "_acks",
        "_began",
        "_byes",
        "_cancel_sent",
        "_early",
        "_give_up",
        "_provisional_seen",
        "_rseq",
        "_transaction",
        "bye_answered",
        "call_id",
        "cancelled",
        "credentials",
        "farewell",
        "invitation",
        "local_tag",
        "offered",
        "refusal",
        "status",
        "user",
    )

    def __init__(
        self,
        agent: UserAgent,
        invitation: Invitation,
        channel: Channel,
        destination: Address,
        user: CallerUser,
    ) -> None:
        super().__init__(agent, channel, destination)
        self.invitation = invitation
        self.user = user
        self.call_id = invitation.call_id or new_call_id()
        self.local_tag = invitation.local_tag or new_tag()
        self.status = 0
        self.cancelled = False
        self.refusal: Response | None = None
        self.farewell: Request | None = None
        self.offered = b""
        self.credentials: Callable[[], Authenticator] | None = None
        self.bye_answered: Callable[[Response | None, float], None] | None = None
        self._began = 0.0
        self._byes: dict[ClientTransaction, tuple[Dialog, Authenticator | None]] = {}
        self._cancel_sent = False
        self._provisional_seen = False
        self._transaction: InviteClientTransaction | None = None
        self._acks: dict[str, tuple[Address, bytes]] = {}
        self._rseq: dict[str, int] = {}
        self._early: dict[str, Dialog] = {}
        self._give_up: Alarm | None = None

    # Verbs

    def invite(self, now: float) -> None:
        """Send the INVITE."""
        if self._transaction is not None:
            raise LocalProtocolError("the INVITE has been sent")
        invitation = self.invitation
        body = b""
        fields = [
            ("Via", self.agent.new_via(self.channel, self.peer)),
            ("Max-Forwards", "70"),
            ("From", f"{invitation.caller};tag={self.local_tag}"),
            ("To", invitation.called or f"<{invitation.uri}>"),
            ("Call-ID", self.call_id),
            ("CSeq", f"{invitation.cseq} INVITE"),
            ("Contact", f"<{self.contact_uri}>"),
            ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE"),
            ("Supported", "100rel, timer"),
            *invitation.fields,
        ]
        if self.agent.name:
            fields.append(("User-Agent", self.agent.name))
        if invitation.with_offer:
            body = self.offered = self.negotiation().offer()
            fields.append(("Content-Type", "application/sdp"))
        request = make_request("INVITE", invitation.uri, fields, body)
        self._began = now
        transaction = self.agent.endpoint.send_request(request, self.peer, self.channel, self, now)
        if isinstance(transaction, InviteClientTransaction):
            self._transaction = transaction

    def cancel(self, now: float) -> None:
        """Give the call up: CANCEL, at once or as soon as a provisional response allows it (section 9.1).

        If no final response follows within 64 T1, the call is taken for cancelled.
        """
        if self.cancelled or self.status or self.ending is not None:
            return
        self.cancelled = True
        if self._provisional_seen:
            self._send_cancel(now)

    def abandon(self, now: float) -> None:
        """`cancel`, and do not repeat an INVITE that nobody has responded to: whom it has not reached is not to be
        called any more. What still comes until Timer B has its CANCEL, or its ACK and BYE.
        """
        self.cancel(now)
        transaction = self._transaction
        if transaction is not None and self.ending is None and not self._provisional_seen and self._give_up is None:
            endpoint = self.agent.endpoint
            endpoint.timers.disarm(transaction)
            self._give_up = Alarm(endpoint.timers, self._began + endpoint.base.t64, self._no_final)

    @property
    def parting(self) -> bool:
        """Whether a BYE of ours waits for its final response."""
        return bool(self._byes)

    def hang_up(
        self,
        now: float,
        fields: list[tuple[str, str]] | None = None,
        *,
        ending: Ending = Ending.HUNG_UP_BY_US,
    ) -> None:
        """Send BYE and end the session; before the answer this is `cancel`."""
        if self.answered_at is None:
            self.cancel(now)
        else:
            super().hang_up(now, fields, ending=ending)

    def _send_cancel(self, now: float) -> None:
        if self._transaction is not None and not self._cancel_sent:
            self._cancel_sent = True
            self._transaction.cancel(self, now)
            endpoint = self.agent.endpoint
            self._settle()
            self._give_up = Alarm(endpoint.timers, now + endpoint.base.t64, self._no_final)

    def _no_final(self, now: float) -> None:
        if self._transaction is not None:
            self.agent.endpoint.forget(self._transaction)
        self.end(Ending.CANCELLED, now)

    # Responses

    def response_received(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """A response to INVITE, or to a request within the dialog."""
        method = transaction.request.method
        if method != "INVITE":
            if method == "BYE" and response.status >= 200:
                self._bye_over(transaction, response, now)
            elif method not in ("CANCEL", "PRACK"):
                super().response_received(transaction, response, now)
            return
        status = response.status
        if status < 200:
            self._provisional(response, now)
        elif status < 300:
            self._success(response, now)
        else:
            self.status = status
            self.refusal = response
            self._settle()
            self.user.responded(response, now)
            self.end(Ending.CANCELLED if self.cancelled and status == 487 else Ending.REFUSED, now)

    def _provisional(self, response: Response, now: float) -> None:
        first = not self._provisional_seen
        self._provisional_seen = True
        if self.cancelled:
            if first:
                self._send_cancel(now)
        elif response.to_tag and response.status > 100 and not self._acknowledge_provisional(response, now):
            return  # a repetition: its PRACK is on the way
        if self.media is not None and self.media.hears:
            self._hear_early(response)
        self.user.responded(response, now)

    def _hear_early(self, response: Response) -> None:
        """Early media: a description in a provisional response is the answer, or a first look at it (13.2.1)."""
        if response.body and response.content_type == "application/sdp" and self.invitation.with_offer:
            with contextlib.suppress(Malformed, NotAcceptable):
                self.negotiation().take_answer(response.body)  # one that can't be read: nothing is heard

    def _acknowledge_provisional(self, response: Response, now: float) -> bool:
        """PRACK a reliable provisional; False for one seen before or out of order (RFC 3262 section 4)."""
        rseq = response.get("rseq") or ""
        if "100rel" not in response.tokens("require") or not (rseq.isascii() and rseq.isdecimal()):
            return True
        tag, number = response.to_tag, int(rseq)
        if tag in self._rseq and number != self._rseq[tag] + 1:
            return False
        self._rseq[tag] = number
        transaction = self._transaction
        if transaction is None:
            return True
        dialog = self._early.get(tag)
        if dialog is None:
            dialog = self._early[tag] = Dialog.of_client(transaction.request, response)
            if self.dialog is None:
                self.enter(dialog)
        request = dialog.make_request(
            "PRACK", self.agent.new_via(self.channel, self.peer), [("RAck", f"{number} {self.invitation.cseq} INVITE")]
        )
        self.agent.endpoint.send_request(request, dialog.next_hop(self.peer), self.channel, self, now)
        return True

    def _success(self, response: Response, now: float) -> None:
        transaction = self._transaction
        tag = response.to_tag
        if transaction is None:
            return
        if tag in self._acks:
            destination, ack = self._acks[tag]
            self.agent.endpoint.out.append((self.channel, destination, ack))
            return
        dialog = self._early.get(tag)
        if dialog is None:
            dialog = Dialog.of_client(transaction.request, response)
        else:
            dialog.refresh_target(response)
        dialog.confirmed = True
        keep = self.answered_at is None and not self.cancelled and self.ending is None
        self._acknowledge(dialog, response, now)
        if not keep:
            # A fork's further answer, or one that crossed our CANCEL: acknowledged, then hung up (section 13.2.2.4).
            self._send_bye(dialog, now)
            if self.answered_at is None and self.ending is None:
                self.status = response.status
                self._settle()
                self.user.responded(response, now)
                self.end(Ending.CANCELLED, now)
            return
        if self.dialog is not None and self.dialog is not dialog:
            self.agent.sessions.pop(self.dialog.id, None)
        self.enter(dialog)
        self.status = response.status
        self.answered_at = now
        self._settle()
        self._start_agreed_timer(response, now)
        self.user.responded(response, now)

    def send_within(
        self,
        method: str,
        now: float,
        fields: list[tuple[str, str]] | None = None,
        body: bytes = b"",
        user: ClientUser | None = None,
    ) -> ClientTransaction:
        """Send a request within the dialog; its responses come to ``user``, to ``response_received`` here if None."""
        transaction = super().send_within(method, now, fields, body, user)
        if method == "BYE":
            self._byes[transaction] = self._dialog(), None
        return transaction

    def _send_bye(
        self,
        dialog: Dialog,
        now: float,
        fields: list[tuple[str, str]] | None = None,
        answered_with: Authenticator | None = None,
    ) -> None:
        bye = dialog.make_request("BYE", self.agent.new_via(self.channel, self.peer), fields)
        sent = self.agent.endpoint.send_request(bye, dialog.next_hop(self.peer), self.channel, self, now)
        self._byes[sent] = dialog, answered_with

    def _bye_over(self, transaction: ClientTransaction, response: Response | None, now: float) -> None:
        """The final response to a BYE has come, or never will."""
        sent = self._byes.pop(transaction, None)
        if response is not None and response.status in CHALLENGES and sent is not None and self.credentials is not None:
            dialog, known = sent
            known = known or self.credentials()
            fields = known.answer(response, method="BYE", uri=transaction.request.uri)
            if fields is not None:
                self._send_bye(dialog, now, fields, known)
                return
        if self.bye_answered is not None:
            self.bye_answered(response, now)

    def mismatch(self, response: Response) -> str:
        """Why a response that matched nothing is no answer to our INVITE, though it has its branch; empty otherwise."""
        transaction = self._transaction
        if transaction is None or response.via.branch != transaction.branch:
            return ""
        number, method = response.cseq
        if method == "CANCEL" or (number, method) == (self.invitation.cseq, "INVITE"):
            return ""  # late, but ours
        return (
            f"a {response.status} {response.phrase} with CSeq {number} {method} was ignored: "
            f"the INVITE had {self.invitation.cseq} INVITE"
        )

    def _acknowledge(self, dialog: Dialog, response: Response, now: float) -> None:
        body, fields = b"", self.invitation.credentials
        if response.body and response.content_type == "application/sdp":
            try:
                if self.invitation.with_offer:
                    self.negotiation().take_answer(response.body)
                else:
                    body = self.negotiation().answer(response.body)
                    fields = [*fields, ("Content-Type", "application/sdp")]
            except (Malformed, NotAcceptable):
                body = b""  # the call is up all the same; its user sees the response and may hang up
        ack = dialog.make_request(
            "ACK", self.agent.new_via(self.channel, self.peer), fields, body, seq=response.cseq[0]
        )
        destination = dialog.next_hop(self.peer)
        self._acks[dialog.remote_tag] = (destination, ack.raw)
        self.agent.endpoint.out.append((self.channel, destination, ack.raw))

    def _start_agreed_timer(self, response: Response, now: float) -> None:
        value = response.get("session-expires")
        if value is None:
            return
        try:
            timer = agreed_by_response(parse_session_expires(value), required="timer" in response.tokens("require"))
        except Malformed:
            return
        self.peer_takes_update = takes_update(response)
        self.start_timer(timer, now)

    def _settle(self) -> None:
        if self._give_up is not None:
            self._give_up.stop()

    @property
    def further_answers(self) -> int:
        """How many 2xx with other tags than the first came."""
        return max(len(self._acks) - 1, 0)

    def _bye_received(self, transaction: ServerTransaction, now: float) -> None:
        self.farewell = transaction.request
        if self.answered_at is None and self._give_up is None:
            # On the early dialog: the INVITE still waits for a final response, which may never come.
            endpoint = self.agent.endpoint
            self._give_up = Alarm(endpoint.timers, now + endpoint.base.t64, self._no_final)
        super()._bye_received(transaction, now)

    HANDLERS: ClassVar[dict[str, Callable[..., None]]] = {**Session.HANDLERS, "BYE": _bye_received}

    # Failures that are no responses

    def timed_out(self, transaction: ClientTransaction, now: float) -> None:
        """Nothing was received for the INVITE (Timer B), or for a request within the dialog."""
        if transaction is self._transaction:
            self.end(Ending.TIMED_OUT, now)
        elif transaction.request.method == "BYE":
            self._bye_over(transaction, None, now)
        elif transaction.request.method not in ("CANCEL", "PRACK"):
            super().timed_out(transaction, now)

    def transport_failed(self, transaction: ClientTransaction, now: float) -> None:
        """The INVITE could not be sent."""
        if transaction is self._transaction:
            self.end(Ending.TRANSPORT_FAILED, now)
        elif transaction.request.method == "BYE":
            self._bye_over(transaction, None, now)

    def on_ended(self, ending: Ending, now: float) -> None:
        """Tell the user."""
        self.user.ended(ending, now)
