"""What a carrier beside a test costs: starting and stopping it, and a whole refused call.

    python benchmarks/fixture.py

It needs no SIPp. What is counted is the time that a test waits: until its carrier listens, and after its end until the
carrier's thread and sockets are gone.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import threading
import time
from collections.abc import Callable

INVITE = (
    "INVITE sip:+49891@carrier SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
    "From: <sip:+4930@dialler>;tag=1\r\nTo: <sip:+49891@carrier>\r\nCall-ID: {port}\r\nCSeq: 1 INVITE\r\n"
    "Contact: <sip:127.0.0.1:{port}>\r\nContent-Length: 0\r\n\r\n"
)


def milliseconds(what: Callable[[], object]) -> float:
    began = time.perf_counter()
    what()
    return (time.perf_counter() - began) * 1000


def refused(address: tuple[str, int]) -> None:
    """An INVITE and its 403."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as dialler:
        dialler.bind(("127.0.0.1", 0))
        dialler.settimeout(5)
        dialler.sendto(INVITE.format(port=dialler.getsockname()[1]).encode(), address)
        assert dialler.recv(65536).startswith(b"SIP/2.0 403 ")


def row(name: str, values: list[float]) -> str:
    values = sorted(values)
    return f"{name:>8} {statistics.median(values):9.2f} {values[int(len(values) * 0.95)]:9.2f} {values[-1]:9.2f}"


def main() -> None:
    options = argparse.ArgumentParser(description="What a carrier beside a test costs.")
    options.add_argument("--runs", type=int, default=200, help="carriers to start; %(default)s if not said")
    runs = options.parse_args().runs

    def imported() -> None:
        import simcarrier.testing.fixture  # noqa: F401  # its cost is what is measured

    once = milliseconds(imported)
    from simcarrier.testing import RunningCarrier

    first = milliseconds(lambda: RunningCarrier().start().stop())
    threads, files = threading.active_count(), len(os.listdir("/proc/self/fd"))
    starts, calls, stops = [], [], []
    for _ in range(runs):
        carrier = RunningCarrier(grace=0.0)
        starts.append(milliseconds(carrier.start))
        carrier.expect().reject(403)
        calls.append(milliseconds(lambda carrier=carrier: refused((carrier.host, carrier.port))))  # type: ignore[misc]  # a default in a lambda has no type
        stops.append(milliseconds(carrier.stop))
    left = threading.active_count() - threads, len(os.listdir("/proc/self/fd")) - files
    print(f"import {once:.0f} ms, first carrier {first:.0f} ms, then {runs} of them; milliseconds")
    print(f"{'':8} {'median':>9} {'p95':>9} {'max':>9}")
    print(row("start", starts))
    print(row("call", calls))
    print(row("stop", stops))
    print(f"left behind: {left[0]} threads, {left[1]} files and sockets")


if __name__ == "__main__":
    main()
