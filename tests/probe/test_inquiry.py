"""Asking about a failed call, without a network: which question, what the guard says, whose turn it is."""

from __future__ import annotations

from typing import Any

import pytest

from simcarrier.conditions import Condition
from simcarrier.diagnosis.follow_ups import Answer, Kind
from simcarrier.probe.campaign import Campaign, Go, GoAsk, Later, Stop, Wanted, wanted_calls
from simcarrier.probe.guard import Caps, Guard, Policy, Refusal
from simcarrier.probe.inquiry import Ask, Inquirer, Inquiry, calls_to_ask
from simcarrier.probe.plan import Plan
from simcarrier.probe.reading import plan_of
from simcarrier.probe.result import Result, judged
from simcarrier.probe.target import Target
from simcarrier.probe.trunk_asker import TrunkAsker
from simcarrier.records.observation import Observation, Outcome
from simcarrier.scenario.faults import ScenarioError
from simcarrier.scenario.patterns import NumberPattern
from simcarrier.sip.transport import Transport
from tests.diagnosis.kit import answered, call
from tests.probe.kit import Bench

CALLER, CALLED, CONTROL, OTHER = "+4930111222", "74951234567", "+498912345678", "+4930999888"
PREMIUM = "+4990012345678"
PLAIN: dict[str, Any] = {
    "name": "x",
    "trunks": {"main": {"address": "udp:127.0.0.1", "caller": CALLER}},
    "calls": [{"to": CALLED}],
}
HERE = {"main": (Target(Transport.UDP, ("127.0.0.1", 5060)),)}
THERE = {"main": (Target(Transport.UDP, ("192.0.2.7", 5060)),)}
ALL: dict[str, Any] = {"control": CONTROL, "elsewhere": "+33140506070", "callers": OTHER, "pauses": ["30s", "5m"]}


def plan(*to: str, trunk: dict[str, Any] | None = None, **diagnose: Any) -> Plan:
    trunks = {"main": {"address": "udp:127.0.0.1", "caller": CALLER, **(trunk or {})}}
    return plan_of(
        {
            "name": "x",
            "trunks": trunks,
            "calls": [{"to": list(to or [CALLED])}],
            "diagnose": {key: said for key, said in {**ALL, **diagnose}.items() if said is not None},
            "calls_per_second": 1000,
            "concurrent": 4,
            "region": "RU",
        }
    )


def inquiry(made: Plan, seen: Observation) -> Inquiry:
    return Inquiry(made, judged(next(wanted_calls(made)), seen, ()))


def not_found(**said: Any) -> Observation:
    return call(404, called=CALLED, **said)


def ended(ask: Ask, code: int | None) -> Observation:
    """What comes of a question."""
    parties: dict[str, Any] = {"caller": ask.wanted.caller, "called": ask.wanted.called}
    return answered(**parties) if code == 200 else call(code, **parties)


# One call


def test_a_404_that_rings_in_another_form() -> None:
    asked = inquiry(plan(), not_found())
    ask = asked.next()
    assert ask is not None
    assert (ask.kind, ask.wanted.called, ask.wanted.caller) == (Kind.OTHER_FORM, "84951234567", CALLER)
    assert ask.asked == "call the same number in another form, 84951234567"
    assert ask.why == "it gets through in 70% of cases of prefix_not_recognised, in 5% of number_unallocated"
    asked.came(ask, ended(ask, 200))
    (step,) = asked.steps
    assert step.answer is Answer.PASSES
    assert step.before.top.probability < 0.8 < step.after.top.probability
    assert asked.diagnosis.condition is Condition.PREFIX_NOT_RECOGNISED
    assert step.moved[0] == (Condition.PREFIX_NOT_RECOGNISED, step.before.top.probability, step.after.top.probability)
    assert any("84951234567: it got through" in said for said in asked.diagnosis.top.evidence_for)


