"""The verdict on a run: which calls an expectation means, and how it says what it missed."""

from __future__ import annotations

import pytest

from simcarrier.carrier.verdict import Verdict
from simcarrier.records.model import CallRecord
from simcarrier.scenario.load import loads


def verdict(expect: str) -> Verdict:
    return Verdict(loads(f"name: t\nexpect: [{expect}]\ncalls: [{{name: r, respond: 403}}]").expect)


def call(code: int | None = 403, rule: str | None = "r", to: str = "+4930", caller: str = "+4940") -> CallRecord:
    return CallRecord(1, "c", "UDP", ("h", 1), caller, to, 0.0, rule=rule, code=code)


@pytest.mark.parametrize(
    ("expect", "calls", "failures"),
    [
        ("{calls: {}, at_least: 1}", [], ["calls: wanted at least 1, got 0"]),
        ("{calls: {}, at_least: 1}", [call()], []),
        ("{calls: {}, at_most: 1}", [call()], []),
        ("{calls: {}, at_most: 1}", [call(), call()], ["calls: wanted at most 1, got 2"]),
        ("{calls: {}, at_least: 1, at_most: 2}", [call()] * 3, ["calls: wanted at most 2, got 3"]),
        ("{calls: {code: 403}, exactly: 1}", [call(), call(486), call(None)], []),
        ("{calls: {code: 403}, exactly: 0}", [call()], ["calls with code 403: wanted exactly 0, got 1"]),
        ("{calls: {to: '+49*'}, exactly: 1}", [call(), call(to="+1")], []),
        ("{calls: {from: '+49*'}, exactly: 1}", [call(), call(caller="+1")], []),
        (
            "{calls: {rule: r, to: '+49*'}, exactly: 2}",
            [call(), call(rule=None)],
            ["calls to +49* by rule r: wanted exactly 2, got 1"],
        ),
    ],
)
def test_expectations(expect: str, calls: list[CallRecord], failures: list[str]) -> None:
    judge = verdict(expect)
    for record in calls:
        judge.observe(record)
    assert judge.failures() == failures


def test_every_expectation_that_was_not_met_is_told() -> None:
    judge = verdict("{calls: {}, at_least: 1}, {calls: {code: 403}, at_least: 2}, {calls: {}, exactly: 0}")
    assert len(judge.failures()) == 2
