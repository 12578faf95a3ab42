"""What the tests of the core share: requests as text, a core that records, and a wire with a clock turned by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from simcarrier.sip.agent import UserAgent
from simcarrier.sip.callee import CalleeSession
from simcarrier.sip.endpoint import Endpoint, Limits
from simcarrier.sip.message import Request, Response
from simcarrier.sip.parse import parse
from simcarrier.sip.session import Ending
from simcarrier.sip.timers import Timers
from simcarrier.sip.transaction import ClientTransaction, ServerTransaction
from simcarrier.sip.transport import Address, Channel, Transport

HERE: Address = ("127.0.0.1", 5060)
PEER: Address = ("127.0.0.1", 5070)

OFFER = b"\r\n".join(
    [
        b"v=0",
        b"o=- 1 1 IN IP4 127.0.0.1",
        b"s=-",
        b"c=IN IP4 127.0.0.1",
        b"t=0 0",
        b"m=audio 6000 RTP/AVP 0 8 101",
        b"a=rtpmap:101 telephone-event/8000",
        b"",
    ]
)


def channel(transport: Transport = Transport.UDP) -> Channel:
    """A place where bytes come in: a UDP socket, or a connection with the peer."""
    return Channel(transport, HERE, PEER if transport.reliable else None)


def request(
    method: str = "INVITE",
    *,
    uri: str = "sip:+4930123@127.0.0.1",
    branch: str = "z9hG4bK-1",
    via: str | None = None,
    cseq: str | None = None,
    call_id: str = "call-1",
    from_: str = "<sip:+4989@127.0.0.1>;tag=f1",
    to: str = "<sip:+4930123@127.0.0.1>",
    extra: Iterable[str] = (),
    without: Iterable[str] = (),
    body: bytes = b"",
    content_type: str = "application/sdp",
    transport: str = "UDP",
) -> bytes:
    """A request as bytes. ``extra`` holds whole header lines, ``without`` the names of usual ones to leave out."""
    usual = [
        f"Via: {via or f'SIP/2.0/{transport} 127.0.0.1:5070;branch={branch}'}",
        "Max-Forwards: 70",
        f"From: {from_}",
        f"To: {to}",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq or f'1 {method}'}",
        "Contact: <sip:caller@127.0.0.1:5070>",
        *([f"Content-Type: {content_type}"] if body and content_type else []),
        f"Content-Length: {len(body)}",
    ]
    dropped = {name.lower() for name in without}
    usual = [line for line in usual if line.partition(":")[0].lower() not in dropped]
    head = "\r\n".join([f"{method} {uri} SIP/2.0", *usual, *extra])
    return head.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


def response_to(sent: Request, status: int, *, tag: str = "t1", extra: Iterable[str] = (), body: bytes = b"") -> bytes:
    """The response of an honest peer to a request of ours."""
    to = sent.get("to") or ""
    if status > 100 and not sent.to_tag and tag:
        to += f";tag={tag}"
    lines = [
        f"SIP/2.0 {status} Whatever",
        *(f"Via: {value}" for value in sent.get_all("via")),
        f"From: {sent.get('from')}",
        f"To: {to}",
        f"Call-ID: {sent.call_id}",
        f"CSeq: {sent.get('cseq')}",
        *extra,
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


@dataclass(frozen=True, slots=True)
class Sent:
    """One message that went out."""

    at: float
    to: Address
    raw: bytes

    @property
    def message(self) -> Request | Response:
        """It, read back."""
        return parse(self.raw)

    @property
    def response(self) -> Response:
        """It, known to be a response."""
        message = parse(self.raw)
        assert isinstance(message, Response), self.raw
        return message

    @property
    def request(self) -> Request:
        """It, known to be a request."""
        message = parse(self.raw)
        assert isinstance(message, Request), self.raw
        return message

    @property
    def what(self) -> str:
        """Its status or method, as a ladder would have it."""
        message = parse(self.raw)
        return str(message.status) if isinstance(message, Response) else message.method


class Wire:
    """An endpoint, a peer's address, and a clock that only `run_until` turns."""

    def __init__(self, endpoint: Endpoint, transport: Transport = Transport.UDP) -> None:
        self.endpoint = endpoint
        self.channel = channel(transport)
        self.now = 0.0
        self.log: list[Sent] = []
        self._taken = 0

    def collect(self) -> None:
        """Note what has been put out."""
        out = self.endpoint.out
        self.log += [Sent(self.now, to, data) for _, to, data in out]
        out.clear()

    def receive(self, data: bytes, source: Address = PEER) -> list[Sent]:
        """Give it a message; what it sends at once."""
        self.endpoint.receive(data, source, self.channel, self.now)
        return self.take()

    def take(self) -> list[Sent]:
        """What was sent since the last look."""
        self.collect()
        fresh = self.log[self._taken :]
        self._taken = len(self.log)
        return fresh

    def run_until(self, when: float) -> list[Sent]:
        """Turn the clock, stopping at each deadline; what was sent on the way."""
        self.collect()
        for _ in range(100_000):
            due = self.endpoint.next_deadline()
            if due is None or due > when:
                break
            self.now = max(self.now, due)
            self.endpoint.handle_timers(self.now)
            self.collect()
        else:
            raise AssertionError("deadlines without end")
        self.now = when
        return self.take()


