"""The endpoint: messages in, transactions, messages out (RFC 3261 sections 17 and 18), without a socket or a clock.

`Endpoint.receive` takes one datagram, or one framed message of a stream, with where it came from and the time. It finds
the transaction, or makes one and tells the *core*, the user agent above. What is to be sent stands in `Endpoint.out`
afterwards, to be emptied by whoever drives it; `next_deadline` and `handle_timers` are the clock's two questions.

Order of a request's way (the path of a datagram, kept short): parse; key from the topmost Via; a known key goes to its
transaction's table and is done; only a new request is looked at closely.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from typing import Protocol

from .check import Refusal, answerable, framing_fault
from .errors import Malformed
from .glance import Glanced, learn
from .message import Request, Response
from .parse import parse
from .timers import TimerQueue, Timers
from .transaction import (
    SPENT,
    ClientTransaction,
    ClientUser,
    Input,
    InviteClientTransaction,
    InviteServerTransaction,
    NonInviteClientTransaction,
    NonInviteServerTransaction,
    ServerTransaction,
    State,
    client_key,
    reply_head,
    rest_of_head,
    status_line,
)
from .transport import Address, Channel
from .via import MAGIC_COOKIE, quick_key

# Looked up once, not for each message: a member of an enumeration costs as much as a call.
_ACK, _ACCEPTED, _TERMINATED = Input.ACK, State.ACCEPTED, State.TERMINATED


class Core(Protocol):
    """The transaction user of everything that does not belong to a running transaction: a user agent's core."""

    def request_received(self, transaction: ServerTransaction, now: float) -> None:
        """A new request; the transaction waits for its responses."""

    def ack_received(self, request: Request, now: float) -> None:
        """An ACK that no transaction took: that to a 2xx (section 13.3.1.4), or a stray one."""

    def response_received(self, response: Response, now: float) -> None:
        """A response that no transaction took, such as a 2xx from a fork that came late (section 13.2.2.4)."""


