"""The benchmark runs, in small; its figures are in benchmarks/README.md."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "simulate.py"


def test_it_runs() -> None:
    done = subprocess.run(
        [sys.executable, str(BENCHMARK), "--calls", "300", "--runs", "1"],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    rows = done.stdout.splitlines()[4:]
    assert [row.split("  ")[0] for row in rows] == [
        "busy-486", "ringing-then-declined", "answered", "lines, a mix and retries"
    ]  # fmt: skip
    assert all(int(row[25:].split()[0]) > 200 for row in rows)
