"""From evidence to ranked causes: naive Bayes over the table, with what depends on each other put together.

For each condition the logarithm of its prior and of the probability of everything seen are added, each weighed by how
much it tells beside the rest; the sums, exponentiated, are the probabilities. Naive Bayes takes its features for
independent and is too sure of itself where they are not, hence:

- Code, phrase and what a 603 says of blocking are one feature, the answer.
- A Q.850 cause and the status that RFC 3398 makes of it are one thing said twice: then the cause counts, and the status
  does not. Where the two do not fit, the status was chosen by somebody, and both count.
- Times are looked at separately for calls that rang and calls that did not; a feature that a call cannot show is left
  out.
- What is left is met by the table's `weights`, below 1 for features that repeat in part what others say, and by
  `TEMPERATURE`.

They were set by hand and then checked with calls whose true condition is known (benchmarks/diagnosis.py): of answers
given with 70 %, about 70 % must be right.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from simcarrier.conditions import MEANINGS, Condition, Party
from simcarrier.sip.block_codes import BlockKind
from simcarrier.sip.isup import status_for

from .causes import CONDITIONS, Causes, Column, Retry, the_table
from .evidence import Evidence
from .words import answer_in_words, cause_in_words, in_words

TEMPERATURE: Final = 0.9
"""Divides all logarithms of probabilities: above 1 makes the diagnosis less sure of itself. Set on the calls of the
dialects that ship, where 1 is too modest; on dialects made at random 1 would be best."""

TELLS: Final = 0.12
"""A feature is told for or against a condition if it makes it likelier or less likely by an eighth or more."""

MOST_SENTENCES: Final = 6

_PARTIES: Final = tuple(MEANINGS[condition].refused_by for condition in CONDITIONS)


@dataclass(frozen=True, slots=True)
class Clue:
    """Something that speaks for some conditions and against others.

    Attributes:
        column: how likely it is for each condition.
        say: gives the sentence for a condition, and for whether it speaks for it.
        explains: whether it has a sentence for a condition that is told though it tells nothing beside others.
    """

    column: Column
    say: Callable[[Condition, bool], str]
    explains: Callable[[Condition], bool] | None = None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A condition and how likely it is what happened.

    Attributes:
        condition: what.
        probability: from 0 to 1; those of all conditions add to 1.
    """

    condition: Condition
    probability: float
    _clues: tuple[Clue, ...] = field(default=(), repr=False, compare=False)

    @property
    def evidence_for(self) -> list[str]:
        """What speaks for it, in sentences; what tells most first."""
        return self._evidence(True)

    @property
    def evidence_against(self) -> list[str]:
        """What speaks against it."""
        return self._evidence(False)

    def _evidence(self, good: bool) -> list[str]:
        """Sentences are made when somebody wants to read them, which costs more than the diagnosis itself."""
        at = CONDITIONS.index(self.condition)
        told: list[tuple[float, str]] = []
        for clue in self._clues:
            gain = clue.column.logs[at] - clue.column.usual
            if -TELLS < gain < TELLS and clue.explains is not None and clue.explains(self.condition):
                gain = TELLS
            if (gain >= TELLS) if good else (gain <= -TELLS):
                told.append((abs(gain), clue.say(self.condition, good)))
        told.sort(key=lambda one: -one[0])
        return [what for _, what in told[:MOST_SENTENCES]]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "condition": self.condition,
            "probability": round(self.probability, 4),
            "what": MEANINGS[self.condition].what,
            "evidence_for": self.evidence_for,
            "evidence_against": self.evidence_against,
        }


@dataclass(frozen=True, slots=True)
class Contacts:
    """Whom to ask, and where else to call; None for what was not told.

    Attributes:
        url, tel, email, id: of a 603+, for those who were blocked in error.
        card: where the signed card of a 608 is to be found.
        new_contact: the Contact of a redirection.
    """

    url: str | None = None
    tel: str | None = None
    email: str | None = None
    id: str | None = None
    card: str | None = None
    new_contact: str | None = None

    def __bool__(self) -> bool:
        return any((self.url, self.tel, self.email, self.card, self.new_contact))

    def as_dict(self) -> dict[str, str]:
        """For JSON: what there is."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}

    @property
    def redress(self) -> str:
        """Where to complain, in words; empty if nobody said."""
        told = [*(value for value in (self.url, self.tel, self.email) if value)]
        said = " or ".join(told)
        if self.card:
            said = f"{said} or the card at {self.card}" if said else f"the card at {self.card}"
        return f"{said} (id {self.id})" if said and self.id else said


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a call's evidence says of what happened to it.

    Attributes:
        ranked: every condition, the likeliest first.
        refused_by: who is behind it, as far as can be told.
        refused_by_probability: how sure that is.
        retry: whether calling again makes sense.
        retry_after: seconds that the carrier named; None if it did not.
        advice: what to do, in a sentence without a full stop.
        contacts: whom to ask.
        evidence: what it was made from.
        context: what other calls say, in sentences.
    """

    ranked: tuple[Ranked, ...]
    refused_by: Party
    refused_by_probability: float
    retry: Retry
    retry_after: int | None
    advice: str
    contacts: Contacts
    evidence: Evidence
    context: tuple[str, ...] = ()
    _clues: tuple[Clue, ...] = field(default=(), repr=False, compare=False)
    _priors: Sequence[float] = field(default=(), repr=False, compare=False)

    @property
    def top(self) -> Ranked:
        """The likeliest."""
        return self.ranked[0]

    @property
    def condition(self) -> Condition:
        """The likeliest condition."""
        return self.ranked[0].condition

    def probability_of(self, condition: Condition) -> float:
        """How likely a condition is."""
        return next(each.probability for each in self.ranked if each.condition is condition)

    def with_clue(self, clue: Clue) -> Diagnosis:
        """The diagnosis with one thing more that is known."""
        return _ranked((*self._clues, clue), self._priors, self.evidence, (*self.context, clue), the_table())

    def as_dict(self, most: int = 5) -> dict[str, Any]:
        """For JSON, with so many of the ranked conditions."""
        return {
            "condition": self.condition,
            "probability": round(self.top.probability, 4),
            "refused_by": self.refused_by,
            "refused_by_probability": round(self.refused_by_probability, 4),
            "retry": self.retry,
            "retry_after": self.retry_after,
            "advice": self.advice,
            "contacts": self.contacts.as_dict(),
            "context": list(self.context),
            "ranked": [each.as_dict() for each in self.ranked[:most]],
        }


