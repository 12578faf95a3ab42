"""The types of the models' fields: each a reader that gives a value or a plain sentence, with its own JSON Schema."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from ..conditions import Condition
from ..sip.errors import Malformed
from ..sip.grammar import is_token
from ..sip.transport import ListenAddress
from .base import suggestion_or_list
from .patterns import NumberPattern, TextPattern
from .template import Template, one_line
from .units import (
    COUNT_RANGE_PATTERN,
    SHARE_PATTERN,
    SPAN_PATTERN,
    TIME_RANGE_PATTERN,
    CountRange,
    Span,
    TimeRange,
    parse_share,
    shown,
)

CONDITIONS = tuple(condition.value for condition in Condition)

PARAMETER: JsonSchemaValue = {"type": "string", "pattern": r"\$"}
"""In the JSON Schema: wherever a scalar stands, a parameter can stand."""


@dataclass(frozen=True, eq=False)
class Written:
    """Makes a field's type from a reader: text in, value out, ValueError with a plain sentence.

    Args:
        read: takes the text (or a value read before) and gives the value.
        schema: the JSON Schema of what can be written.
    """

    read: Callable[[Any], Any]
    schema: JsonSchemaValue

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return dict(self.schema)


def read_text(value: Any) -> str:
    """Any text that is not empty."""
    if not isinstance(value, str):
        raise ValueError(f"must be a text, not {shown(value)}")
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def read_line(value: Any) -> str:
    """A text that can stand in a header or a status line."""
    return one_line(read_text(value))


def read_bool(value: Any) -> bool:
    """``true`` or ``false``, or the other words that YAML has for them."""
    if isinstance(value, bool):
        return value
    word = value.lower() if isinstance(value, str) else ""
    if word in ("true", "yes", "on"):
        return True
    if word in ("false", "no", "off"):
        return False
    raise ValueError(f"must be true or false, not {shown(value)}")


def read_header_name(value: Any) -> str:
    """A header's name; names are compared without regard to case (RFC 3261 section 7.3.1)."""
    if not isinstance(value, str) or not is_token(value):
        raise ValueError(f"{shown(value)} is not a header name")
    return value


def read_media_type(value: Any) -> str:
    """``application/sdp``, with parameters or without."""
    text = read_line(value)
    main, slash, rest = text.partition("/")
    if not slash or not is_token(main) or not is_token(rest.partition(";")[0].strip()):
        raise ValueError(f"must be a media type such as text/plain, not {shown(value)}")
    return text


def whole_number(low: int, high: int, what: str) -> Written:
    """The type of a whole number from ``low`` to ``high``; ``what`` completes "must be ..."."""

    def read(value: Any) -> int:
        if isinstance(value, str) and value.isascii() and value.removeprefix("-").isdecimal() and len(value) < 19:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"must be {what}, not {shown(value)}")
        return value

    return Written(read, {"anyOf": [{"type": "integer", "minimum": low, "maximum": high}, PARAMETER]})


def read_condition(value: Any) -> Condition:
    """What happens to a call, by its name."""
    if isinstance(value, str) and value in CONDITIONS:
        return Condition(value)
    hint = suggestion_or_list(value, CONDITIONS) if isinstance(value, str) else ""
    raise ValueError(f"must be what happens to a call, such as answered, not {shown(value)}{hint}")


def span_or(word: str) -> Written:
    """The type of a time, or of the word that leaves it to what happens to the call."""

    def read(value: Any) -> Span | str:
        return word if value == word else Span.parse(value)

    schema = _time(SPAN_PATTERN, "2s..6s")
    return Written(read, {"anyOf": [{"const": word}, *schema["anyOf"]]})


def read_networks(value: Any) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """An address, a network such as ``10.0.0.0/8``, or a list of them."""
    networks = []
    for text in value if isinstance(value, list | tuple) else [value]:
        if isinstance(text, ipaddress.IPv4Network | ipaddress.IPv6Network):
            networks.append(text)
            continue
        try:
            networks.append(ipaddress.ip_network(text if isinstance(text, str) else "", strict=False))
        except ValueError:
            raise ValueError(f"must be an IP address or a network such as 10.0.0.0/8, not {shown(text)}") from None
    if not networks:
        raise ValueError("must not be an empty list")
    return tuple(networks)


