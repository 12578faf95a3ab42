"""Server transactions: one request received, and what was answered (RFC 3261 section 17.2, RFC 6026).

A server transaction keeps the request, knows where responses to it go, and repeats the last one as its table says.
Responses are built here too, since what they copy (Via, From, Call-ID, CSeq, and To but for its tag) is the same for
all responses to one request: that part is made once (section 8.2.6).
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from ..errors import LocalProtocolError
from ..glance import Glanced
from ..message import Request, make_request
from ..status import phrase_for
from ..transport import Address, Channel
from .tables import INVITE_SERVER, NON_INVITE_SERVER, Compiled, Input, State, compile_table, forbidden

if TYPE_CHECKING:
    from ..endpoint import Endpoint

_POOL_TAGS = 256

# Looked up once, not for each message: a member of an enumeration costs as much as a call.
_PROVISIONAL, _SUCCESS, _FAILURE, _LINGER_OVER = Input.PROVISIONAL, Input.SUCCESS, Input.FAILURE, Input.LINGER_OVER
_PROCEEDING, _ACCEPTED, _COMPLETED, _TERMINATED = State.PROCEEDING, State.ACCEPTED, State.COMPLETED, State.TERMINATED


_tags: list[str] = []


def new_tag() -> str:
    """A fresh random tag (section 19.3 wants 32 bits of randomness; these have 64).

    They are drawn from the system in bulk. Carriers on several threads may ask at once: taking from a list and adding
    to it are each one step for the interpreter.
    """
    try:
        return _tags.pop()
    except IndexError:
        drawn = os.urandom(8 * _POOL_TAGS).hex()
        fresh = [drawn[at : at + 16] for at in range(0, len(drawn), 16)]
        tag = fresh.pop()
        _tags.extend(fresh)
        return tag


if hasattr(os, "register_at_fork"):  # a child must not give the tags that its parent gives; Windows does not fork
    os.register_at_fork(after_in_child=_tags.clear)


SPENT = make_request("INVITE", "sip:spent@invalid", [])
"""What stands for the request of a transaction that only absorbs repetitions."""


class ServerUser(Protocol):
    """The transaction user of a server transaction: who decides what is answered (section 17, "TU")."""

    def acknowledged(self, now: float) -> None:
        """The ACK to a final response of class 3 to 6 has come."""

    def unacknowledged(self, now: float) -> None:
        """No ACK came in time (Timer H)."""

    def response_failed(self, now: float) -> None:
        """A response could not be sent."""


def reply_head(request: Request, source: Address) -> bytes:
    """What every response to a request copies (section 8.2.6.2): the lines from Via to To, without the last CRLF.

    Args:
        request: the request; its mandatory fields must be there.
        source: where it came from, for ``received`` and ``rport``.
    """
    caller, called, call_id, cseq = request.copied
    vias = request.via.stamped(source)
    if not request.glanced and request.has_several("via"):
        vias = "\r\nVia: ".join([vias, *request.values("via")[1:]])
    head = f"\r\nVia: {vias}\r\nFrom: {caller}\r\nCall-ID: {call_id}\r\nCSeq: {cseq}\r\nTo: {called}"
    return head.encode("utf-8", "surrogateescape")


REMEMBERED = 512
"""Status lines, and ends of heads, that are kept as bytes: most of what we say is the same call after call."""

LONGEST_REMEMBERED = 512
"""Characters of what is kept so: a peer whose words we repeat must not fill memory."""


def status_line(status: int, phrase: str | None) -> bytes:
    """The first line of a response without its CRLF; with the RFC's phrase if there is None."""
    return f"SIP/2.0 {status} {phrase or phrase_for(status)}".encode("utf-8", "surrogateescape")


def rest_of_head(extra: str, length: int) -> bytes:
    """What follows the To value of a response: further header lines, Content-Length, the empty line."""
    return f"\r\n{extra}Content-Length: {length}\r\n\r\n".encode("utf-8", "surrogateescape")


@lru_cache(REMEMBERED)
def _remembered_frame(status: int, phrase: str | None, extra: str) -> tuple[bytes, bytes]:
    """What stands before and behind the copied lines of a response without a body."""
    return status_line(status, phrase), rest_of_head(extra, 0)