def ladder(sent: Iterable[Sent]) -> list[tuple[float, str]]:
    """Times and statuses or methods."""
    return [(one.at, one.what) for one in sent]


@dataclass(slots=True)
class RecordingCore:
    """A core that takes everything and does nothing, or what a test tells it."""

    requests: list[ServerTransaction] = field(default_factory=list)
    acks: list[Request] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    on_request: Callable[[ServerTransaction, float], None] | None = None

    def request_received(self, transaction: ServerTransaction, now: float) -> None:
        self.requests.append(transaction)
        if self.on_request is not None:
            self.on_request(transaction, now)

    def ack_received(self, request: Request, now: float) -> None:
        self.acks.append(request)

    def response_received(self, response: Response, now: float) -> None:
        self.responses.append(response)


@dataclass(slots=True)
class RecordingServerUser:
    """A transaction user of a server transaction that notes what it is told."""

    told: list[tuple[float, str]] = field(default_factory=list)

    def acknowledged(self, now: float) -> None:
        self.told.append((now, "acknowledged"))

    def unacknowledged(self, now: float) -> None:
        self.told.append((now, "unacknowledged"))

    def response_failed(self, now: float) -> None:
        self.told.append((now, "response failed"))


@dataclass(slots=True)
class RecordingClientUser:
    """A transaction user of a client transaction that notes what it is told."""

    told: list[tuple[float, str]] = field(default_factory=list)

    def response_received(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        self.told.append((now, str(response.status)))

    def timed_out(self, transaction: ClientTransaction, now: float) -> None:
        self.told.append((now, "timed out"))

    def transport_failed(self, transaction: ClientTransaction, now: float) -> None:
        self.told.append((now, "transport failed"))


class Decision(Protocol):
    """What a called party does with a call."""

    def __call__(self, session: CalleeSession, now: float) -> None: ...


@dataclass(slots=True)
class Party:
    """An application: takes calls, notes what becomes of them."""

    decide: Decision | None = None
    sessions: list[CalleeSession] = field(default_factory=list)
    told: list[tuple[float, str]] = field(default_factory=list)

    def invited(self, session: CalleeSession, now: float) -> None:
        self.sessions.append(session)
        session.user = self
        if self.decide is not None:
            self.decide(session, now)

    def answered(self, now: float) -> None:
        pass

    def established(self, now: float) -> None:
        self.told.append((now, "established"))

    def cancelled(self, now: float) -> None:
        self.told.append((now, "CANCEL"))

    def ended(self, ending: Ending, now: float) -> None:
        self.told.append((now, str(ending)))


class Core:
    """An endpoint under a `RecordingCore`, on a wire."""

    def __init__(
        self, transport: Transport = Transport.UDP, *, base: Timers | None = None, limits: Limits | None = None
    ) -> None:
        self.core = RecordingCore()
        self.endpoint = Endpoint(self.core, base=base, limits=limits)
        self.wire = Wire(self.endpoint, transport)


class Agent:
    """A user agent with a `Party` above it, on a wire."""

    def __init__(
        self,
        decide: Decision | None = None,
        transport: Transport = Transport.UDP,
        *,
        limits: Limits | None = None,
    ) -> None:
        self.party = Party(decide)
        self.agent = UserAgent(self.party, name="test", limits=limits)
        self.wire = Wire(self.agent.endpoint, transport)
