"""The campaign on a clock of the test's own: pace, concurrency, repetition, load, and what the guard says."""

from __future__ import annotations

import heapq
from itertools import pairwise
from typing import Any

import pytest

from simcarrier.probe.campaign import Campaign, Go, Later, Stop, wanted_calls
from simcarrier.probe.guard import Caps, Guard, Policy
from simcarrier.probe.plan import Plan
from simcarrier.probe.reading import plan_of
from simcarrier.probe.target import Target
from simcarrier.scenario.patterns import NumberPattern
from simcarrier.sip.transport import Transport

NUMBERS = [f"+4989123456{number:02}" for number in range(40)]
HERE = (Target(Transport.UDP, ("127.0.0.1", 5060)),)
THERE = (Target(Transport.UDP, ("192.0.2.7", 5060)),)
WALL = 1_790_000_000.0


def plan(to: list[str], **further: Any) -> Plan:
    trunks = {"a": {"address": "udp:127.0.0.1", "caller": "+493012345678"}, "b": {"address": "udp:127.0.0.1:5070"}}
    return plan_of(
        {"name": "x", "trunks": trunks, "calls": [{"to": to, "from": "+4930111"}], **further},
    )


def live(**said: Any) -> Guard:
    return Guard(Policy(live=True, allow=NumberPattern.parse("+4989*"), caps=Caps(**said)))


def walk(
    made: Plan, guard: Guard, targets: tuple[Target, ...] = HERE, lasting: float = 0.5
) -> list[tuple[float, Go | Stop, int]]:
    """Make all calls, each lasting as long: when, what, and how many were up then, itself included."""
    now = 100.0
    told: list[tuple[float, Go | Stop, int]] = []
    campaign = Campaign(made, guard, {"a": targets, "b": targets}, now, WALL)
    ends: list[float] = []
    while not campaign.done:
        said = campaign.next(now)
        if isinstance(said, Go):
            heapq.heappush(ends, now + lasting)
            told.append((now - 100, said, len(ends)))
        elif isinstance(said, Stop):
            told.append((now - 100, said, len(ends)))
        else:
            assert isinstance(said, Later), "no follow-up was asked for"
            assert said.when is not None or ends, "the campaign waits for nothing"
            now = min([*([] if said.when is None else [said.when]), *ends[:1]])
        while ends and ends[0] <= now:
            heapq.heappop(ends)
            campaign.over("a")
    return told


def test_calls_in_order_with_their_own_words() -> None:
    made = plan_of(
        {
            "name": "x",
            "talk": "2s",
            "trunks": {
                "a": {"address": "udp:127.0.0.1", "caller": "+4930111", "headers": {"X-A": "1", "X-B": "1"}},
                "b": {"address": "udp:127.0.0.1", "caller": "+4930222"},
            },
            "calls": [
                {"to": NUMBERS[:2], "repeat": "2", "headers": {"X-B": "2"}},
                {"to": NUMBERS[2], "trunk": "b", "talk": "5s", "expect": "answered"},
                {"to": NUMBERS[3], "from": "+4930333"},
            ],
        }
    )
    calls = list(wanted_calls(made))
    assert [(one.number, one.trunk, one.caller, one.called, one.talk) for one in calls] == [
        (1, "a", "+4930111", NUMBERS[0], 2.0),
        (2, "a", "+4930111", NUMBERS[1], 2.0),
        (3, "a", "+4930111", NUMBERS[0], 2.0),
        (4, "a", "+4930111", NUMBERS[1], 2.0),
        (5, "b", "+4930222", NUMBERS[2], 5.0),
        (6, "a", "+4930333", NUMBERS[3], 2.0),
    ]
    assert calls[0].headers == (("X-A", "1"), ("X-B", "2"))
    assert calls[4].expect is not None
    assert [one.number for one in wanted_calls(made, before=6)] == [7, 8, 9, 10, 11, 12]


def test_pace() -> None:
    told = walk(plan(NUMBERS[:10], calls_per_second="4", concurrent="10"), Guard(Policy()))
    assert [when for when, _, _ in told] == pytest.approx([number / 4 for number in range(10)])


def test_a_late_look_does_not_slow_the_run_down() -> None:
    campaign = Campaign(
        plan(NUMBERS[:10], calls_per_second="10", concurrent="99"), Guard(Policy()), {"a": HERE}, 0, WALL
    )
    assert isinstance(campaign.next(0.0), Go)
    late = [campaign.next(0.55) for _ in range(7)]
    assert [isinstance(one, Go) for one in late] == [True] * 5 + [False, False]


def test_concurrency() -> None:
    told = walk(plan(NUMBERS[:9], calls_per_second="100", concurrent="3"), Guard(Policy()), lasting=2.0)
    assert max(up for _, _, up in told) == 3
    assert [round(when) for when, _, _ in told] == [0, 0, 0, 2, 2, 2, 4, 4, 4]
    assert [said.concurrent for _, said, _ in told[:3] if isinstance(said, Go)] == [1, 2, 3]


def test_what_the_guard_refuses_for_good_is_told_and_takes_no_time() -> None:
    made = plan(["+49900112233", NUMBERS[0], "112", NUMBERS[1]], calls_per_second="1", concurrent="5")
    told = walk(made, live(), THERE)
    rules = [said.refusal.rule if isinstance(said, Stop) else "" for _, said, _ in told]
    assert rules == ["unknown_price", "", "emergency", ""]
    assert [when for when, _, _ in told] == pytest.approx([0, 0, 1, 1])


def test_what_the_guard_refuses_for_a_moment_waits() -> None:
    made = plan(NUMBERS[:8], calls_per_second="10", concurrent="8")
    told = walk(made, live(calls_per_minute=3, concurrent=5), THERE)
    assert all(isinstance(said, Go) for _, said, _ in told)
    times = [when for when, _, _ in told]
    assert all(later - earlier >= 59.9 for earlier, later in zip(times, times[3:], strict=False))
    assert times[-1] < 125


def test_the_guards_concurrency_holds() -> None:
    made = plan(NUMBERS[:6], calls_per_second="100", concurrent="6")
    told = walk(made, live(concurrent=2, calls_per_minute=100), THERE, lasting=3.0)
    assert max(up for _, _, up in told) == 2
    assert all(isinstance(said, Go) for _, said, _ in told)


def test_a_daily_cap_ends_the_run() -> None:
    told = walk(plan(NUMBERS[:4], calls_per_second="100", concurrent="4"), live(calls_per_day=2), THERE)
    assert [said.refusal.rule if isinstance(said, Stop) else "" for _, said, _ in told] == ["", "", "daily", "daily"]


def test_a_load_repeats_the_calls() -> None:
    made = plan(NUMBERS[:3], load={"calls": "50", "calls_per_second": "20", "concurrent": "4"})
    told = walk(made, Guard(Policy()), lasting=0.1)
    assert len(told) == 50
    assert [said.wanted.called for _, said, _ in told[:4]] == [*NUMBERS[:3], NUMBERS[0]]
    times = [when for when, _, _ in told]
    assert all(later - earlier == pytest.approx(0.05) for earlier, later in pairwise(times))


def test_nothing_is_made_after_it_was_abandoned() -> None:
    campaign = Campaign(plan(NUMBERS[:5], concurrent="5"), Guard(Policy()), {"a": HERE}, 0, WALL)
    assert isinstance(campaign.next(0), Go)
    assert [one.called for one in campaign.abandon()] == NUMBERS[1:5]
    assert not campaign.done
    campaign.over("a")
    assert campaign.done
