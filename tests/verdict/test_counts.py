"""Counts and shares: which calls an expectation means, and how it says what it missed."""

from __future__ import annotations

import pytest

from simcarrier.conditions import Condition
from simcarrier.records.model import CallRecord
from tests.verdict.kit import call, judged, told, verdict


@pytest.mark.parametrize(
    ("expect", "calls", "missed"),
    [
        ("{calls: {}, at_least: 1}", [], "wanted at least 1 call, got 0"),
        ("{calls: {}, at_least: 1}", [call()], ""),
        ("{calls: {}, at_most: 1}", [call()], ""),
        ("{calls: {}, at_most: 1}", [call(), call()], "wanted at most 1 call, got 2"),
        ("{calls: {}, at_least: 1, at_most: 2}", [call()] * 3, "wanted at least 1 and at most 2 calls, got 3"),
        ("{calls: {code: 403}, exactly: 1}", [call(), call(code=486), call(code=None)], ""),
        ("{calls: {code: 403}, exactly: 0}", [call()], "wanted exactly 0 calls with code 403, got 1"),
        ("{calls: {code: 4xx}, exactly: 2}", [call(), call(code=486), call(code=503)], ""),
        ("{calls: {code: [none, 5xx]}, exactly: 2}", [call(), call(code=None), call(code=503)], ""),
        ("{calls: {code: 603+}, exactly: 1}", [call(code=603), call(code=603, phrase="Network blocked")], ""),
        ("{calls: {to: '+49*'}, exactly: 1}", [call(), call(called="+1")], ""),
        ("{calls: {from: '+49*'}, exactly: 1}", [call(), call(caller="+1")], ""),
        ("{calls: {condition: busy}, exactly: 1}", [call(), call(condition=Condition.BUSY)], ""),
        (
            "{calls: {rule: r, to: '+49*'}, exactly: 2}",
            [call(), call(rule=None)],
            "wanted exactly 2 calls to +49* by rule r, got 1",
        ),
        ("{calls: {}, each: number, at_most: 1}", [call(), call(called="+1")], ""),
        ("{calls: {}, each: number, at_most: 1}", [], ""),
        ("{calls: {}, each: caller, at_least: 1}", [], "wanted at least 1 call for each caller, got no such call"),
        (
            "{calls: {}, each: number, at_most: 1}",
            [call(), call(called="+1"), call()],
            "wanted at most 1 call for each number, got 2 for +4930",
        ),
    ],
)
def test_counts(expect: str, calls: list[CallRecord], missed: str) -> None:
    outcome = judged(expect, *calls)
    assert outcome.met is not bool(missed)
    assert not missed or str(outcome) == f"t.yaml:5:5: calls: {missed}"


def test_every_expectation_that_was_not_met_is_told() -> None:
    judge = verdict("{calls: {}, at_least: 1}\n  - {calls: {code: 403}, at_least: 2}\n  - {calls: {}, exactly: 0}")
    assert [failure.partition(": ")[0] for failure in told(judge, []).failures()] == ["t.yaml:5:5", "t.yaml:6:5"]


def test_calls_beyond_the_limit_are_named() -> None:
    first, second = call(), call(1.5)
    outcome = judged("{calls: {}, at_most: 1}", first, second)
    assert outcome.calls == (second.call_id,)
    assert outcome.evidence == (f"+4940 -> +4930 at 22:13:21.500, Call-ID {second.call_id}: 403 Said; number 2",)


def test_calls_by_trunk_and_customer() -> None:
    carrier = "{trunks: [{name: a}], customers: [{name: b, source: 10.0.0.1}]}"
    expect = "{calls: {trunk: a, customer: b}, exactly: 1}"
    assert judged(expect, call(), call(trunk="a", customer="b"), call(trunk="a"), carrier=carrier).met


@pytest.mark.parametrize(
    ("expect", "calls", "met", "got"),
    [
        ("{share: {code: 603}, at_most: 5%}", [], False, "no such call"),
        ("{share: {code: 603}, at_most: 50%}", [call(), call(code=603)], True, "50%, 1 of 2"),
        ("{share: {code: 603}, at_most: 5%}", [call(), call(code=603)], False, "50%, 1 of 2"),
        ("{share: {code: 200}, at_least: 50%}", [call(), call(), call(code=200)], False, "33.3%, 1 of 3"),
        ("{share: {code: 603}, at_most: 0%}", [call()], True, "0%, 0 of 1"),
        ("{share: {code: 603}, of: {to: '+1*'}, at_most: 5%}", [call(code=603)], False, "no such call"),
        ("{share: {code: 603}, among: 3, at_most: 5%}", [call()] * 2, False, "2 such calls, which is too few to tell"),
        (
            "{share: {code: 603}, each: caller, at_most: 5%}",
            [call(), call(code=603, caller="+1")],
            False,
            "100% (1 of 1) for +1",
        ),
        (
            "{share: {code: 603}, each: caller, among: 2, at_most: 5%}",
            [call(), call(), call(code=603, caller="+1")],
            True,
            "0% (0 of 2) for +4940 at most, in 1",
        ),
    ],
)
def test_shares(expect: str, calls: list[CallRecord], met: bool, got: str) -> None:
    outcome = judged(expect, *calls)
    assert (outcome.met, outcome.got) == (met, got)


def test_a_share_in_words() -> None:
    expect = "{share: {code: 603+}, of: {to: '+1*'}, each: caller, at_most: 5%, among: 20}"
    assert judged(expect).wanted == (
        "at most 5% of calls with code 603+ among calls to +1* for each caller (20 calls or more)"
    )
