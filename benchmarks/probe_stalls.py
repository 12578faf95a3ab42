"""1,000 probes at once against a trunk that says 100 and no more: when each is cancelled, what is left, what it costs.

The probe runs in this process, the carrier is `simcarrier run` in one of its own, real sockets between them. Both tell
when: the probe from the 100 that it received to its CANCEL, the carrier from the INVITE, which it answers with 100 at
once, to its 487, which it sends as soon as CANCEL is there. The exit status is 1 if a call is late, early or left over.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import sipp

from simcarrier.probe.attempt import ProbedCall
from simcarrier.probe.client import Prober
from simcarrier.probe.guard import Guard, Policy
from simcarrier.probe.reading import plan_of
from simcarrier.probe.result import Result

SCENARIO = """\
name: A carrier that takes every call and says no more
calls:
  - {name: stalled, to: "+49*", steps: [trying, silence]}
"""

LONG_AFTER = 100.0
"""Seconds after which every timer of RFC 3261 has run out."""


@contextlib.contextmanager
def stalled_carrier(folder: Path) -> Iterator[tuple[int, Path]]:
    """A carrier that stalls every call; its port, and the file of its events, complete when it is left."""
    scenario, events = folder / "stall.yaml", folder / "events.jsonl"
    scenario.write_text(SCENARIO)
    port = sipp.free_port()
    command = [
        *(sys.executable, "-m", "simcarrier", "run", str(scenario)),
        *("--listen", f"udp:127.0.0.1:{port}", "--format", "json"),
    ]
    with events.open("w") as out:
        process = subprocess.Popen(command, stdout=out)
    try:
        while '"listening"' not in events.read_text():
            if process.poll() is not None:
                sys.exit("simcarrier did not start")
            time.sleep(0.02)
        yield port, events
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=2000, help="calls per second at which they are placed")
    parser.add_argument("--stall", type=float, default=10, help="seconds to wait after 100")
    parser.add_argument("--tolerance", type=float, default=0.1, help="seconds by which a CANCEL may be early or late")
    options = parser.parse_args()
    plan = {
        "name": "Stalled calls",
        "trunks": {"trunk": {"address": "udp:127.0.0.1:PORT", "caller": "+4930111222"}},
        "calls": [{"to": [f"+4940{222000 + number}" for number in range(options.calls)]}],
        "stall": f"{options.stall * 1000:.0f}ms",
        "load": {"calls": options.calls, "calls_per_second": options.rate, "concurrent": options.calls},
    }
    print(sipp.machine())
    print(f"{options.calls} probes at {options.rate:g}/s against a carrier that says 100 and no more")
    with tempfile.TemporaryDirectory() as name:
        with stalled_carrier(Path(name)) as (port, events):
            results, left, cpu, memory = asyncio.run(probe(json.loads(json.dumps(plan).replace("PORT", str(port)))))
        told = [json.loads(line) for line in events.read_text().splitlines()]
    good = report(results, [event for event in told if event["event"] == "call"], options)
    most = max((seen.concurrent for seen in (result.observation for result in results) if seen), default=0)
    print(
        f"up at once {most}; CPU of the probe {cpu / options.calls * 1e6:.0f} us a call, memory {memory:.1f} KiB a call"
    )
    print(f"left when it was over: {', '.join(f'{count} {what}' for what, count in left.items())}")
    sys.exit(0 if good and not any(left.values()) else 1)


async def probe(written: dict[str, object]) -> tuple[list[Result], dict[str, int], float, float]:
    """Run a plan; the results, what is left of it, CPU seconds, and KiB of memory a call at its height."""
    results: list[Result] = []
    plan = plan_of(written)
    prober = Prober(plan, Guard(Policy()), results.append)
    await prober.find_trunks()
    assert plan.load is not None
    before, began, height = sipp.resident_bytes(os.getpid()), time.process_time(), 0

    async def weigh() -> None:
        nonlocal height
        while True:
            await asyncio.sleep(1)
            height = max(height, sipp.resident_bytes(os.getpid()))

    scales = asyncio.create_task(weigh())
    gc.collect()
    gc.freeze()
    gc.set_threshold(500_000, 10, 10)  # as the command does
    await prober.run()
    cpu = time.process_time() - began
    scales.cancel()
    endpoint = prober._engine.agent.endpoint  # whether anything is left inside is the question
    endpoint.handle_timers(asyncio.get_running_loop().time() + LONG_AFTER)
    gc.collect()
    left = {
        "calls": sum(isinstance(thing, ProbedCall) for thing in gc.get_objects()),
        "sessions": len(prober._engine.agent.sessions),
        "transactions": endpoint.client_transactions + endpoint.server_transactions,
        "timers": len(endpoint.timers),
    }
    return results, left, cpu, (height - before) / 1024 / plan.load.calls


def report(results: list[Result], carried: list[dict[str, object]], options: argparse.Namespace) -> bool:
    """Print a row for each end; whether every call was cancelled when it should be."""
    ours = [
        seen.gave_up - seen.provisionals[0].at
        for seen in (result.observation for result in results)
        if seen is not None and seen.gave_up is not None and seen.outcome == "stalled"
    ]
    theirs = [float(str(call["responded_after"])) for call in carried if call["ending"] == "cancelled"]
    print(
        f"from 100 to CANCEL, in ms more than {options.stall:g} s;"
        f" out: calls lost, or off by more than {options.tolerance:g} s"
    )
    print(f"{'told by':>10} {'calls':>6} {'min':>7} {'p50':>7} {'p99':>7} {'max':>7} {'out':>5}")
    good = True
    for name, times in (("probe", ours), ("carrier", theirs)):
        late = [(seconds - options.stall) * 1000 for seconds in times] or [float("inf")]
        out = options.calls - sum(abs(ms) <= options.tolerance * 1000 for ms in late)
        good = good and out == 0
        print(
            f"{name:>10} {len(times):>6} {min(late):>7.1f} {sipp.percentile(late, 0.5):>7.1f}"
            f" {sipp.percentile(late, 0.99):>7.1f} {max(late):>7.1f} {out:>5}"
        )
    return good


if __name__ == "__main__":
    main()
