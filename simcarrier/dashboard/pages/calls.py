"""Calls: those of the carrier that runs, as they come, and those that are stored; one filter for both."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simcarrier.web.problems import BAD_PARAMETERS, NOT_FOUND, Problem, Wrong

from .. import templating
from ..calls.filter_fields import FIELDS
from ..calls.filters import Fault, Filter, FilterFault, parse
from ..calls.latest import LatestCalls
from ..calls.lines import LinesOfRecords, html_of, line_of_row
from ..calls.stored import Page, Place, Search, find, milliseconds
from ..pulse import Parts
from ..running import Running
from .call import call_routes

if TYPE_CHECKING:
    from ..site import Site

NAME: Final = "Calls"
PATH: Final = "/calls"
PARTS: Final = "/calls/parts"

TEMPLATE: Final = "calls.html"

REFRESH: Final = 5
"""Seconds after which the newest stored calls are fetched again."""

NONE_STORED: Final = "No calls are stored yet: they come with a run, a probe, or an import of records."

MOST_VIEWS: Final = 8
"""Lists whose stream has not come yet, of which what was found is kept for it."""


class View:
    """The list of one filter."""

    def __init__(self, running: Running, lines: LinesOfRecords, wanted: Filter) -> None:
        self._latest = LatestCalls(running.api.seen, wanted.test())
        self._lines = lines
        self._uri = running.carrier.uri

    def values(self) -> dict[str, Any]:
        """What it shows."""
        found = self._latest.look()
        nothing = "No call matches." if found.all else f"No call has come yet. Call {self._uri}"
        return {"lines": self._lines.of(found.rows), "found": found, "nothing": nothing}

    def parts(self) -> Parts:
        """The HTML of each part."""
        values = self.values()
        return {name: templating.block(TEMPLATE, f"part_{name}", values) for name in ("counts", "lines")}


class Views:
    """Lists of a carrier that runs: what a page has found is there for the stream that follows it."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._lines = LinesOfRecords()
        self._waiting: dict[str, View] = {}

    def open(self, text: str) -> View:
        """The list for a page.

        Raises:
            FilterFault: the filter is none.
        """
        view = View(self._running, self._lines, parse(text, time.time()))
        self._waiting.pop(text, None)
        self._waiting[text] = view
        if len(self._waiting) > MOST_VIEWS:
            self._waiting.pop(next(iter(self._waiting)))
        return view

    def follow(self, text: str) -> View:
        """The list for a stream.

        Raises:
            FilterFault: the filter is none.
        """
        waiting = self._waiting.pop(text, None)
        return waiting or View(self._running, self._lines, parse(text, time.time()))


def routes(site: Site) -> list[Route]:
    """The routes of the lists, and of the pages of single calls."""
    running, book = site.sources.running, site.sources.book
    views = None if running is None else Views(running)

    def frame(request: Request, stored: bool) -> dict[str, Any]:
        query = request.query_params
        return {
            "q": query.get("q", ""),
            "stored": stored,
            "running": running is not None,
            "kept": book is not None,
            "fields": FIELDS,
            "faults": (),
            "elsewhere": False,
            "after": query.get("after", ""),
            "until": query.get("until", ""),
            "still": "still" in query,
            "lines": None,
            "link": _linked(request),
        }

    def wrong(request: Request, stored: bool, faults: tuple[Fault, ...]) -> Response:
        other = running if stored else book
        values = {"faults": faults, "elsewhere": other is not None and _means_something(request, not stored)}
        return site.page(request, TEMPLATE, frame(request, stored) | values, 400)

    async def show(request: Request) -> Response:
        if views is None or "stored" in request.query_params:
            return await show_stored(request)
        try:
            view = views.open(request.query_params.get("q", ""))
        except FilterFault as fault:
            return wrong(request, False, fault.faults)
        values = frame(request, False) | view.values()
        return site.page(request, TEMPLATE, values | {"live": None if values["still"] else PARTS})

    async def parts(request: Request) -> Response:
        if views is None:
            raise Problem(NOT_FOUND, "no carrier runs here")
        text = request.query_params.get("q", "")
        try:
            view = views.follow(text)
        except FilterFault as fault:
            raise Problem(BAD_PARAMETERS, str(fault), [Wrong("q", str(fault))]) from None
        return site.moving(PARTS, text, view.parts)

    async def show_stored(request: Request) -> Response:
        values = frame(request, True)
        if book is None:
            return site.page(request, TEMPLATE, values)
        try:
            search = _search(request)
            # Who comes with the same words within a moment gets the same answer, whatever `since:2h` is to the second.
            key = ("calls", *(request.query_params.get(name) for name in ("q", "after", "until", "older", "newer")))
            page = await book.ask(key, lambda store: find(store, search))
        except FilterFault as fault:
            return wrong(request, True, fault.faults)
        newest = search.place is None and page.reached is None
        narrow = search.filter.terms or search.place or (search.after, search.until) != (None, None)
        values["nothing"] = "No stored call matches." if narrow else NONE_STORED
        values |= {"lines": [html_of(line_of_row(row)) for row in page.rows], **_ways(search, page)}
        return site.page(request, TEMPLATE, values | {"refresh": REFRESH if newest and not values["still"] else None})

    return [Route(PATH, show), Route(PARTS, parts), *call_routes(site)]


def _search(request: Request) -> Search:
    """What the query of a page of stored calls asks for.

    Raises:
        FilterFault: the filter is none.
        Problem: another parameter is none.
    """
    query = request.query_params

    def read(name: str, reader: Callable[[str], Any]) -> Any:
        try:
            return reader(query[name]) if query.get(name) else None
        except ValueError as why:
            raise Problem(BAD_PARAMETERS, f'"{name}" {why}', [Wrong(name, str(why))]) from None

    older, newer = read("older", Place.parse), read("newer", Place.parse)
    after, until = read("after", milliseconds), read("until", milliseconds)
    return Search(parse(query.get("q", ""), time.time()), after, until, older or newer, older is None and bool(newer))


def _ways(search: Search, page: Page) -> dict[str, Any]:
    """Where to go on from a page, and how far the search has come."""
    older: Place | None = None
    newer: Place | None = None
    if page.rows:
        first, last = page.rows[0], page.rows[-1]
        if page.more or search.newer:
            older = Place(last.began, last.uid)
        if page.more if search.newer else search.place is not None:
            newer = Place(first.began, first.uid)
    if page.reached is not None:
        if search.newer:
            newer = Place(page.reached)
        else:
            older = Place(page.reached)
    elif not page.rows and search.place is not None:
        older, newer = (search.place, None) if search.newer else (None, search.place)
    return {
        "older": older,
        "newer": newer,
        "reached": page.reached,
        "onward": None if page.reached is None else newer if search.newer else older,
        "first": search.place is None,
    }


def _linked(request: Request) -> Callable[..., str]:
    """Makes links to the list with other parameters than those of this page; None leaves one out."""
    kept = {name: value for name, value in request.query_params.items() if name in ("q", "stored", "after", "until")}

    def link(**other: object) -> str:
        told = {name: str(value) for name, value in (kept | other).items() if value is not None and value != ""}
        return f"{PATH}?{urlencode(told)}" if told else PATH

    return link


def _means_something(request: Request, stored: bool) -> bool:
    """Whether the same words are understood by the other list."""
    try:
        wanted = parse(request.query_params.get("q", ""), time.time())
        if stored:
            wanted.where()
        else:
            wanted.test()
    except FilterFault:
        return False
    return True
