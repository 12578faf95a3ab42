"""Dialogs: the peer-to-peer relation that outlives a transaction (RFC 3261 section 12).

A dialog is state and two rules. The state: Call-ID, the two tags, the two sequence numbers, the peer's Contact, the
route set. The rules: how a request within the dialog is built from it (12.2.1.1), and which requests of the peer are
in order (12.2.2). Who may send what, and when, is the session's affair.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from .address import NameAddr
from .errors import Malformed, RemoteProtocolError
from .message import Request, Response, make_request
from .transport import Address, Transport
from .uri import SipUri

DialogId = tuple[str, str, str]
"""Call-ID, local tag, remote tag."""


class Dialog:
    """One dialog, seen from our end.

    Attributes:
        call_id, local_tag, remote_tag: its identity.
        local_party, remote_party: From and To values of our requests, tags included.
        local_seq, remote_seq: CSeq numbers last used; None if there has been none.
        route_set: Route values, nearest first.
        confirmed: a 2xx has made it; before that it is early.
    """

    __slots__ = (
        "_remote_target",
        "_request",
        "call_id",
        "confirmed",
        "local_party",
        "local_seq",
        "local_tag",
        "remote_party",
        "remote_seq",
        "remote_tag",
        "route_set",
    )

    def __init__(
        self,
        call_id: str,
        local: tuple[str, str],
        remote: tuple[str, str],
        remote_target: str,
        route_set: list[str],
    ) -> None:
        self.call_id = call_id
        self.local_tag, self.local_party = local
        self.remote_tag, self.remote_party = remote
        self._remote_target = remote_target
        self._request: Request | None = None  # whose Contact is the remote target, until someone asks for it
        self.route_set = route_set
        self.local_seq: int | None = None
        self.remote_seq: int | None = None
        self.confirmed = False

    @classmethod
    def of_server(cls, request: Request, local_tag: str) -> Dialog:
        """The dialog that a UAS's response with that To tag makes (section 12.1.1)."""
        dialog = cls(
            request.call_id,
            (local_tag, _with_tag(request.get("to") or "", local_tag)),
            (request.from_tag, request.get("from") or ""),
            "",
            request.values("record-route"),
        )
        dialog.remote_seq = request.cseq[0]
        dialog._request = request
        return dialog

    @classmethod
    def of_client(cls, request: Request, response: Response) -> Dialog:
        """The dialog that a response to our request makes (section 12.1.2)."""
        dialog = cls(
            request.call_id,
            (request.from_tag, request.get("from") or ""),
            (response.to_tag, response.get("to") or ""),
            contact_uri(response) or request.uri,
            response.values("record-route")[::-1],
        )
        dialog.local_seq = request.cseq[0]
        return dialog

    @property
    def remote_target(self) -> str:
        """The peer's Contact URI, the Request-URI of our requests. Read at the first question: few calls ask."""
        request = self._request
        if request is not None:
            self._remote_target = contact_uri(request) or _uri_of(request.get("from") or "")
            self._request = None
        return self._remote_target

    @property
    def id(self) -> DialogId:
        """Call-ID, local tag, remote tag."""
        return self.call_id, self.local_tag, self.remote_tag

    def take(self, request: Request) -> None:
        """Check the order of a request of the peer's and note its number (section 12.2.2).

        Raises:
            RemoteProtocolError: 500, its CSeq is lower than one seen before.
        """
        number, _ = request.cseq
        if self.remote_seq is not None and number < self.remote_seq:
            raise RemoteProtocolError(500, "CSeq out of order")
        self.remote_seq = number

    def refresh_target(self, message: Request | Response) -> None:
        """Take the Contact of a target refresh (re-INVITE, UPDATE, or the 2xx to one)."""
        self._remote_target = contact_uri(message) or self.remote_target
        self._request = None

    def make_request(
        self,
        method: str,
        via: str,
        fields: list[tuple[str, str]] | None = None,
        body: bytes = b"",
        seq: int | None = None,
    ) -> Request:
        """A request within the dialog (section 12.2.1.1).

        Args:
            method: ACK takes ``seq``, the number of the INVITE it acknowledges; all others count on.
            via: the Via value, with a fresh branch.
            fields: further header fields.
            body: the body; its Content-Type belongs into ``fields``.
            seq: the CSeq number, for ACK.
        """
        if seq is None:
            seq = self.local_seq = 1 if self.local_seq is None else self.local_seq + 1
        uri, routes = self._routed()
        head = [("Via", via), ("Max-Forwards", "70")]
        head += [("Route", value) for value in routes]
        head += [
            ("From", self.local_party),
            ("To", self.remote_party),
            ("Call-ID", self.call_id),
            ("CSeq", f"{seq} {method}"),
        ]
        return make_request(method, uri, head + (fields or []), body)

    def _routed(self) -> tuple[str, list[str]]:
        if not self.route_set:
            return self.remote_target, []
        if is_loose(self.route_set[0]):
            return self.remote_target, self.route_set
        # A strict router takes its own URI from the request line; the target goes last.
        return _uri_of(self.route_set[0]), [*self.route_set[1:], f"<{self.remote_target}>"]

    def next_hop(self, otherwise: Address) -> Address:
        """Where our requests go: the first route or the target if it names an IP address, else ``otherwise``.

        There is no DNS in here; ``otherwise`` is where the peer's messages come from, which reaches it just as well.
        """
        target = self.route_set[0] if self.route_set else f"<{self.remote_target}>"
        return _address_in(target) or otherwise


@lru_cache(maxsize=256)
def _address_in(target: str) -> Address | None:
    """The address that a route or target names; None if it names none. A peer says the same in call after call."""
    try:
        uri = NameAddr.parse(target).uri
    except Malformed:
        return None
    if not isinstance(uri, SipUri):
        return None
    try:
        ipaddress.ip_address(uri.host)
    except ValueError:
        return None
    secure = uri.scheme == "sips" or (uri.param("transport") or "").upper() == Transport.TLS
    return uri.host, uri.port or (5061 if secure else 5060)


def _with_tag(value: str, tag: str) -> str:
    return f"{value};tag={tag}"


def _uri_of(value: str) -> str:
    try:
        return NameAddr.parse(value).uri_text
    except Malformed:
        return value


def is_loose(route: str) -> bool:
    """Whether a Route value is that of a loose router (``lr``, section 19.1.1)."""
    try:
        uri = NameAddr.parse(route).uri
    except Malformed:
        return True
    return isinstance(uri, SipUri) and any(name == "lr" for name, _ in uri.params)


def contact_uri(message: Request | Response) -> str:
    """The URI of the first Contact as text, empty if there is none that can be read."""
    try:
        contact = message.contact
    except Malformed:
        return ""
    return contact.uri_text if contact is not None else ""
