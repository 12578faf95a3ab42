"""``stalled_calls``: a call that stays at 100 is cancelled in time, and the 487 acknowledged."""

from __future__ import annotations

from simcarrier.records.model import CallRecord
from simcarrier.scenario.expectations.timing import StalledCalls as Model
from simcarrier.sip.session import Ending

from .evidence import note, response, seconds
from .judge import ConductJudge, Finding, Limits


class StalledCalls(ConductJudge):
    """Looks at calls that got 100 and then nothing: cancelled while that lasted, or hanging for longer than they may.

    A call that the carrier ended or answered in time has not stalled.
    """

    def __init__(self, model: Model, limits: Limits) -> None:
        super().__init__(model)
        self._after, self._tolerance = model.after_trying, model.tolerance

    @property
    def wanted(self) -> str:
        """When the CANCEL is to come."""
        return (
            f"stalled calls cancelled {seconds(self._after)} after the 100, within {seconds(self._tolerance)}"
            f"{self.often_enough()}"
        )

    def observe(self, record: CallRecord, *, over: float | None) -> None:
        """Judge a call."""
        trying = record.trying_after
        if trying is None or record.progress_after is not None or not self.looks_at(record):
            return
        latest = self._after + self._tolerance
        if record.cancelled_after is not None:
            waited = record.cancelled_after - trying
            self.occasions += 1
            if waited > latest:
                self.found_wrong(note(record, f"cancelled {seconds(waited)} after the 100, too late"))
            elif waited < self._after - self._tolerance:
                self.found_wrong(note(record, f"cancelled {seconds(waited)} after the 100, too early"))
            elif record.ending == Ending.UNACKNOWLEDGED:
                self.found_wrong(note(record, "cancelled in time, but its 487 was never acknowledged"))
            return
        if over is not None:
            until: float | None = over - record.started
        else:
            until = record.ended_after if record.responded_after is None else record.responded_after
        waited = (until or 0.0) - trying
        if waited > latest:
            self.occasions += 1
            then = "the run was over" if over is not None else f"{response(record)} came"
            self.found_wrong(note(record, f"not cancelled in the {seconds(waited)} from the 100 until {then}"))

    def finding(self) -> Finding:
        """What came of it."""
        return self.concluded("stalled call", "stalled calls", "not cancelled as expected")
