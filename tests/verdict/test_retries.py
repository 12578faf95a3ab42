"""Who is called again: blocked numbers, Retry-After, failover, other forms of a number, registrations."""

from __future__ import annotations

from typing import Any

import pytest

from simcarrier.conditions import Condition
from simcarrier.records.journal import Registered
from simcarrier.records.model import CallRecord
from tests.verdict.kit import BEGAN, call, judged, unacknowledged

BLOCKED = "{blocked_numbers: left_alone}"


@pytest.mark.parametrize(
    "refused",
    [
        call(code=608),
        call(code=607),
        call(code=603, phrase="Network Blocked"),
        call(code=603, condition=Condition.BLOCKED_BY_ANALYTICS),
    ],
)
def test_a_blocked_number_is_called_again(refused: CallRecord) -> None:
    again = call(5.06, 200)
    outcome = judged(BLOCKED, refused, again)
    assert outcome.got == "1 call more to 1 refused number"
    who = f"+4940 -> +4930 at 22:13:25.060, Call-ID {again.call_id}"
    assert outcome.evidence == (f"{who}: called again 5 s after {refused.code} {refused.phrase}",)
    assert judged(BLOCKED, refused, call(5, 200, called="+1")).got == "1 refused number, all fine"


@pytest.mark.parametrize("code", [200, 403, 486, 603])
def test_another_refusal_is_no_block(code: int) -> None:
    assert judged(BLOCKED, call(code=code), call(5, code)).got == "nothing to judge by: no call was refused like that"


def test_another_caller_id() -> None:
    calls = call(code=607), call(5.06, 607, caller="+4911")
    assert judged(BLOCKED, *calls).evidence[0].endswith("called again 5 s after 607 Said to the call of +4940")
    narrow = judged("{blocked_numbers: left_alone, scope: number_and_caller}", *calls)
    assert narrow.got == "2 refused numbers, all fine"


def test_a_call_that_was_on_its_way_is_no_retry() -> None:
    assert judged(BLOCKED, call(code=608), call(0.02, 608)).met


def test_a_rest_is_over() -> None:
    expect = "{blocked_numbers: left_alone, rest: 1h, codes: [608, 404]}"
    assert judged(expect, call(code=404), call(3601, 200)).met
    assert not judged(expect, call(code=404), call(3500, 200)).met


def test_a_block_that_was_never_acknowledged_is_told_after_the_retry() -> None:
    again = call(5, 200)
    outcome = judged(BLOCKED, again, unacknowledged(call(code=608)))
    assert (outcome.met, outcome.calls) == (False, (again.call_id,))


RETRY_AFTER = "{retry_after: honoured}"


def test_retry_after_of_a_server() -> None:
    busy = call(code=503, retry_after=10.0)
    early = call(4.06, 200, called="+1")
    assert judged(RETRY_AFTER, busy, early).evidence[0].endswith("4 s after 503 Said, 6 s too early")
    assert judged(RETRY_AFTER, busy, call(9.8, 200)).got == "1 response with Retry-After, all fine"
    assert judged(RETRY_AFTER, busy, call(4, 200, listener=("10.0.0.2", 5062))).met
    assert judged(RETRY_AFTER, busy, call(4, 200, trunk="other")).met


def test_retry_after_of_a_person() -> None:
    away = call(code=480, retry_after=10.0)
    assert judged(RETRY_AFTER, away, call(4, 200, called="+1")).met
    assert judged(RETRY_AFTER, away, call(4, 200)).got == "1 call too early, after 1 response with Retry-After"
    assert not judged("{retry_after: honoured, scope: trunk}", away, call(4, 200, called="+1")).met
    assert judged("{retry_after: honoured, scope: number}", call(code=503, retry_after=9.0), call(4, called="+1")).met


def test_a_longer_retry_after_is_not_shortened_by_the_next() -> None:
    calls = call(code=503, retry_after=60.0), call(1, 503, retry_after=1.0), call(30, 200)
    assert judged(RETRY_AFTER, *calls).got == "2 calls too early, after 2 responses with Retry-After"


def test_no_retry_after() -> None:
    assert judged(RETRY_AFTER, call(code=503)).got == "nothing to judge by: no response had a Retry-After"


FAILOVER = "{failover: 503, within: 5s}"
OTHER = ("10.0.0.2", 5062)


