"""``simcarrier run --control``: told where it listens, given to the dialler, clear about what stands in the way."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = [sys.executable, "-m", "simcarrier", "run"]
TOKEN = "a-token-of-many-characters"

SCENARIO = """
name: small
carrier: {listen: "udp:127.0.0.1:0"}
calls: [{name: refused, to: +49*, respond: 403}]
expect: [{calls: {to: +49*}, at_least: 1}]
"""


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    path = tmp_path / "small.yaml"
    path.write_text(SCENARIO)
    return str(path)


def run(
    scenario: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RUN, scenario, *arguments],
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
    )


def dialler(tmp_path: Path, text: str) -> str:
    """A command that runs a dialler: it has a client, and `dial`."""
    path = tmp_path / "dialler.py"
    path.write_text(
        "import os\nfrom simcarrier.client import Client\nfrom tests.testing.dialling import dial as call\n"
        "def dial(number): call(('127.0.0.1', int(os.environ['SIMCARRIER_ADDRESS'].rpartition(':')[2])), number)\n"
        f"carrier = Client()\n{text}\n"
    )
    return f"PYTHONPATH={ROOT} {sys.executable} {path}"


def test_the_dialler_is_told_where_and_the_text_says_it(scenario: str, tmp_path: Path) -> None:
    command = dialler(tmp_path, "dial('+491'); print(carrier.url, carrier.wait(timeout=5)['count'])")
    result = run(scenario, "--control", "127.0.0.1:0", "--exec", command)
    assert result.returncode == 0, result.stdout + result.stderr
    told = next(line for line in result.stdout.splitlines() if line.startswith("control at "))
    url = told.removeprefix("control at ")
    assert url.startswith("http://127.0.0.1:")
    assert f"{url} 1" in result.stdout.splitlines()


def test_json_says_it_with_where_it_listens(scenario: str) -> None:
    result = run(scenario, "--control", "[::1]:0", "--for", "100ms", "--format", "json")
    told = json.loads(result.stdout.splitlines()[0])
    assert told["event"] == "listening"
    assert told["control"].startswith("http://[::1]:")
    without = run(scenario, "--for", "100ms", "--format", "json")
    assert "control" not in json.loads(without.stdout.splitlines()[0])


def test_expectations_are_judged_so_far(scenario: str, tmp_path: Path) -> None:
    command = dialler(
        tmp_path,
        "print([each['met'] for each in carrier.expectations()])\ndial('+491'); carrier.wait(state='ended')\n"
        "print([(each['met'], each['got']) for each in carrier.expectations()])",
    )
    result = run(scenario, "--control", "127.0.0.1:0", "--exec", command)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "[False]" in result.stdout.splitlines()
    assert any(line.startswith("[(True, ") for line in result.stdout.splitlines())


def test_a_dialler_that_never_stops_is_ended_and_the_report_is_written(scenario: str, tmp_path: Path) -> None:
    command = dialler(
        tmp_path,
        "import signal, threading\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ndial('+491')\n"
        "threading.Thread(target=lambda: list(carrier.events())).start()\n"
        "while True:\n    try: carrier.wait(at_least=10**6, timeout=60)\n    except Exception: pass",
    )
    junit, page = tmp_path / "report.xml", tmp_path / "events.jsonl"
    result = run(
        scenario,
        "--control",
        "127.0.0.1:0",
        "--for",
        "2s",
        "--exec",
        command,
        "--junit",
        str(junit),
        "--json",
        str(page),
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    assert "1 call: 1 x 403" in result.stdout.splitlines()
    assert next(ET.parse(junit).getroot().iter("testcase")) is not None
    assert json.loads(page.read_text().splitlines()[-1])["event"] == "summary"


def test_beyond_loopback_a_token_is_needed_and_nothing_listens_without(scenario: str) -> None:
    result = run(scenario, "--control", "0.0.0.0:0", "--for", "1s")
    assert (result.returncode, result.stdout) == (3, "")
    assert "SIMCARRIER_CONTROL_TOKEN" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("way", ["environment", "file"])
def test_with_a_token(scenario: str, tmp_path: Path, way: str) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    command = dialler(tmp_path, "dial('+491'); print(carrier.url, carrier.verify()['met'])")
    environment = {"SIMCARRIER_CONTROL_TOKEN": TOKEN}
    more = ["--control-token", str(file)] if way == "file" else []
    result = run(scenario, "--control", "0.0.0.0:0", *more, "--exec", command, environment=environment)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "True" in result.stdout
    assert TOKEN not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--control", "8080"], 2, "write an IP address and a port"),
        (["--control", "example.org:80"], 2, "must be an IP address"),
        (["--control-token", "x"], 2, "--control-token goes with --control"),
        (["--control", "127.0.0.1:0", "--control-token", "/nowhere/token"], 3, "cannot be read: /nowhere/token"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage(scenario: str, arguments: list[str], status: int, words: str) -> None:
    result = run(scenario, *arguments, "--for", "100ms")
    assert result.returncode == status, result.stderr
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_a_port_that_is_taken(scenario: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = run(scenario, "--control", f"127.0.0.1:{taken.getsockname()[1]}", "--for", "1s")
    assert (result.returncode, result.stdout) == (3, "")
    assert "the port is taken" in result.stderr


@pytest.mark.parametrize("package", ["starlette", "uvicorn", "prometheus_client"])
def test_without_the_extra_it_is_said_how_to_get_it(scenario: str, tmp_path: Path, package: str) -> None:
    (tmp_path / f"{package}.py").write_text(f"raise ImportError('not here', name={package!r})\n")
    result = run(scenario, "--control", "127.0.0.1:0", "--for", "1s", environment={"PYTHONPATH": str(tmp_path)})
    assert (result.returncode, result.stdout) == (3, "")
    assert f"--control needs the package {package}: pip install 'simcarrier[web]'" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_client_needs_nothing_of_simcarrier(tmp_path: Path) -> None:
    (tmp_path / "copied.py").write_text((ROOT / "simcarrier" / "client.py").read_text())
    code = "import sys, copied; print([name for name in sys.modules if name.startswith('simcarrier')])"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=20, check=False
    )
    assert (result.stdout, result.stderr) == ("[]\n", "")
