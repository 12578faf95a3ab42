"""The conduct of callers in a capture: who is the carrier, and which way a message goes.

A capture does not say. Whoever is sent an INVITE that begins a call is a carrier, unless it is said who is. With a
proxy in the capture that is the proxy and whoever is behind it; each of them is judged for its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from simcarrier.records.capture import Captured
from simcarrier.sip.errors import Malformed
from simcarrier.sip.message import Request
from simcarrier.sip.parse import parse
from simcarrier.sip.transport import Address, Channel, Transport, host_for_uri

from .conduct import Conduct

MOST_CARRIERS = 100
"""Carriers in one capture; who has more names those that matter."""

MOST_CHANNELS = 20_000
"""Connections of one carrier; then those are forgotten and taken for new ones."""


@dataclass(frozen=True, slots=True)
class Place:
    """A host, with a port or any."""

    host: str
    port: int | None = None

    @classmethod
    def parse(cls, text: str) -> Place:
        """Read HOST or HOST:PORT, IPv6 in brackets if there is a port.

        Raises:
            Malformed: the port is no number up to 65535, or there is no host.
        """
        host, port = text, ""
        if text.startswith("["):
            host, _, rest = text[1:].partition("]")
            port = rest.removeprefix(":")
        elif text.count(":") == 1:
            host, _, port = text.partition(":")
        if not host or (port and not (port.isascii() and port.isdecimal() and len(port) < 6 and int(port) < 65536)):
            raise Malformed(f"{text!r} is not HOST or HOST:PORT")
        return cls(host, int(port) if port else None)

    def holds(self, address: Address) -> bool:
        """Whether that is the address, or one of its ports."""
        return self.host == address[0] and self.port in (None, address[1])

    def __str__(self) -> str:
        return self.host if self.port is None else f"{host_for_uri(self.host)}:{self.port}"


def carriers_in(messages: Iterable[Captured]) -> list[Place]:
    """Whoever is sent an INVITE that begins a call, in the order in which they are met."""
    found: dict[Address, None] = {}
    for captured in messages:
        if captured.destination in found or not captured.data.startswith(b"INVITE "):
            continue
        try:
            message = parse(captured.data)
        except Malformed:
            continue
        if isinstance(message, Request) and not message.to_tag and len(found) < MOST_CARRIERS:
            found[captured.destination] = None
    return [Place(*address) for address in found]


class CarrierSeen:
    """One carrier of a capture.

    Args:
        place: where it is.

    Attributes:
        conduct: that of its callers; times are seconds since 1970.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.conduct = Conduct(live=False)
        self._channels: dict[tuple[Address, Address | None, str], Channel] = {}
        self._last = 0.0

    def take(self, captured: Captured) -> None:
        """A message, of it or of anybody else."""
        if self.place.holds(captured.destination):
            way, local, peer = "in", captured.destination, captured.source
        elif self.place.holds(captured.source):
            way, local, peer = "out", captured.source, captured.destination
        else:
            return
        transport = Transport(captured.transport)
        key = local, peer if transport.reliable else None, captured.transport
        channel = self._channels.get(key)
        if channel is None:
            if len(self._channels) >= MOST_CHANNELS:
                self._channels.clear()
            channel = self._channels[key] = Channel(transport, local, key[1])
        self._last = max(self._last, captured.at)
        self.conduct.observe(way, captured.data, channel, peer, captured.at)
        self.conduct.work()

    def finish(self) -> None:
        """The capture is over."""
        self.conduct.finish(self._last)
