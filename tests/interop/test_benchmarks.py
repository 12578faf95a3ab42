"""The benchmarks run: each in small, against SIPp, without a lost call. Their figures are in benchmarks/README.md."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from .harness import peer

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

IN_SMALL = {
    "reject_call.py": ["--pairs", "1", "--seconds", "1", "--rates", "200", "--no-limit"],
    "business.py": ["--pairs", "1", "--seconds", "1", "--rates", "200"],
    "artefacts.py": ["--pairs", "1", "--seconds", "0.5", "--rates", "100"],
    "answered_call.py": ["--pairs", "1", "--seconds", "1", "--rates", "100", "--no-limit"],
    "signed_608.py": ["--runs", "1", "--seconds", "1", "--rate", "100"],
    "dashboard_browser.py": ["--seconds", "1", "--rate", "100", "--pages", "/calls"],
    "dashboard.py": ["--pairs", "1", "--seconds", "0.5", "--rate", "100", "--most", "100"],
    "probe_load.py": ["--pairs", "1", "--seconds", "1", "--rates", "100"],
    "probe_stalls.py": ["--calls", "100", "--rate", "200", "--stall", "1", "--tolerance", "1"],
    "stalled_calls.py": ["--calls", "50", "--rate", "100", "--held", "7"],
}
HELPERS = {
    "diagnosis_dialects.py",
    "diagnosis_figures.py",
    "diagnosis_runs.py",
    "diagnosis_worlds.py",
    "media_senders.py",
    "pairs.py",
    "sipp.py",
}
ALONE = {
    "control.py", "diagnosis.py", "ears.py", "fixture.py", "imports.py",
    "media.py", "pacing.py", "records.py", "simulate.py",
}  # fmt: skip
"""The tests of their rooms try them."""


def test_every_benchmark_is_tried_and_told_of() -> None:
    assert {file.name for file in BENCHMARKS.glob("*.py")} == IN_SMALL.keys() | HELPERS | ALONE
    told = (BENCHMARKS / "README.md").read_text()
    assert [name for name in (*IN_SMALL, *ALONE) if name not in told] == []


@pytest.mark.interop
@pytest.mark.parametrize("name", IN_SMALL)
def test_it_runs_and_loses_no_call(name: str) -> None:
    peer("sipp")
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / name), *IN_SMALL[name]],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    shape = r"\s*(\d+|simcarrier|SIPp|probe|carrier|unsigned|data|http)\s+[\d.]+\s"
    rows = [line.split() for line in done.stdout.splitlines() if re.match(shape, line)]
    assert rows, done.stdout
    assert [row for row in rows if row[-1] != "0"] == [], done.stdout
