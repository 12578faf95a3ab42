"""SIP over UDP: one non-blocking socket, read in batches, with wake-ups coalesced under load.

*Reading.* asyncio's `DatagramProtocol` asks for 256 KiB per datagram, which malloc serves by mapping and unmapping
pages. Here the socket is read directly: a readable callback takes up to `BATCH` datagrams and gives them all the same
`now`; more would hold up timers and other sockets. The buffer is 16 KiB, far more than a SIP message over UDP has; one
that fills it may have been cut, so it is dropped, the buffer grows, and the copy that SIP sends half a second later is
read whole.

*Coalescing.* A wake-up is dear, and not for the system call: the longer a process has slept, the colder its caches. On
the virtual machine where this was measured, a call that costs 19 us of CPU in a busy process costs 95 us if the process
slept a millisecond before it, 145 us after five, 220 us after ten. At a few hundred calls a second each wake-up brings
one datagram, and the process pays for little else. So it does what Linux does for network cards (NAPI): interrupts
while it is quiet, polling while it is busy. Quiet, the socket is watched by the loop, and a datagram is answered at
once. When the rate is such that a tick (``coalesce``) would bring `WORTHWHILE` datagrams or more, the watch is taken
off and the socket is read once per tick; when a tick brings fewer than half of that, the watch comes back. Under load
an answer may so be late by a tick. asyncio rounds waits up to whole milliseconds, so a tick below 1 ms cannot be had.
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

BATCH = 128
"""Datagrams taken at one wake-up before others get their turn."""

BUFFER = 16_384
"""Bytes asked for at each read at first: far more than SIP over UDP ever needs, and 0.7 us cheaper than `LARGEST`."""

LARGEST = 65_536
"""Bytes asked for once a datagram has filled `BUFFER`: more than any UDP payload."""

RECEIVE_BUFFER = 4 * 1024 * 1024
"""SO_RCVBUF asked for: some thousand messages may wait meanwhile. The system may give less."""

WORTHWHILE = 3.0
"""Datagrams per tick from which on polling is cheaper than being woken."""

WINDOW = 0.02
"""Seconds over which the rate is measured before the way of waiting is changed."""

_SO_RCVBUFFORCE = 33  # Linux; the module socket does not name it

_FULL = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS, errno.ENOMEM})


def open_socket(host: str, port: int, buffer: int | None = None) -> socket.socket:
    """A non-blocking UDP socket, bound.

    Args:
        host: an IP address.
        port: 0 for any free one.
        buffer: bytes of SO_RCVBUF; as many as SIP wants if None.

    Raises:
        OSError: it cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            # IPv4 has listeners of its own: no mapped addresses (::ffff:192.0.2.1) in Via.
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if buffer is None:
            _enlarge(sock)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
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

    __slots__ = ("_next_poll", "_rim", "_seen", "_since", "_size", "_socket", "_wide", "transmit")

    transmit: Callable[[bytes, Address], object]

    def __init__(self, rim: Rim, sock: socket.socket) -> None:
        host, port = sock.getsockname()[:2]
        super().__init__(Transport.UDP, (host, port))
        self._rim = rim
        self._socket = sock
        self._size = BUFFER
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
        """Take up to a batch and send what comes of it. Returns the number taken.

        First all are read, then all are handled, then all answers sent: the system's code and ours, each too large
        for the nearest cache, take turns three times a batch and not three times a datagram.
        """
        rim = self._rim
        batch = self._read()
        receive = rim.engine.receive
        observe = rim.observe
        if rim.keeper is not None and batch:
            rim.keep(batch, self, now)
        for data, source in batch:
            try:
                if observe is not None:
                    observe("in", data, self, source, now)
                receive(data, source, self, now)
            except Exception as error:  # noqa: BLE001 - the engine's bug must not cost the other calls
                rim.engine_error(error)
        rim.pump(now)
        return len(batch)

    def _read(self) -> list[tuple[bytes, Address]]:
        """What is waiting, up to a batch."""
        counters = self._rim.counters
        counters.wakeups += 1
        recvfrom = self._socket.recvfrom
        size = self._size
        batch: list[tuple[bytes, Address]] = []
        for _ in range(BATCH):
            try:
                received = recvfrom(size)
            except BlockingIOError:
                break
            except OSError:
                # Linux may report an ICMP error of an earlier datagram here; it does not say whose.
                counters.receive_failures += 1
                continue
            if len(received[0]) == size:
                size = self._size = LARGEST
                counters.datagrams_in += 1
                counters.cut += 1
                continue
            batch.append(received)
        counters.datagrams_in += len(batch)
        return [(data, source[:2]) for data, source in batch] if self._wide else batch

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
