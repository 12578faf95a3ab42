"""Calls as they are shown in evidence: the parties, when, the Call-ID, and what was wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from simcarrier.conditions import Condition
from simcarrier.records.model import CallRecord
from simcarrier.sip.block_codes import PHRASE

_BLOCK = PHRASE.lower()

ROUNDING = 1e-6
"""Seconds by which two times of one moment may differ: what a binary fraction makes of seconds since 1970."""


class Seen(NamedTuple):
    """What is kept of a call: much less than its record."""

    called: str
    caller: str
    call_id: str
    started: float
    number: int

    @classmethod
    def of(cls, record: CallRecord) -> Seen:
        """That of a record."""
        return cls(record.called, record.caller, record.call_id, record.started, record.number)

    def __str__(self) -> str:
        said = f"{self.caller or '?'} -> {self.called or '?'} at {clock(self.started)}, Call-ID {self.call_id or '?'}"
        return printable(said)


class Note(NamedTuple):
    """A call, and what was wrong with it."""

    call: Seen
    what: str

    def __str__(self) -> str:
        return f"{self.call}: {printable(self.what)}"


def note(record: CallRecord, what: str) -> Note:
    """A note on a call."""
    return Note(Seen.of(record), what)


def printable(text: str) -> str:
    """Text from the wire, fit for a terminal and a file."""
    return text if text.isprintable() else text.encode("unicode_escape", "backslashreplace").decode("ascii")


def clock(seconds: float) -> str:
    """A time since 1970 as ``12:34:56.789`` UTC; the day stands in the report's head."""
    try:
        at = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{seconds:g} s"
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"


def seconds(length: float) -> str:
    """A length of time in words: ``250 ms``, ``1.5 s``, ``10 min``, ``4 h``."""
    if length < 1:
        return f"{length * 1000:.0f} ms"
    for unit, name in ((3600, "h"), (60, "min")):
        if length >= unit and length % unit == 0:
            return f"{length / unit:g} {name}"
    return f"{length:.3f}".rstrip("0").rstrip(".") + " s"


def percent(share: float) -> str:
    """A share in words: ``5%``, ``0.3%``."""
    return f"{share * 100:.1f}".removesuffix(".0") + "%"


def known_at(record: CallRecord) -> float:
    """When the dialler has heard of a call's final response for certain: its ACK has come. Without one, when it was
    sent; without a response, when the call was over. Seconds since 1970.

    What came together with the ACK came after it: a dialler that is quick sends both at once.
    """
    for after in (record.acknowledged_after, record.responded_after, record.ended_after):
        if after is not None:
            return record.started + after - ROUNDING
    return record.started


def is_block(record: CallRecord) -> bool:
    """Whether a final response is a 603+: a network's analytics have blocked the call."""
    if record.code != 603:
        return False
    return record.condition == Condition.BLOCKED_BY_ANALYTICS or (record.phrase or "").lower() == _BLOCK


def response(record: CallRecord) -> str:
    """A call's final response in words."""
    return "no final response" if record.code is None else f"{record.code} {record.phrase or ''}".strip()
