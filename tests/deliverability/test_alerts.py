"""Rules and alerts: when an episode begins and ends, and what an alert brings along."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcarrier.deliverability.alerts import Alert, Change, Watch, stretches
from simcarrier.deliverability.causes import likely_cause
from simcarrier.deliverability.distributions import hour_of
from simcarrier.deliverability.queries import DAY, HOUR, MINUTE
from simcarrier.deliverability.rules import FIELDS, load_rules, read_rules
from simcarrier.deliverability.statements import SHOWN
from simcarrier.scenario.faults import ScenarioError
from tests.deliverability.kit import Shelf
from tests.stores.rows import NOON

NUMBER = "+4930123456"


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path)
    yield made
    made.store.close()


def watch(only: str | None = None) -> Watch:
    rules = load_rules()
    return Watch(
        rules if only is None else rules.model_copy(update={"rules": tuple(r for r in rules.rules if r.name == only)})
    )


def told(alerts: list[Alert]) -> list[tuple[str, str | None, str]]:
    return [(alert.rule, alert.value, str(alert.change)) for alert in alerts]


def test_the_rules_that_ship_are_the_numbers_that_people_act_on() -> None:
    rules = {rule.name: rule for rule in load_rules().rules}
    assert list(rules) == ["overuse", "declined", "unavailable", "pushed-away", "hygiene", "capacity", "stalls"]
    declined, unavailable = rules["declined"], rules["unavailable"]
    assert (declined.above, declined.length, declined.severe_above) == (0.05, 4 * HOUR, 0.15)
    assert (unavailable.above, unavailable.severe_above, unavailable.patience) == (0.08, 0.1, 2 * HOUR)
    assert FIELDS.keys() == SHOWN.keys()


@pytest.mark.parametrize(("count", "hits", "found"), [(100, 5, False), (100, 6, True), (39, 39, False), (40, 3, True)])
def test_603_above_five_per_cent_of_enough_calls(shelf: Shelf, count: int, hits: int, found: bool) -> None:
    shelf.put(count, hits)
    assert told(watch("declined").look(shelf.store, NOON)) == [("declined", NUMBER, "begins")] * found


def test_five_calls_are_no_alert_at_all(shelf: Shelf) -> None:
    for code in (603, 480, 486, 404, 503, None):
        shelf.put(5, 5, code=code)
    assert watch().look(shelf.store, NOON) == []


def test_an_alert_brings_its_numbers_evidence_cause_and_advice(shelf: Shelf) -> None:
    shelf.put(200, 2, until=NOON - 7 * DAY)
    shelf.put(100, 12, cause="blocked_by_analytics")
    shelf.put(50, 0, caller="+4930999")
    (alert,) = watch().look(shelf.store, NOON)
    assert (alert.attempts, alert.hits, alert.week_before, alert.severe) == (100, 12, (200, 2), False)
    assert len(alert.evidence) == 5
    assert all(call["code"] == 603 and call["caller"] == NUMBER and call["called"] for call in alert.evidence)
    assert [call["began"] for call in alert.evidence] == sorted((c["began"] for c in alert.evidence), reverse=True)
    assert alert.cause is not None
    assert alert.cause.startswith("blocked_by_analytics: ")
    assert alert.cause.endswith("(12 of the last 12 such calls)")
    assert alert.advice.startswith("Take the number out of active dialling, check its label status")
    said = json.loads(json.dumps(alert.as_dict()))
    low, high = said["share_between"]
    assert low < said["share"] == 0.12 < high
    assert alert.subject == f"caller {NUMBER}"


def test_one_alert_for_an_episode_however_often_it_is_looked_at(shelf: Shelf) -> None:
    at_work = watch("declined")
    # The share goes over the threshold, down a little and up again, over 15 %, and then down for good.
    steps = [(100, 4), (20, 6), (90, 0), (10, 2), (60, 60), (4000, 0), (100, 6)]
    changes: list[list[Change]] = []
    for at, (count, hits) in enumerate(steps):
        now = NOON + at * MINUTE
        shelf.put(count, hits, until=now, spread=MINUTE)
        changes.append([alert.change for alert in at_work.look(shelf.store, now)])
        assert at_work.look(shelf.store, now) == []
    assert changes == [[], [Change.BEGINS], [], [], [Change.WORSENS], [Change.ENDS], []]


def test_an_episode_ends_when_the_number_rests_and_a_new_one_is_another(shelf: Shelf) -> None:
    at_work = watch("declined")
    shelf.put(100, 10)
    (first,) = at_work.look(shelf.store, NOON)
    (over,) = at_work.look(shelf.store, NOON + 5 * HOUR)
    assert (over.change, over.attempts, over.episode) == (Change.ENDS, 0, first.episode)
    shelf.put(100, 10, until=NOON + 9 * HOUR)
    (second,) = at_work.look(shelf.store, NOON + 9 * HOUR)
    assert second.episode != first.episode


def test_a_watch_that_starts_anew_goes_on_with_what_was_told(shelf: Shelf) -> None:
    shelf.put(100, 10)
    (first,) = watch("declined").look(shelf.store, NOON)
    again = watch("declined")
    again.restore([(first.rule, first.value, first.since, first.severe)])
    assert again.look(shelf.store, NOON + MINUTE) == []
    (over,) = again.look(shelf.store, NOON + 5 * HOUR)
    assert (over.change, over.episode) == (Change.ENDS, first.episode)


def test_480_must_last(shelf: Shelf) -> None:
    at_work = watch("unavailable")
    shelf.put(1000, 120, code=480, market="DE", spread=4 * HOUR)
    assert at_work.look(shelf.store, NOON) == []
    shelf.put(500, 60, code=480, market="DE", until=NOON + 2 * HOUR, spread=2 * HOUR)
    assert at_work.look(shelf.store, NOON + HOUR) == []
    (alert,) = at_work.look(shelf.store, NOON + 2 * HOUR)
    assert (alert.value, alert.severe, alert.since) == ("DE", True, NOON)


def test_a_single_wave_of_480_is_noise(shelf: Shelf) -> None:
    at_work = watch("unavailable")
    shelf.put(1000, 120, code=480, market="DE", spread=4 * HOUR)
    assert at_work.look(shelf.store, NOON) == []
    shelf.put(5000, 0, market="DE", until=NOON + HOUR, spread=HOUR)
    shelf.put(2000, 900, code=480, market="DE", until=NOON + 2 * HOUR, spread=HOUR // 2)
    assert at_work.look(shelf.store, NOON + HOUR) == []
    assert at_work.look(shelf.store, NOON + 2 * HOUR) == []  # above again, but not for two hours


def test_603_with_a_spike_is_overuse_and_told_once(shelf: Shelf) -> None:
    for day in range(1, 6):
        shelf.put(80, 0, until=NOON - day * DAY, spread=8 * HOUR)  # ten an hour
    shelf.put(100, 10, spread=50 * MINUTE)
    (alert,) = watch().look(shelf.store, NOON)
    assert alert.rule == "overuse"
    assert alert.volume is not None
    assert alert.volume.attempts == 100
    assert alert.volume.usual == pytest.approx(80 / 9, rel=0.2)
    assert "signature of overuse" in alert.advice


def test_a_number_without_a_past_has_no_spike(shelf: Shelf) -> None:
    shelf.put(100, 10, spread=50 * MINUTE)
    assert told(watch().look(shelf.store, NOON)) == [("declined", NUMBER, "begins")]


def test_486_off_peak_against_the_other_numbers(shelf: Shelf) -> None:
    at_work = watch("pushed-away")
    morning = {"until": NOON - HOUR, "spread": 2 * HOUR, "code": 486}
    shelf.put(200, 60, **morning)
    shelf.put(400, 60, caller="+4930999", **morning)
    (alert,) = at_work.look(shelf.store, NOON)
    assert (alert.value, alert.others) == (NUMBER, (400, 60))
    # At noon people are busy, and where all numbers are pushed away it is not the number.
    shelf.put(400, 300, caller="+4930888", until=NOON + HOUR, spread=50 * MINUTE, code=486)
    assert at_work.look(shelf.store, NOON + HOUR) == []


@given(
    after=st.integers(NOON - DAY, NOON), length=st.integers(1, 2 * DAY), zone=st.sampled_from(["UTC", "Asia/Kathmandu"])
)
@settings(max_examples=30, deadline=None)
def test_the_stretches_of_some_hours_are_all_moments_of_these(after: int, length: int, zone: str) -> None:
    clock, hours = ZoneInfo(zone), frozenset({9, 10, 14})
    found = stretches(after, after + length, hours, clock)
    edges = {after + 1, after + length} | {edge + slip for pair in found for edge in pair for slip in (0, 1)}
    for at in sorted(edges | {after + length * part // 50 for part in range(1, 50)}):
        if after < at <= after + length:
            inside = any(low < at <= high for low, high in found)
            assert inside is (hour_of(at, clock) in hours)
    assert all(low[1] < high[0] for low, high in pairwise(found))


@pytest.mark.parametrize(
    ("rule", "code", "field", "value"),
    [
        ("hygiene", 410, None, ""),
        ("capacity", 503, "trunk", "berlin"),
        ("capacity", 503, "trunk", None),
        ("stalls", None, "trunk", "a"),
    ],
)
def test_the_other_rules(shelf: Shelf, rule: str, code: int | None, field: str | None, value: str | None) -> None:
    more: dict[str, Any] = {field: value} if field else {}
    shelf.put(200, 30, code=code, spread=10 * MINUTE, **more)
    (alert,) = watch(rule).look(shelf.store, NOON)
    assert (alert.rule, alert.value, alert.hits) == (rule, value, 30)
    assert len(alert.evidence) == 5


def test_what_is_late_still_counts(shelf: Shelf) -> None:
    at_work = watch("declined")
    shelf.put(100, 4)
    assert at_work.look(shelf.store, NOON) == []
    shelf.put(4, 4, until=NOON - HOUR)  # their records came only now
    assert told(at_work.look(shelf.store, NOON + MINUTE)) == [("declined", NUMBER, "begins")]


def test_likely_causes() -> None:
    assert likely_cause([]) is None
    assert likely_cause([{"condition": None, "cause": None, "class_603": "plain"}]) is None
    said = likely_cause(
        [{"class_603": "conformant"}, {"class_603": None}, {"condition": "declined"}, {"cause": "declined"}]
    )
    assert said is not None
    assert said.startswith("declined: ")
    assert said.endswith("(2 of the last 4 such calls)")
    assert likely_cause([{"cause": "gremlins"}]) == "gremlins: as the records name it (1 of the last 1 such calls)"


BAD = """\
rules:
  - {name: a, about: 603, above: 5%, clear_below: 6%, advice: x}
  - {name: a, about: 604, above: 5, advice: x}
  - {name: b, about: 603, by: trunk, above: 5%, spike: 3, off_peak: 9-8, unless: [c], advice: x}
  - {name: c, about: 603, by: all, above: 5%, severe_above: 4%, times_others: 2, windov: 4h}
"""


def test_every_fault_of_a_file_of_rules_is_told() -> None:
    with pytest.raises(ScenarioError) as caught:
        read_rules(BAD, "r.yaml")
    told = [str(fault) for fault in caught.value.faults]
    for part in (
        'rules[0].clear_below: "clear_below" must not be larger than "above": an episode would end as it begins',
        "must be a name of its own",
        "must be one of 603, 480, 486, 404/410, 503, stalls, not",
        "must be a share above 0%",
        'goes with "by: caller" only, not with "by: trunk"',
        "must be hours of the day such as 9-12, 14-17",
        "must name rules that stand before this one",
        'must not be smaller than "above"',
        'does not go with "by: all"',
        'unknown key "windov"; did you mean "window"?',
        'the key "advice" is missing',
    ):
        assert any(part in line for line in told), (part, told)
