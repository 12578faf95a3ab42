"""Lines: N are N, the next call is refused, a line freed is usable, and they never drift from the calls that are up."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from simcarrier.carrier.lines import Lines
from simcarrier.testing import CallOut, Weather
from tests.carrier.kit import Exchange

TWO = "carrier: {lines: 2, lines_full: {respond: {code: 603, phrase: Decline}}}\ncalls: [{outcome: answered, ring: 1s}]"


def test_lines_are_held_by_calls() -> None:
    lines = Lines(2)
    assert [lines.seize(call) for call in (1, 2, 3)] == [True, True, False]
    assert (lines.in_use, lines.full) == (2, True)
    lines.release(3)
    lines.release(1)
    lines.release(1)
    assert (lines.in_use, lines.full) == (1, False)


def test_without_a_number_there_are_always_more() -> None:
    lines = Lines(None)
    assert all(lines.seize(call) for call in range(1000))
    assert not lines.full


def test_the_call_too_many_is_refused_and_a_line_freed_is_usable() -> None:
    carrier = Exchange(TWO)
    calls = [carrier.dial() for _ in range(3)]
    carrier.wire.run(2)
    assert [call.session.status for call in calls] == [200, 200, 603]
    assert carrier.lines_in_use == 2
    record = carrier.record
    assert (record.code, record.why, record.rule, record.matched) == (603, "lines 2 of 2", None, True)
    calls[0].hang_up()
    carrier.wire.run(0.05)
    assert carrier.lines_in_use == 1
    again = carrier.dial()
    carrier.wire.run(2)
    assert again.is_up
    for call in (calls[1], again):
        call.hang_up()
    carrier.close_of_business()


def test_a_refused_call_frees_its_line_when_the_refusal_goes_out_not_when_its_ack_comes() -> None:
    carrier = Exchange("carrier: {lines: 1}\ncalls: [{respond: 486}]")
    carrier.wire.lose("ACK", 3)
    carrier.dial()
    carrier.wire.run(0.1)
    assert len(carrier.switch.calls) == 1
    assert carrier.lines_in_use == 0
    carrier.close_of_business()


@pytest.mark.parametrize("ring", [True, False], ids=["ringing", "before anything"])
def test_a_cancelled_call_frees_its_line(ring: bool) -> None:
    carrier = Exchange("carrier: {lines: 1}\ncalls: [{steps: [trying, {wait: 20s}, answer]}]")
    call = carrier.dial()
    carrier.wire.run(1 if ring else 0)
    call.cancel()
    carrier.wire.run(1)
    assert carrier.lines_in_use == 0
    carrier.close_of_business()


class Trunk(RuleBasedStateMachine):
    """Callers do what they like in any weather: the lines in use are the calls that hold one."""

    LINES = 3

    def __init__(self) -> None:
        super().__init__()
        self.carrier = Exchange(
            f"""
            carrier: {{lines: {self.LINES}, lines_full: {{respond: 503}}}}
            calls:
              - {{to: "1*", outcome: answered, ring: 1s..3s}}
              - {{to: "2*", outcome: answered, ring: 0s, talk: 5s}}
              - {{to: "3*", steps: [trying, {{wait: 2s}}, {{respond: 486}}]}}
              - {{to: "4*", steps: [ringing, silence]}}
              - {{to: "5*", steps: [answer, {{drop: 3}}]}}
              - {{to: "6*", steps: [trying, drop]}}
              - {{to: "7*", steps: [{{ringing: {{reliable: true}}}}, {{wait: 2s}}, answer, duplicate]}}
              - {{to: "8*", steps: [silence]}}
            """
        )
        self.calls: list[CallOut] = []

    @rule(kind=st.integers(1, 9))
    def dial(self, kind: int) -> None:
        self.calls.append(self.carrier.dial(f"{kind}00", f"{len(self.calls)}"))
        self.carrier.wire.run(0.0)

    @precondition(lambda self: self.calls)
    @rule(which=st.integers(0, 1000), cancel=st.booleans())
    def end(self, which: int, cancel: bool) -> None:
        call = self.calls[which % len(self.calls)]
        call.cancel() if cancel else call.hang_up()

    @rule(seconds=st.sampled_from([0.01, 0.3, 1.0, 5.0, 40.0]))
    def wait(self, seconds: float) -> None:
        self.carrier.wire.run(seconds)

    @rule(loss=st.sampled_from([0.0, 0.0, 0.2, 0.5]))
    def weather(self, loss: float) -> None:
        self.carrier.wire.weather = Weather(loss, loss / 2, loss / 2, 0.01, 0.02)

    @invariant()
    def lines_are_the_calls_that_hold_one(self) -> None:
        switch = self.carrier.switch
        holding = {
            number
            for number, call in switch.calls.items()
            if call.decision.why is None and (call.session.status < 200 or call.session.answered_at is not None)
        }
        assert self.carrier.lines_in_use == len(holding) <= self.LINES

    @invariant()
    def every_call_is_up_or_has_its_record(self) -> None:
        switch = self.carrier.switch
        assert switch.journal.calls + len(switch.calls) == switch.taken

    def teardown(self) -> None:
        for call in self.calls:
            call.hang_up()
        self.carrier.wire.weather = Weather(delay=0.01)
        self.carrier.wire.run(5)
        for call in self.calls:
            call.hang_up()
        self.carrier.close_of_business()
        assert all(len(call.endings) == 1 for call in self.calls)
        numbers = sorted(record.number for record in self.carrier.records)
        assert numbers == list(range(1, self.carrier.switch.taken + 1))


TestTrunk = Trunk.TestCase
TestTrunk.settings = settings(
    deadline=None, max_examples=40, stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow]
)
