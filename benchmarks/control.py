"""What the control API costs a carrier that nobody asks anything: time for each call, wake-ups of a process at rest.

    python benchmarks/control.py

It needs no SIPp. In memory the journal is told of calls that have ended, with the API listening and without, in turn;
at rest the CPU time of a second is counted, with the server and without.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time

from simcarrier.attachment import Findings
from simcarrier.conditions import Condition
from simcarrier.records.model import CallRecord
from simcarrier.scenario.load import loads
from simcarrier.service import CarrierService
from simcarrier.web.access import WebAddress
from simcarrier.web.control import Control

SCENARIO = 'name: cost\ncarrier: {listen: "udp:127.0.0.1:0"}\ncalls: [{name: refused, respond: 403}]'


def records(number: int) -> list[CallRecord]:
    """Calls as they end in practice: some codes, some conditions, one rule."""
    conditions = (None, Condition.BUSY, Condition.LINES_FULL)
    return [
        CallRecord(
            at + 1,
            f"{at}@dialler",
            "UDP",
            ("127.0.0.1", 5060),
            f"+4930{at:07}",
            f"+4989{at:07}",
            1_800_000_000.0 + at,
            rule="refused",
            code=(403, 486, 503)[at % 3],
            condition=conditions[at % 3],
            progress_after=None if at % 2 else 0.2,
            responded_after=0.3,
        )
        for at in range(number)
    ]


async def told(calls: list[CallRecord], *, controlled: bool) -> float:
    """Microseconds that the journal takes for each call."""
    carrier = CarrierService(loads(SCENARIO))
    control = Control(WebAddress("127.0.0.1", 0)) if controlled else None
    if control is not None:
        await control.attach(carrier)
    await carrier.start()
    if control is not None:
        await control.started(carrier)
    began = time.process_time()
    for call in calls:
        carrier.journal.add(call)
    spent = time.process_time() - began
    await carrier.stop()
    if control is not None:
        await control.finished(carrier, Findings())
    return spent / len(calls) * 1e6


async def at_rest(seconds: float, *, controlled: bool) -> float:
    """Milliseconds of CPU time that a second without calls and requests takes."""
    carrier = CarrierService(loads(SCENARIO))
    control = Control(WebAddress("127.0.0.1", 0)) if controlled else None
    if control is not None:
        await control.attach(carrier)
    await carrier.start()
    if control is not None:
        await control.started(carrier)
    began = time.process_time()
    await asyncio.sleep(seconds)
    spent = time.process_time() - began
    await carrier.stop()
    if control is not None:
        await control.finished(carrier, Findings())
    return spent / seconds * 1000


def main() -> None:
    options = argparse.ArgumentParser(description="What the control API costs a carrier that nobody asks anything.")
    options.add_argument("--calls", type=int, default=100_000, help="calls of a round; %(default)s if not said")
    options.add_argument("--pairs", type=int, default=5, help="rounds; %(default)s if not said")
    options.add_argument("--seconds", type=float, default=3.0, help="time at rest; %(default)s if not said")
    said = options.parse_args()
    calls = records(said.calls)
    without, with_it = [], []
    for _ in range(said.pairs):
        without.append(asyncio.run(told(calls, controlled=False)))
        with_it.append(asyncio.run(told(calls, controlled=True)))
    print(f"{said.pairs} pairs of {said.calls} calls; CPU microseconds for each in the journal, median")
    print(f"without {statistics.median(without):.2f}, with the control API {statistics.median(with_it):.2f}")
    quiet = asyncio.run(at_rest(said.seconds, controlled=False)), asyncio.run(at_rest(said.seconds, controlled=True))
    print(f"at rest, CPU milliseconds in a second: without {quiet[0]:.2f}, with the control API {quiet[1]:.2f}")


if __name__ == "__main__":
    main()
