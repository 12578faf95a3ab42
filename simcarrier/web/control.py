"""The control port of a run: an attachment that serves the API beside the carrier, in the same loop.

Whoever stands on it (`simcarrier.dashboard`) may serve pages beside the API: further routes, which see its `Api`.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import ClassVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from simcarrier.attachment import Attachment, CannotAttach, Findings
from simcarrier.net.http_server import HttpServer
from simcarrier.service import CarrierService

from .access import Access, WebAddress
from .api import Api, Asked
from .guarded import Guarded
from .openapi import document
from .operations import OPERATIONS, Operation
from .parameters import read_query
from .problems import BAD_PARAMETERS, BROKEN, METHOD, NOT_FOUND, Problem, Wrong
from .rules import named
from .words import answer

MOST_CONNECTIONS = 200
"""Connections and requests at once; more are answered 503."""

IDLE = 30
"""Seconds that a connection is kept without a request."""

logger = logging.getLogger("simcarrier.web")


class Control(Attachment):
    """Serves the API.

    Args:
        address: where to listen.
        token: what every request must bring; None for nothing.
        browsers: whether a browser may bring it once, to log in (`Access`).

    Raises:
        simcarrier.web.access.NoToken: the address needs one.
    """

    what: ClassVar[str] = "control"
    """What is served, where it is told that it cannot be."""

    def __init__(self, address: WebAddress, token: str | None = None, *, browsers: bool = False) -> None:
        self._address = address
        self._access = Access(address, token, browsers=browsers)
        self._server = HttpServer(connections=MOST_CONNECTIONS, idle=IDLE)
        self._api: Api | None = None

    @property
    def url(self) -> str:
        """Where it is, such as ``http://127.0.0.1:8080``."""
        return self._server.url

    async def attach(self, carrier: CarrierService) -> None:
        """Take the address; rules without a name get the one that reports give them."""
        carrier.scenario = named(carrier.scenario)
        try:
            self._server.listen(self._address.host, self._address.port)
        except OSError as error:
            taken = ": the port is taken, choose another, or 0 for any" if error.errno == errno.EADDRINUSE else ""
            why = taken or f": {error.strerror or error}"
            raise CannotAttach(f"{self.what} cannot listen on {self._address}{why}") from error
        carrier.control = self.url

    async def started(self, carrier: CarrierService) -> None:
        """Serve."""
        self._api = api = Api(carrier)
        await self._server.start(Guarded(application(api, self.pages(carrier, api)), self._access))

    def pages(self, carrier: CarrierService, api: Api) -> Iterable[BaseRoute]:
        """Further routes, beside those of the API."""
        return ()

    async def finished(self, carrier: CarrierService, findings: Findings) -> None:
        """Tell whoever waits that it is over, and close."""
        if self._api is not None:
            self._api.close()
        await self._server.close()


def application(api: Api, pages: Iterable[BaseRoute] = ()) -> Starlette:
    """The API as an application.

    Args:
        api: what it does.
        pages: further routes.
    """
    routes: list[BaseRoute] = []
    by_path: dict[str, dict[str, Callable[[Request], Awaitable[Response]]]] = {}
    for operation in OPERATIONS:
        by_path.setdefault(operation.path, {})[operation.method] = _endpoint(api, operation)
    by_path["/openapi.json"] = {"GET": _document}
    for path, endpoints in by_path.items():
        routes.append(Route(path, _by_method(endpoints), methods=list(endpoints)))
    made = Starlette(routes=[*routes, *pages], exception_handlers={Problem: _problem, HTTPException: _of_http})
    made.router.redirect_slashes = False
    return made


def _by_method(endpoints: dict[str, Callable[[Request], Awaitable[Response]]]) -> Callable[..., Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await endpoints["GET" if request.method == "HEAD" else request.method](request)

    return endpoint


def _endpoint(api: Api, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    do: Callable[[Asked], Awaitable[Response]] = getattr(api, operation.name)

    async def endpoint(request: Request) -> Response:
        try:
            values = read_query(request.scope["query_string"], operation.query)
            for parameter in operation.inside:
                try:
                    values[parameter.name] = parameter.read(request.path_params[parameter.name])
                except ValueError as why:
                    raise Problem(
                        BAD_PARAMETERS, f'"{parameter.name}" {why}', [Wrong(parameter.name, str(why))]
                    ) from None
            return await do(Asked(request, values))
        except Problem:
            raise
        except Exception:  # a bug of one operation must cost neither the carrier nor the others
            logger.exception("%s %s went wrong", operation.method, operation.path)
            return Problem(BROKEN, "this is a bug of simcarrier; its output has more").response()

    return endpoint


async def _document(request: Request) -> Response:
    read_query(request.scope["query_string"], ())
    return answer(document())


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # Starlette picks the handler by the type
    return error.response()


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # as above
    if error.status_code == METHOD.status:
        allowed = (error.headers or {}).get("Allow", "")
        return Problem(METHOD, f"use one of {allowed}", headers={"Allow": allowed}).response()
    return Problem(NOT_FOUND, f"there is nothing at {request.url.path[:200]}; /openapi.json tells what is").response()
