"""``failover``: a call that failed for the carrier's reasons is tried again elsewhere, or soon."""

from __future__ import annotations

from typing import NamedTuple

from simcarrier.records.model import CallRecord
from simcarrier.scenario.expectations.retries import Failover as Model

from .bounded import Recent
from .evidence import Note, Seen, is_block, known_at, response, seconds
from .judge import ConductJudge, Finding, Limits


class _Way(NamedTuple):
    trunk: str | None
    listener: tuple[str, int] | None


class _Refused(NamedTuple):
    call: Seen
    way: _Way
    since: float
    why: str


class Failover(ConductJudge):
    """Waits for the next try of each refused call.

    The next try is not tried again for its part: who has two ways and was refused on both has done what could be done.
    """

    def __init__(self, model: Model, limits: Limits) -> None:
        super().__init__(model)
        self._codes, self._within, self._other = model.failover, model.within, model.through == "other"
        self._refused: Recent[str, _Refused] = Recent()

    @property
    def wanted(self) -> str:
        """That they are tried again."""
        way = " by another way" if self._other else ""
        return f"another try{way} within {seconds(self._within)} after {self._codes}{self.often_enough()}"

    def observe(self, record: CallRecord, *, over: float | None) -> None:
        """Judge a call."""
        if not self.looks_at(record):
            return
        number, way = record.called, _Way(record.trunk, record.listener)
        refused = self._refused.get(number)
        next_try = False
        if refused is not None and record.started >= refused.since:
            after = record.started - refused.since
            next_try = after <= self._within and (not self._other or way != refused.way)
            if next_try:
                self._refused.drop(number)
            elif after > self._within:
                self._refused.drop(number)
                self.found_wrong(Note(refused.call, f"{refused.why}; next tried {seconds(after)} later"))
        if not next_try and self._codes.match(record.code, blocked=is_block(record)):
            if self._refused.get(number) is None:
                self.occasions += 1
            self._refused.put(number, _Refused(Seen.of(record), way, known_at(record), response(record)))

    def finding(self) -> Finding:
        """What came of it; a call that still waits for its next try when the run is over was not tried again."""
        how = "not tried again by another way" if self._other else "not tried again"
        pending = (Note(refused.call, f"{refused.why}; {how}") for _, refused in self._refused.items())
        return self.concluded(
            "refused call",
            "refused calls",
            how,
            pending=pending,
            waiting=len(self._refused),
            caveat=self._refused.caveat("numbers"),
        )
