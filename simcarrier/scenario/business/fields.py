"""Types of fields that several parts of the business have: words, times without a range, short forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from ..base import suggestion
from ..fields import PARAMETER, Written
from ..units import DURATION_PATTERN, parse_duration, shown


def one_of(*words: str) -> Written:
    """The type of one of a few words."""
    listed = ", ".join(words[:-1]) + f" or {words[-1]}"

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            hint = suggestion(value, words) if isinstance(value, str) else ""
            raise ValueError(f"must be {listed}, not {shown(value)}{hint}")
        return value

    return Written(read, {"anyOf": [{"type": "string", "enum": list(words)}, PARAMETER]})


def duration(low: float, high: float, what: str, *, whole: bool = False) -> Written:
    """The type of one time in seconds, from ``low`` to ``high``; ``what`` completes "must be ...".

    Args:
        low, high: the shortest and the longest time.
        what: what is wanted, such as "a time of at least 1s".
        whole: only whole seconds.
    """

    def read(value: Any) -> float:
        seconds = value if isinstance(value, float) else parse_duration(value)
        if not low <= seconds <= high or (whole and seconds != int(seconds)):
            raise ValueError(f"must be {what}, not {shown(value)}")
        return seconds

    return Written(read, {"anyOf": [{"type": "string", "pattern": f"^{DURATION_PATTERN}$"}, PARAMETER]})


def with_short_form(
    schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler, short: JsonSchemaValue
) -> JsonSchemaValue:
    """The JSON Schema of a model for which something shorter than a mapping can stand too."""
    reference = handler(schema)
    definition = handler.resolve_ref_schema(reference)
    if "properties" in definition:
        full = dict(definition)
        definition.clear()
        definition.update(description=full.pop("description", ""), anyOf=[short, full])
    return reference


def entries(carrier: Mapping[Any, Any], key: str) -> Iterator[tuple[int, Mapping[Any, Any]]]:
    """The mappings of a raw list, each with its place; what has another shape is for the models to refuse."""
    listed = carrier.get(key)
    for place, entry in enumerate(listed if isinstance(listed, list | tuple) else ()):
        if isinstance(entry, Mapping):
            yield place, entry


def names(carrier: Mapping[Any, Any], key: str) -> list[str]:
    """The names in a raw list of mappings with a name, or the keys of a raw mapping."""
    listed = carrier.get(key)
    if isinstance(listed, Mapping):
        return [str(name) for name in listed]
    return [str(entry["name"]) for _, entry in entries(carrier, key) if isinstance(entry.get("name"), str)]
