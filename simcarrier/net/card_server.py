"""The small web server that hands out the cards of 608s.

It answers GET for the names that it is given and nothing else: an unknown name, an old one and a malformed one get the
same 404, so nobody learns which calls there were. Starlette and uvicorn do the HTTP, in the loop that runs the carrier.
They are an extra, imported when a scenario wants cards served.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from simcarrier.sip.transport import host_for_uri

if TYPE_CHECKING:
    import uvicorn
    from starlette.requests import Request
    from starlette.responses import Response

LONGEST_NAME = 64
"""Characters of a name that is looked for at all."""

MOST_CONNECTIONS = 500
"""Connections at once; more are answered 503. A card is asked for once per call that was blocked."""

IDLE = 5
"""Seconds that a connection is kept without a request."""

START = 5.0
"""Seconds that the server has to come up."""


class NoWebServer(RuntimeError):
    """The extra ``web`` is not installed."""

    def __init__(self, package: str) -> None:
        super().__init__(f"serving cards needs the package {package}: pip install 'simcarrier[web]'")


class CardServer:
    """Serves what a look-up finds.

    Args:
        find: gives the bytes that stand under a name, None if there are none.

    Attributes:
        base: the address under which the names stand, such as ``http://127.0.0.1:40123``; empty before `start`.
    """

    def __init__(self, find: Callable[[str], bytes | None]) -> None:
        self.base = ""
        self._find = find
        self._server: uvicorn.Server | None = None
        self._running: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        """Listen.

        Args:
            host: an IP address.
            port: 0 for any free one.
            tls: for https.

        Raises:
            OSError: the address is taken or does not exist.
            NoWebServer: a package is missing.
        """
        try:
            import uvicorn
            from starlette.applications import Starlette
            from starlette.routing import Route
        except ImportError as error:
            raise NoWebServer(error.name or "uvicorn") from error

        class Server(uvicorn.Server):
            """One without signal handlers: the carrier's run has its own."""

            @contextlib.contextmanager
            def capture_signals(self) -> Iterator[None]:
                yield

        bound = _listening(host, port)
        application = Starlette(routes=[Route("/{name:path}", self._answer, methods=["GET"])])
        config = uvicorn.Config(
            application,
            log_config=None,
            log_level="critical",  # what a stranger sends is nothing to tell the carrier's user of
            access_log=False,
            lifespan="off",
            ws="none",
            proxy_headers=False,
            server_header=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=IDLE,
            timeout_graceful_shutdown=1,
        )
        config.load()
        config.ssl = tls
        self._server = Server(config)
        self._running = asyncio.ensure_future(self._server.serve(sockets=[bound]))
        async with asyncio.timeout(START):
            while not self._server.started and not self._running.done():
                await asyncio.sleep(0.001)
        at = bound.getsockname()
        reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(at[0], at[0])
        self.base = f"{'http' if tls is None else 'https'}://{host_for_uri(reachable)}:{at[1]}"

    async def _answer(self, request: Request) -> Response:
        from starlette.responses import Response

        name = request.path_params["name"]
        found = self._find(name) if len(name) <= LONGEST_NAME else None
        if found is None:
            return Response(status_code=404)
        kind = "application/pem-certificate-chain" if name.endswith(".pem") else "application/jose"
        return Response(found, media_type=kind, headers={"Cache-Control": "no-store"})

    async def close(self) -> None:
        """Stop; no harm if it was never started."""
        server, running = self._server, self._running
        if server is None or running is None:
            return
        self._server = self._running = None
        server.should_exit = True
        await running


def _listening(host: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(128)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made