@dataclass(slots=True)
class Counters:
    """What came in and what became of it, in messages since the start."""

    requests: int = 0
    responses: int = 0
    retransmissions: int = 0
    """Requests that a running transaction knew already."""
    malformed: int = 0
    """Dropped: not SIP, or nothing in it that could be answered."""
    refused: int = 0
    """Answered without a transaction: 400, 482, 505, 503."""
    overloaded: int = 0
    """Of these, answered 503 because the endpoint was full."""
    stray: int = 0
    """Responses that belong to nothing of ours."""
    lost_on_purpose: int = 0
    """Messages of a call that was told to be deaf."""

    def as_dict(self) -> dict[str, int]:
        """Names and figures."""
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one endpoint keeps at most.

    Attributes:
        transactions: requests at once that wait for a final response or its ACK, some kilobytes each; without an ACK
            one stays for 32 s. Beyond the limit a new request gets 503 with Retry-After: a flood costs no more memory.
        spent: transactions at once that only absorb repetitions, less than a kilobyte each: a refused call leaves one
            for 5 s, an answered one two for 32 s.
    """

    transactions: int = 100_000
    spent: int = 500_000


@dataclass(slots=True)
class Deafness:
    """How many further messages of a call are to be lost; None for all."""

    remaining: int | None = None


@dataclass(slots=True)
class _Tables:
    server: dict[str, ServerTransaction] = field(default_factory=dict)
    client: dict[str, ClientTransaction] = field(default_factory=dict)
    merged: dict[str, ServerTransaction] = field(default_factory=dict)
    by_channel: dict[Channel, set[ServerTransaction | ClientTransaction]] = field(default_factory=dict)


class Endpoint:
    """Transactions of one user agent.

    Attributes:
        core: who takes new requests.
        base: the timer values.
        timers: the queue of deadlines; users of the endpoint may put their own into it.
        out: what is to be sent: channel, destination, bytes.
        deaf: Call-IDs whose messages are to be lost, a simulated fault.
        counters: see `Counters`.
        spent: server transactions that only absorb repetitions.
    """

    __slots__ = ("_tables", "base", "core", "counters", "deaf", "limits", "out", "spent", "timers")

    def __init__(self, core: Core, *, base: Timers | None = None, limits: Limits | None = None) -> None:
        self.core = core
        self.base = base or Timers()
        self.limits = limits or Limits()
        self.timers = TimerQueue()
        self.out: list[tuple[Channel, Address, bytes]] = []
        self.deaf: dict[str, Deafness] = {}
        self.counters = Counters()
        self.spent = 0
        self._tables = _Tables()

    # What drives it

    def receive(self, data: bytes, source: Address, channel: Channel, now: float) -> None:
        """Take one message. Nothing that a peer can send makes this raise."""
        if data[:4] == b"ACK " and not self.deaf:
            known = self._tables.server.get(quick_key(data))
            if known is not None and known.state is not _ACCEPTED:
                self.counters.requests += 1
                known.step(_ACK, now)
                return
        try:
            message = parse(data)
            if type(message) is Glanced:
                key = message.key
            elif message.via.branch.startswith(MAGIC_COOKIE):
                key = message.via.key
            else:
                key = "" if isinstance(message, Response) else _old_key(message)
        except Malformed:
            if data.strip(b"\r\n"):  # bare line ends are a keepalive (RFC 5626 section 4.4.1)
                self.counters.malformed += 1
            return
        if self.deaf and self._is_lost(message):
            return
        if isinstance(message, Response):
            self._response(message, now)
            return
        self.counters.requests += 1
        method = message.method
        if method == "INVITE" or method == "ACK":
            transaction = self._tables.server.get(key)
            if method == "ACK":
                if transaction is None or transaction.state is _ACCEPTED:
                    if not message.glanced and framing_fault(message) is None:
                        learn(message)
                    self.core.ack_received(message, now)
                else:
                    transaction.step(_ACK, now)
                return
        else:
            key = f"{key} {method}"
            transaction = self._tables.server.get(key)
        if transaction is not None:
            self.counters.retransmissions += 1
            transaction.step(Input.REQUEST, now)
            return
        if type(message) is Glanced:
            self._open(key, message.mark, message, source, channel, now)
        else:
            self._new_request(key, message, source, channel, now)

    def next_deadline(self) -> float | None:
        """When `handle_timers` is to be called next, in the same seconds as ``now``; None if nothing is due."""
        return self.timers.next()

    def handle_timers(self, now: float) -> None:
        """Do what is due."""
        self.timers.fire(now)

    def channel_closed(self, channel: Channel, now: float) -> None:
        """A connection is gone: clients that still wait for any response on it are told."""
        for transaction in list(self._tables.by_channel.get(channel, ())):
            if isinstance(transaction, ClientTransaction) and transaction.state < State.PROCEEDING:
                transaction.transport_failed(now)

    def transport_failed(self, channel: Channel, destination: Address, now: float) -> None:
        """Something could not be sent there.

        On UDP only our own requests are told: a response that does not get out is repeated by its table, and a peer
        must not be able to make us search for it.
        """
        if channel.reliable:
            affected = list(self._tables.by_channel.get(channel, ()))
        else:
            affected = [*self._tables.client.values()]
        for transaction in affected:
            if transaction.destination == destination and transaction.channel is channel:
                transaction.transport_failed(now)

    # What users ask of it

    def send_request(
        self, request: Request, destination: Address, channel: Channel, user: ClientUser, now: float
    ) -> ClientTransaction:
        """Open a client transaction: the request goes out now, and again as its timers say.

        Args:
            request: complete, with a Via of ours that has a fresh branch (`CANCEL` and `ACK` excepted).
            destination: where to.
            channel: through which socket or connection.
            user: who is told of responses, a time-out, a transport error.
            now: seconds.
        """
        kind = InviteClientTransaction if request.method == "INVITE" else NonInviteClientTransaction
        transaction = kind(self, request, destination, channel, user, now)
        self._tables.client[transaction.key] = transaction
        if channel.reliable:
            self._tables.by_channel.setdefault(channel, set()).add(transaction)
        return transaction

    def invite_of(self, cancel: ServerTransaction) -> InviteServerTransaction | None:
        """The INVITE transaction that a CANCEL means (section 9.2)."""
        found = self._tables.server.get(cancel.key.removesuffix(" CANCEL"))
        return found if isinstance(found, InviteServerTransaction) else None

    def forget(self, transaction: ServerTransaction | ClientTransaction) -> None:
        """A transaction has ended, or is to vanish without a word."""
        transaction.state = _TERMINATED
        transaction.deadline = None
        tables = self._tables
        if isinstance(transaction, ServerTransaction):
            # The user holds its transaction. Without a cycle a call's memory is given back the moment it is done with,
            # and the garbage collector, which would look at every call that is up, has nothing to do.
            transaction.user = None
            if tables.server.pop(transaction.key, None) is not None and transaction.request is SPENT:
                self.spent -= 1
            mark = transaction.merge_mark
            if mark:
                tables.merged.pop(mark, None)
        else:
            tables.client.pop(transaction.key, None)
        if transaction.channel.reliable:
            peers = tables.by_channel.get(transaction.channel)
            if peers is not None:
                peers.discard(transaction)
                if not peers:
                    del tables.by_channel[transaction.channel]

    @property
    def server_transactions(self) -> int:
        """How many are kept."""
        return len(self._tables.server)

    @property
    def client_transactions(self) -> int:
        """How many are kept."""
        return len(self._tables.client)

    @property
    def waiting(self) -> bool:
        """Whether a request of ours still waits for its final response."""
        return any(transaction.state < State.COMPLETED for transaction in self._tables.client.values())

    # The rest of a message's way

    def _is_lost(self, message: Request | Response) -> bool:
        deafness = self.deaf.get(message.call_id)
        if deafness is None:
            return False
        self.counters.lost_on_purpose += 1
        if deafness.remaining is not None:
            deafness.remaining -= 1
            if deafness.remaining <= 0:
                del self.deaf[message.call_id]
        return True

    def _response(self, response: Response, now: float) -> None:
        self.counters.responses += 1
        try:
            _, method = response.cseq
            # Section 18.3: a response that is cut short is discarded.
            whole = (response.content_length or 0) <= response.room_for_body
        except Malformed:
            whole = False
        if not whole:
            self.counters.malformed += 1
            return
        if response.has_several("via") and len(response.values("via")) > 1:
            self.counters.stray += 1  # section 8.1.3.3: it is not for us
            return
        transaction = self._tables.client.get(client_key(response.via.branch, method))
        if transaction is not None:
            transaction.receive(response, now)
        else:
            self.counters.stray += 1
            self.core.response_received(response, now)

    def _new_request(self, key: str, request: Request, source: Address, channel: Channel, now: float) -> None:
        """A request that was read with care, and is new."""
        fault = framing_fault(request, framed=channel.reliable)
        if fault is not None:
            if answerable(request):
                self.refuse(request, fault, source, channel)
            else:
                self.counters.malformed += 1
            return
        learn(request)
        self._open(key, merge_mark(request), request, source, channel, now)

    def _open(self, key: str, mark: str, request: Request, source: Address, channel: Channel, now: float) -> None:
        """Make a transaction for a request that is whole, and tell the core."""
        tables = self._tables
        spent = self.spent
        if len(tables.server) - spent >= self.limits.transactions or spent >= self.limits.spent:
            self.counters.overloaded += 1
            self.refuse(request, Refusal(503, extra="Retry-After: 5\r\n"), source, channel)
            return
        kind = InviteServerTransaction if request.method == "INVITE" else NonInviteServerTransaction
        if mark:
            if mark in tables.merged:
                self.refuse(request, Refusal(482), source, channel)
                return
            tables.merged[mark] = transaction = kind(self, key, request, source, channel, mark)
        else:
            transaction = kind(self, key, request, source, channel)
        tables.server[key] = transaction
        if channel.reliable:
            tables.by_channel.setdefault(channel, set()).add(transaction)
        self.core.request_received(transaction, now)

    def refuse(self, request: Request, why: Refusal, source: Address, channel: Channel) -> None:
        """Answer without a transaction (section 8.2.7): the To tag follows from the request, the same for repeats."""
        self.counters.refused += 1
        if request.method == "ACK":
            return
        tag = b""
        if not request.to_tag:
            seed = f"{request.call_id} {request.via.branch}".encode("utf-8", "surrogateescape")
            tag = b";tag=" + hashlib.blake2b(seed, digest_size=8).hexdigest().encode()
        head = status_line(why.status, why.phrase), reply_head(request, source), tag, rest_of_head(why.extra, 0)
        destination = request.via.destination(source, reliable=channel.reliable)
        self.out.append((channel, destination, b"".join(head)))


def merge_mark(request: Request) -> str:
    """What a merged request is told by, empty for what can't be one.

    It has From tag, Call-ID and CSeq of a running transaction under another branch (section 8.2.2.2).
    """
    if request.to_tag or request.method == "CANCEL":
        return ""
    _, _, call_id, cseq = request.copied
    return f"{call_id} {cseq} {request.from_tag}"


def _old_key(request: Request) -> str:
    """The key of a request by RFC 2543's rules (section 17.2.3): the branch is no identifier yet."""
    number = (request.get("cseq") or "").partition(" ")[0]
    return f"2543 {request.uri} {request.from_tag} {request.call_id} {number} {request.via.sent_by} {request.via.tail}"
