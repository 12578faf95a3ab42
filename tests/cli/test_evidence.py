"""``simcarrier evidence``: from a probe's results to an archive that a carrier can open."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from simcarrier.cli.evidence import evidence
from simcarrier.probe import evidence as evidence_room
from tests.interop.harness import peer
from tests.probe.evidence_kit import NUMBERS, probed_lines, write_results
from tests.probe.kit import CALLER
from tests.records.capture_kit import complaints, tshark


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    return probed_lines()


@pytest.fixture
def folder(tmp_path: Path, lines: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> Path:
    write_results(tmp_path / "results.jsonl", lines)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(evidence, ["results.jsonl", *arguments])


def folders(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return list(dict.fromkeys(name.partition("/")[0] for name in archive.namelist() if "/" in name))


def test_what_failed_goes_into_the_archive(folder: Path) -> None:
    result = run("--out", "evidence.zip")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "evidence.zip: 2 calls",
        f"    call-002: {CALLER} -> {NUMBERS[1]}: 403 <script>alert(1)</script> | `{CALLER}` barred",
        f"    call-003: {CALLER} -> {NUMBERS[2]}: nothing further after 100; cancelled after 10.0 s",
    ]
    assert folders(folder / "evidence.zip") == ["call-002", "call-003"]
    assert stat.S_IMODE((folder / "evidence.zip").stat().st_mode) == 0o600
    assert sorted(os.listdir(folder)) == ["evidence.zip", "results.jsonl"]


def test_unzip_finds_nothing_wrong_with_the_archive(folder: Path) -> None:
    program = peer("unzip")
    assert run("--out", "evidence.zip").exit_code == 0
    tested = subprocess.run([program, "-t", "evidence.zip"], capture_output=True, text=True, timeout=30, check=False)
    assert tested.returncode == 0
    assert "No errors detected" in tested.stdout


def test_tshark_sees_the_call_in_the_capture(folder: Path) -> None:
    assert run("--out", "evidence.zip", "--mask").exit_code == 0
    with zipfile.ZipFile("evidence.zip") as archive:
        archive.extractall()
    capture = folder / "call-003" / "call.pcap"
    assert complaints(capture) == []
    seen = tshark(
        capture, "-Y", "sip", "-T", "fields", "-e", "sip.Method", "-e", "sip.Status-Code", "-e", "sip.to.user"
    )
    methods = ["INVITE", "407", "ACK", "INVITE", "100", "CANCEL", "200", "487", "ACK"]
    assert [line.split() for line in seen] == [[method, "+4940xxxx55"] for method in methods]


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        pytest.param(["--all"], ["call-001", "call-002", "call-003"], id="all"),
        pytest.param(["--call", "1"], ["call-001"], id="one that was answered"),
        pytest.param(["--call", "3", "--call", "2", "--call", "3"], ["call-002", "call-003"], id="two"),
    ],
)
def test_which_calls(folder: Path, arguments: list[str], chosen: list[str]) -> None:
    assert run("--out", "evidence.zip", *arguments).exit_code == 0
    assert folders(folder / "evidence.zip") == chosen


def test_masked_numbers_are_not_shown_either(folder: Path) -> None:
    result = run("--out", "evidence.zip", "--mask")
    assert f"    call-003: {CALLER[:5]}xxxx22 -> {NUMBERS[2][:5]}xxxx55: nothing" in result.stdout
    assert CALLER not in result.stdout


def test_nothing_failed(folder: Path, lines: list[dict[str, Any]]) -> None:
    write_results(folder / "results.jsonl", lines[:1])
    result = run("--out", "evidence.zip")
    assert (result.exit_code, result.stdout) == (1, "nothing to send: nothing failed; --all takes every call\n")
    not_made = {"event": "call", "to": "+1", "from": "+2", "verdict": "not called", "refused": {}}
    write_results(folder / "results.jsonl", [not_made])
    result = run("--out", "evidence.zip", "--all")
    assert (result.exit_code, result.stdout) == (1, "nothing to send: no call was made\n")
    assert not (folder / "evidence.zip").exists()
    result = run("--out", "evidence.zip", "--call", "1")
    assert (result.exit_code, "--call 1: that call was not made" in result.stderr) == (2, True)


def test_a_file_that_is_there_is_left_alone(folder: Path) -> None:
    (folder / "evidence.zip").write_text("mine")
    result = run("--out", "evidence.zip")
    assert result.exit_code == 2
    assert "evidence.zip is there already: name another file, or say --force" in result.stderr
    assert (folder / "evidence.zip").read_text() == "mine"
    assert run("--out", "evidence.zip", "--force").exit_code == 0
    assert folders(folder / "evidence.zip") == ["call-002", "call-003"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param([], "Missing option '--out'", id="no archive"),
        pytest.param(["--out", "e.zip", "--all", "--call", "1"], "say --all or --call, not both", id="both"),
        pytest.param(["--out", "e.zip", "--call", "4"], "--call 4: there is no call on line 4", id="the summary"),
        pytest.param(["--out", "e.zip", "--call", "0"], "0 is not in the range", id="line 0"),
        pytest.param(["--out", "results.jsonl", "--force"], "other than RESULTS", id="onto itself"),
        pytest.param(["--out", ".", "--force"], "name a file for the archive", id="a folder"),
        pytest.param(["--out", "no/e.zip"], "no/e.zip: No such file or directory", id="no such folder"),
    ],
)
def test_wrong_usage(folder: Path, arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr
    assert os.listdir(folder) == ["results.jsonl"]


def test_each_fault_of_the_results_is_told_with_its_line(folder: Path, lines: list[dict[str, Any]]) -> None:
    path = folder / "results.jsonl"
    path.write_text(f"{json.dumps(lines[1])}\noops\n\n{json.dumps(lines[1] | {'messages': [{}]})}\n")
    result = run("--out", "evidence.zip")
    assert result.exit_code == 2
    first, second = result.stderr.splitlines()
    assert first == "Error: results.jsonl:2: not JSON at column 1"
    assert second.startswith("results.jsonl:4: message 1: not a message as simcarrier writes it")
    assert os.listdir(folder) == ["results.jsonl"]


def test_results_that_can_not_be_read(folder: Path) -> None:
    (folder / "results.jsonl").unlink()
    result = run("--out", "evidence.zip")
    assert (result.exit_code, result.stderr) == (2, "Error: results.jsonl: No such file or directory\n")
    (folder / "results.jsonl").mkdir()
    result = run("--out", "evidence.zip")
    assert (result.exit_code, result.stderr) == (2, "Error: results.jsonl: not a file\n")


def test_what_fails_half_way_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    (folder / "evidence.zip").write_text("mine")
    monkeypatch.setattr(evidence_room, "files_of", full)
    result = run("--out", "evidence.zip", "--force")
    assert (result.exit_code, result.stderr) == (2, "Error: evidence.zip: No space left on device\n")
    assert (folder / "evidence.zip").read_text() == "mine"
    assert sorted(os.listdir(folder)) == ["evidence.zip", "results.jsonl"]
