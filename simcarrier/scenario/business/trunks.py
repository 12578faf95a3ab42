"""Trunks of a carrier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field
from pydantic_core import InitErrorDetails

from ..base import Location, Model, fault
from ..fields import Line, NetworksField, SpanField, whole_number
from ..units import Span, shown
from .clock import Period

MOST_LINES = 10**6


class TakenModel(Period):
    """Lines that other people's calls take at times."""

    lines: Annotated[int, whole_number(0, MOST_LINES, "a number of lines")] = Field(
        description="How many lines are taken then."
    )


class TrunkModel(Model):
    """A way in, with its lines and its rate of calls."""

    name: Line = Field(description="What customers and reports call it.")
    lines: Annotated[int, whole_number(1, MOST_LINES, "a number of lines, at least 1")] | None = Field(
        default=None, description="How many calls can be up on it at once; any number if not said."
    )
    calls_per_second: Annotated[int, whole_number(1, 10**6, "a number of calls, at least 1")] | None = Field(
        default=None, description="How many new calls a second it takes on average; any number if not said."
    )
    burst: Annotated[int, whole_number(1, 10**6, "a number of calls, at least 1")] | None = Field(
        default=None,
        description="How many new calls it takes at once after a rest; as many as in a second if not said.",
    )
    retry_after: SpanField = Field(
        default=Span(1.0, 1.0), description="When a caller above the rate may come back, in whole seconds."
    )
    taken: tuple[TakenModel, ...] = Field(
        default=(), description="Lines that other people's calls take; the first entry that holds at the moment."
    )
    source: NetworksField | None = Field(default=None, description="Addresses or networks whose calls come by it.")

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if not isinstance(data, Mapping):
            return
        for key in ("burst", "retry_after"):
            if data.get(key) is not None and "calls_per_second" not in data:
                yield fault(f'"{key}" goes with calls_per_second:, which is not there', (key,))
        total, taken = _number(data.get("lines")), data.get("taken")
        for place, entry in enumerate(taken if isinstance(taken, list | tuple) else ()):
            if "lines" not in data:
                yield fault("there are no lines to take: say how many lines the trunk has", ("taken", place))
                continue
            count = _number(entry.get("lines")) if isinstance(entry, Mapping) else None
            if total is not None and count is not None and count > total:
                yield fault(f"must be at most the {total} lines of the trunk, not {count}", ("taken", place, "lines"))


def _number(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _mappings(value: Any) -> Iterator[tuple[int, Mapping[Any, Any]]]:
    for place, entry in enumerate(value if isinstance(value, list | tuple) else ()):
        if isinstance(entry, Mapping):
            yield place, entry


def faults(carrier: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    """What contradicts itself between several entries; locations are relative to ``carrier``."""
    named = [entry.get("trunk") for _, entry in _mappings(carrier.get("customers"))]
    seen: dict[str, int] = {}
    rest: int | None = None
    for place, trunk in _mappings(carrier.get("trunks")):
        name = trunk.get("name")
        if isinstance(name, str):
            if name in seen:
                yield ("trunks", place, "name"), f"trunks[{seen[name]}] has the name {shown(name)} already"
            seen.setdefault(name, place)
        if "source" in trunk:
            continue
        if rest is not None and name not in named:
            why = f"no call comes by this trunk: trunks[{rest}] takes those that have no other"
            yield ("trunks", place), f"{why}; give it a source:, or name it at a customer"
        rest = place if rest is None else rest
