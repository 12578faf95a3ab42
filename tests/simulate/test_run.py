"""Simulations from start to end: repeatable, complete, and shaped as the scenario says."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcarrier.records.model import CallRecord
from simcarrier.scenario.load import loads
from simcarrier.simulate.run import MONDAY, Simulation
from simcarrier.simulate.timers import VirtualTimers
from tests.simulate.kit import DAY, HOUR, simulated

MIXED = """
carrier: {lines: 40}
calls:
  - to: +4989*
    mix:
      - {share: 60%, outcome: answered, ring: 2s..20s, talk: 10s..90s}
      - {share: 25%, respond: {code: 486, trying: true, delay: 1s..3s}}
      - {share: 15%, steps: [trying, silence]}
  - {to: "+44*", respond: {code: 403, headers: {X-Id: "{uuid}"}}}
traffic:
  calls_per_hour: 900
  campaigns:
    - {name: a, to: "+4989#######", share: 80%, retries: {on: [486], after: 10m}}
    - {name: b, to: "+44#######", share: 20%, choose: random}
"""


def lines(records: list[CallRecord]) -> str:
    return "\n".join(json.dumps(record.as_dict()) for record in records)


def test_the_same_seed_gives_the_same_records_byte_for_byte_and_another_gives_others() -> None:
    first, again, other = (lines(simulated(MIXED, seed=seed)[1]) for seed in (5, 5, 6))
    assert first == again
    assert first != other


def test_a_simulation_without_a_seed_is_repeatable_too() -> None:
    assert lines(simulated(MIXED, seed=None)[1]) == lines(simulated(MIXED, seed=1)[1])
    assert lines(simulated(f"{MIXED}".replace("lines: 40", "lines: 40, seed: 9"), seed=None)[1]) == lines(
        simulated(MIXED, seed=9)[1]
    )


@pytest.mark.parametrize("events", [1, 7, 100_000])
def test_how_a_simulation_is_cut_into_steps_changes_nothing(events: int) -> None:
    scenario = loads(f"name: x\n{MIXED}")
    simulation = Simulation(scenario, seconds=600, seed=5)
    records: list[CallRecord] = []
    simulation.exchange.journal.listeners.append(records.append)
    while simulation.step(events):
        pass
    assert lines(records) == lines(simulated(scenario, 600, seed=5)[1])


def test_the_records_are_complete() -> None:
    simulation, records = simulated(MIXED, seconds=2 * HOUR)
    assert not simulation.exchange.calls
    assert sorted(record.number for record in records) == list(range(1, simulation.exchange.taken + 1))
    assert len({record.call_id for record in records}) == len(records)
    for record in records:
        assert 0 <= record.started - simulation.start < 2 * HOUR
        assert record.ended_after is not None
        assert record.ending is not None
        assert record.transport == "UDP"
        assert record.source == ("127.0.0.1", 5060)
        if record.code is not None:
            assert record.responded_after is not None
            assert record.acknowledged_after == pytest.approx(record.responded_after + 0.05)


def test_the_shape_is_that_of_the_scenario() -> None:
    simulation, records = simulated(MIXED.replace("lines: 40", "lines: 1000"), seconds=8 * HOUR)
    first = [dialler.placed for dialler in simulation.diallers]
    assert first[0] == pytest.approx(900 * 0.8 * 8, rel=0.05)
    assert first[1] == pytest.approx(900 * 0.2 * 8, rel=0.05)
    german = [record for record in records if record.called.startswith("+4989")]
    codes = Counter(record.code for record in german)
    assert codes[200] / len(german) == pytest.approx(0.60, abs=0.02)
    assert codes[486] / len(german) == pytest.approx(0.25, abs=0.02)
    assert codes[487] / len(german) == pytest.approx(0.15, abs=0.02)
    stalled = [record for record in german if record.code == 487]
    assert all(record.responded_after == pytest.approx(10.0) for record in stalled)
    assert {record.ending for record in stalled} == {"cancelled"}


def lost(erlangs: float, on: int) -> float:
    """The share of calls that find all lines taken: Erlang's formula B."""
    share = 1.0
    for line in range(1, on + 1):
        share = erlangs * share / (line + erlangs * share)
    return share


def test_lines_are_given_back_and_full_ones_refused() -> None:
    simulation, records = simulated(
        """
        carrier: {lines: 10}
        calls: [{outcome: answered, ring: 1s, talk: 60s}]
        traffic: {campaigns: [{to: "+49#######", talk: 2m}]}
        """,
        seconds=DAY,
        calls_per_hour=700,
    )
    full = sum(record.condition == "lines_full" for record in records) / len(records)
    assert full == pytest.approx(lost(700 * 61.05 / HOUR, 10), abs=0.02)
    assert simulation.exchange.carrier.business.world.trunks.shared.lines.in_use == 0


