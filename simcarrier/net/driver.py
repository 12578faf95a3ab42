"""The driver between the engine, the sockets and the clock.

It owns what `net` is made of (listeners, connections, the timer) and nothing of SIP. Bytes come in through
the sockets and go to the engine by themselves; whoever makes the engine speak otherwise (a test, the service)
calls `Driver.pump` afterwards.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
import ssl
from types import TracebackType
from typing import Self

from simcarrier.net.connections import Connections
from simcarrier.net.engine import Engine
from simcarrier.net.limits import Counters, Limits
from simcarrier.net.rim import Keeper, NetChannel, Observe, Rim
from simcarrier.net.tcp import StreamListener
from simcarrier.net.tls import client_context, server_context
from simcarrier.net.udp import UdpChannel, open_socket
from simcarrier.sip.transport import Address, ListenAddress, Transport

_WHY = {
    errno.EADDRINUSE: "the port is taken: choose another, or 0 for any free one",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.EACCES: "not allowed: ports below 1024 need privileges",
    errno.EAFNOSUPPORT: "this machine has no IPv6" if socket.has_ipv6 else "this Python has no IPv6",
}


class CannotListen(OSError):
    """A listener could not be opened.

    Attributes:
        address: where it was to listen.
        why: what stands in the way, in words.
    """

    def __init__(self, address: ListenAddress, why: str) -> None:
        super().__init__(f"cannot listen on {address}: {why}")
        self.address = address
        self.why = why


def source_host(destination: Address) -> str:
    """Our IP address on the way to a destination, as the system would choose it. Nothing is sent.

    Args:
        destination: an IP address and a port.

    Raises:
        OSError: there is no way there.
    """
    family = socket.AF_INET6 if ":" in destination[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.connect((destination[0], destination[1] or 9))
        host: str = sock.getsockname()[0]
        return host


class Driver:
    """Sockets and a clock for one engine. Made and used inside a running event loop.

    Args:
        engine: what to drive.
        loop: the event loop; None: the running one.
        limits: bounds on streams.
        coalesce: seconds that a busy UDP socket may collect datagrams (`simcarrier.net.udp`); 0: answer each
            at once.
        server_tls: the context of TLS listeners; None: `server_context`'s certificate, made on the fly when
            needed.
        client_tls: the context of TLS connections that we make; None: `client_context`, which trusts the
            system's roots.
        observe: sees every message in and out; None costs nothing.

    Attributes:
        listening: the listeners' addresses, in order.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        loop: asyncio.AbstractEventLoop | None = None,
        limits: Limits | None = None,
        coalesce: float = 0.002,
        server_tls: ssl.SSLContext | None = None,
        client_tls: ssl.SSLContext | None = None,
        observe: Observe | None = None,
    ) -> None:
        self._rim = Rim(engine, loop or asyncio.get_running_loop(), limits or Limits(), coalesce, observe)
        self._server_tls = server_tls
        self._client_tls = client_tls
        self._connections = Connections(self._rim, lambda: self._client_tls or client_context())
        self._udp: list[UdpChannel] = []
        self._ephemeral: dict[str, UdpChannel] = {}
        self._servers: list[StreamListener] = []
        self.listening: list[ListenAddress] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def server_tls(self) -> ssl.SSLContext | None:
        """The context of TLS listeners opened from here on."""
        return self._server_tls

    @server_tls.setter
    def server_tls(self, context: ssl.SSLContext | None) -> None:
        self._server_tls = context

    @property
    def counters(self) -> Counters:
        """What has happened since the start."""
        return self._rim.counters

    @property
    def errors(self) -> list[Exception]:
        """The first exceptions that came out of the engine; a test should find none."""
        return self._rim.errors

    @property
    def failed(self) -> asyncio.Future[None]:
        """Fails with the first exception that comes out of the engine; never done otherwise."""
        return self._rim.failed

    @property
    def observe(self) -> Observe | None:
        """Sees every message in and out."""
        return self._rim.observe

    @observe.setter
    def observe(self, observe: Observe | None) -> None:
        self._rim.observe = observe

    @property
    def keeper(self) -> Keeper | None:
        """Sees every message in and out, a batch at a time."""
        return self._rim.keeper

    @keeper.setter
    def keeper(self, keeper: Keeper | None) -> None:
        self._rim.keeper = keeper

    @property
    def connections(self) -> int:
        """How many connections are open or being opened."""
        return len(self._connections)

    @property
    def polled(self) -> bool:
        """Whether a UDP socket is busy enough to be polled."""
        return self._rim.polling > 0

    async def listen(self, address: ListenAddress) -> ListenAddress:
        """Open a listener.

        Returns:
            The address with the port that it got.

        Raises:
            CannotListen: it cannot be bound, or has no certificate.
        """
        try:
            if address.transport is Transport.UDP:
                channel = UdpChannel(self._rim, open_socket(address.host, address.port))
                self._udp.append(channel)
                port = channel.local[1]
            else:
                context = None
                if address.transport is Transport.TLS:
                    if self._server_tls is None:
                        self._server_tls = server_context()
                    context = self._server_tls
                server = StreamListener(self._rim, self._connections, address.transport, context)
                await server.start(address.host, address.port)
                self._servers.append(server)
                port = server.local[1]
        except OSError as error:
            why = _WHY.get(error.errno or 0) or error.strerror or str(error)
            raise CannotListen(address, why) from error
        except RuntimeError as error:  # no cryptography: the text tells what to do
            raise CannotListen(address, str(error)) from error
        bound = ListenAddress(address.transport, address.host, port)
        self.listening.append(bound)
        return bound

    def channel_for(self, transport: Transport, destination: Address, server_name: str | None = None) -> NetChannel:
        """The channel for a request of ours.

        UDP: the first listener that reaches the destination, or else a socket on a free port, kept for later
        ones. TCP and TLS: the connection that is open, or a new one; what is sent meanwhile waits for it, and
        ``channel.local`` has port 0 until it stands.

        Args:
            transport: how to reach it.
            destination: an IP address and a port.
            server_name: for TLS: the name that the peer's certificate must carry; None: the IP address.

        Raises:
            ValueError: the destination's host is a name.
            OSError: there is no way there, or the driver is closing.
        """
        target = ipaddress.ip_address(destination[0])
        if self._rim.closing:
            raise ConnectionAbortedError("the driver is closing")
        # One spelling for each address: connections are found by it.
        destination = (str(target), destination[1])
        source = source_host(destination)
        if transport is not Transport.UDP:
            return self._connections.channel(transport, destination, server_name, source)
        for channel in self._udp:
            own = ipaddress.ip_address(channel.local[0])
            if own.version == target.version and (
                own.is_unspecified or channel.local[0] == source or (own.is_loopback and target.is_loopback)
            ):
                return channel
        if source not in self._ephemeral:
            self._ephemeral[source] = UdpChannel(self._rim, open_socket(source, 0))
        return self._ephemeral[source]

    def pump(self, now: float | None = None) -> None:
        """Send what the engine has put out and see to its next deadline: after any call of the engine.

        Args:
            now: the loop's clock, if it is at hand.
        """
        self._rim.pump(self._rim.loop.time() if now is None else now)

    async def close(self) -> None:
        """Send what is left in ``engine.out``, flush, close everything. A second call does nothing."""
        rim = self._rim
        if rim.closing:
            return
        self.pump()
        rim.closing = True
        rim.stop()
        for channel in (*self._udp, *self._ephemeral.values()):
            channel.close()
        for server in self._servers:
            server.stop()
        await self._connections.close()
