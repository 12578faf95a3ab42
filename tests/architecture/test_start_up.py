"""`simcarrier --help` answers at once: nothing heavy is imported before it is needed."""

from __future__ import annotations

import re
import resource
import subprocess
import sys

import pytest

HEAVY = {"asyncio", "pydantic", "rich", "yaml"}
LONGEST_START = 0.3  # seconds of the processor, best of five: tests beside this one may make it wait
HELP = ["-c", "import sys; from simcarrier.cli import main; sys.exit(main())", "--help"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=20, check=False)


def imported(import_times: str) -> set[str]:
    """The top-level packages in what ``-X importtime`` prints."""
    return {
        line.rpartition("|")[2].strip().partition(".")[0]
        for line in import_times.splitlines()
        if re.match(r"import time:\s+\d+ \|", line)
    }


def test_help_imports_nothing_heavy() -> None:
    result = run("-X", "importtime", *HELP)
    assert result.returncode == 0, result.stderr[-2000:]
    assert "run" in result.stdout
    names = imported(result.stderr)
    assert "simcarrier" in names
    assert names.isdisjoint(HEAVY), names & HEAVY


def test_help_is_quick() -> None:
    def cost() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = run(*HELP)
        assert result.returncode == 0, result.stderr[-2000:]
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(cost() for _ in range(5)) < LONGEST_START


@pytest.mark.parametrize("name", sorted(HEAVY))
def test_the_check_itself(name: str) -> None:
    assert name in imported(run("-X", "importtime", "-c", f"import {name}").stderr)


def test_a_run_imports_nothing_that_it_may_not_need() -> None:
    source = "import simcarrier.cli.run, simcarrier.cli.session, simcarrier.scenario.load"
    result = run("-X", "importtime", "-c", source)
    assert result.returncode == 0, result.stderr[-2000:]
    names = imported(result.stderr)
    assert {"simcarrier", "pydantic", "yaml"} <= names
    # The live view's, the TLS certificate's, and what neither has any business with.
    assert names.isdisjoint({"rich", "cryptography", "http", "multiprocessing", "sqlite3", "unittest"})
