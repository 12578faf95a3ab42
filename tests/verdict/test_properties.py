"""Whatever calls come, in whatever order: judging never fails, asking changes nothing, texts are fit to be shown."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simcarrier.conditions import Condition
from simcarrier.conduct.breach import Breach
from simcarrier.records.journal import Registered
from simcarrier.records.model import CallRecord
from simcarrier.scenario.expectations import KEYS, KINDS
from simcarrier.scenario.load import loads
from simcarrier.sip.session import Ending
from simcarrier.verdict.junit import JunitRun, render
from simcarrier.verdict.verdict import JUDGES, Verdict

SCENARIO = loads(
    """
name: all of them
carrier:
  lines: 2
  trunks: [{name: a, lines: 1, calls_per_second: 2}]
  customers: [{name: gateway, user: gateway, password: secret}]
calls: [{respond: 403}]
expect:
  - {calls: {code: [4xx, 603+, none]}, each: caller, at_least: 1, at_most: 3}
  - {share: {code: 603}, of: {to: {not: "1"}}, each: number, at_most: 5%, among: 2}
  - {stalled_calls: cancelled}
  - {answered_calls: ended, within: 1m}
  - {post_dial_delay: p95, at_most: 3s}
  - {blocked_numbers: left_alone}
  - {retry_after: honoured}
  - {failover: 503, through: other}
  - {no_failover: [486, 603]}
  - {number_form: converted}
  - {registration: renewed}
  - {slow_down_above: 15%, among: 3, within: 1s}
  - {take_out_above: 5%, among: 3, within: 1s}
  - {lines: obeyed}
  - {calls_per_second: obeyed}
  - {final_responses: acknowledged}
  - {conduct: clean}
"""
)

SECONDS = st.one_of(st.none(), st.floats(0, 1e5), st.sampled_from([0.0, 10.0]))
USERS = st.one_of(st.sampled_from(["1", "74951234567", "84951234567"]), st.text(max_size=12))
RECORDS: st.SearchStrategy[CallRecord] = st.builds(
    CallRecord,
    number=st.integers(1, 10),
    call_id=st.text(max_size=5),
    transport=st.just("UDP"),
    source=st.just(("10.0.0.1", 5060)),
    caller=USERS,
    called=USERS,
    started=st.floats(0, 1e12),
    code=st.one_of(st.none(), st.sampled_from([200, 403, 404, 480, 486, 487, 503, 603, 607, 608])),
    phrase=st.one_of(st.none(), st.sampled_from(["Network Blocked", "\x00\ud800"])),
    responded_after=SECONDS,
    acknowledged_after=SECONDS,
    ended_after=SECONDS,
    ending=st.one_of(st.none(), st.sampled_from(list(Ending))),
    condition=st.one_of(st.none(), st.sampled_from(list(Condition))),
    trunk=st.sampled_from([None, "a", "b"]),
    listener=st.sampled_from([None, ("10.0.0.2", 5060)]),
    trying_after=SECONDS,
    progress_after=SECONDS,
    cancelled_after=SECONDS,
    retry_after=SECONDS,
)
REGISTERED = st.builds(Registered, st.text(max_size=3), st.floats(0, 1e12), st.integers(0, 2))
BREACHES = st.builds(Breach, *[st.text(max_size=8)] * 4, st.floats(0, 1e6), st.text(max_size=8))


def test_every_expectation_is_tried_and_judged() -> None:
    assert [type(model) for model in SCENARIO.expect] == list(KINDS) == list(JUDGES)
    assert tuple(model.key for model in SCENARIO.expect) == KEYS


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(RECORDS, RECORDS, REGISTERED), max_size=8),
    st.lists(RECORDS, max_size=2),
    st.lists(BREACHES, max_size=2),
)
def test_judging_never_fails(told: list[Any], left_up: list[CallRecord], breaches: list[Breach]) -> None:
    verdict = Verdict(SCENARIO)
    for each in told:
        if isinstance(each, Registered):
            verdict.registered(each)
        else:
            verdict.observe(each)
    assert len(verdict.outcomes()) == len(KINDS)
    verdict.over(100.0)
    for record in left_up:
        verdict.observe(record)
    verdict.breaches(breaches, {breach.rule: 1 for breach in breaches})
    outcomes = verdict.outcomes()
    assert outcomes == verdict.outcomes()
    for outcome in outcomes:
        assert all(line.isprintable() for line in outcome.lines())
        assert outcome.met or outcome.got
        assert len(outcome.evidence) <= 5
    root = ET.fromstring(render(JunitRun("n", 0.0, 1.0, outcomes)).encode())
    assert len(root.findall(".//failure")) == len(verdict.failures())


@settings(max_examples=30, deadline=None)
@given(st.lists(RECORDS, max_size=8), st.randoms(use_true_random=False))
def test_counts_do_not_depend_on_the_order(told: list[CallRecord], chance: Any) -> None:
    shuffled = list(told)
    chance.shuffle(shuffled)
    met = []
    for records in (told, shuffled):
        verdict = Verdict(SCENARIO)
        for record in records:
            verdict.observe(record)
        met.append({outcome.name: outcome.met for outcome in verdict.outcomes()})
    free = ("calls", "share", "stalled_calls", "answered_calls", "post_dial_delay", "lines", "final_responses")
    assert [met[0][name] for name in free] == [met[1][name] for name in free]
