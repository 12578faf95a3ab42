"""Dialect files: how a carrier says what happens to a call, from YAML to a table.

A dialect gives each condition an action in the scenario's own language: a response, steps, or a mix of them. What it
does not say it inherits, in the end from ``textbook``, which says everything. Variants of one file differ in a few
conditions; a scenario names one with a slash, ``cis/404``.

A name without ``.yaml`` is a dialect that ships; a file is looked for beside whatever names it. `table_of` reads
either, and all that is wrong with a file, and with those that it inherits from, is told in one pass.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import (
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Tag,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from ..conditions import Condition
from ..sip.isup import Profile
from .actions import Action, MixAction, RespondAction, StepsAction, action_key, one_action
from .base import Model, fault, in_words, suggestion_or_list
from .faults import Fault, ScenarioError
from .fields import CONDITIONS, PARAMETER, TEXT_SCHEMA, Text, Written, allow_file, read_text
from .reading import Source, read_text_of
from .units import shown

FOLDER = Path(__file__).parents[1] / "carrier" / "dialects"
"""Where the dialects lie that ship."""

SHIPPED = ("textbook", "us-2026", "us-legacy", "germany", "cis", "opaque", "isup-gateway", "throttler")
"""Every dialect that ships. A new one is a file in `FOLDER`, and its name here."""

USUAL = "textbook"
"""What everything inherits from in the end."""

DIALECT_FAULTS = "dialect_faults"
"""In the validation context of a scenario: a list that takes the faults of the file of its dialect."""

_FILE = re.compile(r"(?P<path>.*?\.ya?ml)(?:/(?P<variant>[^/]+))?", re.DOTALL)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

_REFUSED = {
    "outcome": "must be respond, steps or mix: an outcome is what a dialect is asked for",
    "ladder": "must be respond, steps or mix: a dialect has no ladders by name, so write steps",
    "sequence": "must be respond, steps or mix: a dialect does not count calls",
}


def _sayable(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """An action that a dialect can use, in its mixes too."""
    entries = value.get("mix") if isinstance(value, Mapping) else None
    faults = []
    for place, entry in enumerate(entries if isinstance(entries, list) else []):
        present = [key for key in _REFUSED if isinstance(entry, Mapping) and key in entry]
        faults += [fault(_REFUSED[key], ("mix", place)) for key in present[:1]]
    try:
        made = one_action(value, handler, _REFUSED)
    except ValidationError as error:
        faults += in_words(error)
    if faults:
        raise ValidationError.from_exception_data("action", faults)
    return made


def _read_condition(value: Any) -> Condition:
    if value in CONDITIONS:
        return Condition(value)
    raise ValueError(f"unknown condition {shown(value)}{suggestion_or_list(str(value), CONDITIONS)}")


def _read_variant_name(value: Any) -> str:
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    raise ValueError(f"{shown(value)} is no name for a variant: letters, digits, -, _ and . make one")


def _read_profile(value: Any) -> Profile:
    if isinstance(value, str) and value in tuple(Profile):
        return Profile(value)
    hint = suggestion_or_list(value, [*Profile]) if isinstance(value, str) else ""
    raise ValueError(f"must be practice or rfc, not {shown(value)}{hint}")


ConditionKey = Annotated[Condition, Written(_read_condition, {"type": "string", "enum": list(CONDITIONS)})]
VariantKey = Annotated[str, Written(_read_variant_name, {"type": "string", "pattern": f"^{_NAME.pattern}$"})]
ProfileField = Annotated[Profile, Written(_read_profile, {"type": "string", "enum": [*Profile]})]

DialectAction = Annotated[
    Annotated[RespondAction, Tag("<respond>")]
    | Annotated[StepsAction, Tag("<steps>")]
    | Annotated[MixAction, Tag("<mix>")],
    Discriminator(action_key),
    WrapValidator(_sayable),
]
"""What a dialect can say."""


class Variant(Model):
    """A variant of a dialect: what one carrier says otherwise than its neighbour."""

    description: Text = Field(description="What it is about.")
    conditions: dict[ConditionKey, DialectAction] = Field(
        default_factory=dict, description="What it says otherwise, by the condition."
    )


class DialectFile(Model):
    """The file of a dialect."""

    name: Text = Field(description="What lists call it.")
    description: Text = Field(description="Whose way of speaking it is.")
    inherits: Text = Field(default=USUAL, description="The dialect that says whatever this one does not.")
    isup: ProfileField | None = Field(
        default=None,
        description="Every refusal crosses a network that speaks ISUP; the value is what 607 and 608 become there.",
    )
    conditions: dict[ConditionKey, DialectAction] = Field(
        default_factory=dict, description="What it says, by the condition."
    )
    variants: dict[VariantKey, Variant] = Field(
        default_factory=dict, description="Variants by their names; the first is taken if none is named."
    )


@dataclass(frozen=True, slots=True)
class Saying:
    """What is said of one condition.

    Attributes:
        action: what is done.
        origin: the dialect whose file says so, with its variant: ``textbook``, ``cis/404``.
    """

    action: Action
    origin: str


@dataclass(frozen=True, slots=True)
class DialectTable:
    """A dialect with all that it inherits.

    Attributes:
        name: as whoever asked for it wrote it.
        title: the name that its file gives it, with the variant if it has any.
        description: whose way of speaking it is.
        isup: every refusal is to cross a gateway, by this profile; None: it is heard as it was said.
        sayings: what is said, for every condition.
        variants: the names and descriptions of the variants of its file.
    """

    name: str
    title: str
    description: str
    isup: Profile | None
    sayings: Mapping[Condition, Saying]
    variants: tuple[tuple[str, str], ...]

    def inherited(self, condition: Condition) -> bool:
        """Whether another file says it."""
        return self.sayings[condition].origin.partition("/")[0] != self.title.partition("/")[0]


def table_of(reference: str, folder: Path | None = None) -> DialectTable:
    """The dialect of a name or a file.

    Args:
        reference: ``germany``, ``cis/404``, ``my-carrier.yaml``, ``./my-carrier.yaml/night``.
        folder: what files are relative to; the working directory if None.

    Raises:
        ScenarioError: a file has faults; it is a ValueError too, so ask for it first.
        ValueError: there is no such dialect or variant; the sentence completes ``"dialect" ...``.
    """
    return _shipped(reference) if _FILE.fullmatch(reference) is None else _resolve(reference, folder, ())


@lru_cache(maxsize=64)
def _shipped(reference: str) -> DialectTable:
    return _resolve(reference, None, ())


def _find(reference: str, folder: Path | None) -> tuple[Path, str | None]:
    """The file of a dialect, and the variant."""
    found = _FILE.fullmatch(reference)
    if found is not None:
        path = Path(found["path"]) if folder is None else folder / found["path"]
        try:
            there = path.is_file()
        except (OSError, ValueError):
            there = False
        if not there:
            raise ValueError(f"must be a dialect's name or its file; there is no file {shown(path)}")
        return path, found["variant"]
    name, slash, variant = reference.partition("/")
    if name not in SHIPPED:
        hint = suggestion_or_list(name, SHIPPED)
        raise ValueError(f"must be a dialect that ships, or a file such as my-carrier.yaml, not {shown(name)}{hint}")
    return FOLDER / f"{name}.yaml", variant if slash else None


def _resolve(reference: str, folder: Path | None, below: tuple[Path, ...]) -> DialectTable:
    """Read a dialect, and what it inherits from.

    Args:
        reference: as written.
        folder: what files are relative to.
        below: the files that inherit from it, the lowest first.
    """
    path, wanted = _find(reference, folder)
    key = path.resolve()
    if key in below:
        round_trip = " -> ".join(file.name for file in (*below[below.index(key) :], key))
        raise ValueError(f"must not inherit in a circle: {round_trip}")
    source = Source(read_text_of(path, "dialect"), str(path), "dialect", "name, description and conditions")
    written = source.validated(DialectFile, source.data, {"folder": path.parent})
    parent, further = _parent(source, path, (*below, key))
    source.raise_if_faulty(further)
    assert written is not None  # a failed validation has left its faults
    variant = _variant(written, wanted, reference)
    sayings = dict(parent.sayings) if parent is not None else {}
    sayings |= {condition: Saying(action, written.name) for condition, action in written.conditions.items()}
    title = written.name
    if variant is not None:
        title = f"{written.name}/{variant}"
        chosen = written.variants[variant]
        sayings |= {condition: Saying(action, title) for condition, action in chosen.conditions.items()}
    return DialectTable(
        reference,
        title,
        written.description,
        written.isup or (parent.isup if parent is not None else None),
        MappingProxyType({condition: sayings[condition] for condition in Condition}),
        tuple((name, each.description) for name, each in written.variants.items()),
    )


def _parent(source: Source, path: Path, below: tuple[Path, ...]) -> tuple[DialectTable | None, tuple[Fault, ...]]:
    """What a file inherits from, and the faults of files above it; its own are added to it."""
    inherits = source.data.get("inherits", USUAL)
    if path == FOLDER / f"{USUAL}.yaml" or not isinstance(inherits, str) or not inherits.strip():
        return None, ()
    try:
        if _FILE.fullmatch(inherits) is None:
            return _shipped(inherits), ()
        return _resolve(inherits, path.parent, below), ()
    except ScenarioError as error:
        return None, error.faults
    except ValueError as why:
        source.add(("inherits",), str(why))
        return None, ()


def _variant(written: DialectFile, wanted: str | None, reference: str) -> str | None:
    if wanted is None:
        return next(iter(written.variants), None)
    if wanted not in written.variants:
        hint = suggestion_or_list(wanted, list(written.variants), "; it has none")
        raise ValueError(f"must name a variant that {shown(reference.removesuffix(f'/{wanted}'))} has{hint}")
    return wanted


class DialectName(str):
    """A dialect's name as a scenario writes it, with the table that was read for it.

    Attributes:
        table: what it says.
    """

    table: DialectTable

    @classmethod
    def of(cls, table: DialectTable) -> DialectName:
        """The name of a table."""
        made = cls(table.name)
        made.table = table
        return made


def table_for(name: str) -> DialectTable:
    """The table of a scenario's dialect: the one that was read with the scenario, or that of a name in Python."""
    return name.table if isinstance(name, DialectName) else table_of(name)


def _read_dialect(value: Any, info: ValidationInfo) -> str:
    if isinstance(value, DialectName):
        return value
    text = read_text(value)
    context = info.context or {}
    if _FILE.fullmatch(text) is not None:
        allow_file(text, info)
    try:
        return DialectName.of(table_of(text, context.get("folder")))
    except ScenarioError as error:
        faults = context.get(DIALECT_FAULTS)
        if faults is None:
            raise ValueError(f"must be a dialect without faults: {error.faults[0]}") from None
        faults.extend(error.faults)
        return text


class _ReadWithFolder:
    """The type of the field ``dialect``: its reader needs the scenario's folder."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.with_info_plain_validator_function(_read_dialect)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [{**TEXT_SCHEMA, "examples": [*SHIPPED, "my-carrier.yaml"]}, PARAMETER]}


DialectField = Annotated[str, _ReadWithFolder()]
"""A dialect by its name or file; it is read with the scenario."""


def is_dialect(text: str) -> bool:
    """Whether a text is meant to be a dialect's file and not a scenario."""
    try:
        data = Source(text, "", "dialect", "").data
    except ScenarioError:
        return False
    return bool({"conditions", "variants", "inherits", "isup"} & set(data)) and not {"calls", "carrier"} & set(data)
