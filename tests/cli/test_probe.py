"""``simcarrier probe``: exit statuses, what is told to people and to programs, and that live calls are asked about."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from simcarrier.cli.probe import probe as command
from simcarrier.net.driver import source_host

ROOT = Path(__file__).parents[2]
CALLER, CALLED = "+493012345678", "+498912345678"
SIMCARRIER = [sys.executable, "-m", "simcarrier"]

CARRIER = """\
name: for the probe's command
calls:
  - {name: stalls, to: /1$/, steps: [trying, silence]}
  - {name: rings long, to: /2$/, outcome: answered, ring: 30s}
  - {name: blocked, to: /3$/, respond: {code: 603, phrase: "Network\\tBlocked", headers: {Reason: Q.850;cause=21}}}
  - {name: busy, to: /4$/, respond: {code: 503, headers: {Retry-After: 30}}}
  - {name: answered, outcome: answered, ring: 100ms}
"""


@pytest.fixture(scope="module")
def carrier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A carrier in a process of its own, on all of this machine's addresses; gives its port."""
    scenario = tmp_path_factory.mktemp("carrier") / "carrier.yaml"
    scenario.write_text(CARRIER)
    listen = ["--listen", "udp:0.0.0.0:0", "--format", "json", "--for", "3m"]
    with subprocess.Popen([*SIMCARRIER, "run", str(scenario), *listen], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["address"]
        yield address.rpartition(":")[2]
        process.terminate()


@pytest.fixture
def state(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path / "state")}


def environment(further: Mapping[str, str] | None = None) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **(further or {})}


def process(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [*SIMCARRIER, "probe", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env=environment(env),
    )


def probe(*arguments: str, env: Mapping[str, str] | None = None) -> Result:
    """Run the command here."""
    return CliRunner().invoke(command, arguments, env=env)


def to(port: str, *numbers: str, host: str = "127.0.0.1") -> list[str]:
    named = [part for number in numbers for part in ("--to", number)]
    return ["--trunk", f"udp:{host}:{port}", "--from", CALLER, *named]


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


# Exit statuses


def test_all_as_expected(carrier: str) -> None:
    done = probe(*to(carrier, CALLED), "--expect", "answered")
    assert (done.exit_code, done.stderr) == (0, "")
    assert re.search(r"^\+493012345678 -> \+498912345678: 200 OK after 0\.1\d\d s \(first 100 at", done.stdout)
    assert done.stdout.endswith("\n1 call: 1 answered\n")


def test_a_refusal_is_fine_if_nothing_else_is_expected(carrier: str) -> None:
    assert probe(*to(carrier, CALLED + "3")).exit_code == 0
    assert probe(*to(carrier, CALLED + "3"), "--expect", "603").exit_code == 0


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ("answered", "outcome: wanted answered, got refused"),
        ("403", "code: wanted 403, got 603"),
        ("lines_full", "cause: wanted lines_full, got"),
    ],
)
def test_not_as_expected(carrier: str, wanted: str, told: str) -> None:
    done = probe(*to(carrier, CALLED + "3"), "--expect", wanted)
    assert done.exit_code == 1
    assert f"not as expected: {told}" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name a plan, or a trunk"),
        (["--trunk", "udp:127.0.0.1", "--from", CALLER], "--trunk needs --from and --to"),
        (["--trunk", "udp:127.0.0.1", "--to", CALLED], "--trunk needs --from and --to"),
        (["plan.yaml", "--trunk", "udp:127.0.0.1"], "name a plan, or a trunk"),
        (["plan.yaml", "--to", CALLED], "--to goes with --trunk"),
        (["plan.yaml", "--password-env", "X"], "--password-env goes with --trunk"),
        (["plan.yaml"], "plan.yaml:1:1: cannot be read"),
        ([*to("5060", "+49 30 1")], "Error: --to must be a number as it is sent"),
        ([*to("99999", CALLED)], "Error: --trunk must be a trunk such as"),
        ([*to("5060", CALLED), "--expect", "anserd"], 'did you mean "answered"?'),
        ([*to("5060", CALLED), "--expect", "99"], "Error: --expect must be a final status code"),
        ([*to("5060", CALLED), "--user", "acme"], "Error: --user and --password-env has a user"),
        (
            [*to("5060", CALLED), "--user", "a", "--password-env", "NOT_SET_AT_ALL"],
            "variable NOT_SET_AT_ALL is not set",
        ),
        ([*to("5060", CALLED), "--ca", "no.pem"], "Error: --ca must be the path of a file"),
        ([*to("5060", CALLED), "--set", "a=b"], "--set changes the parameters of a plan"),
        ([*to("5060", CALLED), "--stall", "10"], "must have its unit"),
        ([*to("5060", CALLED), "--allow", "+49*3"], "--allow must have its * at the end"),
        ([*to("5060", CALLED), "--results", "/nowhere/x.jsonl"], "/nowhere/x.jsonl No such file"),
    ],
)
def test_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str) -> None:
    monkeypatch.chdir(tmp_path)
    done = probe(*arguments)
    assert done.exit_code == 2, done.stdout
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_refused_by_the_guard(carrier: str) -> None:
    done = probe(*to(carrier, CALLED, "00112"))
    assert done.exit_code == 3
    assert "00112: not called: 00112 is, or may become, an emergency number" in done.stdout
    assert "(rule: emergency)" in done.stdout
    assert "1 refused by the guard" in done.stdout


