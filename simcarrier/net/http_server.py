"""An ASGI application, served over HTTP by uvicorn in the loop that runs the carrier.

It knows nothing of what it serves. uvicorn is an extra, so whoever needs this module imports it where it is used.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from simcarrier.sip.transport import host_for_uri

LARGEST_HEAD = 16 * 1024
"""Bytes of a request's head."""

START = 5.0
"""Seconds that the server has to come up."""

_REACHABLE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class _Server(uvicorn.Server):
    """One without signal handlers, which the carrier's run has, and that does not wake the process up for nothing."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._over = asyncio.Event()

    def end(self) -> None:
        """Stop soon."""
        self.should_exit = True
        self._over.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        """Look once a second, for the Date of responses, where uvicorn's own loop looks ten times."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), 1.0)


class HttpServer:
    """Serves an application.

    Args:
        connections: so many at once, requests included; more are answered 503.
        idle: seconds that a connection is kept without a request.

    Attributes:
        url: where it is, such as ``http://127.0.0.1:8080``, with the real port; empty before `listen`.
    """

    def __init__(self, *, connections: int, idle: int) -> None:
        self.url = ""
        self._connections = connections
        self._idle = idle
        self._tls: ssl.SSLContext | None = None
        self._bound: socket.socket | None = None
        self._server: _Server | None = None
        self._running: asyncio.Task[None] | None = None

    def listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        """Take an address. Whoever connects from here on is served when `start` is called.

        Args:
            host: an IP address.
            port: 0 for any free one.
            tls: for https.

        Raises:
            OSError: it is taken, or this machine does not have it.
        """
        made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((host, port))
            made.listen(128)
            made.setblocking(False)
        except OSError:
            made.close()
            raise
        self._bound, self._tls = made, tls
        shown = host_for_uri(_REACHABLE.get(host, host))
        self.url = f"{'http' if tls is None else 'https'}://{shown}:{made.getsockname()[1]}"

    async def start(self, application: ASGIApp) -> None:
        """Serve."""
        assert self._bound is not None  # listen comes first
        config = uvicorn.Config(
            application,
            log_config=None,
            log_level="critical",  # what a stranger sends is nothing to tell the carrier's user of
            access_log=False,
            lifespan="off",
            ws="none",
            http="h11",
            h11_max_incomplete_event_size=LARGEST_HEAD,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=self._connections,
            timeout_keep_alive=self._idle,
            timeout_graceful_shutdown=1,
        )
        config.load()
        config.ssl = self._tls
        self._server = _Server(config)
        self._running = asyncio.ensure_future(self._server.serve(sockets=[self._bound]))
        async with asyncio.timeout(START):
            while not self._server.started and not self._running.done():
                await asyncio.sleep(0.001)

    async def close(self) -> None:
        """Stop; no harm if it was never started."""
        server, running, bound = self._server, self._running, self._bound
        self._server = self._running = self._bound = None
        if server is not None and running is not None:
            server.end()
            await running
        elif bound is not None:
            bound.close()
