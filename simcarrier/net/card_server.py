"""The small web server that hands out the cards of 608s.

It answers GET for the names that it is given and nothing else: an unknown name, an old one and a malformed one get the
same 404, so nobody learns which calls there were. A name may lead to another address (302). Starlette and uvicorn do
the HTTP, in the loop that runs the carrier. They are an extra, imported when a scenario wants cards served.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from .http_server import HttpServer

LONGEST_NAME = 64
"""Characters of a name that is looked for at all."""

MOST_CONNECTIONS = 500
"""Connections at once; more are answered 503. A card is asked for once per call that was blocked."""

IDLE = 5
"""Seconds that a connection is kept without a request."""


class NoWebServer(RuntimeError):
    """The extra ``web`` is not installed."""

    def __init__(self, package: str) -> None:
        super().__init__(f"serving cards needs the package {package}: pip install 'simcarrier[web]'")


class CardServer:
    """Serves what a look-up finds.

    Args:
        find: gives the bytes that stand under a name, the address to which it has moved, or None.

    Attributes:
        base: the address under which the names stand, such as ``http://127.0.0.1:40123``; empty before `start`.
    """

    def __init__(self, find: Callable[[str], bytes | str | None]) -> None:
        self.base = ""
        self._find = find
        self._server: HttpServer | None = None

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
            from starlette.applications import Starlette
            from starlette.routing import Route

            from .http_server import HttpServer
        except ImportError as error:
            raise NoWebServer(error.name or "uvicorn") from error

        server = HttpServer(connections=MOST_CONNECTIONS, idle=IDLE)
        server.listen(host, port, tls)
        await server.start(Starlette(routes=[Route("/{name:path}", self._answer, methods=["GET"])]))
        self._server = server
        self.base = server.url

    async def _answer(self, request: Request) -> Response:
        from starlette.responses import Response

        name = request.path_params["name"]
        found = self._find(name) if len(name) <= LONGEST_NAME else None
        if found is None:
            return Response(status_code=404)
        if isinstance(found, str):
            return Response(status_code=302, headers={"Location": found, "Cache-Control": "no-store"})
        kind = "application/pem-certificate-chain" if name.endswith(".pem") else "application/jose"
        return Response(found, media_type=kind, headers={"Cache-Control": "no-store"})

    async def close(self) -> None:
        """Stop; no harm if it was never started."""
        server, self._server = self._server, None
        if server is not None:
            await server.close()
