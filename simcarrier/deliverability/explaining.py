"""The likely cause of an alert: what the records hold, else the diagnosis of the calls as far as the records tell them.

The calls are those that failed alike, so they are no history for each other: that all of them failed says nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from simcarrier.conditions import Condition
from simcarrier.diagnosis import diagnose
from simcarrier.records.observation import Observation, Outcome, Seen

from .causes import in_words, likely_cause

DIAGNOSED: Final = 10
"""Calls that are looked at, the latest: each takes a millisecond, and they failed alike."""

_OUTCOMES: Final = {
    "answered": Outcome.ANSWERED,
    "refused": Outcome.REFUSED,
    "cancelled": Outcome.RANG_OUT,
    "stalled": Outcome.STALLED,
    "silent": Outcome.SILENT,
    "failed": Outcome.TRANSPORT_FAILED,
}


def explain(calls: Sequence[Mapping[str, Any]]) -> str | None:
    """The likely cause behind calls that failed alike, in words; None if nothing is known of them.

    Args:
        calls: with the columns of `simcarrier.deliverability.statements.EVIDENCE`, the latest first.
    """
    told = likely_cause(calls)
    if told is not None:
        return told
    shares: defaultdict[Condition, float] = defaultdict(float)
    seen = [call for call in calls if call["code"] is not None or call["outcome"] in _OUTCOMES][:DIAGNOSED]
    for call in seen:
        made, timed = observation_of(call)
        for each in diagnose(made, timed=timed).ranked:
            shares[each.condition] += each.probability
    if not shares:
        return None
    condition, share = min(shares.items(), key=lambda item: (-item[1], item[0]))
    last = "the last such call" if len(seen) == 1 else f"the last {len(seen)} such calls"
    return f"{condition}: {in_words(str(condition))} ({share / len(seen):.0%} by diagnosis of {last})"


def observation_of(call: Mapping[str, Any]) -> tuple[Observation, bool]:
    """A recorded call as the diagnosis wants it, and whether its times are known."""
    began, final, ringing, rang = int(call["began"]), call["final"], call["ringing"], call["rang"]
    timed = rang is not None and (final is not None or call["code"] is None)

    def after(at: Any) -> float:
        return max(0, int(at) - began) / 1000 if timed and at is not None else 0.0

    made = Observation(
        1,
        str(call["trunk"] or ""),
        "UDP",
        "",
        str(call["caller"] or ""),
        str(call["called"] or ""),
        started=began / 1000,
    )
    code = None if call["code"] is None else int(call["code"])
    made.outcome = _OUTCOMES.get(call["outcome"])
    if made.outcome is None and code is not None:
        made.outcome = Outcome.ANSWERED if code < 300 else Outcome.REFUSED
    first = call["first_response"]
    if first is not None and first != final and first != ringing:
        made.provisionals.append(Seen(after(first), 100, "Trying"))
    if rang:
        made.provisionals.append(Seen(after(ringing), 180, "Ringing"))
    elif ringing is not None:
        made.provisionals.append(Seen(after(ringing), 183, "Session Progress"))
    if code is not None:
        told = {"reason": call["reason"], "retry-after": call["retry_after"]}
        fields = {name: (str(value),) for name, value in told.items() if value is not None}
        made.final = Seen(after(final), code, str(call["phrase"] or ""), fields)
    if made.outcome is Outcome.RANG_OUT:
        made.gave_up = after(call["ended"] if final is None else final)
    return made, timed
