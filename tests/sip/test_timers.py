"""The timers' values, and the queue of deadlines against a naive model (RFC 3261 appendix A, RFC 6026 section 8)."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from simcarrier.sip.timers import MAX_LANES, TimerQueue, Timers

T1, T2, T4 = 0.5, 4.0, 5.0


def test_the_base_values() -> None:
    base = Timers()
    assert (base.t1, base.t2, base.t4, base.d, base.trying_after) == (T1, T2, T4, 32.0, 0.2)
    assert base.t64 == 32.0


# Table 4 of RFC 3261, with L and M of RFC 6026.
VALUES = [
    ("A: T1, then doubling without a cap", [Timers().a(n) for n in range(8)], [0.5, 1, 2, 4, 8, 16, 32, 64]),
    ("B, F, H, L, M: 64 T1", [Timers().t64], [32.0]),
    ("D: 32 s, or 0 on a stream", [Timers().d_for(False), Timers().d_for(True)], [32.0, 0.0]),
    ("E: T1, doubling up to T2", [Timers().e(n) for n in range(6)], [0.5, 1, 2, 4, 4, 4]),
    ("G: T1, doubling up to T2", [Timers().g(n) for n in range(6)], [0.5, 1, 2, 4, 4, 4]),
    ("I: T4, or 0 on a stream", [Timers().i_for(False), Timers().i_for(True)], [5.0, 0.0]),
    ("J: 64 T1, or 0 on a stream", [Timers().j_for(False), Timers().j_for(True)], [32.0, 0.0]),
    ("K: T4, or 0 on a stream", [Timers().k_for(False), Timers().k_for(True)], [5.0, 0.0]),
]


@pytest.mark.parametrize(("name", "got", "wanted"), VALUES, ids=[name for name, _, _ in VALUES])
def test_values(name: str, got: list[float], wanted: list[float]) -> None:
    assert got == wanted


def test_all_follow_t1() -> None:
    quick = Timers(t1=0.1, t2=0.3)
    assert quick.t64 == pytest.approx(6.4)
    assert [quick.e(n) for n in range(4)] == pytest.approx([0.1, 0.2, 0.3, 0.3])
    assert quick.e(10_000) == 0.3
    assert quick.j_for(False) == pytest.approx(6.4)


class Item:
    def __init__(self, name: int, log: list[tuple[float, int]]) -> None:
        self.name = name
        self.deadline: float | None = None
        self.log = log
        self.again: tuple[TimerQueue, float] | None = None

    def timer_fired(self, now: float) -> None:
        assert self.deadline is None, "cleared before it is told"
        self.log.append((now, self.name))
        if self.again is not None:
            queue, delay = self.again
            self.again = None
            queue.after(delay, now, self)


# Eighths of a second are exact in binary, so that the model may compare for equality.
DELAYS = [n / 8 for n in range(40)]


class Queue(RuleBasedStateMachine):
    """A `TimerQueue` beside a dictionary of name to deadline."""

    @initialize()
    def begin(self) -> None:
        self.queue = TimerQueue()
        self.log: list[tuple[float, int]] = []
        self.items = [Item(n, self.log) for n in range(6)]
        self.model: dict[int, float] = {}
        self.now = 0.0

    @rule(which=st.integers(0, 5), delay=st.sampled_from(DELAYS))
    def after(self, which: int, delay: float) -> None:
        self.queue.after(delay, self.now, self.items[which])
        self.model[which] = self.now + delay

    @rule(which=st.integers(0, 5), delay=st.sampled_from(DELAYS))
    def at(self, which: int, delay: float) -> None:
        self.queue.at(self.now + delay, self.items[which])
        self.model[which] = self.now + delay

    @rule(which=st.integers(0, 5))
    def disarm(self, which: int) -> None:
        self.queue.disarm(self.items[which])
        self.model.pop(which, None)

    @rule(step=st.sampled_from(DELAYS))
    def fire(self, step: float) -> None:
        self.now += step
        due = sorted(when for when in self.model.values() if when <= self.now)
        names = {name for name, when in self.model.items() if when <= self.now}
        before = {name: self.model[name] for name in names}
        self.log.clear()
        assert self.queue.fire(self.now) == len(due)
        assert [now for now, _ in self.log] == [self.now] * len(due)
        assert {name for _, name in self.log} == names
        assert [before[name] for _, name in self.log] == due, "earliest first"
        for name in names:
            del self.model[name]

    @rule(which=st.integers(0, 5), delay=st.sampled_from(DELAYS[1:]))
    def fire_one_that_arms_itself_anew(self, which: int, delay: float) -> None:
        if which not in self.model or self.model[which] > self.now:
            return
        self.items[which].again = (self.queue, delay)
        self.queue.fire(self.now)
        self.model = {name: when for name, when in self.model.items() if when > self.now}
        self.model[which] = self.now + delay

    @invariant()
    def next_is_the_earliest(self) -> None:
        if hasattr(self, "queue"):
            assert self.queue.next() == min(self.model.values(), default=None)
            for name, item in enumerate(self.items):
                assert item.deadline == self.model.get(name)


TestQueue = Queue.TestCase
TestQueue.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)


def test_an_item_armed_anew_for_now_fires_again_in_the_same_call() -> None:
    log: list[tuple[float, int]] = []
    queue, item = TimerQueue(), Item(1, log)
    item.again = (queue, 0.0)
    queue.after(1.0, 0.0, item)
    assert queue.fire(1.0) == 2
    assert log == [(1.0, 1), (1.0, 1)]


def test_one_that_fires_may_disarm_another_that_is_due() -> None:
    log: list[tuple[float, int]] = []
    queue, victim = TimerQueue(), Item(2, log)

    class Killer(Item):
        def timer_fired(self, now: float) -> None:
            super().timer_fired(now)
            queue.disarm(victim)

    queue.at(2.0, victim)
    queue.at(1.0, Killer(1, log))
    assert queue.fire(3.0) == 1
    assert log == [(3.0, 1)]
    assert queue.next() is None


def test_many_different_delays_do_not_make_many_lanes() -> None:
    log: list[tuple[float, int]] = []
    queue = TimerQueue()
    for n in range(200):
        queue.after(1 + n / 8, 0.0, Item(n, log))
    assert len(queue._lanes) == MAX_LANES
    assert queue.fire(1000.0) == 200
    assert [name for _, name in log] == list(range(200))


def test_what_was_disarmed_does_not_stay() -> None:
    queue = TimerQueue()
    for n in range(1000):
        item = Item(n, [])
        queue.after(32.0, n / 8, item)
        queue.at(n / 8 + 32.0, item)
        queue.disarm(item)
    assert len(queue) == 2000
    assert queue.next() is None
    assert len(queue) == 0
