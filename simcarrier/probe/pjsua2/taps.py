"""What a call hears in pjproject, stretch by stretch. Sans-IO: values, with no object of pjsua2 in them.

A stretch lasts as long as a stream of pjproject's: from when media become active until the call ends, or media begin
anew (after a hold, or with the answer of another fork). Its recording goes on whether packets come or not; pjproject's
statistics, looked at again and again, tell when they came. Times are those of `time.monotonic`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

LOOK: Final = 0.02
"""Seconds between two looks at the statistics, until the first packet: so well is known when it came."""

GLANCE: Final = 0.1
"""Seconds between two looks afterwards: so well is known when the last one came."""

LONGEST: Final = 181.0
"""Seconds of a stretch that are recorded: ears listen for three minutes, and a recording has no more."""


BUFFER: Final = 0.12
"""Seconds for which pjproject keeps what comes before it is recorded (its jitter buffer): as much as packets may be
late. What is in there when a call ends is lost."""


@dataclass(slots=True)
class Stretch:
    """A stretch.

    Attributes:
        path: the WAV file that it is recorded to.
        stream: the number of the stream within the call.
        codec: the encoding, by its name in SDP.
        began: when the recording did.
        first, last: when the first packet came, and the last one; None before.
        packets, lost: how many came, and how many did not.
        jitter: the largest, in seconds; None if it is not known.
    """

    path: Path
    stream: int
    codec: str
    began: float
    first: float | None = None
    last: float | None = None
    packets: int = 0
    lost: int = 0
    jitter: float | None = None

    def counted(self, packets: int, lost: int, jitter: float | None, now: float) -> None:
        """What the statistics say."""
        if packets > self.packets:
            self.first = now if self.first is None else self.first
            self.last = now
        self.packets, self.lost, self.jitter = packets, lost, jitter


@dataclass(slots=True)
class Tap:
    """All of a call's.

    Attributes:
        stretches: in order.
        going: the one that goes on; None for none.
        trouble: why something was not recorded; empty if all was.
    """

    stretches: list[Stretch] = field(default_factory=list)
    going: Stretch | None = None
    trouble: str = ""
    _next: float = 0.0

    def begin(self, stretch: Stretch) -> None:
        """The next stretch."""
        self.going = stretch
        self.stretches.append(stretch)
        self._next = stretch.began

    def due(self, now: float) -> bool:
        """Whether to look at the statistics now; it is taken for done then."""
        if self.going is None or now < self._next:
            return False
        self._next = now + (LOOK if self.going.first is None else GLANCE)
        return True
