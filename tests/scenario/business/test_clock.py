"""The clock of a scenario, hours and days as people write them, and what is said of what is none."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.scenario.business.clock import Days, Hours, read_start, read_zone
from simcarrier.scenario.load import ScenarioError, loads


@pytest.mark.parametrize(
    ("written", "inside", "outside"),
    [
        ("8..20", [8.0, 12.5, 19.99], [0.0, 7.99, 20.0, 23.9]),
        ("22..6", [22.0, 23.99, 0.0, 5.99], [6.0, 12.0, 21.99]),
        ("8:30..17:15", [8.5, 17.2], [8.49, 17.25]),
        ("0..24", [0.0, 23.999], []),
        ("18..24", [18.0, 23.999], [0.0, 17.9]),
        ("18..0", [18.0, 23.999], [0.0, 17.9]),
        (" 8 .. 20 ", [8.0], [20.0]),
        (["8..12", "14..18"], [8.0, 14.0], [12.0, 13.9, 18.0]),
    ],
)
def test_hours(written: object, inside: list[float], outside: list[float]) -> None:
    hours = Hours.parse(written)
    assert all(hours.contains(hour) for hour in inside)
    assert not any(hours.contains(hour) for hour in outside)
    assert Hours.parse(hours) is hours


@pytest.mark.parametrize(
    "written", ["8", "8..", "..8", "8-20", "25..3", "8..24:01", "8:60..9", "-1..3", "٣..٤", None, 8]
)
def test_what_is_no_range_of_hours(written: object) -> None:
    with pytest.raises(ValueError, match=r"must be hours of the day such as 8\.\.20"):
        Hours.parse(written)


@pytest.mark.parametrize("written", ["8..8", "0..0", "24..0", "24..24"])
def test_hours_hold_some_time(written: str) -> None:
    with pytest.raises(ValueError, match=r"write 0\.\.24 for the whole day"):
        Hours.parse(written)


@given(st.integers(0, 24 * 60), st.integers(0, 24 * 60), st.integers(0, 24 * 60 - 1))
def test_hours_are_those_that_a_watch_goes_through(first: int, last: int, minute: int) -> None:
    written = f"{first // 60}:{first % 60:02}..{last // 60}:{last % 60:02}"
    if (last - first) % (24 * 60) == 0:
        return
    hours = Hours.parse(written)
    steps = (last - first) % (24 * 60)
    assert hours.contains(minute / 60) is ((minute - first) % (24 * 60) < steps)
    assert Hours.parse(str(hours)) == hours


@pytest.mark.parametrize(
    ("written", "numbers"),
    [
        ("mon..fri", {0, 1, 2, 3, 4}),
        ("fri..mon", {4, 5, 6, 0}),
        ("sat", {5}),
        ("sun..sun", {6}),
        ("Monday..Wed", {0, 1, 2}),
        (["mon", "wed..thu"], {0, 2, 3}),
    ],
)
def test_days(written: object, numbers: set[int]) -> None:
    days = Days.parse(written)
    assert {number for number in range(7) if days.contains(number)} == numbers
    assert Days.parse(str(days).split(", ")) == days


@pytest.mark.parametrize("written", ["mo", "mon-fri", "mon..", "today", "", "1..5", None])
def test_what_is_no_day(written: object) -> None:
    with pytest.raises(ValueError, match=r"must be days of the week such as mon\.\.fri or sat"):
        Days.parse(written)


@pytest.mark.parametrize("empty", [Hours.parse, Days.parse])
def test_an_empty_list_is_no_time(empty: type) -> None:
    with pytest.raises(ValueError, match="must not be an empty list"):
        empty([])


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-11-23 08:00", datetime(2026, 11, 23, 8)),
        ("2026-11-23T08:00:30", datetime(2026, 11, 23, 8, 0, 30)),
        ("2026-11-23", datetime(2026, 11, 23)),
    ],
)
def test_starts(written: str, moment: datetime) -> None:
    assert read_start(written) == moment


@pytest.mark.parametrize(
    "written", ["23.11.2026", "2026-02-30", "2026-11-23 25:00", "2026-11-23 08:00+01:00", "now", 8]
)
def test_what_is_no_start(written: object) -> None:
    with pytest.raises(ValueError, match='must be a day and time such as "2026-11-23 08:00"'):
        read_start(written)


def test_a_start_out_of_reach() -> None:
    with pytest.raises(ValueError, match="must be in the years from 1971 to 2199"):
        read_start("9999-12-31 23:59")


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("Europe/Berln", '; did you mean "Europe/Berlin"?'),
        ("Berlin", '; did you mean "Europe/Berlin"?'),
        ("new york", '; did you mean "America/New_York"?'),
        ("America/New York", '; did you mean "America/New_York"?'),
        ("../../etc/passwd", ""),
        ("Europe", None),
        ("CEST5", None),
    ],
)
def test_an_unknown_zone_is_told_with_what_is_near(written: str, hint: str | None) -> None:
    with pytest.raises(ValueError, match="must be the name of a time zone such as Europe/Berlin, not") as caught:
        read_zone(written)
    assert hint is None or str(caught.value).endswith(f'not "{written}"{hint}')


def test_a_machine_without_time_zones_has_utc_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_data(name: str) -> None:
        raise zoneinfo.ZoneInfoNotFoundError(name)

    monkeypatch.setattr(zoneinfo, "ZoneInfo", no_data)
    monkeypatch.setattr(zoneinfo, "available_timezones", set)
    assert read_zone("utc") is UTC
    with pytest.raises(ValueError, match='no time zone data; install the Python package "tzdata"'):
        read_zone("Europe/Berlin")


@pytest.mark.parametrize(
    ("clock", "said"),
    [
        ("{starts: 08:00}", '2:27: carrier.clock.starts: "starts" must be a day and time such as'),
        ("{timezone: Mars/Base}", '2:29: carrier.clock.timezone: "timezone" must be the name of a time zone'),
        ("{start: 2026-11-23}", '2:19: carrier.clock.start: unknown key "start"; did you mean "starts"?'),
        (
            '{starts: "2026-03-29 02:30", timezone: Europe/Berlin}',
            '2:27: carrier.clock.starts: "starts" must be a time that there is: clocks in Europe/Berlin are put',
        ),
    ],
)
def test_faults(clock: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(f"name: x\ncarrier: {{clock: {clock}}}")
    (fault,) = caught.value.faults
    assert str(fault).startswith(f"<text>:{said}")
