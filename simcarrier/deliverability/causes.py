"""What is probably behind some calls that failed alike: what the records say of their causes, put together.

A record can hold what really happened (where a simulation knows it), or the first cause that the diagnosis named. Where
it holds neither, a 603 that says of itself that it is a block speaks for itself. The rest is left to who asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from simcarrier.conditions import MEANINGS, Condition


def likely_cause(calls: Sequence[Mapping[str, Any]]) -> str | None:
    """The cause that most of the calls have, in words, and how many have it; None if none of them tells any."""
    told = [cause for call in calls if (cause := cause_of(call)) is not None]
    if not told:
        return None
    cause, count = sorted(Counter(told).items(), key=lambda item: (-item[1], item[0]))[0]
    return f"{cause}: {in_words(cause)} ({count} of the last {len(calls)} such calls)"


def cause_of(call: Mapping[str, Any]) -> str | None:
    """The cause that a record holds, or that the call's own 603 tells."""
    known = call.get("condition") or call.get("cause")
    if known:
        return str(known)
    return str(Condition.BLOCKED_BY_ANALYTICS) if call.get("class_603") in ("conformant", "partial") else None


def in_words(cause: str) -> str:
    """What a cause means."""
    try:
        return MEANINGS[Condition(cause)].what
    except ValueError:
        return "as the records name it"
