"""Asking about a call that has failed: which follow-up is next, what its answer makes of the diagnosis. Sans-IO.

A follow-up compares: the same number in another form, a number that is known to answer, another caller ID, the same
after a pause. What is compared must be otherwise equal, so one call is asked about at a time, and the calls of the plan
wait meanwhile (`Campaign.held`): then a pause is one for the whole trunk, and "one at a time" can be had at all.

`Inquiry` is about one call: it picks questions by `simcarrier.diagnosis.follow_ups`, as far as the plan gives what they
need. `Inquirer` has those of a whole round, takes turns with the campaign, and judges every call in any case. Each
follow-up is a call as any other to the guard; one that it refuses is told, and another question is asked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from simcarrier.diagnosis import Call, Diagnosis
from simcarrier.diagnosis.follow_ups import (
    Answer,
    Kind,
    Question,
    ask_of,
    compare,
    learn,
    next_question,
    number_for,
    why,
)
from simcarrier.diagnosis.numbers import region_of
from simcarrier.records.observation import Observation, Outcome

from .campaign import Campaign, GoAsk, Stop, Wanted
from .follow_up import FollowUp
from .guard import Refusal
from .plan import LONG_PAUSE, Plan
from .result import Result, difference_of, judged
from .trunk_asker import TrunkAsker

HISTORY = 500
"""Calls of the same run that a diagnosis looks back on at most."""

LOST = frozenset({Outcome.INTERRUPTED, Outcome.UNRESOLVED})
"""Calls that say nothing of the trunk."""

CLEAR = frozenset({*LOST, Outcome.ANSWERED, Outcome.TRANSPORT_FAILED})
"""Calls that nothing is asked about."""

REQUESTS = frozenset({Kind.OPTIONS, Kind.REGISTER, Kind.REGISTER_AND_CALL})
"""Questions that begin with a request to the trunk itself."""

ASKED: Final = {
    Kind.OTHER_FORM: "call the same number in another form, {called}",
    Kind.CONTROL_NUMBER: "call {called}, which is known to answer, from the same caller ID",
    Kind.OTHER_CALLER: "call the same number from another caller ID, {caller}",
    Kind.AFTER_30S: "call the same number again after {pause:g} s",
    Kind.AFTER_5MIN: "call the same number again after {pause:g} s",
    Kind.ONE_AT_A_TIME: "call the same number again with no other call of this run up",
    Kind.OTHER_REGION: "call {called}, in another country or region, from the same caller ID",
}
"""Questions in words, where the table's own would leave out the numbers."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question that is to be asked now.

    Attributes:
        question: which.
        wanted: the call to make; for a request to the trunk, the call that is asked about.
        asked, why: the same in words.
        pause: seconds to wait before.
    """

    question: Question
    wanted: Wanted
    asked: str
    why: str
    pause: float

    @property
    def kind(self) -> Kind:
        """Which question."""
        return self.question.kind

    @property
    def cost(self) -> int:
        """Calls and requests that it makes."""
        return 2 if self.kind is Kind.REGISTER_AND_CALL else 1


class Inquiry:
    """What is asked about one call.

    Args:
        plan: says what may be asked, and has what it needs.
        result: the call, judged by itself and the history.

    Attributes:
        diagnosis: as it stands.
        steps: what was asked so far.
    """

    def __init__(self, plan: Plan, result: Result) -> None:
        if result.observation is None or result.diagnosis is None:
            raise ValueError("a call that was not made can't be asked about")
        self._first: Observation = result.observation
        self._result = result
        self.diagnosis: Diagnosis = result.diagnosis
        self.steps: list[FollowUp] = []
        self._left = plan.diagnose.follow_ups
        self._calls = calls_to_ask(plan, result.wanted, self._first)
        self._pauses = {_pause_kind(pause): pause for pause in plan.diagnose.pauses}

    def next(self) -> Ask | None:
        """What to ask now; None if nothing is worth it, or nothing more may be asked."""
        cheap = self._left > 1
        allowed = [kind for kind in self._calls if cheap or kind is not Kind.REGISTER_AND_CALL]
        question = next_question(self.diagnosis, (), allowed) if self._left else None
        if question is None:
            return None
        wanted = self._calls.pop(question.kind)
        pause = self._pauses.get(question.kind, 0.0)
        words = ASKED.get(question.kind)
        asked = (
            ask_of(question.kind)
            if words is None
            else words.format(called=wanted.called, caller=wanted.caller, pause=pause)
        )
        return Ask(question, wanted, asked, why(self.diagnosis, question.kind), pause)

    def came(self, ask: Ask, seen: Observation) -> None:
        """A question was asked, and this came back."""
        before = self.diagnosis
        kind = ask.kind
        if kind is Kind.REGISTER_AND_CALL and not seen.called:
            kind = Kind.REGISTER  # it did not come to the call
            self._calls.pop(kind, None)
        answer = None
        if seen.outcome not in LOST and seen.outcome is not Outcome.TRANSPORT_FAILED:
            answer = compare(kind, self._first, seen)
            self.diagnosis = learn(before, kind, answer, ask.asked if kind is ask.kind else ask_of(kind))
        self._left -= ask.cost
        self._note(ask, kind, before, observation=seen, answer=answer)

    def refused(self, ask: Ask, refusal: Refusal) -> None:
        """The guard did not permit a question; it costs nothing."""
        self._note(ask, ask.kind, self.diagnosis, refusal=refusal)

    def result(self) -> Result:
        """The call as it is to be told."""
        return replace(
            self._result,
            diagnosis=self.diagnosis,
            difference=difference_of(self._result.wanted, self._first, self.diagnosis),
            follow_ups=tuple(self.steps),
        )

    def _note(
        self,
        ask: Ask,
        kind: Kind,
        before: Diagnosis,
        observation: Observation | None = None,
        answer: Answer | None = None,
        refusal: Refusal | None = None,
    ) -> None:
        asked = ask.asked if kind is ask.kind else ask_of(kind)
        gain = ask.question.gain
        self.steps.append(FollowUp(kind, asked, ask.why, gain, before, self.diagnosis, observation, answer, refusal))


def calls_to_ask(plan: Plan, wanted: Wanted, first: Observation | None = None) -> dict[Kind, Wanted]:
    """The call behind each question that can be asked about a call.

    Args:
        plan: has what the questions need.
        wanted: the call.
        first: what was seen of it; None: it is not made yet, and everything that may come is wanted.
    """
    means, trunk = plan.diagnose, plan.trunks[wanted.trunk]
    again = replace(wanted, expect=None)
    found: dict[Kind, Wanted] = {}
    other_form = number_for(Kind.OTHER_FORM, wanted.called, plan.region)
    if other_form is not None:
        found[Kind.OTHER_FORM] = replace(again, called=other_form)
    if means.control is not None and means.control != wanted.called:
        found[Kind.CONTROL_NUMBER] = replace(again, called=means.control)
    caller = next((each for each in callers_of(plan, wanted.trunk) if each != wanted.caller), None)
    if caller is not None:
        found[Kind.OTHER_CALLER] = replace(again, caller=caller)
    for pause in means.pauses:
        found[_pause_kind(pause)] = replace(again)
    if first is None or first.concurrent > 1:
        found[Kind.ONE_AT_A_TIME] = replace(again)
    if means.elsewhere is not None and region_of(means.elsewhere) != region_of(wanted.called):
        found[Kind.OTHER_REGION] = replace(again, called=means.elsewhere)
    found[Kind.OPTIONS] = replace(again)
    if means.register_ and trunk.password_env is not None and not trunk.register_:
        found[Kind.REGISTER] = replace(again)
        found[Kind.REGISTER_AND_CALL] = replace(again)
    return found


def callers_of(plan: Plan, trunk: str) -> list[str]:
    """Caller IDs that may be shown on a trunk to find out whether it is the caller ID."""
    if plan.diagnose.callers:
        return list(plan.diagnose.callers)
    usual = next(iter(plan.trunks))
    shown = [call.from_ for call in plan.calls if (call.trunk or usual) == trunk]
    return [each for each in dict.fromkeys((plan.trunks[trunk].caller, *shown)) if each is not None]


def _pause_kind(pause: float) -> Kind:
    return Kind.AFTER_5MIN if pause >= LONG_PAUSE else Kind.AFTER_30S


class Inquirer:
    """Judges the calls of a run, and asks about those whose causes are close.

    Args:
        plan: as loaded.
        asks: whether follow-ups are made at all.
        tell: told of each result, once.
        ring: called when the campaign is to be asked again what to do.
    """

    def __init__(self, plan: Plan, *, asks: bool, tell: Callable[[Result], None], ring: Callable[[], None]) -> None:
        self._plan = plan
        self._asks = asks and plan.load is None and plan.diagnose.follow_ups > 0
        self._tell = tell
        self._ring = ring
        self._history: deque[Call] = deque(maxlen=HISTORY)
        self._waiting: deque[tuple[Wanted, Observation, Call]] = deque()
        self._inquiry: Inquiry | None = None
        self._ask: Ask | None = None
        self._requested = self._stopped = False
        self._campaign: Campaign
        self._asker: TrunkAsker

    def begin(self, campaign: Campaign, asker: TrunkAsker) -> None:
        """A round begins.

        Args:
            campaign: makes the follow-ups.
            asker: sends requests to the trunks themselves.
        """
        self._campaign = campaign
        self._asker = asker
        self._stopped = False

    def ended(self, wanted: Wanted, seen: Observation, now: float) -> None:
        """A call has ended: one of the plan, or a follow-up."""
        ask = self._ask
        if ask is not None and wanted is ask.wanted:
            self._asker.close(now)
            self._came(ask, seen, now)
            return
        result = judged(wanted, seen, self._history)
        if self._plan.load is not None and not self._asks:
            self._tell(result)  # nobody looks back on it
            return
        own = Call.of(seen)
        self._remember(seen, own)
        if self._asks and not self._stopped and seen.outcome not in CLEAR and Inquiry(self._plan, result).next():
            self._waiting.append((wanted, seen, own))
            self._go_on(now)
        else:
            self._tell(result)

    def refused(self, said: Stop, now: float) -> None:
        """The guard has refused a call: one of the plan, or a follow-up."""
        ask, inquiry = self._ask, self._inquiry
        if ask is None or inquiry is None or said.wanted is not ask.wanted:
            self._tell(Result(said.wanted, refusal=said.refusal))
            return
        self._ask = None
        self._asker.close(now)
        inquiry.refused(ask, said.refusal)
        self._go_on(now)

    def request(self, said: GoAsk, now: float) -> None:
        """A request to the trunk may be sent now."""
        ask = self._ask
        if ask is None or said.wanted is not ask.wanted:
            return
        self._requested = True
        send = self._asker.options if ask.kind is Kind.OPTIONS else self._asker.register
        send(said.wanted, self._answered, now)

    def stop(self, now: float) -> None:
        """Ask nothing more. A follow-up that is up is told of when it has ended; all else is told as it stands."""
        if self._stopped:
            return
        self._stopped = True
        if self._ask is not None and (self._campaign.asking or self._requested):
            self._asker.close(now)
            self._ask, self._requested = None, False
        if self._ask is None:
            self._go_on(now)

    def finish(self, now: float) -> None:
        """The round is over, no call is up any more: whatever is left is told as it stands."""
        self._stopped = True
        self._asker.close(now)
        self._ask, self._requested = None, False
        self._go_on(now)

    def _answered(self, seen: Observation, now: float) -> None:
        """What a request to the trunk has brought."""
        ask = self._ask
        self._requested = False
        if ask is None:
            return
        if ask.kind is Kind.REGISTER_AND_CALL and seen.final is not None and seen.final.code < 300:
            self._campaign.ask(ask.wanted, now)
        else:
            self._asker.close(now)
            self._came(ask, seen, now)
        self._ring()

    def _came(self, ask: Ask, seen: Observation, now: float) -> None:
        self._ask = None
        if seen.called:
            self._remember(seen, Call.of(seen))
        if self._inquiry is not None:
            self._inquiry.came(ask, seen)
        self._go_on(now)

    def _remember(self, seen: Observation, call: Call) -> None:
        # Under load every call has many others up beside it: looking back on them would cost more than the calls.
        if seen.outcome not in LOST and self._plan.load is None:
            self._history.append(call)

    def _go_on(self, now: float) -> None:
        """Ask the next question of the open inquiry, or of those that wait; what is done is told."""
        while self._ask is None:
            inquiry = self._inquiry
            if inquiry is None:
                if not self._waiting:
                    break
                wanted, seen, own = self._waiting.popleft()
                # What has been learnt since it ended counts, too; the call itself is none of the others.
                result = judged(wanted, seen, [call for call in self._history if call is not own])
                inquiry = self._inquiry = Inquiry(self._plan, result)
            ask = None if self._stopped else inquiry.next()
            if ask is not None:
                self._ask = ask
                alone = ask.kind is Kind.ONE_AT_A_TIME
                self._campaign.ask(ask.wanted, now + ask.pause, alone=alone, calls=ask.kind not in REQUESTS)
            else:
                self._inquiry = None
                self._tell(inquiry.result())
        self._campaign.held = self._inquiry is not None
