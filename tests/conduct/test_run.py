"""``simcarrier run`` looks at the first calls, when there is time for it, and tells what it has found."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from simcarrier.cli.watching import Watching
from simcarrier.conduct.report import Report
from simcarrier.scenario.load import loads
from simcarrier.service import CarrierService
from simcarrier.sip.transport import ListenAddress
from simcarrier.testing import RunningCarrier
from tests.testing.dialling import dial, dialled

SCENARIO = "name: refuses\ncalls: [{respond: 486}]\n"

DIALLER = """
import os, socket, sys
host, _, port = os.environ["SIMCARRIER_ADDRESS"].rpartition(":")
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
    phone.settimeout(5)
    phone.connect((host, int(port)))
    for number in range(int(sys.argv[1])):
        head = (
            f"{{}} sip:1@h SIP/2.0\\r\\nVia: SIP/2.0/UDP h;rport;branch=z9hG4bK{number}\\r\\nMax-Forwards: 70\\r\\n"
            f"From: <sip:2@h>;tag=1\\r\\nTo: <sip:1@h>{{}}\\r\\nCall-ID: {number}\\r\\nCSeq: 1 {{}}\\r\\n"
            "Content-Length: 0\\r\\n\\r\\n"
        )
        phone.send(head.format("INVITE", "", "INVITE").encode())
        answer = phone.recv(65536).decode()
        tag = answer.partition("\\r\\nTo: ")[2].partition("\\r\\n")[0].partition(";")[2]
        phone.send(head.format("ACK", ";" + tag, "ACK").encode())
"""


def run(folder: Path, calls: int, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "s.yaml").write_text(SCENARIO)
    (folder / "dialler.py").write_text(DIALLER)
    command = [sys.executable, "-m", "simcarrier", "run", str(folder / "s.yaml"), "--listen", "udp:127.0.0.1:0"]
    dialler = f"{sys.executable} {folder / 'dialler.py'} {calls}"
    return subprocess.run(
        [*command, "--exec", dialler, *options], capture_output=True, text=True, timeout=30, check=False
    )


def test_the_text_tells_the_faults_last(tmp_path: Path) -> None:
    result = run(tmp_path, 3, "--quiet")
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[2:] == [
        "3 calls: 3 x 486",
        "SIP conduct: 1 fault",
        "  3 x contact (RFC 3261 section 8.1.1.8): INVITE without Contact",
        result.stdout.splitlines()[-1],
    ]
    assert result.stdout.endswith(": INVITE sip:1@h SIP/2.0\n")


def test_json_has_an_event_for_each_rule(tmp_path: Path) -> None:
    result = run(tmp_path, 3, "--format", "json", "--conduct", "all")
    *_, fault, summary = map(json.loads, result.stdout.splitlines())
    assert (fault["event"], fault["rule"], fault["count"]) == ("conduct", "contact", 3)
    assert set(fault) == {"event", "rule", "section", "count", "said", "call_id", "source", "message"}
    assert summary["conduct"] == {"contact": 3}


def test_so_many_calls_and_no_more(tmp_path: Path) -> None:
    result = run(tmp_path, 5, "--quiet", "--conduct", "2")
    assert "SIP conduct: 1 fault in the first 2 calls\n  2 x contact" in result.stdout


def test_off(tmp_path: Path) -> None:
    assert "conduct" not in run(tmp_path, 1, "--conduct", "off").stdout


@pytest.mark.parametrize("value", ["0", "-1", "some", "1.5", "99999999999", "²"])
def test_wrong_numbers(value: str, tmp_path: Path) -> None:
    result = run(tmp_path, 1, f"--conduct={value}")
    assert result.returncode == 2
    assert "write all, off, or a number of calls" in result.stderr


def service() -> CarrierService:
    return CarrierService(loads(SCENARIO), listen=[ListenAddress.parse("udp:127.0.0.1:0")])


def call(carrier: CarrierService, *numbers: str) -> None:
    for number in numbers:
        dial((carrier.addresses[0].host, carrier.addresses[0].port), number)


def test_the_wire_is_let_go_when_the_first_calls_are_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simcarrier.cli.watching.QUIET", 0.02)

    async def watched() -> tuple[Report, int]:
        async with service() as carrier:
            watching = Watching(carrier, 2)
            await asyncio.to_thread(call, carrier, "1", "2", "3")
            for _ in range(100):
                await asyncio.sleep(0.02)
                if carrier.driver.observe is None:
                    break
            assert carrier.driver.observe is None
            await asyncio.to_thread(call, carrier, "4")
        return watching.finish(), watching.conduct.messages

    report, messages = asyncio.run(watched())
    assert report == Report(first=2)
    assert messages == 6


def test_nothing_is_looked_at_while_calls_go_on() -> None:
    async def watched() -> tuple[int, int]:
        async with service() as carrier:
            watching = Watching(carrier, None)
            await asyncio.to_thread(call, carrier, "1", "2")
            during = watching.conduct.messages
        watching.finish()
        return during, watching.conduct.messages

    assert asyncio.run(watched()) == (0, 6)


def test_a_quiet_carrier_looks_at_what_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simcarrier.cli.watching.QUIET", 0.02)

    async def watched() -> int:
        async with service() as carrier:
            watching = Watching(carrier, None)
            await asyncio.to_thread(call, carrier, *map(str, range(10)))
            for _ in range(100):
                await asyncio.sleep(0.02)
                if watching.conduct.messages == 30:
                    break
            return watching.conduct.messages

    assert asyncio.run(watched()) == 30


# The fixture


def test_the_fixture_knows_the_conduct() -> None:
    with RunningCarrier("calls: [{respond: 486}]") as carrier:
        where = carrier.host, carrier.port
        dial(where, "1")
        assert carrier.conduct == []
        carrier.assert_conduct()
        with dialled(where, "2") as call:
            assert call.response(3) == 486
            call.send("ACK")
            call.send("OPTIONS", cseq=2)
        assert [breach.rule for breach in carrier.conduct] == ["branch_reused"]
        with pytest.raises(AssertionError, match=r"SIP conduct: 1 fault\n  1 x branch_reused \(RFC 3261"):
            carrier.assert_conduct()
        carrier.assert_conduct(ignore=["branch_reused"])
        with pytest.raises(ValueError, match="no rule branches"):
            carrier.assert_conduct(ignore="branches")
