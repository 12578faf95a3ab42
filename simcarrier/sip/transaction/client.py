"""Client transactions: one request sent, and what came back (RFC 3261 section 17.1, RFC 6026)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..message import Request, Response, make_request
from ..transport import Address, Channel
from .tables import INVITE_CLIENT, NON_INVITE_CLIENT, Compiled, Input, State, compile_table

if TYPE_CHECKING:
    from ..endpoint import Endpoint


class ClientUser(Protocol):
    """The transaction user of a client transaction (section 17, "TU").

    A time-out and a transport error are told apart from responses: nothing was received (section 8.1.3.1 would have
    them treated *as if* 408 and 503 had come, which is for the user to say).
    """

    def response_received(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """A response has come."""

    def timed_out(self, transaction: ClientTransaction, now: float) -> None:
        """Nothing came in 64 T1 (Timer B or F)."""

    def transport_failed(self, transaction: ClientTransaction, now: float) -> None:
        """The request could not be sent."""


class ClientTransaction:
    """What both client transactions share.

    Attributes:
        request: the request as sent.
        channel: where it goes out.
        destination: the address it goes to.
        branch: the branch of its topmost Via.
        state: see `tables`.
    """

    __slots__ = (
        "_fired",
        "_gives_up",
        "branch",
        "channel",
        "deadline",
        "destination",
        "endpoint",
        "key",
        "request",
        "state",
        "user",
    )
    _table: Compiled
    _first_state = State.TRYING

    def __init__(
        self,
        endpoint: Endpoint,
        request: Request,
        destination: Address,
        channel: Channel,
        user: ClientUser,
        now: float,
    ) -> None:
        self.endpoint = endpoint
        self.request = request
        self.destination = destination
        self.channel = channel
        self.user = user
        self.branch = request.via.branch
        self.key = client_key(self.branch, request.method)
        self.state = self._first_state
        self.deadline: float | None = None
        self._fired = 0
        base = endpoint.base
        self._gives_up = now + base.t64
        self.send_again(now, None)
        endpoint.timers.after(base.t64 if channel.reliable else base.t1, now, self)

    def receive(self, response: Response, now: float) -> None:
        """A response that matched this transaction."""
        status = response.status
        what = Input.PROVISIONAL if status < 200 else Input.SUCCESS if status < 300 else Input.FAILURE
        self.step(what, now, response)

    def step(self, what: Input, now: float, response: Response | None = None) -> None:
        """Feed one input to the table."""
        row = self._table[self.state][what]
        if row is None:
            return
        actions, self.state = row
        for action in actions:
            action(self, now, response)
        if self.state is State.TERMINATED:
            self.deadline = None
            self.endpoint.forget(self)

    def transport_failed(self, now: float) -> None:
        """The request did not get out."""
        self.step(Input.TRANSPORT_ERROR, now)

    def timer_fired(self, now: float) -> None:
        """The deadline has come: which timer it was follows from the state."""
        if self.state >= State.COMPLETED:
            self.step(Input.LINGER_OVER, now)
        else:
            self.step(Input.TIMEOUT if now >= self._gives_up else Input.RETRANSMIT, now)

    def _repeat_after(self, interval: float, now: float) -> None:
        if now + interval < self._gives_up:
            self.endpoint.timers.after(interval, now, self)
        else:
            self.endpoint.timers.at(self._gives_up, self)

    def send_again(self, now: float, response: Response | None) -> None:
        """Action: send the request."""
        self.endpoint.out.append((self.channel, self.destination, self.request.raw))

    def deliver(self, now: float, response: Response | None) -> None:
        """Action: hand the response to the user."""
        if response is not None:
            self.user.response_received(self, response, now)

    def inform_timeout(self, now: float, response: Response | None) -> None:
        """Action: tell the user that nothing came."""
        self.user.timed_out(self, now)

    def inform_transport_error(self, now: float, response: Response | None) -> None:
        """Action: tell the user that the request did not get out."""
        self.user.transport_failed(self, now)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.request.method} {self.state.name}>"


class InviteClientTransaction(ClientTransaction):
    """The client's side of an INVITE (section 17.1.1)."""

    __slots__ = ()
    _first_state = State.CALLING

    def receive(self, response: Response, now: float) -> None:
        """A response that matched this transaction.

        A 2xx with another CSeq number answers no INVITE of ours: its ACK would have to bear that number (section
        13.2.2.4), and would acknowledge what was never sent. So it is taken for one that matches nothing.
        """
        if 200 <= response.status < 300 and response.cseq[0] != self.request.cseq[0]:
            self.endpoint.counters.stray += 1
            self.endpoint.core.response_received(response, now)
        else:
            super().receive(response, now)

    def restart_a(self, now: float, response: Response | None) -> None:
        """Action: Timer A doubled, or what is left until B."""
        self._fired += 1
        self._repeat_after(self.endpoint.base.a(self._fired), now)

    def stop_timers(self, now: float, response: Response | None) -> None:
        """Action: a provisional response ends Timers A and B. From here on no timer of the RFC covers a stall."""
        self.deadline = None

    def start_d(self, now: float, response: Response | None) -> None:
        """Action: Timer D."""
        self.endpoint.timers.after(self.endpoint.base.d_for(self.channel.reliable), now, self)

    def start_m(self, now: float, response: Response | None) -> None:
        """Action: Timer M."""
        self.endpoint.timers.after(self.endpoint.base.t64, now, self)

    def send_ack(self, now: float, response: Response | None) -> None:
        """Action: the ACK to a final response of class 3 to 6, by the transaction itself (section 17.1.1.3)."""
        if response is not None:
            ack = self.build_hop_request("ACK", response.get("to") or "")
            self.endpoint.out.append((self.channel, self.destination, ack.raw))

    def build_hop_request(self, method: str, to: str) -> Request:
        """ACK to a failure, or CANCEL: the INVITE's URI, Call-ID, From, CSeq number, Route and topmost Via."""
        invite = self.request
        number, _ = invite.cseq
        fields = [
            ("Via", (invite.get("via") or "")),
            ("Max-Forwards", "70"),
            ("From", invite.get("from") or ""),
            ("To", to),
            ("Call-ID", invite.call_id),
            ("CSeq", f"{number} {method}"),
        ]
        fields += [("Route", value) for value in invite.get_all("route")]
        return make_request(method, invite.uri, fields)

    def cancel(self, user: ClientUser, now: float) -> ClientTransaction:
        """Send CANCEL (section 9.1). The caller sees to it that a provisional response has come first.

        Returns:
            The transaction of the CANCEL.
        """
        request = self.build_hop_request("CANCEL", self.request.get("to") or "")
        return self.endpoint.send_request(request, self.destination, self.channel, user, now)


class NonInviteClientTransaction(ClientTransaction):
    """The client's side of any other request (section 17.1.2)."""

    __slots__ = ()

    def restart_e(self, now: float, response: Response | None) -> None:
        """Action: Timer E doubled up to T2, or what is left until F."""
        self._fired += 1
        self._repeat_after(self.endpoint.base.e(self._fired), now)

    def restart_e_at_t2(self, now: float, response: Response | None) -> None:
        """Action: Timer E at T2, as it is once a provisional response has come."""
        self._repeat_after(self.endpoint.base.t2, now)

    def start_k(self, now: float, response: Response | None) -> None:
        """Action: Timer K."""
        self.endpoint.timers.after(self.endpoint.base.k_for(self.channel.reliable), now, self)


def client_key(branch: str, method: str) -> str:
    """What a response is matched by: branch and the method of CSeq (section 17.1.3)."""
    return f"{branch} {method}"


InviteClientTransaction._table = compile_table(INVITE_CLIENT, InviteClientTransaction)
NonInviteClientTransaction._table = compile_table(NON_INVITE_CLIENT, NonInviteClientTransaction)