def test_patience_cancels_and_talk_hangs_up() -> None:
    _, records = simulated(
        """
        calls:
          - {to: 1, steps: [trying, {wait: 2s}, ringing, {wait: 5m}, answer]}
          - {to: 2, outcome: answered, ring: 1s}
          - {to: 3, outcome: answered, ring: 1s, talk: 4s}
          - {to: 4, steps: [trying, {wait: 9s}, ringing, {wait: 1s}, answer]}
          - {to: 5, steps: [trying, silence]}
        traffic:
          campaigns: [{to: ["1", "2", "3", "4", "5"], patience: 20s..25s, stall: 9500ms, talk: 30s..40s}]
        """,
        calls_per_hour=500,
    )
    by_number = {called: [record for record in records if record.called == called] for called in "12345"}
    for record in by_number["1"]:
        assert (record.code, record.ending) == (487, "cancelled")
        assert 22 <= (record.responded_after or 0) <= 27
    for called, ending in {"2": "hung_up_by_peer", "3": "hung_up_by_us", "4": "hung_up_by_peer"}.items():
        assert {(record.code, record.ending) for record in by_number[called]} == {(200, ending)}
    talked = [(record.ended_after or 0) - (record.acknowledged_after or 0) for record in by_number["2"]]
    assert all(30 <= seconds <= 40.001 for seconds in talked)
    assert max(talked) - min(talked) > 5
    assert {round(record.responded_after or 0, 6) for record in by_number["5"]} == {9.5}


def test_what_the_invite_shows_reaches_the_rules() -> None:
    _, records = simulated(
        """
        calls:
          - {name: known, headers: {P-Asserted-Identity: "*+49301234@*", X-Campaign: spring}, respond: 486}
          - {name: from there, source: 192.0.2.0/24, respond: 403}
        traffic:
          campaigns:
            - {to: "+49#", callers: ["+49301234"], asserted: caller, headers: {X-Campaign: spring}}
            - {to: "+44#", source: "192.0.2.7:5080"}
        """,
        calls_per_hour=60,
    )
    found = {(record.called[:3], record.rule, record.source) for record in records}
    assert found == {("+49", "known", ("127.0.0.1", 5060)), ("+44", "from there", ("192.0.2.7", 5080))}


def test_the_clock_of_the_carrier_follows_the_start() -> None:
    simulation, records = simulated("calls: [{respond: 486}]", seconds=60, calls_per_hour=600)
    assert simulation.start == MONDAY == datetime(2026, 11, 23, tzinfo=UTC).timestamp()
    assert records[0].started > MONDAY
    later = simulated("calls: [{respond: 486}]", seconds=60, calls_per_hour=600, start=MONDAY + 8 * HOUR)
    assert later[0].exchange.carrier.business.world.clock.hour(0.0) == 8.0
    assert later[1][0].started == pytest.approx(records[0].started + 8 * HOUR)


def test_the_scenarios_own_start_counts_unless_another_is_said() -> None:
    text = 'carrier: {clock: {starts: "2026-12-01 09:00", timezone: Europe/Berlin}}\ncalls: [{respond: 486}]'
    simulation, _ = simulated(text, seconds=60)
    assert simulation.start == datetime(2026, 12, 1, 8, tzinfo=UTC).timestamp()
    assert simulation.exchange.carrier.business.world.clock.hour(0.0) == 9.0
    simulation, _ = simulated(text, seconds=60, start=MONDAY)
    assert simulation.start == MONDAY
    assert simulation.exchange.carrier.business.world.clock.hour(0.0) == 1.0  # Berlin is an hour ahead


def test_a_call_that_nobody_ends_is_written_down_in_the_end() -> None:
    _, records = simulated(
        "calls: [{steps: [{wait: 999h}, {respond: 486}]}]\ntraffic: {campaigns: [{to: '1', stall: 9h}]}",
        seconds=HOUR,
        calls_per_hour=5,
    )
    assert records
    assert {record.ending for record in records} == {"abandoned"}


def test_hours_without_calls_take_no_time_and_end() -> None:
    simulation, records = simulated(
        "traffic: {campaigns: [{to: '1', days: sun, hours: 3..4}]}", seconds=6 * DAY, calls_per_hour=1000
    )
    assert (records, simulation.exchange.taken) == ([], 0)


class Item:
    """Something with a deadline."""

    def __init__(self, told: list[tuple[float, int]], name: int) -> None:
        self.deadline: float | None = None
        self._told = told
        self._name = name

    def timer_fired(self, now: float) -> None:
        self._told.append((now, self._name))


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 100), st.booleans()), max_size=40), st.floats(0, 100))
def test_the_timers_tell_each_deadline_once_in_order(armed: list[tuple[int, float, bool]], before: float) -> None:
    timers = VirtualTimers()
    told: list[tuple[float, int]] = []
    items = [Item(told, name) for name in range(6)]
    last: dict[int, float | None] = {}
    for name, when, disarm in armed:
        timers.after(when, 0.0, items[name])
        last[name] = when
        if disarm:
            timers.disarm(items[name])
            last[name] = None
    met = []
    while (moment := timers.meet(before)) is not None:
        met.append(moment)
    due = {name: when for name, when in last.items() if when is not None and when < before}
    assert met == sorted(met) == sorted(due.values()) == [now for now, _ in told]
    assert {name: now for now, name in told} == due
