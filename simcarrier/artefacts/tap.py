"""What listens in on a carrier's messages and does something slow with them: writes them, sends them on.

On the event loop a message costs one append. A thread takes what has come, a handful at a time, so that it never holds
the interpreter for longer than a call can wait. If it does not keep up, because a disk or a collector is slow, messages
are counted instead of kept: calls go on as if nobody listened.

Credentials are taken out before anything is written or sent (`without_credentials`).
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from typing import ClassVar

from simcarrier.attachment import Attachment, Findings
from simcarrier.net.driver import source_host
from simcarrier.records.transcript import Passed, without_credentials
from simcarrier.service import CarrierService
from simcarrier.sip.transport import Address, Channel

MOST_WAITING = 100_000
MOST_BYTES = 64 * 1024 * 1024
"""What waits for the thread at most: more than ten seconds of 2,000 calls a second."""

AT_ONCE = 64
"""Messages handled before the event loop has its turn: less than a millisecond."""

MOST_HELD = 1_000
"""Messages that wait for their connection to stand, whose port is not known before."""

PATIENCE = 5.0
"""Seconds that the thread has at the end for what is left."""

_ANY = frozenset({"0.0.0.0", "::"})


class Tap(Attachment):
    """Has every message of a run handled by a thread.

    Attributes:
        lost: messages that were given up because too many waited.
        moment: seconds for which messages are collected.
    """

    moment: ClassVar[float] = 0.05

    def __init__(self) -> None:
        self.lost = 0
        self._waiting: deque[tuple[str, bytes, Channel, Address, float]] = deque()
        self._held: list[tuple[str, bytes, Channel, Address, float]] = []
        self._bytes_in = 0  # by the loop alone
        self._bytes_out = 0  # by the thread alone
        self._wanted = threading.Event()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._carrier: CarrierService

    # For those who make use of it; called on the thread, but for `open` and `close`.

    async def open(self) -> None:
        """Before anything comes.

        Raises:
            CannotAttach: see `Attachment.attach`.
        """

    def take(self, messages: Sequence[tuple[Passed, Channel]]) -> None:
        """Some messages, in order, from the carrier's side: ``local`` is the carrier's address."""
        raise NotImplementedError

    def rest(self) -> None:
        """All that had come by the last look has been taken."""

    def close(self, findings: Findings) -> None:
        """The thread is at its end, or hangs.

        Raises:
            CannotAttach: see `Attachment.finished`.
        """

    # The attachment

    async def attach(self, carrier: CarrierService) -> None:
        """Listen in from the first message on."""
        await self.open()
        self._carrier = carrier
        self._thread = threading.Thread(target=self._run, name=f"simcarrier-{type(self).__name__}", daemon=True)
        self._thread.start()
        carrier.watch(self._note)

    async def finished(self, carrier: CarrierService, findings: Findings) -> None:
        """Have the rest handled, and end."""
        carrier.unwatch(self._note)
        if self._thread is not None:
            self._over.set()
            self._wanted.set()
            await asyncio.to_thread(self._thread.join, PATIENCE)
            if self.stuck:
                self.lost += len(self._waiting)
        self.close(findings)

    @property
    def stuck(self) -> bool:
        """Whether the thread still hangs in what it does although it is over."""
        return self._thread is not None and self._thread.is_alive()

    def _note(self, way: str, data: bytes, channel: Channel, peer: Address, now: float) -> None:
        if len(self._waiting) >= MOST_WAITING or self._bytes_in - self._bytes_out > MOST_BYTES:
            self.lost += 1
            return
        if channel.closed and channel.reliable and way == "out":
            channel = self._other(channel, peer)
        self._bytes_in += len(data)
        self._waiting.append((way, data, channel, peer, now))
        if not self._wanted.is_set():
            self._wanted.set()

    def _other(self, channel: Channel, peer: Address) -> Channel:
        """The connection by which a response went whose own was closed before (RFC 3261 section 18.2.2)."""
        try:
            return self._carrier.driver.channel_for(channel.transport, peer)
        except (OSError, ValueError):
            return channel

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            over = self._over.is_set()
            self._take_all(over)
            if over:
                return
            self._over.wait(self.moment)

    def _take_all(self, over: bool) -> None:
        waiting = self._waiting
        left = len(waiting)
        if self._held:
            again, self._held = self._held, []
            self._take(again, over)
        while left:
            some = [waiting.popleft() for _ in range(min(left, AT_ONCE))]
            left -= len(some)
            self._bytes_out += sum(len(one[1]) for one in some)
            self._take(some, over)
        self.rest()

    def _take(self, some: Sequence[tuple[str, bytes, Channel, Address, float]], over: bool) -> None:
        wall = self._carrier.wall
        messages = []
        for way, data, channel, peer, now in some:
            if channel.local[1] == 0 and channel.reliable:
                # A connection of ours that is still being made; one that never stood has carried nothing.
                if not over and not channel.closed and len(self._held) < MOST_HELD:
                    self._held.append((way, data, channel, peer, now))
                continue
            messages.append((passed_of(way, data, channel, peer, wall(now)), channel))
        for start in range(0, len(messages), AT_ONCE):
            self.take(list(islice(messages, start, start + AT_ONCE)))


def passed_of(way: str, data: bytes, channel: Channel, peer: Address, at: float) -> Passed:
    """A message as the carrier saw it: ``local`` is its own address. Takes what `simcarrier.net.rim.Observe` tells.

    Args:
        way: ``in`` or ``out``.
        data: its bytes; credentials are taken out.
        channel: where it came in or went out.
        peer: whom it came from or went to.
        at: when, seconds since 1970 UTC.
    """
    # A response may name the address in its Via and goes over its connection all the same.
    remote = channel.remote or peer
    local = channel.local
    if local[0] in _ANY:
        local = (_towards(remote[0]), local[1])
    return Passed(at, way == "out", channel.transport, local, remote, masked(data))


def turned(passed: Passed) -> Passed:
    """The same as the other side saw it."""
    return Passed(passed.at, not passed.sent, passed.transport, passed.remote, passed.local, passed.data)


def masked(data: bytes) -> bytes:
    """A message without its answers to challenges; it keeps its body, however long."""
    if b"authorization" not in data.lower():
        return data
    head, blank, body = data.partition(b"\r\n\r\n")
    return without_credentials(head) + blank + body


@lru_cache(maxsize=1024)
def _towards(host: str) -> str:
    """Our address on the way to a host, for a socket that is bound to all of them."""
    try:
        return source_host((host, 9))
    except OSError:
        return "::1" if ":" in host else "127.0.0.1"
