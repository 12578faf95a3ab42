"""CPU per probed call beside SIPp's own caller: both call the same SIPp server in turn, at the same rates.

The probe runs in this process, by a plan with `load:`, and writes its results as JSON to nowhere, verdicts included:
that is what `simcarrier probe --json` does for each call. Of SIPp's CPU time that of a run with a single call is taken
off, so that neither pays for its start.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import sipp

from simcarrier.cli.views.probe_json import JsonReport
from simcarrier.probe.client import Prober
from simcarrier.probe.guard import Guard, Policy
from simcarrier.probe.reading import plan_of
from simcarrier.probe.result import Result

TALK = 0.1
"""Seconds for which an answered call is up."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says to every call.

    Attributes:
        code: it.
        server, caller: SIPp's scenarios.
    """

    code: int
    server: Path
    caller: Path


def answers(folder: Path) -> list[Answer]:
    """The two ways of the calls."""
    refused = Answer(
        403,
        sipp.scenario(folder, "refuses", sipp.receive("INVITE"), sipp.response(403, "Forbidden"), sipp.receive("ACK")),
        sipp.scenario(
            folder,
            "is_refused",
            sipp.request("INVITE", sdp=True),
            sipp.receive(403),
            sipp.request("ACK", to_tag=True, back=2),
        ),
    )
    answered = Answer(
        200,
        sipp.scenario(
            folder,
            "answers",
            sipp.receive("INVITE"),
            sipp.response(200, "OK", contact=True, sdp=True),
            sipp.receive("ACK"),
            sipp.receive("BYE"),
            sipp.response(200, "OK", tag=False, repeat=False),
        ),
        sipp.scenario(
            folder,
            "is_answered",
            sipp.request("INVITE", sdp=True),
            sipp.receive(200),
            sipp.request("ACK", to_tag=True),
            sipp.pause(round(TALK * 1000)),
            sipp.request("BYE", 2, to_tag=True),
            sipp.receive(200),
        ),
    )
    return [refused, answered]


@dataclass(frozen=True, slots=True)
class Cost:
    """What some calls came to: CPU seconds of the caller, calls that went otherwise, and the rate that was held."""

    cpu: float
    failed: int
    rate: float


def by_probe(port: int, rate: float, calls: int, code: int) -> Cost:
    """Place calls by the probe."""
    plan = plan_of(
        {
            "name": "Load",
            "trunks": {"trunk": {"address": f"udp:127.0.0.1:{port}", "caller": "+4930111222"}},
            "calls": [{"to": "+4940222333", "expect": {"code": code}}],
            "talk": f"{TALK * 1000:.0f}ms",
            "load": {"calls": calls, "calls_per_second": rate, "concurrent": 10_000},
        }
    )
    started: list[float] = []
    with open(os.devnull, "w", encoding="utf-8") as nowhere, JsonReport(nowhere) as report:

        def tell(result: Result) -> None:
            if result.observation is not None:
                started.append(result.observation.started)
            report.result(result)

        prober = Prober(plan, Guard(Policy()), tell)
        began = time.process_time()
        summary = asyncio.run(prober.run())
        cpu = time.process_time() - began
    span = max(started) - min(started)
    return Cost(cpu, calls - summary.calls + summary.unexpected, (calls - 1) / span if span else rate)


def by_sipp(port: int, rate: float, calls: int, caller: Path) -> Cost:
    """Place calls by SIPp."""
    command = [
        *(sipp.need("sipp"), "-sf", str(caller), f"127.0.0.1:{port}", "-i", "127.0.0.1", "-p", str(sipp.free_port())),
        *("-s", "+4940222333", "-r", f"{rate:g}", "-m", str(calls), "-l", "100000", "-nostdin"),
    ]
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    took = time.monotonic() - began
    return Cost(used.ru_utime + used.ru_stime, 0 if process.returncode == 0 else calls, calls / took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", type=int, nargs="+", default=[50, 200, 1000], help="calls per second")
    parser.add_argument("--pairs", type=int, default=5, help="pairs at each rate")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of each run")
    options = parser.parse_args()
    gc.collect()
    gc.freeze()
    gc.set_threshold(500_000, 10, 10)  # as the command does
    print(sipp.machine())
    print(f"{options.pairs} pairs of {options.seconds:g} s at each rate; CPU microseconds of the caller per call")
    print(
        f"{'calls/s':>8} {'answer':>7} {'simcarrier':>11} {'SIPp':>7} {'ratio':>6} {'ratio min..max':>15}"
        f" {'held/s':>7} {'failed':>7}"
    )
    with tempfile.TemporaryDirectory() as name:
        for answer in answers(Path(name)):
            with sipp.sipp_server(answer.server) as server:
                by_probe(server.port, 200, 50, answer.code)  # warm
                for rate in options.rates:
                    row(server.port, rate, answer, options)


def row(port: int, rate: int, answer: Answer, options: argparse.Namespace) -> None:
    """Run the pairs of a rate, and print what they came to."""
    calls = int(rate * options.seconds)
    ours, theirs, ratios, held, failed = [], [], [], [], 0
    for _ in range(options.pairs):
        start = by_sipp(port, rate, 1, answer.caller)
        them = by_sipp(port, rate, calls, answer.caller)
        us = by_probe(port, rate, calls, answer.code)
        ours.append(us.cpu / calls * 1e6)
        theirs.append((them.cpu - start.cpu) / (calls - 1) * 1e6)
        ratios.append(ours[-1] / theirs[-1])
        held.append(us.rate)
        failed += us.failed + them.failed + start.failed
    spread = f"{min(ratios):.2f}..{max(ratios):.2f}"
    print(
        f"{rate:>8} {answer.code:>7} {sipp.median(ours):>11.1f} {sipp.median(theirs):>7.1f} {sipp.median(ratios):>6.2f}"
        f" {spread:>15} {min(held):>7.0f} {failed:>7}",
        flush=True,
    )


if __name__ == "__main__":
    main()
