"""Lines to a stream, written off the event loop.

Whoever reads our output may be slow, or not read at all; the carrier must not stall for that. So lines are collected
for a moment, and a thread writes them. If too many wait, further ones are counted instead of kept.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TextIO

WAITING = 200_000
"""Lines kept for a reader that does not read: about 50 MB of events."""

MOMENT = 0.05
"""Seconds for which lines are collected: as soon as a person sees them, rarely enough to cost nothing."""


class LineWriter:
    """Writes lines from a thread of its own.

    Attributes:
        untold: lines that were given up because too many waited.
        broken: the reader is gone; nothing is written any more.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: deque[str] = deque()
        self._wanted = threading.Event()
        self._closing = False
        self.untold = 0
        self.broken = False
        self._thread = threading.Thread(target=self._run, name="simcarrier-output", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Have a line written, without its line end."""
        lines = self._lines
        if len(lines) >= WAITING or self.broken:
            self.untold += 1
            return
        lines.append(line)
        if not self._wanted.is_set():
            self._wanted.set()

    def close(self, patience: float = 5.0) -> None:
        """Write what is left; give up after ``patience`` seconds with a reader that does not read."""
        self._closing = True
        self._wanted.set()
        self._thread.join(patience)

    def _run(self) -> None:
        while not self.broken:
            self._wanted.wait()
            self._wanted.clear()
            self._flush()
            if self._closing and not self._lines:
                return
            if not self._closing:
                # Collect for a moment, so that a thousand calls a second cost twenty writes.
                time.sleep(MOMENT)

    def _flush(self) -> None:
        lines = self._lines
        count = len(lines)
        if not count:
            return
        text = "".join([f"{lines.popleft()}\n" for _ in range(count)])
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self.broken = True
