"""``simcarrier expectations``: what can be expected, as a list and one by one."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from simcarrier.cli import main
from simcarrier.scenario.expectations import KEYS, KINDS, ExpectationModel
from simcarrier.scenario.load import loads


def told(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["expectations", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_list_has_all_with_their_parameters() -> None:
    lines = told().splitlines()
    assert [line.split()[0] for line in lines if line[:1].isalpha()][:-1] == list(KEYS)
    assert lines[5].strip() == "to, from, at_least, after_trying, tolerance"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.key)
def test_each_tells_every_parameter(kind: type[ExpectationModel]) -> None:
    lines = told(kind.key).splitlines()
    assert lines[0] == f"{kind.key}: {kind.__doc__}"
    names = {field.alias or name for name, field in kind.model_fields.items()}
    assert {line.split("  ")[0] for line in lines[3:] if line and not line.startswith("Judged by messages")} == names
    assert ("Judged by messages" in lines[-1]) is kind.wire


def test_defaults_as_json_are_as_they_would_be_written() -> None:
    listed = json.loads(told("--format", "json"))
    assert [entry["name"] for entry in listed] == list(KEYS)
    for entry in listed:
        said = {each["name"]: each["default"] for each in entry["parameters"] if each["default"] is not None}
        wanted = {"calls": "{}, exactly: 1", "share": "{}, at_most: 5%"}.get(entry["name"])
        if wanted is None:
            own = entry["parameters"][0]
            wanted = own["values"][0] if own["values"] else "5%" if "above" in entry["name"] else "503"
            wanted += ", at_most: 3s" if entry["name"] == "post_dial_delay" else ""
        written = ", ".join([f"{entry['name']}: {wanted}", *(f"{key}: {value}" for key, value in said.items())])
        spoken = f"name: x\ncarrier: {{lines: 2, trunks: [{{name: t, calls_per_second: 2}}], {CUSTOMER}}}\n"
        (with_defaults,) = loads(f"{spoken}calls: [{{respond: 403}}]\nexpect: [{{{written}}}]").expect
        (without,) = loads(f"{spoken}calls: [{{respond: 403}}]\nexpect: [{{{entry['name']}: {wanted}}}]").expect
        assert with_defaults == without


CUSTOMER = "customers: [{name: c, user: u, password: p}]"


def test_an_unknown_name_is_told_with_a_suggestion() -> None:
    result = CliRunner().invoke(main, ["expectations", "blocked_number"])
    assert result.exit_code == 2
    assert "there is no expectation 'blocked_number'; did you mean \"blocked_numbers\"?" in result.stderr
