"""``simcarrier probe --diagnose``: the reasoning as text and as JSON, kept results, what live calls come to at most."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from simcarrier.cli.diagnose import diagnose
from simcarrier.cli.evidence import evidence
from simcarrier.cli.probe import probe as command
from simcarrier.probe.results_file import Results

ROOT = Path(__file__).parents[2]
ROUTED, UNKNOWN, CALLED = "+493012345678", "+14155550123", "+498912345678"
SIMCARRIER = [sys.executable, "-m", "simcarrier"]

CARRIER = """\
name: for follow-ups
calls:
  - {name: hangs, to: /9$/, steps: [trying, silence]}
  - {name: not routed, from: {not: "+4930*"}, respond: {code: 403, trying: true, delay: 50ms}}
  - {name: answered, outcome: answered, ring: 50ms}
"""


@pytest.fixture(scope="module")
def carrier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A carrier in a process of its own; gives its address."""
    scenario = tmp_path_factory.mktemp("carrier") / "carrier.yaml"
    scenario.write_text(CARRIER)
    listen = ["--listen", "udp:127.0.0.1:0", "--format", "json", "--for", "3m"]
    with subprocess.Popen([*SIMCARRIER, "run", str(scenario), *listen], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["address"].removeprefix("udp:")
        process.terminate()


@pytest.fixture(scope="module")
def plan(carrier: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """One call that the carrier refuses, and quick follow-ups."""
    file = tmp_path_factory.mktemp("plan") / "plan.yaml"
    file.write_text(f"""\
name: one call
trunks: {{t: {{address: "udp:{carrier}", caller: "{UNKNOWN}"}}}}
calls: [{{to: "{CALLED}"}}]
calls_per_second: 50
talk: 50ms
""")
    return str(file)


def probe(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(command, arguments, env=env)


def to(address: str, caller: str = UNKNOWN, called: str = CALLED) -> list[str]:
    return ["--trunk", f"udp:{address}", "--from", caller, "--to", called]


ASK = ["--diagnose", "--other-from", ROUTED]


def test_the_reasoning_as_text(carrier: str) -> None:
    done = probe(*to(carrier), *ASK, "--follow-ups", "1")
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"{UNKNOWN} -> {CALLED}: 403 Forbidden after")
    assert lines[1] == f"    asked: call the same number from another caller ID, {ROUTED}"
    assert re.fullmatch(r"        why: .+ in \d+% of cases of [a-z_]+, in \d+% of [a-z_]+", lines[2])
    assert re.fullmatch(r"        came: 200 OK after 0\.\d+ s: it got through", lines[3])
    assert re.match(r"        so: caller_id_not_routed \d\d% -> [89]\d%, ", lines[4])
    assert re.match(r"     [89]\d% caller_id_not_routed: ", lines[5])
    assert lines[-2:] == ["1 call: 1 refused", "1 follow-up to find causes"]


def test_the_reasoning_as_json(plan: str) -> None:
    done = probe(plan, *ASK, "--json")
    call, summary = (json.loads(line) for line in done.stdout.splitlines())
    assert (call["event"], call["code"], call["causes"][0]["condition"]) == ("call", 403, "caller_id_not_routed")
    first = call["follow_ups"][0]
    assert (first["kind"], first["answer"], first["code"]) == ("other_caller", "passes", 200)
    assert first["observation"]["from"] == ROUTED
    (moved,) = [one for one in first["moved"] if one["condition"] == "caller_id_not_routed"]
    assert moved["before"] < moved["after"] <= call["causes"][0]["probability"] + 0.001
    assert summary["calls"] == 1
    assert summary["follow_ups"] == len(call["follow_ups"])


def test_without_diagnose_one_call_is_made(plan: str) -> None:
    (call, summary) = (json.loads(line) for line in probe(plan, "--json").stdout.splitlines())
    assert (call["follow_ups"], summary["follow_ups"]) == ([], 0)


def test_exit_statuses_are_those_of_the_calls(carrier: str, plan: str) -> None:
    """Neither an answered follow-up nor one that the guard refuses changes them; the cause found in the end counts."""
    one = [*ASK, "--follow-ups", "1", "--talk", "50ms"]
    assert probe(*to(carrier), *one, "--expect", "caller_id_not_routed").exit_code == 0
    assert probe(*to(carrier), *one, "--expect", "answered").exit_code == 1
    done = probe(plan, *ASK, "--control", "112")
    assert done.exit_code == 0
    assert "not asked: 112 is, or may become, an emergency number" in done.stdout
    assert "refused by the guard" not in done.stdout


def test_results_keep_the_follow_ups_with_their_messages(plan: str, tmp_path: Path) -> None:
    file, archive = tmp_path / "results.jsonl", tmp_path / "evidence.zip"
    assert probe(plan, *ASK, "--results", str(file)).exit_code == 0
    lines: list[dict[str, Any]] = [json.loads(line) for line in file.read_text().splitlines()]
    call, *further, summary = lines
    followed = [one for one in call["follow_ups"] if one["observation"]["to"]]
    assert [one["follow_up"]["kind"] for one in further] == [one["kind"] for one in followed]
    assert further[0]["follow_up"]["call"] == 1
    assert [message["data"].partition(" ")[0] for message in further[0]["messages"]][:2] == ["INVITE", "SIP/2.0"]
    assert summary["event"] == "summary"
    assert len(Results(file).calls) == 1 + len(further)
    made = CliRunner().invoke(evidence, [str(file), "--out", str(archive), "--mask"])
    assert made.exit_code == 0, made.output
    assert ROUTED not in made.output
    told = CliRunner().invoke(diagnose, [str(file), "--json"])
    assert len(told.stdout.splitlines()) == 1 + len(further)


def test_numbers_that_only_follow_ups_have_called_are_masked_too(plan: str, tmp_path: Path) -> None:
    """What --json has written names them in the evidence of the causes, and has no line of their own."""
    file, archive = tmp_path / "results.jsonl", tmp_path / "evidence.zip"
    file.write_text(probe(plan, *ASK, "--json").stdout)
    assert ROUTED in file.read_text()
    assert CliRunner().invoke(evidence, [str(file), "--out", str(archive), "--mask"]).exit_code == 0
    with zipfile.ZipFile(archive) as made:
        facts = made.read("call-001/facts.txt").decode()
    assert "asked to call the same number from another caller ID, +4930" in facts
    assert ROUTED not in facts


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--follow-ups", "2"], "--follow-ups goes with --diagnose"),
        (["--control", CALLED], "--control goes with --diagnose"),
        (["--pause", "1s"], "--pause goes with --diagnose"),
        (["--diagnose", "--follow-ups", "11"], "11 is not in the range"),
        (["--diagnose", "--control", "+49 30"], "Error: --control must be a number as it is sent"),
        (["--diagnose", "--elsewhere", "+33 1"], "Error: --elsewhere must be a number as it is sent"),
        (["--diagnose", "--other-from", "a b"], "Error: --other-from must be a number as it is sent"),
        (["--diagnose", "--pause", "1s", "--pause", "2s"], "Error: --pause must be two times at most"),
    ],
)
def test_wrong_usage(arguments: list[str], words: str) -> None:
    done = probe(*to("127.0.0.1:9"), *arguments)
    assert done.exit_code == 2, done.stdout
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_load_is_not_asked_about(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(f"""\
name: load
trunks: {{t: {{address: "udp:127.0.0.1:9", caller: "{ROUTED}"}}}}
calls: [{{to: "{CALLED}"}}]
load: {{calls: 10, calls_per_second: 10}}
""")
    done = probe(str(plan), "--diagnose")
    assert done.exit_code == 2
    assert "it does not go with load" in done.stderr


def live_plan(folder: Path, **diagnose: object) -> str:
    plan = folder / "plan.yaml"
    plan.write_text(f"""\
name: live
trunks: {{t: {{address: "udp:192.0.2.1:9", caller: "{ROUTED}", price: 0.10 EUR}}}}
calls: [{{to: ["{CALLED}", "{CALLED[:-1]}0"]}}]
diagnose: {json.dumps(diagnose)}
region: DE
allow: "+4989*"
""")
    return str(plan)


def test_the_worst_that_live_calls_can_come_to_has_the_follow_ups(tmp_path: Path) -> None:
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    plan = live_plan(tmp_path, follow_ups=3, control="+4940222333", callers=["+493099988877"])
    plain = probe(plan, "--live", env=state)
    assert "2 real calls:" in plain.stderr
    assert "worst cost: 0.20 EUR" in plain.stderr
    done = probe(plan, "--live", "--diagnose", env=state)
    assert done.exit_code == 3
    assert "2 real calls, and up to 6 follow-ups:" in done.stderr
    assert "worst cost: 0.80 EUR" in done.stderr
    assert f"follow-ups: +493099988877 calls {CALLED} through t\n" in done.stderr
    assert f"follow-ups: {ROUTED} calls 08912345678 through t\n" in done.stderr
    assert f"follow-ups: {ROUTED} calls +4940222333 through t: refused: " in done.stderr
    assert "up to 2 follow-ups" in probe(plan, "--live", "--diagnose", "--follow-ups", "1", env=state).stderr


def test_a_dry_run_shows_what_follow_ups_may_call(tmp_path: Path) -> None:
    plan = live_plan(tmp_path, control="+4940222333")
    done = probe(plan, "--live", "--diagnose", "--dry-run", env={"XDG_STATE_HOME": str(tmp_path)})
    assert done.exit_code == 0, "what a follow-up may not call is no fault of the plan"
    assert "a call that fails may bring 4 follow-ups, to it and to:" in done.stdout
    assert f"{ROUTED} calls 08912345678 through t: may be called" in done.stdout
    assert f"{ROUTED} calls +4940222333 through t: refused: " in done.stdout
    assert "worst cost: 1.00 EUR" in done.stdout


@contextmanager
def passing_on(carrier: str, number: str, seen: threading.Event) -> Iterator[str]:
    """A way to the carrier that tells when a number is called; gives its address."""
    host, _, port = carrier.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))

        def pass_on() -> None:
            probe_at = ("", 0)
            while True:
                data, source = sock.recvfrom(65_536)
                if not data:
                    return
                if source != (host, int(port)):
                    probe_at = source
                    sock.sendto(data, (host, int(port)))
                    if data.startswith(f"INVITE sip:{number}@".encode()):
                        seen.set()
                else:
                    sock.sendto(data, probe_at)

        thread = threading.Thread(target=pass_on)
        thread.start()
        here = sock.getsockname()
        yield f"127.0.0.1:{here[1]}"
        sock.sendto(b"", here)
        thread.join()


