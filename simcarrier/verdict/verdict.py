"""The verdict: all expectations of a scenario, judged call by call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from simcarrier.conduct.breach import Breach
from simcarrier.records.journal import Registered
from simcarrier.records.model import CallRecord
from simcarrier.scenario.expectations import ExpectationModel
from simcarrier.scenario.expectations.callers import SlowDownAbove as SlowDownModel
from simcarrier.scenario.expectations.callers import TakeOutAbove as TakeOutModel
from simcarrier.scenario.expectations.capacity import CallsPerSecond as CallsPerSecondModel
from simcarrier.scenario.expectations.capacity import LinesObeyed
from simcarrier.scenario.expectations.counts import CountExpectation, ShareExpectation
from simcarrier.scenario.expectations.retries import BlockedNumbers as BlockedModel
from simcarrier.scenario.expectations.retries import Failover as FailoverModel
from simcarrier.scenario.expectations.retries import NoFailover as NoFailoverModel
from simcarrier.scenario.expectations.retries import NumberForm as NumberFormModel
from simcarrier.scenario.expectations.retries import RetryAfter as RetryAfterModel
from simcarrier.scenario.expectations.signalling import ConductExpectation, RegistrationRenewed
from simcarrier.scenario.expectations.signalling import FinalResponses as FinalResponsesModel
from simcarrier.scenario.expectations.timing import AnsweredCalls as AnsweredModel
from simcarrier.scenario.expectations.timing import PostDialDelay as DelayModel
from simcarrier.scenario.expectations.timing import StalledCalls as StalledModel
from simcarrier.scenario.models import Scenario

from .answered_calls import AnsweredCalls
from .blocked_numbers import BlockedNumbers
from .calls import Calls
from .calls_per_second import CallsPerSecond
from .conduct import Conduct
from .evidence import printable
from .failover import Failover
from .final_responses import FinalResponses
from .judge import SHOWN, Judge, Limits
from .lines import Lines
from .no_failover import NoFailover
from .number_form import NumberForm
from .outcome import Outcome
from .post_dial_delay import PostDialDelay
from .registration import Registration
from .retry_after import RetryAfter
from .share import Share
from .slow_down_above import SlowDownAbove
from .stalled_calls import StalledCalls
from .take_out_above import TakeOutAbove

JUDGES: Mapping[type[ExpectationModel], Callable[[Any, Limits], Judge]] = {
    CountExpectation: Calls,
    ShareExpectation: Share,
    StalledModel: StalledCalls,
    AnsweredModel: AnsweredCalls,
    DelayModel: PostDialDelay,
    BlockedModel: BlockedNumbers,
    RetryAfterModel: RetryAfter,
    FailoverModel: Failover,
    NoFailoverModel: NoFailover,
    NumberFormModel: NumberForm,
    RegistrationRenewed: Registration,
    SlowDownModel: SlowDownAbove,
    TakeOutModel: TakeOutAbove,
    LinesObeyed: Lines,
    CallsPerSecondModel: CallsPerSecond,
    FinalResponsesModel: FinalResponses,
    ConductExpectation: Conduct,
}
"""Who judges which expectation."""


class Verdict:
    """Expectations, and how far they are met.

    Args:
        scenario: whose carrier it is, and what is expected.
        wire: there are messages; without, as in a simulation, what is judged by them is left out.
        expected: what is expected, in place of what the scenario says.

    Attributes:
        needs_conduct: the messages must be watched, and the breaches told.
    """

    def __init__(
        self, scenario: Scenario, *, wire: bool = True, expected: Sequence[ExpectationModel] | None = None
    ) -> None:
        limits = Limits.of(scenario)
        models: Sequence[ExpectationModel] = scenario.expect if expected is None else expected
        places = scenario.places if expected is None else ()
        self._judges = [
            (model, JUDGES[type(model)](model, limits), places[at] if at < len(places) else "")
            for at, model in enumerate(models)
            if wire or not model.wire
        ]
        self.needs_conduct = any(isinstance(model, ConductExpectation) for model, _, _ in self._judges)
        self._over: float | None = None

    def __bool__(self) -> bool:
        """Whether anything is expected at all."""
        return bool(self._judges)

    def observe(self, record: CallRecord) -> None:
        """A call has ended."""
        over = self._over
        for _, judge, _ in self._judges:
            judge.observe(record, over=over)

    def registered(self, registered: Registered) -> None:
        """A REGISTER was granted."""
        for _, judge, _ in self._judges:
            judge.registered(registered)

    def breaches(self, breaches: Iterable[Breach], counts: Mapping[str, int]) -> None:
        """What the dialler did wrong on the wire so far: examples, and how often each rule was broken."""
        told = tuple(breaches)
        for _, judge, _ in self._judges:
            judge.breaches(told, counts)

    def over(self, now: float) -> None:
        """The run is over, at a time in seconds since 1970: calls that are told from now on were still going on."""
        self._over = now

    def outcomes(self) -> tuple[Outcome, ...]:
        """What each expectation came to so far, in the scenario's order."""
        return tuple(_outcome(model, judge, place) for model, judge, place in self._judges)

    def failures(self) -> list[str]:
        """What was not met, each with what was wanted and what was seen; empty if all was."""
        return [str(outcome) for outcome in self.outcomes() if not outcome.met]


def _outcome(model: ExpectationModel, judge: Judge, place: str) -> Outcome:
    found = judge.finding()
    notes = found.notes[:SHOWN]
    return Outcome(
        model.key,
        printable(judge.wanted),
        printable(found.got),
        found.met,
        place,
        tuple(dict.fromkeys(note.call.call_id for note in notes)),
        tuple(map(str, notes)),
    )
