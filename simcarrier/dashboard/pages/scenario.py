"""Scenario: the text that runs, its rules with the calls that they have taken, and a way to change both.

A text that comes back is read in a thread, one at a time; what it changes takes hold in the carrier's loop, between two
calls, or not at all (`simcarrier.web.rules`). Nothing is written to the file that the scenario came from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from simcarrier.scenario.business.customers import HIDDEN
from simcarrier.web.body import form_of
from simcarrier.web.problems import BAD_PARAMETERS, FAULTY, NOT_FOUND, UNMET, Problem

from ..running import Running
from ..scenario.desk import Desk, Sheet
from ..scenario.editing import MOST_TOLD, Examined, lines_of, shown_fault
from ..scenario.rule_board import RuleBoard
from ..scenario.verbatim import listed, verbatim
from ..templating import HEADERS, block

if TYPE_CHECKING:
    from ..site import Site

NAME: Final = "Scenario"
PATH: Final = "/scenario"

_TEMPLATE: Final = "scenario.html"


def routes(site: Site) -> list[Route]:
    """The routes of the page."""
    running = site.sources.running
    if running is None:

        async def nothing(request: Request) -> Response:
            return site.page(request, _TEMPLATE, {"sheet": None})

        return [Route(PATH, nothing)]
    return _Scenario(site, running).routes()


class _Scenario:
    """The page over a carrier that runs."""

    def __init__(self, site: Site, running: Running) -> None:
        self._site = site
        self._running = running
        self._desk = Desk(running.carrier)
        self._board = RuleBoard(running)

    def routes(self) -> list[Route]:
        return [
            Route(PATH, self.show),
            Route(f"{PATH}/live", self.live),
            Route(f"{PATH}.yaml", self.download),
            Route(f"{PATH}/check", self.check, methods=["POST"]),
            Route(f"{PATH}/apply", self.apply, methods=["POST"]),
            Route(f"{PATH}/save", self.save, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The text, or a field in which it can be edited."""
        sheet = await self._desk.sheet()
        asked = request.query_params
        applied = asked.get("applied", "") == str(self._running.api.rules.revision)
        values: dict[str, Any] = {"applied": applied}
        if asked.get("edit") == "1" and not sheet.fixed:
            values["typed"] = verbatim(sheet.text or "")
        return self._page(request, sheet, values)

    async def live(self, request: Request) -> Response:
        """What moves."""
        sheet = await self._desk.sheet()
        return self._site.moving(PATH, None, lambda: self._board.parts(sheet.scrub))

    async def download(self, request: Request) -> Response:
        """The text as a file."""
        sheet = await self._desk.sheet()
        if sheet.text is None:
            raise Problem(NOT_FOUND, sheet.fixed)
        return _file(sheet.text, sheet.file)

    async def save(self, request: Request) -> Response:
        """What was typed, as a file."""
        typed, _ = await _typed(request)
        sheet = await self._desk.sheet()
        return _file(typed, sheet.file)

    async def check(self, request: Request) -> Response:
        """What is wrong with a text; nothing changes."""
        typed, told = await _typed(request)
        sheet = await self._desk.sheet()
        _may_edit(sheet)
        examined = await self._desk.examine(typed)
        values = self._findings(sheet, typed, examined) | {"checked": True}
        if told.get("only") == "findings":
            return page_of_block("part_findings", values)
        return self._edited(request, sheet, typed, told, values, FAULTY.status if examined.faults else 200)

    async def apply(self, request: Request) -> Response:
        """Put a text in force, or say why not; all of it or nothing."""
        typed, told = await _typed(request)
        sheet = await self._desk.sheet()
        _may_edit(sheet)
        examined = await self._desk.examine(typed)
        values = self._findings(sheet, typed, examined)
        if examined.faults:
            return self._edited(request, sheet, typed, told, values, FAULTY.status)
        if examined.scenario is None:
            return self._edited(request, sheet, typed, told, values, UNMET.status)
        try:
            revision, keep = _revision(told), told.get("keep") == "1"
            if not (examined.changes or self._board.differs(keep=keep)):
                return self._edited(request, sheet, typed, told, values, 200)
            # From here to the end nothing else runs, so what was seen is what is changed.
            self._running.api.put_scenario(examined.scenario, revision, keep=keep)
        except Problem as why:
            return self._edited(request, sheet, typed, told, values | {"problem": why.detail}, why.kind.status)
        self._site.pulse.hurry()
        return RedirectResponse(f"{PATH}?applied={self._running.api.rules.revision}", 303)

    def _findings(self, sheet: Sheet, typed: str, examined: Examined) -> dict[str, Any]:
        lines = lines_of(typed)
        faults = [shown_fault(fault, lines, sheet.name) for fault in examined.faults[:MOST_TOLD]]
        return {
            "faults": faults,
            "more_faults": max(len(examined.faults) - MOST_TOLD, 0),
            "changes": examined.changes,
            "most_told": MOST_TOLD,
            "verbatim": verbatim,
            "checked": False,
            "problem": None,
        }

    def _edited(
        self, request: Request, sheet: Sheet, typed: str, told: dict[str, str], values: dict[str, Any], status: int
    ) -> Response:
        """The page with what was typed, and what came of it."""
        kept = {"typed": verbatim(typed), "seen": told.get("revision", ""), "keep": told.get("keep") == "1"}
        wrong = {each.line for each in values["faults"] if each.lines}
        if wrong:
            kept["listing"] = listed(lines_of(typed), wrong)
        return self._page(request, sheet, values | kept, status)

    def _page(self, request: Request, sheet: Sheet, values: dict[str, Any], status: int = 200) -> Response:
        usual: dict[str, Any] = {
            "live": f"{PATH}/live",
            "sheet": sheet,
            "hidden": HIDDEN,
            "applied": False,
            "typed": None,
            "seen": self._running.api.rules.revision,
            "keep": True,
            "findings": "faults" in values,
            "listing": None if "typed" in values else sheet.listing,
        }
        return self._site.page(request, _TEMPLATE, usual | self._board.values(sheet.scrub) | values, status)


def page_of_block(name: str, values: dict[str, Any]) -> Response:
    """A part of the page alone; for a script, which has done nothing wrong whatever was typed."""
    return HTMLResponse(block(_TEMPLATE, name, values), headers=HEADERS)


def _may_edit(sheet: Sheet) -> None:
    """See that there is a text to be edited.

    Raises:
        Problem: there is none, or it cannot be.
    """
    if sheet.fixed:
        raise Problem(UNMET, sheet.fixed)


async def _typed(request: Request) -> tuple[str, dict[str, str]]:
    """The text of a form, with line feeds, and all of its fields."""
    told = await form_of(request)
    if "text" not in told:
        raise Problem(BAD_PARAMETERS, "the form has no text")
    return told["text"].replace("\r\n", "\n").replace("\r", "\n"), told


def _revision(told: dict[str, str]) -> int:
    said = told.get("revision", "")
    if not (said.isascii() and said.isdecimal() and len(said) < 16):
        raise Problem(BAD_PARAMETERS, "the form does not say which revision of the rules it is about")
    return int(said)


def _file(text: str, name: str) -> Response:
    named = f"attachment; filename=\"scenario.yaml\"; filename*=UTF-8''{quote(name, safe='')}"
    return Response(
        text.encode("utf-8", "replace"), media_type="application/yaml", headers={"Content-Disposition": named}
    )
