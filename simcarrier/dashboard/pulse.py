"""What moves on the pages: parts are made again with every beat, and sent to whoever has an older one.

A *view* is what one page shows with one set of parameters. Its parts are made once a beat, however many look at it, and
only those that differ from what a reader has are sent. A reader who is slow gets the latest parts when it can take
them, never a queue of older ones, so the memory that it costs is that of one page. With no reader there is no beat.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from typing import Final

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from simcarrier.web.problems import TOO_MANY_CLIENTS, Problem

BEAT: Final = 0.5
"""Seconds from one beat to the next, where making parts takes no time to speak of."""

LATE: Final = 0.9
"""Seconds to which that is stretched so that it takes a three-hundredth of the time at most; what is new is still seen
within a second. Where that is not enough the next beat comes later still, and it takes a twentieth at most."""

MOST_READERS: Final = 32
"""Pages open at once."""

QUIET: Final = 15.0
"""Seconds without news after which a comment is sent, so that nobody in between takes the connection for dead."""

Parts = Mapping[str, str]
"""HTML by the id of the element that it stands in."""

Make = Callable[[], Parts]
"""Makes the parts of a view, in a few milliseconds: it runs in the carrier's loop."""

logger = logging.getLogger("simcarrier.dashboard")


class Reader:
    """One page that is open."""

    def __init__(self, key: Hashable, make: Make) -> None:
        self.key = key
        self.make = make
        self._has: dict[str, str] = {}
        self._due: dict[str, str] = {}
        self._news = asyncio.Event()
        self._over = False

    def offer(self, parts: Parts) -> None:
        """These are the parts now."""
        for name, html in parts.items():
            if self._has.get(name) != html:
                self._due.pop(name, None)  # to the end: a part may stand in one that is due, too
                self._has[name] = self._due[name] = html
        if self._due:
            self._news.set()

    def end(self) -> None:
        """There will be no more."""
        self._over = True
        self._news.set()

    async def events(self) -> AsyncIterator[bytes]:
        """What is sent: server-sent events, as the HTML standard has them."""
        yield b"retry: 1000\n\n"
        while True:
            self._news.clear()
            if self._due:
                parts, self._due = self._due, {}
                yield b"event: parts\ndata: %s\n\n" % json.dumps(parts).encode("ascii")
                continue
            if self._over:
                yield b"event: over\ndata: {}\n\n"
                return
            try:
                await asyncio.wait_for(self._news.wait(), QUIET)
            except TimeoutError:
                yield b": nothing has changed\n\n"


class Pulse:
    """All pages that are open."""

    def __init__(self) -> None:
        self._readers: list[Reader] = []
        self._beating: asyncio.Task[None] | None = None
        self._soon = asyncio.Event()
        self._over = False

    def stream(self, key: Hashable, make: Make) -> Response:
        """The response to a page that wants to hear of its parts.

        Args:
            key: which view; all of one key must make the same parts.
            make: makes them.

        Raises:
            Problem: too many pages are open.
        """
        if len(self._readers) >= MOST_READERS:
            raise Problem(TOO_MANY_CLIENTS, f"{MOST_READERS} pages are open already", headers={"Retry-After": "5"})
        reader = Reader(key, make)
        return _Stream(reader, self)

    def open(self, reader: Reader) -> None:
        """A page is open."""
        if self._over:
            reader.end()
            return
        self._readers.append(reader)
        self._soon.set()
        if self._beating is None or self._beating.done():
            self._beating = asyncio.ensure_future(self._beat())

    def leave(self, reader: Reader) -> None:
        """A page was closed."""
        if reader in self._readers:
            self._readers.remove(reader)

    def hurry(self) -> None:
        """Something was changed by hand: do not wait for the next beat."""
        self._soon.set()

    async def _beat(self) -> None:
        while self._readers:
            self._soon.clear()
            took = self._once()
            try:
                await asyncio.wait_for(self._soon.wait(), max(BEAT, min(300 * took, LATE), 20 * took))
            except TimeoutError:
                continue

    def _once(self) -> float:
        """Make the parts of all views; returns the seconds that it took."""
        views: dict[Hashable, list[Reader]] = {}
        for reader in self._readers:
            views.setdefault(reader.key, []).append(reader)
        began = time.thread_time()
        for readers in views.values():
            try:
                parts = readers[0].make()
            except Exception:  # a bug of one view must cost neither the carrier nor the other pages
                logger.exception("a page could not be made")
                continue
            for reader in readers:
                reader.offer(parts)
        return time.thread_time() - began

    async def close(self) -> None:
        """The run is over: tell the pages, with what there is to be told last."""
        self._over = True
        if self._readers:
            self._once()
        for reader in self._readers:
            reader.end()
        if self._beating is not None:
            self._beating.cancel()


class _Stream(StreamingResponse):
    """A stream that is read from its begin to its end, however it ends."""

    def __init__(self, reader: Reader, pulse: Pulse) -> None:
        super().__init__(reader.events(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        self._reader = reader
        self._pulse = pulse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":  # of which nobody would read anything
            await Response(media_type=self.media_type)(scope, receive, send)
            return
        self._pulse.open(self._reader)
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._pulse.leave(self._reader)
