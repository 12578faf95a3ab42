"""``simcarrier check``: files, folders, parameters, exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from simcarrier.cli.check import check

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(check, [str(argument) for argument in arguments])


def test_a_good_file(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("name: x\ncalls: [{respond: 403}]")
    result = run(path)
    assert (result.exit_code, result.output) == (0, f"{path}: ok (1 rule)\n")


def test_faults_of_all_files_are_told_and_the_good_ones_too(tmp_path: Path) -> None:
    texts = {"a": "name: x\ncals: []\nlines: 3", "b": "name: y", "c": "name: ''"}
    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    result = run(tmp_path / "a.yaml", tmp_path / "b.yaml", tmp_path / "c.yaml")
    assert result.exit_code == 2
    assert [line.partition(" ")[0] for line in result.stdout.splitlines()] == [
        f"{tmp_path}/a.yaml:2:1:",
        f"{tmp_path}/a.yaml:3:1:",
        f"{tmp_path}/b.yaml:",
        f"{tmp_path}/c.yaml:1:7:",
    ]


def test_a_folder_stands_for_its_scenarios() -> None:
    result = run(SCENARIOS)
    assert result.exit_code == 0, result.output
    assert result.stdout.count(": ok (") == len(list(SCENARIOS.glob("*.yaml")))


def test_a_folder_without_any_is_wrong_usage(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert result.exit_code == 2
    assert "no scenarios" in result.stderr


def test_a_missing_file(tmp_path: Path) -> None:
    result = run(tmp_path / "no.yaml")
    assert result.exit_code == 2
    assert "no.yaml:1:1: cannot be read: No such file" in result.stdout


def test_parameters_are_set() -> None:
    assert run("--set", "then=answer", "--set", "after=3s", SCENARIOS / "stalled-trying.yaml").exit_code == 0
    wrong = run("--set", "then=answr", SCENARIOS / "stalled-trying.yaml")
    assert wrong.exit_code == 2
    assert 'there is no ladder "answr"; did you mean "answer"?' in wrong.stdout
    unknown = run("--set", "them=answer", SCENARIOS / "stalled-trying.yaml")
    assert 'no parameter "them" to set; did you mean "then"?' in unknown.stdout


@pytest.mark.parametrize("setting", ["then", "=x", ""])
def test_a_setting_needs_name_and_value(setting: str) -> None:
    result = run("--set", setting, SCENARIOS / "silence.yaml")
    assert result.exit_code == 2
    assert "write NAME=VALUE" in result.stderr


def test_no_file_at_all_is_wrong_usage() -> None:
    assert run().exit_code == 2


def test_plans_are_checked_as_plans(tmp_path: Path) -> None:
    result = run(SCENARIOS.parent / "probes")
    assert result.exit_code == 0, result.output
    assert result.stdout.count(": ok (plan, ") == 6
    path = tmp_path / "plan.yaml"
    path.write_text("name: x\ntrunks: {a: {address: udp:h, password: y}}\ncalls: [{to: '1'}]")
    result = run(path)
    assert result.exit_code == 2
    assert "a plan holds no password" in result.stdout
    assert "does not say which number to show" in result.stdout
    assert run("--set", "trunk=udp:h", SCENARIOS.parent / "probes" / "stall.yaml").exit_code == 0
