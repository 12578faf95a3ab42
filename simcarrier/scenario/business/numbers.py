"""Numbers in E.164 form as a scenario writes them: one, a pattern of them, a file full of them.

E.164 is the form that is valid everywhere: a plus, the country code, the national number, 15 digits at most and never
a zero in front (ITU-T E.164 section 6). The numbering plan brings whatever was dialled into this form before it asks
its lists, so an entry in another form could never be found: it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, TypeAdapter, ValidationInfo, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue

from ...conditions import Condition
from ..fields import PARAMETER, FileField, Written, read_condition
from ..patterns import NumberPattern
from ..units import shown

E164_DIGITS = 15
"""The most digits of a number, country code included (ITU-T E.164 section 6.1)."""

LARGEST_FILE = 32 * 1024 * 1024
"""Bytes of a file of numbers, some million of them. More is a file named by mistake."""

MOST_TOLD = 20
"""A file in the wrong form is wrong in every line; nobody reads more of them."""

_E164 = re.compile(rf"\+[1-9][0-9]{{0,{E164_DIGITS - 1}}}")
_PREFIX = re.compile(rf"\+(?:[1-9][0-9]{{0,{E164_DIGITS - 1}}})?\*")
_SEPARATOR = re.compile(r"[,;\t]")


def read_e164(value: Any) -> str:
    """One number with its plus."""
    if not isinstance(value, str) or _E164.fullmatch(value) is None:
        raise ValueError(f"must be a number in E.164 form such as +4930123, not {shown(value)}")
    return value


def read_e164_pattern(value: Any) -> NumberPattern:
    """A number pattern whose numbers and prefixes are in E.164 form."""
    pattern = NumberPattern.parse(value)
    wrong = [text for text in sorted(pattern.exact) if _E164.fullmatch(text) is None]
    wrong += [f"{prefix}*" for prefix in pattern.prefixes if _PREFIX.fullmatch(f"{prefix}*") is None]
    if wrong:
        told = ", ".join(map(shown, wrong[:MOST_TOLD])) + (", ..." if len(wrong) > MOST_TOLD else "")
        raise ValueError(f"must be in E.164 form such as +4930123 or +4930*, not {told}")
    return pattern


_ONE: JsonSchemaValue = {"type": ["string", "integer"]}
_SEVERAL: JsonSchemaValue = {"type": "array", "items": _ONE, "minItems": 1}
_NOT: JsonSchemaValue = {
    "type": "object",
    "properties": {"not": {"anyOf": [_ONE, _SEVERAL]}},
    "required": ["not"],
    "additionalProperties": False,
}
E164_PATTERN_SCHEMA: JsonSchemaValue = {"anyOf": [_ONE, _SEVERAL, _NOT]}

E164Number = Annotated[str, Written(read_e164, {"anyOf": [_ONE, PARAMETER]})]
E164PatternField = Annotated[NumberPattern, Written(read_e164_pattern, E164_PATTERN_SCHEMA)]


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list says of one number.

    Attributes:
        condition: what becomes of a call to it; ``answered``: it exists.
        new_number: the number that has taken its place, where one has.
    """

    condition: Condition
    new_number: str | None = None


@dataclass(frozen=True, slots=True)
class NumbersFile:
    """A file of numbers, one in a line: the number, a condition (answered if not said), a new number.

    The columns are separated by a comma, a semicolon or a tab. Empty lines, lines that begin with ``#`` and a first
    line that begins with the word ``number`` are passed over.

    Attributes:
        path: the file.
        entries: what it says, by the number.
    """

    path: Path
    entries: Mapping[str, Listed]

    @classmethod
    def read(cls, path: Path) -> NumbersFile:
        """Read a file.

        Raises:
            ValueError: with all lines that are wrong, the first `MOST_TOLD` of them in words.
        """
        try:
            with path.open("rb") as file:
                content = file.read(LARGEST_FILE + 1)
        except OSError as error:
            raise ValueError(f"{path.name} cannot be read: {error.strerror}") from None
        if len(content) > LARGEST_FILE:
            raise ValueError(f"{path.name} is larger than {LARGEST_FILE // 1024**2} MiB")
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise ValueError(f"{path.name} line {line}: is not UTF-8 text") from None
        entries, wrong = read_lines(text)
        if wrong:
            told = [f"{path.name} line {line}: {why}" for line, why in wrong[:MOST_TOLD]]
            left = len(wrong) - len(told)
            raise ValueError("; ".join(told) + (f"; and {left} more lines" if left else ""))
        return cls(path, entries)


def read_lines(text: str) -> tuple[dict[str, Listed], list[tuple[int, str]]]:
    """What the text of a file says, by the number; and which lines are wrong, and why."""
    entries: dict[str, Listed] = {}
    places: dict[str, int] = {}
    wrong: list[tuple[int, str]] = []
    seen: dict[tuple[str, ...], Listed] = {}  # most lines say the same of their number
    titled = False
    for line, row in enumerate(text.splitlines(), 1):
        if not row.strip() or row.startswith("#"):
            continue
        number, *said = [cell.strip().strip('"') for cell in _SEPARATOR.split(row)]
        if not titled:
            titled = True
            if number.lower() == "number":
                continue
        try:
            read_e164(number)
            key = tuple(said)
            listed = seen.get(key)
            if listed is None:
                listed = _listed(said)
                if listed.new_number is None:
                    seen[key] = listed
            if number == listed.new_number:
                raise ValueError(f"{number} is changed to itself")
            if entries.setdefault(number, listed) != listed:
                raise ValueError(f"line {places[number]} says otherwise of {number}")
            places.setdefault(number, line)
        except ValueError as why:
            wrong.append((line, str(why)))
    return entries, wrong


def _listed(said: list[str]) -> Listed:
    while said and not said[-1]:
        said.pop()
    if len(said) > 2:
        raise ValueError("must be a number, a condition and a new number at most")
    condition = read_condition(said[0]) if said and said[0] else Condition.ANSWERED
    if len(said) < 2:
        return Listed(condition)
    if condition is not Condition.NUMBER_CHANGED:
        raise ValueError(f"has a new number, but is {condition}, not number_changed")
    return Listed(condition, read_e164(said[1]))


_FILE: TypeAdapter[Path] = TypeAdapter(FileField)


def _numbers_file(value: Any, info: ValidationInfo) -> NumbersFile:
    if isinstance(value, NumbersFile):
        return value
    return NumbersFile.read(_FILE.validate_python(value, context=info.context))


NumbersFileField = Annotated[
    NumbersFile, BeforeValidator(_numbers_file), WithJsonSchema({"type": "string", "format": "path"})
]
