"""``simcarrier simulate``: records, summary, exit codes, an early end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

BUSY = "name: busy\ncalls: [{name: all, respond: 486}]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "busy.yaml").write_text(BUSY)
    return tmp_path


def simulate(folder: Path, *arguments: str, scenario: str = "busy.yaml") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "simcarrier", "simulate", scenario, *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False, cwd=folder, env=environment)


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_records_and_summary(folder: Path) -> None:
    done = simulate(folder, "--hours", "2", "--calls-per-hour", "300", "--records", "calls.jsonl")
    assert (done.returncode, done.stderr) == (0, "")
    found = records(folder / "calls.jsonl")
    assert 500 < len(found) < 700
    assert {(call["code"], call["rule"], call["ending"]) for call in found} == {(486, "all", "refused")}
    first, speed, count, *table = done.stdout.splitlines()
    assert first == "busy"
    assert re.fullmatch(r"2 h from 2026-11-23T00:00:00Z in \d+\.\d\d s, [\d,]+ calls/s", speed)
    assert count == f"{len(found)} calls"
    assert [line.split() for line in table] == [
        ["code", "calls", "share"],
        ["486", str(len(found)), "100.0%"],
        ["condition", "calls", "share"],
        ["none", str(len(found)), "100.0%"],
        ["records", "in", "calls.jsonl"],
    ]


def test_the_same_seed_writes_the_same_bytes(folder: Path) -> None:
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        assert simulate(folder, "--hours", "1", "--seed", seed, "--records", name).returncode == 0
    a, b, c = ((folder / name).read_bytes() for name in "abc")
    assert a == b != c


def test_json_and_records_on_standard_output(folder: Path) -> None:
    done = simulate(folder, "--hours", "0.5", "--calls-per-hour", "100", "--records", "-", "--format", "json")
    assert done.returncode == 0
    calls = [json.loads(line) for line in done.stdout.splitlines()]
    summary = json.loads(done.stderr)
    assert summary["event"] == "summary"
    assert summary["codes"] == {"486": len(calls)}
    assert (summary["calls"], summary["simulated"], summary["unmatched"]) == (len(calls), 1800, 0)
    assert (summary["interrupted"], summary["failures"], summary["conditions"]) == (False, [], {"none": len(calls)})


def test_a_day_is_the_default_and_the_start_is_the_carriers(folder: Path) -> None:
    text = f"{BUSY}carrier: {{clock: {{timezone: Europe/Berlin}}}}\n"
    (folder / "busy.yaml").write_text(f"{text}traffic: {{campaigns: [{{to: '1', hours: 9..10, days: sat}}]}}\n")
    done = simulate(folder, "--start", "2026-11-28", "--calls-per-hour", "50", "--records", "r", "--format", "json")
    assert json.loads(done.stdout)["start"] == "2026-11-27T23:00:00Z"
    assert json.loads(done.stdout)["simulated"] == 86_400
    hours = {(call["started"] % 86_400) // 3600 for call in records(folder / "r")}
    assert hours == {8}


def test_a_file_that_is_there_is_not_overwritten_without_force(folder: Path) -> None:
    (folder / "r").write_text("precious")
    done = simulate(folder, "--hours", "1", "--records", "r")
    assert (done.returncode, done.stdout) == (2, "")
    assert "r is there already: name another file, or say --force" in done.stderr
    assert (folder / "r").read_text() == "precious"
    assert simulate(folder, "--hours", "1", "--records", "r", "--force").returncode == 0
    assert records(folder / "r")


def test_records_that_cannot_be_written(folder: Path) -> None:
    done = simulate(folder, "--hours", "1", "--records", "no/such/folder")
    assert done.returncode == 1
    assert done.stderr == "simcarrier: cannot write no/such/folder: No such file or directory\n"


def test_a_reader_that_has_seen_enough(folder: Path) -> None:
    command = f"{sys.executable} -m simcarrier simulate busy.yaml --days 2 --records - | head -n 1"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        capture_output=True, text=True, timeout=50, check=False, cwd=folder, env=environment,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["number"] >= 1


def test_expectations_decide_the_exit_status(folder: Path) -> None:
    (folder / "busy.yaml").write_text(f"{BUSY}expect: [{{calls: {{code: 200}}, at_least: 1}}]\n")
    done = simulate(folder, "--hours", "1")
    assert done.returncode == 1
    said = done.stdout.splitlines()[-1]
    assert said == "failed: busy.yaml:3:10: calls: wanted at least 1 call with code 200, got 0"


def test_what_only_messages_show_is_no_matter_of_a_simulation(folder: Path) -> None:
    (folder / "busy.yaml").write_text(f"{BUSY}expect: [{{conduct: clean}}, {{calls: {{}}, at_least: 1}}]\n")
    assert simulate(folder, "--hours", "1").returncode == 0


def test_unmatched_calls_and_retries_are_told(folder: Path) -> None:
    (folder / "busy.yaml").write_text(
        "name: x\ncalls: [{to: '7', respond: 486}]\ntraffic: {campaigns: [{to: ['7', '8'], "
        "retries: {on: 486, after: 1m, at_most: 1}}]}\n"
    )
    done = simulate(folder, "--hours", "1", "--calls-per-hour", "100", "--format", "json")
    summary = json.loads(done.stdout)
    assert summary["unmatched"] == summary["codes"]["404"]
    assert 0 < summary["retries"] <= summary["codes"]["486"] / 2 + 1
    words = simulate(folder, "--hours", "1", "--calls-per-hour", "100").stdout
    assert f"{summary['calls']} calls, {summary['retries']} of them retries" in words
    assert f"{summary['unmatched']} matched no rule" in words


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_early_and_what_was_simulated_is_written(folder: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "simcarrier", "simulate", "busy.yaml", "--days", "366", "--records", "r"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [*command, "--calls-per-hour", "100000"], stdout=subprocess.PIPE, text=True, cwd=folder, env=environment
    ) as process:
        try:
            while not ((folder / "r").exists() and (folder / "r").stat().st_size):
                assert process.poll() is None
            process.send_signal(number)
            told, _ = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 0
    assert re.search(r"^interrupted: \d+ calls? (was|were) up, of which there is no record$", told, re.MULTILINE)
    count = re.search(r"^(\d+) calls$", told, re.MULTILINE)
    assert count
    assert len(records(folder / "r")) == int(count[1]) >= 2000


MISTAKES = {
    "both lengths": (["--days", "1", "--hours", "1"], "say --days or --hours, not both"),
    "no time at all": (["--days", "0"], "0<x<=366"),
    "a length too long": (["--days", "367"], "0<x<=366"),
    "a start": (["--start", "tomorrow"], "'tomorrow' must be a day and time such as"),
    "a rate": (["--calls-per-hour", "0"], "'--calls-per-hour'"),
    "a parameter": (["--set", "a=1"], 'no parameter "a"'),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_in_words(folder: Path, mistake: str) -> None:
    arguments, said = MISTAKES[mistake]
    done = simulate(folder, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_scenario_with_faults(folder: Path) -> None:
    (folder / "busy.yaml").write_text("name: x\ntrafic: {}\n")
    done = simulate(folder)
    assert done.returncode == 2
    assert 'busy.yaml:2:1: trafic: unknown key "trafic"; did you mean "traffic"?' in done.stderr
