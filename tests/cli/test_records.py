"""``--records``, ``records import`` and ``records export``: what is kept, what is said, what it ends with."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SIMCARRIER = [sys.executable, "-m", "simcarrier"]
DIAL = f"{sys.executable} {ROOT / 'examples' / 'dial.py'} --to $SIMCARRIER_ADDRESS"

SCENARIO = """
name: small
carrier: {listen: "udp:127.0.0.1:0"}
calls:
  - {name: refused, to: "+491*", respond: 486}
  - {name: answered, steps: [answer, {hang_up: {after: 10ms}}]}
"""

CALLS = "began,caller,called,code\n2026-11-23 12:00:00,+4930,+49891,486\n2026-11-23 12:00:01,+4930,+49892,480\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(SCENARIO)
    (tmp_path / "dialler.csv").write_text(CALLS)
    return tmp_path


def simcarrier(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SIMCARRIER, *arguments],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        cwd=folder,
        env=environment(folder),
    )


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "PYTHONPATH": str(ROOT)}


def rows(path: Path, columns: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(f"SELECT {columns} FROM calls ORDER BY began, called").fetchall()
    finally:
        connection.close()


def test_a_run(folder: Path) -> None:
    done = simcarrier(folder, "run", "small.yaml", "--records", "calls.db", "--exec", f"{DIAL} +491 +492 >/dev/null")
    assert (done.returncode, done.stderr) == (0, "")
    found = rows(folder / "calls.db", "source, called, code, outcome, phrase")
    assert sorted(found, key=lambda row: str(row[1])) == [
        ("carrier", "+491", 486, "refused", "Busy Here"),
        ("carrier", "+492", 200, "answered", "OK"),
    ]
    ((run,),) = set(rows(folder / "calls.db", "run"))
    assert str(run).startswith("small 20")
    assert not (folder / "state").exists()
    simcarrier(folder, "run", "small.yaml", "--records", "calls.db", "--exec", f"{DIAL} +491 >/dev/null")
    assert len(rows(folder / "calls.db", "uid")) == 3


def test_a_run_with_lines_of_json(folder: Path) -> None:
    simcarrier(folder, "run", "small.yaml", "--records", "calls.jsonl", "--exec", f"{DIAL} +491 >/dev/null")
    (line,) = (folder / "calls.jsonl").read_text().splitlines()
    assert json.loads(line)["code"] == 486


def listening(folder: Path) -> tuple[subprocess.Popen[str], list[str]]:
    """A run that records to calls.db and can be called, and the command that calls it twice."""
    command = [*SIMCARRIER, "run", "small.yaml", "--records", "calls.db", "--format", "json"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env=environment(folder)
    )
    assert process.stdout is not None
    address = json.loads(process.stdout.readline())["address"].partition(":")[2]
    return process, [sys.executable, str(ROOT / "examples" / "dial.py"), "--to", address, "+491", "+492"]


def test_a_run_whose_file_is_locked_goes_on_and_the_next_one_writes_its_calls(folder: Path) -> None:
    process, dial = listening(folder)
    connection = sqlite3.connect(folder / "calls.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    subprocess.run(dial, check=True, timeout=20, stdout=subprocess.DEVNULL)
    process.terminate()
    _, told = process.communicate(timeout=40)
    assert process.returncode == 0
    assert "database is locked; records wait in" in told
    assert "2 records wait in" in told
    connection.execute("ROLLBACK")
    connection.close()
    done = simcarrier(folder, "run", "small.yaml", "--records", "calls.db", "--for", "1ms")
    assert "2 records of an earlier run waited in" in done.stderr
    assert "is written again, 2 waiting" in done.stderr
    assert len(rows(folder / "calls.db", "uid")) == 2
    assert not list((folder / "state").rglob("*.jsonl"))


@pytest.mark.parametrize(
    ("where", "status", "words"),
    [
        ("calls.xlsx", 2, "must be a file such as calls.db"),
        ("calls.parquet", 2, "record to calls.db, and export that"),
        ("postgresql://me:hunter2@localhost/calls", 2, "PGPASSWORD"),
        ("mysql://localhost/calls", 2, "other databases are not known"),
        ("nowhere/calls.db", 3, "unable to open database file"),
        ("small.db", 3, "file is not a database"),
        ("postgresql:///calls?host=/nowhere", 3, "No such file or directory"),
    ],
)
def test_where_records_cannot_go(where: str, status: int, words: str, folder: Path) -> None:
    (folder / "small.db").write_text(SCENARIO * 50)
    done = simcarrier(folder, "run", "small.yaml", "--records", where, "--exec", "touch called")
    assert done.returncode == status
    assert words in " ".join(done.stderr.split())
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "called").exists()


def test_simulations(folder: Path) -> None:
    command = ["simulate", "small.yaml", "--hours", "0.5", "--calls-per-hour", "100", "--quiet"]
    first = simcarrier(folder, *command, "--records", "calls.db").stdout.splitlines()
    count = len(rows(folder / "calls.db", "uid"))
    assert first[-1] == f"{count} records added to calls.db"
    assert count > 20
    assert simcarrier(folder, *command, "--records", "calls.db").stdout.splitlines()[-1] == (
        f"0 records added to calls.db, {count} known before"
    )
    simcarrier(folder, *command, "--seed", "2", "--records", "calls.db")
    assert len(rows(folder / "calls.db", "uid")) > count
    (folder / "small.yaml").write_text(SCENARIO.replace("486", "600"))
    simcarrier(folder, *command, "--records", "calls.db")
    assert {"simulate"} == {source for (source,) in rows(folder / "calls.db", "source")}
    done = simcarrier(folder, *command, "--records", "nowhere/calls.db")
    assert (done.returncode, done.stderr) == (
        1,
        "simcarrier: cannot write nowhere/calls.db: unable to open database file\n",
    )


def test_a_probe(folder: Path) -> None:
    probe = "probe --trunk udp:$SIMCARRIER_ADDRESS --from +4930123 --to +491 --to +492 --talk 50ms --records calls.db"
    line = " ".join([*SIMCARRIER, probe])
    done = simcarrier(folder, "run", "small.yaml", "--exec", f"{line} >/dev/null")
    assert done.returncode == 0, done.stderr
    found = rows(folder / "calls.db", "source, caller, called, code, outcome, cause IS NOT NULL, trunk")
    assert sorted(found, key=lambda row: str(row[2])) == [
        ("probe", "+4930123", "+491", 486, "refused", 1, "trunk"),
        ("probe", "+4930123", "+492", 200, "answered", 1, "trunk"),
    ]


def test_a_dry_run_of_a_probe_records_nothing(folder: Path) -> None:
    done = simcarrier(
        folder,
        *["probe", "--trunk", "udp:127.0.0.1:5060", "--from", "+4930", "--to", "+491"],
        *["--dry-run", "--records", "calls.db"],
    )
    assert done.returncode == 0, done.stderr
    assert not (folder / "calls.db").exists()


def test_an_import_and_an_export(folder: Path) -> None:
    done = simcarrier(folder, "records", "import", "dialler.csv", "--map", "generic")
    assert (done.returncode, done.stdout, done.stderr) == (0, "2 read, 2 added to calls.db\n", "")
    assert rows(folder / "calls.db", "called, code") == [("+49891", 486), ("+49892", 480)]
    done = simcarrier(folder, "records", "export", "calls.db", "calls.parquet")
    assert (done.returncode, done.stdout) == (0, "2 records written to calls.parquet\n")
    done = simcarrier(folder, "records", "export", "calls.parquet", "copy.jsonl")
    assert done.stdout == "2 records written to copy.jsonl\n"
    done = simcarrier(folder, "records", "export", "copy.jsonl", "calls.db")
    assert done.stdout == "0 records written to calls.db, 2 were there before\n"
    done = simcarrier(folder, "records", "export", "calls.db", "copy.jsonl")
    assert done.returncode == 2
    assert "copy.jsonl is there already: name another file, or say --force" in done.stderr
    assert simcarrier(folder, "records", "export", "calls.db", "copy.jsonl", "--force").returncode == 0


def test_rejected_records(folder: Path) -> None:
    (folder / "dialler.csv").write_text(CALLS + "soon,+4930,+49893,486\n")
    done = simcarrier(folder, "records", "import", "dialler.csv", "--map", "generic", "--rejects", "bad.csv")
    assert done.returncode == 1
    assert done.stdout == "3 read, 2 added to calls.db\n1 rejected: see bad.csv\n"
    assert (folder / "bad.csv").read_text().splitlines()[1].startswith("4,began is not an ISO time")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["import", "dialler.csv", "--map", "astrisk"], 2, 'did you mean "asterisk"?'),
        (["import", "dialler.csv", "--map", "bad.yaml"], 2, "bad.yaml:2:9:"),
        (["import", "dialler.csv", "--map", "none.yaml"], 2, "cannot be read"),
        (
            ["import", "dialler.csv", "--map", "kamailio"],
            2,
            "does not fit the mapping kamailio: no column callid, time, sip_code, sip_reason, method",
        ),
        (["import", "dialler.csv", "--map", "generic", "--zone", "Mars"], 2, "--zone must be a time zone"),
        (["import", "dialler.csv", "--map", "generic", "--rejects", "no/bad.csv"], 3, "no/bad.csv cannot be written"),
        (["import", "none.csv", "--map", "generic"], 3, "none.csv is not there"),
        (["import", "postgresql://a:hunter2@h/x", "--map", "generic"], 2, "PGPASSWORD"),
        (["import", "postgresql:///x?host=/nowhere", "--map", "generic", "--table", "acc"], 3, "No such file"),
        (["export", "none.db", "x.parquet"], 2, "none.db is not there"),
        (["export", "small.db", "x.parquet"], 3, "not a database"),
        (["export", "small.db", "./small.db"], 2, "over itself"),
    ],
)
def test_wrong_usage(arguments: list[str], status: int, words: str, folder: Path) -> None:
    (folder / "bad.yaml").write_text("name: x\nfields: {code: c}\n")
    (folder / "small.db").write_text(SCENARIO * 50)
    (folder / "dialler.csv").write_text(CALLS + "soon,+4930,+49893,486\n")
    done = simcarrier(folder, "records", *arguments)
    assert done.returncode == status, done.stderr
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr


def test_a_run_that_is_killed_has_recorded_its_calls(folder: Path) -> None:
    process, dial = listening(folder)
    subprocess.run(dial, check=True, timeout=20, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 20
    while len(rows(folder / "calls.db", "uid")) < 2:
        assert time.monotonic() < until
        time.sleep(0.02)
    process.kill()
    process.communicate(timeout=20)
    connection = sqlite3.connect(folder / "calls.db")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


PREFIXES = "prefix,carrier,market\n49,,Germany\n4989,M-net,\n"


def test_where_calls_go(folder: Path) -> None:
    (folder / "prefixes.csv").write_text("\ufeff" + PREFIXES, encoding="utf-8")
    (folder / "day.yaml").write_text(
        "name: day\ncalls: [{respond: 603}]\n"
        "traffic: {calls_per_hour: 60, campaigns: [{to: '+4989####', numbers: 5, callers: ['+4930']}]}\n"
    )
    made = simcarrier(folder, "simulate", "day.yaml", "--hours", "1", "--records", "day.db", "--quiet",
                      "--prefixes", "prefixes.csv")  # fmt: skip
    assert made.returncode == 0, made.stderr
    found = rows(folder / "day.db", "called, attempt, market, terminating_carrier")
    assert {tuple(each[2:]) for each in found} == {("Germany", "M-net")}
    seen: dict[object, int] = {}
    for called, attempt, *_ in sorted(found, key=str):
        seen[called] = seen.get(called, 0) + 1
        assert isinstance(attempt, int)
    assert sorted((called, attempt) for called, attempt, *_ in found if called in seen) == sorted(
        (called, number) for called, count in seen.items() for number in range(1, count + 1)
    )
    done = simcarrier(folder, "run", "small.yaml", "--calls", "1", "--quiet", "--records", "run.db", "--prefixes",
                      "prefixes.csv", "--exec", DIAL.replace("dial.py", "dial.py +49891"))  # fmt: skip
    assert done.returncode == 0, done.stderr
    (row,) = rows(folder / "run.db", "market, attempt")
    assert row == ("Germany", 1)
    added = simcarrier(
        folder, "records", "import", "dialler.csv", "--map", "generic", "--quiet", "--prefixes", "prefixes.csv"
    )
    assert added.returncode == 0, added.stderr
    assert rows(folder / "calls.db", "market, terminating_carrier, attempt") == [("Germany", "M-net", None)] * 2


def test_the_country_is_known_without_a_table_and_the_holder_if_asked_for(folder: Path) -> None:
    (folder / "dialler.csv").write_text("began,called\n2026-11-23 12:00:00,+4915112345678\n")
    assert simcarrier(folder, "records", "import", "dialler.csv", "--map", "generic", "--quiet").returncode == 0
    assert rows(folder / "calls.db", "market, terminating_carrier") == [("DE", None)]
    simcarrier(folder, "records", "import", "dialler.csv", "--map", "generic", "--quiet", "--records", "held.db",
               "--range-holders")  # fmt: skip
    assert rows(folder / "held.db", "terminating_carrier") == [("T-Mobile (range holder, may be ported)",)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("simulate", "small.yaml", "--prefixes", "p.csv"), "--prefixes goes with --records"),
        (("simulate", "small.yaml", "--records", "x.jsonl", "--range-holders"), "--range-holders goes with --records"),
        (("run", "small.yaml", "--records", "c.db", "--prefixes", "none.csv"), "none.csv cannot be read: No such file"),
        (("run", "small.yaml", "--records", "c.db", "--prefixes", "dialler.csv"), "dialler.csv:1: the first line must"),
        (("records", "import", "dialler.csv", "--map", "generic", "--prefixes", "p.csv"), "p.csv:2: a prefix must be"),
    ],
)
def test_a_table_that_cannot_be_used(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    (folder / "p.csv").write_text("prefix,market\nx,y\n")
    done = simcarrier(folder, *arguments)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not (folder / "calls.db").exists()
