"""Transports and channels, seen from the protocol's side (RFC 3261 section 18).

The protocol needs to know three things of a transport: its name in Via, whether it is reliable (then most timers are
zero), and its default port. It never touches a socket: a `Channel` is the place where bytes came in and go out, and the
room `net` subclasses it with a real one, the test kit with one in memory.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import StrEnum

from .errors import Malformed

Address = tuple[str, int]
"""Host and port. An IPv6 host stands without brackets."""


class Transport(StrEnum):
    """A transport by its name in Via."""

    UDP = "UDP"
    TCP = "TCP"
    TLS = "TLS"

    @property
    def reliable(self) -> bool:
        """Whether the transport itself repeats what was lost."""
        return self is not Transport.UDP

    @property
    def default_port(self) -> int:
        """The port meant where none is written (RFC 3261 section 19.1.2)."""
        return 5061 if self is Transport.TLS else 5060


class Channel:
    """Where bytes come in and go out: one per UDP socket, one per TCP or TLS connection.

    Attributes:
        transport: the transport's name; ``reliable`` is kept beside it because every transaction asks.
        local: the bound address.
        remote: the peer's address; None for a UDP socket, which has many peers.
        closed: nothing can be sent here any more.
    """

    __slots__ = ("closed", "local", "reliable", "remote", "transport")

    def __init__(self, transport: Transport, local: Address, remote: Address | None = None) -> None:
        self.transport = transport
        self.reliable = transport.reliable
        self.local = local
        self.remote = remote
        self.closed = False


def host_for_uri(host: str) -> str:
    """The host as it stands in a URI or a Via: an IPv6 address gets its brackets."""
    return f"[{host}]" if ":" in host else host


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where to listen, written ``udp:127.0.0.1:5060`` or ``tls:[::1]:5061``; port 0 takes a free one."""

    transport: Transport
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> ListenAddress:
        """Read ``transport:host:port``; the port may be left out for the transport's default.

        Raises:
            Malformed: the transport is unknown, the host is not an IP address, or the port is out of range.
        """
        name, colon, rest = text.partition(":")
        if not colon or name.upper() not in Transport.__members__:
            raise Malformed(f"{text!r} is not an address to listen on: write udp:, tcp: or tls:, then HOST:PORT")
        transport = Transport(name.upper())
        if rest.startswith("["):
            host, bracket, tail = rest[1:].partition("]")
            port_text = tail.removeprefix(":")
            well_formed = bool(bracket) and (not tail or tail.startswith(":"))
        else:
            host, _, port_text = rest.partition(":")
            well_formed = True
        if host == "localhost":
            host = "127.0.0.1"
        try:
            ipaddress.ip_address(host)
        except ValueError:
            well_formed = False
        if not well_formed:
            raise Malformed(f"{text!r}: the host must be an IP address, IPv6 in brackets, such as udp:127.0.0.1:5060")
        if not port_text:
            return cls(transport, host, transport.default_port)
        if not port_text.isascii() or not port_text.isdecimal() or int(port_text) > 65535:
            raise Malformed(f"{text!r}: the port must be a number from 0 to 65535")
        return cls(transport, host, int(port_text))

    def __str__(self) -> str:
        return f"{self.transport.lower()}:{host_for_uri(self.host)}:{self.port}"