def read_listen(value: Any) -> tuple[ListenAddress, ...]:
    """One address to listen on, or a list of them."""
    addresses = []
    for text in value if isinstance(value, list | tuple) else [value]:
        if isinstance(text, ListenAddress):
            addresses.append(text)
            continue
        if not isinstance(text, str):
            raise ValueError(f"must be an address such as udp:127.0.0.1:5060, not {shown(text)}")
        try:
            addresses.append(ListenAddress.parse(text))
        except Malformed as why:
            raise ValueError(str(why)) from None
    if not addresses:
        raise ValueError("must not be an empty list")
    fixed = [address for address in addresses if address.port]
    if len(set(fixed)) < len(fixed):
        raise ValueError("must not name the same address twice")
    return tuple(addresses)


ONLY_FILES = "only_files"
"""In the validation context: the files that may be looked at, as they are written; any if it is not there."""


def allow_file(written: str, info: ValidationInfo) -> None:
    """See whether a file may be looked at: whoever sends a text over the network must not learn of others by it.

    Raises:
        ValueError: it may not.
    """
    only = (info.context or {}).get(ONLY_FILES)
    if only is not None and written not in only:
        why = "any other is read by simcarrier check and simcarrier run only"
        raise ValueError(f"must be a file that the running scenario names, not {shown(written)}: {why}")


def _beside(path: Any, info: ValidationInfo) -> Path:
    """A path relative to the scenario's folder; the file must be there."""
    folder = (info.context or {}).get("folder")
    if not isinstance(path, Path):
        allow_file(read_line(path), info)
    found = path if isinstance(path, Path) else Path(read_line(path))
    found = Path(folder) / found if folder is not None else found
    try:
        there = found.is_file()
    except (OSError, ValueError):
        there = False
    if not there:
        raise ValueError(f"must be the path of a file, relative to the scenario; there is no {shown(found)}")
    return found


def _several(item: JsonSchemaValue) -> JsonSchemaValue:
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]}


def _negatable(item: JsonSchemaValue) -> list[JsonSchemaValue]:
    inner = {"type": "object", "properties": {"not": _several(item)}, "required": ["not"]}
    return [item, {"type": "array", "items": item, "minItems": 1}, {**inner, "additionalProperties": False}]


TEXT_SCHEMA: JsonSchemaValue = {"type": ["string", "number", "boolean"]}
_PRESENCE: JsonSchemaValue = {
    "type": "object",
    "properties": {"present": {"type": "boolean"}, "absent": {"type": "boolean"}},
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
}


def _time(pattern: str, example: str) -> JsonSchemaValue:
    return {"anyOf": [{"type": "string", "pattern": pattern, "examples": [example]}, PARAMETER]}


Text = Annotated[str, Written(read_text, TEXT_SCHEMA)]
Line = Annotated[str, Written(read_line, TEXT_SCHEMA)]
Flag = Annotated[bool, Written(read_bool, {"anyOf": [{"type": "boolean"}, PARAMETER]})]
ConditionField = Annotated[
    Condition, Written(read_condition, {"anyOf": [{"type": "string", "enum": list(CONDITIONS)}, PARAMETER]})
]
MediaType = Annotated[str, Written(read_media_type, {"type": "string", "pattern": "/|\\$"})]
SpanField = Annotated[Span, Written(Span.parse, _time(SPAN_PATTERN, "2s..6s"))]
TimeRangeField = Annotated[TimeRange, Written(TimeRange.parse, _time(TIME_RANGE_PATTERN, "30s..60s"))]
ShareField = Annotated[float, Written(parse_share, _time(SHARE_PATTERN, "90%"))]
CountRangeField = Annotated[
    CountRange,
    Written(
        CountRange.parse,
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": COUNT_RANGE_PATTERN},
                PARAMETER,
            ]
        },
    ),
]
NumberPatternField = Annotated[
    NumberPattern, Written(NumberPattern.parse, {"anyOf": _negatable({"type": ["string", "integer"]})})
]
TextPatternField = Annotated[TextPattern, Written(TextPattern.parse, {"anyOf": [*_negatable(TEXT_SCHEMA), _PRESENCE]})]
NetworksField = Annotated[
    tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...],
    Written(read_networks, _several({"type": "string"})),
]
ListenField = Annotated[
    tuple[ListenAddress, ...],
    Written(read_listen, _several({"type": "string", "pattern": "^(udp|tcp|tls|UDP|TCP|TLS):|\\$"})),
]
FileField = Annotated[Path, BeforeValidator(_beside)]
HeaderName = Annotated[str, Written(read_header_name, {"type": "string"})]
BodyTemplate = Annotated[Template, Written(lambda value: Template.parse(value, lines=True), TEXT_SCHEMA)]
