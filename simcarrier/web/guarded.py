"""An application behind its access: it gets the requests that `access` has let in, and no others.

So routes of any kind can stand in it: the API today, pages beside it.
"""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .access import LOGIN, READING, Access, Refused
from .problems import FOREIGN_ORIGIN, NO_TOKEN, WRONG_HOST, Problem

_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]

_KINDS = {"host": WRONG_HOST, "origin": FOREIGN_ORIGIN, "token": NO_TOKEN}


def refused(refusal: Refused) -> Problem:
    """The problem of a request that is not let in."""
    headers = {"WWW-Authenticate": 'Bearer realm="simcarrier"'} if refusal.by == "token" else {}
    return Problem(_KINDS[refusal.by], refusal.why, headers=headers)


class Guarded:
    """An application behind its access. Every response gets headers that keep it from being stored, or guessed at."""

    def __init__(self, application: ASGIApp, access: Access) -> None:
        self._application = application
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._access.refusal(scope["path"], headers, scope["method"])
        if refusal is None:
            await self._application(scope, receive, with_headers)
        elif self._may_log_in(refusal, scope["method"], headers):
            wanted = scope["path"] + ("?" + scope["query_string"].decode("latin-1") if scope["query_string"] else "")
            to = f"{LOGIN}?then={quote(wanted, safe='')}"
            await RedirectResponse(to, 303)(scope, receive, with_headers)
        else:
            await refused(refusal).response()(scope, receive, with_headers)

    def _may_log_in(self, refusal: Refused, method: str, headers: dict[str, str]) -> bool:
        """Whether it is a person who looks for a page, and has no pass yet."""
        if refusal.by != "token" or method not in READING or "authorization" in headers:
            return False
        return self._access.asks_browsers and "text/html" in headers.get("accept", "")
