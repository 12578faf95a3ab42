"""The body of a request, as text that is safe to read: of a type that is known, bounded, in time, and UTF-8.

JSON is read as JSON first, so that what is not JSON is told in its terms, and then as YAML, which it is a part of: that
reader knows the line and column of everything. Where the two differ JSON is bent a little, as `_as_yaml` says.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from typing import NoReturn, TypeVar
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from simcarrier.scenario.faults import Fault, ScenarioError
from simcarrier.scenario.reading import Source

from .problems import TOO_LARGE, TOO_SLOW, UNREADABLE, WRONG_TYPE, Problem, of_body

T = TypeVar("T")

LARGEST = 256 * 1024
"""Bytes; a thousand rules are some hundred thousand."""

SMALL = 4 * 1024
"""Characters up to which a body is read in the carrier's loop, in a few milliseconds; a larger one in a thread."""

MOST_FIELDS = 64
"""Fields of a form."""

PATIENCE = 10.0
"""Seconds in which a body must have come."""

JSON = "application/json"
YAML = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
"""RFC 9512, and what was used before."""

_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_LONE = re.compile(r"(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


async def text_of(request: Request, *, may_be_empty: bool = False) -> str:
    """The body as text; empty only where that is allowed.

    Raises:
        Problem: it is none that can be read any further.
    """
    content = await _content(request)
    if not content.strip() and may_be_empty:
        return ""
    said = request.headers.get("content-type", "")
    kind = said.partition(";")[0].strip().lower()
    if kind != JSON and kind not in YAML:
        told = f"not {said[:100]!r}" if said else "and there is none"
        raise Problem(
            WRONG_TYPE, f"Content-Type must be {JSON} or {YAML[0]}, {told}", headers={"Accept": f"{JSON}, {YAML[0]}"}
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig")
        raise _at(before, len(before), "is not UTF-8 text") from None
    text = _as_yaml(text) if kind == JSON else text
    lone = _LONE.search(text)
    if lone:
        raise _at(text, lone.start(), "has half of a surrogate pair, which is no character")
    return text


FORM = "application/x-www-form-urlencoded"
"""What a browser sends of a form."""


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form; of those that come twice the last.

    Raises:
        Problem: the body is none that can be read any further.
    """
    content = await _content(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Problem(WRONG_TYPE, f"Content-Type must be {FORM}", headers={"Accept": FORM})
    try:
        return dict(parse_qsl(content.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError as why:
        raise Problem(UNREADABLE, f"the form cannot be read: {why}") from None


async def read(text: str, reader: Callable[[str], T]) -> T:
    """What a reader makes of a body; a large one keeps a thread busy and not the carrier.

    Raises:
        Problem: with all that is wrong.
    """
    try:
        return reader(text) if len(text) <= SMALL else await asyncio.to_thread(reader, text)
    except ScenarioError as error:
        raise of_body(error.faults) from None


def source_of(text: str, keys: str) -> Source:
    """A body's tree, whose reading goes on.

    Args:
        text: YAML.
        keys: some keys that it has, in words.

    Raises:
        Problem: not YAML, or no mapping.
    """
    try:
        return Source(text, "body", "body", keys)
    except ScenarioError as error:
        raise of_body(error.faults, UNREADABLE) from None


async def _content(request: Request) -> bytes:
    too_large = Problem(TOO_LARGE, f"the body must have at most {LARGEST} bytes")
    said = request.headers.get("content-length", "0")
    if not said.isdecimal() or len(said) > 15 or int(said) > LARGEST:
        raise too_large
    content = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for piece in request.stream():
                content += piece
                if len(content) > LARGEST:
                    raise too_large
    except TimeoutError:
        raise Problem(
            TOO_SLOW, f"the body did not come within {PATIENCE:g} s", headers={"Connection": "close"}
        ) from None
    except ClientDisconnect:
        raise Problem(UNREADABLE, "the connection broke in the midst of the body") from None
    return bytes(content)


def _as_yaml(text: str) -> str:
    """JSON as a text that YAML reads the same way, with everything in its place."""
    try:
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise _at(text, error.pos, f"is not JSON: {error.msg}") from None
    except RecursionError:
        raise _at(text, 0, "is nested too deeply") from None
    except ValueError as error:
        raise _at(text, 0, f"is not JSON: {error}") from None
    # A tab cannot stand within a string of JSON. Surrogate pairs, one character in two escapes, are not known to YAML.
    return _PAIR.sub(_character, text.replace("\t", " "))


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _character(pair: re.Match[str]) -> str:
    high, low = int(pair[2], 16), int(pair[3], 16)
    return pair[1] + chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def _at(text: str, place: int, why: str) -> Problem:
    line, column = text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)
    return of_body([Fault("body", line, column, "", f"the body {why}")], UNREADABLE)
