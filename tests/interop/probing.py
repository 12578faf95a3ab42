"""The probe as a user runs it: ``simcarrier probe ... --json`` in a process of its own, and what it told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CALLER, CALLED = "+4930111222", "+4940222333"

LIMIT = 40.0
"""Seconds after which a probe is taken for stuck: the longest wait of SIP's own is 32 s."""


@dataclass(frozen=True)
class Probed:
    """What a probe came to.

    Attributes:
        status: its exit status.
        calls: its results, in the order in which the calls ended.
        summary: the last line.
        seconds: how long it took, start and end of the process included.
    """

    status: int
    calls: list[dict[str, Any]]
    summary: dict[str, Any]
    seconds: float

    @property
    def call(self) -> dict[str, Any]:
        """The only result."""
        (told,) = self.calls
        return told

    @property
    def seen(self) -> dict[str, Any]:
        """The only call's observation."""
        told: dict[str, Any] = self.call["observation"]
        return told

    @property
    def ladder(self) -> list[int]:
        """The codes of the only call: the provisionals and the final one, if there was one."""
        final = [] if self.call["code"] is None else [self.call["code"]]
        return [*(seen["code"] for seen in self.call["provisionals"]), *final]

    @property
    def cause(self) -> str:
        """The likeliest cause of the only call."""
        told: str = self.call["causes"][0]["condition"]
        return told


def probe(*arguments: str, environment: Mapping[str, str] | None = None) -> Probed:
    """Run a probe to its end.

    Args:
        arguments: of the command, beside ``--json``.
        environment: variables to set for it.

    Raises:
        AssertionError: it wrote a fault to standard error, or its summary does not fit its results.
        subprocess.TimeoutExpired: it hangs.
    """
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-W", "default", "-m", "simcarrier", "probe", *arguments, "--json"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        env={**os.environ, **(environment or {})},
        check=False,
    )
    seconds = time.monotonic() - began
    # What came late, when everything had been told, is told here.
    assert all("when it had been given up" in line for line in done.stderr.splitlines()), done.stderr
    *calls, summary = (json.loads(line) for line in done.stdout.splitlines())
    assert (summary["event"], {call["event"] for call in calls}) == ("summary", {"call"})
    assert (summary["calls"], summary["interrupted"]) == (len(calls), False)
    return Probed(done.returncode, calls, summary, seconds)


def probe_call(address: str, *options: str, to: str = CALLED, environment: Mapping[str, str] | None = None) -> Probed:
    """Probe one number through a trunk at HOST:PORT; takes further options of the command."""
    return probe("--trunk", f"udp:{address}", "--from", CALLER, "--to", to, *options, environment=environment)


def plan_file(folder: Path, text: str) -> str:
    """Write a plan; returns its path."""
    file = folder / "plan.yaml"
    file.write_text(text)
    return str(file)
