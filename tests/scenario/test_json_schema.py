"""The JSON Schema: what ships is valid under it, what is misspelt is not, and every key is described."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it brings no types
import pytest
import yaml

from simcarrier.scenario.load import loads
from simcarrier.scenario.schema import json_schema

FILES = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))
SCHEMA = json_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def errors(data: Any) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(data)]


def test_it_is_a_schema_that_json_can_hold() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    text = json.dumps(SCHEMA)
    assert "<action>" not in text
    assert "<path>" not in text
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_shipped_scenarios_are_valid(path: Path) -> None:
    assert errors(yaml.safe_load(path.read_text(encoding="utf-8"))) == []


GOOD = [
    "name: x",
    "name: 12",
    "{name: x, calls: [{to: +4930123, from: [0441632, 12:30:45], respond: 403}]}",
    "{name: x, calls: [{to: {not: 7}, steps: [trying, {wait: 2s..6s}, {drop: 2}, progress, {progress: 181}, drop]}]}",
    "{name: x, calls: [{calls_so_far: 7, since_start: 10s.., respond: {code: 603, headers: {A: 1, B: [x, 2]}}}]}",
    "{name: x, carrier: {lines: $n, unmatched: 404, lines_full: {respond: 503}}, parameters: {n: 3}}",
    "{name: x, calls: [{sequence: [486, {outcome: answered}], by: called, then: stay}]}",
    "{name: x, calls: [{mix: [{share: 100%, outcome: answered, ring: 1s, early_media: yes}]}]}",
    "{name: x, carrier: {dialect: cis/404}, calls: [{outcome: registration_inactive}]}",
    "{name: x, calls: [{steps: [ringing, {wait: {span: ring, usually: 9s}}, answer, {hang_up: talk}]}]}",
    "{name: x, calls: [{steps: [ringing, {wait: ring}, answer, {hang_up: {after: talk}}]}]}",
    "{name: x, calls: [{name: r, respond: 403}], expect: [{calls: {code: 403, rule: r}, at_least: 1}]}",
    "{name: x, ladders: {a: [silence]}, calls: [{headers: {X: {present: true}, Y: a*}, source: '::1', ladder: a}]}",
]


@pytest.mark.parametrize("text", GOOD)
def test_what_loads_is_valid(text: str) -> None:
    loads(text)
    assert errors(yaml.safe_load(text)) == []


BAD = [
    "{}",
    "{name: x, cals: []}",
    "{name: x, calls: [{to: '1'}]}",
    "{name: x, calls: [{respond: 403, steps: [silence]}]}",
    "{name: x, calls: [{respond: 200}]}",
    "{name: x, calls: [{respond: {code: 603, reason: x}}]}",
    "{name: x, calls: [{steps: [tring, silence]}]}",
    "{name: x, calls: [{steps: [{wait: 12 sec}, silence]}]}",
    "{name: x, calls: [{steps: [wait, silence]}]}",
    "{name: x, calls: [{outcome: answred}]}",
    "{name: x, carrier: {dialect: [cis]}}",
    "{name: x, calls: [{steps: [ringing, {wait: rings}, answer]}]}",
    "{name: x, calls: [{mix: [{respond: 403}]}]}",
    "{name: x, carrier: {lines: 0}}",
    "{name: x, carrier: {unmatched: 200}}",
    "{name: x, carrier: {listen: localhost}}",
]


@pytest.mark.parametrize("text", BAD)
def test_what_is_wrong_is_invalid(text: str) -> None:
    assert errors(yaml.safe_load(text)) != []


def test_every_key_is_described() -> None:
    for name, definition in {"Scenario": SCHEMA, **SCHEMA["$defs"]}.items():
        full = next((part for part in definition.get("anyOf", []) if "properties" in part), definition)
        for key, schema in full.get("properties", {}).items():
            assert schema.get("description") or "$ref" in schema, f"{name}.{key}"
