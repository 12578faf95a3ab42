"""Where a call goes: the trunk as it is written, and the addresses that this comes to."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from simcarrier.sip.transport import Address, Transport, host_for_uri


@dataclass(frozen=True, slots=True)
class Target:
    """One address of a trunk.

    Attributes:
        transport: how to reach it.
        address: IP address and port.
        server_name: the name that a TLS peer must prove; None for the IP address itself.
    """

    transport: Transport
    address: Address
    server_name: str | None = None

    @property
    def text(self) -> str:
        """HOST:PORT."""
        return f"{host_for_uri(self.address[0])}:{self.address[1]}"


@dataclass(frozen=True, slots=True)
class TrunkAddress:
    """A trunk as it is written.

    Attributes:
        transport: as said; None to leave it to the DNS, or UDP.
        host: an IP address or a name.
        port: None to leave it to the DNS, or the transport's default.
    """

    transport: Transport | None
    host: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> TrunkAddress:
        """Read ``udp:host:port``; transport and port may be left out, IPv6 stands in brackets.

        Raises:
            ValueError: it is none of these.
        """
        name, colon, rest = text.partition(":")
        transport = Transport.__members__.get(name.upper()) if colon else None
        if transport is None:
            rest = text
        if rest.startswith("["):
            host, bracket, tail = rest[1:].partition("]")
            well_formed = bool(bracket) and (not tail or tail.startswith(":"))
            port_text = tail.removeprefix(":")
        else:
            host, _, port_text = rest.partition(":")
            well_formed = True
        if port_text and not (port_text.isascii() and port_text.isdecimal() and 0 < int(port_text) < 65536):
            well_formed = False
        if not well_formed or not is_host(host):
            raise ValueError(f"must be a trunk such as udp:sip.example.com or tls:192.0.2.1:5061, not {text!r}")
        return cls(transport, host, int(port_text) if port_text else None)

    def __str__(self) -> str:
        transport = "" if self.transport is None else f"{self.transport.lower()}:"
        return f"{transport}{host_for_uri(self.host)}{'' if self.port is None else f':{self.port}'}"


def is_host(host: str) -> bool:
    """Whether it is an IP address or a name as hosts have them."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        labels = host.rstrip(".").split(".")
        return len(host) <= 253 and all(
            label and len(label) <= 63 and label.replace("-", "").replace("_", "").isalnum() and label.isascii()
            for label in labels
        )
    return True
