"""The open connections: found again by transport and peer, made when there is none, closed when they idle.

A request to a peer goes over the connection that is open to it, whoever opened it (RFC 3261 section 18 leaves
that free, RFC 5923 makes it a rule). One sweep, a few times within the shortest limit, looks for connections
that idle or
dawdle: a timer for each, moved at each message, would cost more than the message's framing.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine

from simcarrier.net.rim import Rim
from simcarrier.net.tcp import SHUTDOWN, StreamChannel
from simcarrier.sip.transport import Address, Transport


class Connections:
    """All TCP and TLS connections of one driver.

    Args:
        rim: what the driver's sockets share.
        client_context: gives the TLS context for connections that we make; asked at the first of them.
    """

    def __init__(self, rim: Rim, client_context: Callable[[], ssl.SSLContext]) -> None:
        self._rim = rim
        self._client_context = client_context
        self._context: ssl.SSLContext | None = None
        self._by_peer: dict[tuple[Transport, Address], StreamChannel] = {}
        self._live: set[StreamChannel] = set()
        self._tasks: dict[StreamChannel, asyncio.Task[None]] = {}
        self._sweeper: asyncio.TimerHandle | None = None
        self._emptied: asyncio.Future[None] | None = None
        limits = rim.limits
        self._interval = min(1.0, min(limits.idle, limits.message) / 4)

    def __len__(self) -> int:
        return len(self._live)

    def channel(
        self, transport: Transport, destination: Address, server_name: str | None = None, source: str = ""
    ) -> StreamChannel:
        """The connection to a peer: the open one, the one being made, or a new one.

        Args:
            transport: TCP or TLS.
            destination: an IP address and a port.
            server_name: the name that the peer's certificate must carry; None: the IP address.
            source: our host, for ``channel.local`` until the connection stands and the system tells.

        Raises:
            ConnectionAbortedError: the driver is closing.
        """
        key = (transport, destination)
        channel = self._by_peer.get(key)
        if channel is not None and not channel.closed:
            return channel
        if self._rim.closing:
            raise ConnectionAbortedError("the driver is closing")
        channel = StreamChannel(self._rim, self, transport, (source, 0), destination)
        self._by_peer[key] = channel
        self.began(channel)
        self.run(channel, self._connect(channel, destination, server_name))
        return channel

    async def _connect(self, channel: StreamChannel, destination: Address, server_name: str | None) -> None:
        rim = self._rim
        host, port = destination
        try:
            async with asyncio.timeout(rim.limits.connect):
                if channel.transport is Transport.TLS:
                    if self._context is None:
                        self._context = self._client_context()
                    await rim.loop.create_connection(
                        lambda: channel,
                        host,
                        port,
                        ssl=self._context,
                        server_hostname=server_name or host,
                        ssl_shutdown_timeout=SHUTDOWN,
                    )
                else:
                    await rim.loop.create_connection(lambda: channel, host, port)
            rim.counters.connected += 1
        except OSError as error:  # refused, unreachable, not in time, or TLS failed
            channel.failure = error
            channel.lost()
            if not rim.closing:
                rim.transport_failed(channel, destination)

    # what channels tell

    def began(self, channel: StreamChannel) -> None:
        """A connection is accepted or being made."""
        self._live.add(channel)
        if self._sweeper is None and not self._rim.closing:
            self._sweeper = self._rim.loop.call_later(self._interval, self._sweep)

    def run(self, channel: StreamChannel, work: Coroutine[object, object, None]) -> None:
        """Open the channel in a task of its own, cancelled by `close`."""
        task = self._rim.loop.create_task(work)
        self._tasks[channel] = task
        task.add_done_callback(lambda done: self._worked(channel, done))

    def _worked(self, channel: StreamChannel, task: asyncio.Task[None]) -> None:
        self._tasks.pop(channel, None)
        if task.cancelled():
            channel.lost()
            return
        error = task.exception()
        if error is None:
            return
        # Not a failure of the network: a TLS context that could not be made, or a bug of ours. It must be
        # seen.
        destination = channel.remote
        channel.lost()
        if isinstance(error, Exception):
            self._rim.engine_error(error)
        if destination is not None and not self._rim.closing:
            self._rim.transport_failed(channel, destination)

    def opened(self, channel: StreamChannel) -> None:
        """A connection can carry messages from now on."""
        if channel.remote is not None and not channel.closed:
            self._by_peer.setdefault((channel.transport, channel.remote), channel)

    def forget(self, channel: StreamChannel) -> None:
        """A connection is gone."""
        self._live.discard(channel)
        if channel.remote is not None:
            key = (channel.transport, channel.remote)
            if self._by_peer.get(key) is channel:
                del self._by_peer[key]
        if not self._live:
            if self._sweeper is not None:
                self._sweeper.cancel()
                self._sweeper = None
            if self._emptied is not None and not self._emptied.done():
                self._emptied.set_result(None)

    def _sweep(self) -> None:
        rim = self._rim
        limits = rim.limits
        now = rim.loop.time()
        self._sweeper = rim.loop.call_later(self._interval, self._sweep)
        for channel in list(self._live):
            if not channel.opened or channel.closed:
                continue  # opening and closing have limits of their own
            if channel.busy:
                channel.busy = False
                channel.heard = now
            if channel.begun is not None and now - channel.begun > limits.message:
                rim.counters.closed_slow += 1
                channel.abort()
            elif now - channel.heard > limits.idle:
                rim.counters.closed_idle += 1
                channel.end()

    async def close(self) -> None:
        """Close all connections, at most ``limits.grace`` seconds after the last bytes were written."""
        loop = self._rim.loop
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for channel in list(self._live):
            channel.end()
        # Twice: those that do not go by themselves are cut off, which takes a turn or two of the loop.
        for _ in range(2):
            if not self._live:
                break
            self._emptied = loop.create_future()
            await asyncio.wait([self._emptied], timeout=self._rim.limits.grace)
            for channel in list(self._live):
                channel.abort()
        # The transports close their sockets right after they have told us.
        for _ in range(3):
            await asyncio.sleep(0)
