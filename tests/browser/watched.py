"""A page that is looked after: whatever its browser complains of fails the test, unless the test has said so before."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Error, Page, Request

LEFT = "net::ERR_ABORTED"
"""What a request fails with whose page was left, or that it gave up itself."""

MARK = "simcarrierMarked"
"""What a hostile value would set if it were ever run; nothing may."""


class Watched:
    """What happened on the pages of one context.

    Attributes:
        complaints: errors on the console (violations of the Content-Security-Policy among them), errors of scripts,
            requests that failed, and those that went to another host.
    """

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self._expected: list[re.Pattern[str]] = []

    def expects(self, pattern: str) -> None:
        """Complaints that a test provokes: those in which the pattern is found are none."""
        self._expected.append(re.compile(pattern))

    def follow(self, page: Page) -> None:
        """Look after a page, from its begin."""
        page.on("console", self._console)
        page.on("pageerror", self._error)
        page.on("request", self._request)
        page.on("requestfailed", self._failed)

    def unexpected(self) -> list[str]:
        """The complaints that nobody expected."""
        return [
            complaint
            for complaint in self.complaints
            if not any(pattern.search(complaint) for pattern in self._expected)
        ]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning", "assert"}:
            self.complaints.append(f"console: {message.text} ({message.location.get('url')})")

    def _error(self, error: Error) -> None:
        self.complaints.append(f"script: {error}")

    def _request(self, request: Request) -> None:
        if urlsplit(request.url).hostname != "127.0.0.1":
            self.complaints.append(f"asked another host: {request.url}")

    def _failed(self, request: Request) -> None:
        if request.failure != LEFT:
            self.complaints.append(f"failed: {request.method} {request.url}: {request.failure}")


def not_marked(page: Page) -> None:
    """No value has been run as a script.

    Raises:
        AssertionError: one has.
    """
    assert page.evaluate(f"window.{MARK}") is None, f"a value was run as a script on {page.url}"