def test_no_more_questions_than_allowed_and_none_twice() -> None:
    for most in (0, 1, 3):
        asked = inquiry(plan(follow_ups=most), call(403, called=CALLED))
        kinds = []
        while (ask := asked.next()) is not None:
            kinds.append(ask.kind)
            asked.came(ask, ended(ask, 403))
        assert len(kinds) == len(set(kinds)) == len(asked.steps) <= most
        assert bool(kinds) == bool(most)


def test_what_the_guard_refuses_costs_nothing_and_is_not_asked_again() -> None:
    asked = inquiry(plan(follow_ups=1), not_found())
    ask = asked.next()
    assert ask is not None
    before = asked.diagnosis
    asked.refused(ask, Refusal("allow_list", "not allowed"))
    assert asked.diagnosis is before
    second = asked.next()
    assert second is not None
    assert second.kind is not ask.kind
    assert asked.steps[0].as_dict()["refused"] == {"rule": "allow_list", "why": "not allowed"}
    assert asked.result().as_dict()["follow_ups"][0]["answer"] is None


def test_a_call_that_was_broken_off_teaches_nothing() -> None:
    asked = inquiry(plan(), not_found())
    ask = asked.next()
    assert ask is not None
    before = asked.diagnosis
    asked.came(ask, call(None, called=CALLED, outcome=Outcome.INTERRUPTED))
    assert asked.diagnosis is before
    assert asked.steps[0].answer is None
    assert asked.result().diagnosis is before


def test_the_expectation_is_about_the_diagnosis_in_the_end() -> None:
    calls = [{"to": PREMIUM, "expect": {"code": 403, "cause": "direction_blocked"}}]
    asked = inquiry(plan_of({**PLAIN, "calls": calls, "diagnose": ALL}), call(403, called=PREMIUM))
    assert asked.result().difference is not None
    while (ask := asked.next()) is not None:
        asked.came(ask, ended(ask, 403 if ask.wanted.called == PREMIUM else 200))
    assert asked.result().difference is None


# What can be asked


def test_what_the_plan_gives_is_what_can_be_asked() -> None:
    (wanted,) = wanted_calls(plan())
    everything = calls_to_ask(plan(), wanted)
    assert set(everything) == set(Kind) - {Kind.REGISTER, Kind.REGISTER_AND_CALL}
    assert everything[Kind.OTHER_CALLER].caller == OTHER
    assert everything[Kind.CONTROL_NUMBER].called == CONTROL
    assert everything[Kind.OTHER_REGION].called == "+33140506070"
    assert all(each.expect is None for each in everything.values())
    nothing = calls_to_ask(plan_of({**PLAIN, "diagnose": {"pauses": []}}), wanted, call(403, concurrent=1))
    assert set(nothing) == {Kind.OTHER_FORM, Kind.OPTIONS}


def test_other_callers_of_the_plan_are_shown_if_none_are_named() -> None:
    made = plan_of({**PLAIN, "calls": [{"to": CALLED}, {"to": CONTROL, "from": OTHER}]})
    first, second = wanted_calls(made)
    assert calls_to_ask(made, first)[Kind.OTHER_CALLER].caller == OTHER
    assert calls_to_ask(made, second)[Kind.OTHER_CALLER].caller == CALLER


def test_registering_is_asked_only_where_it_is_wanted_and_can_be() -> None:
    credentials = {"username": "me", "password_env": "SECRET"}
    (wanted,) = wanted_calls(plan())
    for trunk, register, can in (
        (credentials, True, True),
        (credentials, False, False),
        ({}, True, False),
        ({**credentials, "register": True}, True, False),
    ):
        kinds = set(calls_to_ask(plan(trunk=trunk, register=register), wanted))
        assert (kinds >= {Kind.REGISTER, Kind.REGISTER_AND_CALL}) == can


def test_pauses_are_short_or_long() -> None:
    (wanted,) = wanted_calls(plan())
    assert Kind.AFTER_5MIN not in calls_to_ask(plan(pauses="10s"), wanted)
    assert Kind.AFTER_30S not in calls_to_ask(plan(pauses="10m"), wanted)
    with pytest.raises(ScenarioError, match="one below two minutes, and one of two minutes or more"):
        plan(pauses=["10s", "20s"])


