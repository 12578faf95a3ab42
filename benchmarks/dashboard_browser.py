"""What the dashboard costs the browser that shows it: its longest tasks, and its memory, while calls come.

    python benchmarks/dashboard_browser.py
    python benchmarks/dashboard_browser.py --seconds 60 --pages /calls

Each page is open in Chromium while SIPp calls. A task is long if it keeps the page from doing anything else for 50 ms
or more (Long Tasks API). Memory is the JavaScript heap, and the number of nodes, after a garbage collection.
It ends with status 1 if a task was longer than it may be.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import sipp
from playwright.sync_api import Browser, CDPSession, sync_playwright
from reject_call import SCENARIO, caller

PAGES = ("/", "/calls", "/deliverability", "/scenario")
MOST = 200.0
"""Milliseconds that a task may take."""

QUIET = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"]

WATCH = """
window.tasks = [];
new PerformanceObserver(list => tasks.push(...list.getEntries().map(each => each.duration)))
  .observe({type: "longtask", buffered: true});
window.swaps = 0;
document.addEventListener("parts", () => { swaps += 1; });
"""

BUSY = "setTimeout(() => { const until = performance.now() + 100; while (performance.now() < until); })"


class Held(NamedTuple):
    """What a page holds.

    Attributes:
        heap: megabytes.
        nodes: of its document, and those that only scripts know.
    """

    heap: float
    nodes: int


def held(session: CDPSession) -> Held:
    """What a page holds once nothing is there that nobody needs."""
    session.send("HeapProfiler.collectGarbage")
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    return Held(metrics["JSHeapUsedSize"] / 1e6, int(metrics["Nodes"]))


def look(browser: Browser, path: str, folder: Path, rate: int, seconds: float) -> float:
    """Have a page open while calls come, and print what it cost; returns its longest task in milliseconds."""
    scenario, dialler = folder / "reject.yaml", caller(folder)
    scenario.write_text(SCENARIO)
    records = folder / f"{path.strip('/') or 'now'}.db"
    with sipp.simcarrier(scenario, "--web", "127.0.0.1:0", "--records", str(records)) as server:
        assert server.process.stdout is not None  # it is a pipe
        url = server.process.stdout.readline().decode().removeprefix("dashboard at ").strip()
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.add_init_script(WATCH)
        page.goto(url + path)
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        sipp.call(server, dialler, rate, rate)  # warm; the page is full then
        page.evaluate(BUSY)
        page.wait_for_function("tasks.some(each => each >= 90)")  # or nothing would ever be long
        page.evaluate("tasks.length = 0; swaps = 0")
        before = held(session)
        load = sipp.call(server, dialler, rate, int(rate * seconds), timeout=120 + 2 * seconds)
        tasks: list[float] = page.evaluate("tasks")
        swaps: int = page.evaluate("swaps")
        after = held(session)
        page.close()
    longest = max(tasks, default=0.0)
    print(
        f"{rate:>8} {longest:>10.0f} {len(tasks):>5} {swaps:>6} {before.heap:>7.1f} {after.heap:>7.1f} "
        f"{before.nodes:>7} {after.nodes:>7} {load.rate:>8.0f}  {path:<16} {load.failed:>6}",
        flush=True,
    )
    return longest


def main() -> None:
    options = argparse.ArgumentParser(description="What the dashboard costs the browser that shows it.")
    options.add_argument("--rate", type=int, default=1000, help="calls per second; %(default)s if not said")
    options.add_argument("--seconds", type=float, default=10.0, help="for each page; %(default)s if not said")
    options.add_argument("--most", type=float, default=MOST, help="longest task allowed, ms; %(default)s if not said")
    options.add_argument("--pages", nargs="*", default=list(PAGES), help="pages to open; all if not said")
    said = options.parse_args()
    print(sipp.machine())
    print(f"{said.seconds:g} s each; a task is long from 50 ms on; heap in MB, nodes: before and after")
    print(
        f"{'calls/s':>8} {'longest ms':>10} {'long':>5} {'parts':>6} {'heap':>7} {'heap':>7} {'nodes':>7} {'nodes':>7} "
        f"{'placed/s':>8}  {'page':<16} {'failed':>6}"
    )
    arguments = [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    worst = 0.0
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=sipp.need("chromium"), args=arguments)
        for path in said.pages:
            worst = max(worst, look(browser, path, Path(folder), said.rate, said.seconds))
        browser.close()
    if worst >= said.most:
        sys.exit(1)


if __name__ == "__main__":
    main()
