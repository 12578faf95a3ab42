"""What is changed from the page Now: weather, conditions, a new beginning. Forms only, by POST, and the way of the
control API: its checks read what was said, its skies do it, its stream of events tells others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simcarrier.conditions import Condition
from simcarrier.scenario.business.weather import WeatherModel
from simcarrier.scenario.fields import read_condition
from simcarrier.web.body import form_of, read
from simcarrier.web.problems import BAD_PARAMETERS, NOT_READY, Problem, Wrong
from simcarrier.web.weather import FORCE_KEYS, read_force, read_switch

from ..running import Running

if TYPE_CHECKING:
    from ..site import Site

AGAIN: Final = ("all", "calls", "rules", "weather")
"""What can begin anew."""

Told = Mapping[str, str]
"""The fields of a form."""

Refuse = Callable[[Request, Told, Mapping[str, str]], Response]
"""The page with a form that was not right: what stood in it, and what is wrong with each field."""


def switching_routes(site: Site, refuse: Refuse) -> list[Route]:
    """The routes of the forms.

    Args:
        site: whose carrier it is.
        refuse: shows a form to force a condition again.
    """

    def running() -> Running:
        found = site.sources.running
        if found is None:
            raise Problem(NOT_READY, "no carrier runs here: these are stored calls")
        return found

    def done() -> Response:
        site.pulse.hurry()
        return RedirectResponse("/", 303)

    async def weather(request: Request) -> Response:
        api, told = running().api, await form_of(request)
        name = told.get("name", "")
        api.skies.front(name)
        api.switch(name, await read(_as_body({"switch": told.get("switch", "")}), read_switch))
        return done()

    async def force(request: Request) -> Response:
        found, told = running(), await form_of(request)
        condition, read_so_far, wrong = await _forced(told, found.carrier.scenario.parameters)
        if condition is None or read_so_far is None or wrong:
            return refuse(request, told, wrong)
        found.api.force(condition, *read_so_far)
        return done()

    async def lift(request: Request) -> Response:
        api, told = running().api, await form_of(request)
        try:
            condition = read_condition(told.get("condition", ""))
        except ValueError as why:
            raise _bad("condition", why) from None
        api.lift(condition)
        return done()

    async def reset(request: Request) -> Response:
        api, only = running().api, (await form_of(request)).get("only", "")
        if only not in AGAIN:
            raise _bad("only", f"must be one of {', '.join(AGAIN)}")
        api.begin_anew(None if only == "all" else only)
        return done()

    return [
        Route("/now/weather", weather, methods=["POST"]),
        Route("/now/force", force, methods=["POST"]),
        Route("/now/lift", lift, methods=["POST"]),
        Route("/now/reset", reset, methods=["POST"]),
    ]


async def _forced(
    told: Told, parameters: Mapping[str, str]
) -> tuple[Condition | None, tuple[WeatherModel, Mapping[str, object]] | None, dict[str, str]]:
    """What a form wants to be forced; the faults by the field, those of none under ``""``."""
    wrong: dict[str, str] = {}
    condition = read_so_far = None
    try:
        condition = read_condition(told.get("condition", ""))
    except ValueError as why:
        wrong["condition"] = str(why)
    said = {key: told[key].strip() for key in FORCE_KEYS if told.get(key, "").strip()}
    # The other fields are looked at all the same, so that nobody has to try again to learn of the next fault.
    asked = condition or Condition.ANSWERED
    try:
        read_so_far = await read(_as_body(said), lambda text: read_force(text, asked, parameters))
    except Problem as problem:
        for fault in problem.errors:
            field = fault.field if fault.field in FORCE_KEYS else ""
            wrong[field] = f"{wrong[field]}; {fault.detail}" if field in wrong else fault.detail
    return condition, read_so_far, wrong


def _as_body(said: Mapping[str, str]) -> str:
    """A form as the body of the API's operation: JSON, which is YAML as long as no pair of surrogates is in it."""
    return json.dumps(said, ensure_ascii=False)


def _bad(field: str, why: object) -> Problem:
    return Problem(BAD_PARAMETERS, f'"{field}" {why}', [Wrong(field, str(why))])