def test_great_numbers_are_not_asked_about() -> None:
    with pytest.raises(ScenarioError, match="goes without load"):
        plan_of({**PLAIN, "diagnose": {}, "load": {"calls": 10, "calls_per_second": 10}})


# Taking turns


class Round:
    """A campaign and an inquirer on a clock of the test's own; a call lasts until the test ends it."""

    def __init__(self, made: Plan, guard: Guard | None = None, targets: Any = None) -> None:
        self.bench = Bench()
        self.told: list[Result] = []
        self.now = 100.0
        self.guard = guard or Guard(Policy())
        self.campaign = Campaign(made, self.guard, targets or HERE, self.now, 1e9)
        self.inquirer = Inquirer(made, asks=True, tell=self.told.append, ring=lambda: None)
        trunks = TrunkAsker(made, self.bench.agent, HERE, {"main": None}, lambda target: self.bench.channel)
        self.inquirer.begin(self.campaign, trunks)

    def next(self) -> Go | GoAsk | Stop | Later:
        said = self.campaign.next(self.now)
        if isinstance(said, Stop):
            self.inquirer.refused(said, self.now)
        return said

    def go(self) -> Wanted:
        """The next call, waiting for it if need be."""
        said = self.next()
        if isinstance(said, Later):
            assert said.when is not None
            self.now = said.when
            said = self.next()
        assert isinstance(said, Go), said
        return said.wanted

    def request(self, said: GoAsk) -> None:
        """Send a request to a trunk that does not answer."""
        self.inquirer.request(said, self.bench.wire.now)
        self.bench.wire.collect()
        self.bench.wire.settle()

    def end(self, wanted: Wanted, code: int | None, **said: Any) -> None:
        parties: dict[str, Any] = {"caller": wanted.caller, "called": wanted.called, **said}
        self.inquirer.ended(wanted, answered(**parties) if code == 200 else call(code, **parties), self.now)
        self.campaign.over(wanted.trunk)


def test_the_calls_of_the_plan_wait_while_one_is_asked_about() -> None:
    table = Round(plan(CALLED, CONTROL))
    first = table.go()
    table.end(first, 404)
    assert table.told == []
    assert not table.campaign.done
    further = table.go()
    assert further.called == "84951234567"
    assert table.next() == Later(None)
    table.end(further, 200)
    while table.campaign.held:
        table.end(table.go(), 404)
    (result,) = table.told
    assert result.wanted is first
    assert result.follow_ups[0].kind is Kind.OTHER_FORM
    last = table.go()
    assert last.called == CONTROL
    table.end(last, 200)
    assert [each.wanted.number for each in table.told] == [1, 2]
    assert table.campaign.done


def test_one_at_a_time_waits_until_the_others_are_over() -> None:
    made = plan(CALLED, "+498912345671", "+498912345672", control=None, callers=[CALLER], pauses=[], elsewhere=None)
    table = Round(made)
    calls = [table.go() for _ in range(3)]
    table.end(calls[2], 603, at=0.02, before=(), concurrent=3)
    assert table.campaign.held
    assert table.next() == Later(None)
    table.end(calls[0], 200)
    assert table.next() == Later(None)
    table.end(calls[1], 200)
    again = table.go()
    assert (again.called, again is not calls[2]) == (calls[2].called, True)
    table.end(again, 200)
    assert table.told[-1].diagnosis is not None
    assert table.told[-1].diagnosis.condition is Condition.LINES_FULL
    assert table.told[-1].follow_ups[0].kind is Kind.ONE_AT_A_TIME


def test_a_pause_is_waited_for_before_the_call() -> None:
    made = plan("+498912345678", control=None, callers=[CALLER], pauses="45s", elsewhere=None)
    table = Round(made)
    table.end(table.go(), 503, at=0.02, before=(), concurrent=1)
    while isinstance(said := table.next(), GoAsk):
        table.request(said)
    assert isinstance(said, Later)
    assert said.when is not None
    assert said.when == pytest.approx(145.0)
    table.now = said.when
    assert table.go().called == "+498912345678"


