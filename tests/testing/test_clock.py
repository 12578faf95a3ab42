"""The manual clock: deadlines in order, nothing skipped, nothing early."""

from __future__ import annotations

import pytest

from simcarrier.testing import ManualClock


class Alarms:
    """Deadlines that note when they were met."""

    def __init__(self, name: str, notes: list[tuple[str, float]], *moments: float) -> None:
        self.name = name
        self.notes = notes
        self.moments = sorted(moments)

    def next_deadline(self) -> float | None:
        return self.moments[0] if self.moments else None

    def handle_timers(self, now: float) -> None:
        self.moments.pop(0)
        self.notes.append((self.name, now))


def test_deadlines_are_met_in_order_over_all_that_is_driven() -> None:
    clock = ManualClock()
    notes: list[tuple[str, float]] = []
    clock.drive(Alarms("a", notes, 1.0, 3.0))
    clock.drive(Alarms("b", notes, 2.0, 3.0, 9.0))
    clock.advance(5)
    assert notes == [("a", 1.0), ("b", 2.0), ("a", 3.0), ("b", 3.0)]
    assert clock.now == 5
    assert clock.next_deadline() == 9.0


def test_a_deadline_in_the_past_is_met_now() -> None:
    clock = ManualClock(10.0)
    notes: list[tuple[str, float]] = []
    clock.drive(Alarms("late", notes, 4.0))
    clock.advance(0)
    assert notes == [("late", 10.0)]


def test_run_until_stops_at_the_moment() -> None:
    clock = ManualClock()
    notes: list[tuple[str, float]] = []
    clock.drive(Alarms("a", notes, 1.0, 2.0, 3.0))
    assert clock.run_until(lambda: len(notes) == 2, within=60)
    assert clock.now == 2.0


def test_run_until_gives_up_when_the_time_is_over() -> None:
    clock = ManualClock(5.0)
    assert not clock.run_until(lambda: False, within=60)
    assert clock.now == 65.0


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="backwards"):
        ManualClock().advance(-1)


def test_a_timer_that_is_always_due_is_told() -> None:
    class Restless:
        def next_deadline(self) -> float:
            return 1.0

        def handle_timers(self, now: float) -> None:
            """Is due again at once."""

    clock = ManualClock()
    clock.drive(Restless())
    with pytest.raises(RuntimeError, match=r"time stands still at 1\.0 s"):
        clock.advance(2)
