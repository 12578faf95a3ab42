"""A call's record and its messages as people read them, on whatever page they stand. Nothing here is escaped yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from simcarrier.conditions import MEANINGS
from simcarrier.records.ladder import address_text
from simcarrier.records.model import CallRecord
from simcarrier.records.transcript import Passed

LONGEST_MESSAGE = 16_384
"""Bytes shown of one message."""


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A message.

    Attributes:
        after: the time since the call's first message.
        way: who sent it: the dialler or the carrier.
        what: method, or code and phrase.
        text: it, as far as it is shown.
    """

    after: str
    way: str
    what: str
    text: str


def facts_of(record: CallRecord) -> list[tuple[str, str]]:
    """What is known of a call, each thing with its name; nothing for what is not known."""
    condition = MEANINGS[record.condition].what if record.condition is not None else ""
    ended = "" if record.ended_after is None else f" after {record.ended_after:.3f} s"
    told = [
        ("what happened", f"{record.condition}: {condition}" if condition else ""),
        ("decided by", record.why or (f"rule {record.rule}" if record.rule else "no rule matched")),
        ("rule", record.rule or "" if record.why else ""),
        ("cut off", record.cut or ""),
        ("dialect", record.dialect or ""),
        ("customer", record.customer or ""),
        ("trunk", record.trunk or ""),
        ("charged", record.charged or ""),
        ("attestation", record.attestation or ""),
        ("identity", record.identity or ""),
        ("provisional", ", ".join(map(str, record.provisional))),
        ("ended", f"{record.ending.replace('_', ' ')}{ended}" if record.ending else ""),
        *([] if record.media is None else record.media.facts()),
        ("from", f"{address_text(record.source)} over {record.transport}"),
        ("began", time_text(record.started)),
        ("Call-ID", record.call_id),
    ]
    return [(name, value) for name, value in told if value]


def time_text(at: float) -> str:
    """A time in UTC to the millisecond, for people; seconds where no calendar has such a time."""
    try:
        told = datetime.fromtimestamp(at, UTC).isoformat(" ", "milliseconds")
    except (ValueError, OverflowError, OSError):
        return f"{at:.3f} s since 1970"
    return told.replace("+00:00", " UTC")


def shown_message(passed: Passed, first: float) -> ShownMessage:
    """A message of a call.

    Args:
        passed: it, as the dialler saw it.
        first: when the call's first message came or went, seconds since 1970.
    """
    text = passed.data[:LONGEST_MESSAGE].decode("utf-8", "backslashreplace")
    shown = text.replace("\r\n", "\n").rstrip("\n")
    if len(passed.data) > LONGEST_MESSAGE:
        shown += f"\n... and {len(passed.data) - LONGEST_MESSAGE:,} more bytes"
    return ShownMessage(f"{passed.at - first:.3f} s", "dialler" if passed.sent else "carrier", passed.what[:200], shown)


def kind_of(code: int | None) -> str:
    """How a final code is coloured: ``success``, ``refusal``, or ``provisional`` where there is none."""
    if code is None:
        return "provisional"
    return "success" if 200 <= code < 300 else "refusal"
