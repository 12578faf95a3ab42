"""Parties for a wire: `Phone`, a user agent that remembers what happened to it, and `Peer`, a test's own hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simcarrier.sip.agent import UserAgent
from simcarrier.sip.callee import CalleeSession
from simcarrier.sip.caller import CallerSession
from simcarrier.sip.errors import Malformed
from simcarrier.sip.invitation import Invitation
from simcarrier.sip.message import Request, Response
from simcarrier.sip.parse import parse
from simcarrier.sip.session import Ending
from simcarrier.sip.timers import Timers
from simcarrier.sip.transport import Address, Channel, host_for_uri

from .wire import MemoryChannel, Wire


class CallOut:
    """A call that a phone makes.

    Attributes:
        session: the calling end.
        responses: what came for the INVITE; a repeated 2xx is not told again.
        endings: how it ended, and when; more than one would be a bug.
    """

    def __init__(self, phone: Phone, invitation: Invitation, channel: Channel, destination: Address) -> None:
        self._phone = phone
        self.responses: list[Response] = []
        self.endings: list[tuple[Ending, float]] = []
        self.session = CallerSession(phone.agent, invitation, channel, destination, self)

    @property
    def codes(self) -> list[int]:
        """The status codes that came."""
        return [response.status for response in self.responses]

    @property
    def ending(self) -> Ending | None:
        """How it ended; None while it has not."""
        return self.endings[0][0] if self.endings else None

    @property
    def is_up(self) -> bool:
        """It was answered and has not ended."""
        return self.session.answered_at is not None and not self.endings

    def cancel(self) -> None:
        """Give it up before it is answered."""
        self.session.cancel(self._phone.wire.now)
        self._phone.wire.collect()

    def hang_up(self) -> None:
        """Send BYE."""
        self.session.hang_up(self._phone.wire.now)
        self._phone.wire.collect()

    def responded(self, response: Response, now: float) -> None:
        """Told by the session."""
        self.responses.append(response)

    def ended(self, ending: Ending, now: float) -> None:
        """Told by the session."""
        self.endings.append((ending, now))


class CallIn:
    """A call that a phone takes: the verbs of `CalleeSession` without the time.

    Attributes:
        session: the called end.
        established_at: when the ACKs to its 2xx came.
        cancelled_at: when it was cancelled.
        endings: how it ended, and when.
    """

    def __init__(self, phone: Phone, session: CalleeSession) -> None:
        self._phone = phone
        self.session = session
        self.established_at: list[float] = []
        self.cancelled_at: list[float] = []
        self.endings: list[tuple[Ending, float]] = []
        session.user = self

    @property
    def ending(self) -> Ending | None:
        """How it ended; None while it has not."""
        return self.endings[0][0] if self.endings else None

    @property
    def is_up(self) -> bool:
        """It was answered and has not ended."""
        return self.session.answered_at is not None and not self.endings

    def trying(self) -> None:
        """Send 100."""
        self._do(lambda now: self.session.trying(now))

    def ring(self, status: int = 180, extra: str = "", *, with_sdp: bool = False, reliable: bool = False) -> None:
        """Send 180, or another provisional response."""
        self._do(lambda now: self.session.ring(now, status, None, extra, with_sdp=with_sdp, reliable=reliable))

    def answer(self, extra: str = "", *, with_sdp: bool = True) -> None:
        """Send 200."""
        self._do(lambda now: self.session.answer(now, extra, with_sdp=with_sdp))

    def refuse(self, status: int, extra: str = "") -> None:
        """Send a final response of class 3 to 6."""
        self._do(lambda now: self.session.refuse(now, status, extra=extra))

    def hang_up(self) -> None:
        """Send BYE."""
        self._do(self.session.hang_up)

    def abandon(self) -> None:
        """Forget it."""
        self._do(self.session.abandon)

    def _do(self, verb: Callable[[float], None]) -> None:
        verb(self._phone.wire.now)
        self._phone.wire.collect()

    def answered(self, now: float) -> None:
        """Our 2xx has gone out."""

    def established(self, now: float) -> None:
        """Told by the session."""
        self.established_at.append(now)

    def cancelled(self, now: float) -> None:
        """Told by the session."""
        self.cancelled_at.append(now)

    def ended(self, ending: Ending, now: float) -> None:
        """Told by the session."""
        self.endings.append((ending, now))


class Phone:
    """A user agent on a wire.

    Args:
        wire: where it is attached.
        host, port: its address.
        name: what the trace calls it.
        on_call: told of every call that comes in, after it was put into ``taken``.
        base: timer values other than the RFC's.
        min_se, session_interval: see `UserAgent`.

    Attributes:
        wire: where it is attached.
        agent: the user agent.
        channel: its UDP channel.
        taken: the calls that came in.
    """

    def __init__(
        self,
        wire: Wire,
        host: str,
        port: int = 5060,
        name: str = "",
        *,
        on_call: Callable[[CallIn], None] | None = None,
        base: Timers | None = None,
        min_se: int = 90,
        session_interval: int | None = None,
    ) -> None:
        self.wire = wire
        self.agent = UserAgent(self, name="", base=base, min_se=min_se, session_interval=session_interval)
        self.channel = wire.attach(self.agent.endpoint, host, port, name)
        self.taken: list[CallIn] = []
        self._on_call = on_call

    @property
    def address(self) -> Address:
        """Where it can be called."""
        return self.channel.local

    @property
    def idle(self) -> bool:
        """Nothing is left of any call: no session, no transaction, no timer, nothing to be sent."""
        endpoint = self.agent.endpoint
        return not (
            self.agent.sessions
            or endpoint.server_transactions
            or endpoint.client_transactions
            or endpoint.deaf
            or endpoint.out
            or endpoint.next_deadline() is not None
        )

    def invited(self, session: CalleeSession, now: float) -> None:
        """Told by the agent: a new call."""
        call = CallIn(self, session)
        self.taken.append(call)
        if self._on_call is not None:
            self._on_call(call)

    def dial(
        self,
        to: Phone | Address,
        user: str = "+4930123456",
        *,
        caller: str = "+4940999",
        fields: Sequence[tuple[str, str]] = (),
        with_offer: bool = True,
        channel: MemoryChannel | None = None,
    ) -> CallOut:
        """Call a number at an address.

        Args:
            to: whom, or where.
            user, caller: the called and the calling number.
            fields: further header fields.
            with_offer: with a session description.
            channel: a connection made by `Wire.connect`; by datagrams if None.
        """
        destination = to.address if isinstance(to, Phone) else to
        host, port = host_for_uri(destination[0]), destination[1]
        invitation = Invitation(
            f"sip:{user}@{host}:{port}",
            f"<sip:{caller}@{host_for_uri(self.address[0])}>",
            fields=tuple(fields),
            with_offer=with_offer,
        )
        call = CallOut(self, invitation, channel or self.channel, destination)
        call.session.invite(self.wire.now)
        self.wire.collect()
        return call


class Peer:
    """A party without rules: it sends what a test writes, and keeps what it is sent.

    Args:
        wire: where it is attached.
        host, port: its address.
        name: what the trace calls it.

    Attributes:
        channel: its UDP channel.
        received: the messages that came.
        failed: where something could not be sent.
        out: what is to be sent.
    """

    def __init__(self, wire: Wire, host: str, port: int = 5060, name: str = "") -> None:
        self.wire = wire
        self.received: list[Request | Response] = []
        self.failed: list[Address] = []
        self.out: list[tuple[Channel, Address, bytes]] = []
        self.channel = wire.attach(self, host, port, name)

    def send(self, text: str | bytes, to: Address, channel: Channel | None = None) -> None:
        """Send a message; in a text, line ends are written as newlines and the empty line is added if it is missing."""
        if isinstance(text, str):
            text = text if "\n\n" in text else text.rstrip("\n") + "\n\n"
            data = text.replace("\n", "\r\n").encode("utf-8", "surrogateescape")
        else:
            data = text
        self.out.append((channel or self.channel, to, data))
        self.wire.collect()

    def answer(
        self,
        request: Request,
        status: int,
        *,
        tag: str = "",
        fields: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        to: Address | None = None,
    ) -> None:
        """Send a response to a request: Via, From, Call-ID and CSeq are its own, a tag is added to To.

        Args:
            request: what is answered.
            status: 100 to 699.
            tag: the To tag; none is added if empty, or if the request has one.
            fields: further header fields.
            body: the body; its Content-Type belongs into ``fields``.
            to: where to; the address that the request's Via names if None.
        """
        own_tag = f";tag={tag}" if tag and not request.to_tag else ""
        lines = [f"SIP/2.0 {status} Whatever", *(f"Via: {value}" for value in request.get_all("via"))]
        lines += [f"From: {request.get('from')}", f"To: {request.get('to')}{own_tag}"]
        lines += [f"Call-ID: {request.call_id}", f"CSeq: {request.get('cseq')}"]
        lines += [f"{name}: {value}" for name, value in fields]
        head = "\r\n".join([*lines, f"Content-Length: {len(body)}"]).encode("utf-8", "surrogateescape")
        via = request.via
        self.send(head + b"\r\n\r\n" + body, to or (via.host.strip("[]"), via.port or 5060))

    def last(self, name: str) -> Request | Response:
        """The message received last of that method or code.

        Raises:
            LookupError: there was none.
        """
        for message in reversed(self.received):
            if name == (message.method if isinstance(message, Request) else str(message.status)):
                return message
        raise LookupError(f"no {name} was received")

    def request(self, method: str) -> Request:
        """The request of that method received last."""
        found = self.last(method)
        if not isinstance(found, Request):
            raise LookupError(f"no {method} was received")
        return found

    def response(self, status: int) -> Response:
        """The response of that status received last."""
        found = self.last(str(status))
        if not isinstance(found, Response):
            raise LookupError(f"no {status} was received")
        return found

    def receive(self, data: bytes, source: Address, channel: Channel, now: float) -> None:
        """Told by the wire."""
        try:
            self.received.append(parse(data))
        except Malformed:
            return

    def channel_closed(self, channel: Channel, now: float) -> None:
        """Told by the wire."""

    def transport_failed(self, channel: Channel, destination: Address, now: float) -> None:
        """Told by the wire."""
        self.failed.append(destination)

    def next_deadline(self) -> float | None:
        """It has no timers."""
        return None

    def handle_timers(self, now: float) -> None:
        """It has no timers."""
