"""SIP over TCP and TLS: one connection, and the listener that accepts them (RFC 3261 sections 18.1 and 18.2).

A connection is an asyncio Protocol, without a task or a queue of its own: bytes come in, the framer cuts
them, the engine takes them, and its answers are written before the callback returns. TLS lies below: once the
handshake is done nothing here differs.

A response goes back over the connection its request came on; is that closed, a new one is opened to the
address the engine gave (section 18.2.2). A stream that cannot be followed any more is closed after the answer
to its last head.

TLS handshakes of incoming connections run on an accepted TCP connection (`loop.start_tls`) rather than inside
`create_server`, since asyncio tells nobody of a connection before its handshake is done: the unfinished ones
would not count towards the limit of connections.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from typing import TYPE_CHECKING, cast

from simcarrier.net.rim import NetChannel, Rim
from simcarrier.sip.framing import PONG, Message, Ping, StreamFramer
from simcarrier.sip.transport import Address, Transport

if TYPE_CHECKING:
    from simcarrier.net.connections import Connections

SHUTDOWN = 2.0
"""Seconds that a peer has to say goodbye in TLS (close_notify) once we have."""

_NOWHERE = ("", 0)


class StreamChannel(NetChannel, asyncio.Protocol):
    """One TCP or TLS connection, being made, open or closed.

    Attributes:
        heard: when the last message, in or out, was complete; the idle limit counts from here.
        begun: when the message that is half here began; None when nothing is half here.
        busy: something was sent since the last look at ``heard``.
        opened: the connection has been open at some time.
        under: the TCP connection on which a TLS handshake is under way.
        failure: why it could not be made; None if it could, or is still being made.
    """

    __slots__ = (
        "_connections",
        "_framer",
        "_gone",
        "_listener",
        "_rim",
        "_waiting",
        "_wire",
        "begun",
        "busy",
        "failure",
        "heard",
        "opened",
        "under",
    )

    def __init__(
        self,
        rim: Rim,
        connections: Connections,
        transport: Transport,
        local: Address,
        remote: Address,
        listener: StreamListener | None = None,
    ) -> None:
        super().__init__(transport, local, remote)
        self._rim = rim
        self._connections = connections
        self._listener = listener
        self._framer = StreamFramer(rim.limits.head, rim.limits.body)
        self._wire: asyncio.Transport | None = None
        self._waiting: list[bytes] = []
        self._gone = False
        self.opened = False
        self.under: asyncio.Transport | None = None
        self.heard = rim.loop.time()
        self.begun: float | None = None
        self.busy = False
        self.failure: OSError | None = None

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The TCP connection stands, or, for one that we made, TLS too."""
        wire = cast("asyncio.Transport", transport)
        if self._listener is not None:
            self._listener.accepted(self, wire)
        else:
            self.open(wire)

    def data_received(self, data: bytes) -> None:
        """Cut messages, hand them in, send the answers."""
        if self.closed:
            return
        rim = self._rim
        counters = rim.counters
        remote = self.remote or _NOWHERE
        now = rim.loop.time()
        self.opened = True
        pings = 0
        whole = broken = False
        for frame in self._framer.feed(data):
            if isinstance(frame, Message):
                whole = True
                counters.messages_in += 1
                rim.receive(frame.data, remote, self, now)
            elif isinstance(frame, Ping):
                pings += 1
            else:
                broken = True
                counters.broken += 1
                if frame.head:
                    rim.receive(frame.head, remote, self, now)
        if pings:
            whole = True
            counters.pings += pings
            # Written at once: thousands may come in one piece.
            self._write(PONG * pings)
        if whole:
            self.heard = now
        if not self._framer.partial:
            self.begun = None
        elif whole or self.begun is None:
            self.begun = now
        rim.pump(now)
        if broken:
            self.end()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone, by either side's will."""
        self.lost()

    # our side

    def open(self, wire: asyncio.Transport) -> None:
        """The connection can carry messages: send those that wait."""
        if self._gone:
            wire.abort()
            return
        self._wire = wire
        self.name_ends(wire)
        self.under = None
        self.opened = True
        self.heard = self._rim.loop.time()
        self._connections.opened(self)
        waiting, self._waiting = self._waiting, []
        for data in waiting:
            self._write(data)
        if self.closed:
            # TLS hands over what came right behind the handshake before it says that it is done.
            wire.close()

    def name_ends(self, wire: asyncio.Transport) -> None:
        """Take over both addresses. A peer that is gone by now has none; `lost` follows."""
        self.local = (wire.get_extra_info("sockname") or self.local)[:2]
        self.remote = (wire.get_extra_info("peername") or self.remote or _NOWHERE)[:2]

    def transmit(self, data: bytes, destination: Address, /) -> None:
        """Write the bytes, or keep them until the connection stands, or send them over another one."""
        if self.closed:
            # Once the connection of a request is closed, its response needs another (RFC 3261 section
            # 18.2.2).
            self._connections.channel(self.transport, destination).transmit(data, destination)
            return
        self._write(data)
        self.busy = True
        self._rim.counters.messages_out += 1

    def _write(self, data: bytes) -> None:
        wire = self._wire
        limits = self._rim.limits
        if wire is None:
            if len(self._waiting) >= limits.waiting:
                raise OSError(errno.ENOBUFS, "too many messages wait for a connection")
            self._waiting.append(data)
            return
        wire.write(data)
        if wire.get_write_buffer_size() > limits.unread and not self.closed:
            self._rim.counters.closed_unread += 1
            self.abort()

    def transmit_failed(self, error: OSError, destination: Address) -> None:
        """Count the loss; the engine is told, since nothing repeats it on a reliable transport."""
        self._rim.counters.dropped += 1
        if not self._rim.closing:
            self._rim.transport_failed(self, destination)

    def end(self) -> None:
        """Close once all that is written has gone out. `Engine.channel_closed` follows."""
        self.closed = True
        if self._wire is not None:
            self._wire.close()

    def abort(self) -> None:
        """Close at once."""
        self.closed = True
        if self._wire is not None:
            self._wire.abort()

    def lost(self) -> None:
        """Take note, once, that there is no connection behind this channel any more."""
        if self._gone:
            return
        self._gone = self.closed = True
        self._wire = None
        if self.under is not None:
            self.under.abort()
            self.under = None
        self._waiting.clear()
        self._connections.forget(self)
        if self._listener is not None:
            self._listener.count -= 1
        if self.opened and not self._rim.closing:
            self._rim.channel_closed(self)


