"""``final_responses``: every final response is acknowledged (RFC 3261 sections 13.2.2.4 and 17.1.1.3)."""

from __future__ import annotations

from simcarrier.records.model import CallRecord
from simcarrier.scenario.expectations.signalling import FinalResponses as Model
from simcarrier.sip.session import Ending

from .evidence import note, response, seconds
from .judge import ConductJudge, Finding, Limits

ON_ITS_WAY = 0.2
"""Seconds for which an ACK may be on its way when the run is over."""


class FinalResponses(ConductJudge):
    """Looks at calls with a final response."""

    def __init__(self, model: Model, limits: Limits) -> None:
        super().__init__(model)
        self._within = model.within

    @property
    def wanted(self) -> str:
        """That they are acknowledged."""
        return f"every final response acknowledged within {seconds(self._within)}{self.often_enough()}"

    def observe(self, record: CallRecord, *, over: float | None) -> None:
        """Judge a call."""
        responded = record.responded_after
        if responded is None or not self.looks_at(record):
            return
        acknowledged = record.acknowledged_after
        if acknowledged is None:
            if over is not None and record.started + responded > over - ON_ITS_WAY:
                return  # it was refused because the run was over, or hardly before
            if over is None and record.ending not in (Ending.UNACKNOWLEDGED, Ending.HUNG_UP_BY_PEER):
                return  # it ended otherwise before the ACK was due; who sends BYE has heard the 200
        waited = ((record.ended_after if acknowledged is None else acknowledged) or 0.0) - responded
        self.occasions += 1
        if acknowledged is None:
            self.found_wrong(note(record, f"{response(record)} not acknowledged in {seconds(waited)}"))
        elif waited > self._within:
            self.found_wrong(note(record, f"{response(record)} acknowledged {seconds(waited)} later"))

    def finding(self) -> Finding:
        """What came of it."""
        return self.concluded("final response", "final responses", "not acknowledged as expected")
