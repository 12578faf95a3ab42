"""The clock of a scenario, and times of day and days of the week as other parts of a scenario write them.

A day is the day that it is at the moment of the call: with ``hours: 22..6`` and ``days: fri`` the night from Friday to
Saturday is not one piece, but the first six hours of Friday and its last two.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any

from pydantic import Field
from pydantic_core import InitErrorDetails

from ..base import Location, Model, fault, suggestion
from ..fields import PARAMETER, TimeRangeField, Written
from ..units import shown

DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_HOUR = re.compile(r"([0-9]{1,2})(?::([0-9]{2}))?")
_START = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?))?")

HOURS_PATTERN = r"^[0-9]{1,2}(:[0-9]{2})?\.\.[0-9]{1,2}(:[0-9]{2})?$"
DAYS_PATTERN = r"^[A-Za-z]{3,9}(\.\.[A-Za-z]{3,9})?$"
START_PATTERN = rf"^{_START.pattern}$"

EARLIEST, LATEST = 1971, 2199
"""The years that a scenario can start in: what every platform's dates can do with a year to run."""


def _entries(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _hour(text: str, whole: object) -> float:
    found = _HOUR.fullmatch(text.strip())
    hours, minutes = (int(found[1]), int(found[2] or 0)) if found else (99, 0)
    of_day = hours * 60 + minutes
    if minutes > 59 or of_day > 24 * 60:
        raise ValueError(f"must be hours of the day such as 8..20, 22..6 or 8:30..17:15, not {shown(whole)}")
    return of_day / 60  # rounded as the clock's hour is, so that 1:28 begins at 1:28


@dataclass(frozen=True, slots=True)
class Hours:
    """Times of the day.

    Attributes:
        ranges: from and to, in hours from 0 to 24, the end excluded; one whose end lies before its beginning runs over
            midnight.
    """

    ranges: tuple[tuple[float, float], ...]

    @classmethod
    def parse(cls, value: Any) -> Hours:
        """Read ``8..20``, ``22..6``, ``8:30..17:15``, or a list of such.

        Raises:
            ValueError: it is none of these, or holds no time at all.
        """
        if isinstance(value, Hours):
            return value
        ranges = []
        for text in _entries(value):
            if not isinstance(text, str) or ".." not in text:
                raise ValueError(f"must be hours of the day such as 8..20, 22..6 or 8:30..17:15, not {shown(text)}")
            first, _, last = text.partition("..")
            low, high = _hour(first, text), _hour(last, text)
            if low % 24 == high % 24 and (low, high) != (0, 24):
                raise ValueError(f"must hold some time: write 0..24 for the whole day, not {shown(text)}")
            ranges.append((low, high))
        if not ranges:
            raise ValueError("must not be an empty list")
        return cls(tuple(ranges))

    def contains(self, hour: float) -> bool:
        """Whether an hour of the day, from 0 to below 24, is one of these."""
        return any(low <= hour < high if low < high else hour >= low or hour < high for low, high in self.ranges)

    def __str__(self) -> str:
        return ", ".join(f"{_written(low)}..{_written(high)}" for low, high in self.ranges)


def _written(hour: float) -> str:
    hours, minutes = divmod(round(hour * 60), 60)
    return f"{hours}:{minutes:02}" if minutes else f"{hours}"


def _day(text: str, whole: object) -> int:
    word = text.strip().lower()
    for number, name in enumerate(DAY_NAMES):
        if word in (name, name[:3]):
            return number
    raise ValueError(f"must be days of the week such as mon..fri or sat, not {shown(whole)}")


@dataclass(frozen=True, slots=True)
class Days:
    """Days of the week.

    Attributes:
        numbers: 0 is Monday, 6 is Sunday.
    """

    numbers: frozenset[int]

    @classmethod
    def parse(cls, value: Any) -> Days:
        """Read ``mon..fri``, ``fri..mon``, ``sat``, or a list of such.

        Raises:
            ValueError: it is none of these.
        """
        if isinstance(value, Days):
            return value
        numbers: set[int] = set()
        for text in _entries(value):
            if not isinstance(text, str):
                raise ValueError(f"must be days of the week such as mon..fri or sat, not {shown(text)}")
            first, dots, last = text.partition("..")
            low = _day(first, text)
            high = _day(last, text) if dots else low
            numbers |= {day % 7 for day in range(low, high + 1 if high >= low else high + 8)}
        if not numbers:
            raise ValueError("must not be an empty list")
        return cls(frozenset(numbers))

    def contains(self, weekday: int) -> bool:
        """Whether a day of the week is one of these; 0 is Monday."""
        return weekday in self.numbers

    def __str__(self) -> str:
        return ", ".join(DAY_NAMES[number][:3] for number in sorted(self.numbers))


def read_zone(value: Any) -> tzinfo:
    """A time zone by its name in the IANA database. UTC needs no database."""
    if isinstance(value, tzinfo):
        return value
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"must be the name of a time zone such as Europe/Berlin, not {shown(value)}")
    if value.upper() == "UTC":
        return UTC
    try:
        return zoneinfo.ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(_no_zone(value)) from None