def test_calls_that_wait_are_asked_about_one_after_the_other() -> None:
    """What is learnt from the first counts for the second: the guard's caps are met by fewer calls."""
    table = Round(plan("74951234501", "74951234502", control=None, callers=[CALLER], pauses=[], elsewhere=None))
    first, second = table.go(), table.go()
    table.end(first, 404)
    table.end(second, 404)
    assert table.told == []
    table.end(table.go(), 200)
    assert [each.wanted for each in table.told] == [first]
    further = table.go()
    assert further.called == "84951234502"
    table.end(further, 200)
    assert [each.wanted for each in table.told] == [first, second]


def test_a_refused_follow_up_is_said_and_the_next_is_asked() -> None:
    """The control number is an emergency number: nothing permits it."""
    table = Round(plan("+498912345678", control="112", callers=[CALLER], elsewhere="+33140506070", pauses=[]))
    table.end(table.go(), 403)
    refused = []
    for _ in range(20):
        said = table.next()
        if isinstance(said, Stop):
            refused.append(said.wanted.called)
        elif isinstance(said, Go):
            table.end(said.wanted, 403)
        elif isinstance(said, GoAsk):
            table.request(said)
        else:
            table.now += 1
    (result,) = table.told
    assert refused == ["112"]
    refusals = {step.kind: step.refusal.rule for step in result.follow_ups if step.refusal is not None}
    assert refusals == {Kind.CONTROL_NUMBER: "emergency"}
    assert Kind.OTHER_REGION in {step.kind for step in result.follow_ups}
    assert result.refusal is None
    assert table.campaign.done


def test_follow_ups_count_for_the_caps() -> None:
    guard = Guard(Policy(live=True, allow=NumberPattern.parse("*"), caps=Caps(calls_per_day=2), region="RU"))
    table = Round(plan(control=None, callers=[CALLER], pauses=[], elsewhere=None), guard, THERE)
    table.end(table.go(), 404)
    table.end(table.go(), 404)
    assert len(guard.usage.calls) == 2
    table.now += 1
    said = table.next()
    assert isinstance(said, Stop)
    assert said.refusal.rule == "daily"
    assert table.told[0].follow_ups[-1].refusal == said.refusal


def test_a_request_counts_for_the_caps_and_needs_live() -> None:
    targets = THERE["main"]
    guard = Guard(Policy(live=True, caps=Caps(calls_per_day=1)))
    assert Guard(Policy()).examine_request(HERE["main"], 1e9) is None
    refusal = Guard(Policy()).examine_request(targets, 1e9)
    assert refusal is not None
    assert refusal.rule == "live"
    assert guard.examine_request(targets, 1e9) is None
    assert list(guard.usage.calls) == [(1e9, 0.0)]
    refusal = guard.examine_request(targets, 1e9)
    assert refusal is not None
    assert refusal.rule == "daily"


def test_told_to_stop_in_a_pause() -> None:
    table = Round(plan("+498912345678", control=None, callers=[CALLER], pauses="60s", elsewhere=None))
    table.end(table.go(), 503, at=0.02, before=(), concurrent=1)
    table.inquirer.stop(table.now)
    (result,) = table.told
    assert result.observation is not None
    assert not table.campaign.held
    table.campaign.abandon()
    assert table.campaign.done


def test_told_to_stop_while_a_follow_up_is_up() -> None:
    table = Round(plan("74951234501", "74951234502"))
    first, second = table.go(), table.go()
    table.end(first, 404)
    table.end(second, 404)
    further = table.go()
    table.inquirer.stop(table.now)
    assert table.told == []
    seen = call(None, caller=further.caller, called=further.called, outcome=Outcome.INTERRUPTED)
    table.inquirer.ended(further, seen, table.now)
    assert [each.wanted for each in table.told] == [first, second]
    assert [len(each.follow_ups) for each in table.told] == [1, 0]


