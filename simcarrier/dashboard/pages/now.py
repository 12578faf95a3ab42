"""Now: what the carrier does at the moment, and switches to make it do something else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simcarrier.conditions import MEANINGS
from simcarrier.web.problems import NOT_FOUND, Problem

from .. import templating
from ..now import standing
from ..now.columns import Chart
from ..now.meter import STEP, STEPS
from ..now.switching import Told, switching_routes
from ..pulse import Parts
from ..running import Running

if TYPE_CHECKING:
    from ..site import Site

NAME: Final = "Now"
PATH: Final = "/"
LIVE: Final = "/now/parts"

TEMPLATE: Final = "now.html"

PARTS: Final = ("figures", "lines", "codes", "customers", "skies", "forced", "outcomes")
"""Ids of the parts; the block of each is called ``part_`` and the id, and shows the value of that name."""


class View:
    """What the page shows of a carrier; HTML is made anew only of what has changed."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._chart = Chart()
        self._judgement = standing.Judgement(running)
        self._made: dict[str, tuple[object, str]] = {}

    def values(self) -> dict[str, Any]:
        """By the id of the part that shows it."""
        running = self._running
        return {
            "figures": standing.figures(running),
            "lines": standing.lines(running),
            "codes": standing.codes(running, self._chart),
            "customers": standing.customers(running),
            "skies": standing.skies(running),
            "forced": standing.forced(running),
            "outcomes": self._judgement.outcomes(),
        }

    def parts(self) -> Parts:
        """The HTML of each part."""
        for name, value in self.values().items():
            made = self._made.get(name)
            if made is None or made[0] != value:
                html = templating.block(TEMPLATE, f"part_{name}", {name: value, **FIXED})
                self._made[name] = (value, html)
        return {name: html for name, (_, html) in self._made.items()}


FIXED: Final[Mapping[str, Any]] = {"minutes": round(STEPS * STEP / 60)}


def routes(site: Site) -> list[Route]:
    """The routes of the page, and of its forms."""
    running = site.sources.running
    view = None if running is None else View(running)

    def page(request: Request, told: Told, wrong: Mapping[str, str], status: int = 200) -> Response:
        if running is None or view is None:
            return site.page(request, TEMPLATE, {"carrier": None, "stored": site.sources.book is not None})
        values = {
            "carrier": running.carrier,
            "live": LIVE,
            "meanings": MEANINGS,
            "told": told,
            "wrong": wrong,
            **FIXED,
            **view.values(),
        }
        return site.page(request, TEMPLATE, values, status)

    async def show(request: Request) -> Response:
        return page(request, {}, {})

    async def parts(request: Request) -> Response:
        if view is None:
            raise Problem(NOT_FOUND, "no carrier runs here")
        return site.moving(LIVE, None, view.parts)

    def refuse(request: Request, told: Told, wrong: Mapping[str, str]) -> Response:
        return page(request, told, wrong, 422)

    return [Route(PATH, show), Route(LIVE, parts), *switching_routes(site, refuse)]
