"""What is told of a probed call: what was seen, what it means, and whether it is what was expected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from simcarrier.diagnosis import Call, Diagnosis, Ranked, diagnose
from simcarrier.records.observation import Observation

from .campaign import Wanted
from .cards import Card
from .guard import Refusal


@dataclass(frozen=True, slots=True)
class Result:
    """One call of a plan.

    Attributes:
        wanted: as the plan has it.
        observation: what was seen; None if the guard refused the call.
        diagnosis: what it means; None likewise.
        refusal: why it was not made.
        difference: what is otherwise than expected; None if nothing is, or nothing was expected.
        card: what the card of a 608 says; None if there was none, or none was to be read.
    """

    wanted: Wanted
    observation: Observation | None = None
    diagnosis: Diagnosis | None = None
    refusal: Refusal | None = None
    difference: str | None = None
    card: Card | None = None

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

    def as_dict(self) -> dict[str, Any]:
        """For JSON: one object a call."""
        seen, meant = self.observation, self.diagnosis
        told: dict[str, Any] = {
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
            "causes": [] if meant is None else [_cause(cause) for cause in meant.ranked[:TOLD]],
            "refused_by": None if meant is None else meant.refused_by,
            "retry": None if meant is None else meant.retry,
            "retry_after": None if meant is None else meant.retry_after,
            "advice": None if meant is None else meant.advice,
            "contacts": {} if meant is None else meant.contacts.as_dict(),
            "card": None if self.card is None else self.card.as_dict(),
            "expected": self.as_expected,
            "difference": self.difference,
        }
        if self.refusal is not None:
            told["refused"] = {"rule": self.refusal.rule, "why": self.refusal.why}
        if seen is not None:
            told["observation"] = seen.as_dict()
        return told


TOLD = 5
"""Causes told of one call."""


def _cause(ranked: Ranked) -> dict[str, Any]:
    return {
        "condition": ranked.condition,
        "probability": round(ranked.probability, 4),
        "evidence": ranked.evidence_for,
        "against": ranked.evidence_against,
    }


def judged(wanted: Wanted, seen: Observation, history: Iterable[Call]) -> Result:
    """What a call that was made comes to.

    Args:
        wanted: as the plan has it.
        seen: what was seen.
        history: the calls of the same run that ended before it.
    """
    meant = diagnose(seen, history)
    difference = None
    if wanted.expect is not None:
        code = None if seen.final is None else seen.final.code
        difference = wanted.expect.difference(seen.outcome, code, meant.condition)
    return Result(wanted, seen, meant, None, difference)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)
