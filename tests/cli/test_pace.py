"""``simcarrier pace``: what each number may do by its records."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deliverability.kit import Shelf
from tests.stores.rows import NOON

ROOT = Path(__file__).parents[2]


def pace(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "simcarrier", "pace", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False, cwd=folder, env=environment)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shelf = Shelf(tmp_path)
    shelf.put(100, 12)
    shelf.put(10, 0, caller="+4930999")
    shelf.store.close()
    return tmp_path


def test_every_number_with_its_reason(folder: Path) -> None:
    done = pace(folder, "calls.db", "--at", "last")
    assert (done.returncode, done.stderr) == (0, "")
    resting, free = done.stdout.splitlines()
    assert resting.startswith("+4930123456: resting, 0 calls an hour, not before 2026-11-23 1")
    assert "calls in 4 h were declined, more than 5 %; it rests until 2026-11-23 1" in resting
    why = "0 of 9 (0.0 %) calls in 4 h were declined"
    assert free == f"+4930999: free, 12 calls an hour, not before 2026-11-23 12:05:00 UTC: {why}"


def test_numbers_that_are_asked_for_and_a_policy(folder: Path) -> None:
    (folder / "p.yaml").write_text("calls_per_hour: 60\nrest: {above: 50%}\nslow: {above: 50%}\n")
    options = ["--policy", "p.yaml", "--at", "2026-11-23T12:30", "--format", "json"]
    done = pace(folder, "calls.db", "+4930123456", "+4930000", *options)
    known, unknown = map(json.loads, done.stdout.splitlines())
    assert (known["state"], known["allowed"], known["calls_per_hour"], known["declined"]) == ("free", True, 60, 12)
    assert (unknown["caller"], unknown["next_call"], unknown["why"]) == (
        "+4930000",
        NOON + 30 * 60_000,
        "nothing is known against it",
    )


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["none.db"], 2, "there are no records in none.db"),
        (["calls.db", "--policy", "none.yaml"], 2, "none.yaml:1:1: cannot be read: No such file or directory"),
    ],
)
def test_what_is_wrong_is_told_in_words(folder: Path, arguments: list[str], status: int, said: str) -> None:
    done = pace(folder, *arguments)
    assert done.returncode == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr
