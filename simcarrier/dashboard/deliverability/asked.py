"""What a reader asks for: a range of time, whose hours of the day, which answer; read from the query of a URL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from simcarrier.deliverability import statements
from simcarrier.deliverability.queries import DAY, HOUR, MINUTE, Queries
from simcarrier.deliverability.rules import FIELDS
from simcarrier.scenario.units import shown

RANGES: Final = {"4h": 4 * HOUR, "24h": DAY, "7d": 7 * DAY}
"""Lengths of ranges that end now, in ms."""

OWN: Final = "own"
"""A range with both ends said."""

USUAL: Final = "24h"

LONGEST: Final = 31 * DAY
"""Of a range: so many hours of fifty callers can still be looked up at once."""

EARLIEST: Final = DAY
LAST: Final = 253_370_764_800_000
"""Moments that can be shown, and the days around them: from 1970 to 9998, in ms."""

REFUSED: Final = "refused"
"""Any final response from 300 on."""

ABOUT: Final = (*FIELDS, REFUSED)
"""Which calls the map of hours can count."""

_LONGEST_VALUE: Final = 256

_LOCAL: Final = "%Y-%m-%dT%H:%M"
"""How a field for a time writes it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for.

    Attributes:
        span: one of `RANGES`, or `OWN`.
        after, until: of `OWN`: (after, until], ms since 1970.
        zone: whose hours of the day.
        zone_name: what it is called; empty where none was asked for.
        about: one of `ABOUT`.
        row, hour: the cell of the map whose calls are looked at day by day; None for none.
        faults: what is wrong with a field, by its name; there is nothing to show then.
        texts: the fields as they came, for the form.
    """

    span: str = USUAL
    after: int = 0
    until: int = 0
    zone: tzinfo = UTC
    zone_name: str = ""
    about: str = "603"
    row: str | None = None
    hour: int | None = None
    faults: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def time(self) -> tuple[str, int, int]:
        """What the range depends on: a key for answers."""
        return self.span, self.after, self.until

    def query(self, **changes: str | None) -> str:
        """The query of a URL that asks for the same but for some fields; None for a field that is to go."""
        fields = {name: self.texts.get(name, "") for name in ("range", "from", "to", "zone", "about")}
        told = {name: value for name, value in fields.items() if value} | changes
        return urlencode({name: value for name, value in told.items() if value is not None})

    def around(self, at: int) -> str:
        """The query of a URL that asks for the hours up to a moment, ms since 1970."""
        ends = {"from": at - 4 * HOUR, "to": at + MINUTE}
        texts = {name: datetime.fromtimestamp(end // 1000, self.zone).strftime(_LOCAL) for name, end in ends.items()}
        return self.query(range=OWN, **texts)


@dataclass(frozen=True, slots=True)
class Range:
    """A range of time.

    Attributes:
        after, until: (after, until], ms since 1970.
        latest: when the latest call of all began; None if there is none.
        late: it ends with that one, for there was none in the day before now.
    """

    after: int
    until: int
    latest: int | None
    late: bool = False


def read(query: Mapping[str, str]) -> Asked:
    """Read the query of a URL; what is wrong with it is in `Asked.faults`."""
    texts = {name: query.get(name, "")[:_LONGEST_VALUE] for name in ("range", "from", "to", "zone", "about")}
    faults: dict[str, str] = {}
    zone: tzinfo = UTC
    if texts["zone"]:
        try:
            zone = ZoneInfo(texts["zone"])
        except (OSError, ValueError, KeyError):
            faults["zone"] = f"must be a time zone such as Europe/Berlin or UTC, not {shown(texts['zone'])}"
    about = texts["about"] or "603"
    if about not in ABOUT:
        faults["about"] = f"must be one of {', '.join(ABOUT)}, not {shown(about)}"
    span = OWN if texts["from"] or texts["to"] else texts["range"] or USUAL
    texts["range"] = span
    asked = Asked(span, 0, 0, zone, texts["zone"], about, faults=faults, texts=texts)
    if span == OWN:
        asked = _own(asked, faults)
    elif span not in RANGES:
        faults["range"] = f"must be one of {', '.join(RANGES)} or {OWN}, not {shown(span)}"
    row, hour = query.get("row"), query.get("hour", "")
    if row is not None and hour.isascii() and hour.isdecimal() and len(hour) <= 2 and int(hour) < 24:
        asked = replace(asked, row=row[:_LONGEST_VALUE], hour=int(hour))
    return asked


def _own(asked: Asked, faults: dict[str, str]) -> Asked:
    ends: dict[str, int] = {}
    for name in ("from", "to"):
        text = asked.texts[name]
        try:
            found = datetime.fromisoformat(text)
            found = found if found.tzinfo else found.replace(tzinfo=asked.zone)
            at = round(found.timestamp() * 1000)
            if not EARLIEST <= at <= LAST:
                raise ValueError("calendars may know it, but not the days around it")
            ends[name] = at
        except (ValueError, OverflowError):
            told = f", not {shown(text)}" if text else ""
            faults[name] = f"must be a time such as 2026-11-23T08:00{told}"
    if len(ends) < 2:
        return asked
    if ends["to"] <= ends["from"]:
        faults["to"] = "must be later than the begin"
    elif ends["to"] - ends["from"] > LONGEST:
        faults["to"] = f"must not be more than {LONGEST // DAY} days after the begin"
    return replace(asked, after=ends["from"] - 1, until=ends["to"] - 1)  # the first minute is in it, the last is not


def range_of(queries: Queries, asked: Asked, now: int) -> Range:
    """When the range of a question is.

    Args:
        queries: the records.
        asked: without faults.
        now: ms since 1970.
    """
    ((found,),) = queries.query(statements.LATEST)
    latest = None if found is None else min(max(int(found), EARLIEST), LAST)
    if asked.span == OWN:
        return Range(asked.after, asked.until, latest)
    length = RANGES[asked.span]
    ((recent,),) = queries.query(statements.LATEST_WITHIN, (now - DAY, now))
    if recent is not None or latest is None:
        return Range(now - length, now, latest)
    return Range(latest - length, latest, latest, late=True)
