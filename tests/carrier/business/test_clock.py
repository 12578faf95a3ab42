"""The carrier's clock: hour, day and minute in its own time zone, on every day of the year."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.carrier.business.clock import Clock, Window
from simcarrier.scenario.business.clock import DAY_NAMES, ClockModel, Period
from simcarrier.scenario.load import loads

HOUR = 3600.0


def clock(wall: float = 0.0, **said: str) -> Clock:
    return Clock(ClockModel.model_validate(said), wall)


def test_it_begins_when_the_scenario_says() -> None:
    berlin = clock(starts="2026-11-23 08:00", timezone="Europe/Berlin")
    assert (berlin.hour(0), berlin.weekday(0), berlin.minute(0)) == (8.0, 0, 480)
    assert (berlin.hour(1.5 * HOUR), berlin.minute(1.5 * HOUR)) == (9.5, 570)
    assert (berlin.hour(16.5 * HOUR), berlin.weekday(16.5 * HOUR)) == (0.5, 1)
    assert berlin.wall == datetime(2026, 11, 23, 7, tzinfo=UTC).timestamp()
    assert berlin.moment(60) == datetime(2026, 11, 23, 8, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    assert str(berlin.moment(0).utcoffset()) == "1:00:00"


def test_without_a_start_it_is_the_real_time_and_without_a_zone_it_is_utc() -> None:
    wall = datetime(2026, 7, 1, 22, 30, tzinfo=UTC).timestamp()
    assert clock(wall).hour(0) == 22.5
    assert (clock(wall, timezone="Europe/Berlin").hour(0), clock(wall, timezone="Asia/Kolkata").hour(0)) == (0.5, 4.0)
    assert (clock(wall).weekday(0), clock(wall, timezone="Europe/Berlin").weekday(0)) == (2, 3)


@pytest.mark.parametrize(
    ("zone", "starts", "hours"),
    [
        ("Europe/Berlin", "2026-03-29 00:30", [0.5, 1.5, 3.5, 4.5]),
        ("Europe/Berlin", "2026-10-25 00:30", [0.5, 1.5, 2.5, 2.5, 3.5]),
        ("America/New_York", "2026-03-08 00:30", [0.5, 1.5, 3.5]),
        ("Australia/Lord_Howe", "2026-04-05 00:30", [0.5, 1.5, 2.0, 3.0]),  # half an hour only
        ("Africa/Cairo", "2026-04-23 22:30", [22.5, 23.5, 1.5]),  # over midnight
    ],
)
def test_clocks_are_changed(zone: str, starts: str, hours: list[float]) -> None:
    there = clock(starts=starts, timezone=zone)
    assert [there.hour(n * HOUR) for n in range(len(hours))] == hours


def test_clocks_are_changed_to_the_second() -> None:
    berlin = clock(starts="2026-03-29 01:00", timezone="Europe/Berlin")
    assert [berlin.minute(seconds) for seconds in (HOUR - 0.001, HOUR, HOUR - 0.001)] == [119, 180, 119]


ZONES = ["Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Chatham", "UTC"]


@given(
    st.sampled_from(ZONES),
    st.lists(st.floats(0, 366 * 24 * HOUR, allow_nan=False), min_size=1, max_size=8),
    st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)),
)
def test_it_is_what_the_calendar_says_in_any_order_of_asking(zone: str, times: list[float], start: datetime) -> None:
    there = clock(start.timestamp(), timezone=zone)
    for since_start in times:
        moment = datetime.fromtimestamp(there.wall + since_start, ZoneInfo(zone))
        assert there.weekday(since_start) == moment.weekday()
        assert there.minute(since_start) == moment.hour * 60 + moment.minute
        exact = moment.hour + moment.minute / 60 + (moment.second + moment.microsecond / 1e6) / 3600
        assert there.hour(since_start) == pytest.approx(exact, abs=1e-8)
        assert 0 <= there.hour(since_start) < 24


@pytest.mark.parametrize(
    ("said", "inside", "outside"),
    [
        ({}, [0, 1e7], []),
        ({"when": "30s..60s"}, [30, 59.9], [29.9, 60]),
        ({"hours": "8..20"}, [0, 11.9 * HOUR, 24 * HOUR], [12 * HOUR, 23.9 * HOUR]),
        ({"days": "mon"}, [0, 15.9 * HOUR, 7 * 24 * HOUR], [16 * HOUR, 24 * HOUR]),
        ({"hours": "22..6", "days": "mon"}, [14 * HOUR], [16 * HOUR, 0]),
        ({"hours": "8..20", "when": "1h.."}, [HOUR, 24 * HOUR], [0, 13 * HOUR]),
    ],
)
def test_a_period_holds(said: dict[str, str], inside: list[float], outside: list[float]) -> None:
    window = Window(Period.model_validate(said), clock(starts="2026-11-23 08:00"))
    assert all(window.contains(seconds) for seconds in inside)
    assert not any(window.contains(seconds) for seconds in outside)


@given(
    st.sampled_from(ZONES),
    st.tuples(st.integers(0, 1440), st.integers(0, 1440)).filter(lambda ends: (ends[0] - ends[1]) % 1440),
    st.integers(0, 6),
    st.lists(st.integers(0, 3 * 86_400), min_size=1, max_size=8),
)
def test_a_period_is_what_clock_and_hours_say_in_any_order_of_asking(
    zone: str, ends: tuple[int, int], day: int, times: list[int]
) -> None:
    # Around the end of summer time in Europe and of winter time in New Zealand.
    there = clock(starts="2026-10-24 12:00:30", timezone=zone)
    written = "..".join(f"{end // 60}:{end % 60:02}" for end in ends)
    period = Period.model_validate({"hours": written, "days": DAY_NAMES[day]})
    window = Window(period, there)
    assert period.hours is not None
    for since_start in times:
        wanted = period.hours.contains(there.hour(since_start)) and there.weekday(since_start) == day
        assert window.contains(since_start) is wanted


def test_a_scenario_has_it() -> None:
    config = loads(
        'name: x\ncarrier: {clock: {starts: "2026-11-23 08:00", timezone: Europe/Berlin}}\ncalls: [{respond: 403}]'
    ).carrier
    assert Clock(config.clock, 0.0).hour(0) == 8.0
