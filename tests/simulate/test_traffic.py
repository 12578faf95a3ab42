"""Traffic at work: rates, numbers, caller IDs, retries."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random

import pytest

from simcarrier.carrier.business.clock import Clock
from simcarrier.conditions import Condition
from simcarrier.scenario.business.clock import ClockModel
from simcarrier.scenario.load import loads
from simcarrier.scenario.traffic import Called, Campaign, Traffic
from simcarrier.scenario.traffic_fields import NumberTemplate
from simcarrier.simulate.run import MONDAY
from simcarrier.simulate.traffic import Arrivals, CallerIds, Dialler, Numbers
from simcarrier.simulate.usual import usual_traffic
from tests.simulate.kit import DAY, HOUR, simulated


def traffic(campaigns: str) -> Traffic:
    made = loads(f"name: x\ntraffic: {{campaigns: {campaigns}}}").traffic
    assert made is not None
    return made


def arrivals(
    campaigns: str, calls_per_hour: float, days: float, zone: str = "", seed: int = 1
) -> list[tuple[float, str]]:
    """When the first calls come, and whose they are."""
    made = traffic(campaigns)
    rng = Random(seed)
    diallers = [Dialler(campaign, campaign.name or "", rng) for campaign in made.campaigns]
    clock = Clock(ClockModel.model_validate({"timezone": zone} if zone else {}), MONDAY)
    process = Arrivals(made, diallers, calls_per_hour, clock, rng, days * DAY)
    found = []
    while (at := process.next()) is not None:
        found.append((at, process.dialler().name))
    return found


def hours_of(found: list[tuple[float, str]]) -> Counter[int]:
    return Counter(int(at % DAY // HOUR) for at, _ in found)


def test_arrivals_are_a_poisson_process() -> None:
    times = [at for at, _ in arrivals("[{to: '+49#######'}]", 600, 5)]
    assert times == sorted(times)
    assert len(times) == pytest.approx(600 * 24 * 5, rel=0.02)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    mean = sum(gaps) / len(gaps)
    variance = sum((gap - mean) ** 2 for gap in gaps) / len(gaps)
    assert mean == pytest.approx(6.0, rel=0.02)
    assert variance == pytest.approx(mean**2, rel=0.05)  # an exponential's
    in_hours = Counter(int(at // HOUR) for at in times)
    spread = sum((in_hours[hour] - 600) ** 2 for hour in range(120)) / 120
    assert spread == pytest.approx(600, rel=0.35)  # a Poisson count's variance is its mean


def test_the_rate_follows_the_profile() -> None:
    found = hours_of(arrivals("[{to: '+49#######', profile: {8..10: 0.5, 10..12: 1, 12: 2}}]", 1000, 4))
    assert set(found) == {8, 9, 10, 11, 12}
    for hour, weight in {8: 0.5, 9: 0.5, 10: 1, 11: 1, 12: 2}.items():
        assert found[hour] == pytest.approx(4 * 1000 * weight, rel=0.1)


def test_hours_and_days() -> None:
    found = arrivals("[{to: '+49#######', hours: '8:30..17:30', days: mon..fri}]", 200, 14)
    minutes = [at % DAY / 60 for at, _ in found]
    assert 8.5 * 60 <= min(minutes) < 8.6 * 60
    assert 17.4 * 60 < max(minutes) < 17.5 * 60
    assert {int(at // DAY) for at, _ in found} == {0, 1, 2, 3, 4, 7, 8, 9, 10, 11}
    assert len(found) == pytest.approx(200 * 9 * 10, rel=0.05)


def test_hours_are_those_of_the_carriers_clock() -> None:
    found = hours_of(arrivals("[{to: '+49#######', hours: 8..10}]", 500, 2, "Asia/Kolkata"))
    assert set(found) == {2, 3, 4}  # 8:00 there is 2:30 UTC
    assert found[2] == pytest.approx(found[4], rel=0.2)
    assert found[3] == pytest.approx(2 * found[2], rel=0.2)


def test_campaigns_have_their_shares_each_in_its_hours() -> None:
    found = arrivals(
        "[{name: a, to: '+49#######', share: 75%}, {name: b, to: '+44#######', share: 25%, hours: 0..12}]", 400, 3
    )
    by_name = Counter(name for _, name in found)
    assert by_name["a"] == pytest.approx(400 * 0.75 * 72, rel=0.05)
    assert by_name["b"] == pytest.approx(400 * 0.25 * 36, rel=0.05)
    assert all(at % DAY < DAY / 2 for at, name in found if name == "b")
    alike = Counter(name for _, name in arrivals("[{name: a, to: '1'}, {name: b, to: '2'}]", 400, 1))
    assert alike["a"] == pytest.approx(alike["b"], rel=0.1)


# Numbers and caller IDs


def numbers(*kinds: str, shares: tuple[float, ...] = (), size: int | None = None) -> Numbers:
    said = shares or (None,) * len(kinds)
    called = [Called(number=NumberTemplate(kind), share=share) for kind, share in zip(kinds, said, strict=True)]
    return Numbers(called, size, Random(3))


def test_random_digits_are_all_drawn_alike() -> None:
    drawn = numbers("+4989#######")
    found = [drawn.next() for _ in range(5000)]
    assert all(number.startswith("+4989") and len(number) == 12 and number[1:].isdecimal() for number in found)
    assert len(set(found)) > 4990
    for place in range(5, 12):
        digits = Counter(number[place] for number in found)
        assert len(digits) == 10
        assert max(digits.values()) < 600


@pytest.mark.parametrize(
    ("template", "number"),
    [("+49#00#", "+49{}00{}"), ("12", "12"), ("%#%", "%{}%"), ("+1##55", "+1{}{}55")],
)
def test_templates_of_every_shape(template: str, number: str) -> None:
    drawn = numbers(template)
    possible = {number.format(*str(at).zfill(9)[::-1]) for at in range(100)}
    found = {drawn.next() for _ in range(2000)}
    assert found == possible
    assert {NumberTemplate(template).number(at) for at in range(NumberTemplate(template).count)} == possible


def test_kinds_of_numbers_have_their_shares() -> None:
    drawn = numbers("+4989####", "+44####", "112", shares=(0.7, 0.2, 0.1))
    found = Counter(drawn.next()[:3] for _ in range(10_000))
    assert found["+49"] == pytest.approx(7000, rel=0.05)
    assert found["+44"] == pytest.approx(2000, rel=0.1)
    assert found["112"] == pytest.approx(1000, rel=0.1)


def test_a_list_is_called_through_and_then_again() -> None:
    drawn = numbers("+4989####", "+44####", size=300)
    first, second = [drawn.next() for _ in range(300)], [drawn.next() for _ in range(300)]
    assert first == second
    assert len(set(first)) == 300
    assert Counter(number[:3] for number in first) == {"+49": 150, "+44": 150}
    assert sorted(first) != first  # they are mixed


@pytest.mark.parametrize(
    ("kinds", "shares"),
    [(("+1#", "+2####"), (0.5, 0.5)), (("+1####", "+2#"), (0.5, 0.5)), (("+1#", "2", "+3###", "4"), ())],
)
def test_kinds_that_have_too_few_numbers_are_filled_up_by_the_others(
    kinds: tuple[str, ...], shares: tuple[float, ...]
) -> None:
    drawn = numbers(*kinds, shares=shares, size=200)
    assert len({drawn.next() for _ in range(400)}) == 200


def test_caller_ids() -> None:
    pool = [f"+4930{at}" for at in range(5)]
    in_turn = CallerIds(pool, "round_robin", Random(1))
    assert [in_turn.for_call("1") for _ in range(7)] == [*pool, *pool[:2]]
    any_of = CallerIds(pool, "random", Random(1))
    found = Counter(any_of.for_call("1") for _ in range(1000))
    assert set(found) == set(pool)
    assert max(found.values()) < 300
    sticky = CallerIds(pool, "sticky", Random(1))
    shown = {called: sticky.for_call(called) for called in map(str, range(100))}
    assert {called: sticky.for_call(called) for called in shown} == shown
    assert set(shown.values()) == set(pool)


# Retries


def test_retries_come_after_their_time_with_the_same_caller_and_not_too_often() -> None:
    simulation, records = simulated(
        """
        calls: [{to: +4989*, respond: 486}, {to: +4930*, respond: 480}]
        traffic:
          campaigns:
            - {to: ["+4989#######", "+4930#######"], retries: {on: 486, after: 20m..30m, at_most: 2}}
        """,
        seconds=DAY,
        calls_per_hour=50,
    )
    calls: dict[str, list[tuple[float, str]]] = {}
    for record in records:
        calls.setdefault(record.called, []).append((record.started - simulation.start, record.caller))
    for called, made in calls.items():
        if called.startswith("+4930"):
            assert len(made) == 1
        elif made[0][0] < DAY - 2 * 1800 - 60:
            assert len(made) == 3
        assert len({caller for _, caller in made}) == 1
        gaps = [later - earlier for (earlier, _), (later, _) in pairwise(made)]
        assert all(1200 <= gap <= 1801 for gap in gaps)
    assert simulation.diallers[0].retried == len(records) - simulation.diallers[0].placed > 500
    assert simulation.waiting == 0


def test_a_retry_waits_for_the_campaigns_hours() -> None:
    simulation, records = simulated(
        """
        calls: [{respond: 486}]
        traffic: {campaigns: [{to: "+4989#######", hours: 9..12, days: mon..fri,
                               retries: {on: [486], after: 2h, at_most: 1}}]}
        """,
        seconds=8 * DAY,
        calls_per_hour=20,
    )
    hours = {int((record.started - simulation.start) % DAY // HOUR) for record in records}
    days = {int((record.started - simulation.start) // DAY) for record in records}
    assert hours == {9, 10, 11}
    assert days == {0, 1, 2, 3, 4, 7}
    mornings = Counter(
        int((record.started - simulation.start) // HOUR)
        for record in records
        if record.started > simulation.start + DAY
    )
    assert mornings[33] > 40  # those of the day before: spread over the first hour, 20 new ones beside


def test_retries_on_conditions() -> None:
    _, records = simulated(
        """
        carrier: {lines: 1}
        calls: [{outcome: answered, talk: 5m}]
        traffic:
          campaigns: [{to: "+4989#######", retries: {on: [lines_full], after: 1m, at_most: 5}, talk: 1h}]
        """,
        calls_per_hour=12,
    )
    calls = Counter(record.called for record in records)
    assert max(calls.values()) > 2
    by_number = {record.called: record for record in records}  # the last of each
    full = sum(record.condition == "lines_full" for record in records)
    assert full > sum(record.condition == "lines_full" for record in by_number.values())


# What is simulated if nobody says it


def test_the_usual_traffic_calls_what_the_rules_name() -> None:
    usual = usual_traffic(
        loads(
            """
            name: x
            carrier: {routed_callers: ["+4930*", "+49891"]}
            calls:
              - {to: ["+4989*", "112"], respond: 403}
              - {to: {not: "7*"}, from: {not: "+44*"}, respond: 404}
            """
        )
    )
    (campaign,) = usual.campaigns
    assert [str(kind.number) for kind in campaign.to] == ["112", "+4989#######", "7###########", "+4930#######"]
    shown = campaign.pool
    assert {number[:4] for number in shown} == {"+445", "+493", "+498", "+121"}
    assert "+49891" in shown


def test_the_usual_traffic_is_a_campaign_for_each_customer() -> None:
    scenario = loads(
        """
        name: x
        carrier:
          customers:
            - {name: shop, source: 192.0.2.16/28, routed_callers: "+4940*", directions: {closed: "+1900*"}}
            - {name: bank, user: bank, password: secret, registration: required}
        calls: [{to: "+49*", respond: 486}]
        """
    )
    shop, bank = usual_traffic(scenario).campaigns
    assert [str(kind.number) for kind in shop.to] == ["+49#########", "+1900#######"]
    assert [str(kind.number) for kind in bank.to] == ["+49#########"]
    assert shop.pool[0] == "+494055500"
    _, records = simulated(scenario, calls_per_hour=60)
    found = {(record.customer, record.source, record.condition) for record in records}
    assert found == {
        ("shop", ("192.0.2.17", 5060), None),
        ("shop", ("192.0.2.17", 5060), Condition.CALLER_ID_NOT_ROUTED),
        ("shop", ("192.0.2.17", 5060), Condition.DIRECTION_BLOCKED),
        ("bank", ("127.0.0.1", 5060), None),
    }


def test_a_customer_that_does_not_register_is_as_the_scenario_has_it() -> None:
    _, records = simulated(
        """
        carrier: {customers: [{name: bank, user: bank, password: secret, registration: required}]}
        calls: [{respond: 486}]
        traffic: {campaigns: [{to: "1", customer: bank, registers: false}]}
        """,
        calls_per_hour=30,
    )
    assert {record.condition for record in records} == {Condition.REGISTRATION_INACTIVE}


def test_the_usual_traffic_without_rules() -> None:
    (campaign,) = usual_traffic(loads("name: x")).campaigns
    assert [str(kind.number) for kind in campaign.to] == ["+4930#######"]
    assert campaign.customer is None
    only = usual_traffic(loads("name: x\ncalls: [{to: '+1*', respond: 403}]")).campaigns[0]
    assert [str(kind.number) for kind in only.to] == ["+1##########"]


def test_a_dialler_knows_what_it_shows() -> None:
    campaign = Campaign(to=(Called(number=NumberTemplate("1")),), asserted="caller", headers={"X-Campaign": "spring"})
    dialler = Dialler(campaign, "c", Random(1))
    assert dialler.fields("+49301") == (("X-Campaign", "spring"), ("P-Asserted-Identity", "<sip:+49301@127.0.0.1>"))
    named = Dialler(campaign.model_copy(update={"asserted": "+4930"}), "c", Random(1))
    assert named.fields("+49301")[1] == ("P-Asserted-Identity", "<sip:+4930@127.0.0.1>")
