"""The files and streams of ``simcarrier run``: what is refused before the first call, and what a failure costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = [sys.executable, "-m", "simcarrier", "run"]
DIAL = f"{sys.executable} {ROOT / 'examples' / 'dial.py'} --to $SIMCARRIER_ADDRESS"

SCENARIO = """
name: small
carrier: {listen: "udp:127.0.0.1:0"}
calls:
  - {name: refused, respond: 403}
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SCENARIO)
    return path


def run(folder: Path, *arguments: str, prefix: str = "") -> subprocess.CompletedProcess[str]:
    command = [*RUN, "small.yaml", *arguments]
    if prefix:
        command = ["bash", "-c", f'{prefix}; exec "$@"', "bash", *command]
    return subprocess.run(command, capture_output=True, text=True, timeout=40, check=False, cwd=folder)


def test_the_text_goes_to_the_terminal_and_the_events_to_the_file(scenario: Path, tmp_path: Path) -> None:
    options = ["--json", "run.json", "--pcap", "run.pcap", "--html", "run.html"]
    result = run(tmp_path, *options, "--exec", f"{DIAL} +491 +492 >/dev/null")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1] == "2 calls: 2 x 403"
    told = [json.loads(line) for line in (tmp_path / "run.json").read_text().splitlines()]
    assert [event["event"] for event in told] == ["listening", "call", "call", "summary"]
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in ("run.json", "run.pcap", "run.html")} == {0o600}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["--pcap", "."], "is a directory", id="a folder"),
        pytest.param(["--pcap", "a", "--html", "./a"], "--html a would overwrite the file of --pcap", id="twice"),
        pytest.param(["--json", "small.yaml"], "--json small.yaml would overwrite the scenario", id="scenario"),
        pytest.param(["--pcap-limit", "1MB"], "--pcap-limit says how long the capture of --pcap", id="limit alone"),
        pytest.param(["--pcap", "a", "--pcap-limit", "1"], "must be a size with its unit", id="no unit"),
        pytest.param(["--hep-id", "7"], "--hep-id is a number at the collector of --hep", id="number alone"),
        pytest.param(["--hep", "homer"], "must be udp: or tcp:, a host and a port", id="no transport"),
        pytest.param(["--hep", "udp:a:99999"], "must have a port from 1 to 65535", id="port"),
        pytest.param(["--hep", "udp:a:1", "--hep-id", "-1"], "--hep-id", id="number"),
    ],
)
def test_wrong_usage(arguments: list[str], words: str, scenario: Path, tmp_path: Path) -> None:
    result = run(tmp_path, *arguments, "--for", "1ms")
    assert result.returncode == 2
    assert words in " ".join(result.stderr.replace("│", " ").split())
    assert "Traceback" not in result.stderr
    assert scenario.read_text() == SCENARIO
    assert [path.name for path in tmp_path.iterdir()] == ["small.yaml"]


@pytest.mark.parametrize("option", ["--pcap", "--html", "--json"])
def test_a_path_that_cannot_be_written_is_told_before_the_first_call(
    option: str, scenario: Path, tmp_path: Path
) -> None:
    result = run(tmp_path, option, "nowhere/file", "--exec", "touch called")
    assert result.returncode == 3
    assert result.stderr == "simcarrier: nowhere/file cannot be written: No such file or directory\n"
    assert not (tmp_path / "called").exists()


def test_a_disk_that_gets_full_costs_no_call(scenario: Path, tmp_path: Path) -> None:
    numbers = " ".join(f"+49{number}" for number in range(20))
    options = ["--pcap", "run.pcap", "--format", "json", "--exec", f"{DIAL} {numbers} >/dev/null"]
    result = run(tmp_path, *options, prefix="ulimit -f 8")
    assert result.returncode == 3
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert (told[-1]["event"], told[-1]["calls"]) == ("summary", 20)
    assert result.stderr.splitlines()[0] == "simcarrier: run.pcap ends here, calls go on: File too large"
    assert "messages are not in it" in result.stderr.splitlines()[1]
    assert "Traceback" not in result.stderr
    assert (tmp_path / "run.pcap").stat().st_size <= 8192
