"""Follow-up questions: which further call would tell most about the causes that remain close.

Where one call leaves three causes open, a second one tells them apart: the same number in another form, a number that
is known to answer, another caller ID, the same after a pause. `follow_ups.yaml` says for each question what comes back
for each cause. The best question is the one whose answer is expected to leave least in doubt: of the doubt (the entropy
of the probabilities) that is left after each possible answer, weighed by how likely that answer is, the smallest, with
regard to what the question costs.

`next_question` picks one, `compare` reads the answer off the second call, `learn` puts it into the diagnosis.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, partial
from typing import Final

from simcarrier.conditions import Condition
from simcarrier.records.observation import Observation, Outcome

from .causes import CONDITIONS, Column, column_of, the_table
from .context import conditions_in, groups_of
from .evidence import read_evidence
from .ranking import TEMPERATURE, Clue, Diagnosis
from .tables import Lines, Source, shipped

WEIGHT: Final = 0.85
"""How much an answer counts: the questions are not quite independent of each other, a trunk in trouble fails all."""

ENOUGH: Final = 0.95
"""A cause that is so probable needs no further question."""

LEAST_GAIN: Final = 0.04
"""Nats of doubt that a question must be expected to take away, for each unit of its cost."""


class Kind(StrEnum):
    """What can be asked."""

    OTHER_FORM = "other_form"
    CONTROL_NUMBER = "control_number"
    OTHER_CALLER = "other_caller"
    AFTER_30S = "after_30s"
    AFTER_5MIN = "after_5min"
    ONE_AT_A_TIME = "one_at_a_time"
    OTHER_REGION = "other_region"
    OPTIONS = "options"
    REGISTER = "register"
    REGISTER_AND_CALL = "register_and_call"


class Answer(StrEnum):
    """What came back, in comparison with the first call."""

    SAME = "same"
    PASSES = "passes"
    OTHER = "other"


PAUSES: Final[Mapping[Kind, float]] = {Kind.AFTER_30S: 30.0, Kind.AFTER_5MIN: 300.0}
"""Seconds to wait before the question is asked."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something to ask by calling again.

    Attributes:
        kind: what to do.
        what: the same in words.
        gain: nats of doubt that the answer is expected to take away.
        pause: seconds to wait before.
    """

    kind: Kind
    what: str
    gain: float
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class _Expected:
    """A row of the table: what comes back, for each condition in the order of `CONDITIONS`."""

    ask: str
    cost: float
    answers: Mapping[Answer, tuple[float, ...]]
    columns: Mapping[Answer, Column]


_SAID: Final = {
    Answer.SAME: "asked to {ask}: the same answer came back",
    Answer.PASSES: "asked to {ask}: it got through",
    Answer.OTHER: "asked to {ask}: another answer came back",
}


_COMES: Final = {
    Answer.SAME: "the same answer comes back",
    Answer.PASSES: "it gets through",
    Answer.OTHER: "another answer comes back",
}

LEADING: Final = 4
"""Causes among which a question is explained."""


def compare(kind: Kind, first: Observation, second: Observation) -> Answer:
    """What the second call says, in comparison with the first.

    Args:
        kind: what was asked.
        first: the call that was diagnosed.
        second: the call, or the OPTIONS or REGISTER, that was made to find out.
    """
    if kind in (Kind.OPTIONS, Kind.REGISTER):
        if second.final is None:
            return Answer.OTHER
        return Answer.PASSES if second.final.code < 300 else Answer.SAME
    before, after = read_evidence(first), read_evidence(second)
    if (before.answer, first.rang) == (after.answer, second.rang):
        return Answer.SAME
    if second.outcome is Outcome.ANSWERED or second.rang:
        return Answer.PASSES
    return Answer.OTHER


def next_question(
    diagnosis: Diagnosis, history: Sequence[tuple[Kind, Answer]] = (), allowed: Collection[Kind] = tuple(Kind)
) -> Question | None:
    """The question whose answer is expected to tell most; None if none is worth its cost.

    Args:
        diagnosis: what is known so far, answers included.
        history: questions asked already, with their answers; none is asked twice.
        allowed: what can be asked: a trunk without registration is not asked to register.
    """
    if diagnosis.top.probability >= ENOUGH:
        return None
    asked = {kind for kind, _ in history}
    shares = [0.0] * len(CONDITIONS)
    for each in diagnosis.ranked:
        shares[CONDITIONS.index(each.condition)] = each.probability
    doubt = _entropy(shares)
    best: tuple[float, Kind, float] | None = None
    for kind in Kind:
        if kind in asked or kind not in allowed:
            continue
        expected = _table()[kind]
        gain = doubt - _left(shares, expected)
        worth = gain / expected.cost
        if gain >= LEAST_GAIN * expected.cost and (best is None or worth > best[0]):
            best = worth, kind, gain
    if best is None:
        return None
    _, kind, gain = best
    return Question(kind, _table()[kind].ask, gain, pause=PAUSES.get(kind, 0.0))


def ask_of(kind: Kind) -> str:
    """What a question asks to do, in words."""
    return _table()[kind].ask


def why(diagnosis: Diagnosis, kind: Kind) -> str:
    """What a question tells apart, in words: the answer that differs most between the likeliest causes.

    Args:
        diagnosis: what is known so far.
        kind: the question.
    """
    told = _table()[kind].answers
    first, *others = (each.condition for each in diagnosis.ranked[:LEADING])
    _, answer, other = max(
        (
            (abs(_share(told[answer], first) - _share(told[answer], other)), answer, other)
            for other in others
            for answer in Answer
        ),
        key=lambda one: one[0],
    )
    more, less = sorted((first, other), key=lambda each: -_share(told[answer], each))
    return (
        f"{_COMES[answer]} in {_share(told[answer], more):.0%} of cases of {more}, "
        f"in {_share(told[answer], less):.0%} of {less}"
    )


def _share(shares: Sequence[float], condition: Condition) -> float:
    return shares[CONDITIONS.index(condition)]


def learn(diagnosis: Diagnosis, kind: Kind, answer: Answer, asked: str | None = None) -> Diagnosis:
    """The diagnosis with the answer to a question.

    Args:
        diagnosis: what is known so far.
        kind: the question.
        answer: to it.
        asked: what was asked, in words; the table's if None.
    """
    row = _table()[kind]
    said = _SAID[answer].format(ask=row.ask if asked is None else asked)
    clue = Clue(row.columns[answer], partial(_say, said))
    return diagnosis.with_clue(clue)


def number_for(kind: Kind, called: str, region: str | None = None) -> str | None:
    """The number to call for a question; None if only the caller can know it, or `phonenumbers` is not installed.

    Args:
        kind: what is asked.
        called: the number of the first call.
        region: the country in which national numbers are meant, two letters.
    """
    if kind is Kind.OTHER_FORM:
        try:
            from .number_forms import other_forms  # phonenumbers takes its time to load, and is an extra
        except ModuleNotFoundError:
            return None
        return next(iter(other_forms(called, region)), None)
    if kind in (Kind.CONTROL_NUMBER, Kind.OTHER_REGION, Kind.OPTIONS, Kind.REGISTER):
        return None
    return called


def _say(said: str, condition: Condition, good: bool) -> str:
    return said


def _entropy(shares: Sequence[float]) -> float:
    return -sum(share * math.log(share) for share in shares if share > 0)


def _left(shares: Sequence[float], expected: _Expected) -> float:
    """The doubt that is left after the answer, on average."""
    left = 0.0
    for weights in expected.answers.values():
        joint = [share * weight for share, weight in zip(shares, weights, strict=True)]
        total = sum(joint)
        if total > 0:
            left += total * _entropy([each / total for each in joint])
    return left


@lru_cache(maxsize=1)
def _table() -> dict[Kind, _Expected]:
    return read_questions(shipped("follow_ups.yaml"), "follow_ups.yaml")


def read_questions(text: str, name: str) -> dict[Kind, _Expected]:
    """Read the table of questions.

    Raises:
        TableError: it has faults.
    """
    source = Source(text, name)
    source.only(source.top, {"groups", "questions"}, "the table")
    groups = groups_of(source)
    written = source.map(source.top, "questions")
    source.only(written, set(Kind), "questions")
    found = {}
    for kind in Kind:
        if kind not in written:
            source.fault(written.line, f"questions: {kind} is missing")
            continue
        given = source.map(written, kind)
        source.only(given, {"ask", "cost", "usual", "answers"}, kind)
        usual = source.weights(given, "usual", tuple(Answer))
        told = dict.fromkeys(CONDITIONS, usual)
        lines = given.get("answers", [])
        for line in lines if isinstance(lines, list) else []:
            if not isinstance(line, Lines):
                source.fault(given.lines["answers"], f"{kind}: {line} must be a mapping")
                continue
            only = Lines(line.line)
            only["answers"] = weights = Lines(line.line)
            weights.lines = line.lines
            weights.update({key: value for key, value in line.items() if key != "of"})
            shares = source.weights(only, "answers", tuple(Answer))
            for condition in conditions_in(source, line, "of", groups):
                told[condition] = shares
        found[kind] = _expected(
            str(given.get("ask", "")), source.number(given, "cost", kind), [told[each] for each in CONDITIONS]
        )
    source.done()
    return found


def _expected(ask: str, cost: float, told: Sequence[Mapping[str, float]]) -> _Expected:
    table = the_table()
    answers = {answer: tuple(max(shares.get(answer, 0.0), 0.005) for shares in told) for answer in Answer}
    return _Expected(
        ask,
        cost,
        answers,
        # The temperature is that of the first call's evidence; an answer is one plain thing and needs none.
        {answer: column_of(shares, table, WEIGHT * TEMPERATURE) for answer, shares in answers.items()},
    )
