"""``simcarrier run`` as a process: what ends it, its exit status, what it prints, and what it does not."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
RUN = [sys.executable, "-m", "simcarrier", "run"]
GERMANY = str(ROOT / "scenarios" / "germany-403.yaml")
FEW_CALLS = f"{sys.executable} {ROOT / 'examples' / 'few_calls.py'}"

SCENARIO = """
name: small
parameters: {code: "403"}
carrier: {listen: "udp:127.0.0.1:0"}
calls:
  - {name: mixed, to: "mix*", mix: [{share: 50%, respond: 403}, {share: 50%, respond: 486}]}
  - {name: refused, to: "+49*", respond: $code}
  - {name: stalled, to: "stall*", steps: [trying, silence]}
"""

# A dialler of ten lines: INVITE, whatever comes, ACK.
DIALLER = """
import os, socket, sys
host, _, port = os.environ["SIMCARRIER_ADDRESS"].rpartition(":")
carrier = host.strip("[]"), int(port)
with socket.socket(socket.AF_INET6 if ":" in carrier[0] else socket.AF_INET, socket.SOCK_DGRAM) as phone:
    phone.settimeout(5)
    for number, user in enumerate(sys.argv[1:]):
        head = (
            f"{{}} sip:{user}@{host} SIP/2.0\\r\\nVia: SIP/2.0/UDP h;rport;branch=z9hG4bK{number}\\r\\n"
            f"From: <sip:+4940@h>;tag=1\\r\\nTo: <sip:{user}@h>{{}}\\r\\nCall-ID: {number}\\r\\nCSeq: 1 {{}}\\r\\n"
            "Max-Forwards: 70\\r\\nContact: <sip:h>\\r\\nContent-Length: 0\\r\\n\\r\\n"
        )
        phone.sendto(head.format("INVITE", "", "INVITE").encode(), carrier)
        answer = phone.recv(65536).decode()
        if " 1" not in answer[:10]:
            tag = answer.partition("\\r\\nTo: ")[2].partition("\\r\\n")[0].partition(";")[2]
            phone.sendto(head.format("ACK", ";" + tag, "ACK").encode(), carrier)
        print(answer.partition("\\r\\n")[0], flush=True)
