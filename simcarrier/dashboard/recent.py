"""The messages that came and went last, of all calls together.

They are kept as they came, in batches: a message costs no more than the count of its bytes. Which call it belongs to is
found out when somebody looks at that call: by its Call-ID, in what is kept. That takes a few milliseconds, and few
messages are ever looked at.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, takewhile
from typing import Final, NamedTuple

from simcarrier.artefacts.tap import passed_of, turned
from simcarrier.records.transcript import Passed, Transcript, call_id_of
from simcarrier.sip.transport import Address, Channel

MOST_MESSAGES: Final = 20_000
MOST_BYTES: Final = 32 * 1024 * 1024
"""What is kept at most."""

Noted = tuple[str, bytes, Channel, Address, float]
"""Way, bytes, channel, peer and time of a message."""


class Came(NamedTuple):
    """Messages that came in together; see `simcarrier.net.rim.Keeper`."""

    batch: Sequence[tuple[bytes, Address]]
    channel: Channel
    now: float
    size: int

    def messages(self) -> Iterator[Noted]:
        """One by one."""
        for data, peer in self.batch:
            yield ("in", data, self.channel, peer, self.now)


class Went(NamedTuple):
    """Messages that went out together, likewise."""

    batch: Sequence[tuple[Channel, Address, bytes]]
    now: float
    size: int

    def messages(self) -> Iterator[Noted]:
        """One by one."""
        for channel, peer, data in self.batch:
            yield ("out", data, channel, peer, self.now)


Batch = Came | Went


class RecentMessages:
    """Keeps messages as they went over the wire."""

    def __init__(self) -> None:
        self._kept: deque[Batch] = deque()
        self._messages = 0
        self._bytes = 0

    def came(self, batch: Sequence[tuple[bytes, Address]], channel: Channel, now: float) -> None:
        """Messages have come in."""
        self._keep(Came(batch, channel, now, sum([len(message[0]) for message in batch])))

    def went(self, batch: Sequence[tuple[Channel, Address, bytes]], now: float) -> None:
        """Messages have gone out."""
        self._keep(Went(batch, now, sum([len(message[2]) for message in batch])))

    def _keep(self, batch: Batch) -> None:
        self._kept.append(batch)
        self._messages += len(batch.batch)
        self._bytes += batch.size
        while self._messages > MOST_MESSAGES or self._bytes > MOST_BYTES:
            old = self._kept.popleft()
            self._messages -= len(old.batch)
            self._bytes -= old.size

    def of(self, call_id: str, offset: float) -> Transcript:
        """The messages of a call, as its caller saw them; without credentials.

        Args:
            call_id: as it stands on the wire.
            offset: what makes the carrier's clock seconds since 1970 UTC.
        """
        found = Transcript()
        for passed, _ in self.passed(call_id, offset):
            found.add(turned(passed))
        return found

    def passed(self, call_id: str, offset: float) -> Iterator[tuple[Passed, Channel]]:
        """The same as the carrier saw them, each with the channel that it took."""
        return _of_call(self._kept, call_id, offset)

    def follow(self, call_id: str, offset: float) -> Following:
        """The messages of a call that goes on."""
        return Following(self._kept, call_id, offset)


class Following:
    """The messages of one call, as its caller saw them, as they come: each look is at those that are new.

    Args:
        kept: all messages, in batches.
        call_id, offset: as for `RecentMessages.of`.

    Attributes:
        transcript: those of the call.
    """

    def __init__(self, kept: deque[Batch], call_id: str, offset: float) -> None:
        self._kept = kept
        self._call_id = call_id
        self._offset = offset
        self._last: Batch | None = None
        self.transcript = Transcript()

    def look(self) -> Transcript:
        """Look once more."""
        fresh = list(takewhile(lambda batch: batch is not self._last, reversed(self._kept)))
        if fresh:
            self._last = fresh[0]
        for passed, _ in _of_call(reversed(fresh), self._call_id, self._offset):
            self.transcript.add(turned(passed))
        return self.transcript


def _of_call(batches: Iterable[Batch], call_id: str, offset: float) -> Iterator[tuple[Passed, Channel]]:
    wanted = call_id.encode("utf-8", "surrogateescape")
    messages = chain.from_iterable(batch.messages() for batch in batches)
    for way, data, channel, peer, now in messages:
        if wanted in data and call_id_of(data) == call_id:
            yield passed_of(way, data, channel, peer, now + offset), channel