def clues_of(evidence: Evidence, table: Causes) -> list[Clue]:
    """What a call's evidence says of each condition."""
    clues: list[Clue] = []
    cause = evidence.cause
    if cause is not None:
        clues.append(Clue(table.cause(cause), lambda condition, good: cause_in_words(evidence)))
    if cause is None or evidence.code is None or status_for(cause, evidence.location) != evidence.code:

        def answer(condition: Condition, good: bool) -> str:
            note = table.note(condition, evidence) if good else None
            return note or answer_in_words(evidence, good)

        clues.append(
            Clue(table.answer(evidence.answer), answer, lambda condition: table.note(condition, evidence) is not None)
        )
    for feature, value in evidence.known:
        say = partial(_say, evidence, feature, value)
        clues.append(Clue(table.features[feature][value], say))
    return clues


def _say(evidence: Evidence, feature: str, value: str, condition: Condition, good: bool) -> str:
    return in_words(evidence, feature, value, condition)


def posterior(clues: Iterable[Clue], priors: Sequence[float]) -> list[float]:
    """The probability of each condition, in the order of `CONDITIONS`.

    Args:
        clues: what speaks for and against.
        priors: logarithms.
    """
    said = list(map(math.fsum, zip(*(clue.column.logs for clue in clues), strict=True))) or [0.0] * len(CONDITIONS)
    scores = [prior + score / TEMPERATURE for prior, score in zip(priors, said, strict=True)]
    best = max(scores)
    shares = [math.exp(score - best) for score in scores]
    total = sum(shares)
    return [share / total for share in shares]


def rank(
    evidence: Evidence,
    more: Sequence[Clue] = (),
    *,
    table: Causes | None = None,
    priors: Mapping[Condition, float] | None = None,
) -> Diagnosis:
    """The diagnosis of a call.

    Args:
        evidence: what it has shown.
        more: what else is known, from other calls.
        table: of causes; the one that ships if None.
        priors: how often each condition is to be expected, weights of which only the ratio counts; the table's if None.
    """
    table = table or the_table()
    known = table.priors if priors is None else _logs(priors)
    return _ranked((*clues_of(evidence, table), *more), known, evidence, more, table)


def _ranked(
    clues: tuple[Clue, ...], priors: Sequence[float], evidence: Evidence, more: Sequence[Clue | str], table: Causes
) -> Diagnosis:
    shares = posterior(clues, priors)
    order = sorted(range(len(CONDITIONS)), key=lambda at: -shares[at])
    parties: dict[Party, float] = {}
    for at, share in enumerate(shares):
        parties[_PARTIES[at]] = parties.get(_PARTIES[at], 0.0) + share
    refused_by = max(parties, key=lambda party: parties[party])
    top = CONDITIONS[order[0]]
    contacts = _contacts(evidence)
    return Diagnosis(
        tuple(Ranked(CONDITIONS[at], shares[at], clues) for at in order),
        refused_by,
        parties[refused_by],
        table.rows[top].retry,
        evidence.retry_after,
        _advice(top, evidence, contacts),
        contacts,
        evidence,
        tuple(dict.fromkeys(clue if isinstance(clue, str) else clue.say(top, True) for clue in more)),
        clues,
        priors,
    )


def _logs(priors: Mapping[Condition, float]) -> list[float]:
    weights = [priors.get(condition, 0.0) for condition in CONDITIONS]
    total = sum(weights)
    return [math.log(weight / total) if weight > 0 else -math.inf for weight in weights]


def _contacts(evidence: Evidence) -> Contacts:
    redress = evidence.block.redress
    return Contacts(redress.url, redress.tel, redress.email, redress.id, evidence.card, evidence.new_contact)


def _advice(top: Condition, evidence: Evidence, contacts: Contacts) -> str:
    """What to do, with the contact and the time that this call brought."""
    advice = MEANINGS[top].advice
    if top is Condition.BLOCKED_BY_ANALYTICS and contacts.redress:
        return f"do not retry; stop this caller ID, and dispute the block: {contacts.redress}"
    if top is Condition.BLOCKED_BY_ANALYTICS and evidence.block.kind is not BlockKind.CONFORMANT:
        return (
            "do not retry; stop this caller ID, check its reputation, and ask the carrier who blocked: "
            "no contact came with the refusal"
        )
    if top is Condition.NUMBER_CHANGED and contacts.new_contact:
        return f"use the new number: {contacts.new_contact}"
    if evidence.retry_after is not None and top in _TAKES_TIME:
        return f"{advice} ({evidence.retry_after} s, as the carrier says)"
    return advice


_TAKES_TIME: Final = frozenset(
    {
        Condition.RATE_EXCEEDED,
        Condition.LINES_FULL,
        Condition.ROUTE_CONGESTED,
        Condition.AREA_THROTTLED,
        Condition.SUBSCRIBER_UNAVAILABLE,
        Condition.CARRIER_FAILURE,
    }
)
"""Conditions that pass, so that Retry-After is advice."""