def test_ctrl_c_in_the_middle_of_follow_ups(carrier: str, tmp_path: Path) -> None:
    """The control number hangs; Ctrl-C cancels it, and what was found of the failed call is told and kept."""
    plan, results, hangs = tmp_path / "plan.yaml", tmp_path / "results.jsonl", "+498912345679"
    called = threading.Event()
    with passing_on(carrier, hangs, called) as way:
        plan.write_text(f"""\
name: one call that fails
trunks: {{t: {{address: "udp:{way}", caller: "{UNKNOWN}"}}}}
calls: [{{to: "{CALLED}"}}]
calls_per_second: 50
diagnose: {{control: "{hangs}"}}
""")
        begun = [*SIMCARRIER, "probe", str(plan), "--diagnose", "--json", "--results", str(results)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with subprocess.Popen(begun, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as run:
            assert called.wait(20)
            run.send_signal(signal.SIGINT)
            out, errors = run.communicate(timeout=20)
    assert (run.returncode, errors) == (1, "")
    call, summary = (json.loads(line) for line in out.splitlines())
    assert (call["code"], call["verdict"]) == (403, "refused")
    step = call["follow_ups"][-1]
    assert (step["kind"], step["answer"]) == ("control_number", None)
    assert step["observation"]["outcome"] == "interrupted"
    assert [one["code"] for one in step["observation"]["after"]][-1] == 487  # a 100 may cross the CANCEL
    assert summary["interrupted"]
    kept = [json.loads(line) for line in results.read_text().splitlines()]
    assert [one["event"] for one in kept] == ["call", "call", "summary"]
    assert "CANCEL" in {message["data"].partition(" ")[0] for message in kept[1]["messages"]}
