"""Analytics at work: a caller ID that is worn out is labelled, then blocked, and comes back when it is left alone."""

from __future__ import annotations

from collections import Counter
from itertools import count
from random import Random
from types import SimpleNamespace
from typing import cast

import pytest

from simcarrier.carrier.business import CHECKS
from simcarrier.carrier.business.analytics import Block
from simcarrier.carrier.business.reputation import Opinion, Standing
from simcarrier.carrier.call import Call
from simcarrier.carrier.switch import Switch
from simcarrier.conditions import Condition
from simcarrier.records.model import CallRecord
from simcarrier.scenario.business.analytics import AnalyticsModel
from simcarrier.scenario.load import loads
from simcarrier.testing import CallOut, Phone, Weather, Wire
from tests.carrier.kit import Exchange

CALLER = "+4930111"
DAY = 86_400.0


def worn(
    carrier: Exchange, calls: int, pause: float, caller: str = CALLER, numbers: count[int] | None = None
) -> list[CallRecord]:
    """Calls that the caller hangs up within a second, each to another number; what became of them."""
    taken = carrier.switch.taken
    for number in numbers or count(taken):
        if carrier.switch.taken == taken + calls:
            break
        begun = carrier.wire.now
        carrier.code(f"+49151{number:07}", caller)
        carrier.wire.run(max(0.0, pause - (carrier.wire.now - begun)))
    return carrier.records[-calls:]


def opinion(carrier: Exchange, caller: str = CALLER) -> Opinion:
    engine = carrier.switch.carrier.business.world.analytics
    assert engine is not None
    found = engine.reputation.look(caller, carrier.wire.now)
    assert found is not None
    return found


STORY = """
carrier:
  analytics: {silently: 0%}
calls:
  - {name: answered, outcome: answered, ring: 500ms}
"""


def test_the_story_of_a_number_that_is_worn_out() -> None:
    carrier = Exchange(STORY, weather=Weather())
    # Five hundred calls in an hour, each over within a second.
    records = worn(carrier, 500, 7.2)
    assert 3590 < carrier.wire.now < 3700

    found = Counter(record.condition for record in records)
    assert set(found) == {
        Condition.ANSWERED,
        Condition.SCREENED,
        Condition.DECLINED,
        Condition.BLOCKED_BY_ANALYTICS,
    }
    first = {
        condition: next(n for n, record in enumerate(records) if record.condition == condition) for condition in found
    }
    # The first fifty stay clean, then the phones show a warning, and from the hundredth call on it is blocked.
    assert 50 < min(first[Condition.SCREENED], first[Condition.DECLINED]) < 75
    assert 90 < first[Condition.BLOCKED_BY_ANALYTICS] < 110
    late = Counter(record.condition for record in records[150:])
    assert late[Condition.BLOCKED_BY_ANALYTICS] / 350 == pytest.approx(0.7, abs=0.06)
    passed = 350 - late[Condition.BLOCKED_BY_ANALYTICS]
    assert late[Condition.SCREENED] / passed == pytest.approx(0.15, abs=0.08)
    assert late[Condition.DECLINED] / passed == pytest.approx(0.10, abs=0.08)

    blocked = [record for record in records if record.condition == Condition.BLOCKED_BY_ANALYTICS]
    assert all(record.provisional == (100,) and record.matched and record.rule is None for record in blocked)
    assert (blocked[0].why or "").startswith(f"reputation of {CALLER}: 0.7")
    assert ", blocked from 0.70 (" in (blocked[0].why or "")
    assert (blocked[-1].why or "").endswith(" calls in 4h, 100% short)")
    warned = records[min(first[Condition.SCREENED], first[Condition.DECLINED])]
    assert 180 in warned.provisional
    assert ", labelled from 0.40 (" in (warned.why or "")
    assert opinion(carrier).standing is Standing.BLOCKED

    # Another number of the same caller's is none the worse.
    assert {record.condition for record in worn(carrier, 10, 7.2, caller="+4930222")} == {Condition.ANSWERED}

    # It is left alone for a day, and may be used again.
    carrier.wire.run(DAY)
    assert opinion(carrier).standing is Standing.CLEAN
    assert {record.condition for record in worn(carrier, 40, 7.2)} == {Condition.ANSWERED}
    carrier.close_of_business()


QUICK = """
carrier:
  analytics:
    window: 10m
    calls: 20
    short_call: 5s
    recovery: 10m
    blocks: {blocks}
    silently: {silently}
    labelled: {{screened: {screened}, declined: {declined}}}
    exempt: +4930555*
calls:
  - {{name: answered, outcome: answered, ring: 200ms}}
"""


def quick(
    blocks: str = "100%", silently: str = "0%", screened: str = "0%", declined: str = "0%", seed: int = 1
) -> Exchange:
    text = QUICK.format(blocks=blocks, silently=silently, screened=screened, declined=declined)
    return Exchange(text, seed=seed, weather=Weather())


def test_a_clean_caller_draws_nothing_from_chance() -> None:
    with_analytics = quick()
    without = Exchange("calls: [{outcome: answered, ring: 200ms}]", weather=Weather())
    for carrier in (with_analytics, without):
        worn(carrier, 5, 2)
    assert with_analytics.switch.rng.getstate() == without.switch.rng.getstate()


def dropped(carrier: Exchange) -> CallOut:
    """Wear the caller ID out until a call of its meets silence."""
    worn(carrier, 15, 2)
    for n in range(10):
        call = carrier.dial(f"+491519{n}", CALLER)
        carrier.wire.run(3)
        if not call.is_up:
            return call
        call.hang_up()
        carrier.wire.run(1)
    raise AssertionError("never dropped")


