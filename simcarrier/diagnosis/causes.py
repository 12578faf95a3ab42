"""The table of causes: how likely a call shows what, for each condition; from `causes.yaml`, which explains itself.

The file is data for people: they read it, argue with it, and add to it. Here it is checked, with all faults in one pass
and each with its line, smoothed, and turned into *columns*: for one value of one feature the logarithm of its
probability for every condition. A diagnosis then only adds columns.
"""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final

from simcarrier.conditions import MEANINGS, Condition, Party
from simcarrier.sip.isup import Profile, cause_for
from simcarrier.sip.reason import Q850_CAUSES

from .evidence import BLOCKS, FEATURES, OUTCOMES, Evidence
from .hints import Topic
from .tables import Allowed, Lines, Source, normal, shipped

CONDITIONS: Final = tuple(Condition)
"""The order of every column."""

CLASSES: Final = ("300", "400", "500", "600")
"""Answers that stand for codes that no row names."""

WHEN: Final[Mapping[str, tuple[str, Container[str]]]] = {
    "at_the_door": ("refused_after", ("at_the_door",)),
    "after_100": ("refused_after", ("quick", "usual", "slow", "late")),
    "rang": ("rang", ("yes",)),
    "unrung": ("rang", ("no",)),
}
"""Words behind the answer of a note: the feature that it depends on, and its values. The first that
fits is taken."""

OWN_TOPIC: Final = 40.0
"""How much likelier a carrier's words speak of what is the matter than of any one other topic."""

_CODE: Final = re.compile(r"[3-6][0-9]{2}")
_SPREAD: Final = frozenset({"refused_after", "rang_for"})
_ROW: Final = frozenset({"prior", "source", "vague", "answers", "notes", "causes", "retry", *FEATURES})
_BLOCKS: Final = frozenset(BLOCKS.values())


class Retry(StrEnum):
    """Whether calling again makes sense, and what must be different."""

    NEVER = "never"
    LATER = "later"
    OTHER_ROUTE = "other_route"
    OTHER_NUMBER_FORM = "other_number_form"
    OTHER_CALLER_ID = "other_caller_id"
    NOW = "now"


@dataclass(frozen=True, slots=True)
class Column:
    """One value of one feature.

    Attributes:
        logs: for each condition, in the order of `CONDITIONS`, the logarithm of its probability, times the weight of
            the feature.
        usual: the same for a call of which nothing is known, by the priors.
    """

    logs: tuple[float, ...]
    usual: float


@dataclass(frozen=True)
class Row:
    """What the file says of one condition, checked; distributions add to 1 and are not smoothed yet."""

    prior: float
    source: str
    retry: Retry
    answers: Mapping[str, float]
    vague: float
    causes: Mapping[int, float]
    notes: Mapping[str, str]
    features: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, eq=False)
class Causes:
    """The table, ready.

    Attributes:
        rows: by condition.
        priors: the logarithm of each prior, in the order of `CONDITIONS`.
        answers: the column of each answer.
        features: the column of each value of each other feature.
    """

    rows: Mapping[Condition, Row]
    priors: tuple[float, ...]
    answers: Mapping[str, Column]
    features: Mapping[str, Mapping[str, Column]]
    _causes: Mapping[int, Column] = field(repr=False)

    def answer(self, said: str) -> Column:
        """The column of an answer; that of its class for a code that no row names."""
        column = self.answers.get(said)
        if column is None:
            column = self.answers.get(f"{said[:1]}00", self.answers["interrupted"])
        return column

    def cause(self, cause: int) -> Column:
        """The column of a Q.850 cause."""
        return self._causes[cause]

    def note(self, condition: Condition, evidence: Evidence) -> str | None:
        """Why the answer fits the condition; None if the file has no note of it."""
        notes = self.rows[condition].notes
        for when, (feature, values) in WHEN.items():
            note = notes.get(f"{evidence.answer} {when}")
            if note is not None and evidence.value(feature) in values:
                return note
        return notes.get(evidence.answer)


@lru_cache(maxsize=1)
def the_table() -> Causes:
    """The table that ships."""
    return read_table(shipped("causes.yaml"), "causes.yaml")


def read_table(text: str, name: str) -> Causes:
    """Read a table.

    Args:
        text: YAML.
        name: what faults call it.

    Raises:
        TableError: it has faults.
    """
    return _compile(_Reading(text, name).table())


