"""``take_out_above``: a caller ID whose calls are declined too often is not used any more."""

from __future__ import annotations

from simcarrier.records.model import CallRecord
from simcarrier.scenario.expectations.callers import TakeOutAbove as Model

from .evidence import Seen, note, percent, seconds
from .judge import Finding, Limits
from .worn import State, WornJudge


class TakeOutAbove(WornJudge):
    """Looks for calls of worn callers, until they have rested. That their share sinks meanwhile changes nothing."""

    def __init__(self, model: Model, limits: Limits) -> None:
        super().__init__(model, model.take_out_above, limits)
        self._within = model.within
        self._rest = model.window if model.rest is None else model.rest
        self._calls = 0

    @property
    def wanted(self) -> str:
        """That they are not used."""
        return (
            f"no call from a caller ID later than {seconds(self._within)} after {self._codes} passed "
            f"{percent(self._above)} of its calls in {seconds(self._window)}{self.often_enough()}"
        )

    def look(self, record: CallRecord, state: State) -> None:
        """A call."""
        if state.worn_since is None:
            return
        after = record.started - state.worn_since
        if after >= self._rest:
            state.worn_since = None
        elif after > self._within:
            self._calls += 1
            self.found_wrong(note(record, f"{seconds(after)} after {state.said}"), 0 if state.shown else 1)
            state.shown = Seen.of(record)

    def finding(self) -> Finding:
        """What came of it."""
        caveat = self._callers.caveat("callers")
        calls = "1 more call" if self._calls == 1 else f"{self._calls} more calls"
        return self.concluded("worn caller ID", "worn caller IDs", f"used on, with {calls}", caveat=caveat)
