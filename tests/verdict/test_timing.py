"""Stalled calls, answered calls, and the post-dial delay."""

from __future__ import annotations

import pytest

from simcarrier.records.model import CallRecord
from tests.verdict.kit import call, judged, stalled, unacknowledged

STALLED = "{stalled_calls: cancelled, after_trying: 10s, tolerance: 500ms}"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        pytest.param(stalled(cancelled=10.0), "", id="on time"),
        pytest.param(stalled(cancelled=9.6), "", id="a little early"),
        pytest.param(stalled(cancelled=10.4), "", id="a little late"),
        pytest.param(stalled(cancelled=2.0), "cancelled 2 s after the 100, too early", id="early"),
        pytest.param(stalled(cancelled=10.9, trying_after=0.1), "cancelled 10.8 s after the 100, too late", id="late"),
        pytest.param(stalled(cancelled=10.4, trying_after=0.3), "", id="counted from the 100"),
        pytest.param(
            unacknowledged(stalled()), "cancelled in time, but its 487 was never acknowledged", id="not released"
        ),
        pytest.param(stalled(cancelled=None), "not cancelled in the 30 s from the 100 until 503 Said came", id="never"),
        pytest.param(
            stalled(cancelled=None, code=None, responded_after=None, ended_after=600.0),
            "not cancelled in the 10 min from the 100 until no final response came",
            id="forgotten",
        ),
    ],
)
def test_a_stalled_call(record: CallRecord, said: str) -> None:
    outcome = judged(STALLED, record)
    assert outcome.met is not bool(said)
    if said:
        assert outcome.got == "1 of 1 stalled call not cancelled as expected"
        assert outcome.calls == (record.call_id,)
        assert outcome.evidence == (f"+4940 -> +4930 at 22:13:20.000, Call-ID {record.call_id}: {said}",)


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(stalled(cancelled=2.0, progress_after=1.0), id="it rang"),
        pytest.param(stalled(cancelled=2.0, trying_after=None), id="no 100"),
        pytest.param(stalled(cancelled=None, lasted=3.0), id="the carrier answered in time"),
        pytest.param(call(), id="refused at once"),
    ],
)
def test_no_call_stalled(record: CallRecord) -> None:
    outcome = judged(STALLED, record)
    assert (outcome.met, outcome.got) == (False, "nothing to judge by: no call stalled")
    assert judged(STALLED.replace("}", ", at_least: 0}"), record).met


def test_too_few_stalled() -> None:
    outcome = judged(STALLED.replace("}", ", at_least: 3}"), stalled(), stalled())
    assert str(outcome) == (
        "t.yaml:5:5: stalled_calls: wanted stalled calls cancelled 10 s after the 100, within 500 ms, 3 times or more, "
        "got 2 stalled calls, which is too few to tell"
    )


def test_a_stalled_call_that_is_still_up() -> None:
    old = stalled(cancelled=None, lasted=13.0, ending="unacknowledged")
    young = stalled(9.0, cancelled=None, lasted=4.0)
    outcome = judged(STALLED, left_up=[old, young])
    assert outcome.got == "1 of 1 stalled call not cancelled as expected"
    assert outcome.evidence[0].endswith("not cancelled in the 12 s from the 100 until the run was over")


def test_only_the_numbers_that_are_meant() -> None:
    outcome = judged("{stalled_calls: cancelled, to: '+49*', from: '+49*'}", stalled(2), stalled(called="+1"))
    assert outcome.got == "1 stalled call, all fine"


def test_many_wrong_calls_leave_a_few_in_evidence() -> None:
    outcome = judged(STALLED, *[stalled(cancelled=1.0) for _ in range(20)])
    assert outcome.got == "20 of 20 stalled calls not cancelled as expected"
    assert len(outcome.evidence) == len(outcome.calls) == 5


ANSWERED = "{answered_calls: ended}"
WITHIN = "{answered_calls: ended, within: 30s}"


@pytest.mark.parametrize(
    ("expect", "record", "got"),
    [
        (ANSWERED, call(code=200), "1 answered call, all fine"),
        (ANSWERED, call(code=200, ending="hung_up_by_us"), "1 answered call, all fine"),
        (ANSWERED, call(code=200, ending="unacknowledged"), "ended without BYE: unacknowledged"),
        (ANSWERED, call(), "nothing to judge by: no call was answered"),
        (WITHIN, call(code=200, ended_after=30.0), "1 answered call, all fine"),
        (WITHIN, call(code=200, ended_after=45.05), "up for 45 s"),
    ],
)
def test_an_answered_call(expect: str, record: CallRecord, got: str) -> None:
    outcome = judged(expect, record)
    said = outcome.evidence[0] if outcome.evidence else outcome.got
    assert said.endswith(got)
    assert outcome.met is ("fine" in got)


def test_an_answered_call_that_is_still_up() -> None:
    record = call(code=200, ending="hung_up_by_us", ended_after=20.05)
    assert (
        judged(ANSWERED, left_up=[record]).evidence[0].endswith("still up at the end of the run, 20 s after its answer")
    )
    assert judged(WITHIN, left_up=[record]).got == "nothing to judge by: no call was answered"
    assert judged(WITHIN, left_up=[call(code=200, ended_after=45.0)]).evidence[0].endswith("up for 44.95 s")


def delays(*seconds: float) -> list[CallRecord]:
    return [call(code=486, progress_after=delay) for delay in seconds]


@pytest.mark.parametrize(
    ("which", "got"),
    [
        ("p50", "50 ms in 100 calls"),
        ("p90", "90 ms in 100 calls"),
        ("p95", "95 ms in 100 calls"),
        ("p99", "99 ms in 100 calls"),
        ("longest", "100 ms in 100 calls"),
    ],
)
def test_post_dial_delay(which: str, got: str) -> None:
    calls = delays(*(place / 1000 for place in range(100, 0, -1)))
    outcome = judged(f"{{post_dial_delay: {which}, at_most: 2s}}", *calls)
    assert (outcome.met, outcome.got) == (True, got)
    missed = judged(f"{{post_dial_delay: {which}, at_most: 10ms}}", *calls)
    assert (missed.met, missed.got, missed.calls[0]) == (False, got, calls[0].call_id)


def test_post_dial_delay_of_calls_that_never_rang() -> None:
    expect = "{post_dial_delay: p95, at_most: 1s}"
    assert judged(expect, call()).got == "nothing to judge by: no call rang or was answered"
    assert judged(expect, call(code=200, responded_after=0.7)).got == "700 ms in 1 call"
    assert judged(expect.replace("}", ", at_least: 0}"), call()).met
