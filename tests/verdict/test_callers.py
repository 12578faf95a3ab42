"""Caller IDs that wear out: slowed down at 15 % of 603, taken out at 5 %."""

from __future__ import annotations

from collections.abc import Iterator

from simcarrier.records.model import CallRecord
from simcarrier.verdict.rolling import Rolling
from tests.verdict.kit import call, judged, told, verdict

TAKE_OUT = "{take_out_above: 5%, among: 20, window: 4h, within: 1m}"
SLOW_DOWN = "{slow_down_above: 15%, among: 20, window: 4h, within: 1m}"


def worn(declined: int, calls: int = 20, every: float = 1.0) -> Iterator[CallRecord]:
    """A caller's first calls, the last ones declined."""
    for place in range(calls):
        yield call(place * every, 603 if place >= calls - declined else 486)


def test_a_caller_below_the_share() -> None:
    outcome = judged(TAKE_OUT, *worn(1), call(3600, 486))
    assert (outcome.met, outcome.got) == (False, "nothing to judge by: no caller passed that share")


def test_a_caller_with_too_few_calls() -> None:
    assert (
        judged(TAKE_OUT, *worn(19, calls=19), call(5 * 3600, 200)).got
        == "nothing to judge by: no caller passed that share"
    )


def test_a_caller_is_taken_out() -> None:
    assert judged(TAKE_OUT, *worn(2), call(60, 486)).got == "1 worn caller ID, all fine"


def test_a_caller_is_used_on() -> None:
    first, second = call(200.06, 486), call(300, 486)
    outcome = judged(TAKE_OUT, *worn(2), first, second, call(200, 486, caller="+1"))
    assert outcome.got == "1 of 1 worn caller ID used on, with 2 more calls"
    assert outcome.calls == (first.call_id, second.call_id)
    assert outcome.evidence[0].endswith("181 s after 10% of 603, 2 of 20 calls")


def test_a_caller_has_rested() -> None:
    assert judged(TAKE_OUT, *worn(2), call(4 * 3600 + 60, 486)).met
    assert judged(TAKE_OUT.replace("within", "rest: 10m, within"), *worn(2), call(700, 486)).met
    assert not judged(TAKE_OUT.replace("within", "rest: 10m, within"), *worn(2), call(500, 486)).met


def test_that_the_share_sinks_does_not_put_a_caller_back() -> None:
    assert not judged(TAKE_OUT, *worn(2), *(call(100 + place, 200) for place in range(100))).met


def test_a_caller_slows_down() -> None:
    slower = (call(100 + place * 2.5, 603) for place in range(50))
    assert judged(SLOW_DOWN, *worn(4), *slower).got == "1 worn caller ID, all fine"
    assert judged(SLOW_DOWN, *worn(4), call(100), call(100.1)).met, "two calls have no pace"


def test_a_caller_goes_on_at_its_pace() -> None:
    calls = [call(100 + place, 603) for place in range(50)]
    outcome = judged(SLOW_DOWN, *worn(4), *calls)
    assert outcome.got == "1 of 1 worn caller ID not slowed down"
    assert outcome.calls == (calls[2].call_id,)
    assert outcome.evidence[0].endswith("60.0 calls a minute after 20% of 603, 4 of 20 calls; 60.0 before")


def test_calls_within_the_time_to_react_do_not_count() -> None:
    assert judged(SLOW_DOWN, *worn(4), *(call(20 + place, 603) for place in range(50))).met


def test_a_caller_that_recovers_may_speed_up_again() -> None:
    slower = [call(100 + place * 2.5, 200) for place in range(8)]
    recovered = [call(200 + place, 200) for place in range(100)]
    assert judged(SLOW_DOWN, *worn(4), *slower, *recovered).met


def test_a_fault_stays_one_when_the_caller_recovers() -> None:
    fast = [call(100 + place, 200) for place in range(30)]
    assert judged(SLOW_DOWN, *worn(4), *fast, call(4000, 200)).got == "1 of 1 worn caller ID not slowed down"


def test_a_pool_of_callers() -> None:
    judge = verdict(TAKE_OUT)
    calls = [call(place, 603, caller=f"+49{caller}") for place in range(25) for caller in range(4)]
    (outcome,) = told(judge, [*calls, call(200, 200, caller="+491")]).outcomes()
    assert outcome.got == "1 of 4 worn caller IDs used on, with 1 more call"


def test_the_window_rolls() -> None:
    rolling = Rolling(60.0)
    for second in range(120):
        rolling.add(float(second), hit=second < 60)
    assert (rolling.calls, rolling.hits, rolling.share) == (60, 0, 0.0)
    rolling.add(10_000.0, hit=True)
    assert (rolling.calls, rolling.share) == (1, 1.0)
    rolling.add(9_999.0, hit=False)
    assert (rolling.calls, rolling.share) == (2, 0.5)
