"""What must rest: a number, a caller at a number, or a trunk, from a refusal on, for a time or for good.

Three expectations are of this kind. A call breaks the rest if it began after the dialler had heard of the refusal, and
before the time is over. A refusal that was never acknowledged is told late, when calls after it have been told already:
so the last call under each key is remembered too.
"""

from __future__ import annotations

from typing import NamedTuple

from simcarrier.records.model import CallRecord
from simcarrier.sip.session import Ending

from .bounded import Recent
from .evidence import Seen, known_at, response

FOREVER = float("inf")

Key = tuple[str, ...]


class Rest(NamedTuple):
    """A time without calls.

    Attributes:
        since, until: seconds since 1970.
        call: the refused call.
        why: what refused it, such as ``608 Rejected``.
    """

    since: float
    until: float
    call: Seen
    why: str


class Resting:
    """What must rest."""

    def __init__(self) -> None:
        self._rests: Recent[Key, Rest] = Recent()
        self._last: Recent[Key, Seen] = Recent()

    @property
    def forgotten(self) -> Recent[Key, Rest]:
        """Of what nothing is known any more."""
        return self._rests

    def broken_by(self, record: CallRecord, key: Key) -> Rest | None:
        """The rest that a call has broken, if it has broken one."""
        rest = self._rests.get(key)
        last = self._last.get(key)
        if last is None or record.started >= last.started:
            self._last.put(key, Seen.of(record))
        if rest is not None and rest.since <= record.started < rest.until:
            return rest
        return None

    def begin(self, record: CallRecord, key: Key, length: float) -> Seen | None:
        """A refusal after which something must rest. Returns a call that has broken it already, if one has."""
        since = known_at(record)
        before = self._rests.get(key)
        if before is None or since + length > before.until:
            self._rests.put(key, Rest(since, since + length, Seen.of(record), response(record)))
        if record.ending != Ending.UNACKNOWLEDGED:
            return None
        last = self._last.get(key)
        if last is not None and last.number != record.number and since <= last.started < since + length:
            return last
        return None
