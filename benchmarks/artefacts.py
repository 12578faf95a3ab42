"""What a look at the dialler's conduct, a capture, HEP and a page cost a refused call, beside a run without them.

    python benchmarks/artefacts.py

Every round runs all of them in turn, and the ratio is taken within the round. Some work is put off until the carrier is
quiet; it is told apart as ``later``. The page itself is written when the run is over and is not counted.
"""

from __future__ import annotations

import argparse
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sipp
from reject_call import SCENARIO, caller

CALM = 0.3
"""Seconds for which a server must have had next to nothing to do to be taken for finished."""

LONGEST = 20.0
"""Seconds after which it is not waited for any longer."""


@dataclass
class Cost:
    """What the rounds with some options came to: microseconds of CPU per call.

    Attributes:
        meanwhile: from the first call to a moment after the last.
        later: after that.
        ratios: of all of it, to the same round's run without anything.
        failed: calls that did not go as they should.
    """

    meanwhile: list[float] = field(default_factory=list)
    later: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    failed: int = 0


@contextmanager
def collector() -> Iterator[str]:
    """A place to send HEP to that takes everything and reads nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        yield f"udp:127.0.0.1:{sock.getsockname()[1]}"


def until_calm(pid: int) -> float:
    """Wait until a process has nothing to do any more; returns the CPU seconds that it took until then."""
    began = last = sipp.cpu_seconds(pid)
    give_up = time.monotonic() + LONGEST
    while time.monotonic() < give_up:
        time.sleep(CALM)
        now = sipp.cpu_seconds(pid)
        if now - last < 0.01 * CALM:
            break
        last = now
    return last - began


def main() -> None:
    options = argparse.ArgumentParser(description="What conduct, captures, HEP and pages cost a refused call.")
    options.add_argument("--rates", type=int, nargs="+", default=[500, 2000], help="calls per second")
    options.add_argument("--pairs", type=int, default=3, help="rounds at each rate; %(default)s if not said")
    options.add_argument("--seconds", type=float, default=2.0, help="length of each run; %(default)s if not said")
    said = options.parse_args()
    print(sipp.machine())
    print(f"{said.pairs} rounds of {said.seconds:g} s at each rate; CPU microseconds of the server per call, medians")
    print(f"{'calls/s':>8} {'us/call':>8} {'later':>7} {'ratio':>6} {'min..max':>11}  {'with':<20} {'failed':>6}")
    with tempfile.TemporaryDirectory() as name, collector() as hep:
        folder = Path(name)
        scenario = folder / "reject.yaml"
        scenario.write_text(SCENARIO)
        off = ("--conduct", "off")
        ways: dict[str, tuple[str, ...]] = {
            "nothing": off,
            "--conduct 1000": ("--conduct", "1000"),
            "--conduct all": ("--conduct", "all"),
            "--pcap": (*off, "--pcap", str(folder / "run.pcap")),
            "--hep": (*off, "--hep", hep),
            "--html": (*off, "--html", str(folder / "run.html")),
        }
        for rate in said.rates:
            costs = {way: Cost() for way in ways}
            for _ in range(said.pairs):
                plain = 0.0
                for way, arguments in ways.items():
                    cost = costs[way]
                    calls = int(rate * said.seconds)
                    with sipp.simcarrier(scenario, *arguments) as server:
                        load = sipp.call(server, caller(folder), rate, calls)
                        later = until_calm(server.pid) / calls * 1e6
                    plain = plain or load.cpu_per_call + later
                    cost.meanwhile.append(load.cpu_per_call)
                    cost.later.append(later)
                    cost.ratios.append((load.cpu_per_call + later) / plain)
                    cost.failed += load.failed
            for way, cost in costs.items():
                spread = f"{min(cost.ratios):.2f}..{max(cost.ratios):.2f}"
                print(
                    f"{rate:>8} {sipp.median(cost.meanwhile):>8.1f} {sipp.median(cost.later):>7.1f} "
                    f"{sipp.median(cost.ratios):>6.2f} {spread:>11}  {way:<20} {cost.failed:>6}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
