"""Callers do what they like, on two trunks and in any weather: the lines in use are the calls that hold one."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from simcarrier.carrier.business.trunks import Trunk
from simcarrier.conditions import Condition
from simcarrier.testing import CallOut, Phone, Weather
from tests.carrier.kit import Exchange

CHANGES = (0.0, 20.0, 60.0, 90.0)
"""When the lines taken by others change, seconds."""

SCENARIO = """
carrier:
  lines: 4
  trunks:
    - name: main
      lines: 3
      calls_per_second: 3
      taken: [{when: 20s..60s, lines: 2}, {when: 60s..90s, lines: 3}]
    - {name: lab, lines: 2, source: 10.0.0.9}
  weather:
    - {what: congestion, share: 20%, when: 10s..}
    - {what: slow, share: 50%, post_dial_delay: 1s..3s}
calls:
  - {to: "1*", outcome: answered, ring: 1s..3s}
  - {to: "2*", outcome: answered, ring: 0s, talk: 5s}
  - {to: "3*", steps: [trying, {wait: 2s}, {respond: 486}]}
  - {to: "4*", steps: [ringing, silence]}
  - {to: "5*", steps: [answer, {drop: 3}]}
  - {to: "6*", steps: [trying, drop]}
  - {to: "7*", steps: [{ringing: {reliable: true}}, {wait: 2s}, answer, duplicate]}
  - {to: "8*", steps: [silence]}
"""

REFUSED_AT_THE_DOOR = (Condition.LINES_FULL, Condition.RATE_EXCEEDED)


class Storm(RuleBasedStateMachine):
    """Two callers, two trunks, random packets lost."""

    def __init__(self) -> None:
        super().__init__()
        self.carrier = Exchange(SCENARIO)
        self.trunks = self.carrier.switch.carrier.business.world.trunks
        self.phones = (self.carrier.phone, Phone(self.carrier.wire, "10.0.0.9", name="lab"))
        self.calls: list[CallOut] = []
        self.looked = 0.0
        self.seen: dict[str, int] = {}

    @rule(kind=st.integers(1, 9), lab=st.booleans(), count=st.integers(1, 3))
    def dial(self, kind: int, lab: bool, count: int) -> None:
        for _ in range(count):
            self.calls.append(self.carrier.dial(f"{kind}00", f"{len(self.calls)}", phone=self.phones[lab]))
        self.carrier.wire.run(0.02)

    @precondition(lambda self: self.calls)
    @rule(which=st.integers(0, 1000), cancel=st.booleans())
    def end(self, which: int, cancel: bool) -> None:
        call = self.calls[which % len(self.calls)]
        call.cancel() if cancel else call.hang_up()

    @precondition(lambda self: self.carrier.switch.calls)
    @rule(which=st.integers(0, 1000))
    def cut_off(self, which: int) -> None:
        up = [call for call in self.carrier.switch.calls.values() if call.established_at is not None]
        if up:
            up[which % len(up)].cut_off(self.carrier.wire.now, "storm")
            self.carrier.wire.collect()

    @rule(seconds=st.sampled_from([0.01, 0.3, 1.0, 5.0, 40.0]))
    def wait(self, seconds: float) -> None:
        self.carrier.wire.run(seconds)

    @rule(loss=st.sampled_from([0.0, 0.0, 0.2, 0.5]))
    def lose(self, loss: float) -> None:
        self.carrier.wire.weather = Weather(loss, loss / 2, loss / 2, 0.01, 0.02)

    @invariant()
    def lines_in_use_are_the_calls_that_hold_one(self) -> None:
        holding: dict[str | None, int] = {}
        for call in self.carrier.switch.calls.values():
            over = call.session.status >= 200 and call.session.answered_at is None
            if call.decision.course.condition not in REFUSED_AT_THE_DOOR and not over:
                assert call.trunk is not None
                assert call.trunk.name == ("lab" if call.session.peer[0] == "10.0.0.9" else "main")
                holding[call.trunk.name] = holding.get(call.trunk.name, 0) + 1
                assert set(call.holds) == {call.trunk, self.trunks.shared}
            else:
                assert call.holds == ()
        assert {trunk.name: trunk.in_use for trunk in self.trunks.all if trunk.in_use} == holding
        assert self.trunks.shared.in_use == sum(holding.values())

    @invariant()
    def nobody_gets_a_line_that_is_not_there(self) -> None:
        now = self.carrier.wire.now
        for trunk in (*self.trunks.all, self.trunks.shared):
            most = (trunk.total or 0) - self.least_taken(trunk, now)
            assert trunk.in_use <= max(most, self.seen.get(trunk.name, 0))
            self.seen[trunk.name] = trunk.in_use
        self.looked = now

    def least_taken(self, trunk: Trunk, now: float) -> int:
        """By others, at any time since the last look."""
        times = [self.looked, now, *(at for at in CHANGES if self.looked <= at <= now)]
        return min(trunk.taken(at) for at in times)

    @invariant()
    def every_call_is_up_or_has_its_record(self) -> None:
        switch = self.carrier.switch
        assert switch.journal.calls + len(switch.calls) == switch.taken

    def teardown(self) -> None:
        for call in self.calls:
            call.hang_up()
        self.carrier.wire.weather = Weather(delay=0.01)
        self.carrier.wire.run(8)
        for call in self.calls:
            call.hang_up()
        self.carrier.close_of_business()
        assert self.phones[1].idle
        assert [trunk.in_use for trunk in (*self.trunks.all, self.trunks.shared)] == [0, 0, 0]
        assert all(len(call.endings) == 1 for call in self.calls)


TestStorm = Storm.TestCase
TestStorm.settings = settings(
    deadline=None, max_examples=40, stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow]
)