def test_what_is_left_at_the_end_is_told() -> None:
    table = Round(plan())
    table.end(table.go(), 404)
    table.go()
    table.inquirer.finish(table.now)
    assert len(table.told) == 1


@pytest.mark.parametrize("outcome", [Outcome.INTERRUPTED, Outcome.UNRESOLVED, Outcome.TRANSPORT_FAILED])
def test_calls_that_did_not_reach_the_trunk_are_not_asked_about(outcome: Outcome) -> None:
    table = Round(plan())
    wanted = table.go()
    table.inquirer.ended(wanted, call(None, called=CALLED, outcome=outcome), table.now)
    assert [each.follow_ups for each in table.told] == [()]


def test_nothing_is_asked_unless_it_is_wanted() -> None:
    made = plan()
    for asks, further in ((False, made), (True, plan(follow_ups=0))):
        table = Round(further)
        table.inquirer = Inquirer(further, asks=asks, tell=table.told.append, ring=lambda: None)
        table.end(table.go(), 404)
        assert [each.follow_ups for each in table.told] == [()]


# Asking the trunk itself


class Trunk:
    """A trunk on the wire, and what asks it."""

    def __init__(self, scenario: str | None, password: str = "secret") -> None:
        self.bench = Bench()
        self.switch = None if scenario is None else self.bench.carrier(scenario)
        self.came: list[Observation] = []
        made = plan(trunk={"address": "udp:10.0.0.2", "username": "gateway", "password_env": "X"})
        targets = {"main": (Target(Transport.UDP, ("10.0.0.2", 5060)),)}
        self.asker = TrunkAsker(
            made, self.bench.agent, targets, {"main": ("gateway", password)}, lambda target: self.bench.channel
        )
        (self.about,) = wanted_calls(made)

    def ask(self, register: bool = False) -> Observation:
        send = self.asker.register if register else self.asker.options
        send(self.about, lambda seen, now: self.came.append(seen), self.bench.wire.now)
        self.bench.wire.collect()
        assert self.bench.wire.run_until(lambda: bool(self.came), 60.0)
        return self.came.pop()

    def close(self) -> None:
        self.asker.close(self.bench.wire.now)
        self.bench.wire.collect()
        self.bench.wire.settle()
        assert self.bench.agent.endpoint.client_transactions == 0


GATEWAY = """\
carrier:
  customers: [{name: gateway, user: gateway, password: secret, registration: {required: yes}}]
"""


def test_options() -> None:
    trunk = Trunk("calls: [{outcome: busy}]")
    seen = trunk.ask()
    assert (seen.final is not None and seen.final.code, seen.called) == (200, "")
    assert seen.outcome is Outcome.ANSWERED
    trunk.close()


def test_options_to_nobody() -> None:
    trunk = Trunk(None)
    seen = trunk.ask()
    assert (seen.final, seen.outcome) == (None, Outcome.SILENT)
    trunk.close()


def test_register() -> None:
    trunk = Trunk(GATEWAY)
    seen = trunk.ask(register=True)
    assert seen.final is not None
    assert (seen.final.code, [one.code for one in seen.earlier]) == (200, [401])
    trunk.close()


def test_register_with_a_wrong_password() -> None:
    trunk = Trunk(GATEWAY, password="wrong")
    seen = trunk.ask(register=True)
    assert seen.final is not None
    assert seen.final.code in (401, 403)
    assert seen.outcome is Outcome.REFUSED
    trunk.close()


def test_a_registration_that_is_granted_too_late_is_withdrawn() -> None:
    trunk = Trunk(GATEWAY)
    wire = trunk.bench.wire
    trunk.asker.register(trunk.about, lambda seen, now: trunk.came.append(seen), wire.now)
    wire.collect()
    wire.run(0.025)  # the challenge has come back, the REGISTER with credentials is out
    trunk.close()
    assert trunk.came == []
    requests = [line for line in wire.ladder().splitlines() if "--REGISTER--" in line]
    assert len(requests) == 4, "registered with credentials, and taken back with credentials"
