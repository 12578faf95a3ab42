"""The filter that people type above a list of calls, such as ``code:603 from:+1415* -trunk:a since:2h``.

A filter is words with spaces between them, and a call is meant if all of them hold. ``field:value`` asks one thing;
``field:one,two`` is any of the values; a minus sign in front turns a word round; a word without a field is looked for
in caller, called, condition and Call-ID. In texts a ``*`` at either end stands for anything, ``none`` for nothing at
all. What stands in double quotes has no special meaning (``""`` is a quote there).

One grammar, two outcomes: a test for the records of a carrier that runs (`Filter.test`), and SQL for stored rows
(`Filter.where`). Regular expressions are not taken: one that backtracks would hold up the carrier that the pages watch,
and no database would agree with us about the rest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from simcarrier.records.model import CallRecord
from simcarrier.records.row import text_for_table
from simcarrier.scenario.base import suggestion_or_list
from simcarrier.scenario.units import parse_duration, shown
from simcarrier.web.search import LONGEST, read_code, read_moment

from .filter_fields import (
    ALIASES,
    BY_NAME,
    FIELDS,
    Clause,
    Codes,
    Field,
    How,
    Kind,
    Test,
    Text,
    all_of,
    any_of,
    began_of,
    clause_of_word,
    test_of_word,
)

LONGEST_FILTER: Final = 1000
"""Characters."""

MOST_WORDS: Final = 12
"""Each is asked of every call that ends while the page is open."""

MOST_VALUES: Final = 20
"""Values of one word."""

LAST_MOMENT: Final = 253_402_300_800
"""Seconds: the end of the year 9999."""

_DAYS: Final = re.compile(r"([0-9]{1,4})(d|w)")
_AGO: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h)")
_WORD: Final = re.compile(r'(-?)(?:([A-Za-z_-]*[A-Za-z_]):)?(?:"((?:[^"]|"")*)"(?=\s|$)|(\S*))')


class Fault(NamedTuple):
    """A word that is wrong.

    Attributes:
        word: as it was typed.
        why: what is wrong with it, and what is possible.
    """

    word: str
    why: str


class FilterFault(ValueError):
    """A filter that is not understood; `faults` has every word that is wrong."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{shown(fault.word)} {fault.why}" for fault in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Term:
    """A word of a filter.

    Attributes:
        source: as it was typed.
        negated: it must not hold.
        field: what is asked; None for a word that is looked for.
        values: any of them will do.
    """

    source: str
    negated: bool
    field: Field | None
    values: tuple[Text | Codes | int, ...]

    def test(self) -> Test:
        """Says of a record whether the word holds."""
        held = self._test()
        return (lambda record: not held(record)) if self.negated else held

    def _test(self) -> Test:
        if self.field is None:
            (word,) = (value.text for value in self.values if isinstance(value, Text))
            return test_of_word(word)
        codes = [value for value in self.values if isinstance(value, Codes)]
        if codes:
            return lambda record: any(first <= (record.code or 0) <= last for first, last in codes)
        moments = [value for value in self.values if isinstance(value, int)]
        if moments:
            (moment,) = moments
            if self.field.kind is Kind.SINCE:
                return lambda record: began_of(record) >= moment
            return lambda record: began_of(record) <= moment
        of = self.field.of
        assert of is not None  # `Filter.test` has refused it
        takes = [value.takes() for value in self.values if isinstance(value, Text)]
        if len(takes) == 1:
            (take,) = takes
            return lambda record: take(of(record))

        def test(record: CallRecord) -> bool:
            found = of(record)
            return any(take(found) for take in takes)

        return test

    def clause(self) -> Clause:
        """The same in SQL."""
        held = any_of(self._clause(value) for value in self.values)
        return Clause(f"NOT ({held.text})", held.values) if self.negated else held

    def _clause(self, value: Text | Codes | int) -> Clause:
        if isinstance(value, Codes):
            return value.clause()
        if isinstance(value, int):
            assert self.field is not None  # moments are values of fields
            return Clause(f"began {'>=' if self.field.kind is Kind.SINCE else '<='} ?", (value,))
        if self.field is None:
            return clause_of_word(value.text)
        assert self.field.column is not None  # `Filter.where` has refused it
        return value.clause(self.field.column)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which calls are meant.

    Attributes:
        text: as it was typed.
        terms: its words; none: all calls.
    """

    text: str
    terms: tuple[Term, ...] = ()

    def test(self) -> Test | None:
        """Says of a live record whether the call is meant; None: all are.

        Raises:
            FilterFault: it asks for something that is known of stored calls only.
        """
        unknown = [term for term in self.terms if term.field is not None and not term.field.live]
        self._refuse(unknown, "is known of stored calls only")
        tests = [term.test() for term in self.terms]
        if len(tests) < 2:
            return tests[0] if tests else None

        def test(record: CallRecord) -> bool:
            for each in tests:  # noqa: SIM110 - a generator would cost more than the tests do
                if not each(record):
                    return False
            return True

        return test

    def where(self) -> Clause | None:
        """The same in SQL; None: all are meant.

        Raises:
            FilterFault: it asks for something that is not stored.
        """
        unknown = [term for term in self.terms if term.field is not None and not term.field.stored]
        self._refuse(unknown, "is not stored: it is known only while the carrier runs")
        return all_of(term.clause() for term in self.terms) if self.terms else None

    @staticmethod
    def _refuse(terms: Sequence[Term], why: str) -> None:
        if terms:
            raise FilterFault([Fault(term.source, why) for term in terms])

    @property
    def callers(self) -> tuple[Text, ...]:
        """The numbers, or beginnings of numbers, of which the caller must have one; empty if that is not said."""
        for term in self.terms:
            if term.field is not None and term.field.name == "from" and not term.negated:
                told = tuple(value for value in term.values if isinstance(value, Text) and value.text)
                if len(told) == len(term.values) and all(value.how in (How.IS, How.STARTS) for value in told):
                    return told
        return ()

    def bounds(self, after: int | None, until: int | None) -> tuple[int | None, int | None]:
        """A range of time, (after, until] in milliseconds, made narrower by what the words say of time."""
        for term in self.terms:
            if term.field is not None and term.field.column == "began" and not term.negated:
                for moment in (value for value in term.values if isinstance(value, int)):
                    if term.field.kind is Kind.SINCE:
                        after = moment - 1 if after is None else max(after, moment - 1)
                    else:
                        until = moment if until is None else min(until, moment)
        return after, until


def parse(text: str, now: float) -> Filter:
    """Read a filter.

    Args:
        text: as it was typed.
        now: seconds since 1970 UTC, for ``since:2h``.

    Raises:
        FilterFault: with every word that is wrong.
    """
    if len(text) > LONGEST_FILTER:
        raise FilterFault(
            [Fault(text[:40], f"and so on is too long: a filter has {LONGEST_FILTER} characters at most")]
        )
    terms, faults = [], []
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        found = _WORD.match(text, place)
        assert found is not None  # a word may be anything
        place = max(found.end(), place + 1)
        try:
            terms.append(_term(found, now))
        except ValueError as why:
            faults.append(Fault(found[0], str(why)))
    if len(terms) > MOST_WORDS and not faults:
        faults.append(Fault(terms[MOST_WORDS].source, f"is one word too many: {MOST_WORDS} are taken"))
    if faults:
        raise FilterFault(faults)
    return Filter(text.strip(), tuple(terms))


def _term(found: re.Match[str], now: float) -> Term:
    minus, name, quoted, plain = found.groups()
    if name is None:
        if quoted is None and '"' in plain:
            raise ValueError("has a quote that does not stand around all of it, or is not closed")
        text = quoted.replace('""', '"') if quoted is not None else plain
        return Term(found[0], bool(minus), None, (Text(How.HOLDS, text_for_table(_checked(text))),))
    key = name.lower()
    field = BY_NAME.get(ALIASES.get(key, key))
    if field is None:
        hint = suggestion_or_list(key, [each.name for each in FIELDS])
        raise ValueError(f"asks for {shown(name)}, which calls do not have; a text with a colon goes in quotes{hint}")
    if quoted is not None:
        return Term(found[0], bool(minus), field, _quoted(field, quoted.replace('""', '"'), now))
    if '"' in plain:
        raise ValueError("has a quote that does not stand around all of the value, or is not closed")
    if not plain:
        raise ValueError(
            f"has no value: write {field.name}:{field.example} without a space (in a link, a plus sign is %2B)"
        )
    pieces = [plain] if field.kind in (Kind.SINCE, Kind.UNTIL) else plain.split(",")
    if len(pieces) > MOST_VALUES:
        raise ValueError(f"has {len(pieces)} values: {MOST_VALUES} are taken")
    return Term(found[0], bool(minus), field, tuple(_value(field, piece, now) for piece in pieces))


def _quoted(field: Field, text: str, now: float) -> tuple[Text | Codes | int, ...]:
    if field.kind in (Kind.NUMBER, Kind.TEXT):
        return (Text(How.IS, text_for_table(_checked(text))),)
    return (_value(field, text, now),)


def _value(field: Field, text: str, now: float) -> Text | Codes | int:
    if field.kind is Kind.CODE:
        found = read_code(text.lower())
        assert found is not None  # it has read one
        return Codes(*found)
    if field.kind in (Kind.SINCE, Kind.UNTIL):
        return _moment(text, now)
    if text.lower() == "none":
        return Text(How.IS, "")
    if field.kind is Kind.WORD:
        word = text.lower()
        if word not in field.words:
            raise ValueError(f"must be one of those that there are{suggestion_or_list(word, field.words)}")
        return Text(How.IS, word)
    if field.kind is Kind.NUMBER and text.startswith("/"):
        raise ValueError("looks like a regular expression: write +1415*, *99 or *555* instead")
    inner = text.removeprefix("*").removesuffix("*")
    if "*" in inner:
        raise ValueError("must have its * at the beginning or the end; in quotes it is a character like any other")
    starts, ends = not text.startswith("*"), not text.endswith("*")
    how = How.IS if starts and ends else How.STARTS if starts else How.ENDS if ends else How.HOLDS
    if not inner and how is not How.IS:
        raise ValueError("must have something beside its *; the field left out means the same")
    return Text(how, text_for_table(_checked(inner)))


def _moment(text: str, now: float) -> int:
    days = _DAYS.fullmatch(text)
    if days:
        seconds = now - int(days[1]) * (86_400 if days[2] == "d" else 7 * 86_400)
    elif _AGO.fullmatch(text):
        seconds = now - parse_duration(text)
    else:
        try:
            seconds = read_moment(text)
        except ValueError:
            told = "must be a time ago such as 2h or 3d, or a moment such as 2026-11-23T08:00Z (UTC)"
            raise ValueError(f"{told}, not {shown(text)}") from None
    if abs(seconds) > LAST_MOMENT:
        raise ValueError(f"must be a moment that calendars have, not {shown(text)}")
    return round(seconds * 1000)


def _checked(text: str) -> str:
    if not text:
        raise ValueError("has no text in it; for what is not there write none")
    if len(text) > LONGEST:
        raise ValueError(f"must have at most {LONGEST} characters")
    return text
