"""What a newcomer gets wrong is answered with what is wrong and what to do, and never with a traceback."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STALLED = "scenarios/stalled-trying.yaml"

MISTAKES = {
    "a misspelt command": (["rn"], 2, ["No such command 'rn'; did you mean 'run'?"]),
    "no such command": (["xyz"], 2, ["there are run, check, dialects, expectations"]),
    "a misspelt option": (["run", STALLED, "--lisen", "udp:127.0.0.1:0"], 2, ["--listen"]),
    "a missing file": (["run", "nosuch.yaml"], 2, ["nosuch.yaml", "No such file"]),
    "a folder": (["run", "scenarios"], 2, ["scenarios", "is a directory, not a scenario file"]),
    "no transport": (["run", STALLED, "--listen", "127.0.0.1:5060"], 2, ["write udp:, tcp: or tls:, then HOST:PORT"]),
    "a host's name": (["run", STALLED, "--listen", "udp:example.org:5060"], 2, ["must be an IP address"]),
    "a port too high": (["run", STALLED, "--listen", "udp:127.0.0.1:99999"], 2, ["from 0 to 65535"]),
    "somebody else's address": (["run", STALLED, "--listen", "udp:192.0.2.1:0"], 3, ["no such address", "--listen"]),
    "an unknown parameter": (["run", STALLED, "--set", "afer=3s"], 2, ['no parameter "afer"', 'did you mean "after"?']),
    "no value": (["run", STALLED, "--set", "after"], 2, ["'after': write NAME=VALUE"]),
    "a value that does not fit": (["run", STALLED, "--set", "after=3"], 2, ["write 3s or 3ms"]),
    "no unit": (["run", STALLED, "--for", "5"], 2, ["write 5s or 5ms"]),
    "no calls": (["run", STALLED, "--calls", "0"], 2, ["'--calls'", "x>=1"]),
    "no scenario": (["run"], 2, ["Missing argument 'SCENARIO'"]),
}


def run(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "simcarrier", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, cwd=folder)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_in_words(mistake: str) -> None:
    arguments, status, told = MISTAKES[mistake]
    result = run(*arguments)
    assert result.returncode == status, result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    words = " ".join(result.stderr.split())
    assert [text for text in told if text not in words] == [], result.stderr


def test_a_port_that_is_taken() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        result = run("run", STALLED, "--listen", f"udp:127.0.0.1:{taken.getsockname()[1]}")
    assert result.returncode == 3
    assert "the port is taken" in result.stderr
    assert "--listen udp:127.0.0.1:0" in result.stderr


def test_a_misspelt_key(tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text("name: x\ncalls:\n  - {to: +49*, respnd: 403}\n")
    result = run("run", "my.yaml", folder=tmp_path)
    assert result.returncode == 2
    assert 'my.yaml:3:16: calls[0].respnd: unknown key "respnd"; did you mean "respond"?' in result.stderr


def test_a_certificate_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_text("hello")
    carrier = "{listen: 'tls:127.0.0.1:0', tls: {certificate: c.pem, key: c.pem}}"
    (tmp_path / "my.yaml").write_text(f"name: x\ncarrier: {carrier}\ncalls: [{{respond: 403}}]\n")
    result = run("run", "my.yaml", "--for", "100ms", folder=tmp_path)
    assert result.returncode == 3
    assert "do not hold a certificate and its key" in result.stderr
    assert "--listen" not in result.stderr  # another address would not help
    assert "Traceback" not in result.stderr


def test_a_dialler_that_is_not_there_is_no_expectation() -> None:
    result = run("run", STALLED, "--listen", "udp:127.0.0.1:0", "--exec", "no-such-dialler")
    assert result.returncode == 1
    assert "failed: the dialler ended with status 127" in result.stdout.splitlines()