class ServerTransaction:
    """What both server transactions share.

    Attributes:
        request: the request that opened it.
        source: the address it came from.
        channel: where it came in and responses go out.
        local_tag: the To tag of all responses but 100; the request's own To tag if it has one.
        user: the transaction user, set by whoever takes the request.
        state: see `tables`.
        merge_mark: what the endpoint tells a merged request by; empty for requests within a dialog.
        last: the bytes of the last response sent, empty if none was.
    """

    __slots__ = (
        "_base",
        "_fired",
        "_gives_up",
        "channel",
        "deadline",
        "destination",
        "endpoint",
        "key",
        "last",
        "last_status",
        "local_tag",
        "merge_mark",
        "request",
        "source",
        "state",
        "user",
    )
    _table: Compiled
    _kind = NON_INVITE_SERVER
    _first_state = State.TRYING

    def __init__(
        self, endpoint: Endpoint, key: str, request: Request, source: Address, channel: Channel, merge_mark: str = ""
    ) -> None:
        self.endpoint = endpoint
        self.key = key
        self.request = request
        self.source = source
        self.channel = channel
        reply = request.reply_to(source) if type(request) is Glanced and not channel.reliable else None
        if reply is None:
            reply = reply_head(request, source), request.via.destination(source, reliable=channel.reliable)
        self._base, self.destination = reply
        # In a dialog the To tag is there already; what can be merged is outside of one.
        self.local_tag = "" if merge_mark else request.to_tag
        self.merge_mark = merge_mark
        self.user: ServerUser | None = None
        self.state = self._first_state
        self.last = b""
        self.last_status = 0
        self.deadline: float | None = None
        self._fired = 0
        self._gives_up = 0.0

    def respond(self, status: int, now: float, phrase: str | None = None, extra: str = "", body: bytes = b"") -> bytes:
        """Send a response.

        Args:
            status: 100 to 699.
            now: seconds.
            phrase: the reason phrase; the RFC's if None.
            extra: further header lines, each ended by CRLF.
            body: the body; its Content-Type belongs into ``extra``.

        Returns:
            The bytes sent; none if it came too late to matter.

        Raises:
            LocalProtocolError: a final response has gone out already.
        """
        what = _PROVISIONAL if status < 200 else _SUCCESS if status < 300 else _FAILURE
        row = self._table[self.state][what]
        if row is None:
            if forbidden(self._kind, self.state, what):
                raise LocalProtocolError(f"{status} cannot be sent in state {self.state.name}")
            return b""
        data = self.build(status, phrase, extra, body)
        self.last_status = status
        actions, self.state = row
        for action in actions:
            action(self, now, data)
        return data

    def build(self, status: int, phrase: str | None = None, extra: str = "", body: bytes = b"") -> bytes:
        """The bytes of a response: with our tag, but for 100 (section 8.2.6.2)."""
        if status == 100:
            timestamp = None if self.request.glanced else self.request.get("timestamp")
            if timestamp is not None:
                extra = f"Timestamp: {timestamp}\r\n{extra}"
        elif not self.local_tag:
            self.name_tag()
        if body or len(extra) > LONGEST_REMEMBERED:
            return b"".join((status_line(status, phrase), self._base, rest_of_head(extra, len(body)), body))
        line, rest = _remembered_frame(status, phrase, extra)
        return line + self._base + rest

    def name_tag(self, tag: str = "") -> None:
        """Settle the To tag of all responses from here on: the one given, or a fresh one."""
        if not self.local_tag:
            self.local_tag = tag = tag or new_tag()
            self._base += b";tag=%b" % tag.encode("utf-8", "surrogateescape")

    def respond_again(self, now: float, data: bytes) -> None:
        """Send a response that went out before once more, outside the table."""
        self.endpoint.out.append((self.channel, self.destination, data))

    def step(self, what: Input, now: float, data: bytes = b"") -> None:
        """Feed one input to the table."""
        row = self._table[self.state][what]
        if row is None:
            return
        actions, self.state = row
        for action in actions:
            action(self, now, data)
        if self.state is _TERMINATED:
            self.deadline = None
            self.endpoint.forget(self)

    def transport_failed(self, now: float) -> None:
        """What was sent last did not get out."""
        self.step(Input.TRANSPORT_ERROR, now)

    def send(self, now: float, data: bytes) -> None:
        """Action: send, and keep for repeating."""
        self.last = data
        self.endpoint.out.append((self.channel, self.destination, data))

    def send_last(self, now: float, data: bytes) -> None:
        """Action: send the last response again, if there was one."""
        if self.last:
            self.endpoint.out.append((self.channel, self.destination, self.last))

    def let_go(self, now: float, data: bytes) -> None:
        """Action: keep no more than what absorbs, or answers, repetitions until the timer that ends the transaction.

        A call's memory, some kilobytes, is then used again at once by the next one, still warm; kept for 5 or 32
        seconds more it would go through the caches and cost as much as reading the message.
        """
        self.request = SPENT
        if self.state is not _ACCEPTED:  # there the user may give its 2xx once more
            self._base = b""
        if self.state is not _COMPLETED:
            self.last = b""
        self.endpoint.spent += 1

    def inform_timeout(self, now: float, data: bytes) -> None:
        """Action: tell the user that no ACK came."""
        if self.user is not None:
            self.user.unacknowledged(now)

    def inform_transport_error(self, now: float, data: bytes) -> None:
        """Action: tell the user that a response did not get out."""
        if self.user is not None:
            self.user.response_failed(now)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.request.method} {self.state.name} {self.last_status or ''}>"


