"""Weather: when it holds, whom it strikes, what goes before what, and how slow weather sounds on the wire."""

from __future__ import annotations

import pytest

from simcarrier.carrier.business.weather import Front
from simcarrier.conditions import Condition
from tests.carrier.kit import Exchange

BUSY = "calls: [{steps: [trying, {wait: 100ms}, {respond: 486}]}]"


def exchange(weather: str, rest: str = BUSY, clock: str = "{}", seed: int = 1) -> Exchange:
    return Exchange(f"carrier: {{clock: {clock}, weather: {weather}}}\n{rest}", seed=seed)


def fronts(carrier: Exchange) -> tuple[Front, ...]:
    return carrier.switch.carrier.business.world.weather.fronts


def decided(carrier: Exchange, user: str = "+4930123456") -> tuple[Condition | None, str | None]:
    """What a call gets, without a wait for the end of it."""
    carrier.dial(user)
    before = carrier.switch.taken
    carrier.wire.run_until(lambda: carrier.switch.taken > before, 1)
    number = carrier.switch.taken
    if number in carrier.switch.calls:
        decision = carrier.switch.calls[number].decision
        return decision.course.condition, decision.why
    record = carrier.record
    return record.condition, record.why


@pytest.mark.parametrize(
    ("what", "condition"),
    [
        ("outage", Condition.CARRIER_FAILURE),
        ("silent", Condition.SILENT),
        ("congestion", Condition.ROUTE_CONGESTED),
        ("area_throttled", Condition.AREA_THROTTLED),
        ("all_numbers_inactive", Condition.ALL_NUMBERS_INACTIVE),
        ("stalled", Condition.STALLED_AFTER_TRYING),
        ("mis_signalled", Condition.RINGING_MIS_SIGNALLED),
    ],
)
def test_what_can_go_wrong(what: str, condition: Condition) -> None:
    assert decided(exchange(f"[{{what: {what}}}]")) == (condition, f"weather: {what}")
    assert decided(exchange(f"[{{condition: {condition}, name: it}}]")) == (condition, "weather: it")


def test_it_comes_and_goes() -> None:
    carrier = exchange("[{what: congestion, name: rush, when: 10s..20s}, {what: outage, when: 15s..30s}]")
    seen = []
    for _ in range(7):
        seen.append(decided(carrier)[1])
        carrier.wire.run(5 - carrier.wire.now % 5)
    assert seen == [None, None, "weather: rush", *["weather: outage"] * 3, None]
    carrier.close_of_business()


def test_it_keeps_to_the_carriers_clock() -> None:
    carrier = exchange(
        "[{what: congestion, hours: 9..12, days: mon}]",
        clock='{starts: "2026-11-23 08:59:30", timezone: Europe/Berlin}',
    )
    assert decided(carrier)[0] is None
    carrier.wire.run(30)
    assert decided(carrier)[0] is Condition.ROUTE_CONGESTED


def test_by_hand() -> None:
    carrier = exchange("[{what: congestion, on: false}, {what: outage, when: 0s..1s}]")
    rush, outage = fronts(carrier)
    assert [front.name for front in (rush, outage)] == ["congestion", "outage"]
    assert decided(carrier)[0] is Condition.CARRIER_FAILURE
    outage.forced = False
    assert decided(carrier)[0] is None
    rush.forced = True
    assert decided(carrier)[0] is Condition.ROUTE_CONGESTED
    carrier.wire.run(5)
    outage.forced = True
    assert decided(carrier)[0] is Condition.CARRIER_FAILURE
    outage.forced = rush.forced = None
    assert decided(carrier)[0] is None


def test_off_is_off_whatever_the_hour() -> None:
    assert decided(exchange("[{what: congestion, on: false, when: 0s..1h}]"))[0] is None


def test_it_strikes_some_numbers() -> None:
    carrier = exchange("[{what: area_throttled, to: +4989*}, {what: congestion, to: {not: +49*}}]")
    assert [decided(carrier, user)[0] for user in ("+4989123", "+4930123", "+33123")] == [
        Condition.AREA_THROTTLED,
        None,
        Condition.ROUTE_CONGESTED,
    ]


def test_it_strikes_a_share_of_the_calls_and_the_same_ones_with_the_same_seed() -> None:
    def struck(seed: int) -> list[bool]:
        carrier = exchange("[{what: congestion, share: 40%}]", seed=seed)
        return [decided(carrier)[0] is not None for _ in range(200)]

    once = struck(3)
    assert once == struck(3) != struck(4)
    assert 55 < sum(once) < 105


@pytest.mark.parametrize("said", ["", ", share: 100%", ", share: 40%, when: 1h.."])
def test_chance_is_used_only_where_it_decides(said: str) -> None:
    carrier = exchange(f"[{{what: congestion{said}}}, {{what: stalled}}]")
    decided(carrier)
    (call,) = carrier.switch.calls.values()
    before = carrier.switch.rng.getstate()
    struck = fronts(carrier)[0].strikes(call, 0)
    assert struck is ("1h" not in said)
    assert carrier.switch.rng.getstate() == before


