"""The guard: who may be called, under what conditions, and that nothing gets past it."""

from __future__ import annotations

import ast
import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import simcarrier
from simcarrier.probe.guard import DAY, Caps, Guard, Permit, Policy, Refusal, Usage, is_local
from simcarrier.probe.target import Target
from simcarrier.scenario.patterns import NumberPattern
from simcarrier.sip.transport import Transport

CALLER, NUMBER = "+493012345678", "+498912345678"
NOW = 1_790_000_000.0
HERE = [Target(Transport.UDP, ("127.0.0.1", 5060))]
THERE = [Target(Transport.UDP, ("192.0.2.7", 5060))]
ALL = NumberPattern.parse("*")


def guard(**said: object) -> Guard:
    """A guard for live calls to anybody, save for what is said."""
    return Guard(Policy(**({"live": True, "allow": ALL} | said)))  # type: ignore[arg-type]  # the fields of Policy


def rule(asked: Guard, number: str = NUMBER, targets: list[Target] = THERE) -> str | None:
    """The rule that refuses a call; None if it is permitted."""
    said = asked.examine(CALLER, number, targets, NOW)
    if isinstance(said, Permit):
        assert said.covers(CALLER, number)
        return None
    return said.rule


def test_on_this_machine_little_is_asked() -> None:
    usual = Guard(Policy())
    for number in (NUMBER, "0900", "alice", "+4990012345678", "+870123456789", "22", "7"):
        assert rule(usual, number, HERE) is None
    assert rule(usual, "112", HERE) == "emergency"
    assert rule(usual, "+49112", HERE) == "emergency"
    assert rule(usual, "<112>", HERE) == "sendable"


@pytest.mark.parametrize(
    "number", ["１１２", "112;phone-context=x", "%31%31%32", "11\n2", "", "1" * 65, "11 2", "112#"]
)
def test_what_may_turn_into_other_digits_is_not_sent(number: str) -> None:
    assert rule(Guard(Policy()), number, HERE) == "sendable"


def test_elsewhere_only_with_live() -> None:
    assert rule(guard(live=False)) == "live"
    assert rule(guard()) is None


def test_one_target_elsewhere_makes_a_call_live() -> None:
    assert rule(guard(live=False), targets=[*HERE, *THERE]) == "live"
    assert not is_local([*HERE, *THERE])
    assert is_local([Target(Transport.UDP, ("::1", 5060)), Target(Transport.UDP, ("127.8.8.8", 5060))])
    assert not is_local([Target(Transport.UDP, ("10.0.0.1", 5060))])


def test_only_numbers_on_the_list() -> None:
    assert rule(guard(allow=None)) == "allow_list"
    listed = guard(allow=NumberPattern.parse(["+4989*", "+14155550123"]))
    assert rule(listed) is None
    assert rule(listed, "+4940222333") == "allow_list"
    assert rule(guard(allow=NumberPattern.parse("+4989*"), region="DE"), "08912345678") is None


@pytest.mark.parametrize("number", ["112", "+49112", "00112", "9911", "+4930110", "1-1-2", "(911)"])
def test_nothing_permits_an_emergency_number(number: str) -> None:
    assert rule(guard(allow=NumberPattern.parse(["*", number]), premium=ALL), number) == "emergency"


@pytest.mark.parametrize(
    ("number", "refused_by"),
    [
        ("+499001123456", "premium"),
        ("+4990011234567", "premium"),
        ("+491801234567", "premium"),
        ("+870123456789", "satellite"),
        ("+8811234567890", "satellite"),
        ("+979123456789", "premium"),
        ("11880", "short"),
        ("74951234567", "short"),
        ("+491901234567", "unknown_price"),
        ("alice", "spelling"),
    ],
)
def test_refused_even_when_listed(number: str, refused_by: str) -> None:
    assert rule(guard(), number) == refused_by
    assert rule(guard(live=False), number) == "live"


def test_premium_has_an_override_of_its_own() -> None:
    wanted = NumberPattern.parse(["+499001123456", "+491901234567", "+870*", "11880"])
    asked = guard(premium=wanted)
    assert rule(asked, "+499001123456") is None
    assert rule(asked, "+491901234567") is None
    assert rule(asked, "+499001123457") == "premium"
    assert rule(asked, "+870123456789") == "satellite"
    assert rule(asked, "11880") == "short"
    assert rule(guard(premium=wanted, allow=None), "+499001123456") == "allow_list"


def test_a_refusal_says_which_rule_and_what_to_do() -> None:
    said = guard(allow=None).examine(CALLER, NUMBER, THERE, NOW)
    assert isinstance(said, Refusal)
    assert str(said) == (
        "no number is allowed: name those that may be called, with --allow or allow: in the plan (rule: allow_list)"
    )