def test_what_is_dropped_silently_gets_no_answer() -> None:
    carrier = quick(silently="100%")
    call = dropped(carrier)
    assert opinion(carrier).standing is Standing.BLOCKED
    carrier.wire.run(20)
    assert call.codes == [100]
    call.cancel()
    carrier.wire.run(5)
    carrier.close_of_business()
    assert (carrier.record.condition, carrier.record.code) == (Condition.SILENTLY_DROPPED, 487)


def test_a_call_dropped_silently_counts_as_a_call_and_no_more() -> None:
    carrier = quick(silently="100%")
    dropped(carrier).cancel()
    carrier.wire.run(5)
    total = opinion(carrier).history.total
    assert (total.calls, total.answered, total.unanswered) == (carrier.switch.taken, carrier.switch.taken - 1, 0)


def test_the_silent_ones_are_a_share_of_the_blocked() -> None:
    model = AnalyticsModel(calls=1, labelled_at=0.1, blocked_at=0.1, blocks=0.5, silently=0.25)
    block = Block(model, Random(1))
    found: Counter[Condition | None] = Counter()
    for n in range(4000):
        session = SimpleNamespace(answered_at=1.0)
        call = SimpleNamespace(number=n, caller=CALLER, destination=f"+49{n}", received=1.0, session=session)
        finding = block.examine(cast("Call", call), 1.0)
        found[finding.condition if finding else None] += 1
        block.answered(cast("Call", call), 1.0)
        block.ended(cast("Call", call), 2.0)
    assert len(block) == 0
    assert found[Condition.SILENTLY_DROPPED] == pytest.approx(500, abs=110)
    assert found[Condition.BLOCKED_BY_ANALYTICS] == pytest.approx(1500, abs=160)


@pytest.mark.parametrize(
    ("screened", "declined", "condition"),
    [("100%", "0%", Condition.SCREENED), ("0%", "100%", Condition.DECLINED)],
)
def test_a_label_puts_people_off(screened: str, declined: str, condition: Condition) -> None:
    carrier = quick("0%", "0%", screened, declined)
    records = worn(carrier, 25, 3)
    assert records[0].condition == Condition.ANSWERED
    assert records[-1].condition == condition


def test_no_share_means_none() -> None:
    carrier = quick(blocks="0%")
    assert {record.condition for record in worn(carrier, 60, 1)} == {Condition.ANSWERED}
    assert opinion(carrier).standing is Standing.BLOCKED


@pytest.mark.parametrize("caller", ["+4930555012", "anonymous"])
def test_who_is_registered_or_has_no_number_is_never_blocked(caller: str) -> None:
    carrier = quick()
    assert {record.condition for record in worn(carrier, 60, 1, caller=caller)} == {Condition.ANSWERED}


def test_calls_that_nobody_answers_and_calls_that_last_are_told_apart() -> None:
    carrier = Exchange(
        """
        carrier: {analytics: {short_call: 5s}}
        calls:
          - {to: +491*, outcome: answered, ring: 200ms, talk: 4s}
          - {to: +492*, outcome: answered, ring: 200ms, talk: 6s}
          - {to: +493*, outcome: busy}
        """
    )
    for called in ("+491", "+491", "+492", "+493", "+493", "+493"):
        carrier.dial(called, CALLER)
        carrier.wire.run(60)
    call = carrier.dial("+492", CALLER)
    call.cancel()
    carrier.wire.run(60)
    total = opinion(carrier).history.total
    assert (total.calls, total.answered, total.short, total.unanswered) == (7, 3, 2, 4)
    carrier.close_of_business()
    engine = carrier.switch.carrier.business.world.analytics
    assert engine is not None
    assert len(engine) == 0


def test_what_the_trunk_stops_is_not_seen() -> None:
    carrier = Exchange("carrier: {lines: 1, analytics: {}}\ncalls: [{outcome: answered, ring: 1s}]")
    carrier.dial("+491", CALLER)
    carrier.wire.run(2)
    carrier.code("+492", CALLER)
    assert carrier.record.condition == Condition.LINES_FULL
    total = opinion(carrier).history.total
    assert (total.calls, total.unanswered) == (1, 0)


def test_a_number_that_nobody_has_shows_no_warning() -> None:
    names = [make.__name__ for make in CHECKS]
    assert names.index("label") > names.index("existence")


@pytest.mark.parametrize("seed", [1, 2])
def test_the_seed_repeats_a_run(seed: int) -> None:
    def run(seed: int) -> list[tuple[Condition | None, str | None]]:
        carrier = quick(blocks="60%", screened="20%", declined="20%", seed=seed)
        return [(record.condition, record.why) for record in worn(carrier, 60, 1)]

    assert run(seed) == run(seed) != run(seed + 2)


def test_time_is_the_exchanges_own() -> None:
    """Checks are asked in seconds since the start, and told of ends on another clock."""
    wire = Wire(weather=Weather(delay=0.01))
    wire.run(100_000)
    phone = Phone(wire, "10.0.0.1", name="caller")
    switch = Switch(loads("name: x\ncarrier: {analytics: {}}\ncalls: [{outcome: answered, ring: 1s}]"), wire.now, 0.0)
    channel = wire.attach(switch.engine, "10.0.0.2", name="carrier")
    call = phone.dial(channel.local, "+491", caller=CALLER)
    wire.run(3)
    call.hang_up()
    wire.run(60)
    engine = switch.carrier.business.world.analytics
    assert engine is not None
    found = engine.reputation.look(CALLER, wire.now)
    assert found is not None
    assert (found.history.total.calls, found.history.total.short, found.history.total.unanswered) == (1, 1, 0)
    assert found.history.until == (int(100_000 / 900) + 1) * 900
