"""What a mapping says: which of a dialler's columns is which of ours, and how to read it.

Where a dialler does not tell something, the mapping leaves it out, and it stays unknown: a BUSY is not always a 486.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import Field
from pydantic_core import InitErrorDetails

from simcarrier.records.row import CLASSES_603, NAMES, OUTCOMES
from simcarrier.scenario.base import Model, fault, suggestion_or_list
from simcarrier.scenario.business.fields import one_of
from simcarrier.scenario.fields import Flag, Text
from simcarrier.scenario.reading import Source, read_text_of
from simcarrier.scenario.units import shown

FOLDER: Final = Path(__file__).parent / "mappings"

SHIPPED: Final = ("asterisk", "freeswitch", "freeswitch-csv", "kamailio", "generic")
"""Every mapping that ships. A new one is a file in `FOLDER`, and its name here."""

KIND: Final = "mapping"

LOCAL: Final = "local"
"""The zone of this machine."""

FORMATS: Final = ("csv", "json_lines", "parquet", "table")
TIMES: Final = ("began", "first_response", "ringing", "final", "answered", "ended")
DURATIONS: Final = ("post_dial_delay", "talk")
NUMBERS: Final = ("caller", "called")
UNITS: Final = {"seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1}
"""What a time or a duration is counted in, in microseconds."""

NOT_MAPPED: Final = frozenset({"uid", "source", "run", "dialled"})
"""Columns that the import fills by itself."""

CHOICES: Final = {"outcome": OUTCOMES, "class_603": CLASSES_603, "attestation": ("A", "B", "C")}
"""Columns with a closed list of values."""


class NumbersModel(Model):
    """How numbers are written."""

    country: Text | None = Field(default=None, description="The country code of national numbers, such as 49.")
    national: Text | None = Field(default=None, description="What stands before a national number, such as 0.")
    international: tuple[Text, ...] = Field(
        default=("00",), description="What stands for the + of an international number."
    )
    e164: Flag = Field(default=False, description="Whether digits alone are an international number without its +.")

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if isinstance(data, Mapping):
            for key in ("country", "national", "international"):
                said = data.get(key)
                for one in said if isinstance(said, list) else [said]:
                    if one is not None and not re.fullmatch(r"[0-9]{1,6}", str(one)):
                        yield fault(f"must be digits, not {shown(one)}", (key,))
            if data.get("national") is not None and data.get("country") is None:
                yield fault('says nothing without "country"', ("national",))


class ColumnModel(Model):
    """Where a column of ours comes from, and how it is read."""

    from_: tuple[Text, ...] = Field(
        default=(), alias="from", description="Their column, or several, of which the first that is not empty counts."
    )
    value: Text | None = Field(default=None, description="A value that all calls have, in place of from.")
    as_: Text | None = Field(
        default=None,
        alias="as",
        description="What a time or a duration is written in: seconds, milliseconds or microseconds; a time also in "
        "iso, or in a format such as %d.%m.%Y %H:%M:%S.",
    )
    pattern: Text | None = Field(default=None, description="A regular expression; its first group is the value.")
    values: dict[Text, Text] = Field(
        default_factory=dict, description="What their values are in ours; others are not known."
    )
    missing: tuple[Text, ...] = Field(default=(), description="Values that say that there is none, such as 0.")
    percent: Flag = Field(default=False, description="Whether the value is percent-encoded, as in a URL.")
    optional: Flag = Field(default=False, description="Whether their column may be missing from a file.")

    @classmethod
    def _reshape(cls, data: Any) -> Any:
        """A name alone is that column as it stands; a single value is a list of one."""
        if isinstance(data, str):
            return {"from": [data]}
        if not isinstance(data, Mapping):
            return data
        lists = {key: [data[key]] for key in ("from", "missing") if isinstance(data.get(key), str | int | float)}
        return {**data, **lists}

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if not isinstance(data, Mapping):
            return
        if (data.get("from") is None) == (data.get("value") is None):
            yield fault('must have either "from" or "value"')
        pattern = data.get("pattern")
        if isinstance(pattern, str):
            try:
                groups = re.compile(pattern).groups
            except re.error as why:
                yield fault(f"must be a regular expression: {why}", ("pattern",))
            else:
                if not groups:
                    yield fault("must have a group in brackets, which is the value", ("pattern",))


class MappingModel(Model):
    """How the call records of a dialler become ours."""

    name: Text = Field(description="What it is called; imported calls have it as their run.")
    about: Text | None = Field(default=None, description="What it reads, in words.")
    format: Annotated[str, one_of(*FORMATS)] | None = Field(
        default=None, description="csv, json_lines, parquet or table; by the file's name if not said."
    )
    header: Flag = Field(default=True, description="Whether the first line of a CSV file names the columns.")
    columns: tuple[Text, ...] = Field(default=(), description="The columns of a CSV file without such a line.")
    separator: Text = Field(default=",", description="What stands between the values of a CSV file.")
    zone: Text = Field(
        default="UTC", description="The time zone of times without one: a name such as Europe/Berlin, or local."
    )
    only: dict[Text, tuple[Text, ...]] = Field(
        default_factory=dict, description="Values that columns must have; other lines are no calls."
    )
    id: tuple[Text, ...] = Field(default=(), description="The columns that tell calls apart; all of them if not said.")
    numbers: NumbersModel = Field(default_factory=NumbersModel, description="How numbers are written.")
    fields: dict[str, ColumnModel] = Field(description="Our columns, each with where it comes from.")

    @classmethod
    def _reshape(cls, data: Any) -> Any:
        """A single value is a list of one."""
        if not isinstance(data, Mapping):
            return data
        only = data.get("only")
        if isinstance(only, Mapping):
            data = {
                **data,
                "only": {key: [said] if isinstance(said, str | int) else said for key, said in only.items()},
            }
        return {**data, "id": [data["id"]]} if isinstance(data.get("id"), str) else data

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if not isinstance(data, Mapping):
            return
        if str(data.get("header")).lower() in ("false", "no") and not data.get("columns"):
            yield fault('must be there where "header" is false', ("columns",))
        if isinstance(data.get("separator"), str) and len(data["separator"]) != 1:
            yield fault("must be one character", ("separator",))
        if isinstance(data.get("zone"), str) and zone_fault(data["zone"]):
            yield fault(zone_fault(data["zone"]), ("zone",))
        fields = data.get("fields")
        if isinstance(fields, Mapping):
            yield from _fields_faults(fields)


def zone_fault(zone: str) -> str:
    """What is wrong with the name of a time zone; empty if nothing is."""
    if zone == LOCAL:
        return ""
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return f"must be a time zone such as Europe/Berlin, or local, not {shown(zone)}"
    return ""


def _fields_faults(fields: Mapping[Any, Any]) -> Iterator[InitErrorDetails]:
    known = [name for name in NAMES if name not in NOT_MAPPED]
    if "began" not in fields:
        yield fault('must have "began": a call without its time cannot be placed', ("fields",))
    for name, column in fields.items():
        if name not in known:
            yield fault(
                f"{shown(name)} is no column that can be imported" + suggestion_or_list(str(name), known), ("fields",)
            )
            continue
        if not isinstance(column, Mapping):
            continue
        as_ = column.get("as")
        if isinstance(as_, str):
            if name not in TIMES + DURATIONS:
                yield fault("is for times and durations only", ("fields", name, "as"))
            elif as_ not in UNITS and (name in DURATIONS or not (as_ == "iso" or "%" in as_)):
                yield fault(f"must be {_units(name)}, not {shown(as_)}", ("fields", name, "as"))
        for place, said in _said(column):
            if name in CHOICES and said not in CHOICES[name]:
                yield fault(f"must be one of {', '.join(CHOICES[name])}, not {shown(said)}", ("fields", name, *place))


def _said(column: Mapping[Any, Any]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The values of ours that a column spells out, and where."""
    if column.get("value") is not None:
        yield ("value",), column["value"]
    values = column.get("values")
    if isinstance(values, Mapping):
        for key, said in values.items():
            yield ("values", key), said


def _units(name: str) -> str:
    units = ", ".join(UNITS)
    return units if name in DURATIONS else f"iso, {units}, or a format with %"


def load_mapping(named: str) -> MappingModel:
    """Read a mapping: one that ships by its name, or a file.

    Raises:
        simcarrier.scenario.faults.ScenarioError: with every fault.
        ValueError: there is no such mapping; the text completes ``'VALUE' ...``.
    """
    if named in SHIPPED:
        path = FOLDER / f"{named}.yaml"
    elif named.endswith((".yaml", ".yml")):
        path = Path(named)
    else:
        raise ValueError(
            "must be a mapping that ships, or a file such as mapping.yaml" + suggestion_or_list(named, SHIPPED)
        )
    source = Source(read_text_of(path, KIND), str(path), KIND, "name and fields")
    made = source.validated(MappingModel, source.data, {"folder": path.parent})
    source.raise_if_faulty()
    assert made is not None  # a failed validation has left its faults
    return made