class StreamListener:
    """A listening TCP socket, with TLS on top if a context is given.

    Attributes:
        count: connections accepted and not yet gone, handshakes included.
        local: the bound address.
    """

    def __init__(
        self, rim: Rim, connections: Connections, transport: Transport, context: ssl.SSLContext | None
    ) -> None:
        self._rim = rim
        self._connections = connections
        self._context = context
        self._server: asyncio.Server | None = None
        self.transport = transport
        self.local: Address = _NOWHERE
        self.count = 0

    async def start(self, host: str, port: int) -> None:
        """Bind and listen. ``host`` is an IP address, port 0 takes a free one.

        Raises:
            OSError: it cannot be bound.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # asyncio turns Nagle's algorithm off only where the protocol is named; else a second response waits 40 ms.
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                # IPv4 has listeners of its own: no mapped addresses (::ffff:192.0.2.1) in Via.
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setblocking(False)
            sock.bind((host, port))
            self.local = sock.getsockname()[:2]
            self._server = await self._rim.loop.create_server(self._channel, sock=sock, backlog=1024)
        except BaseException:
            sock.close()
            raise

    def _channel(self) -> StreamChannel:
        return StreamChannel(self._rim, self._connections, self.transport, self.local, _NOWHERE, self)

    def accepted(self, channel: StreamChannel, wire: asyncio.Transport) -> None:
        """A TCP connection has come in."""
        rim = self._rim
        self.count += 1
        self._connections.began(channel)
        if rim.closing or self.count > rim.limits.connections:
            rim.counters.refused += 1
            channel.closed = True
            wire.abort()
            return
        rim.counters.accepted += 1
        channel.name_ends(wire)
        if self._context is None:
            channel.open(wire)
        else:
            # What the peer sends now belongs to TLS: nobody may read it before start_tls.
            wire.pause_reading()
            channel.under = wire
            self._connections.run(channel, self._handshake(channel, wire, self._context))

    async def _handshake(self, channel: StreamChannel, wire: asyncio.Transport, context: ssl.SSLContext) -> None:
        rim = self._rim
        try:
            secure = await rim.loop.start_tls(
                wire,
                channel,
                context,
                server_side=True,
                ssl_handshake_timeout=rim.limits.handshake,
                ssl_shutdown_timeout=SHUTDOWN,
            )
        except OSError:  # ssl.SSLError and time-outs are OSErrors too
            rim.counters.handshake_failures += 1
            secure = None
        if secure is None:
            channel.lost()
        else:
            channel.open(secure)

    def stop(self) -> None:
        """Listen no more. Connections stay."""
        if self._server is not None:
            self._server.close()
