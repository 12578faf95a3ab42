"""The messages of calls, kept until the run is over: those of the first calls for good, of the others the latest.

A page shows a few hundred calls of what may be millions. Which ones is known only when the run has been judged, so as
many are kept as a bounded memory holds.
"""

from __future__ import annotations

from collections.abc import Iterable

from simcarrier.records.transcript import Passed, Transcript, call_id_of

MOST_BYTES = 32 * 1024 * 1024
"""Bytes of messages: some 13,000 refused calls."""

PINNED = 50
"""Calls from the first on that are never given up."""


class KeptMessages:
    """Transcripts by Call-ID, in the order in which they began; what has no Call-ID stands under ``""``.

    Attributes:
        forgotten: calls that were given up.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.forgotten = 0
        self._most = most_bytes
        self._bytes = 0
        self._first: dict[str, Transcript] = {}
        self._later: dict[str, Transcript] = {}

    def add(self, passed: Passed) -> None:
        """Note a message, its ends named from the caller's side."""
        call_id = call_id_of(passed.data)
        transcript = self._first.get(call_id) or self._later.get(call_id)
        if transcript is None:
            room = self._first if len(self._first) < PINNED else self._later
            transcript = room[call_id] = Transcript()
        before = len(transcript.messages)
        transcript.add(passed)
        if len(transcript.messages) > before:
            self._bytes += len(passed.data)
        while self._bytes > self._most and self._later:
            self._forget(next(iter(self._later)))

    def _forget(self, call_id: str) -> None:
        self._bytes -= sum(len(passed.data) for passed in self._later.pop(call_id).messages)
        self.forgotten += 1

    def of(self, call_id: str) -> Transcript | None:
        """The messages of a call; None if there are none, or none any more."""
        return self._first.get(call_id) or self._later.get(call_id)

    def others(self, call_ids: Iterable[str]) -> dict[str, Transcript]:
        """What is of none of these calls, such as REGISTER."""
        of_calls = set(call_ids)
        return {key: kept for key, kept in (self._first | self._later).items() if key not in of_calls}
