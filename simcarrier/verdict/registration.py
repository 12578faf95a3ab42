"""``registration``: after a refusal for want of a registration the dialler registers again."""

from __future__ import annotations

from simcarrier.conditions import Condition
from simcarrier.records.journal import Registered
from simcarrier.records.model import CallRecord
from simcarrier.scenario.expectations.signalling import RegistrationRenewed as Model

from .evidence import Note, Seen, is_block, known_at, response, seconds
from .judge import ConductJudge, Finding, Limits

_FOR_WANT_OF_IT = (None, Condition.REGISTRATION_INACTIVE)


class Registration(ConductJudge):
    """Waits for a REGISTER after a refused call. Calls that are refused until it comes belong to the same occasion."""

    def __init__(self, model: Model, limits: Limits) -> None:
        super().__init__(model)
        self._codes, self._within = model.codes, model.within
        self._waits: tuple[Note, float] | None = None
        self._last = float("-inf")

    @property
    def wanted(self) -> str:
        """That it registers."""
        return f"a REGISTER within {seconds(self._within)} after {self._codes}{self.often_enough()}"

    def observe(self, record: CallRecord, *, over: float | None) -> None:
        """A call."""
        if self._waits is not None or not self.looks_at(record) or record.condition not in _FOR_WANT_OF_IT:
            return
        if self._codes.match(record.code, blocked=is_block(record)):
            self.occasions += 1
            if self._last < record.started + (record.responded_after or 0.0):  # else it has overtaken the ACK
                self._waits = Note(Seen.of(record), f"{response(record)}; no REGISTER followed"), known_at(record)

    def registered(self, registered: Registered) -> None:
        """A REGISTER."""
        if not registered.contacts:
            return
        self._last = registered.at
        if self._waits is None:
            return
        (call, _), since = self._waits
        self._waits = None
        after = registered.at - since
        if after > self._within:
            self.found_wrong(Note(call, f"the REGISTER came {seconds(after)} after it"))

    def finding(self) -> Finding:
        """What came of it."""
        pending = () if self._waits is None else (self._waits[0],)
        return self.concluded(
            "refused call", "refused calls", "not followed by a REGISTER", pending=pending, waiting=len(pending)
        )
