"""Parameters of operations: each a name, what it means, a JSON Schema for the document, and a reader that checks.

The document and the check come from the same object, so what is documented is what is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from simcarrier.scenario.base import suggestion_or_list
from simcarrier.scenario.units import parse_duration, shown

from .problems import BAD_PARAMETERS, Problem, Wrong

MOST = 40
"""Parameters of one request."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter.

    Attributes:
        name: as in the URL.
        what: what it says, for the document.
        schema: its JSON Schema.
        read: gives the value for the text; ValueError with a sentence that completes ``"name" ...``.
        default: the value if it is left out.
        needed: it must not be left out.
    """

    name: str
    what: str
    schema: Mapping[str, Any]
    read: Callable[[str], Any]
    default: Any = None
    needed: bool = False
    example: Any = field(default=None)


def read_query(query: bytes, parameters: Iterable[Parameter]) -> dict[str, Any]:
    """The values of an operation's query.

    Args:
        query: as it came.
        parameters: those that the operation takes.

    Raises:
        Problem: one is unknown, said twice, missing or not understood; all of them are named.
    """
    known = {parameter.name: parameter for parameter in parameters}
    values = {name: parameter.default for name, parameter in known.items()}
    wrong: list[Wrong] = []
    said: set[str] = set()
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST)
    except ValueError:
        raise Problem(BAD_PARAMETERS, f"the query is not UTF-8, or has more than {MOST} parameters") from None
    for name, text in pairs:
        if name not in known:
            hint = suggestion_or_list(name, list(known), "; there are none here")
            wrong.append(Wrong(name, f"unknown parameter {shown(name)}{hint}"))
        elif name in said:
            wrong.append(Wrong(name, "must not be said twice"))
        else:
            said.add(name)
            try:
                values[name] = known[name].read(text)
            except ValueError as why:
                wrong.append(Wrong(name, str(why)))
    wrong += [Wrong(name, "is missing") for name, each in known.items() if each.needed and name not in said]
    if wrong:
        first = wrong[0]
        told = first.detail if first.detail.startswith("unknown") else f'"{first.field}" {first.detail}'
        raise Problem(BAD_PARAMETERS, told if len(wrong) == 1 else f"{len(wrong)} parameters are wrong; {told}", wrong)
    return values


def word_of(words: Iterable[str]) -> Callable[[str], str]:
    """The reader of one of some words."""
    known = tuple(words)

    def read(text: str) -> str:
        if text not in known:
            raise ValueError(
                f"must be one of {', '.join(known[:14])}, not {shown(text)}{suggestion_or_list(text, known)}"
            )
        return text

    return read


def whole(low: int, high: int) -> Callable[[str], int]:
    """The reader of a whole number."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) < 16 and low <= int(text) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}, not {shown(text)}")
        return int(text)

    return read


def time_up_to(longest: float) -> Callable[[str], float]:
    """The reader of a time such as ``10s`` or ``500ms``."""

    def read(text: str) -> float:
        seconds = parse_duration(text)
        if seconds > longest:
            raise ValueError(f"must be at most {longest:g}s, not {shown(text)}")
        return seconds

    return read


def count(name: str, what: str) -> Parameter:
    """A parameter that is a number of calls."""
    return Parameter(name, what, {"type": "integer", "minimum": 0, "maximum": 10**9}, whole(0, 10**9))
