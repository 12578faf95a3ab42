"""What a response consists of, as it is written: its code, its headers, its body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError

from ..sip.grammar import is_token
from .base import UNKNOWN, Model, fault
from .fields import PARAMETER, TEXT_SCHEMA, BodyTemplate, MediaType, Written
from .template import Template
from .units import shown

_CODE = re.compile(r"[0-9]{3}")

Headers = tuple[tuple[str, Template], ...]
"""Header fields in the order written; a repeated header stands there once per value."""

OWNED = {
    "via": "copied from the request",
    "from": "copied from the request",
    "to": "copied from the request, with the carrier's tag",
    "call-id": "copied from the request",
    "cseq": "copied from the request",
    "content-length": "counted",
    "content-type": "the type of the body",
    "record-route": "copied from the request",
    "rseq": "counted; write reliable: true",
    "v": "copied from the request",
    "f": "copied from the request",
    "t": "copied from the request",
    "i": "copied from the request",
    "l": "counted",
    "c": "the type of the body",
}
"""Headers that the stack itself writes, by lower-case name, and where it takes them from."""


def read_headers(value: Any) -> Headers:
    """A mapping of names to a text or a list of texts; all that is wrong with any of them is raised at once."""
    if isinstance(value, tuple):
        return value
    if not isinstance(value, Mapping):
        raise ValueError(f"must be a mapping of header names to values, not {shown(value)}")
    headers: list[tuple[str, Template]] = []
    faults = []
    for name, written in value.items():
        if not is_token(str(name)):
            faults.append(fault(f"{shown(name)} is not a header name", (name,), UNKNOWN))
        elif str(name).lower() in OWNED:
            faults.append(fault(f"the stack writes {name} itself: it is {OWNED[name.lower()]}", (name,), UNKNOWN))
        several = isinstance(written, list | tuple)
        if several and not written:
            faults.append(fault("must not be an empty list", (name,)))
        for place, text in enumerate(written if several else [written]):
            try:
                headers.append((name, Template.parse(text)))
            except ValueError as why:
                faults.append(fault(str(why), (name, place) if several else (name,)))
    if faults:
        raise ValidationError.from_exception_data("headers", faults)
    return tuple(headers)


HeadersField = Annotated[
    Headers,
    Written(
        read_headers,
        {
            "type": "object",
            "additionalProperties": {"anyOf": [TEXT_SCHEMA, {"type": "array", "items": TEXT_SCHEMA, "minItems": 1}]},
        },
    ),
]


def read_final_code(value: Any) -> int:
    """The code of a final response that is no success."""
    code = int(value) if isinstance(value, str) and _CODE.fullmatch(value) else value
    if isinstance(code, int) and 100 <= code < 300:
        other = {100: "trying", 180: "ringing"}.get(code, "progress" if code < 200 else "answer")
        raise ValueError(f"must be a final code from 300 to 699, not {shown(value)}: write the step {other} for that")
    if isinstance(code, bool) or not isinstance(code, int) or not 300 <= code <= 699:
        raise ValueError(f"must be a final code from 300 to 699, such as 403, not {shown(value)}")
    return code


FinalCode = Annotated[
    int, Written(read_final_code, {"anyOf": [{"type": "integer", "minimum": 300, "maximum": 699}, PARAMETER]})
]


class Body(Model):
    """The body of a response."""

    type: MediaType = Field(description="Its media type, such as text/plain.")
    content: BodyTemplate = Field(description="The text; {names} in braces are filled in, {{ and }} are braces.")
