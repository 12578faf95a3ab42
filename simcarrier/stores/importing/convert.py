"""From a dialler's record to a row: a mapping made into functions, once, so that a million records are soon read.

What is not told stays unknown. What follows from what is told is filled in: the outcome from the code, durations from
times, the class of a 603 from its Reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple

from simcarrier.deliverability.destinations import Destinations
from simcarrier.records.row import NAMES, Row, class_of_603, uid_of

from .mapping import TIMES, ColumnModel, MappingModel
from .readers import REMEMBERED, SHORT, meaning_of, reader_of, typed, zone_of

COME_AGAIN: Final = frozenset(
    {*TIMES, "caller", "code", "phrase", "reason", "outcome", "customer", "condition", "market"}
)
"""Columns whose values come again and again: what they mean is remembered."""

Getter = Callable[[Any], Any]


class NoColumn(ValueError):
    """A file has not the columns that the mapping names; the text says which."""


def getter_of(name: str, columns: Sequence[str] | None) -> Getter | None:
    """What finds a value in a record.

    Args:
        name: of the column; in JSON ``a.b`` is a key within a key, or a place in a list.
        columns: of a table, in order; None for JSON.

    Returns:
        None if the table has no such column.
    """
    if columns is None:
        path = name.split(".")
        return lambda record: _within(record, name, path)
    if name not in columns:
        return None
    return itemgetter(columns.index(name))


def _within(record: Any, name: str, path: list[str]) -> Any:
    if name in record:
        return record[name]
    for key in path:
        if isinstance(record, Mapping):
            record = record.get(key)
        elif isinstance(record, list) and key.isdecimal() and int(key) < len(record):
            record = record[int(key)]
        else:
            return None
    return record


def _are_ordinary(texts: Sequence[str]) -> bool:
    """Whether all are short, printable ASCII without spaces: all looked at in one go."""
    joined = "\n".join(texts)
    return joined.isascii() and "\0" not in joined and joined.split() == [*texts] and max(map(len, texts)) <= SHORT


class _Found(NamedTuple):
    """How a column of ours is found.

    Attributes:
        value: finds it in a record.
        place: the only column of a table that it comes from.
        meant: what a text there means.
        again: whether `meant` remembers.
        plain: a text that is nothing out of the ordinary means itself.
    """

    value: Callable[[Any], Any]
    place: int | None = None
    meant: Callable[[str], Any] | None = None
    again: bool = False
    plain: bool = False

    def column(self, records: Sequence[Any], columns: Sequence[Sequence[str | None]]) -> Iterable[Any]:
        """It in all records, of which these are the columns."""
        if self.place is None or self.meant is None:
            return [self.value(record) for record in records]
        told: Sequence[Any] = columns[self.place]
        meant = self.meant
        if self.again and None not in told:
            return map(meant, told)  # no loop in Python; what is empty is remembered, too
        if self.plain and None not in told and _are_ordinary(told):
            return told
        return [meant(text) if text else None for text in told]


class Converter:
    """Makes rows of records.

    Args:
        mapping: how.
        columns: of the file; None for JSON.
        zone: the zone of times without one, in place of the mapping's.
        destinations: tells where the numbers called lead, if the mapping does not.

    Raises:
        NoColumn: the file has not what the mapping needs.
    """

    def __init__(
        self,
        mapping: MappingModel,
        columns: Sequence[str] | None,
        zone: str | None = None,
        destinations: Destinations | None = None,
    ) -> None:
        self._run = mapping.name
        self._width = 0 if columns is None else len(columns)
        self._missing: list[str] = []
        self._where = None if destinations is None else destinations.of
        self._zone = zone_of(mapping.zone if zone is None else zone)
        self._numbers = mapping.numbers
        plan: list[_Found | None] = [None] * len(NAMES)
        for name, column in mapping.fields.items():
            plan[NAMES.index(name)] = self._column(name, column, columns)
        self._plan = [(place, found) for place, found in enumerate(plan) if found is not None]
        self._readers = [(place, found.value) for place, found in self._plan]
        self._only = [(self._needed(name, columns), frozenset(said)) for name, said in mapping.only.items()]
        # A column that a file may lack tells its calls apart only where it is there.
        getters = [getter_of(name, columns) for name in mapping.id]
        self._id = [getter for getter in getters if getter is not None]
        called = mapping.fields.get("called")
        self._dialled = None if called is None else self._column("called", called, columns, as_written=True)
        self._reason_told = "reason" in mapping.fields
        if self._missing:
            there = f": there are {', '.join(columns[:40])}" if columns else ""
            raise NoColumn(f"no column {', '.join(dict.fromkeys(self._missing))}{there}")

    def row(self, record: Any) -> Row | None:
        """The row of a record; None if it is no call.

        Raises:
            ValueError: it cannot be one; the text says why.
        """
        if self._width and len(record) < self._width:
            record = self._filled(record)
        for getter, wanted in self._only:
            if str(getter(record)) not in wanted:
                return None
        values: list[Any] = [None] * len(NAMES)
        for place, read in self._readers:
            values[place] = read(record)
        began = values[_BEGAN]
        if began is None:
            raise ValueError("began is missing")
        if self._id:
            told: tuple[object, ...] = tuple([getter(record) for getter in self._id])
        else:
            told = (repr(record),)
        values[_UID] = uid_of(began, "import", self._run, *told)
        values[_SOURCE], values[_RUN] = "import", self._run
        if self._dialled is not None:
            values[_DIALLED] = self._dialled.value(record)
        return self._row_of(values)

    def rows(self, lines: list[list[str]]) -> list[Row]:
        """The rows of many lines of a table of text, without those that are no calls.

        They are made a column at a time, which takes half as long.

        Raises:
            ValueError: one of them cannot be a row; `row` says which, and why.
        """
        width = self._width
        records = [line if len(line) == width else self._filled(line) for line in lines]
        if self._only:
            records = [one for one in records if all(str(getter(one)) in wanted for getter, wanted in self._only)]
        if not records:
            return []
        columns = list(zip(*records, strict=True))
        made: list[Iterable[Any]] = [(None,) * len(records)] * len(NAMES)
        made[_SOURCE], made[_RUN] = ("import",) * len(records), (self._run,) * len(records)
        for place, found in self._plan:
            made[place] = found.column(records, columns)
        if self._dialled is not None:
            made[_DIALLED] = self._dialled.column(records, columns)
        began = made[_BEGAN] = list(made[_BEGAN])
        if None in began:
            raise ValueError("began is missing")
        told = [map(getter, records) for getter in self._id] or [map(repr, records)]
        made[_UID] = [uid_of(at, "import", self._run, *which) for at, *which in zip(began, *told, strict=True)]
        return [self._row_of(list(values)) for values in zip(*made, strict=True)]

    def _filled(self, line: Sequence[Any]) -> list[Any]:
        """A line that ends before the last column."""
        return [*line, *[None] * (self._width - len(line))]

    def _row_of(self, values: list[Any]) -> Row:
        _complete(values, self._reason_told)
        if self._where is not None and (called := values[_CALLED]):
            market, carrier = self._where(called)
            if values[_MARKET] is None:
                values[_MARKET] = market
            if values[_CARRIER] is None:
                values[_CARRIER] = carrier
        return Row._make(values)

    def _needed(self, name: str, columns: Sequence[str] | None) -> Getter:
        found = getter_of(name, columns)
        if found is None:
            self._missing.append(name)
            return lambda record: None
        return found

    def _column(
        self, name: str, column: ColumnModel, columns: Sequence[str] | None, *, as_written: bool = False
    ) -> _Found | None:
        """What finds a column's value in a record; None if nothing does.

        Args:
            name: of the column of ours.
            column: where it comes from.
            columns: of the file.
            as_written: the text alone is wanted.
        """
        read = str if as_written else reader_of(name, column.as_, self._zone, self._numbers)
        if column.value is not None:
            constant = read(column.value)
            return _Found(lambda record: constant)
        found = [getter for one in column.from_ if (getter := getter_of(one, columns)) is not None]
        if not found:
            if not column.optional:
                self._missing.append(" or ".join(column.from_))
            return None
        meant = meaning_of(name, column, read)
        again = not as_written and name in COME_AGAIN
        if again:
            meant = lru_cache(maxsize=REMEMBERED)(meant)
        only, *more = found
        if not more:
            place = None if columns is None else columns.index(next(one for one in column.from_ if one in columns))

            def value(record: Any) -> Any:
                told = only(record) if place is None else record[place]
                if type(told) is str:
                    return meant(told) if told else None
                return typed(told, meant, read)

            plain = read is str and not (column.percent or column.missing or column.pattern or column.values)
            return _Found(value, place, meant, again, plain)

        def first_value(record: Any) -> Any:
            for getter in found:
                told = getter(record)
                if told is not None and told != "":
                    known = meant(told) if type(told) is str else typed(told, meant, read)
                    if known is not None:
                        return known
            return None

        return _Found(first_value)


_UID, _SOURCE, _RUN, _BEGAN, _DIALLED, _CODE, _PHRASE, _REASON, _CLASS, _OUTCOME, _DELAY, _TALK = map(
    NAMES.index,
    (
        "uid",
        "source",
        "run",
        "began",
        "dialled",
        "code",
        "phrase",
        "reason",
        "class_603",
        "outcome",
        "post_dial_delay",
        "talk",
    ),
)
_CALLED, _MARKET, _CARRIER = map(NAMES.index, ("called", "market", "terminating_carrier"))
_RINGING, _FINAL, _ANSWERED, _ENDED = map(NAMES.index, ("ringing", "final", "answered", "ended"))


def _complete(values: list[Any], reason_told: bool) -> None:
    """Fill in what follows from the rest.

    Raises:
        ValueError: times go backwards.
    """
    began, answered, ended, code = values[_BEGAN], values[_ANSWERED], values[_ENDED], values[_CODE]
    if ended is not None and ended < (began if answered is None else answered):
        raise ValueError("it ended before it began" if ended < began else "it ended before it was answered")
    if answered is not None:
        if answered < began:
            raise ValueError("it was answered before it began")
        if values[_FINAL] is None:
            values[_FINAL] = answered
        if values[_TALK] is None and ended is not None:
            values[_TALK] = ended - answered
    if values[_DELAY] is None and values[_RINGING] is not None:
        values[_DELAY] = values[_RINGING] - began  # without it nobody knows whether it rang before the answer
    if answered is not None:
        values[_OUTCOME] = "answered"
    elif values[_OUTCOME] is None and code is not None:
        values[_OUTCOME] = "answered" if code < 300 else "cancelled" if code == 487 else "refused"
    if code is not None and reason_told and values[_CLASS] is None:
        reason = values[_REASON]
        values[_CLASS] = class_of_603(code, values[_PHRASE], () if reason is None else (reason,))
