"""Counts over the last minutes: against a slow reference, and as columns."""

from __future__ import annotations

import re
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from simcarrier.dashboard.now.columns import KINDS, Chart, class_of
from simcarrier.dashboard.now.meter import STEP, STEPS, Meter
from simcarrier.records.model import CallRecord

BEGAN = 1_800_000_001.5

codes = st.sampled_from([None, 200, 302, 403, 486, 503, 603, 608])
calls = st.lists(st.tuples(st.floats(0, 200, width=32), codes), max_size=60)


class Clock:
    """Seconds since 1970, as a test has them."""

    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> float:
        return self.now


def call(ended: float, code: int | None) -> CallRecord:
    return CallRecord(1, "1@x", "UDP", ("127.0.0.1", 5060), "+1", "+2", ended - 2.0, code=code, ended_after=2.0)


def metered(pauses: list[tuple[float, int | None]], more: float) -> tuple[Meter, Clock, list[tuple[float, int | None]]]:
    """A meter that was told of calls with these pauses between them, and the calls with their times."""
    clock = Clock()
    meter = Meter(clock)
    told = []
    for pause, code in pauses:
        clock.now += pause
        told.append((clock.now, code))
    meter.observe([call(*each) for each in told])
    clock.now += more
    return meter, clock, told


@given(calls, st.floats(0, 900))
def test_steps_are_those_of_a_slow_count(pauses: list[tuple[float, int | None]], more: float) -> None:
    meter, clock, told = metered(pauses, more)
    last = int(clock.now // STEP)
    slow: dict[int, Counter[int | None]] = {}
    for at, code in told:
        ended = (at - 2.0) + 2.0  # as the record has it
        if last - STEPS < ended // STEP <= last:
            slow.setdefault(int(ended // STEP), Counter())[code] += 1
    assert meter.last == last
    assert [(step.number, step.codes) for step in meter.steps()] == sorted(slow.items())
    since = (last - 1) * STEP
    recent = sum(1 for at, _ in told if (at - 2.0) + 2.0 >= since)
    assert meter.per_second() == recent / max(clock.now - max(since, BEGAN), 1.0)


@given(calls, st.floats(0, 900))
def test_columns_hold_every_call_of_the_steps(pauses: list[tuple[float, int | None]], more: float) -> None:
    meter, clock, _ = metered(pauses, more)
    chart = Chart()
    chart.look(meter)
    meter.observe([call(clock.now, 608)])  # in the step that goes on, after a first look
    picture, counts = chart.look(meter)
    wanted: Counter[int | None] = Counter()
    for step in meter.steps():
        wanted.update(step.codes)
    assert counts == wanted
    by_kind: Counter[str] = Counter()
    tops: dict[int, int] = {}
    left, top, width, high = map(int, picture.box.split())
    for kind, path in picture.paths:
        assert kind in KINDS
        assert re.fullmatch(r"(M-?\d+\.1-\d+h\.8v-\d+h-\.8z)+", path)
        for column, bottom, height in re.findall(r"M(-?\d+)\.1-(\d+)h\.8v-(\d+)", path):
            assert left <= int(column) < left + width
            assert tops.get(int(column), 0) == int(bottom), "columns stand on each other"
            tops[int(column)] = int(bottom) + int(height)
            by_kind[kind] += int(height)
    assert by_kind == sum((Counter({class_of(code): count}) for code, count in wanted.items()), Counter())
    assert max(tops.values()) == picture.highest == high == -top


def test_what_is_over_is_not_drawn_again_and_leaves_in_time() -> None:
    meter, clock, _ = metered([(0.0, 403)], 0.0)
    chart = Chart()
    assert chart.look(meter)[0].paths[0][0] == "request"
    clock.now += STEP * STEPS
    assert chart.look(meter) == (chart.look(meter)[0], {})
    assert chart.look(meter)[0].paths == ()


def test_a_new_beginning() -> None:
    meter, clock, _ = metered([(1.0, 403), (1.0, 486)], 1.0)
    chart = Chart()
    assert chart.look(meter)[1] == {403: 1, 486: 1}
    meter.forget()
    assert (meter.steps(), meter.per_second(), chart.look(meter)[1]) == ([], 0.0, {})
    meter.observe([call(clock.now + 0.5, None)])
    clock.now += 0.5
    assert chart.look(meter)[1] == {None: 1}
    assert meter.per_second() == 1.0, "over a second at least"
