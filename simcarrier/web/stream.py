"""The stream of events: calls that have ended, and what was changed. Server-sent events, as the HTML standard has them.

Each client has a queue of its own. A client that does not read fast enough loses events: they are counted instead of
kept, and the next thing that it gets is an event ``lost`` with their number. So a slow client costs bounded memory, and
the carrier never waits for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

from simcarrier.records.model import CallRecord

from .problems import TOO_MANY_CLIENTS, Problem
from .search import Filter
from .words import encode

MOST_STREAMS = 16
"""Clients that listen at once."""

WAITING = 1_000
"""Events that wait for one client: about a megabyte."""

QUIET = 15.0
"""Seconds without an event after which a comment is sent, so that nobody in between takes the connection for dead."""

BATCH = 64
"""Events that are sent in one piece."""

Event = tuple[int, str, CallRecord | dict[str, Any]]
"""Its number, its name, and what it tells; a record is put into words when it is sent."""


def as_sent(event: Event) -> bytes:
    """An event as bytes."""
    number, name, told = event
    data = encode(told.as_dict() if isinstance(told, CallRecord) else told)
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, name.encode("ascii"), data)


class Stream:
    """What one client is sent.

    Args:
        wanted: the calls that it wants to hear of.
        waiting: events kept for it.

    Attributes:
        lost: events that it has lost since it was told last.
    """

    def __init__(self, wanted: Filter, waiting: int = WAITING) -> None:
        self.wanted = wanted
        self.lost = 0
        self._waiting = waiting
        self._events: deque[Event] = deque()
        self._changed = asyncio.Event()
        self._over = False

    def offer(self, event: Event) -> None:
        """Something has happened."""
        if len(self._events) >= self._waiting:
            self.lost += 1
            return
        if self.lost:
            self._events.append(self._gap(event[0]))
        self._events.append(event)
        self._changed.set()

    def _gap(self, number: int) -> Event:
        lost, self.lost = self.lost, 0
        return (number, "lost", {"events": lost})

    def end(self) -> None:
        """Nothing more will happen; what waits is still sent."""
        self._over = True
        self._changed.set()

    async def pieces(self, first: Event, lasts: float | None) -> AsyncIterator[bytes]:
        """What is sent.

        Args:
            first: sent at once, so that the client knows from when on it hears.
            lasts: seconds until the stream ends by itself; None: it does not.
        """
        loop = asyncio.get_running_loop()
        until = None if lasts is None else loop.time() + lasts
        yield as_sent(first)
        while True:
            if self._events:
                batch = [self._events.popleft() for _ in range(min(BATCH, len(self._events)))]
                if not self._events and self.lost:
                    batch.append(self._gap(batch[-1][0]))
                yield b"".join(map(as_sent, batch))
                continue
            if self._over or (until is not None and loop.time() >= until):
                return
            self._changed.clear()
            pause = QUIET if until is None else min(QUIET, until - loop.time())
            try:
                await asyncio.wait_for(self._changed.wait(), max(pause, 0))
            except TimeoutError:
                if pause == QUIET:
                    yield b": nothing has happened\n\n"


class Streams:
    """All clients that listen.

    Args:
        listeners: those who are told of calls; we are among them while anybody listens to us.

    Attributes:
        sent: the number of the last event.
    """

    def __init__(self, listeners: list[Callable[[CallRecord], None]]) -> None:
        self.sent = 0
        self._listeners = listeners
        self._streams: list[Stream] = []

    def __len__(self) -> int:
        return len(self._streams)

    def open(self, wanted: Filter) -> Stream:
        """A new client.

        Raises:
            Problem: there are too many.
        """
        if len(self._streams) >= MOST_STREAMS:
            raise Problem(TOO_MANY_CLIENTS, f"{MOST_STREAMS} clients listen already", headers={"Retry-After": "1"})
        made = Stream(wanted)
        self._streams.append(made)
        if len(self._streams) == 1:
            self._listeners.append(self._call)
        return made

    def close(self, stream: Stream) -> None:
        """A client has left."""
        if stream in self._streams:
            self._streams.remove(stream)
            if not self._streams:
                self._listeners.remove(self._call)

    def _call(self, record: CallRecord) -> None:
        """A call has ended."""
        self.sent += 1
        event: Event = (self.sent, "call", record)
        for stream in self._streams:
            if stream.wanted.takes(record):
                stream.offer(event)

    def tell(self, name: str, told: dict[str, Any]) -> None:
        """Something else has happened."""
        if not self._streams:
            return
        self.sent += 1
        for stream in self._streams:
            stream.offer((self.sent, name, told))

    def end(self) -> None:
        """The run is over."""
        for stream in self._streams:
            stream.end()
