"""``blocked_numbers``: a number that was refused for good is not called again."""

from __future__ import annotations

from simcarrier.records.model import CallRecord
from simcarrier.scenario.expectations.retries import BlockedNumbers as Model

from .evidence import Note, Seen, is_block, response, seconds
from .judge import ConductJudge, Finding, Limits
from .rest import FOREVER, Key, Resting


class BlockedNumbers(ConductJudge):
    """Looks for calls to numbers after their refusal."""

    def __init__(self, model: Model, limits: Limits) -> None:
        super().__init__(model)
        self._codes, self._by_number = model.codes, model.scope == "number"
        self._length = FOREVER if model.rest is None else model.rest
        self._resting = Resting()

    @property
    def wanted(self) -> str:
        """That they are left alone."""
        by = "by every caller ID" if self._by_number else "by the caller ID that was refused"
        rest = "" if self._length == FOREVER else f" for {seconds(self._length)}"
        return f"numbers left alone {by} after {self._codes}{rest}{self.often_enough()}"

    def observe(self, record: CallRecord, *, over: float | None) -> None:
        """Judge a call."""
        if not self.looks_at(record):
            return
        key: Key = (record.called,) if self._by_number else (record.called, record.caller)
        rest = self._resting.broken_by(record, key)
        if rest is not None:
            self._called_again(Seen.of(record), rest.why, record.started - rest.since, rest.call)
        if self._codes.match(record.code, blocked=is_block(record)):
            if rest is None:
                self.occasions += 1
            again = self._resting.begin(record, key, self._length)
            if again is not None:
                self._called_again(again, response(record), 0.0, Seen.of(record))

    def _called_again(self, call: Seen, why: str, after: float, first: Seen) -> None:
        by = "" if call.caller == first.caller else f" to the call of {first.caller}"
        self.found_wrong(Note(call, f"called again {seconds(max(after, 0.0))} after {why}{by}"))

    def finding(self) -> Finding:
        """What came of it."""
        caveat = self._resting.forgotten.caveat("numbers")
        if self.wrong:
            calls = "1 call" if self.wrong == 1 else f"{self.wrong} calls"
            numbers = "1 refused number" if self.occasions == 1 else f"{self.occasions} refused numbers"
            return Finding(False, f"{calls} more to {numbers}{caveat}", tuple(self.notes))
        return self.concluded("refused number", "refused numbers", "called again", caveat=caveat)