@pytest.mark.parametrize(
    ("expect", "calls", "met", "got"),
    [
        (FAILOVER, [call(code=503), call(1, 200)], True, "1 refused call, all fine"),
        (FAILOVER, [call(code=503)], False, "1 of 1 refused call not tried again"),
        (FAILOVER, [call(code=503), call(1, 200, called="+1")], False, "1 of 1 refused call not tried again"),
        (FAILOVER, [call(code=503), call(9, 200)], False, "1 of 1 refused call not tried again"),
        (FAILOVER, [call(code=503), call(1, 503)], True, "1 refused call, all fine"),
        (FAILOVER, [call(code=503), call(1, 503), call(60, 503)], False, "1 of 2 refused calls not tried again"),
        (FAILOVER, [call(code=486)], False, "nothing to judge by: no call was refused like that"),
        ("{failover: 5xx, through: other}", [call(code=503), call(1, 200, listener=OTHER)], True, ""),
        ("{failover: 5xx, through: other}", [call(code=503, trunk="a"), call(1, 200, trunk="b")], True, ""),
        (
            "{failover: 5xx, through: other}",
            [call(code=500), call(1, 200)],
            False,
            "1 of 1 refused call not tried again by another way",
        ),
        ("{no_failover: [486, 603]}", [call(code=486), call(60, 200)], True, "1 refused call, all fine"),
        ("{no_failover: [486, 603]}", [call(code=603), call(1, 200)], False, "1 more try after 1 refused call"),
        (
            "{no_failover: [486, 603]}",
            [call(code=503), call(1, 200)],
            False,
            "nothing to judge by: no call was refused like that",
        ),
    ],
)
def test_failover(expect: str, calls: list[CallRecord], met: bool, got: str) -> None:
    outcome = judged(expect, *calls)
    assert outcome.met is met
    assert not got or outcome.got == got


def test_failover_names_the_call_that_was_left() -> None:
    lost = call(code=503)
    assert judged(FAILOVER, lost).evidence[0].endswith("503 Said; not tried again")
    assert judged(FAILOVER, lost, call(9.06, 200)).evidence[0].endswith("503 Said; next tried 9 s later")
    told = judged("{no_failover: 486}", unacknowledged(call(code=486)), call(1, 200))
    assert not told.met


NUMBER_FORM = "{number_form: converted, to: [7*, +7*]}"


@pytest.mark.parametrize(
    ("calls", "met", "got"),
    [
        ([("74951234567", 404), ("84951234567", 200)], True, "1 refusal, all fine"),
        ([("+7 495 1234567", 404), ("84951234567", 404)], True, "1 refusal, all fine"),
        ([("74951234567", 404)], False, "1 of 1 refusal not followed by another form of the number"),
        ([("74951234567", 404), ("74951234567", 404), ("84951234567", 200)], False, "1 of 2 refusals not"),
        ([("74951234567", 404), ("84951111111", 200)], False, "1 of 1 refusal not followed by"),
        ([("84951234567", 404)], False, "nothing to judge by: no number was refused like that"),
        ([("sip", 404)], False, "nothing to judge by: no number was refused like that"),
    ],
)
def test_number_form(calls: list[tuple[str, int]], met: bool, got: str) -> None:
    outcome = judged(NUMBER_FORM, *(call(at, code, called=to) for at, (to, code) in enumerate(calls)))
    assert outcome.met is met
    assert outcome.got.startswith(got)


def test_a_number_that_does_not_exist_has_no_other_form() -> None:
    gone = call(code=404, called="74951234567", condition=Condition.NUMBER_UNALLOCATED)
    assert judged(NUMBER_FORM, gone).got == "nothing to judge by: no number was refused like that"


def test_another_form_too_late() -> None:
    outcome = judged(NUMBER_FORM, call(code=404, called="74951234567"), call(100.06, 200, called="84951234567"))
    assert outcome.evidence[0].endswith("404 Said; 84951234567 was dialled 100 s later")


GATEWAY = "{customers: [{name: gateway, user: gateway, password: secret}]}"


def registered(at: float, contacts: int = 1) -> Registered:
    return Registered("gateway", BEGAN + at, contacts)


@pytest.mark.parametrize(
    ("told", "met", "got"),
    [
        ([registered(0), call(10), call(11), registered(12), call(13, 200)], True, "1 refused call, all fine"),
        ([call(10), registered(10.055)], True, "1 refused call, all fine"),
        ([registered(10.055), call(10), call(11)], False, "1 of 2 refused calls not followed by a REGISTER"),
        ([registered(0), call(10), call(11)], False, "1 of 1 refused call not followed by a REGISTER"),
        ([call(10), registered(12, contacts=0)], False, "1 of 1 refused call not followed by a REGISTER"),
        ([call(10), registered(50)], False, "1 of 1 refused call not followed by a REGISTER"),
        (
            [call(10, condition=Condition.DIRECTION_BLOCKED)],
            False,
            "nothing to judge by: no call was refused like that",
        ),
        ([call(10, 404), registered(0)], False, "nothing to judge by: no call was refused like that"),
    ],
)
def test_registration(told: list[Any], met: bool, got: str) -> None:
    outcome = judged("{registration: renewed}", *told, carrier=GATEWAY)
    assert (outcome.met, outcome.got) == (met, got)
