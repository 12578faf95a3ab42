"""The door for people: a form that takes the token once and gives a pass for it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simcarrier.web.access import LOGIN, PASS, Access
from simcarrier.web.body import form_of

from .templating import page


def login_routes(access: Access) -> list[Route]:
    """The routes of the form."""

    async def form(request: Request) -> Response:
        return page("login.html", {"then": _then(request.query_params.get("then", "/")), "wrong": False})

    async def enter(request: Request) -> Response:
        told = await form_of(request)
        then = _then(told.get("then", "/"))
        given = access.pass_for(told.get("token", "").strip())
        if given is None:
            return page("login.html", {"then": then, "wrong": True}, 403)
        response = RedirectResponse(then, 303)
        response.set_cookie(PASS, given, httponly=True, samesite="strict", path="/")
        return response

    return [Route(LOGIN, form, methods=["GET"]), Route(LOGIN, enter, methods=["POST"])]


def _then(path: str) -> str:
    """Where to go on: one of our own paths, whatever a link said."""
    inside = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if inside and path.isprintable() else "/"
