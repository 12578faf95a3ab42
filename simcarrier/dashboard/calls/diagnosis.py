"""What a dialler would make of a call, from what it sees of it: its messages, or what a record has kept of them.

What really happened is not looked at. Where a simulation knows it, both stand side by side on the page, which shows how
much the code says of the cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from simcarrier.conditions import MEANINGS, Condition
from simcarrier.diagnosis import Call, diagnose
from simcarrier.diagnosis.follow_ups import next_question
from simcarrier.diagnosis.messages import Heard, calls_of, read_messages
from simcarrier.diagnosis.words import name_of, retry_in_words
from simcarrier.records.ladder import address_text
from simcarrier.records.model import CallRecord
from simcarrier.records.observation import Observation, Outcome, Seen
from simcarrier.records.row import Row, row_of_call
from simcarrier.records.transcript import Passed

LIKELY: Final = 0.05
"""Causes less probable than this are left out, save the first."""

MOST_CAUSES: Final = 4

AROUND: Final = 250
"""Calls that ended before, which the diagnosis looks at, too."""

_LONGEST_MESSAGE: Final = 16_384
"""Bytes of a message that are read."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One of the likely causes.

    Attributes:
        condition, what: it, by name and in words.
        probability: from 0 to 1.
        speaks_for, speaks_against: sentences.
    """

    condition: Condition
    what: str
    probability: float
    speaks_for: Sequence[str]
    speaks_against: Sequence[str]


@dataclass(frozen=True, slots=True)
class Told:
    """A diagnosis as a page tells it.

    Attributes:
        seen: what came back, in short.
        causes: the likely ones, the likeliest first.
        refused_by, sure: who is behind it, and how sure that is.
        retry, advice: what to do.
        context: what other calls say.
        question: what would tell more, as something to try; None if nothing would.
    """

    seen: str
    causes: Sequence[Cause]
    refused_by: str
    sure: float
    retry: str
    advice: str
    context: Sequence[str]
    question: str | None


def diagnosis_of_call(record: CallRecord, messages: Sequence[Passed], before: Iterable[CallRecord] = ()) -> Told:
    """The diagnosis of a call that our carrier took.

    Args:
        record: its record, for where there are no messages.
        messages: as the caller saw them.
        before: other calls.
    """
    heard = heard_in(messages) or Heard(observation_of(row_of_call(record, None)), True)
    history = [Call.of(observation_of(row_of_call(other, None))) for other in before if other.number != record.number]
    return _told(heard, history)


def diagnosis_of_row(row: Row) -> Told:
    """The diagnosis of a stored call."""
    return _told(Heard(observation_of(row), True), ())


def heard_in(messages: Sequence[Passed]) -> Heard | None:
    """What a caller heard; None if there is no INVITE in it, whose answers tell nothing without it."""
    read = [
        message
        for passed in messages
        for message in read_messages(
            passed.data[:_LONGEST_MESSAGE].decode("utf-8", "replace"),
            passed.at,
            address_text(passed.local if passed.sent else passed.remote),
        )
    ]
    if not any(message.method == "INVITE" for message in read):
        return None
    return next(iter(calls_of(read)), None)


def observation_of(row: Row) -> Observation:
    """What a row has kept of what the caller saw."""

    def after(at: int | None) -> float | None:
        return None if at is None else max(0.0, (at - row.began) / 1000)

    first, ringing, final, ended = after(row.first_response), after(row.ringing), after(row.final), after(row.ended)
    seen = Observation(0, "", "", "", row.caller or "", row.called or "", row.call_id or "", row.began / 1000)
    if first is not None and (ringing is None or first < ringing) and (final is None or first < final):
        seen.provisionals.append(Seen(first, 100, "Trying"))
    if ringing is not None:
        seen.provisionals.append(Seen(ringing, 180 if row.rang else 183, "Ringing" if row.rang else "Session Progress"))
    headers: dict[str, tuple[str, ...]] = {}
    if row.reason:
        headers["reason"] = (row.reason,)
    if row.retry_after is not None:
        headers["retry-after"] = (str(row.retry_after),)
    end = final if final is not None else ended
    given_up = row.outcome in ("cancelled", "stalled", "silent")
    if row.code is not None and not given_up:
        seen.final = Seen(end or 0.0, row.code, row.phrase or "", headers)
    seen.ended = ended
    if given_up:
        seen.gave_up = end
    seen.answered = after(row.answered)
    seen.outcome = _outcome_of(row, first, ringing)
    return seen


def _outcome_of(row: Row, first: float | None, ringing: float | None) -> Outcome:
    if row.outcome in ("cancelled", "stalled", "silent"):
        if ringing is not None:
            return Outcome.RANG_OUT
        return Outcome.SILENT if first is None else Outcome.STALLED
    if row.outcome == "failed":
        return Outcome.TRANSPORT_FAILED
    if row.code is None:
        return Outcome.ANSWERED if row.outcome == "answered" else Outcome.INTERRUPTED
    if row.code < 300:
        return Outcome.ANSWERED
    if row.code < 400:
        return Outcome.REDIRECTED
    return Outcome.UNAUTHORISED if row.code in (401, 407) else Outcome.REFUSED


def _told(heard: Heard, history: Iterable[Call]) -> Told:
    made = diagnose(heard.observation, history, timed=heard.timed)
    likely = [each for place, each in enumerate(made.ranked[:MOST_CAUSES]) if not place or each.probability >= LIKELY]
    question = next_question(made)
    return Told(
        name_of(made.evidence),
        [
            Cause(
                each.condition,
                MEANINGS[each.condition].what,
                each.probability,
                each.evidence_for,
                each.evidence_against,
            )
            for each in likely
        ],
        str(made.refused_by),
        made.refused_by_probability,
        retry_in_words(made.retry, made.retry_after),
        made.advice,
        made.context,
        None if question is None else question.what,
    )
