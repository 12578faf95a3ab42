"""SIP over UDP: one non-blocking socket, read in batches, with wake-ups coalesced under load.

*Reading.* asyncio's `DatagramProtocol` asks for 256 KiB per datagram, which malloc serves by mapping and
unmapping pages. Here the socket is read directly: a readable callback takes up to 64 datagrams and gives them
all the same `now`; more would hold up timers and other sockets. The buffer is 65,535 bytes: no UDP payload is
larger, and it stays under malloc's threshold for mapping (128 KiB).

*Coalescing.* On an idle machine a wake-up (the interrupt, the scheduler, cold caches, one turn of the event
loop) costs 30 to 60 us, a datagram inside a batch 6 to 7. At some thousand datagrams per second each wake-up
brings one, and the process pays mostly for waking up. So it does what Linux does for network cards (NAPI):
interrupts while it is quiet, polling while it is busy. Quiet, the socket is watched by the loop, and a
datagram is answered at once. When the rate is such that a tick (``coalesce``) would bring `WORTHWHILE`
datagrams or more, the watch is taken off and the socket is read once per tick; when a tick brings fewer than
half of that, the watch comes back. Measured with an echo (CPU us per datagram): at 4,000/s watched 25-28,
polled each 1 ms 20, 2 ms 13, 4 ms 13; at 12,000/s 16-20, 11, 10, 10; at 1,000/s 38-46, 54-71, 70, 49: there a
tick of 1 or 2 ms brings one or two datagrams and polling does not pay. asyncio rounds waits up to whole
milliseconds, so a tick below 1 ms cannot be had; sleeping inside the callback can, but saves no more and
holds up everybody else on the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import sys
from collections.abc import Callable

from simcarrier.net.rim import NetChannel, Rim
from simcarrier.sip.transport import Address, Transport

BATCH = 64
"""Datagrams taken at one wake-up before others get their turn."""

BUFFER = 65_535
"""Bytes asked for at each read: more than any UDP payload."""

RECEIVE_BUFFER = 4 * 1024 * 1024
"""SO_RCVBUF asked for: some thousand messages may wait meanwhile. The system may give less."""

WORTHWHILE = 3.0
"""Datagrams per tick from which on polling is cheaper than being woken."""

WINDOW = 0.02
"""Seconds over which the rate is measured before the way of waiting is changed."""

_SO_RCVBUFFORCE = 33  # Linux; the module socket does not name it

_FULL = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS, errno.ENOMEM})


def open_socket(host: str, port: int) -> socket.socket:
    """A non-blocking UDP socket, bound. ``host`` is an IP address.

    Raises:
        OSError: it cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            # IPv4 has listeners of its own: no mapped addresses (::ffff:192.0.2.1) in Via.
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        _enlarge(sock)
        sock.setblocking(False)
        sock.bind((host, port))
    except BaseException:
        sock.close()
        raise
    return sock


def _enlarge(sock: socket.socket) -> None:
    """Ask for `RECEIVE_BUFFER`; with the privilege to do so, beyond the system's limit (net.core.rmem_max)."""
    if sys.platform == "linux":
        with contextlib.suppress(PermissionError):
            sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER)
            return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)


class UdpChannel(NetChannel):
    """One bound UDP socket.

    A datagram that the system has no room for is dropped and counted: UDP may lose, and SIP repeats. Any
    other refusal (no route, message too long) is told to the engine.

    Attributes:
        transmit: the socket's own ``sendto``: nothing stands between the engine's list and the system.
    """

    __slots__ = ("_next_poll", "_rim", "_seen", "_since", "_socket", "_wide", "transmit")

    transmit: Callable[[bytes, Address], object]

    def __init__(self, rim: Rim, sock: socket.socket) -> None:
        host, port = sock.getsockname()[:2]
        super().__init__(Transport.UDP, (host, port))
        self._rim = rim
        self._socket = sock
        self._wide = sock.family == socket.AF_INET6
        self._seen = 0  # datagrams since ...
        self._since = rim.loop.time()
        self._next_poll: asyncio.TimerHandle | None = None  # None: watched by the loop
        self.transmit = sock.sendto
        rim.loop.add_reader(sock, self._readable)

    @property
    def polled(self) -> bool:
        """Whether traffic is such that the socket is read by the clock."""
        return self._next_poll is not None

    def transmit_failed(self, error: OSError, destination: Address) -> None:
        """Count a full buffer as a loss, tell the engine of anything else."""
        if self.closed or error.errno in _FULL:
            self._rim.counters.dropped += 1
        else:
            self._rim.transport_failed(self, destination)

    def _drain(self, now: float) -> int:
        """Take up to a batch and send what comes of it. Returns the number taken."""
        rim = self._rim
        counters = rim.counters
        recvfrom = self._socket.recvfrom
        receive = rim.engine.receive
        observe = rim.observe
        wide = self._wide
        count = 0
        counters.wakeups += 1
        for _ in range(BATCH):
            try:
                data, source = recvfrom(BUFFER)
            except BlockingIOError:
                break
            except OSError:
                # Linux may report an ICMP error of an earlier datagram here; it does not say whose.
                counters.receive_failures += 1
                continue
            count += 1
            if wide:
                source = source[:2]
            try:
                if observe is not None:
                    observe("in", data, self, source, now)
                receive(data, source, self, now)
            except Exception as error:  # noqa: BLE001 - the engine's bug must not cost the other calls
                rim.engine_error(error)
        counters.datagrams_in += count
        rim.pump(now)
        return count

    def _readable(self) -> None:
        rim = self._rim
        now = rim.loop.time()
        self._seen += self._drain(now)
        elapsed = now - self._since
        if elapsed < WINDOW or self.closed:
            return
        busy = self._seen * rim.coalesce >= WORTHWHILE * elapsed
        self._seen = 0
        self._since = now
        if busy and rim.coalesce:
            rim.polling += 1
            rim.loop.remove_reader(self._socket)
            self._next_poll = rim.loop.call_later(rim.coalesce, self._poll)

    def _poll(self) -> None:
        rim = self._rim
        now = rim.loop.time()
        count = self._drain(now)
        if self.closed:
            return
        self._seen += count
        elapsed = now - self._since
        if elapsed >= WINDOW:
            quiet = self._seen * rim.coalesce * 2 < WORTHWHILE * elapsed
            self._seen = 0
            self._since = now
            if quiet:
                self._watch_again(now)
                return
        # A full batch: more is waiting, but others have their turn first.
        self._next_poll = rim.loop.call_later(rim.coalesce if count < BATCH else 0.0, self._poll)

    def _watch_again(self, now: float) -> None:
        self._next_poll = None
        self._rim.polling -= 1
        self._rim.loop.add_reader(self._socket, self._readable)
        self._rim.pump(now)  # the timer was not armed while polling

    def close(self) -> None:
        """Stop reading and close the socket. What is in the system's send buffer still goes out."""
        if self.closed:
            return
        self.closed = True
        if self._next_poll is not None:
            self._next_poll.cancel()
            self._next_poll = None
            self._rim.polling -= 1
        else:
            self._rim.loop.remove_reader(self._socket)
        self._socket.close()
