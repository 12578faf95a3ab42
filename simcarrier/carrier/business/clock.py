"""The scenario's clock: from seconds since the start to the day and hour that the carrier lives in.

The hour is asked for with every call, so it costs a few additions: how far local time is from UTC is looked up once
for each quarter of an hour. Clocks are changed on a quarter of an hour of UTC everywhere.
"""

from __future__ import annotations

from datetime import datetime

from simcarrier.scenario.business.clock import ClockModel, Period

QUARTER = 900.0
DAY = 86_400.0
THURSDAY = 3
"""The first of January 1970."""


class Clock:
    """Tells what time it is for the carrier.

    Args:
        model: the scenario's clock.
        wall: the time of the start, seconds since 1970 UTC, where the scenario does not say it.

    Attributes:
        wall: the time of the start for the carrier, seconds since 1970 UTC.
        zone: the time zone.
    """

    def __init__(self, model: ClockModel, wall: float) -> None:
        self.zone = model.zone
        self.wall = wall if model.starts is None else model.starts.replace(tzinfo=self.zone).timestamp()
        self._begin = self._end = 0.0
        self._offset = 0.0

    def local(self, since_start: float) -> float:
        """The local time as seconds since 1970 on a calendar without zones."""
        at = self.wall + since_start
        if not self._begin <= at < self._end:
            self._begin = at // QUARTER * QUARTER
            self._end = self._begin + QUARTER
            offset = datetime.fromtimestamp(self._begin, self.zone).utcoffset()
            self._offset = offset.total_seconds() if offset is not None else 0.0
        return at + self._offset

    def hour(self, since_start: float) -> float:
        """The hour of the day, from 0 to below 24: half past eight is 8.5."""
        return self.local(since_start) % DAY / 3_600

    def minute(self, since_start: float) -> int:
        """The minute of the day, from 0 to 1439."""
        return int(self.local(since_start) % DAY // 60)

    def weekday(self, since_start: float) -> int:
        """The day of the week; 0 is Monday."""
        return int(self.local(since_start) // DAY + THURSDAY) % 7

    def moment(self, since_start: float) -> datetime:
        """The day and time, with its zone."""
        return datetime.fromtimestamp(self.wall + since_start, self.zone)


class Window:
    """A period of a scenario, on a clock.

    Hours begin and end on whole minutes, so what the clock says of one is looked up once for each minute.

    Args:
        model: as loaded.
        clock: the carrier's.
    """

    __slots__ = ("_begin", "_by_clock", "_clock", "_days", "_end", "_holds", "_hours", "_when")

    def __init__(self, model: Period, clock: Clock) -> None:
        self._when = model.when
        self._hours = model.hours
        self._days = model.days
        self._clock = clock
        self._by_clock = model.hours is not None or model.days is not None
        self._begin = self._end = 0.0
        self._holds = False

    def contains(self, since_start: float) -> bool:
        """Whether that moment lies in it."""
        if self._when is not None and not self._when.contains(since_start):
            return False
        if not self._by_clock:
            return True
        if not self._begin <= since_start < self._end:
            self._look_up(since_start)
        return self._holds

    def _look_up(self, since_start: float) -> None:
        clock = self._clock
        self._begin = since_start - clock.local(since_start) % 60
        self._end = self._begin + 60
        self._holds = (self._hours is None or self._hours.contains(clock.hour(since_start))) and (
            self._days is None or self._days.contains(clock.weekday(since_start))
        )
