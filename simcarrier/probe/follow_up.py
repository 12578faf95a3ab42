"""What was asked by a further call to find the cause of a failed one, and how the answer moved the ranking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simcarrier.conditions import Condition
from simcarrier.diagnosis import Diagnosis
from simcarrier.diagnosis.follow_ups import Answer, Kind
from simcarrier.records.observation import Observation

from .guard import Refusal

LEADING = 3
"""Causes whose movement is told, before and after an answer."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One question.

    Attributes:
        kind: which.
        asked: what was done, in words.
        why: what the answer was expected to tell.
        gain: nats of doubt that it was expected to take away.
        before, after: the diagnosis without and with the answer.
        observation: what was seen; None if the guard refused, or nothing was sent.
        answer: in comparison with the first call; None if there was none.
        refusal: the guard's, if it was not permitted.
    """

    kind: Kind
    asked: str
    why: str
    gain: float
    before: Diagnosis
    after: Diagnosis
    observation: Observation | None = None
    answer: Answer | None = None
    refusal: Refusal | None = None

    @property
    def moved(self) -> list[tuple[Condition, float, float]]:
        """The causes that led before or lead after, the likeliest now first: each with both probabilities."""
        leading = [*self.after.ranked[:LEADING], *self.before.ranked[:LEADING]]
        conditions = dict.fromkeys(each.condition for each in leading)
        return [(each, self.before.probability_of(each), self.after.probability_of(each)) for each in conditions]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        seen = self.observation
        told: dict[str, Any] = {
            "kind": self.kind,
            "asked": self.asked,
            "why": self.why,
            "gain": round(self.gain, 4),
            "answer": self.answer,
            "code": None if seen is None or seen.final is None else seen.final.code,
            "moved": [
                {"condition": condition, "before": round(before, 4), "after": round(after, 4)}
                for condition, before, after in self.moved
            ],
        }
        if self.refusal is not None:
            told["refused"] = {"rule": self.refusal.rule, "why": self.refusal.why}
        if seen is not None:
            told["observation"] = seen.as_dict()
        return told