# Text and JSON


def test_text_tells_causes_who_refused_and_what_to_do(carrier: str) -> None:
    out = probe(*to(carrier, CALLED + "4")).stdout
    assert re.search(r"\d+% [a-z_]+: ", out)
    assert re.search(r"refused by: [a-z]+ \(\d+%\)", out)
    assert re.search(r"retry: [a-z ]+, after 30 s; advice: ", out)


def test_text_from_the_wire_cannot_command_a_terminal(carrier: str) -> None:
    out = probe(*to(carrier, CALLED + "3")).stdout
    assert "Reason: Q.850;cause=21" in out
    assert all(line.isprintable() for line in out.splitlines())


def test_json_has_all_that_programs_need(carrier: str) -> None:
    done = probe(*to(carrier, CALLED, CALLED + "3", CALLED + "1", "112"), "--stall", "300ms", "--json")
    *calls, summary = objects(done.stdout)
    assert {frozenset(call) >= KEYS for call in calls} == {True}
    answered, blocked, stalled, emergency = calls
    assert (answered["to"], answered["from"], answered["code"], answered["phrase"]) == (CALLED, CALLER, 200, "OK")
    assert [seen["code"] for seen in answered["provisionals"]] == [100, 180]
    assert all(isinstance(seen["at"], float) for seen in answered["provisionals"])
    assert 0 < answered["post_dial_delay"] < 0.1
    assert (blocked["verdict"], blocked["reasons"]) == ("refused", ["Q.850;cause=21"])
    cause = blocked["causes"][0]
    assert {"condition", "probability", "evidence"} <= set(cause)
    assert 0 < cause["probability"] <= 1
    assert blocked["retry"] in {"never", "later", "other_route", "other_number_form", "other_caller_id", "now"}
    assert blocked["advice"]
    assert (stalled["verdict"], stalled["code"], stalled["phrase"]) == ("stalled", None, None)
    assert [seen["code"] for seen in stalled["observation"]["after"]] == [487]
    assert (emergency["verdict"], emergency["refused"]["rule"]) == ("not called", "emergency")
    assert summary == {
        "event": "summary",
        "calls": 3,
        "follow_ups": 0,
        "refused": 1,
        "unexpected": 0,
        "not_made": 0,
        "verdicts": {"answered": 1, "refused": 1, "stalled": 1, "not called": 1},
        "codes": {"200": 1, "603": 1, "none": 1},
        "interrupted": False,
        "notes": [],
    }
    assert done.exit_code == 3


KEYS = {
    "to",
    "from",
    "code",
    "phrase",
    "verdict",
    "causes",
    "provisionals",
    "post_dial_delay",
    "retry",
    "advice",
    "reasons",
    "trunk",
    "refused_by",
    "retry_after",
    "contacts",
    "expected",
    "difference",
}