class InviteServerTransaction(ServerTransaction):
    """The server's side of an INVITE (section 17.2.1)."""

    __slots__ = ()
    _kind = INVITE_SERVER
    _first_state = State.PROCEEDING

    def expect_trying(self, now: float) -> None:
        """Have 100 sent after 200 ms unless another response goes out first."""
        self.endpoint.timers.after(self.endpoint.base.trying_after, now, self)

    def timer_fired(self, now: float) -> None:
        """The deadline has come: which timer it was follows from the state."""
        if self.state is _COMPLETED:
            self.step(Input.TIMEOUT if now >= self._gives_up else Input.RETRANSMIT, now)
        elif self.state is _PROCEEDING:
            self.step(Input.TRYING_DUE, now)
        else:
            self.step(_LINGER_OVER, now)

    def send_trying(self, now: float, data: bytes) -> None:
        """Action: 100, if nothing has gone out."""
        if not self.last:
            self.last_status = 100
            self.send(now, self.build(100))

    def start_g_and_h(self, now: float, data: bytes) -> None:
        """Action: Timer H, and G on an unreliable transport."""
        endpoint = self.endpoint
        base = endpoint.base
        self._gives_up = now + base.t64
        endpoint.timers.after(base.t64 if self.channel.reliable else base.t1, now, self)

    def restart_g(self, now: float, data: bytes) -> None:
        """Action: Timer G doubled up to T2, or what is left until H."""
        base = self.endpoint.base
        self._fired += 1
        interval = base.g(self._fired)
        if now + interval < self._gives_up:
            self.endpoint.timers.after(interval, now, self)
        else:
            self.endpoint.timers.at(self._gives_up, self)

    def start_i(self, now: float, data: bytes) -> None:
        """Action: Timer I."""
        endpoint = self.endpoint
        endpoint.timers.after(endpoint.base.i_for(self.channel.reliable), now, self)

    def start_l(self, now: float, data: bytes) -> None:
        """Action: Timer L."""
        self.endpoint.timers.after(self.endpoint.base.t64, now, self)

    def inform_acknowledged(self, now: float, data: bytes) -> None:
        """Action: tell the user that the ACK came."""
        user, self.user = self.user, None
        if user is not None:
            user.acknowledged(now)


class NonInviteServerTransaction(ServerTransaction):
    """The server's side of any other request (section 17.2.2)."""

    __slots__ = ()

    def timer_fired(self, now: float) -> None:
        """Timer J has come."""
        self.step(_LINGER_OVER, now)

    def start_j(self, now: float, data: bytes) -> None:
        """Action: Timer J."""
        self.endpoint.timers.after(self.endpoint.base.j_for(self.channel.reliable), now, self)


InviteServerTransaction._table = compile_table(INVITE_SERVER, InviteServerTransaction)
NonInviteServerTransaction._table = compile_table(NON_INVITE_SERVER, NonInviteServerTransaction)
