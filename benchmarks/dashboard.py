"""What the dashboard costs a refused call: served with no page open, and with three open, beside a run without it.

    python benchmarks/dashboard.py

A carrier of each way listens all the time. Every round calls them in turn, some seconds each, and the ratio is taken
within the round; then the same with records. Pages are read as a browser does: a page that has a stream follows it, one
that is fetched again every few seconds is fetched again; the reader is another process than the carrier. It ends with
status 1 if three open pages make a call dearer than they may.
"""

from __future__ import annotations

import argparse
import http.client
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import sipp
from reject_call import SCENARIO, caller

PAGES = ("/", "/calls", "/deliverability")

MOST = 1.10
"""What three open pages may make of the CPU time of a call."""

PATIENCE = 30.0
"""Seconds that the server may be silent."""


class Page:
    """A page that is open."""

    def __init__(self, url: str, path: str) -> None:
        self.path = path
        self.bytes = 0
        self.failed = False
        self._server = urlsplit(url)
        self._over = threading.Event()
        self._socket: http.client.HTTPConnection | None = None
        self.read = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _get(self, path: str) -> http.client.HTTPResponse:
        self._socket = http.client.HTTPConnection(self._server.hostname or "", self._server.port, timeout=PATIENCE)
        self._socket.request("GET", path, headers={"Accept": "text/html"})
        return self._socket.getresponse()

    def _run(self) -> None:
        try:
            self._follow()
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            # A connection that is closed from another thread fails in ways of its own.
            self.failed = not self._over.is_set()

    def _follow(self) -> None:
        page = self._fetch()
        live, again = re.search(r'data-live="([^"]+)"', page), re.search(r'data-refresh="([^"]+)"', page)
        self.read.set()
        if live is not None:
            stream = self._get(live[1])
            while not self._over.is_set() and (piece := stream.read1(65_536)):
                self.bytes += len(piece)
        elif again is not None:
            while not self._over.wait(float(again[1])):
                self._fetch()

    def _fetch(self) -> str:
        response = self._get(self.path)
        page = response.read()
        self.failed = self.failed or response.status != 200
        self.bytes += len(page)
        return page.decode()

    def close(self) -> None:
        """Leave."""
        self._over.set()
        if self._socket is not None and self._socket.sock is not None:
            with suppress(OSError):
                self._socket.sock.shutdown(2)


@contextmanager
def opened(server: sipp.Server, paths: tuple[str, ...]) -> Iterator[list[Page]]:
    """Have pages of a server open."""
    pages: list[Page] = []
    if paths:
        assert server.process.stdout is not None  # it is a pipe
        line = server.process.stdout.readline().decode()
        url = line.removeprefix("dashboard at ").strip()
        if url == line.strip():
            sys.exit(f"no dashboard, but: {line}")
        pages = [Page(url, path) for path in paths]
        for page in pages:
            page.read.wait(PATIENCE)
    try:
        yield pages
    finally:
        for page in pages:
            page.close()


@dataclass
class Way:
    """A way to run the carrier, and what the rounds came to.

    Attributes:
        name: what it is called.
        arguments: of the command.
        paths: pages that are open.
        calls: microseconds of CPU per call.
        ratios: to the same round's run without a dashboard.
        failed: calls, and pages, that did not go as they should.
    """

    name: str
    arguments: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    calls: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    read: int = 0
    failed: int = 0

    def __str__(self) -> str:
        ratios = sorted(self.ratios)
        spread = f"{ratios[len(ratios) // 4]:.2f}..{ratios[3 * len(ratios) // 4]:.2f}"
        return (
            f"{sipp.median(self.calls):>8.1f} {sipp.median(ratios):>6.2f} {spread:>11} {self.read / 1000:>8.0f}  "
            f"{self.name:<32} {self.failed:>6}"
        )


def compare(ways: list[Way], folder: Path, rate: int, rounds: int, seconds: float) -> None:
    """Call them in turn; the first is what the others are compared with."""
    scenario, dialler = folder / "reject.yaml", caller(folder)
    scenario.write_text(SCENARIO)
    with ExitStack() as stack:
        running = []
        for way in ways:
            server = stack.enter_context(sipp.simcarrier(scenario, *way.arguments))
            running.append((way, server, stack.enter_context(opened(server, way.paths))))
            sipp.call(server, dialler, rate, max(rate // 4, 50))  # warm
        for number in range(rounds):
            at = number % len(running)  # whoever comes first has it a little easier
            for way, server, _ in [*running[at:], *running[:at]]:
                load = sipp.call(server, dialler, rate, int(rate * seconds))
                way.calls.append(load.cpu_per_call)
                way.failed += load.failed
            for way in ways:
                way.ratios.append(way.calls[-1] / ways[0].calls[-1])
        for way, _, pages in running:
            way.read += sum(page.bytes for page in pages)
            way.failed += sum(page.failed or not page.bytes for page in pages)


def main() -> None:
    options = argparse.ArgumentParser(description="What the dashboard costs a refused call.")
    options.add_argument("--rate", type=int, default=1000, help="calls per second; %(default)s if not said")
    options.add_argument("--pairs", type=int, default=15, help="rounds; %(default)s if not said")
    options.add_argument("--seconds", type=float, default=2.0, help="length of each run; %(default)s if not said")
    options.add_argument("--most", type=float, default=MOST, help="ratio that is too much; %(default)s if not said")
    options.add_argument("--pages", nargs="*", default=list(PAGES), help="pages to open; three if not said")
    said = options.parse_args()
    web = ("--web", "127.0.0.1:0")
    print(sipp.machine())
    print(f"{said.pairs} rounds of {said.seconds:g} s; CPU microseconds of the server per call, medians")
    print(f"{'calls/s':>8} {'us/call':>8} {'ratio':>6} {'quartiles':>11} {'KB read':>8}  {'with':<32} {'failed':>6}")
    worst = 0.0
    for kept in (False, True):
        ways = [Way("nothing"), Way("--web", web), Way(f"--web, {len(said.pages)} pages", web, tuple(said.pages))]
        with tempfile.TemporaryDirectory() as name:
            for number, way in enumerate(ways if kept else ()):
                way.name = f"--records, {way.name}"
                way.arguments += ("--records", f"{name}/{number}.db")
            compare(ways, Path(name), said.rate, said.pairs, said.seconds)
        for way in ways:
            print(f"{said.rate:>8} {way}", flush=True)
        worst = max(worst, sipp.median(ways[-1].ratios))
    if worst >= said.most:
        sys.exit(1)


if __name__ == "__main__":
    main()