def test_results_are_kept_with_their_messages(carrier: str, tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    done = probe(*to(carrier, CALLED + "3"), "--results", str(file))
    assert done.exit_code == 0
    call, summary = objects(file.read_text())
    assert [message["data"].partition(" ")[0] for message in call["messages"]] == ["INVITE", "SIP/2.0", "ACK"]
    assert summary["event"] == "summary"


# Dry run and live calls


def test_a_dry_run_calls_nobody(tmp_path: Path, state: dict[str, str]) -> None:
    results = tmp_path / "results.jsonl"
    results.write_text("kept")
    done = probe(*to("9", CALLED), "--dry-run", "--results", str(results), env=state)
    assert (done.exit_code, done.stderr) == (0, "")
    assert f"{CALLER} calls {CALLED} through trunk: would be called" in done.stdout
    assert f"INVITE sip:{CALLED}@127.0.0.1:9 SIP/2.0" in done.stdout
    assert "Feature-Caps: *;+sip.608" in done.stdout
    assert "m=audio" in done.stdout
    assert results.read_text() == "kept"
    assert not (tmp_path / "state").exists()


def test_a_dry_run_has_the_guards_word(state: dict[str, str]) -> None:
    done = probe(*to("9", CALLED, "+499001123456", host="192.0.2.1"), "--dry-run", env=state)
    assert done.exit_code == 3
    assert done.stdout.count("(rule: live)") == 2
    allowed = ["--live", "--allow", "+49*", "--dry-run"]
    done = probe(*to("9", CALLED, "+499001123456", host="192.0.2.1"), *allowed, env=state)
    assert done.exit_code == 3
    assert "would be called" in done.stdout
    assert "(rule: premium)" in done.stdout
    assert "worst cost: not known: 2 calls" in done.stdout


def test_live_calls_are_not_made_without_a_yes(tmp_path: Path, state: dict[str, str]) -> None:
    done = probe(*to("9", CALLED, host="192.0.2.1"), "--live", "--allow", "+49*", env=state)
    assert done.exit_code == 3
    assert "1 real call:" in done.stderr
    assert "worst cost: not known" in done.stderr
    assert "nobody is here to be asked: say --yes" in done.stderr
    assert not list((tmp_path / "state").rglob("*.json"))


@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_on_a_terminal_it_is_asked(answer: str, state: dict[str, str]) -> None:
    ours, theirs = pty.openpty()
    asked = [*SIMCARRIER, "probe", *to("9", CALLED, host="192.0.2.1"), "--live", "--allow", CALLED]
    with subprocess.Popen(
        asked, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(state)
    ) as run:
        os.close(theirs)
        os.write(ours, answer.encode())
        out, errors = run.communicate(timeout=30)
    os.close(ours)
    assert run.returncode == 3
    assert "Make them? [y/N]" in errors
    assert out == ""


def own_address() -> str | None:
    """An address of this machine that is not loopback; None if it has none."""
    try:
        found = source_host(("192.0.2.1", 9))
    except OSError:
        return None
    return None if found.startswith("127.") else found


@pytest.mark.skipif(own_address() is None, reason="this machine has loopback only")
def test_caps_hold_across_restarts(carrier: str, tmp_path: Path, state: dict[str, str]) -> None:
    """Calls to this machine's own address in the network: to the guard it is another machine."""
    plan = tmp_path / "plan.yaml"
    plan.write_text(f"""\
name: live
trunks: {{t: {{address: "udp:{own_address()}:{carrier}", caller: "{CALLER}", price: 0.10 EUR}}}}
calls: [{{to: "{CALLED}3"}}]
allow: "{CALLED}3"
caps: {{calls_per_day: 2}}
""")
    assert probe(str(plan), env=state).exit_code == 3, "without --live"
    asked = probe(str(plan), "--live", env=state)
    assert (asked.exit_code, "worst cost: 0.10 EUR" in asked.stderr) == (3, True)
    runs = [probe(str(plan), "--live", "--yes", "--json", env=state) for _ in range(3)]
    assert [done.exit_code for done in runs] == [0, 0, 3], runs[0].stderr
    assert objects(runs[2].stdout)[0]["refused"]["rule"] == "daily"
    assert json.loads(next((tmp_path / "state").rglob("*.json")).read_text())["calls"][0][1] == 1.0


def test_a_broken_record_of_calls_stops_a_live_probe(tmp_path: Path, state: dict[str, str]) -> None:
    arguments = [*to("9", CALLED, host="192.0.2.1"), "--live", "--allow", CALLED]
    probe(*arguments, env=state)
    (lock,) = (tmp_path / "state").rglob("*.lock")
    lock.with_suffix(".json").write_text("{")
    done = probe(*arguments, "--yes", env=state)
    assert done.exit_code == 2
    assert "move it away to begin anew" in done.stderr


# The end


def test_ctrl_c_ends_every_call_and_keeps_what_was_measured(carrier: str, tmp_path: Path) -> None:
    plan, results = tmp_path / "plan.yaml", tmp_path / "results.jsonl"
    plan.write_text(f"""\
name: interrupted
trunks: {{t: {{address: "udp:127.0.0.1:{carrier}", caller: "{CALLER}"}}}}
calls: [{{to: ["{CALLED}3", "{CALLED}1", "{CALLED}2", "{CALLED}"]}}]
calls_per_second: 20
concurrent: 3
talk: 60s
""")
    begun = [*SIMCARRIER, "probe", str(plan), "--json", "--results", str(results)]
    with subprocess.Popen(begun, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()) as run:
        assert run.stdout is not None
        assert json.loads(run.stdout.readline())["code"] == 603
        until = time.monotonic() + 10
        time.sleep(0.3)
        run.send_signal(signal.SIGINT)
        out, errors = run.communicate(timeout=20)
    assert time.monotonic() < until
    assert (run.returncode, errors) == (1, "")
    *calls, summary = objects(out)
    assert {call["verdict"] for call in calls} <= {"interrupted", "answered"}
    assert summary["interrupted"]
    assert summary["calls"] + summary["not_made"] == 4
    kept = objects(results.read_text())
    assert len(kept) == summary["calls"] + 1
    assert {message["data"].partition(" ")[0] for call in kept[1:-1] for message in call["messages"]} >= {
        "INVITE",
        "CANCEL",
    }


def test_a_reader_that_goes_away_ends_the_probe(carrier: str) -> None:
    numbers = " ".join(f"--to {CALLED}3" for _ in range(40))
    piped = f"{sys.executable} -m simcarrier probe --trunk udp:127.0.0.1:{carrier} --from {CALLER} {numbers} | head -1"
    done = subprocess.run(
        ["bash", "-c", piped], capture_output=True, text=True, timeout=30, check=False, env=environment()
    )
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_without_the_extra_it_is_told_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "phonenumbers.py").write_text("raise ImportError('gone', name='phonenumbers')")
    done = process(*to("9", CALLED), env={"PYTHONPATH": f"{tmp_path}:{ROOT}"})
    assert done.returncode == 2
    assert done.stderr == "simcarrier: the probe needs the package phonenumbers: pip install 'simcarrier[probe]'\n"


