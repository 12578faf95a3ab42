"""``retry_after``: after a response with Retry-After nothing comes until that time is over (RFC 3261 section 20.33)."""

from __future__ import annotations

from simcarrier.records.model import CallRecord
from simcarrier.scenario.expectations.retries import RetryAfter as Model

from .evidence import Note, Seen, response, seconds
from .judge import ConductJudge, Finding, Limits
from .rest import Key, Resting

OF_THE_SERVER = frozenset({500, 503})
"""Whose Retry-After is about the server; that of the others is about the person called, or the request."""


class RetryAfter(ConductJudge):
    """Looks for calls that come too soon."""

    def __init__(self, model: Model, limits: Limits) -> None:
        super().__init__(model)
        self._scope, self._tolerance = model.scope, model.tolerance
        self._resting = Resting()

    @property
    def wanted(self) -> str:
        """That nothing comes."""
        what = {"by_code": "", "trunk": " by the trunk", "number": " to the number"}[self._scope]
        return f"no call{what} before the time of a Retry-After is over{self.often_enough()}"

    def observe(self, record: CallRecord, *, over: float | None) -> None:
        """Judge a call."""
        if not self.looks_at(record):
            return
        by_trunk, by_number = _trunk(record), ("number", record.called)
        rests = [self._resting.broken_by(record, key) for key in (by_trunk, by_number)]
        for rest in rests:
            if rest is not None:
                early = rest.until + self._tolerance - record.started
                what = f"{seconds(record.started - rest.since)} after {rest.why}, {seconds(early)} too early"
                self.found_wrong(Note(Seen.of(record), what))
                break
        length = record.retry_after
        if length is not None:
            self.occasions += 1
            trunk = self._scope == "trunk" or (self._scope == "by_code" and record.code in OF_THE_SERVER)
            again = self._resting.begin(record, by_trunk if trunk else by_number, max(0.0, length - self._tolerance))
            if again is not None:
                self.found_wrong(Note(again, f"before the {seconds(length)} of {response(record)} were over"))

    def finding(self) -> Finding:
        """What came of it."""
        caveat = self._resting.forgotten.caveat("numbers")
        if self.wrong:
            calls = "1 call" if self.wrong == 1 else f"{self.wrong} calls"
            asked = "1 response" if self.occasions == 1 else f"{self.occasions} responses"
            return Finding(False, f"{calls} too early, after {asked} with Retry-After{caveat}", tuple(self.notes))
        return self.concluded("response with Retry-After", "responses with Retry-After", "not honoured", caveat=caveat)


def _trunk(record: CallRecord) -> Key:
    """The way that a call came by."""
    host, port = record.listener or ("", 0)
    return ("trunk", record.trunk or "", host, str(port))
