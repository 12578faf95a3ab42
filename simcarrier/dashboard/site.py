"""All pages as routes, and what they share: the way from one to the next, what stands still, what moves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from simcarrier.extras import MissingExtra
from simcarrier.stores.store import StoreDown, StoreFault
from simcarrier.web.access import STATIC, Access
from simcarrier.web.problems import Kind, Problem

from . import templating
from .login import login_routes
from .pages import PAGES
from .pulse import Make, Pulse
from .sources import Sources

_FOLDER: Final = Path(__file__).parent
_THEME: Final = _FOLDER.parent / "artefacts" / "theme.css"
_CHARTS: Final = _FOLDER / "static" / "vendor" / "uPlot.iife.min.js"
"""What draws charts; it is fetched when the package is built, and the pages do without it where it was not."""

NO_RECORDS: Final = Kind("no-records", 503, "The records cannot be read")
"""What pages tell beside the problems of the API."""

Endpoint = Callable[[Request], Awaitable[Response]]


class Site:
    """The pages.

    Args:
        sources: what they show.

    Attributes:
        sources: these.
        pulse: what moves on them.
    """

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.pulse = Pulse()
        self._charts = _CHARTS.is_file()

    def page(self, request: Request, template: str, values: Mapping[str, Any], status: int = 200) -> Response:
        """A page with its frame.

        Args:
            request: for it.
            template: its file.
            values: what it shows.
            status: of the response.
        """
        return templating.page(template, self.frame(request) | dict(values), status)

    def frame(self, request: Request) -> dict[str, Any]:
        """What the frame of every page shows."""
        here = request.url.path
        ways = [
            {
                "name": page.NAME,
                "path": page.PATH,
                "here": here == page.PATH or here.startswith(f"{page.PATH.rstrip('/')}/"),
            }
            for page in PAGES
        ]
        if here != "/" and not here.startswith("/now/"):
            ways[0]["here"] = False
        return {
            "ways": ways,
            "about": self.sources.name,
            "charts": self._charts,
            "live": None,
            "refresh": None,
        }

    def moving(self, path: str, key: object, make: Make) -> Response:
        """The stream of a view's parts.

        Args:
            path: of the view.
            key: its parameters.
            make: makes the parts.
        """
        return self.pulse.stream((path, key), make)

    def routes(self, access: Access | None = None) -> list[BaseRoute]:
        """All routes.

        Args:
            access: who is let in, where browsers have to log in.
        """
        found: list[BaseRoute] = [self._told(route) for page in PAGES for route in page.routes(self)]
        if access is not None and access.asks_browsers:
            found += login_routes(access)
        return [*found, *STILL]

    def _told(self, route: Route) -> Route:
        """The same route, where a refusal is told on a page to those who look for one."""
        do: Endpoint = route.endpoint

        async def endpoint(request: Request) -> Response:
            try:
                return await do(request)
            except (StoreDown, StoreFault, MissingExtra) as why:
                problem = Problem(NO_RECORDS, str(why))
            except Problem as why:
                problem = why
            if "text/html" not in request.headers.get("accept", ""):
                return problem.response()
            values = {"title": problem.kind.title, "detail": problem.detail, "errors": problem.errors}
            return self.page(request, "problem.html", values, problem.kind.status)

        return Route(route.path, endpoint, methods=[*(route.methods or ("GET",))])


async def _theme(request: Request) -> Response:
    return FileResponse(_THEME, media_type="text/css")


async def _icon(request: Request) -> Response:
    return RedirectResponse(f"{STATIC}icon.svg", 301)


STILL: Final[tuple[BaseRoute, ...]] = (
    Route(f"{STATIC}theme.css", _theme),
    Route("/favicon.ico", _icon),
    Mount(STATIC.rstrip("/"), StaticFiles(directory=_FOLDER / "static")),
)
"""Style sheets and scripts."""
