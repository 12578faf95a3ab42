"""The timer that all calls share, on a clock that is set by hand: spread, on time, and without bursts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from simcarrier.net.beat import BEAT, CATCH_UP, Metronome


class FakeLoop:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], None]) -> Any:
        entry = (when, callback)
        self.calls.append(entry)

        class Handle:
            def cancel(_self) -> None:
                if entry in self.calls:
                    self.calls.remove(entry)

        return Handle()

    def run(self, until: float, asleep: tuple[float, float] | None = None) -> None:
        """Run up to a time; between two times the process is held."""
        while self.calls and min(self.calls)[0] <= until:
            entry = min(self.calls, key=lambda each: each[0])
            self.calls.remove(entry)
            self.now = max(self.now, entry[0])
            if asleep is not None and asleep[0] <= self.now < asleep[1]:
                self.now = asleep[1]
            entry[1]()
        self.now = max(self.now, until)


class Clapper:
    def __init__(self, loop: FakeLoop) -> None:
        self.loop = loop
        self.claps: list[tuple[float, float]] = []
        self.left_out = 0

    def beat(self, due: float) -> None:
        self.claps.append((self.loop.now, due))

    def missed(self, beats: int) -> None:
        self.left_out += beats


def test_calls_are_spread_over_the_beat() -> None:
    loop = FakeLoop()
    metronome = Metronome(loop)  # type: ignore[arg-type]  # all of a loop that it uses
    clappers = [Clapper(loop) for _ in range(100)]
    for clapper in clappers:
        metronome.add(clapper)
        metronome.add(clapper)
    loop.run(1.0)
    moments: dict[float, int] = {}
    for clapper in clappers:
        assert 49 <= len(clapper.claps) <= 50
        for now, due in clapper.claps:
            assert now == pytest.approx(due)
            moments[round(now, 4)] = moments.get(round(now, 4), 0) + 1
    assert max(moments.values()) == 10
    assert metronome.pace.percentile(0.99) <= 0.0001
    for clapper in clappers:
        metronome.remove(clapper)
    loop.run(2.0)
    assert loop.calls == []


def test_time_is_made_good_without_a_burst() -> None:
    loop = FakeLoop()
    metronome = Metronome(loop)  # type: ignore[arg-type]  # as above
    clapper = Clapper(loop)
    metronome.add(clapper)
    loop.run(1.0, asleep=(0.5, 0.6))
    times = [now for now, _ in clapper.claps]
    assert min(b - a for a, b in pairwise(times)) >= CATCH_UP - 1e-9
    assert [due for _, due in clapper.claps] == pytest.approx([0.02 * n for n in range(1, len(times) + 1)])
    assert clapper.left_out == 0
    assert clapper.claps[-1][0] == pytest.approx(clapper.claps[-1][1]), "on time again"
    assert 0.09 < metronome.pace.largest <= 0.1


def test_after_a_long_sleep_time_is_left_out() -> None:
    loop = FakeLoop()
    metronome = Metronome(loop)  # type: ignore[arg-type]  # as above
    clapper = Clapper(loop)
    metronome.add(clapper)
    loop.run(61.0, asleep=(0.5, 60.0))
    assert len(clapper.claps) < 90
    assert len(clapper.claps) + clapper.left_out == pytest.approx(61 / BEAT, abs=2)


def test_a_fault_costs_one_stream(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Clapper):
        def beat(self, due: float) -> None:
            raise RuntimeError("broken")

    loop = FakeLoop()
    metronome = Metronome(loop)  # type: ignore[arg-type]  # as above
    good = Clapper(loop)
    metronome.add(Broken(loop))
    metronome.add(good)
    loop.run(0.2)
    assert len(metronome) == 1
    assert len(good.claps) >= 9
    assert "a stream of audio failed" in caplog.text
