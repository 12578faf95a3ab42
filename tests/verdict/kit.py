"""What the verdict's tests share: records of calls, and scenarios that expect something of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import count
from typing import Any

from simcarrier.records.journal import Registered
from simcarrier.records.model import CallRecord
from simcarrier.scenario.load import loads
from simcarrier.verdict.outcome import Outcome
from simcarrier.verdict.verdict import Verdict

BEGAN = 1_700_000_000.0
"""When runs begin."""

_numbers = count(1)


def call(at: float = 0.0, code: int | None = 403, **facts: Any) -> CallRecord:
    """A call that began so many seconds after the run, refused 50 ms later and acknowledged 10 ms after that."""
    number = next(_numbers)
    answered = code is not None and code < 300
    made = CallRecord(
        number,
        f"call-{number}",
        "UDP",
        ("10.0.0.1", 5070),
        "+4940",
        "+4930",
        BEGAN + at,
        rule="r",
        code=code,
        phrase="Said",
        responded_after=None if code is None else 0.05,
        acknowledged_after=None if code is None else 0.06,
        ended_after=1.06 if answered or code is None else 0.06,
        ending="abandoned" if code is None else "hung_up_by_peer" if answered else "refused",
        listener=("10.0.0.2", 5060),
    )
    return replace(made, **facts)


def stalled(at: float = 0.0, cancelled: float | None = 10.0, lasted: float = 30.0, **facts: Any) -> CallRecord:
    """A call that stays at 100: given up so many seconds after it, or hanging on."""
    if cancelled is None:
        late = {"code": 503, "trying_after": 0.0, "responded_after": lasted, "ended_after": lasted}
        return call(at, **{**late, **facts})
    return call(
        at,
        487,
        **{
            "trying_after": 0.0,
            "cancelled_after": cancelled,
            "responded_after": cancelled,
            "acknowledged_after": cancelled + 0.01,
            "ended_after": cancelled + 0.01,
            "ending": "cancelled",
            **facts,
        },
    )


def unacknowledged(record: CallRecord, lasted: float = 32.0) -> CallRecord:
    """The same, without its ACK."""
    return replace(record, acknowledged_after=None, ended_after=lasted, ending="unacknowledged")


def verdict(expect: str, carrier: str = "{}", *, wire: bool = True) -> Verdict:
    """A verdict on a scenario with these expectations."""
    text = f"name: t\ncarrier: {carrier}\ncalls: [{{name: r, respond: 403}}]\nexpect:\n  - {expect}\n"
    return Verdict(loads(text, "t.yaml"), wire=wire)


def told(
    judge: Verdict, calls: Iterable[CallRecord | Registered], left_up: Iterable[CallRecord] = (), over: float = 12.0
) -> Verdict:
    """Tell a verdict of calls, then of those that were still up when the run was over, so many seconds in."""
    for each in calls:
        if isinstance(each, Registered):
            judge.registered(each)
        else:
            judge.observe(each)
    judge.over(BEGAN + over)
    for record in left_up:
        judge.observe(record)
    return judge


def judged(
    expect: str,
    *calls: CallRecord | Registered,
    left_up: Iterable[CallRecord] = (),
    over: float = 12.0,
    carrier: str = "{}",
) -> Outcome:
    """What one expectation comes to."""
    (outcome,) = told(verdict(expect, carrier), calls, left_up, over).outcomes()
    return outcome
