"""``number_form``: a number that is not found is dialled in another form, not again in the same."""

from __future__ import annotations

import re

from simcarrier.conditions import Condition
from simcarrier.records.model import CallRecord
from simcarrier.scenario.expectations.retries import NumberForm as Model

from .bounded import Recent
from .evidence import Note, Seen, is_block, known_at, response, seconds
from .judge import ConductJudge, Finding, Limits

_NOT_DIGITS = re.compile(r"[^0-9]")

_OF_THE_FORM = (None, Condition.PREFIX_NOT_RECOGNISED, Condition.NUMBER_INCOMPLETE)
"""What may lie behind the refusal; where the carrier knows that there is no such number, another form helps nothing."""


class NumberForm(ConductJudge):
    """Waits for another form of each number that was not found."""

    def __init__(self, model: Model, limits: Limits) -> None:
        super().__init__(model)
        self._codes, self._within, self._digits = model.codes, model.within, model.same_digits
        self._refused: Recent[str, tuple[Seen, float, str]] = Recent()

    @property
    def wanted(self) -> str:
        """That it is converted."""
        return f"another form of the number within {seconds(self._within)} after {self._codes}{self.often_enough()}"

    def observe(self, record: CallRecord, *, over: float | None) -> None:
        """Judge a call. The numbers that an expectation is about are those of the refused calls, not of the next."""
        key = _NOT_DIGITS.sub("", record.called)[-self._digits :]
        if not key:
            return
        refused = self._refused.get(key)
        converted = False
        if refused is not None and record.started >= refused[1]:
            call, since, why = refused
            after = record.started - since
            self._refused.drop(key)
            converted = record.called != call.called and after <= self._within
            if record.called == call.called:
                self.found_wrong(Note(Seen.of(record), f"dialled in the same form {seconds(after)} after {why}"))
            elif not converted:
                self.found_wrong(Note(call, f"{why}; {record.called} was dialled {seconds(after)} later"))
        if converted or not self.looks_at(record) or record.condition not in _OF_THE_FORM:
            return
        if self._codes.match(record.code, blocked=is_block(record)):
            if self._refused.get(key) is None:
                self.occasions += 1
            self._refused.put(key, (Seen.of(record), known_at(record), response(record)))

    def finding(self) -> Finding:
        """What came of it."""
        pending = (Note(call, f"{why}; no other form was dialled") for _, (call, _, why) in self._refused.items())
        return self.concluded(
            "refusal",
            "refusals",
            "not followed by another form of the number",
            pending=pending,
            waiting=len(self._refused),
            caveat=self._refused.caveat("numbers"),
        )
