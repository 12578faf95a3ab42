"""Follow-ups over loopback, against our own carrier: what is asked, what comes, and what it is found to be."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from simcarrier.conditions import Condition
from simcarrier.diagnosis.follow_ups import Answer, Kind
from simcarrier.probe.client import Prober
from simcarrier.probe.guard import Guard, Policy
from simcarrier.probe.result import Result
from simcarrier.records.observation import Outcome
from simcarrier.records.transcript import Transcript
from simcarrier.scenario.load import load
from simcarrier.service import CarrierService
from simcarrier.sip.transport import ListenAddress
from simcarrier.testing import fast_loop
from tests.probe.network_kit import plan_for

SCENARIOS = Path(__file__).parents[2] / "scenarios"
C, K = Condition, Kind


@dataclass
class Told:
    """What a run came to."""

    results: list[Result] = field(default_factory=list)
    transcripts: dict[str, Transcript] = field(default_factory=dict)
    prober: Prober | None = None
    calls: int = 0
    """Those that the carrier has seen."""


def asked(
    scenario: str, means: dict[str, Any], *, stop_after: float | None = None, asks: bool = True, **said: Any
) -> Told:
    """Run a plan against a scenario that ships, with follow-ups by these means."""
    told = Told()

    async def run() -> None:
        listen = [ListenAddress.parse("udp:127.0.0.1:0")]
        async with CarrierService(load(SCENARIOS / f"{scenario}.yaml"), listen=listen, seed=1) as carrier:
            prober = told.prober = Prober(
                plan_for(f"udp:{carrier.address}", diagnose=means, **said),
                Guard(Policy()),
                told.results.append,
                keep=lambda seen, transcript: told.transcripts.update({seen.call_id: transcript}),
                environment={"SECRET": "secret"},
                diagnose=asks,
            )
            if stop_after is not None:
                asyncio.get_running_loop().call_later(stop_after, prober.stop)
            await prober.run()
            assert prober.idle
            told.calls = len(carrier.journal.recent)

    fast_loop.run(run())
    return told


def answers(result: Result) -> dict[Kind, Answer | None]:
    return {step.kind: step.answer for step in result.follow_ups}


GATEWAY = {"username": "gateway", "password_env": "SECRET"}


@dataclass(frozen=True)
class Case:
    """A scenario, what is called, and what the last call is found to be.

    Attributes:
        scenario: the file's name.
        to: the numbers.
        asks: questions that must be among those asked, with their answers.
        found: the condition in the end.
        diagnose: the plan's means.
        further: keys of the plan.
        trunk: keys of the trunk.
    """

    scenario: str
    to: list[str]
    asks: dict[Kind, Answer]
    found: Condition
    diagnose: dict[str, Any]
    further: dict[str, Any] = field(default_factory=dict)
    trunk: dict[str, Any] = field(default_factory=dict)


CASES = [
    Case("ru-prefix", ["74951234567"], {K.OTHER_FORM: Answer.PASSES}, C.PREFIX_NOT_RECOGNISED, {}),
    Case("prefix-7-8-404", ["+74951234567"], {K.OTHER_FORM: Answer.PASSES}, C.PREFIX_NOT_RECOGNISED, {}),
    Case(
        "germany-403",
        ["+498912345678"],
        {K.OTHER_CALLER: Answer.PASSES},
        C.CALLER_ID_NOT_ROUTED,
        {"callers": "+493012345678"},
        trunk={"caller": "+14155550123"},
    ),
    Case(
        "germany-403",
        ["+4990012345678"],
        {K.CONTROL_NUMBER: Answer.PASSES},
        C.DIRECTION_BLOCKED,
        {"control": "+498912345678", "callers": "+493087654321"},
    ),
    Case(
        "lines-full-603",
        ["+498912345671", "+498912345672", "+498912345673"],
        {K.ONE_AT_A_TIME: Answer.PASSES},
        C.LINES_FULL,
        {},
        {"calls_per_second": 1000, "concurrent": 10, "talk": "3s"},
    ),
    Case(
        "calls-per-second-503",
        ["+498912345671", "+498912345672", "+498912345673"],
        {K.AFTER_30S: Answer.PASSES},
        C.RATE_EXCEEDED,
        {"pauses": "10s"},
        {"calls_per_second": 1000, "concurrent": 10},
    ),
    Case(
        "registration-lapses",
        ["+498912345678"],
        {K.REGISTER: Answer.PASSES, K.REGISTER_AND_CALL: Answer.PASSES},
        C.REGISTRATION_INACTIVE,
        {"register": True, "control": "+498912345679"},
        trunk=GATEWAY,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.scenario}-{case.found}")
def test_the_cause_is_found(case: Case) -> None:
    told = asked(case.scenario, case.diagnose, to=case.to, trunk=case.trunk, **case.further)
    result = max(told.results, key=lambda one: one.wanted.number)
    assert result.diagnosis is not None
    assert answers(result).items() >= case.asks.items()
    assert result.diagnosis.condition is case.found
    assert 0 < len(result.follow_ups) <= 4
    assert told.prober is not None
    assert told.prober.summary.follow_ups == sum(len(one.follow_ups) for one in told.results)
    assert told.prober.summary.calls == len(case.to)
    for step in result.follow_ups:
        seen = step.observation
        assert seen is not None
        if seen.called:
            assert told.transcripts[seen.call_id].messages[0].what == "INVITE"


def test_a_number_that_is_gone_stays_unknown_in_every_form() -> None:
    """Its form is no longer the likeliest kind of cause; which of the others it is, no call can tell."""
    told = asked("ru-prefix", {"control": "84957654322"}, to="74950000001", region="RU")
    (result,) = told.results
    assert answers(result).items() >= {K.OTHER_FORM: Answer.SAME, K.CONTROL_NUMBER: Answer.PASSES}.items()
    form = [
        each.probability_of(C.PREFIX_NOT_RECOGNISED) for each in (result.follow_ups[0].before, result.diagnosis) if each
    ]
    assert form[0] > 0.6
    assert form[1] < 0.45


def test_lines_full_and_an_empty_account_are_told_apart() -> None:
    """Both refuse at the door; the one passes when no other call is up, the other never again."""
    numbers = ["+498912345671", "+498912345672", "+498912345673"]
    means = {"control": "+498912345679", "callers": "+493087654321"}
    told = asked("prepaid-balance", means, to=numbers, talk="20s", calls_per_second=1)
    last = max(told.results, key=lambda one: one.wanted.number)
    assert last.diagnosis is not None
    assert last.diagnosis.condition is C.BALANCE_EXHAUSTED


def test_nothing_is_asked_without_diagnose() -> None:
    told = asked("germany-403", {"control": "+498912345678"}, to="+4990012345678", asks=False)
    assert [one.follow_ups for one in told.results] == [()]
    assert told.calls == 1


def test_a_follow_up_that_the_guard_refuses_is_said_and_is_not_fatal() -> None:
    told = asked("germany-403", {"control": "112", "elsewhere": "+33140506070"}, to="+4990012345678")
    (result,) = told.results
    refused = [step for step in result.follow_ups if step.refusal is not None]
    assert [(step.kind, step.refusal and step.refusal.rule) for step in refused] == [(K.CONTROL_NUMBER, "emergency")]
    assert len(result.follow_ups) > 1
    assert result.verdict == "refused"
    assert told.prober is not None
    assert (told.prober.summary.refused, told.prober.summary.calls) == (0, 1)
    assert told.calls == 1 + sum(step.kind not in (K.OPTIONS, K.CONTROL_NUMBER) for step in result.follow_ups)


STOPPED = {"first call up": 0.02, "follow-up waits": 0.7, "follow-up up": 1.3}


@pytest.mark.parametrize("when", STOPPED)
def test_told_to_stop_in_the_middle_of_follow_ups(when: str) -> None:
    """Whenever it comes: every call is ended, what was found is told, and nothing is left on the wire."""
    means = {"callers": "+493012345678", "pauses": "60s"}
    numbers = ["+498912345678", "+498912345679"]
    trunk = {"caller": "+14155550123"}
    told = asked("germany-403", means, to=numbers, trunk=trunk, talk="2s", stop_after=STOPPED[when])
    assert told.prober is not None
    summary = told.prober.summary
    assert summary.interrupted
    assert summary.calls + summary.not_made == 2
    first = told.results[0]
    ended = [step.observation.outcome for step in first.follow_ups if step.observation is not None]
    if when == "first call up":
        assert (first.verdict, ended) == ("interrupted", [])
    elif when == "follow-up waits":
        assert (first.verdict, ended) == ("refused", [])
    else:
        assert (first.verdict, ended) == ("refused", [Outcome.INTERRUPTED])
        assert first.follow_ups[0].answer is None
        assert summary.codes == {"403": 1}


def test_told_to_stop_in_a_pause() -> None:
    told = asked(
        "calls-per-second-503",
        {"pauses": "100s"},
        to=["+498912345671", "+498912345672", "+498912345673"],
        calls_per_second=1000,
        concurrent=10,
        stop_after=10.0,
    )
    last = max(told.results, key=lambda one: one.wanted.number)
    assert (last.verdict, last.follow_ups) == ("refused", ())
    assert told.prober is not None
    assert told.prober.summary.interrupted
    assert len(told.results) == 3


def test_rounds_are_asked_about_anew() -> None:
    async def run() -> list[Result]:
        results: list[Result] = []
        listen = [ListenAddress.parse("udp:127.0.0.1:0")]
        async with CarrierService(load(SCENARIOS / "germany-403.yaml"), listen=listen, seed=1) as carrier:
            plan = plan_for(
                f"udp:{carrier.address}", to="+4990012345678", diagnose={"follow_ups": 1}, every="60s", rounds=2
            )
            prober = Prober(plan, Guard(Policy()), results.append, diagnose=True)
            await prober.run()
            await prober.run()
            assert prober.idle
        return results

    told = fast_loop.run(run())
    assert [len(one.follow_ups) for one in told] == [1, 1]
    assert [one.wanted.number for one in told] == [1, 2]
