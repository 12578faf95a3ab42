"""What a value of a dialler's record means: times, durations, numbers and words, as a text or as a database has it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from simcarrier.records.row import COLUMNS, NAMES, is_e164, text_for_table

from .mapping import CHOICES, DURATIONS, LOCAL, NUMBERS, TIMES, UNITS, ColumnModel, NumbersModel

LONGEST: Final = 4096
"""Characters of a value; longer ones are something else."""

SHORT: Final = 256
"""Characters of a value that needs no second look if it is plain ASCII."""

LAST: Final = 4_102_444_800_000
"""The latest time that is believed, in the year 2100."""

REMEMBERED: Final = 32_768
"""Values remembered of each, and minutes of each column of times."""

Reader = Callable[[Any], Any]


def reader_of(name: str, unit: str | None, zone: tzinfo | None, numbers: NumbersModel) -> Reader:
    """What makes a column's value of a text."""
    if name in TIMES:
        return _time_reader(name, unit or "iso", zone)
    if name in DURATIONS:
        return _counted(name, UNITS[unit or "seconds"])
    if name in NUMBERS:
        return _number_reader(numbers)
    if name in CHOICES:
        return _choice_reader(name, CHOICES[name])
    if COLUMNS[NAMES.index(name)].type == "TEXT":
        return str
    return _whole_reader(name)


def meaning_of(name: str, column: ColumnModel, read: Reader) -> Callable[[str], Any]:
    """What makes a value of a text; None where the text says nothing."""
    missing = frozenset(column.missing)
    pattern = None if column.pattern is None else re.compile(column.pattern)
    values = {text: read(said) for text, said in column.values.items()}
    percent = column.percent

    plain = not (percent or missing or pattern or values)

    def meaning(text: str) -> Any:
        if percent:
            text = unquote(text)
        text = text.strip()
        if not text or text in missing:
            return None
        if len(text) > LONGEST:
            raise ValueError(f"{name} is longer than {LONGEST} characters")
        if pattern is not None:
            found = pattern.search(text)
            if found is None or not found[1]:
                return None
            text = found[1]
        text = text_for_table(text)
        return values.get(text) if values else read(text)

    def plain_meaning(text: str) -> Any:
        if not text or len(text) > SHORT or not text.isascii() or "\0" in text or text[0] <= " " or text[-1] <= " ":
            return meaning(text)
        return read(text)

    def time_meaning(text: str) -> Any:
        return read(text) if len(text) == _SECOND and text[16] == ":" else meaning(text)

    if not plain:
        return meaning
    return time_meaning if name in TIMES else plain_meaning


def typed(value: Any, meant: Callable[[str], Any], read: Reader) -> Any:
    """What a value of a table or of JSON means that is no text."""
    if value is None:
        return None
    return read(value) if isinstance(value, date) else meant(_as_text(value))  # what reads times takes these, too


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dict | list):
        raise ValueError("a value is a list or an object")
    return str(value)


def zone_of(name: str) -> tzinfo | None:
    """The zone; None for that of this machine."""
    return None if name == LOCAL else UTC if name == "UTC" else ZoneInfo(name)


def _believed(name: str, milliseconds: int) -> int:
    if not 0 <= milliseconds < LAST:
        raise ValueError(f"{name} is no time between 1970 and 2100")
    return milliseconds


_SECOND: Final = len("2026-11-23 12:00:00")
_SECONDS: Final = {f"{second:02}": 1000 * second for second in range(60)}


def _time_reader(name: str, unit: str, zone: tzinfo | None) -> Reader:
    if unit in UNITS:
        counted = _counted(name, UNITS[unit])

        def since_1970(text: Any) -> int:
            if isinstance(text, date):
                raise ValueError(f"{name} is a time, not a count of {unit}")
            return _believed(name, counted(text))

        return since_1970

    iso = unit == "iso"

    def parsed(text: str) -> datetime:
        try:
            return datetime.fromisoformat(text) if iso else datetime.strptime(text, unit)
        except ValueError:
            wanted = "an ISO time such as 2026-11-23 12:00:00" if iso else f"a time like {unit}"
            raise ValueError(f"{name} is not {wanted}: {text!r:.60}") from None

    def milliseconds(at: datetime) -> int:
        if at.tzinfo is None:
            at = at.astimezone() if zone is None else at.replace(tzinfo=zone)
        try:
            return _believed(name, round(at.timestamp() * 1000))
        except (OverflowError, OSError):
            return _believed(name, -1)

    @lru_cache(maxsize=REMEMBERED)  # dates are read slowly and zones looked up more slowly, and minutes come again
    def minute(text: str) -> int:
        return milliseconds(parsed(text))

    def time(value: Any) -> int:
        if type(value) is str:
            if iso and len(value) == _SECOND and value[16] == ":":
                seconds = _SECONDS.get(value[17:])
                if seconds is not None:
                    return minute(value[:16]) + seconds
            return milliseconds(parsed(value))
        return milliseconds(value if isinstance(value, datetime) else datetime(value.year, value.month, value.day))

    return time


def _counted(name: str, microseconds: int) -> Reader:
    """What makes milliseconds of a count of units."""

    def read(text: str) -> int:
        if text.isdecimal() and len(text) < 20:
            return int(text) * microseconds // 1000
        try:
            return int((Decimal(text) * microseconds / 1000).to_integral_value())
        except (InvalidOperation, OverflowError, ValueError):
            raise ValueError(f"{name} is not a number: {text!r:.60}") from None

    if name not in DURATIONS:
        return read

    def duration(text: str) -> int:
        length = read(text)
        if not 0 <= length < 2**31:
            raise ValueError(f"{name} is no duration: {text!r:.60}")
        return length

    return duration


def _whole_reader(name: str) -> Reader:
    low, high = (100, 699) if name == "code" else (0, 1) if name == "rang" else (0, 2**31 - 1)

    def whole(text: str) -> int:
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else -1
        if not low <= number <= high:
            raise ValueError(f"{name} is not a whole number from {low} to {high}: {text!r:.60}")
        return number

    return whole


def _choice_reader(name: str, choices: tuple[str, ...]) -> Reader:
    def choice(text: str) -> str:
        if text not in choices:
            raise ValueError(f"{name} is none of {', '.join(choices)}: {text!r:.60}")
        return text

    return choice


_SEPARATORS: Final = str.maketrans("", "", " ()-./\t")


def _number_reader(numbers: NumbersModel) -> Reader:
    """What makes E.164 of a number where that is known to be meant; else it is left as it is."""
    country, national = numbers.country, numbers.national

    def number(text: str) -> str:
        if text[0] == "+" and is_e164(text):
            return text
        digits = text.translate(_SEPARATORS)
        bare = digits.removeprefix("+")
        if not (bare.isascii() and bare.isdecimal()):
            return text
        meant = digits
        if digits == bare:
            for prefix in numbers.international:
                if digits.startswith(prefix):
                    meant = f"+{digits.removeprefix(prefix)}"
                    break
            else:
                if national is not None and digits.startswith(national):
                    meant = f"+{country}{digits.removeprefix(national)}"
                elif numbers.e164:
                    meant = f"+{digits}"
        return meant if is_e164(meant) else text

    return number
