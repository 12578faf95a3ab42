"""Simulated days: 50,000 calls through several carriers on the virtual clock, without a network; calls per second."""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryFile

from simcarrier.cli.simulation import RecordFile
from simcarrier.scenario.load import load, loads
from simcarrier.scenario.models import Scenario
from simcarrier.simulate.run import Simulation

SCENARIOS = Path(__file__).parents[1] / "scenarios"

BUSINESS = """
name: lines, a mix and retries
carrier: {lines: 100}
calls:
  - to: "+4989*"
    mix:
      - {share: 50%, outcome: answered, ring: 2s..20s}
      - {share: 20%, respond: {code: 486, trying: true, delay: 1s..3s}}
      - {share: 25%, steps: [trying, {wait: 1s}, ringing, {wait: 50s}, {respond: 480}]}
      - {share: 5%, steps: [trying, silence]}
  - {to: "*", respond: 404}
traffic:
  campaigns:
    - name: list
      to: [{number: "+4989#######", share: 95%}, {number: "+44#########", share: 5%}]
      numbers: 20000
      choose: sticky
      retries: {on: [486], after: 1h, at_most: 2}
"""


def carriers() -> dict[str, Scenario]:
    named = {name: load(SCENARIOS / f"{name}.yaml") for name in ("busy-486", "ringing-then-declined", "answered")}
    return {**named, "lines, a mix and retries": loads(BUSINESS)}


def seconds_for(scenario: Scenario, calls: int, *, records: bool) -> tuple[float, int]:
    """The CPU time that so many first calls of a day take, and how many calls there were with their retries."""
    simulation = Simulation(scenario, seconds=86_400, calls_per_hour=calls / 24)
    with TemporaryFile("w", encoding="utf-8") as stream:
        file = RecordFile(stream)
        if records:
            simulation.exchange.journal.listeners.append(file.add)
        gc.collect()
        before = time.process_time()
        simulation.run()
        file.flush()
        return time.process_time() - before, simulation.exchange.journal.calls


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=50_000, help="first calls of the day")
    parser.add_argument("--runs", type=int, default=5, help="runs of each; the median is printed")
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    print(f"{options.calls} first calls in a simulated day; CPU time of this process, median of {options.runs} runs")
    gc.freeze()
    gc.set_threshold(500_000, 10, 10)  # as the command does
    print(f"{'':25} {'':>7} {'without records':>26} {'with records':>26}")
    print(f"{'':25} {'calls':>7}" + f" {'seconds':>8} {'us/call':>8} {'calls/s':>8}" * 2)
    for name, scenario in carriers().items():
        row = f"{name:25}"
        for records in (False, True):
            made = [seconds_for(scenario, options.calls, records=records) for _ in range(options.runs)]
            took, calls = median(seconds for seconds, _ in made), made[0][1]
            row += f" {calls:>7}" if not records else ""
            row += f" {took:>8.2f} {took / calls * 1e6:>8.1f} {calls / took:>8.0f}"
        print(row, flush=True)


if __name__ == "__main__":
    main()