def test_the_first_front_that_strikes_decides() -> None:
    carrier = exchange("[{what: stalled, to: 1*}, {what: congestion}, {what: area_throttled}]")
    assert [decided(carrier, user)[0] for user in ("1", "2")] == [
        Condition.STALLED_AFTER_TRYING,
        Condition.ROUTE_CONGESTED,
    ]


def test_an_outage_comes_before_the_lines_and_congestion_after_them() -> None:
    carrier = Exchange(
        """
        carrier:
          lines: 1
          weather: [{what: congestion, to: 2*, when: 1s..}, {what: outage, to: 3*}]
        calls: [{outcome: answered, ring: 0s}]
        """
    )
    first = carrier.dial("2")
    carrier.wire.run(2)
    assert first.is_up
    assert [decided(carrier, user)[0] for user in ("2", "3")] == [Condition.LINES_FULL, Condition.CARRIER_FAILURE]
    first.hang_up()
    carrier.wire.run(1)
    assert decided(carrier, "2")[0] is Condition.ROUTE_CONGESTED
    carrier.wire.run(1)
    assert carrier.lines_in_use == 0


@pytest.mark.parametrize(
    ("said", "told"), [("", {"5"}), (", retry_after: 2500ms", {"3"}), (", retry_after: 1s..3s", {"2", "3"})]
)
def test_when_to_come_back(said: str, told: set[str]) -> None:
    carrier = exchange(f"[{{what: area_throttled{said}}}]")
    calls = [carrier.dial() for _ in range(10)]
    carrier.wire.run(1)
    assert {call.responses[-1].get("retry-after") for call in calls} == told


SLOW = "[{what: slow, post_dial_delay: 4s}]"


@pytest.mark.parametrize(
    ("steps", "codes"),
    [
        ("[trying, {wait: 1s}, {respond: 486}]", [100, 486]),
        ("[{respond: 486}]", [100, 486]),
        ("[ringing, {wait: 1s}, {respond: 486}]", [100, 180, 486]),
    ],
)
def test_slow_weather_is_100_and_a_wait_before_all_else(steps: str, codes: list[int]) -> None:
    plain, slow = (exchange(weather, f"calls: [{{steps: {steps}}}]") for weather in ("[]", SLOW))
    for carrier in (plain, slow):
        assert carrier.code() == 486
    assert [*slow.record.provisional, slow.record.code] == codes
    assert slow.record.responded_after is not None
    assert plain.record.responded_after is not None
    assert slow.record.responded_after - plain.record.responded_after == pytest.approx(4.0)
    assert (slow.record.rule, slow.record.why) == ("calls[0]", None)
    slow.close_of_business()


def test_the_headers_of_the_rules_own_100_stay() -> None:
    carrier = exchange(SLOW, "calls: [{steps: [{trying: {headers: {X-Seen: here}}}, {respond: 486}]}]")
    call = carrier.dial()
    carrier.wire.run(1)
    assert call.codes == [100]
    assert call.responses[0].get("x-seen") == "here"


def test_a_call_can_be_cancelled_while_nothing_is_heard() -> None:
    carrier = exchange(SLOW, "calls: [{outcome: answered, ring: 1s}]")
    call = carrier.dial()
    carrier.wire.run(2)
    call.cancel()
    carrier.wire.run(1)
    assert call.session.status == 487
    carrier.close_of_business()
    assert carrier.record.provisional == (100,)


def test_slow_weather_goes_with_other_weather_and_its_time_is_drawn() -> None:
    carrier = exchange(
        "[{what: slow, post_dial_delay: 4s..8s}, {what: slow, name: slower, post_dial_delay: 1h}, {what: congestion}]"
    )
    delays = []
    for _ in range(20):
        carrier.code()
        record = carrier.record
        assert (record.condition, record.provisional[0]) == (Condition.ROUTE_CONGESTED, 100)
        delays.append(record.responded_after)
    assert all(delay is not None and 4 <= delay <= 8.5 for delay in delays)
    assert len(set(delays)) > 10


def test_a_call_refused_at_the_trunk_is_refused_at_once() -> None:
    carrier = Exchange(f"carrier: {{lines: 1, weather: {SLOW}}}\ncalls: [{{outcome: answered, ring: 0s}}]")
    first = carrier.dial()
    carrier.wire.run(5)
    assert first.is_up
    assert carrier.code() == 503
    assert carrier.record.responded_after == pytest.approx(0.0)


def test_without_weather_nothing_is_asked() -> None:
    carrier = exchange("[]")
    assert carrier.switch.carrier.business.checks == ()
    only = exchange("[{what: outage}]")
    assert len(only.switch.carrier.business.checks) == 1
