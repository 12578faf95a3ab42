"""``simcarrier probe --engine pjsua2`` in a process of its own: it ends as it should, whatever it was doing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from simcarrier.scenario.load import loads
from simcarrier.testing import RunningCarrier
from tests.interop.probing import probe

pytest.importorskip("pjsua2", reason="pjsua2 is not installed: pip install 'simcarrier[pjsua2]', or make pjsua2")

CALLER, CALLED = "+493012345678", "+498912345678"
SIMCARRIER = [sys.executable, "-W", "default", "-m", "simcarrier"]

CARRIER = """\
name: for processes
calls:
  - {to: /1$/, steps: [trying, silence]}
  - {to: /2$/, outcome: answered, ring: 30s}
  - {to: /3$/, outcome: answered, ring: 10ms}
  - {respond: 486}
"""


@pytest.fixture(scope="module")
def carrier() -> Iterator[RunningCarrier]:
    with RunningCarrier(loads(CARRIER)) as running:
        yield running


def run(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SIMCARRIER, "probe", *arguments],
        capture_output=True,
        text=True,
        timeout=50,
        env={**os.environ, **(environment or {})},
        check=False,
    )


def test_fifty_calls_and_an_orderly_end(carrier: RunningCarrier, tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        f"name: fifty\ntrunks: {{main: {{address: 'udp:{carrier.address}', caller: '{CALLER}'}}}}\n"
        "calls: [{to: ['+498912345678', '+498912345673'], repeat: 25}]\n"
        "calls_per_second: 1000\nconcurrent: 4\ntalk: 10ms\n"
    )
    told = probe(str(plan), "--engine", "pjsua2")
    assert told.status == 0
    assert told.summary["verdicts"] == {"refused": 25, "answered": 25}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(carrier: RunningCarrier, number: signal.Signals) -> None:
    before = len(carrier.calls)
    process = subprocess.Popen(
        [
            *(*SIMCARRIER, "probe", "--trunk", f"udp:{carrier.address}", "--from", CALLER, "--to", "+498912345672"),
            *("--engine", "pjsua2", "--json"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 15
    while not carrier.open_calls and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(number)
    out, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (1, "")
    call, summary = map(json.loads, out.splitlines())
    assert (call["verdict"], summary["interrupted"]) == ("interrupted", True)
    assert [record.ending for record in carrier.calls[before:]] == ["cancelled"]


def test_without_the_package_it_says_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['pjsua2'] = None\n")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = run(
        *("--trunk", "udp:127.0.0.1:5060", "--from", CALLER, "--to", CALLED, "--engine", "pjsua2"),
        environment={"PYTHONPATH": path},
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "simcarrier: the engine pjsua2 needs the package pjsua2: pip install 'simcarrier[pjsua2]', "
        "or build it from source: make pjsua2\n"
    )


def test_ears_that_are_not_installed(carrier: RunningCarrier, tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("raise ModuleNotFoundError(\"No module named 'numpy'\", name='numpy')\n")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    call = ("--trunk", f"udp:{carrier.address}", "--from", CALLER, "--to", CALLED, "--engine", "pjsua2")
    done = run(*call, "--listen", environment={"PYTHONPATH": path})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "simcarrier: listening to calls needs the package numpy: pip install 'simcarrier[ears]'\n"
    assert run(*call, environment={"PYTHONPATH": path}).returncode == 0


def test_what_the_built_in_engine_does_not_have_is_told(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        f"name: x\ntrunks: {{main: {{address: 'udp:127.0.0.1:5060', caller: '{CALLER}', srtp: mandatory}}}}\n"
        f"calls: [{{to: '{CALLED}'}}]\n"
    )
    done = run(str(plan))
    assert done.returncode == 2
    assert "trunk main: srtp: mandatory needs another engine than the built-in one: say --engine pjsua2" in done.stderr


def test_the_guard_stands_before_it() -> None:
    done = run("--trunk", "udp:192.0.2.1", "--from", CALLER, "--to", CALLED, "--engine", "pjsua2")
    assert done.returncode == 3
    assert "--live" in done.stdout