# Reading


@dataclass
class _Table:
    rows: dict[Condition, Row]
    vague: dict[Party, dict[str, float]]
    location: dict[Party, dict[str, float]]
    weights: dict[str, float]
    anything: float
    value: float
    named_cause: float


class _Reading(Source):
    """One pass over the file, collecting faults."""

    def table(self) -> _Table:
        """All that it says."""
        top = self.top
        self._spreads: dict[str, dict[str, dict[str, float]]] = {}
        self.only(top, {"smoothing", "weights", "vague", "usually", "location", "conditions", *_SPREAD}, "the table")
        smoothing = self.map(top, "smoothing")
        vague = {party: self._needed(self.map(top, "vague"), party.value, self._is_answer) for party in Party}
        where = {party: self._needed(self.map(top, "location"), party.value, FEATURES["location"]) for party in Party}
        for name in _SPREAD:
            given = self.map(top, name)
            self._spreads[name] = {key: self.weights(given, key, FEATURES[name]) for key in given}
        usual = self._usually(self.map(top, "usually"))
        rows = {}
        written = self.map(top, "conditions")
        self.only(written, set(CONDITIONS), "conditions")
        share = self.share(smoothing, "vague")
        for condition in CONDITIONS:
            if condition in written:
                rows[condition] = self._row(self.map(written, condition), share, usual, condition)
            else:
                self.fault(written.line, f"conditions: {condition} has no row")
        counted = self.map(top, "weights")
        self.only(counted, FEATURES, "weights")
        weights = {name: self.number(counted, name, "weights") for name in FEATURES}
        made = _Table(
            rows,
            vague,
            where,
            weights,
            self.share(smoothing, "anything"),
            self.share(smoothing, "value"),
            self.share(smoothing, "named_cause"),
        )
        self.done()
        return made

    def _usually(self, given: Lines) -> dict[str, dict[str, float]]:
        named = set(FEATURES) - {"location"}
        self.only(given, named, "usually")
        found = {}
        for name in named:
            if name == "topic":
                found[name] = dict.fromkeys(FEATURES[name], 1.0)
            elif name not in given:
                self.fault(given.line, f"usually: {name} is missing")
                found[name] = dict.fromkeys(FEATURES[name], 1.0)
            else:
                found[name] = self._distribution(given, name)
        return found

    def _row(self, given: Lines, share: float, usual: Mapping[str, dict[str, float]], condition: Condition) -> Row:
        self.only(given, _ROW, condition)
        for name in ("source", "retry"):
            if name not in given:
                self.fault(given.line, f"{condition}: {name} is missing")
        answers = self._needed(given, "answers", self._is_answer)
        notes = {key: str(said) for key, said in self.map(given, "notes").items()}
        for key in notes:
            answer, _, when = key.partition(" ")
            line = given["notes"].lines[key]
            if answer not in answers:
                self.fault(line, f"{condition}: a note of {answer}, which is no answer of the row")
            if when and when not in WHEN:
                self.fault(line, f"{condition}: {when} is none of {', '.join(WHEN)}")
        causes = self.weights(given, "causes", lambda key: key.isdigit() and int(key) in Q850_CAUSES)
        features = {name: dict(weights) for name, weights in usual.items()}
        for name in FEATURES:
            if name in given and name != "topic":
                features[name] = self._distribution(given, name)
        for topic in self.items(given, "topic"):
            if topic in FEATURES["topic"]:
                features["topic"][topic] = OWN_TOPIC
            else:
                self.fault(given.lines["topic"], f"{condition}: topic: {topic} is none of {', '.join(Topic)}")
        return Row(
            self.number(given, "prior", condition),
            str(given.get("source", "")),
            self._retry(given, condition),
            answers,
            self.share(given, "vague") if "vague" in given else share,
            {int(key): weight for key, weight in causes.items()},
            notes,
            {name: normal(weights) for name, weights in features.items()},
        )

    def _retry(self, given: Lines, condition: Condition) -> Retry:
        said = given.get("retry", Retry.LATER)
        if isinstance(said, str) and said in set(Retry):
            return Retry(said)
        self.fault(given.lines["retry"], f"{condition}: retry must be one of {', '.join(Retry)}, not {said}")
        return Retry.LATER

    def _distribution(self, given: Lines, name: str) -> dict[str, float]:
        said = given.get(name)
        if name in _SPREAD and isinstance(said, str):
            spread = self._spreads[name].get(said)
            if spread is None:
                self.fault(given.lines[name], f"{name}: {said} is none of {', '.join(self._spreads[name])}")
                return dict.fromkeys(FEATURES[name], 1.0)
            return spread
        return self._needed(given, name, FEATURES[name])

    def _needed(self, given: Lines, key: str, allowed: Allowed) -> dict[str, float]:
        found = self.weights(given, key, allowed)
        if not found:
            self.fault(given.lines.get(key, given.line), f"{key} has no weights")
        return found

    def _is_answer(self, said: str) -> bool:
        return said in OUTCOMES or said in _BLOCKS or _CODE.fullmatch(said) is not None


