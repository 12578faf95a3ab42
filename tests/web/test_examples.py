"""The examples in other languages, against a carrier under control; each must also be able to fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not here; tests/peers.sh installs it")


def run(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    carrier = [sys.executable, "-m", "simcarrier", "run", "scenarios/answered.yaml", "--listen", "udp:127.0.0.1:0"]
    return subprocess.run(
        [*carrier, "--control", "127.0.0.1:0", "--quiet", "--exec", command],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **environment},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_curl_and_sh() -> None:
    result = run("sh examples/control.sh")
    assert result.returncode == 0, result.stdout + result.stderr
    told = result.stdout.splitlines()
    assert {"a busy number was called once", "full lines were met once"} <= set(told)


def test_a_dialler_that_does_not_call_fails_it() -> None:
    result = run("sh examples/control.sh", DIALLER="true")
    assert result.returncode == 1
    assert "409" in result.stderr
    assert "called once" not in result.stdout


@needs_node
def test_node(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    options = f"--test-reporter=junit --test-reporter-destination={report}"
    result = run(f"node --test {options} examples/node/dialler.test.mjs")
    assert result.returncode == 0, result.stdout + result.stderr + (report.read_text() if report.exists() else "")
    cases = list(ET.parse(report).getroot().iter("testcase"))
    assert len(cases) == 4
    assert not [case for case in cases if case.find("failure") is not None]


@needs_node
def test_a_node_dialler_that_goes_wrong_fails_with_what_came_instead(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples" / "node", tmp_path / "node")
    file = tmp_path / "node" / "dialler.test.mjs"
    text = file.read_text()
    assert text.count('await dial("+498912345678"), [486]') == 1
    file.write_text(text.replace('await dial("+498912345678"), [486]', 'await dial("+4312345678"), [486]'))
    file.write_text(file.read_text().replace('{ name: "busy", to: "+4989*"', '{ name: "busy", to: "+4*"'))
    result = run(f"node --test --test-reporter=tap {file}")
    assert result.returncode == 1
    assert "wanted exactly 1, got 0" in result.stdout
    assert "instead: +493012345678 -> +4312345678: 486" in result.stdout


def test_the_benchmark() -> None:
    small = ["--calls", "1000", "--pairs", "1", "--seconds", "0.2"]
    result = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "control.py"), *small],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.count("with the control API") == 2
