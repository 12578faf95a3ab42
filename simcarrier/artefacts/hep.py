"""``--hep udp:HOST:PORT``: every message of a run to a collector such as HOMER, as it passes.

A collector that is away or slow must not be felt. Over UDP a packet that the system does not take at once is lost;
over TCP the thread waits a moment, then lets go of the connection and tries again later. What did not get there is
counted and told at the end; it does not fail the run. An address that cannot be resolved, and a TCP collector that is
not there when the run begins, are told before the first call.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from simcarrier.attachment import CannotAttach, Findings
from simcarrier.records.hep import Captured, HepFault, hep_of
from simcarrier.records.transcript import Passed
from simcarrier.sip.transport import Channel, host_for_uri

from .files import say
from .tap import Tap

PORT = 9060
"""Where HOMER collects."""

AGENT = 2001
"""By what number a collector knows us, if nobody says another."""

KEY_VARIABLE = "SIMCARRIER_HEP_KEY"
"""The environment variable that holds the key, if the collector wants one."""

CONNECT, SEND, AGAIN = 3.0, 1.0, 5.0
"""Seconds for a connection to be made, for bytes to be taken, and until the next attempt after a failure."""


@dataclass(frozen=True, slots=True)
class Collector:
    """Where packets go: ``udp:host:9060`` or ``tcp:[::1]:9060``."""

    transport: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read it; the port may be left out.

        Raises:
            ValueError: it is none; the text completes ``'VALUE' ...``.
        """
        transport, _, rest = text.partition(":")
        if rest.startswith("["):
            host, bracket, tail = rest[1:].partition("]")
            fine = bool(bracket) and ":" in host and (not tail or tail.startswith(":"))
            port = tail[1:]
        else:
            host, _, port = rest.partition(":")
            fine = bool(host) and not any(one.isspace() or not one.isprintable() for one in host)
        if transport.lower() not in ("udp", "tcp") or not fine:
            raise ValueError("must be udp: or tcp:, a host and a port, such as udp:127.0.0.1:9060")
        if port and not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
            raise ValueError("must have a port from 1 to 65535")
        return cls(transport.lower(), host, int(port or PORT))

    def __str__(self) -> str:
        return f"{self.transport}:{host_for_uri(self.host)}:{self.port}"


class Hep(Tap):
    """Sends messages to a collector.

    Args:
        collector: where to.
        agent: our number there.
        key: what it wants of us; the environment's `KEY_VARIABLE` if None.
    """

    # Shorter than for a file: what is sent in one go must fit into the collector's socket.
    moment: ClassVar[float] = 0.01

    def __init__(self, collector: Collector, agent: int = AGENT, key: str | None = None) -> None:
        super().__init__()
        self._collector = collector
        self._agent = agent
        self._key = (os.environ.get(KEY_VARIABLE, "") if key is None else key).encode()
        self._family = socket.AF_INET
        self._address: tuple[object, ...] = ()
        self._socket: socket.socket | None = None
        self._not_before = 0.0
        self._told = False
        self._why = ""
        self._too_long = 0
        self._untaken = 0

    async def open(self) -> None:
        """Find the collector.

        Raises:
            CannotAttach: its name is not known, or nobody listens there (TCP).
        """
        kind = socket.SOCK_DGRAM if self._collector.transport == "udp" else socket.SOCK_STREAM
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self._collector.host, self._collector.port, type=kind)
            self._family, _, _, _, self._address = found[0]
            self._socket = await asyncio.to_thread(self._connected)
        except (OSError, UnicodeError) as error:
            raise CannotAttach(f"HEP cannot be sent to {self._collector}: {_said(error)}") from error

    def _connected(self) -> socket.socket:
        datagrams = self._collector.transport == "udp"
        made = socket.socket(self._family, socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM)
        try:
            made.settimeout(CONNECT)
            made.connect(self._address)
            made.settimeout(0.0 if datagrams else SEND)
        except BaseException:
            made.close()
            raise
        return made

    def take(self, messages: Sequence[tuple[Passed, Channel]]) -> None:
        """Send packets."""
        packets = []
        for passed, _ in messages:
            source, destination = (passed.local, passed.remote) if passed.sent else (passed.remote, passed.local)
            told = Captured(
                passed.at, passed.transport, source, destination, passed.data, agent=self._agent, key=self._key
            )
            try:
                packets.append(hep_of(told))
            except HepFault:
                self._too_long += 1
        if self._collector.transport == "udp":
            for packet in packets:
                self._send(packet)
        elif packets and not self._send_all(b"".join(packets)):
            self._untaken += len(packets)

    def _send(self, packet: bytes) -> None:
        """One datagram; never waits."""
        if self._socket is None:
            return
        for _ in range(2):
            try:
                self._socket.send(packet)
                return
            except OSError as error:
                self._untaken += 1
                self._fails(error)
                # This tells of an earlier packet that found nobody: that one is lost, the one at hand is not sent yet.
                if error.errno != errno.ECONNREFUSED:
                    return

    def _send_all(self, data: bytes) -> bool:
        """Over the connection, which is made again if it is gone. Returns whether the system took all of it."""
        try:
            if self._socket is None:
                if time.monotonic() < self._not_before:
                    return False
                self._socket = self._connected()
            self._socket.sendall(data)
        except OSError as error:
            # What stands half in the stream can't be taken back: only a new connection begins at a packet.
            self._disconnect()
            self._not_before = time.monotonic() + AGAIN
            self._fails(error)
            return False
        return True

    def _disconnect(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
            self._socket = None

    def _fails(self, error: OSError) -> None:
        self._why = _said(error)
        if not self._told:
            self._told = True
            say(f"HEP to {self._collector}: {self._why}; calls go on, what is lost is counted")

    def close(self, findings: Findings) -> None:
        """Let go of the socket, and tell what did not get there."""
        if not self.stuck:
            self._disconnect()
        for count, why in ((self._untaken, self._why), (self.lost, "it is too slow"), (self._too_long, "too long")):
            if count:
                say(f"HEP to {self._collector}: {count:,} messages were not sent: {why}")


def _said(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it does not take them in time"
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
