"""The user agent's core: what stands above the transactions (RFC 3261 sections 8, 9, 11, 12.2.2).

It checks what a server must check, finds the dialog of a request, answers OPTIONS, matches CANCEL, and hands a new
INVITE to its *application* as a `CalleeSession`. Calls of its own it makes as `CallerSession`. Still no socket and no
clock: the agent is what a driver drives, by way of its endpoint.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from .callee import CalleeSession
from .check import Refusal, refusal
from .description import MediaEnd, Negotiation
from .dialog import DialogId
from .endpoint import Endpoint, Limits
from .message import Request, Response
from .session import Session
from .timers import Timers
from .transaction import InviteServerTransaction, ServerTransaction
from .transport import Address, Channel, host_for_uri
from .via import MAGIC_COOKIE

METHODS = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "PRACK", "UPDATE")
"""What the agent serves, in the order of Allow."""

KNOWN_METHODS = frozenset(
    {*METHODS, "REGISTER", "MESSAGE", "SUBSCRIBE", "NOTIFY", "PUBLISH", "REFER"},
)

WITHIN_DIALOG_ONLY = frozenset({"BYE", "INFO", "PRACK", "UPDATE", "ACK"})

EXTENSIONS = ("100rel", "timer")
BODY_TYPES = ("application/sdp",)

UNSPECIFIED = frozenset({"0.0.0.0", "::"})
"""Hosts that a channel is bound to when it listens on every address of the machine."""

DISCARD_PORT = 9
"""The port of the discard service: what a description names as long as nobody listens for media."""


class Application(Protocol):
    """Who takes new calls."""

    def invited(self, session: CalleeSession, now: float) -> None:
        """A new call. It stays open until the application decides."""


class UserAgent:
    """One user agent: an endpoint, its sessions, and what it says of itself.

    Args:
        application: who takes new calls.
        name: the value of Server and User-Agent; empty for none.
        base, limits: see `Endpoint`.
        min_se: the shortest session interval that is accepted, seconds (RFC 4028).
        session_interval: the interval asked for where the caller supports timers but asks for none; None to not ask.
        media_port: the port that session descriptions name where nobody receives media.
        source_host: our address on the way to a host, for channels bound to all of them; the host itself if None, which
            is right for loopback.
        serves: further methods that are taken out of dialogs, such as REGISTER, and who answers them.

    Attributes:
        endpoint: the transactions.
        sessions: by dialog.
        open_media: gives a session, at our address, what receives its audio; None, as it is at first: nothing does.
    """

    def __init__(
        self,
        application: Application,
        *,
        name: str = "simcarrier",
        base: Timers | None = None,
        limits: Limits | None = None,
        min_se: int = 90,
        session_interval: int | None = None,
        media_port: int = DISCARD_PORT,
        source_host: Callable[[str], str] | None = None,
        serves: Mapping[str, Callable[[ServerTransaction, float], None]] | None = None,
    ) -> None:
        self.application = application
        self.name = name
        self.endpoint = Endpoint(self, base=base, limits=limits)
        self.sessions: dict[DialogId, Session] = {}
        self.min_se = min_se
        self.session_interval = session_interval
        self.media_port = media_port
        self.open_media: Callable[[Session, str], MediaEnd | None] | None = None
        self.source_host = source_host or _itself
        self._serves = dict(serves or {})
        self._methods = (*METHODS, *self._serves)
        self.allow_and_supported = f"Allow: {', '.join(self._methods)}\r\nSupported: {', '.join(EXTENSIONS)}\r\n"
        self.capabilities = (
            f"{self.allow_and_supported}Accept: {', '.join(BODY_TYPES)}\r\nAccept-Encoding: identity\r\n"
            f"{self.server_line}"
        )

    @property
    def server_line(self) -> str:
        """The Server header line with its CRLF, empty without a name."""
        return f"Server: {self.name}\r\n" if self.name else ""

    # Core: what the endpoint hands up

    def request_received(self, transaction: ServerTransaction, now: float) -> None:
        """A new request."""
        request = transaction.request
        if request.glanced and type(transaction) is InviteServerTransaction and not request.to_tag:
            # Of a method that is served, and with nothing in it that `refusal` would look at.
            self.application.invited(CalleeSession(self, transaction), now)
        elif request.method == "CANCEL":
            self._cancel(transaction, now)
        elif request.to_tag:
            self._within_dialog(transaction, now)
        elif request.method in WITHIN_DIALOG_ONLY:
            transaction.respond(481, now)
        else:
            self._out_of_dialog(transaction, now)

    def ack_received(self, request: Request, now: float) -> None:
        """An ACK to a 2xx; a stray one is nobody's."""
        session = self.sessions.get((request.call_id, request.to_tag, request.from_tag))
        if session is not None:
            session.ack_received(request, now)

    def response_received(self, response: Response, now: float) -> None:
        """A response without a transaction: dropped, as section 18.1.2 has it."""

    def _cancel(self, transaction: ServerTransaction, now: float) -> None:
        invite = self.endpoint.invite_of(transaction)
        if invite is None:
            transaction.respond(481, now)
        elif isinstance(invite.user, CalleeSession):
            invite.user.cancel_received(transaction, now)
        else:
            transaction.respond(200, now)  # a re-INVITE: it was answered at once, so nothing is left to cancel

    def _within_dialog(self, transaction: ServerTransaction, now: float) -> None:
        request = transaction.request
        session = self.sessions.get((request.call_id, request.to_tag, request.from_tag))
        if session is None:
            transaction.respond(481, now)
        else:
            session.request_received(transaction, now)

    def _out_of_dialog(self, transaction: ServerTransaction, now: float) -> None:
        request = transaction.request
        why = refusal(
            request,
            methods=self._methods,
            known_methods=KNOWN_METHODS,
            extensions=EXTENSIONS,
            body_types=BODY_TYPES,
        )
        if why is not None:
            transaction.respond(why.status, now, why.phrase, why.extra + self.server_line)
        elif isinstance(transaction, InviteServerTransaction):
            self.application.invited(CalleeSession(self, transaction), now)
        elif request.method in self._serves:
            self._serves[request.method](transaction, now)
        else:
            transaction.respond(200, now, extra=self.capabilities)

    def refusal_within(self, request: Request, methods: Collection[str]) -> Refusal | None:
        """What a request within a dialog is refused for, if anything."""
        if request.glanced and request.method in methods:
            return None
        return refusal(
            request,
            methods=tuple(methods),
            known_methods=KNOWN_METHODS,
            extensions=EXTENSIONS,
            body_types=(*BODY_TYPES, *((request.content_type,) if request.method == "INFO" else ())),
        )

    # What sessions ask of it

    def reachable_at(self, channel: Channel, peer: Address) -> Address:
        """The address at which a peer reaches us: the channel's own, or that on the way to it if it is bound to all."""
        local = channel.local
        return (self.source_host(peer[0]), local[1]) if local[0] in UNSPECIFIED else local

    def negotiation(self, session: Session) -> Negotiation:
        """The beginning of a session's offers and answers."""
        host, _ = self.reachable_at(session.channel, session.peer)
        end = None if self.open_media is None else self.open_media(session, host)
        return Negotiation(host, self.media_port if end is None else end.port, end)

    def new_via(self, channel: Channel, peer: Address) -> str:
        """A Via value for a request of ours, with a fresh branch."""
        host, port = self.reachable_at(channel, peer)
        return f"SIP/2.0/{channel.transport} {host_for_uri(host)}:{port};branch={new_branch()};rport"

    def warning(self, code: int, text: str) -> str:
        """A Warning header line with its CRLF (section 20.43)."""
        return f'Warning: {code} {self.name or "simcarrier"} "{text}"\r\n'


def _itself(host: str) -> str:
    return host


def new_branch() -> str:
    """A branch that has not been used before (section 8.1.1.7)."""
    return f"{MAGIC_COOKIE}{os.urandom(10).hex()}"


def new_call_id() -> str:
    """A Call-ID that has not been used before (section 8.1.1.4)."""
    return os.urandom(16).hex()
