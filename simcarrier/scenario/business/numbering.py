"""The numbering plan of a carrier: the forms in which it takes a number, and which numbers there are.

The same number is +74951234567, 8 10 7..., 7495..., 8495... or 495..., depending on who dials and from where. A carrier
takes some of these forms and refuses the rest as numbers that do not exist, though somebody has them: the fault that
number conversion on the gateway cures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BeforeValidator, Field

from ..base import Location, Model, suggestion
from ..fields import PARAMETER, ConditionField, CountRangeField, Written
from ..patterns import NumberPattern
from ..units import shown
from .numbers import E164_PATTERN_SCHEMA, E164Number, E164PatternField, NumbersFileField, read_e164_pattern


class Form(StrEnum):
    """A way to write the same number."""

    E164 = "e164"
    """``+49301234``"""
    INTERNATIONAL_PREFIX = "international_prefix"
    """``0049301234``"""
    NATIONAL = "national"
    """``0301234``"""
    COUNTRY_CODE = "country_code"
    """``49301234``"""
    BARE_NATIONAL = "bare_national"
    """``301234``"""


FORMS: Final = tuple(form.value for form in Form)
OF_A_COUNTRY: Final = (Form.NATIONAL, Form.BARE_NATIONAL)
"""Forms that say nothing without a country."""

NO_PREFIX: Final = "none"
"""What is written where a country has no trunk prefix."""


def _digits(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdecimal()


def read_country(value: Any) -> str:
    """A country code (ITU-T E.164): one to three digits, the first not a zero."""
    if _digits(value) and len(value) <= 3 and not value.startswith("0"):
        return str(value)
    raise ValueError(f"must be a country code such as 49, without plus or zeros, not {shown(value)}")


def read_international_prefix(value: Any) -> str:
    """The digits that say that a country code follows."""
    if _digits(value) and len(value) <= 5:
        return str(value)
    raise ValueError(f"must be the digits before a country code, such as 00, 011 or 810, not {shown(value)}")


def read_trunk_prefix(value: Any) -> str:
    """The digits that say that a national number follows; empty for none."""
    if value in (NO_PREFIX, ""):
        return ""
    if _digits(value) and len(value) <= 5:
        return str(value)
    raise ValueError(f"must be the digits before a national number, such as 0 or 8, or none, not {shown(value)}")


def read_form(value: Any) -> Form:
    """One form by its name."""
    if isinstance(value, str) and value in FORMS:
        return Form(value)
    hint = suggestion(value, FORMS) if isinstance(value, str) else ""
    raise ValueError(f"must be one of {', '.join(FORMS)}, not {shown(value)}{hint}")


def _listed_or_pattern(value: Any) -> NumberPattern | str:
    return "listed" if value == "listed" else read_e164_pattern(value)


DIGITS_SCHEMA = {"type": ["string", "integer"]}
FormField = Annotated[Form, Written(read_form, {"anyOf": [{"enum": list(FORMS)}, PARAMETER]})]
FormsField = Annotated[
    tuple[FormField, ...], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)
]


class NumberingModel(Model):
    """Which numbers the carrier takes, in which form, and which exist."""

    hints: ClassVar[dict[str, str]] = {
        "unallocated": 'unknown key "unallocated": say which numbers there are, by exists',
        "prefix": 'unknown key "prefix": write trunk_prefix or international_prefix',
    }

    country: Annotated[str, Written(read_country, DIGITS_SCHEMA)] | None = Field(
        default=None,
        description="The carrier's country code, such as 49; without one a number without plus or international "
        "prefix begins with its own country code.",
    )
    forms: FormsField | None = Field(
        default=None,
        min_length=1,
        description="In which forms it takes a number: e164, international_prefix, national, country_code, "
        "bare_national; all but bare_national if not said.",
    )
    international_prefix: Annotated[str, Written(read_international_prefix, DIGITS_SCHEMA)] = Field(
        default="00", description="What is dialled before a country code."
    )
    trunk_prefix: Annotated[str, Written(read_trunk_prefix, DIGITS_SCHEMA)] = Field(
        default="0", description="What is dialled before a national number; none for nothing."
    )
    lengths: CountRangeField | None = Field(
        default=None, description="How many digits national numbers have, without any prefix, such as 10..11."
    )
    exists: (
        Annotated[
            NumberPattern | Literal["listed"],
            Written(_listed_or_pattern, {"anyOf": [{"const": "listed"}, *E164_PATTERN_SCHEMA["anyOf"]]}),
        ]
        | None
    ) = Field(
        default=None,
        description="The numbers that somebody has; listed: those in numbers and numbers_file alone; all if not said.",
    )
    disconnected: E164PatternField | None = Field(default=None, description="Numbers that have been given up.")
    changed: dict[E164Number, E164Number] = Field(
        default_factory=dict, description="Numbers whose subscribers have another one now, and which."
    )
    ported: E164PatternField | None = Field(
        default=None, description="Numbers that were ported away, which the carrier has not heard of."
    )
    unreachable: E164PatternField | None = Field(
        default=None, description="Numbers whose phone is off, out of coverage or not logged in."
    )
    busy: E164PatternField | None = Field(default=None, description="Numbers that are always busy.")
    nowhere: E164PatternField | None = Field(
        default=None, description="Numbers that the network knows for sure nobody has."
    )
    numbers: dict[E164Number, ConditionField] = Field(
        default_factory=dict, description="What happens to calls to single numbers; answered: the number exists."
    )
    numbers_file: NumbersFileField | None = Field(
        default=None,
        description="A file of numbers, relative to the scenario: number, condition and new number in each line.",
    )

    @property
    def forms_taken(self) -> tuple[Form, ...]:
        """The forms in which the carrier takes a number."""
        if self.forms is not None:
            return self.forms
        wanted = (Form.E164, Form.INTERNATIONAL_PREFIX, Form.NATIONAL, Form.COUNTRY_CODE)
        return tuple(form for form in wanted if self.country is not None or form not in OF_A_COUNTRY)


def faults(carrier: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    """What contradicts itself between several entries; locations are relative to ``carrier``."""
    numbering = carrier.get("numbering")
    if not isinstance(numbering, Mapping):
        return
    for found in (_without_country(numbering), _same_prefixes(numbering), _twice(numbering), _to_itself(numbering)):
        yield from ((("numbering", *location), why) for location, why in found)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _without_country(numbering: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    if numbering.get("country") is not None:
        return
    several = isinstance(numbering.get("forms"), list | tuple)
    for place, form in enumerate(_listed(numbering.get("forms"))):
        if form in OF_A_COUNTRY:
            location: Location = ("forms", place) if several else ("forms",)
            yield location, f"the form {form} needs a country: add country, such as 49"
    for key in ("trunk_prefix", "lengths"):
        if numbering.get(key) is not None:
            yield (key,), f"{key} needs a country: add country, such as 49"


def _same_prefixes(numbering: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    trunk, international = numbering.get("trunk_prefix", "0"), numbering.get("international_prefix", "00")
    if isinstance(trunk, str) and trunk == international:
        key = "trunk_prefix" if "trunk_prefix" in numbering else "international_prefix"
        yield (key,), f"the trunk prefix and the international prefix are both {shown(trunk)}"


LISTS: Final = ("disconnected", "changed", "ported", "unreachable", "busy", "nowhere", "numbers")
"""The keys that each say what becomes of some numbers."""


def _entries(numbering: Mapping[Any, Any], key: str) -> Iterator[tuple[Location, str]]:
    said = numbering.get(key)
    entries: list[tuple[Location, Any]] = [((key,), said)]
    if isinstance(said, Mapping):
        # A pattern with "not" names numbers that it is not for.
        entries = [((key, name), name) for name in said] if key in ("changed", "numbers") else []
    elif isinstance(said, list | tuple):
        entries = [((key, place), text) for place, text in enumerate(said)]
    for location, text in entries:
        if isinstance(text, str):
            yield location, text


def _twice(numbering: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    seen: dict[str, str] = {}
    for key in LISTS:
        for location, text in _entries(numbering, key):
            first = seen.setdefault(text, key)
            if first != key:
                yield location, f"{shown(text)} stands in {first} already: one number, one list"


def _to_itself(numbering: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    changed = numbering.get("changed")
    if isinstance(changed, Mapping):
        for old, new in changed.items():
            if old == new:
                yield ("changed", old), f"{shown(old)} is changed to itself"