"""


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    path = tmp_path / "small.yaml"
    path.write_text(SCENARIO)
    return str(path)


@pytest.fixture
def dialler(tmp_path: Path) -> str:
    path = tmp_path / "dialler.py"
    path.write_text(DIALLER)
    return f"{sys.executable} {path}"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RUN, *arguments], capture_output=True, text=True, timeout=30, check=False, cwd=ROOT)


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


class Running:
    """A run that goes on until it is ended."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*RUN, *arguments, "--format", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert self.process.stdout is not None
        listening = json.loads(self.process.stdout.readline())
        assert listening["event"] == "listening"
        self.host, self.port = "127.0.0.1", int(listening["address"].rpartition(":")[2])

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def end(self, number: int) -> tuple[int, list[dict[str, Any]], str]:
        """Send a signal; the exit status, the events, and what stands on standard error."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=10)
        return self.process.returncode, events(out), err


def test_a_dialler_makes_the_run_and_ends_it(scenario: str, dialler: str) -> None:
    result = run(scenario, "--exec", f"{dialler} +49301 +49302 +1", "--format", "json")
    assert result.returncode == 0, result.stderr
    told = events(result.stdout)
    assert [event["event"] for event in told] == ["listening", "call", "call", "call", "summary"]
    assert told[0]["address"].startswith("udp:127.0.0.1:")
    assert [(call["from"], call["to"], call["code"], call["rule"]) for call in told[1:4]] == [
        ("+4940", "+49301", 403, "refused"),
        ("+4940", "+49302", 403, "refused"),
        ("+4940", "+1", 404, None),
    ]
    assert (told[4]["calls"], told[4]["codes"], told[4]["unmatched"]) == (3, {"403": 2, "404": 1}, 1)
    assert "SIP/2.0 403 Forbidden" in result.stderr  # the dialler's own words stay out of the events


def test_text_tells_the_same_in_words(scenario: str, dialler: str) -> None:
    result = run(scenario, "--exec", f"{dialler} +49301 +1")
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "small"
    assert lines[1].startswith("listening on udp:127.0.0.1:")
    assert any(line.startswith("+4940 -> +49301: 403 Forbidden after 0.") for line in lines), result.stdout
    assert "SIP/2.0 404 Not Found" in lines
    assert lines[-2:] == ["2 calls: 1 x 403, 1 x 404", "1 of them matched no rule"]
    assert result.stderr == ""


def test_quiet_leaves_the_calls_out(scenario: str, dialler: str) -> None:
    result = run(scenario, "--quiet", "--exec", f"{dialler} +49301 >/dev/null")
    assert result.stdout.splitlines()[2:] == ["1 call: 1 x 403"]


def test_the_dialler_is_told_where_to_call(scenario: str) -> None:
    result = run(scenario, "--listen", "tcp:[::1]:0", "--exec", 'echo "$SIMCARRIER_URI" "$SIMCARRIER_ADDRESS"')
    said = next(line for line in result.stdout.splitlines() if line.startswith("sip:"))
    uri, address = said.split()
    assert uri == f"sip:{address};transport=tcp"
    assert address.startswith("[::1]:")


@pytest.mark.parametrize(
    ("command", "words"),
    [("exit 3", "the dialler ended with status 3"), ("kill -9 $$", "the dialler was killed by signal 9")],
)
def test_a_dialler_that_fails_fails_the_run(scenario: str, command: str, words: str) -> None:
    result = run(scenario, "--exec", command)
    assert result.returncode == 1
    assert words in result.stdout


def test_an_expectation_that_is_not_met_fails_the_run(tmp_path: Path, dialler: str) -> None:
    path = tmp_path / "expecting.yaml"
    path.write_text(SCENARIO + "expect: [{calls: {code: 403}, exactly: 2}]\n")
    met = run(str(path), "--exec", f"{dialler} +491 +492", "--format", "json")
    assert (met.returncode, events(met.stdout)[-1]["failures"]) == (0, [])
    missed = run(str(path), "--exec", f"{dialler} +491", "--format", "json")
    assert missed.returncode == 1
    assert events(missed.stdout)[-1]["failures"] == [f"{path}:9:10: calls: wanted exactly 2 calls with code 403, got 1"]


def test_so_many_calls_end_the_run(scenario: str, dialler: str) -> None:
    result = run(scenario, "--calls", "2", "--exec", f"{dialler} +491 +492; sleep 20", "--format", "json")
    assert result.returncode == 0, result.stderr
    assert events(result.stdout)[-1]["calls"] == 2


def test_the_clock_ends_the_run(scenario: str) -> None:
    before = time.monotonic()
    result = run(scenario, "--for", "300ms")
    assert result.returncode == 0
    assert time.monotonic() - before < 10
    assert result.stdout.splitlines()[-1] == "0 calls"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_ends_calls_in_order_and_prints_the_summary(scenario: str, number: int) -> None:
    with Running(scenario) as running, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.settimeout(5)
        phone.sendto(
            b"INVITE sip:stall@h SIP/2.0\r\nVia: SIP/2.0/UDP h;rport;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\n"
            b"To: <sip:stall@h>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContact: <sip:h>\r\n"
            b"Content-Length: 0\r\n\r\n",
            (running.host, running.port),
        )
        assert phone.recv(65536).startswith(b"SIP/2.0 100 ")
        status, told, err = running.end(number)
        assert phone.recv(65536).startswith(b"SIP/2.0 487 ")
    assert (status, err) == (0, "")
    assert [event["event"] for event in told] == ["call", "summary"]
    assert (told[0]["code"], told[0]["rule"]) == (487, "stalled")
    assert told[1]["codes"] == {"487": 1}


def test_a_seed_makes_a_run_repeatable(scenario: str, dialler: str) -> None:
    def codes(*options: str) -> list[int]:
        users = " ".join(f"mix{number}" for number in range(16))
        result = run(scenario, "--exec", f"{dialler} {users}", "--format", "json", *options)
        return [event["code"] for event in events(result.stdout) if event["event"] == "call"]

    first = codes("--seed", "7")
    assert set(first) == {403, 486}
    assert codes("--seed", "7") == first


def test_a_parameter_can_be_set(scenario: str, dialler: str) -> None:
    result = run(scenario, "--set", "code=603", "--exec", f"{dialler} +491", "--format", "json")
    assert events(result.stdout)[1]["code"] == 603


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--listen", "udp:here:5060"], "the host must be an IP address"),
        (["--listen", "sctp:127.0.0.1:5060"], "write udp:, tcp: or tls:"),
        (["--listen", "udp:127.0.0.1:99999"], "port"),
        (["--for", "soon"], "'soon'"),
        (["--calls", "0"], "--calls"),
        (["--format", "xml"], "xml"),
        (["--set", "code"], "NAME=VALUE"),
        (["--set", "cod=603"], 'no parameter "cod"'),
        (["--set", "code=9"], "calls[1]"),
        (["--seed", "x"], "--seed"),
        (["--nonsense"], "--nonsense"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_2_and_said_without_a_traceback(scenario: str, arguments: Sequence[str], words: str) -> None:
    result = run(scenario, *arguments)
    assert result.returncode == 2, result.stderr
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_faults_of_a_scenario_are_all_told_with_their_places(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("name: bad\ncarier: {}\ncalls:\n  - {to: 49, respond: 99}\n  - {respnd: 403}\n")
    result = run(str(path))
    assert result.returncode == 2
    lines = result.stderr.splitlines()
    assert len(lines) >= 3
    assert all(line.startswith(f"{path}:") for line in lines)
    assert "Traceback" not in result.stderr


def test_a_scenario_that_is_not_there(tmp_path: Path) -> None:
    result = run(str(tmp_path / "absent.yaml"))
    assert result.returncode == 2
    assert "cannot be read" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_address_that_is_taken_is_3(scenario: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        result = run(scenario, "--listen", f"udp:127.0.0.1:{taken.getsockname()[1]}")
    assert result.returncode == 3
    assert "the port is taken" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_reader_that_leaves_is_no_reason_for_a_traceback(scenario: str, dialler: str, form: str) -> None:
    command = " ".join([*RUN, scenario, "--format", form, "--exec", f"'{dialler} +491 +492 >/dev/null; sleep 0.3'"])
    result = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | head -1; echo ${{PIPESTATUS[0]}}"],
        capture_output=True, text=True, timeout=30, check=False, cwd=ROOT,
    )  # fmt: skip
    assert result.stdout.splitlines()[1] == "0"
    assert "Traceback" not in result.stderr
    assert "BrokenPipe" not in result.stderr


def test_a_dialler_that_never_stops_is_ended_and_the_report_is_written(
    scenario: str, dialler: str, tmp_path: Path
) -> None:
    path, report, note = tmp_path / "stall.yaml", tmp_path / "report.xml", tmp_path / "dialler.pid"
    path.write_text(f"{SCENARIO}expect: [{{stalled_calls: cancelled, after_trying: 100ms, tolerance: 100ms}}]\n")
    endless = f"trap '' TERM; echo $$ > {note}; {dialler} stall1; while :; do sleep 0.1; done"
    result = run(str(path), "--for", "1500ms", "--junit", str(report), "--exec", endless)
    assert result.returncode == 1, result.stderr
    assert not Path(f"/proc/{note.read_text().strip()}").exists()
    cases = {case.attrib["name"]: case for case in ElementTree.parse(report).iter("testcase")}
    assert [case.find("failure") is not None for case in cases.values()] == [True, False]
    assert list(cases)[1] == "the run"
    assert "not cancelled in the" in (cases[next(iter(cases))].findtext("failure") or "")


def test_the_dialler_s_children_end_with_the_run(scenario: str, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    result = run(scenario, "--for", "500ms", "--exec", f"sleep 60 & echo $! > {note}; wait")
    assert result.returncode == 0, result.stdout
    pid = int(note.read_text())
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    pytest.fail("the dialler's child still runs")


def test_the_example_shows_the_rules_of_germany() -> None:
    result = run(GERMANY, "--listen", "udp:127.0.0.1:0", "--exec", FEW_CALLS)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "200 OK: the carrier routes this caller ID" in result.stdout
    assert "403 Forbidden: +14155550123 is not routed here" in result.stdout
    assert "403 Forbidden: this direction is closed" in result.stdout
    assert result.stdout.splitlines()[-1] == "3 calls: 1 x 200, 2 x 403"


def test_the_example_fails_where_nobody_answers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    spec = importlib.util.spec_from_file_location("few_calls", ROOT / "examples" / "few_calls.py")
    assert spec is not None
    assert spec.loader is not None
    few_calls = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(few_calls)
    monkeypatch.setattr(few_calls, "PATIENCE", 0.1)
    assert asyncio.run(few_calls.main(("127.0.0.1", port))) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[1:] == ["    nothing: no final response: nobody is there, or the carrier lost the call"]
