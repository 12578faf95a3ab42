"""Mappings: what becomes of the values of a record, and what is told of a mapping that is wrong."""

from __future__ import annotations

import contextlib
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.deliverability.destinations import Destinations
from simcarrier.records.row import Row, row_of, values_of
from simcarrier.scenario.faults import ScenarioError
from simcarrier.stores.importing.convert import Converter
from simcarrier.stores.importing.mapping import MappingModel, load_mapping
from simcarrier.stores.importing.sources import Record
from tests.stores.rows import NOON, mapped


def convert(mapping: dict[str, Any], **told: Any) -> Row:
    made = MappingModel.model_validate({"name": "x", **mapping})
    row = Converter(made, list(told)).row(list(told.values()))
    assert row is not None
    return row


@pytest.mark.parametrize(
    ("numbers", "written", "expected"),
    [
        ({}, "+49 (30) 123-456", "+4930123456"),
        ({}, "004930123456", "+4930123456"),
        ({}, "4930123456", "4930123456"),
        ({"e164": True}, "4930123456", "+4930123456"),
        ({"country": "49", "national": "0"}, "030 123456", "+4930123456"),
        ({"country": "49", "national": "0"}, "0011 1", "+111"),
        ({"country": "1", "international": ["011"], "e164": True}, "01144 20 7946 0000", "+442079460000"),
        ({"e164": True}, "anonymous", "anonymous"),
        ({"e164": True}, "+1234567890123456", "+1234567890123456"),
        ({}, "sip:bob", "sip:bob"),
    ],
)
def test_numbers(numbers: dict[str, Any], written: str, expected: str) -> None:
    row = convert({"numbers": numbers, "fields": {"began": "t", "called": "c"}}, t="2026-11-23", c=written)
    assert (row.called, row.dialled) == (expected, written)


@pytest.mark.parametrize(
    ("as_", "written", "expected"),
    [
        ("seconds", "1795435200", NOON),
        ("seconds", "1795435200.25", NOON + 250),
        ("seconds", 1795435200.25, NOON + 250),
        ("milliseconds", NOON + 5, NOON + 5),
        ("microseconds", f"{NOON}999", NOON),
        ("iso", "2026-11-23T12:00:00.250+00:00", NOON + 250),
        ("iso", datetime(2026, 11, 23, 12), NOON),
        ("%d.%m.%Y %H:%M:%S", "23.11.2026 12:00:00", NOON),
    ],
)
def test_times(as_: str, written: object, expected: int) -> None:
    assert convert({"fields": {"began": {"from": "t", "as": as_}}}, t=written).began == expected


def test_columns_with_a_value_a_pattern_values_or_several_sources() -> None:
    fields = {
        "began": "t",
        "trunk": {"value": "main"},
        "code": {"from": "c", "pattern": "cause=([0-9]+)", "missing": ["none", "-"]},
        "outcome": {"from": "o", "values": {"B": "refused"}},
        "caller": {"from": ["a", "b"], "missing": "0"},
        "talk": {"from": "d", "as": "seconds"},
        "rang": "r",
    }
    row = convert({"fields": fields}, t="2026-11-23", c="cause=486;x", o="B", a="0", b="+1", d="1.5", r=True)
    assert (row.trunk, row.code, row.outcome, row.caller, row.talk, row.rang) == ("main", 486, "refused", "+1", 1500, 1)
    row = convert({"fields": fields}, t="2026-11-23", c="none", o="C", a=None, b="", d=None, r=False)
    assert (row.trunk, row.code, row.outcome, row.caller, row.talk, row.rang) == ("main", None, None, None, None, 0)


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("name: x\n", ['the key "fields" is missing']),
        ("name: x\nfields: {}\n", ['must have "began"']),
        ("name: x\nfields: {began: t, colour: c}\n", ['"colour" is no column that can be imported']),
        ("name: x\nfields: {began: t, uid: c}\n", ['"uid" is no column that can be imported']),
        ("name: x\nfields: {began: t, callr: c}\n", ['did you mean "caller"?']),
        ("name: x\nfields: {began: {from: t, as: fortnights}}\n", ["must be iso, seconds, milliseconds"]),
        ("name: x\nfields: {began: t, code: {from: c, as: seconds}}\n", ["is for times and durations only"]),
        ("name: x\nfields: {began: t, code: {from: c, value: 5}}\n", ['must have either "from" or "value"']),
        ("name: x\nfields: {began: t, code: {from: c, pattern: '('}}\n", ["must be a regular expression"]),
        ("name: x\nfields: {began: t, code: {from: c, pattern: a}}\n", ["must have a group in brackets"]),
        ("name: x\nfields: {began: t, outcome: {from: c, values: {a: lost}}}\n", ["must be one of answered"]),
        ("name: x\nzone: Mars\nfields: {began: t}\n", ["must be a time zone such as"]),
        ("name: x\nheader: false\nfields: {began: t}\n", ['must be there where "header" is false']),
        ("name: x\nseparator: ab\nfields: {began: t}\n", ["must be one character"]),
        ("name: x\nnumbers: {national: 0}\nfields: {began: t}\n", ['says nothing without "country"']),
        ("name: x\nnumbers: {country: de}\nfields: {began: t}\n", ["must be digits"]),
        ("name: x\nzone: Mars\nformat: xls\nfields: {began: t}\n", ["must be a time zone", "must be"]),
        ("[1]", ["must be a mapping of keys"]),
    ],
)
def test_mappings_with_faults(text: str, faults: list[str], tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_mapping(mapped(tmp_path, text))
    found = [str(fault) for fault in caught.value.faults]
    assert len(found) == len(faults), found
    for one, expected in zip(found, faults, strict=True):
        assert expected in one


def test_a_mapping_that_is_not_there() -> None:
    with pytest.raises(ValueError, match='did you mean "asterisk"'):
        load_mapping("astrisk")


@given(
    st.dictionaries(
        st.sampled_from(
            ["began", "ended", "code", "caller", "called", "reason", "outcome", "rang", "attempt", "trunk"]
        ),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.lists(st.integers()),
    )
)
def test_whatever_stands_in_json_becomes_a_row_or_a_reason(told: dict[str, Any]) -> None:
    converter = Converter(load_mapping("generic"), None)
    record = Record(1, {"began": "2026-11-23 12:00:00"} | told)
    row = None
    with contextlib.suppress(ValueError):
        row = converter.row(record.content)
    if row is not None:
        assert row_of(values_of(row)) == row


_cells = st.sampled_from(
    ["", "x", " y ", "+4930123456", "030 12", "2026-11-23 12:00:00", "2026-11-23 12:00:61", "603", "SIP 486 Busy Here",
     "ANSWERED", "PJSIP/a-1f", "ü", "a\0b", "y" * 300]
)  # fmt: skip


@given(
    lines=st.lists(st.lists(_cells, min_size=10, max_size=18), max_size=6),
    began=st.sampled_from(["2026-11-23 12:00:00", "2026-11-23T12:00:00Z", "", "never"]),
)
def test_a_column_at_a_time_comes_to_the_same_as_a_line_at_a_time(lines: list[list[str]], began: str) -> None:
    mapping = load_mapping("asterisk")
    converter = Converter(mapping, mapping.columns, "UTC", Destinations())
    for line in lines:
        line[9] = began
    wanted = []
    try:
        wanted = [converter.row(line) for line in lines]
    except ValueError:
        with pytest.raises(ValueError, match=r"is|before"):
            converter.rows(lines)
        return
    assert converter.rows(lines) == [row for row in wanted if row is not None]