# Caps


def test_calls_of_a_day_and_of_a_minute() -> None:
    asked = guard(caps=Caps(calls_per_day=5, calls_per_minute=2, concurrent=9))
    times = [NOW, NOW + 1, NOW + 2, NOW + 61, NOW + 62, NOW + 130, NOW + 200, NOW + DAY + 1]
    said = [asked.examine(CALLER, NUMBER, THERE, when) for when in times]
    rules = [one.rule if isinstance(one, Refusal) else "" for one in said]
    assert rules == ["", "", "rate", "", "", "", "daily", ""]


def test_calls_up_at_once() -> None:
    asked = guard(caps=Caps(concurrent=2))
    assert [rule(asked) for _ in range(3)] == [None, None, "concurrency"]
    asked.over(HERE)
    assert rule(asked) == "concurrency"
    asked.over(THERE)
    assert rule(asked) is None


def test_talk_time_of_a_call_and_of_a_day() -> None:
    asked = guard(caps=Caps(calls_per_minute=100, concurrent=100, talk=10, talk_per_day=25))
    first = asked.examine(CALLER, NUMBER, THERE, NOW, 60.0)
    assert isinstance(first, Permit)
    assert first.talk == 10
    assert rule(asked) is None
    assert [call[1] for call in asked.usage.calls] == [10, 1]
    assert asked.examine(CALLER, NUMBER, THERE, NOW, 10.0) is not None
    assert rule(asked) == "talk"


def test_calls_on_this_machine_count_for_nothing() -> None:
    asked = guard(caps=Caps(calls_per_day=1, concurrent=1))
    assert [rule(asked, targets=HERE) for _ in range(5)] == [None] * 5
    assert not asked.usage.calls


def test_looking_counts_for_nothing() -> None:
    asked = guard(caps=Caps(calls_per_day=1))
    assert [asked.look(CALLER, NUMBER, THERE, NOW) for _ in range(3)] == [None] * 3
    assert not asked.usage.calls


def test_caps_hold_when_the_usage_was_kept() -> None:
    asked = guard(caps=Caps(calls_per_day=2))
    assert rule(asked) is None
    kept = json.loads(json.dumps(asked.usage.as_dict()))
    again = Guard(asked.policy, Usage.from_dict(kept))
    assert rule(again) is None
    assert rule(Guard(asked.policy, Usage.from_dict(json.loads(json.dumps(again.usage.as_dict()))))) == "daily"


@pytest.mark.parametrize("told", [{}, [], None, {"calls": 1}, {"calls": [[1]]}, {"calls": [[1, "x"]]}])
def test_a_record_of_something_else(told: object) -> None:
    with pytest.raises(ValueError, match="not a record of calls"):
        Usage.from_dict(told)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_a_record_that_would_lift_the_caps(value: float) -> None:
    with pytest.raises(ValueError, match="no number"):
        Usage.from_dict({"calls": [[NOW, value]]})


# Permits


def test_nobody_else_makes_a_permit() -> None:
    with pytest.raises(PermissionError):
        Permit(CALLER, NUMBER, 1.0, object())
    made = guard().examine(CALLER, NUMBER, THERE, NOW)
    assert isinstance(made, Permit)
    with pytest.raises((ValueError, TypeError, PermissionError)):
        dataclasses.replace(made, called="112")  # type: ignore[call-arg]  # mypy sees it too: the seal is not kept
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.called = "112"  # type: ignore[misc]  # that it is frozen is what is tested
    assert not made.covers(CALLER, "112")


def test_only_the_guard_speaks_of_making_permits() -> None:
    root = Path(simcarrier.__file__).parent
    makers = []
    for path in root.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "Permit" not in text and "_SEAL" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "Permit":
                makers.append(path.relative_to(root).as_posix())
            if isinstance(node, ast.Name | ast.Attribute) and "_SEAL" in (
                getattr(node, "id", ""),
                getattr(node, "attr", ""),
            ):
                assert path.name == "guard.py", path
    assert makers == ["probe/guard.py"]


@given(st.text(max_size=70), st.booleans(), st.sampled_from([None, "DE", "US"]))
def test_any_text_gets_an_answer(number: str, live: bool, region: str | None) -> None:
    asked = guard(live=live, region=region, caps=Caps(10**6, 10**6, 10**6, 1.0, 1e12))
    for targets in (HERE, THERE, []):
        said = asked.examine(CALLER, number, targets, NOW)
        assert isinstance(said, Permit) or said.why
