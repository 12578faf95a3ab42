"""Deliverability: what the codes of stored calls say over time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simcarrier.deliverability.tables import which_of
from simcarrier.deliverability.telling import facts_of, headline, length_of, moment_of, named
from simcarrier.web.problems import BAD_PARAMETERS, NOT_FOUND, Problem, Wrong

from .. import templating
from ..deliverability.asked import ABOUT, OWN, RANGES, Asked, read
from ..deliverability.heat import FEW
from ..deliverability.links import call_at, calls_at
from ..deliverability.sections import SECTIONS, tables_of
from ..deliverability.spreadsheet import csv_of
from ..deliverability.waiting import Desk

if TYPE_CHECKING:
    from ..site import Site

NAME: Final = "Deliverability"
PATH: Final = "/deliverability"

REFRESH: Final = 30
"""Seconds after which the page is fetched again."""

SOON: Final = 2
"""The same while something is missing."""

SHEETS: Final = {table: name for name, section in SECTIONS.items() for table in section.sheets}
"""The section of each table that can be had as a spreadsheet."""

SHOWN: Final = (
    ("latest", "The last 4 hours, by caller", "The share of 603, and between which shares the true one lies."),
    ("sums", "Codes by carrier, market, trunk and caller", ""),
    ("hours", "By hour of the day", ""),
    ("codes", "Final responses", ""),
    (
        "baselines",
        "The last 24 hours against the five days before",
        "A market differs if a usual day would do so less often than once in a hundred, and the answers of 5 % of its "
        "calls have changed places. Answers are those that have a column above; all others count as one.",
    ),
    ("delays", "Post-dial delay in seconds, by market", ""),
    ("spikes", "Spikes", "Numbers that call three times as much as in a usual hour of theirs, and not by chance."),
    (
        "pacing",
        "Pacing",
        "How fast a dialler that asks before each call would be let call now, by the policy that ships.",
    ),
    ("episodes", "Alerts that were told", ""),
)
"""Sections that are tables: name, title, and what is said above them."""

RANGE_WORDS: Final = {"4h": "the last 4 hours", "24h": "the last 24 hours", "7d": "the last 7 days", OWN: "from ... to"}


def routes(site: Site) -> list[Route]:
    """The routes of the page."""
    book = site.sources.book
    desk = None if book is None else Desk(book)

    async def show(request: Request) -> Response:
        asked = read(request.query_params)
        cell = {} if asked.row is None else {"row": asked.row, "hour": str(asked.hour)}
        values: dict[str, Any] = {
            "asked": asked,
            "ranges": RANGE_WORDS,
            "abouts": ABOUT,
            "calls_at": calls_at,
            "call_at": call_at,
            "csv_at": lambda name: f"{PATH}/{name}.csv?{asked.query(**(cell if name == 'behind' else {}))}",
            "here": lambda **changes: f"{PATH}?{asked.query(**changes)}",
            "few": FEW,
            "which_of": which_of,
            "headline": headline,
            "facts_of": facts_of,
            "named": named,
            "length_of": length_of,
            "moment_of": moment_of,
            "latest_words": lambda at: moment_of(at, asked.zone),
            "sections": SHOWN,
            "known": desk is not None,
            "answers": None,
            "waiting": False,
        }
        if desk is None:
            return site.page(request, "deliverability.html", values)
        if asked.faults:
            return site.page(request, "deliverability.html", values, 400)
        answers = await desk.ask({name: section.question(name, asked) for name, section in SECTIONS.items()})
        waiting = any(answer is None for answer in answers.values())
        more = {"answers": answers, "waiting": waiting, "refresh": SOON if waiting else REFRESH}
        # Some thousand cells: the loop, which may be the carrier's, goes on meanwhile.
        return await asyncio.to_thread(site.page, request, "deliverability.html", values | more)

    async def sheet(request: Request) -> Response:
        asked = _without_faults(request)
        wanted = str(request.path_params["table"])
        name = SHEETS.get(wanted)
        if name is None:
            raise Problem(NOT_FOUND, f"there is no table of that name; there are {', '.join(SHEETS)}")
        if book is None:
            raise Problem(NOT_FOUND, "there are no stored calls: give --records calls.db to simcarrier run")
        key, question = SECTIONS[name].question(name, asked, None)
        answer = await book.ask(key, question)
        table = next((table for table in tables_of(answer, asked) if table.name == wanted), None)
        if table is None:
            raise Problem(NOT_FOUND, "there is no such table for this range")
        headers = {"Content-Disposition": f'attachment; filename="{wanted}.csv"', "Cache-Control": "no-store"}
        return Response(csv_of(table), media_type="text/csv; charset=utf-8", headers=templating.HEADERS | headers)

    return [Route(PATH, show), Route(f"{PATH}/{{table:str}}.csv", sheet)]


def _without_faults(request: Request) -> Asked:
    asked = read(request.query_params)
    if asked.faults:
        wrong = [Wrong(name, why) for name, why in asked.faults.items()]
        raise Problem(BAD_PARAMETERS, "; ".join(f"{each.field} {each.detail}" for each in wrong), wrong)
    return asked


assert set(RANGE_WORDS) == {*RANGES, OWN}
