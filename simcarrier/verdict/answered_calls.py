"""``answered_calls``: an answered call is ended by BYE, in time if there is a limit."""

from __future__ import annotations

from simcarrier.records.model import CallRecord
from simcarrier.scenario.expectations.timing import AnsweredCalls as Model
from simcarrier.sip.session import Ending

from .evidence import note, seconds
from .judge import ConductJudge, Finding, Limits

_ENDED = (Ending.HUNG_UP_BY_PEER, Ending.HUNG_UP_BY_US)


class AnsweredCalls(ConductJudge):
    """Looks at calls with a 2xx."""

    def __init__(self, model: Model, limits: Limits) -> None:
        super().__init__(model)
        self._within = model.within

    @property
    def wanted(self) -> str:
        """That they end."""
        limit = "" if self._within is None else f" within {seconds(self._within)}"
        return f"answered calls ended by BYE{limit}{self.often_enough()}"

    def observe(self, record: CallRecord, *, over: float | None) -> None:
        """Judge a call."""
        if record.code is None or not 200 <= record.code < 300 or not self.looks_at(record):
            return
        talked = (record.ended_after or 0.0) - (record.responded_after or 0.0)
        within = self._within
        if over is not None and within is not None and talked <= within:
            return  # it had time left
        self.occasions += 1
        if within is not None and talked > within:
            self.found_wrong(note(record, f"up for {seconds(talked)}"))
        elif over is not None:
            self.found_wrong(note(record, f"still up at the end of the run, {seconds(talked)} after its answer"))
        elif record.ending not in _ENDED:
            self.found_wrong(note(record, f"ended without BYE: {(record.ending or 'unknown').replace('_', ' ')}"))

    def finding(self) -> Finding:
        """What came of it."""
        return self.concluded("answered call", "answered calls", "not ended as expected")
