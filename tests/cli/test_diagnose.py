"""``simcarrier diagnose``: files, standard input, text and JSON, and what it says of files that are no use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from simcarrier.cli.diagnose import diagnose
from tests.diagnosis.kit import CALLER, answered, call

PASTED = "SIP/2.0 403 Forbidden\nFrom: <sip:+4930111222@a>\nTo: <sip:+4940222333@b>\n"


def run(*arguments: str | Path, given: str | bytes | None = None) -> Result:
    return CliRunner().invoke(diagnose, [str(argument) for argument in arguments], input=given)


def test_a_pasted_response_on_standard_input() -> None:
    result = run("-", given=PASTED)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "+4930111222 -> +4940222333: 403 Forbidden"
    assert "caller_id_not_routed: the caller ID is not in the carrier's routing tables" in lines[1]
    assert "  retry: with another caller ID" in lines
    assert any(line.startswith("  advice: show a number that this carrier routes") for line in lines)
    assert any(line.startswith("  to find out: ") for line in lines)
    assert any(line.startswith("  refused by: caller (") for line in lines)


def test_json_is_one_object_a_call(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    calls = [call(603, at=0.03, before=()), answered("+49401")]
    path.write_text("\n".join(json.dumps({"event": "call", "observation": one.as_dict()}) for one in calls))
    result = run(path, "--json", "--causes", "2")
    assert result.exit_code == 0
    first, second = map(json.loads, result.stdout.splitlines())
    assert (first["event"], first["condition"], first["code"]) == ("diagnosis", "lines_full", 603)
    assert (first["from"], first["retry"], first["outcome"]) == (CALLER, "later", "refused")
    assert len(first["ranked"]) == 2
    assert second["condition"] == "answered"


def test_calls_of_one_file_are_looked_at_together(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    calls = [call(480, at=0.9, called=f"+49402223{n}", caller=("+49301", "+49302")[n % 2]) for n in range(8)]
    path.write_text("\n".join(json.dumps(one.as_dict()) for one in calls))
    result = run(path, "--json")
    assert {json.loads(line)["condition"] for line in result.stdout.splitlines()} == {"all_numbers_inactive"}


def test_the_number_of_causes() -> None:
    assert sum("%" in line and ":" in line for line in run("-", "--causes", "1", given=PASTED).stdout.splitlines()) == 2
    assert run("-", "--causes", "0", given=PASTED).exit_code == 2


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("", "it is empty"),
        ("hello", "there is no SIP message in it: a message begins with a line such as SIP/2.0 403 Forbidden"),
        ("{}", "make one with simcarrier probe --json"),
    ],
)
def test_what_is_no_use_is_said(given: str, why: str) -> None:
    result = run("-", given=given)
    assert result.exit_code == 2
    assert result.stderr == f"Error: -: {why}\n" or why in result.stderr
    assert result.stdout == ""


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    result = run(tmp_path / "none.txt")
    assert (result.exit_code, result.stderr) == (2, f"Error: {tmp_path}/none.txt: No such file or directory\n")
    assert run(tmp_path).exit_code == 2


def test_what_a_carrier_wrote_cannot_steer_a_terminal() -> None:
    result = run("-", given="SIP/2.0 403 \x1b[31mNo credit\x1b]0;x\x07\n")
    assert "\x1b" not in result.stdout
    assert "\x07" not in result.stdout
