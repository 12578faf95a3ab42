"""Stalled calls: 10,000 held after 100, then cancelled; memory per call beside SIPp's, lateness of a step, losses."""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from pathlib import Path

import sipp

SCENARIO = """\
name: A carrier that takes every call and says no more
calls:
  - name: stalled
    to: "+49*"
    steps: [trying, {wait: STEPs}, {progress: {code: 182, sdp: no}}, silence]
"""

STEP_BEFORE_END = 4
"""Seconds before the CANCEL at which the carrier's timed step is due."""

SETTLED = 2
"""Seconds after the last call was placed, when the memory is measured."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--rate", type=int, default=1000, help="calls per second while the calls are placed")
    parser.add_argument("--held", type=int, default=20, help="seconds from 100 to the CANCEL")
    options = parser.parse_args()
    step = options.held - STEP_BEFORE_END
    if options.calls / options.rate + SETTLED > step:
        parser.error("the first calls would be over before the last are placed: raise --rate or --held")
    print(sipp.machine())
    print(f"{options.calls} calls at {options.rate}/s, each held {options.held} s after 100, then cancelled")
    print(f"{'':>10} {'KiB/call':>9} {'late p50 ms':>12} {'p99 ms':>8} {'max ms':>8} {'us CPU/call':>12} {'lost':>5}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = folder / "stall.yaml"
        ours.write_text(SCENARIO.replace("STEP", str(step)))
        theirs = sipp.scenario(
            folder,
            "stall",
            sipp.receive("INVITE"),
            sipp.response(100, "Trying", tag=False),
            sipp.pause(step * 1000),
            sipp.response(182, "Queued", contact=True),
            sipp.receive("CANCEL"),
            sipp.response(200, "OK", repeat=False),
            sipp.response(487, "Request Terminated", to_invite=True),
            sipp.receive("ACK"),
        )
        caller = sipp.scenario(
            folder,
            "caller",
            sipp.request("INVITE", sdp=True),
            sipp.receive(100, start_clock=True),
            sipp.receive(182, stop_clock=True),
            sipp.pause(STEP_BEFORE_END * 1000),
            sipp.request("CANCEL", back=4),
            sipp.receive(200),
            sipp.receive(487),
            sipp.request("ACK", to_tag=True, back=7),
        )
        with sipp.simcarrier(ours) as server:
            measure(server, caller, options, step)
        with sipp.sipp_server(theirs) as server:
            measure(server, caller, options, step)


def measure(server: sipp.Server, caller: Path, options: argparse.Namespace, step: int) -> None:
    """Hold the calls, and print a row."""
    before = sipp.resident_bytes(server.pid)
    held: list[int] = []

    def weigh() -> None:
        time.sleep(options.calls / options.rate + SETTLED)
        held.append(sipp.resident_bytes(server.pid))

    scales = threading.Thread(target=weigh)
    scales.start()
    load = sipp.call(server, caller, options.rate, options.calls, clock=True)
    scales.join()
    late = [elapsed - step * 1000 for elapsed in load.clocked]
    print(
        f"{server.name:>10} {(held[0] - before) / options.calls / 1024:>9.1f} {sipp.percentile(late, 0.5):>12.1f}"
        f" {sipp.percentile(late, 0.99):>8.1f} {max(late):>8.1f} {load.cpu_per_call:>12.1f} {load.failed:>5}",
        flush=True,
    )


if __name__ == "__main__":
    main()