def _no_zone(name: str) -> str:
    known = sorted(zoneinfo.available_timezones())
    if not known:
        return (
            f"must be UTC, not {shown(name)}: this machine has no time zone data; "
            'install the Python package "tzdata", or the system\'s'
        )
    region, _, place = name.rpartition("/")
    place = place.replace(" ", "_").lower()
    same = [zone for zone in known if zone.rpartition("/")[2].lower() == place]
    if same:
        hint = f'; did you mean "{same[0]}"?'
    else:
        near = [zone for zone in known if zone.partition("/")[0].lower() == region.partition("/")[0].lower()]
        hint = suggestion(name, near or [zone for zone in known if zone[0].lower() == name[0].lower()])
    return f"must be the name of a time zone such as Europe/Berlin, not {shown(name)}{hint}"


def read_start(value: Any) -> datetime:
    """A day and time without a zone: ``2026-11-23 08:00``; midnight if no time is said."""
    if isinstance(value, datetime):
        return value
    found = _START.fullmatch(value.strip()) if isinstance(value, str) else None
    try:
        moment = datetime.fromisoformat(f"{found[1]} {found[2] or '00:00'}") if found else None
    except ValueError:
        moment = None
    if moment is None:
        raise ValueError(f'must be a day and time such as "2026-11-23 08:00", not {shown(value)}')
    if not EARLIEST <= moment.year <= LATEST:
        raise ValueError(f"must be in the years from {EARLIEST} to {LATEST}, not {shown(value)}")
    return moment


def _several(pattern: str, example: str) -> dict[str, Any]:
    item = {"type": "string", "pattern": pattern, "examples": [example]}
    return {"anyOf": [item, PARAMETER, {"type": "array", "items": {"anyOf": [item, PARAMETER]}, "minItems": 1}]}


HoursField = Annotated[Hours, Written(Hours.parse, _several(HOURS_PATTERN, "8..20"))]
DaysField = Annotated[Days, Written(Days.parse, _several(DAYS_PATTERN, "mon..fri"))]
ZoneField = Annotated[tzinfo, Written(read_zone, {"type": "string", "examples": ["Europe/Berlin"]})]
StartField = Annotated[
    datetime,
    Written(
        read_start,
        {"anyOf": [{"type": "string", "pattern": START_PATTERN, "examples": ["2026-11-23 08:00"]}, PARAMETER]},
    ),
]


class ClockModel(Model):
    """What day and hour it is for the carrier."""

    starts: StartField | None = Field(
        default=None,
        description='The day and time when the carrier starts, such as "2026-11-23 08:00"; now if not said.',
    )
    timezone: ZoneField | None = Field(
        default=None, description="The time zone that the carrier lives in, such as Europe/Berlin; UTC if not said."
    )

    @property
    def zone(self) -> tzinfo:
        """The time zone."""
        return UTC if self.timezone is None else self.timezone

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if not isinstance(data, Mapping) or data.get("starts") is None or data.get("timezone") is None:
            return
        try:
            starts, zone = read_start(data["starts"]), read_zone(data["timezone"])
        except ValueError:
            return  # told where it stands
        local = starts.replace(tzinfo=zone)
        if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != starts:
            yield fault(
                f"must be a time that there is: clocks in {zone} are put forward over {starts:%H:%M}", ("starts",)
            )


class Period(Model):
    """The part of an entry that says when it holds: since the start, or by the carrier's clock. Always if not said."""

    when: TimeRangeField | None = Field(
        default=None, description="How long the carrier has been running, such as 30s..60s."
    )
    hours: HoursField | None = Field(default=None, description="Hours of the carrier's day, such as 8..20 or 22..6.")
    days: DaysField | None = Field(default=None, description="Days of the carrier's week, such as mon..fri.")


def faults(carrier: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    """What contradicts itself between several entries; locations are relative to ``carrier``."""
    yield from ()