def test_ears_that_are_not_installed(tmp_path: Path, carrier: str) -> None:
    (tmp_path / "numpy.py").write_text("raise ModuleNotFoundError(\"No module named 'numpy'\", name='numpy')\n")
    call = ["--trunk", f"udp:127.0.0.1:{carrier}", "--from", CALLER, "--to", f"{CALLED}9"]
    told = process(*call, "--listen", env={"PYTHONPATH": f"{tmp_path}:{ROOT}"})
    assert told.returncode == 2
    assert told.stderr == "simcarrier: listening to calls needs the package numpy: pip install 'simcarrier[ears]'\n"
    assert process(*call, env={"PYTHONPATH": f"{tmp_path}:{ROOT}"}).returncode == 0


def test_recordings_go_to_a_folder_that_is_made(tmp_path: Path) -> None:
    scenario = tmp_path / "tone.yaml"
    scenario.write_text("name: a tone\ncalls:\n  - steps: [progress, {play: [sit VC]}, {respond: 404}]\n")
    folder = tmp_path / "made" / "for"
    call = f"{shlex.join(SIMCARRIER)} probe --trunk udp:$SIMCARRIER_ADDRESS --from {CALLER} --to {CALLED} --json"
    run = ["run", str(scenario), "--listen", "udp:127.0.0.1:0", "--quiet", "--exec", f"{call} --recordings {folder}"]
    told = subprocess.run(
        [*SIMCARRIER, *run], env=environment(), capture_output=True, text=True, timeout=30, check=False
    )
    assert told.returncode == 0, told.stderr
    (result,) = (json.loads(line) for line in told.stdout.splitlines() if line.startswith('{"event":"call"'))
    audio = result["observation"]["audio"]
    assert [sound["sit"] for sound in audio["sounds"] if sound["what"] == "sit"] == ["VC"]
    (file,) = folder.iterdir()
    assert audio["recording"] == str(file)


def test_a_load_is_not_listened_to(tmp_path: Path) -> None:
    plan = tmp_path / "load.yaml"
    plan.write_text(
        f'name: load\ntrunks: {{a: {{address: "127.0.0.1", caller: "{CALLER}"}}}}\ncalls: [{{to: "{CALLED}"}}]\n'
        "load: {calls: 1, calls_per_second: 1}\n"
    )
    told = CliRunner().invoke(command, [str(plan), "--listen"])
    assert told.exit_code == 2
    assert "--listen and --recordings do not go with load: in a plan" in told.output
