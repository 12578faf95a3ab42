"""Which rule takes a call: order, priority, patterns, headers, source, counts, time; the index against asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcarrier.carrier.rulebook import FEW, RuleBook
from simcarrier.scenario.models import Rule
from simcarrier.testing import Phone
from tests.carrier.kit import Exchange


@pytest.mark.parametrize(
    ("rule", "called", "caller", "matches"),
    [
        ("to: '+4930123'", "+4930123", "x", True),
        ("to: '+4930123'", "+49301234", "x", False),
        ("to: '+49*'", "+4930123", "x", True),
        ("to: '+49*'", "+49", "x", True),
        ("to: '+49*'", "+4", "x", False),
        ("to: '/^[+]49.*7$/'", "+49307", "x", True),
        ("to: '/^[+]49.*7$/'", "+49308", "x", False),
        ("to: {not: '+49*'}", "+1", "x", True),
        ("to: {not: '+49*'}", "+491", "x", False),
        ("to: {not: ['+49*', '+1']}", "+1", "x", False),
        ("to: ['+49*', '110', '/9$/']", "110", "x", True),
        ("to: ['+49*', '110', '/9$/']", "5559", "x", True),
        ("to: ['+49*', '110', '/9$/']", "555", "x", False),
        ("to: '*'", "anybody", "x", True),
        ("from: '+4930*'", "x", "+49301", True),
        ("from: '+4930*'", "x", "+4940", False),
        ("from: {not: '/1$/'}", "x", "+2", True),
        ("{to: '+49*', from: '+49*'}", "+491", "+1", False),
        ("{to: '+49*', from: '+49*'}", "+491", "+492", True),
    ],
)
def test_numbers(rule: str, called: str, caller: str, matches: bool) -> None:
    inner = rule.strip("{}") if rule.startswith("{to") else rule
    carrier = Exchange(f"calls: [{{{inner}, respond: 486}}]")
    assert carrier.code(called, caller) == (486 if matches else 404)
    assert carrier.record.matched is matches


@pytest.mark.parametrize(
    ("condition", "fields", "matches"),
    [
        ("X-Route: gold", [("X-Route", "gold")], True),
        ("x-route: gold", [("X-ROUTE", "gold")], True),
        ("X-Route: gold", [("X-Route", "silver")], False),
        ("X-Route: gold", [("X-Route", "silver"), ("X-Route", "gold")], True),
        ("X-Route: gold", [], False),
        ("X-Route: 'go*'", [("X-Route", "gold")], True),
        ("X-Route: '*ld'", [("X-Route", "gold")], True),
        ("X-Route: '*ol*'", [("X-Route", "gold")], True),
        ("X-Route: '/^g.l/'", [("X-Route", "gold")], True),
        ("X-Route: {present: true}", [("X-Route", "")], True),
        ("X-Route: {present: true}", [], False),
        ("X-Route: {absent: true}", [], True),
        ("X-Route: {absent: true}", [("X-Route", "gold")], False),
        ("X-Route: {not: gold}", [("X-Route", "silver")], True),
        ("X-Route: {not: gold}", [], True),
        ("User-Agent: {absent: true}", [("s", "compact names are not mixed up")], True),
        ("Subject: 'hi'", [("s", "hi")], True),
    ],
)
def test_headers(condition: str, fields: list[tuple[str, str]], matches: bool) -> None:
    carrier = Exchange(f"calls: [{{headers: {{{condition}}}, respond: 486}}]")
    assert carrier.code(fields=fields) == (486 if matches else 404)


@pytest.mark.parametrize(
    ("source", "matches"),
    [
        ("10.0.0.1", True),
        ("10.0.0.2", False),
        ("10.0.0.0/24", True),
        ("['192.0.2.0/24', '10.0.0.1']", True),
        ("'2001:db8::/32'", False),
    ],
)
def test_the_source_address(source: str, matches: bool) -> None:
    carrier = Exchange(f"calls: [{{source: {source}, respond: 486}}]")
    assert carrier.code() == (486 if matches else 404)


def test_a_source_of_ipv6() -> None:
    carrier = Exchange("calls: [{source: '2001:db8::/32', respond: 486}]")
    phone = Phone(carrier.wire, "2001:db8::7", name="another")
    call = carrier.dial(phone=phone)
    carrier.wire.run(1)
    assert call.codes == [486]


def test_the_count_of_calls_so_far() -> None:
    carrier = Exchange("calls: [{calls_so_far: ..1, respond: 480}, {calls_so_far: 2..3, respond: 486}]")
    assert [carrier.code() for _ in range(6)] == [480, 480, 486, 486, 404, 404]


def test_the_time_since_the_start() -> None:
    carrier = Exchange("calls: [{since_start: 30s..60s, respond: 486}]")
    codes = []
    for moment in (0, 29, 31, 59, 62):
        carrier.wire.run(moment - carrier.wire.now if moment > carrier.wire.now else 0)
        codes.append(carrier.code())
    assert codes == [404, 404, 486, 486, 404]


def test_the_first_rule_wins_and_a_higher_priority_before_it() -> None:
    rules = "{to: '+49*', respond: 480}, {to: '+4930*', respond: 486}, {to: '+4930123', respond: 603, priority: 1}"
    carrier = Exchange(f"calls: [{rules}, {{to: '+4940*', respond: 500, priority: -1}}]")
    assert carrier.code("+4930123") == 603
    assert carrier.record.rule == "calls[2]"
    assert [carrier.code(number) for number in ("+49301", "+49401")] == [480, 480]


def test_a_rule_has_its_name_or_its_place_in_the_file() -> None:
    carrier = Exchange("calls: [{to: '+1', respond: 480}, {name: mine, to: '+2', priority: 5, respond: 480}]")
    carrier.code("+1")
    carrier.code("+2")
    assert [record.rule for record in carrier.records] == ["calls[0]", "mine"]


def test_a_call_that_no_rule_takes_gets_the_default_and_is_counted() -> None:
    carrier = Exchange(
        "carrier: {unmatched: {respond: {code: 502, phrase: Nothing}}}\ncalls: [{to: '+1', respond: 480}]"
    )
    assert carrier.code() == 502
    assert (carrier.record.rule, carrier.record.matched, carrier.record.phrase) == (None, False, "Nothing")
    assert carrier.switch.journal.unmatched == 1


# The index against asking each rule in turn


@dataclass
class Asked:
    """A call as far as rules look at numbers."""

    called: str
    caller: str = ""
    number: int = 1


digits = st.text("019", min_size=1, max_size=4)
one = st.one_of(digits, digits.map(lambda d: f"{d}*"), st.just("*"), digits.map(lambda d: f"/{d}$/"))
patterns: st.SearchStrategy[Any] = st.one_of(
    one, st.lists(one, min_size=1, max_size=3), digits.map(lambda d: {"not": f"{d}*"}), st.none()
)


@settings(deadline=None, max_examples=80)
@given(
    st.lists(st.tuples(patterns, st.integers(-2, 2)), min_size=FEW + 1, max_size=60).map(lambda rules: rules * 5),
    st.lists(st.text("019", max_size=6), min_size=1, max_size=20),
)
def test_the_index_finds_what_asking_in_order_finds(rules: list[tuple[Any, int]], numbers: list[str]) -> None:
    book = RuleBook(
        Rule.model_validate({"priority": priority, "respond": 403, **({} if to is None else {"to": to})})
        for to, priority in rules
    )
    priorities = [entry.rule.priority for entry in book.entries]
    assert priorities == sorted(priorities, reverse=True)
    for number in numbers:
        call: Any = Asked(number)
        plain = next((entry for entry in book.entries if entry.matches(call, 0.0)), None)
        assert book.find(call, 0.0) is plain
