"""What is told of a probed call: what was seen, what it means, and whether it is what was expected.

Under load thousands of calls show the same. What they mean is worked out once, and put into words and JSON once: a
diagnosis depends on nothing but what the call has shown, if no other calls are looked at (`_alone`, `_meaning`).
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from simcarrier.conditions import Party
from simcarrier.diagnosis import Call, Diagnosis, Ranked, diagnose
from simcarrier.diagnosis.evidence import MANY_CALLS
from simcarrier.records.observation import Observation, Outcome, Seen

from .campaign import Wanted
from .cards import Card
from .follow_up import FollowUp
from .guard import Refusal


@dataclass(frozen=True, slots=True)
class Result:
    """One call of a plan.

    Attributes:
        wanted: as the plan has it.
        observation: what was seen; None if the guard refused the call.
        diagnosis: what it means; None likewise, and for a call that was broken off.
        refusal: why it was not made.
        difference: what is otherwise than expected; None if nothing is, or nothing was expected.
        card: what the card of a 608 says; None if there was none, or none was to be read.
        follow_ups: what was asked by further calls to find the cause, in order.
    """

    wanted: Wanted
    observation: Observation | None = None
    diagnosis: Diagnosis | None = None
    refusal: Refusal | None = None
    difference: str | None = None
    card: Card | None = None
    follow_ups: tuple[FollowUp, ...] = ()

    @property
    def as_expected(self) -> bool:
        """Whether the call was made and came to what was expected."""
        return self.difference is None and self.refusal is None

    @property
    def verdict(self) -> str:
        """In one word: how it went, or that it was not made."""
        if self.observation is None:
            return "not called"
        return str(self.observation.outcome or "unknown")

    @property
    def refused_by(self) -> Party | None:
        """Who refused, as far as can be told; None if not a single response came: then nobody has."""
        seen, meant = self.observation, self.diagnosis
        if seen is None or meant is None or not (seen.final or seen.provisionals):
            return None
        return meant.refused_by

    def as_dict(self) -> dict[str, Any]:
        """For JSON: one object a call."""
        return {**self._what(), **_meaning(self.diagnosis).told, **self._more()}

    def as_json(self) -> str:
        """The same as text, in a line."""
        return f"{{{_inner(self._what())},{_meaning(self.diagnosis).text},{_inner(self._more())}}}"

    def _what(self) -> dict[str, Any]:
        seen = self.observation
        return {
            "event": "call",
            "to": self.wanted.called,
            "from": self.wanted.caller,
            "trunk": self.wanted.trunk,
            "verdict": self.verdict,
            "code": None if seen is None or seen.final is None else seen.final.code,
            "phrase": None if seen is None or seen.final is None else seen.final.phrase,
            "reasons": [] if seen is None or seen.final is None else list(seen.final.values("reason")),
            "provisionals": [] if seen is None else [one.as_dict() for one in seen.provisionals],
            "post_dial_delay": None if seen is None else _rounded(seen.post_dial_delay),
            "refused_by": self.refused_by,
        }

    def _more(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "card": None if self.card is None else self.card.as_dict(),
            "follow_ups": [one.as_dict() for one in self.follow_ups],
            "expected": self.as_expected,
            "difference": self.difference,
        }
        if self.refusal is not None:
            told["refused"] = {"rule": self.refusal.rule, "why": self.refusal.why}
        if self.observation is not None:
            told["observation"] = self.observation.as_dict()
        return told


_encode = json.JSONEncoder(separators=(",", ":")).encode


def _inner(told: dict[str, Any]) -> str:
    """An object as JSON, without its braces."""
    return _encode(told)[1:-1]


TOLD = 5
"""Causes told of one call."""


def _cause(ranked: Ranked) -> dict[str, Any]:
    return {
        "condition": ranked.condition,
        "probability": round(ranked.probability, 4),
        "evidence": ranked.evidence_for,
        "against": ranked.evidence_against,
    }


@dataclass(frozen=True, slots=True)
class _Meaning:
    """A diagnosis as it is told; ``text`` is the same as ``told``, in JSON without its braces."""

    diagnosis: Diagnosis | None
    told: dict[str, Any]
    text: str


REMEMBERED = 256
"""Diagnoses whose words are remembered, and kinds of evidence whose diagnoses are."""

_meanings: dict[int, _Meaning] = {}


def _meaning(meant: Diagnosis | None) -> _Meaning:
    """What a diagnosis says, in words; remembered by identity, for it is long to compare."""
    known = _meanings.get(id(meant))
    if known is None:
        told = {
            "causes": [] if meant is None else [_cause(cause) for cause in meant.ranked[:TOLD]],
            "retry": None if meant is None else meant.retry,
            "retry_after": None if meant is None else meant.retry_after,
            "advice": None if meant is None else meant.advice,
            "contacts": {} if meant is None else meant.contacts.as_dict(),
        }
        if len(_meanings) >= REMEMBERED:
            _meanings.clear()
        # With the diagnosis itself, so that its identity is not given to another.
        known = _meanings[id(meant)] = _Meaning(meant, told, _inner(told))
    return known


_diagnoses: dict[tuple[object, ...], Diagnosis] = {}


def _alone(seen: Observation) -> Diagnosis:
    """The diagnosis of a call without a look at others: that of the first call which showed the same."""
    likeness = _likeness(seen)
    meant = _diagnoses.get(likeness)
    if meant is None:
        if len(_diagnoses) >= REMEMBERED:
            _diagnoses.clear()
        meant = _diagnoses[likeness] = diagnose(seen)
    return meant


def _likeness(seen: Observation) -> tuple[object, ...]:
    """All that a call has shown, its times to the hundredth of a second, which is what sentences tell at most."""
    final, answered, ended = seen.final, seen.answered, seen.ended
    return (
        seen.outcome,
        seen.trunk,
        seen.transport,
        seen.caller,
        seen.called,
        None if final is None else _shown(final),
        tuple([_shown(one) for one in seen.provisionals]),
        tuple([_shown(one) for one in seen.earlier]),
        tuple([_shown(one) for one in seen.after]),
        None if seen.gave_up is None else round(seen.gave_up, 2),
        None if answered is None or ended is None else round(ended - answered, 2),
        seen.hung_up_by,
        tuple(seen.bye.items()),
        tuple(seen.targets),
        seen.rounds,
        min(seen.concurrent, MANY_CALLS),  # more says no more
        seen.forks,
        seen.trouble,
    )


def _shown(one: Seen) -> tuple[object, ...]:
    return round(one.at, 2), one.code, one.phrase, tuple(one.headers.items()), one.sdp, one.reliable


def judged(wanted: Wanted, seen: Observation, history: Collection[Call]) -> Result:
    """What a call that was made comes to.

    Args:
        wanted: as the plan has it.
        seen: what was seen.
        history: the calls of the same run that ended before it.
    """
    meant = diagnose(seen, history) if history else _alone(seen)
    # A call that we broke off ourselves says nothing, and what it says of nothing would only mislead.
    told = None if seen.outcome is Outcome.INTERRUPTED else meant
    return Result(wanted, seen, told, None, difference_of(wanted, seen, meant))


def difference_of(wanted: Wanted, seen: Observation, meant: Diagnosis) -> str | None:
    """What is otherwise than expected; None if nothing is, or nothing was expected."""
    if wanted.expect is None:
        return None
    code = None if seen.final is None else seen.final.code
    return wanted.expect.difference(seen.outcome, code, meant.condition)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)
