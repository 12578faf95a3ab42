"""Debian's Chromium, driven by Playwright, which is never let to fetch a browser of its own.

Playwright's calls run a loop in the thread of the test, and while one runs there no other test of this thread could
start its own. So a browser lives as long as the tests of one module, which run one after the other.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.interop.harness import peer

ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # Nothing but our pages is to be asked for anything.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with a new and empty profile; without Chromium the test is skipped, or fails where CI is set."""
    program = peer("chromium")
    arguments = [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, headless=True, args=arguments)
        try:
            yield browser
        finally:
            browser.close()
