"""TCP connections for a capture, made up around the messages that went over them.

Whoever sees messages sees no segments: not how they were cut, nor when the other side acknowledged them. What is made
here is a connection that could have been: opened by a handshake, numbered from a start of its own, with every message
acknowledged by the next one that comes back, and closed by a FIN from each side. Readers that follow streams
(Wireshark, sngrep) so find nothing missing and nothing twice.

Source: RFC 9293.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from simcarrier.sip.transport import Address

from .packets import ACK, FIN, LARGEST_SEGMENT, PSH, SYN, segment

MOST_CONNECTIONS = 20_000
"""Connections that numbers are kept of: more than a carrier has open. Beyond it the oldest is closed in the capture."""

_START, _STEP = 1, 64_000_003
"""The first number of the first connection and how far the next one's is from it. A pair of ports that is used again
must not begin at the number that it began with before: that reads like a repetition."""


@dataclass(slots=True)
class _Connection:
    """The two ends and the next number of each; ``client`` is the one that opened it."""

    client: Address
    server: Address
    client_next: int
    server_next: int

    def packet(self, source: Address, payload: bytes, flags: int) -> bytes:
        """A segment from one of its ends; SYN and FIN count as a byte each."""
        length = len(payload) + bool(flags & (SYN | FIN))
        if source == self.client:
            packet = segment(source, self.server, payload, self.client_next, self.server_next, flags)
            self.client_next += length
        else:
            packet = segment(source, self.client, payload, self.server_next, self.client_next, flags)
            self.server_next += length
        return packet


class Streams:
    """The packets of connections; any hashable object names one."""

    def __init__(self) -> None:
        self._open: dict[Hashable, _Connection] = {}
        self._begun = 0

    def __len__(self) -> int:
        return len(self._open)

    def packets(self, name: Hashable, source: Address, destination: Address, data: bytes) -> Iterator[bytes]:
        """The packets of a message. Whoever speaks first has opened the connection.

        Args:
            name: of the connection.
            source, destination: the two ends.
            data: what is sent.

        Raises:
            ValueError: an address is none.
        """
        connection = self._open.get(name)
        if connection is None:
            if len(self._open) >= MOST_CONNECTIONS:
                yield from self.end(next(iter(self._open)))
            start = (_START + _STEP * self._begun) % 2**32
            connection = _Connection(source, destination, start, start + _STEP // 2)
            opening = [
                segment(source, destination, b"", connection.client_next, 0, SYN),
                segment(destination, source, b"", connection.server_next, connection.client_next + 1, SYN | ACK),
            ]
            self._begun += 1
            self._open[name] = connection
            connection.client_next += 1
            connection.server_next += 1
            yield from opening
            yield connection.packet(source, b"", ACK)
        end = connection.client if source == connection.client else connection.server
        for start in range(0, len(data) or 1, LARGEST_SEGMENT):
            yield connection.packet(end, data[start : start + LARGEST_SEGMENT], PSH | ACK)

    def end(self, name: Hashable) -> Iterator[bytes]:
        """The packets that close a connection; none if there is none of that name."""
        connection = self._open.pop(name, None)
        if connection is not None:
            yield connection.packet(connection.client, b"", FIN | ACK)
            yield connection.packet(connection.server, b"", FIN | ACK)
            yield connection.packet(connection.client, b"", ACK)

    def end_all(self) -> Iterator[bytes]:
        """The packets that close every connection."""
        for name in list(self._open):
            yield from self.end(name)
