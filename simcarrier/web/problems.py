"""How a refusal is told: a problem document (RFC 9457) that names the field, and its line and column where it has one.

The kinds are a closed list. A program looks at ``type``, a person at ``detail``; ``errors`` has an entry for each thing
that is wrong, so that nobody has to try again to learn of the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from simcarrier.scenario.faults import Fault

from .words import encode

MEDIA_TYPE = "application/problem+json"

TYPE = "urn:simcarrier:problem:"
"""What the ``type`` of every problem begins with."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem.

    Attributes:
        name: the end of its ``type``.
        status: the HTTP status.
        title: the same for every problem of this kind.
    """

    name: str
    status: int
    title: str


BAD_PARAMETERS = Kind("bad-parameters", 400, "A parameter is missing, unknown or not understood")
UNREADABLE = Kind("unreadable", 400, "The body cannot be read")
NO_TOKEN = Kind("no-token", 401, "The token is missing or wrong")
FOREIGN_ORIGIN = Kind("foreign-origin", 403, "The request comes from a web page of elsewhere")
NOT_FOUND = Kind("not-found", 404, "There is no such thing")
METHOD = Kind("method-not-allowed", 405, "The method is not for this path")
TOO_SLOW = Kind("too-slow", 408, "The body did not come in time")
CHANGED = Kind("changed", 409, "The rules have been changed by somebody else")
NAME_TAKEN = Kind("name-taken", 409, "A rule has that name already")
TOO_MANY_RULES = Kind("too-many-rules", 409, "There would be too many rules")
UNMET = Kind("unmet", 409, "The calls are not what was wanted")
FORGOTTEN = Kind("forgotten", 409, "Too many calls have been forgotten to tell")
TOO_LARGE = Kind("too-large", 413, "The body is too large")
WRONG_TYPE = Kind("wrong-type", 415, "The body is neither JSON nor YAML by its Content-Type")
WRONG_HOST = Kind("wrong-host", 421, "The Host header names another server")
FAULTY = Kind("faulty", 422, "The body is not what it must be")
BROKEN = Kind("broken", 500, "Something went wrong inside of simcarrier")
NOT_READY = Kind("not-ready", 503, "The carrier takes no calls")
TOO_MANY_CLIENTS = Kind("too-many-clients", 503, "Too many clients wait or listen already")

"""Told by pages; no operation of the API reads any."""

KINDS = (
    BAD_PARAMETERS,
    UNREADABLE,
    NO_TOKEN,
    FOREIGN_ORIGIN,
    NOT_FOUND,
    METHOD,
    TOO_SLOW,
    CHANGED,
    NAME_TAKEN,
    TOO_MANY_RULES,
    UNMET,
    FORGOTTEN,
    TOO_LARGE,
    WRONG_TYPE,
    WRONG_HOST,
    FAULTY,
    BROKEN,
    NOT_READY,
    TOO_MANY_CLIENTS,
)
"""Those that the operations of the API tell."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong.

    Attributes:
        field: a parameter, or a place in the body such as ``calls[0].respond``; empty for the body as a whole.
        detail: what is wrong, in plain words.
        line, column: where in the body, counted from 1; None for a parameter.
    """

    field: str
    detail: str
    line: int | None = None
    column: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """As an entry of ``errors``."""
        told: dict[str, Any] = {"field": self.field, "detail": self.detail}
        return told if self.line is None else {**told, "line": self.line, "column": self.column}


class Problem(Exception):
    """A refusal.

    Args:
        kind: which.
        detail: what is wrong this time, and what to do.
        errors: each thing that is wrong.
        headers: header fields of the response.
        more: further members of the document.
    """

    def __init__(
        self,
        kind: Kind,
        detail: str,
        errors: Sequence[Wrong] = (),
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.more = more

    def as_dict(self) -> dict[str, Any]:
        """The problem document."""
        told: dict[str, Any] = {
            "type": TYPE + self.kind.name,
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
        }
        if self.errors:
            told["errors"] = [wrong.as_dict() for wrong in self.errors]
        return told | self.more

    def response(self) -> Response:
        """As it is sent."""
        return Response(encode(self.as_dict()) + b"\n", self.kind.status, self.headers, MEDIA_TYPE)


def of_body(faults: Iterable[Fault], kind: Kind = FAULTY) -> Problem:
    """The problem of a body, with all that is wrong with it."""
    errors = [Wrong(fault.where, fault.message, fault.line, fault.column) for fault in faults]
    first = errors[0]
    told = f"line {first.line}, column {first.column}: {f'{first.field}: ' if first.field else ''}{first.detail}"
    return Problem(kind, told if len(errors) == 1 else f"{len(errors)} faults; the first: {told}", errors)