# Columns


def _compile(table: _Table) -> Causes:
    rows = [table.rows[condition] for condition in CONDITIONS]
    parties = [MEANINGS[condition].refused_by for condition in CONDITIONS]
    total = sum(row.prior for row in rows)
    shares = [row.prior / total for row in rows]

    named = {answer for row in rows for answer in row.answers} | set(OUTCOMES) | _BLOCKS | set(CLASSES)
    named |= {answer for weights in table.vague.values() for answer in weights}
    known = sorted(named)
    answers = [
        _smoothed(row.answers, table.vague[party], row.vague, table.anything, known)
        for row, party in zip(rows, parties, strict=True)
    ]
    columns = {answer: _column([said[answer] for said in answers], shares) for answer in known}
    # Our own end of a call says nothing of the carrier.
    columns["interrupted"] = _column([1.0] * len(rows), shares)

    features: dict[str, dict[str, Column]] = {}
    for name, values in FEATURES.items():
        told = [
            row.features.get(name) or (table.location[party] if name == "location" else {})
            for row, party in zip(rows, parties, strict=True)
        ]
        features[name] = {
            value: _column(
                [(1 - table.value) * weights.get(value, 0.0) + table.value / len(values) for weights in told],
                shares,
                table.weights[name],
            )
            for value in values
        }
    return Causes(
        table.rows,
        tuple(math.log(share) for share in shares),
        columns,
        features,
        dict(_cause_columns(rows, answers, shares, table.named_cause)),
    )


def _smoothed(
    row: Mapping[str, float], vague: Mapping[str, float], share: float, anything: float, known: Sequence[str]
) -> dict[str, float]:
    return {
        answer: (1 - share - anything) * row.get(answer, 0.0) + share * vague.get(answer, 0.0) + anything / len(known)
        for answer in known
    }


def _cause_columns(
    rows: Sequence[Row], answers: Sequence[Mapping[str, float]], shares: Sequence[float], named: float
) -> Iterator[tuple[int, Column]]:
    """What cause a switch names, and what a gateway makes of the answers."""
    even = 1 / len(Q850_CAUSES)
    every: list[dict[int, float]] = []
    for row, said in zip(rows, answers, strict=True):
        made: dict[int, float] = {}
        for answer, probability in said.items():
            if _CODE.fullmatch(answer) and answer >= "400":
                cause = cause_for(int(answer), Profile.PRACTICE)
                if cause is not None:
                    made[cause] = made.get(cause, 0.0) + probability
        total = sum(made.values()) or 1.0
        own = named if row.causes else 0.0
        every.append(
            {
                cause: 0.98 * (own * row.causes.get(cause, 0.0) + (1 - own) * made.get(cause, 0.0) / total)
                + 0.02 * even
                for cause in Q850_CAUSES
            }
        )
    for cause in Q850_CAUSES:
        yield cause, _column([weights[cause] for weights in every], shares)


def column_of(probabilities: Sequence[float], table: Causes, weight: float) -> Column:
    """A column for something that other tables say.

    Args:
        probabilities: in the order of `CONDITIONS`.
        table: for its priors.
        weight: how much it counts.
    """
    return _column(probabilities, [math.exp(log) for log in table.priors], weight)


def _column(probabilities: Sequence[float], shares: Sequence[float], weight: float = 1.0) -> Column:
    usual = sum(share * probability for share, probability in zip(shares, probabilities, strict=True))
    return Column(tuple(weight * math.log(probability) for probability in probabilities), weight * math.log(usual))
