"""``--pcap FILE``: every message of a run as a capture for Wireshark, tshark and sngrep, to be read at any time.

Messages over TLS are written as plain SIP over TCP, at the ports where they really went. Only whole packets are
written, so whoever reads while the run goes on finds a capture that ends at some message. If it cannot go on (a full
disk, a size limit, a reader of a pipe that has left), it ends there for good: a gap would break every TCP stream after
it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from simcarrier.attachment import CannotAttach, Findings
from simcarrier.records.packets import datagram
from simcarrier.records.pcap import FILE_HEAD, framed
from simcarrier.records.streams import Streams
from simcarrier.records.transcript import Passed
from simcarrier.sip.transport import Channel

from .files import create, is_gone, say
from .tap import PATIENCE, Tap

LIMIT = 1_000_000_000
"""Bytes of a capture if nobody says how many: some 400,000 refused calls, and what Wireshark still opens."""


class Packets:
    """The packets of a run's messages, as they stand in a capture.

    Attributes:
        last: the time of the last message, at which connections are closed in the capture.
    """

    def __init__(self) -> None:
        self._streams = Streams()
        self.last = 0.0

    def of(self, passed: Passed, channel: Channel) -> list[bytes]:
        """Those of a message, from the carrier's side.

        Raises:
            ValueError: an address or a time is none that a capture can hold.
        """
        source, destination = (passed.local, passed.remote) if passed.sent else (passed.remote, passed.local)
        self.last = max(self.last, passed.at)
        if not channel.reliable:
            return [framed(passed.at, datagram(source, destination, passed.data))]
        return [framed(passed.at, one) for one in self._streams.packets(channel, source, destination, passed.data)]

    def end(self, channel: Channel) -> bytes:
        """Those that close a connection."""
        return b"".join(framed(self.last, one) for one in self._streams.end(channel))

    def end_all(self) -> bytes:
        """Those that close all that are open."""
        return b"".join(framed(self.last, one) for one in self._streams.end_all())


def capture_of(messages: Iterable[tuple[Passed, Channel]]) -> bytes:
    """A whole capture; a message that it cannot hold is left out."""
    packets = Packets()
    parts = [FILE_HEAD]
    for passed, channel in messages:
        with contextlib.suppress(ValueError):
            parts += packets.of(passed, channel)
    return b"".join([*parts, packets.end_all()])


class Pcap(Tap):
    """Writes a capture.

    Args:
        path: the file; what is in it is lost. A named pipe is fine if somebody reads it.
        limit: bytes at most.
    """

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        super().__init__()
        self._path = path
        self._limit = limit
        self._file = -1
        self._size = 0
        self._packets = Packets()
        self._channels: set[Channel] = set()
        self._leaving: set[Channel] = set()
        self._ended_by = ""
        self._failed = False
        self._left_out = 0

    async def open(self) -> None:
        """Make the file.

        Raises:
            CannotAttach: it cannot be written.
        """
        self._file = create(self._path)
        self._write(FILE_HEAD)
        if self._ended_by:
            os.close(self._file)
            raise CannotAttach(f"{self._path} cannot be written: {self._ended_by}")

    def take(self, messages: Sequence[tuple[Passed, Channel]]) -> None:
        """Write packets."""
        parts: list[bytes] = []
        size = self._size
        for number, (passed, channel) in enumerate(messages):
            packets = self._packets_of(passed, channel) if not self._ended_by else []
            size += sum(map(len, packets))
            if size > self._limit and not self._ended_by:
                self._write(b"".join(parts))
                self._end(f"its limit of {self._limit:,} bytes is reached (--pcap-limit)")
                parts = []
            if self._ended_by:
                self._left_out += len(messages) - number
                return
            parts += packets
        if not self._write(b"".join(parts)):
            self._left_out += len(messages)

    def _packets_of(self, passed: Passed, channel: Channel) -> list[bytes]:
        if channel.reliable:
            self._channels.add(channel)
        try:
            return self._packets.of(passed, channel)
        except ValueError:
            self._left_out += 1
            return []

    def rest(self) -> None:
        """Close the connections that were gone at the last look: all that went over them is written now."""
        for channel in self._leaving:
            self._channels.discard(channel)
            self._write(self._packets.end(channel))
        self._leaving = {channel for channel in self._channels if channel.closed}

    def close(self, findings: Findings) -> None:
        """Close the connections that are left, and tell what is missing.

        Raises:
            CannotAttach: it could not be written to its end, or is gone.
        """
        if self.stuck:
            raise CannotAttach(f"{self._path} is not complete: nothing could be written for {PATIENCE:g} s")
        self._write(self._packets.end_all())
        gone = is_gone(self._path, self._file)
        os.close(self._file)
        missing = self._left_out + self.lost
        behind = f"; {missing:,} messages are not in it" if missing else ""
        if self._failed:
            raise CannotAttach(f"{self._path}: {self._ended_by}{behind}")
        if gone:
            raise CannotAttach(f"{self._path} has been deleted or replaced while it was written")
        if missing:
            say(f"{self._path}: {self._ended_by or 'the disk was too slow'}{behind}")

    def _write(self, data: bytes) -> bool:
        """Append whole packets. Returns whether they are in the file now."""
        if self._ended_by or not data:
            return not self._ended_by
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._file, view) :]
        except OSError as error:
            with contextlib.suppress(OSError):  # a pipe has no length
                os.ftruncate(self._file, self._size)
            self._failed = True
            self._end(error.strerror or str(error))
            return False
        self._size += len(data)
        return True

    def _end(self, why: str) -> None:
        self._ended_by = why
        if self._size:
            say(f"{self._path} ends here, calls go on: {why}")
