"""A signed 608: INVITE, 100, 608 with its card, ACK; our CPU per call with and without signing, lateness of the 608."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import sipp

SCENARIO = """\
name: A carrier that blocks every call
carrier: {seed: 1, redress: {name: Analytics desk, url: https://redress.example/, tel: +18005550100}SIGNING}
calls:
  - {name: blocked, respond: {code: 608, CALL_INFO, trying: true, delay: DELAYms}}
"""

UNSIGNED = 'headers: {Call-Info: "<https://block.carrier.example/r/{uuid}>;purpose=jwscard"}'
SIGNED = "call_info: signed"
SERVED = ", signing: {deliver: http}"

DELAY = 500
"""Milliseconds from the INVITE to the 608: a step that is due at a time."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=500, help="calls per second")
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each run")
    parser.add_argument("--runs", type=int, default=3, help="runs of each kind, in turn")
    options = parser.parse_args()
    calls = int(options.rate * options.seconds)
    print(sipp.machine())
    print(f"{options.runs} runs of {options.seconds:g} s at {options.rate} calls/s; the 608 is due after {DELAY} ms")
    print(f"{'Call-Info':>10} {'us CPU/call':>12} {'late p50 ms':>12} {'p99 ms':>8} {'max ms':>8} {'lost':>5}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kinds = {"unsigned": (UNSIGNED, ""), "data": (SIGNED, ""), "http": (SIGNED, SERVED)}
        files = {kind: scenario(folder, kind, *said) for kind, said in kinds.items()}
        caller = sipp.scenario(
            folder,
            "caller",
            sipp.request("INVITE", sdp=True),
            sipp.receive(100, start_clock=True),
            sipp.receive(608, stop_clock=True),
            sipp.request("ACK", to_tag=True, back=3),
        )
        loads: dict[str, list[sipp.Load]] = {kind: [] for kind in files}
        for _ in range(options.runs):
            for kind, file in files.items():
                with sipp.simcarrier(file) as server:
                    sipp.call(server, caller, options.rate, max(options.rate // 4, 50))  # warm
                    loads[kind].append(sipp.call(server, caller, options.rate, calls, clock=True))
        for kind, measured in loads.items():
            tell(kind, measured)
        extra = cost(loads["data"]) - cost(loads["unsigned"])
        print(f"a signature costs {extra:.0f} us a call")


def scenario(folder: Path, kind: str, call_info: str, signing: str) -> Path:
    """Write the carrier's scenario."""
    path = folder / f"{kind}.yaml"
    text = SCENARIO.replace("SIGNING", signing).replace("CALL_INFO", call_info).replace("DELAY", str(DELAY))
    path.write_text(text)
    return path


def cost(loads: list[sipp.Load]) -> float:
    """Microseconds of CPU for a call, the median of the runs."""
    return sipp.median([load.cpu_per_call for load in loads])


def tell(kind: str, loads: list[sipp.Load]) -> None:
    """Print a row."""
    late = [elapsed - DELAY for load in loads for elapsed in load.clocked]
    print(
        f"{kind:>10} {cost(loads):>12.1f} {sipp.percentile(late, 0.5):>12.1f} {sipp.percentile(late, 0.99):>8.1f}"
        f" {max(late):>8.1f} {sum(load.failed for load in loads):>5}",
        flush=True,
    )


if __name__ == "__main__":
    main()
