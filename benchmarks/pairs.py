"""Pairs: our carrier and SIPp's own server called in turn by the same caller, at several rates.

Machines are noisy, so what counts is the ratio within a pair, and its median over the pairs.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from sipp import Server, call, machine, median

Serve = Callable[[], AbstractContextManager[Server]]


def arguments(description: str) -> argparse.Namespace:
    """The options that the paired benchmarks share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rates", type=int, nargs="+", default=[500, 2000, 6000], help="calls per second")
    parser.add_argument("--pairs", type=int, default=5, help="pairs at each rate")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of each run")
    parser.add_argument("--no-limit", action="store_true", help="do not look for the highest rate")
    return parser.parse_args()


def compare(
    ours: Serve,
    theirs: Serve,
    caller: Path,
    options: argparse.Namespace,
    names: tuple[str, str] = ("simcarrier", "SIPp"),
) -> None:
    """Run the pairs and print a table; ``names`` are those of the two columns."""
    print(machine())
    print(f"{options.pairs} pairs of {options.seconds:g} s at each rate; CPU microseconds of the server per call")
    print(
        f"{'calls/s':>8} {names[0]:>11} {names[1]:>7} {'ratio':>6} {'ratio min..max':>15} {'resent':>7} {'failed':>7}"
    )
    for rate in options.rates:
        calls = int(rate * options.seconds)
        our_cost, their_cost, ratios, resent, failed = [], [], [], 0, 0
        for _ in range(options.pairs):
            with ours() as server:
                call(server, caller, rate, max(rate // 4, 50))  # warm
                us = call(server, caller, rate, calls)
            with theirs() as server:
                call(server, caller, rate, max(rate // 4, 50))
                them = call(server, caller, rate, calls)
            our_cost.append(us.cpu_per_call)
            their_cost.append(them.cpu_per_call)
            ratios.append(us.cpu_per_call / them.cpu_per_call)
            resent += us.retransmissions
            failed += us.failed
        spread = f"{min(ratios):.2f}..{max(ratios):.2f}"
        print(
            f"{rate:>8} {median(our_cost):>11.1f} {median(their_cost):>7.1f} {median(ratios):>6.2f} {spread:>15}"
            f" {resent:>7} {failed:>7}",
            flush=True,
        )
    if not options.no_limit:
        for name, serve in zip(names, (ours, theirs), strict=True):
            print(f"highest rate without a retransmission, {name}: {highest_rate(serve, caller)}", flush=True)


def highest_rate(serve: Serve, caller: Path, start: int = 4000, step: int = 1000, end: int = 24_000) -> str:
    """The highest rate, in steps, at which two seconds of calls pass without a retransmission or a failure."""
    held = 0
    for rate in range(start, end + 1, step):
        with serve() as server:
            load = call(server, caller, rate, rate * 2)
        if load.retransmissions or load.failed:
            break
        if load.rate < 0.9 * rate:
            return f"{held} calls/s, where the caller could place no more"
        held = rate
    return f"{held} calls/s"
