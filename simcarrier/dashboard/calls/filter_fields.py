"""What a filter can ask of a call: one table, with how a live record and a stored row each tell it.

A live record and the row that is made of it hold the same text (`text_for_table`), and whatever is not known is the
empty text, or the code 0, on both sides; so a filter means the same wherever it is asked. The SQL is what SQLite,
PostgreSQL and DuckDB have in common. ``LIKE`` is not: SQLite takes A and a for the same there. Hence ``SUBSTR`` and
``REPLACE``, which compare character by character everywhere. Values are parameters, always.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from simcarrier.conditions import Condition
from simcarrier.records.model import CallRecord
from simcarrier.records.row import OUTCOMES, SOURCES, outcome_of, text_for_table
from simcarrier.sip.session import Ending

UP: Final = "up"
"""The outcome of a call that has none yet."""

Test = Callable[[CallRecord], bool]


class Clause(NamedTuple):
    """A condition in SQL.

    Attributes:
        text: with ``?`` for each value.
        values: in order.
    """

    text: str
    values: tuple[str | int, ...]


class How(Enum):
    """How a text is compared."""

    IS = "is"
    STARTS = "starts"
    ENDS = "ends"
    HOLDS = "holds"


@dataclass(frozen=True, slots=True)
class Text:
    """A text that is wanted.

    Attributes:
        how: where it is to stand.
        text: it; empty, with `How.IS`: there is to be none.
    """

    how: How
    text: str

    def takes(self) -> Callable[[str], bool]:
        """Says of a text whether it is as wanted."""
        text = self.text
        if self.how is How.IS:
            return lambda found: found == text
        if self.how is How.STARTS:
            return lambda found: found.startswith(text)
        if self.how is How.ENDS:
            return lambda found: found.endswith(text)
        return lambda found: text in found

    def clause(self, column: str) -> Clause:
        """The same in SQL, for a column that may be NULL."""
        told = f"COALESCE({column}, '')"
        size = len(self.text)
        if self.how is How.IS:
            return Clause(f"{told} = ?", (self.text,))
        if self.how is How.STARTS:
            return Clause(f"SUBSTR({told}, 1, ?) = ?", (size, self.text))
        if self.how is How.ENDS:
            ending = f"SUBSTR({told}, LENGTH({told}) - ? + 1) = ?"
            return Clause(f"(LENGTH({told}) >= ? AND {ending})", (size, size, self.text))
        return Clause(f"REPLACE({told}, ?, '') <> {told}", (self.text,))


class Codes(NamedTuple):
    """Final codes that are wanted, the first and the last; both 0 for calls without one."""

    first: int
    last: int

    def clause(self) -> Clause:
        """In SQL."""
        return Clause("COALESCE(code, 0) BETWEEN ? AND ?", (self.first, self.last))


class Kind(Enum):
    """What values a field has."""

    NUMBER = "number"
    TEXT = "text"
    WORD = "word"
    CODE = "code"
    SINCE = "since"
    UNTIL = "until"


@dataclass(frozen=True, slots=True)
class Field:
    """Something that can be asked of a call.

    Attributes:
        name: as it is typed.
        what: what it says, for people.
        kind: what its values are.
        of: what a live record has there; None where that is not known before a call is stored.
        column: of the table; None where it is not stored.
        words: the values that there are, if they are a closed list.
        example: a value.
    """

    name: str
    what: str
    kind: Kind
    of: Callable[[CallRecord], str] | None
    column: str | None
    words: tuple[str, ...] = ()
    example: str = ""

    @property
    def live(self) -> bool:
        """Whether it is known of the calls of a carrier that runs."""
        return self.of is not None or self.kind in (Kind.CODE, Kind.SINCE, Kind.UNTIL)

    @property
    def stored(self) -> bool:
        """Whether it is known of stored calls."""
        return self.column is not None


def _text(text: str | None) -> str:
    return "" if text is None else text_for_table(text)


def is_up(record: CallRecord) -> bool:
    """Whether a call is still being made, or goes on."""
    return record.ending is None and (record.code is None or record.code < 300)


_CONDITIONS: Final = tuple(map(str, Condition))

FIELDS: Final = (
    Field("from", "the calling number", Kind.NUMBER, lambda record: text_for_table(record.caller), "caller", (),
          "+1415*"),
    Field("to", "the called number", Kind.NUMBER, lambda record: text_for_table(record.called), "called", (), "+49*"),
    Field("code", "the final code, a class such as 4xx, or none", Kind.CODE, None, "code", (), "603"),
    Field("condition", "what really happened", Kind.WORD, lambda record: record.condition or "", "condition",
          _CONDITIONS, "lines_full"),
    Field("outcome", "how the call went", Kind.WORD,
          lambda record: UP if is_up(record) else outcome_of(record), "outcome", (*OUTCOMES, UP), "answered"),
    Field("ended", "how it ended on the wire", Kind.WORD, lambda record: record.ending or "", None,
          tuple(map(str, Ending)), "hung_up_by_peer"),
    Field("rule", "the rule of the scenario that took it", Kind.TEXT, lambda record: _text(record.rule), None, (),
          "refused"),
    Field("why", "what else decided it", Kind.TEXT, lambda record: _text(record.why), None, (), "lines*"),
    Field("phrase", "the phrase of the final response", Kind.TEXT, lambda record: _text(record.phrase), "phrase", (),
          "*block*"),
    Field("reason", "its Reason header fields", Kind.TEXT, lambda record: _text(", ".join(record.reason)), "reason",
          (), "*cause=21*"),
    Field("trunk", "the trunk that it took", Kind.TEXT, lambda record: _text(record.trunk), "trunk", (), "a"),
    Field("customer", "whose call it was", Kind.TEXT, lambda record: _text(record.customer), "customer", (), "acme"),
    Field("call_id", "the Call-ID", Kind.TEXT, lambda record: text_for_table(record.call_id), "call_id", (), "abc*"),
    Field("attestation", "A, B or C, as verified", Kind.TEXT, lambda record: _text(record.attestation), "attestation",
          (), "A"),
    Field("carrier", "the carrier of the called number", Kind.TEXT, None, "terminating_carrier", (), "x"),
    Field("market", "the market of the called number", Kind.TEXT, None, "market", (), "US"),
    Field("cause", "what probably happened, by the diagnosis", Kind.WORD, None, "cause", _CONDITIONS,
          "blocked_by_analytics"),
    Field("source", "where the record comes from", Kind.WORD, None, "source", SOURCES, "probe"),
    Field("run", "the run that it was part of", Kind.TEXT, None, "run", (), "monday"),
    Field("since", "calls that came then or later", Kind.SINCE, None, "began", (), "2h"),
    Field("until", "calls that came then or earlier", Kind.UNTIL, None, "began", (), "2026-11-23T08:00Z"),
)  # fmt: skip
"""All of them, in the order in which they are told."""

ALIASES: Final = {"caller": "from", "called": "to", "ending": "ended", "call-id": "call_id", "callid": "call_id"}
"""Other names that people try."""

BY_NAME: Final = {field.name: field for field in FIELDS}

_SOUGHT: Final = ("caller", "called", "condition", "call_id")
"""The columns in which a word without a field is looked for."""


def began_of(record: CallRecord) -> int:
    """When a call began, in milliseconds, as its row has it."""
    return round(record.started * 1000)


def test_of_word(text: str) -> Test:
    """Says of a record whether a word stands somewhere in it."""

    def test(record: CallRecord) -> bool:
        return (
            text in text_for_table(record.caller)
            or text in text_for_table(record.called)
            or (record.condition is not None and text in record.condition)
            or text in text_for_table(record.call_id)
        )

    return test


def clause_of_word(text: str) -> Clause:
    """The same in SQL."""
    return any_of(Text(How.HOLDS, text).clause(column) for column in _SOUGHT)


def any_of(clauses: Iterable[Clause]) -> Clause:
    """Clauses of which one is to hold."""
    return _joined(" OR ", clauses)


def all_of(clauses: Iterable[Clause]) -> Clause:
    """Clauses that are all to hold."""
    return _joined(" AND ", clauses)


def _joined(word: str, clauses: Iterable[Clause]) -> Clause:
    told = list(clauses)
    if len(told) == 1:
        return told[0]
    return Clause(f"({word.join(each.text for each in told)})", tuple(value for each in told for value in each.values))
