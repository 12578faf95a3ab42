"""ACKs, and SIP conduct."""

from __future__ import annotations

import pytest

from simcarrier.conduct.breach import Breach
from simcarrier.records.model import CallRecord
from tests.verdict.kit import call, judged, told, unacknowledged, verdict

ACKNOWLEDGED = "{final_responses: acknowledged}"


@pytest.mark.parametrize(
    ("record", "got"),
    [
        (call(), "1 final response, all fine"),
        (call(code=200), "1 final response, all fine"),
        (unacknowledged(call()), "403 Said not acknowledged in 31.95 s"),
        (unacknowledged(call(code=200)), "200 Said not acknowledged in 31.95 s"),
        (call(acknowledged_after=9.05), "403 Said acknowledged 9 s later"),
        (call(code=None), "nothing to judge by: no call had a final response"),
        (
            call(code=200, acknowledged_after=None, ending="expired"),
            "nothing to judge by: no call had a final response",
        ),
        (call(code=200, acknowledged_after=None, ending="hung_up_by_peer"), "200 Said not acknowledged in 1.01 s"),
    ],
)
def test_final_responses(record: CallRecord, got: str) -> None:
    outcome = judged(ACKNOWLEDGED, record)
    assert (outcome.evidence[0] if outcome.evidence else outcome.got).endswith(got)
    assert outcome.met is ("fine" in got)


def test_an_ack_may_be_on_its_way_when_the_run_is_over() -> None:
    lost = unacknowledged(call(), 0.6)
    assert judged(ACKNOWLEDGED, left_up=[lost], over=0.2).got == "nothing to judge by: no call had a final response"
    assert judged(ACKNOWLEDGED, left_up=[lost], over=0.6).evidence[0].endswith("not acknowledged in 550 ms")
    refused_by_the_end = unacknowledged(call(code=487, responded_after=12.0), 13.0)
    assert judged(ACKNOWLEDGED, left_up=[refused_by_the_end]).got == "nothing to judge by: no call had a final response"


BRANCH = Breach("ack_branch", "RFC 3261 section 17.1.1.3", "another branch", "id", 1.0, "10.0.0.1:5070")
FORWARDS = Breach("max_forwards_value", "RFC 3261 section 8.1.1.6", "no Max-Forwards", "unknown", 2.0, "10.0.0.1:5070")


@pytest.mark.parametrize(
    ("expect", "met", "got"),
    [
        ("{conduct: clean}", False, "4 breaches: 3 x ack_branch, 1 x max_forwards_value"),
        ("{conduct: clean, ignore: ack_branch}", False, "1 breach: 1 x max_forwards_value"),
        ("{conduct: clean, ignore: [ack_branch, max_forwards_value]}", True, "no breaches in 1 call"),
        ("{conduct: clean, at_most: 4}", True, "4 breaches in 1 call"),
        ("{conduct: clean, at_most: 4, at_least: 2}", False, "1 call, which is too few to tell"),
    ],
)
def test_conduct(expect: str, met: bool, got: str) -> None:
    judge = verdict(expect)
    assert judge.needs_conduct
    judge.observe(call(call_id="id"))
    judge.breaches([BRANCH, FORWARDS, BRANCH], {"ack_branch": 3, "max_forwards_value": 1})
    (outcome,) = judge.outcomes()
    assert (outcome.met, outcome.got) == (met, got)


def test_conduct_names_the_section_and_the_call() -> None:
    judge = verdict("{conduct: clean}")
    judge.observe(call(call_id="id"))
    judge.breaches([BRANCH, FORWARDS], {"ack_branch": 1, "max_forwards_value": 1})
    (outcome,) = judge.outcomes()
    assert outcome.calls == ("id", "unknown")
    assert outcome.evidence[0] == (
        "+4940 -> +4930 at 22:13:20.000, Call-ID id: another branch (ack_branch, RFC 3261 section 17.1.1.3)"
    )


def test_conduct_without_a_call() -> None:
    assert judged("{conduct: clean}").got == "nothing to judge by: no call came"


def test_a_simulation_leaves_out_what_needs_messages() -> None:
    expect = "{conduct: clean}\n  - {registration: renewed}\n  - {calls: {}, exactly: 0}"
    carrier = "{customers: [{name: a, user: a, password: b}]}"
    judge = verdict(expect, carrier, wire=False)
    assert not judge.needs_conduct
    assert [outcome.place for outcome in told(judge, []).outcomes()] == ["t.yaml:7:5"]
