"""``no_failover``: a call that the person called refused is not tried elsewhere."""

from __future__ import annotations

from simcarrier.records.model import CallRecord
from simcarrier.scenario.expectations.retries import NoFailover as Model

from .evidence import Note, Seen, is_block, response, seconds
from .judge import ConductJudge, Finding, Limits
from .rest import Resting


class NoFailover(ConductJudge):
    """Looks for calls to the same number right after the refusal."""

    def __init__(self, model: Model, limits: Limits) -> None:
        super().__init__(model)
        self._codes, self._within = model.no_failover, model.within
        self._resting = Resting()

    @property
    def wanted(self) -> str:
        """That nothing comes."""
        return f"no other try of a number within {seconds(self._within)} after {self._codes}{self.often_enough()}"

    def observe(self, record: CallRecord, *, over: float | None) -> None:
        """Judge a call."""
        if not self.looks_at(record):
            return
        key = (record.called,)
        rest = self._resting.broken_by(record, key)
        if rest is not None:
            self.found_wrong(
                Note(Seen.of(record), f"tried again {seconds(record.started - rest.since)} after {rest.why}")
            )
        if self._codes.match(record.code, blocked=is_block(record)):
            if rest is None:
                self.occasions += 1
            again = self._resting.begin(record, key, self._within)
            if again is not None:
                self.found_wrong(Note(again, f"tried again after {response(record)}"))

    def finding(self) -> Finding:
        """What came of it."""
        caveat = self._resting.forgotten.caveat("numbers")
        if self.wrong:
            tries = "1 more try" if self.wrong == 1 else f"{self.wrong} more tries"
            calls = "1 refused call" if self.occasions == 1 else f"{self.occasions} refused calls"
            return Finding(False, f"{tries} after {calls}{caveat}", tuple(self.notes))
        return self.concluded("refused call", "refused calls", "tried again", caveat=caveat)
