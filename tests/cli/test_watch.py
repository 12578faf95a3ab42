"""``simcarrier watch``: alerts to every place, a place that fails, an end by a signal."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.deliverability.kit import Shelf
from tests.stores.rows import NOON

ROOT = Path(__file__).parents[2]
ONCE = ("--once", "--at", "last")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "simcarrier", "watch", *arguments]


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)} | more


def watch(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        cwd=folder,
        env=environment(**more),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shelf = Shelf(tmp_path)
    shelf.put(100, 12)
    shelf.store.close()
    return tmp_path


class Hook:
    """A web server that keeps what it is sent."""

    def __init__(self) -> None:
        hook = self
        self.seen: list[tuple[str | None, dict[str, Any]]] = []
        self.status = 204

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.seen.append((self.headers["Authorization"], json.loads(body)))
                self.send_response(hook.status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
                """Nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server.server_port}/secret-path"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    made.thread.start()
    yield made
    made.server.shutdown()
    made.thread.join()
    made.server.server_close()


@pytest.fixture
def mailbox() -> Iterator[tuple[int, list[str]]]:
    """A mail server that takes one message."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(30)
    got: list[str] = []

    def serve() -> None:
        with server.accept()[0] as peer, peer.makefile("rw", newline="\r\n") as lines:

            def say(text: str) -> None:
                lines.write(text + "\n")
                lines.flush()

            say("220 here")
            data = False
            for line in lines:
                got.append(line.rstrip())
                if data:
                    data = line.rstrip() != "."
                    if not data:
                        say("250 taken")
                elif line.upper().startswith("DATA"):
                    data = True
                    say("354 go on")
                elif line.upper().startswith("QUIT"):
                    say("221 bye")
                    return
                else:
                    say("250 fine")

    thread = threading.Thread(target=serve)
    thread.start()
    yield server.getsockname()[1], got
    thread.join()
    server.close()


def test_once(folder: Path) -> None:
    done = watch(folder, "calls.db", *ONCE)
    assert (done.returncode, done.stderr) == (1, "")
    first, *rest = done.stdout.splitlines()
    assert first.startswith("alert: declined, caller +4930123456: 603 12.0%, above 5% (12 of 100 calls in 4 h; ")
    assert sum("Call-ID call-" in line for line in rest) == 5
    quiet = watch(folder, "calls.db", "--once", "--at", "2020-01-01")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


def test_to_every_place(folder: Path, hook: Hook, mailbox: tuple[int, list[str]]) -> None:
    port, mail = mailbox
    done = watch(
        folder, "calls.db", *ONCE, "--format", "json", "--table", "--mail-to", "a@example.com", "--mail-from",
        "s@example.com", "--smtp", f"127.0.0.1:{port}", SIMCARRIER_WEBHOOK=hook.url, SIMCARRIER_WEBHOOK_TOKEN="t0k",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "")
    printed = json.loads(done.stdout)
    assert (printed["change"], printed["hits"], printed["at"]) == ("begins", 12, NOON)
    assert hook.seen == [("Bearer t0k", printed)]
    assert "To: a@example.com" in mail
    assert any(line.startswith("Subject: simcarrier: alert: declined, caller +4930123456") for line in mail)
    with sqlite3.connect(folder / "calls.db") as database:
        rows = database.execute("SELECT episode, value, ended, hits, evidence FROM alerts").fetchall()
    database.close()
    assert [row[:4] for row in rows] == [(printed["episode"], "+4930123456", None, 12)]
    assert len(json.loads(rows[0][4])) == 5


def test_with_the_table_an_episode_is_told_once_and_its_end(folder: Path) -> None:
    assert watch(folder, "calls.db", *ONCE, "--table").returncode == 1
    again = watch(folder, "calls.db", *ONCE, "--table")
    assert (again.returncode, again.stdout) == (0, "")
    over = watch(folder, "calls.db", "--once", "--at", "2026-11-24", "--table")
    assert over.stdout == "over: declined, caller +4930123456: 603 - (0 of 0 calls in 4 h)\n"
    assert watch(folder, "calls.db", "--once", "--at", "2026-11-24", "--table").stdout == ""


def test_a_hook_that_refuses_does_not_stop_the_others_and_its_path_is_not_told(folder: Path, hook: Hook) -> None:
    hook.status = 500
    done = watch(folder, "calls.db", *ONCE, "--webhook", hook.url, "--table")
    assert done.returncode == 1
    assert done.stderr == "simcarrier: webhook 127.0.0.1: answered 500; 1 alerts wait\n"
    assert done.stdout.startswith("alert: declined")
    with sqlite3.connect(folder / "calls.db") as database:
        assert database.execute("SELECT COUNT(*) FROM alerts").fetchall() == [(1,)]
    database.close()


def test_it_looks_again_and_again_and_ends_by_a_signal(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    process = subprocess.Popen(
        command("calls.db", "--every", "1s"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        env=environment(),
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        shelf.put(100, 50, until=int(time.time() * 1000), spread=60_000)
        assert process.stdout.readline().startswith("severe: declined, caller +4930123456: 603 50.0%, above 5%")
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=20)
    shelf.store.close()
    assert (process.returncode, errors) == (0, "")
    assert "severe: " not in rest


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["none.db"], 2, "there are no records in none.db"),
        (["calls.db", "--at", "last"], 2, "--at goes with --once"),
        (["calls.db", "--every", "10ms"], 2, "--every must be at least 1s"),
        (["calls.db", "--mail-to", "x@example.com"], 2, "--mail-to needs --mail-from"),
        (["calls.db", "--smtp", "host:0"], 2, "must be a mail server such as mail.example.com:587"),
        (["calls.db", "--webhook", "https://u:geheim@host/"], 2, "without user and password"),
        (["calls.jsonl", "--table"], 2, "--table needs a database"),
    ],
)
def test_what_is_wrong_is_told_in_words(folder: Path, arguments: list[str], status: int, said: str) -> None:
    done = watch(folder, *arguments)
    assert done.returncode == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "geheim" not in done.stderr


def test_a_cause_that_the_records_do_not_hold_is_diagnosed(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.put(200, 40, code=404, phrase="Unallocated (unassigned) number", rang=None)
    shelf.store.close()
    done = watch(tmp_path, "calls.db", *ONCE)
    assert "alert: hygiene, all calls: 404/410 20.0%" in done.stdout
    assert re.search(r"likely cause: number_unallocated: .* by diagnosis of the last 10 such calls\)", done.stdout)
