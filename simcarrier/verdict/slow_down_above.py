"""``slow_down_above``: a caller ID whose calls are declined too often is used less.

Its pace is the number of its calls over the time between the first and the last of them: before, that of its last calls
until the share was passed; after, that of all calls from a moment later on, for as long as the share stays. Fewer than
three calls have no pace: such a caller is slow enough.
"""

from __future__ import annotations

from simcarrier.records.model import CallRecord
from simcarrier.scenario.expectations.callers import SlowDownAbove as Model

from .evidence import Note, Seen, percent, seconds
from .judge import Finding, Limits
from .worn import State, WornJudge

FEWEST = 3


class SlowDownAbove(WornJudge):
    """Compares paces."""

    def __init__(self, model: Model, limits: Limits) -> None:
        super().__init__(model, model.slow_down_above, limits)
        self._within, self._pace = model.within, model.pace

    @property
    def wanted(self) -> str:
        """The pace."""
        return (
            f"at most {percent(self._pace)} of the pace from a caller ID, {seconds(self._within)} after {self._codes} "
            f"passed {percent(self._above)} of its calls in {seconds(self._window)}{self.often_enough()}"
        )

    def look(self, record: CallRecord, state: State) -> None:
        """A call."""
        if state.worn_since is None or record.started <= state.worn_since + self._within:
            return
        count, first, last = state.later
        started = record.started
        state.later = (count + 1, min(first, started) if count else started, max(last, started) if count else started)
        if state.shown is None and self._too_fast(state):
            state.shown = Seen.of(record)

    def _too_fast(self, state: State) -> str:
        """What is wrong with the pace of a caller now; empty if nothing is."""
        count, first, last = state.later
        if count < FEWEST:
            return ""
        before = _per_second(len(state.starts), min(state.starts), max(state.starts))
        after = _per_second(count, first, last)
        if after <= before * self._pace:
            return ""
        return f"{after * 60:.1f} calls a minute after {state.said}; {before * 60:.1f} before"

    def recovered(self, state: State) -> None:
        """What was not found too fast by now is fine."""
        fault = self._too_fast(state)
        if fault and state.shown is not None:
            self.found_wrong(Note(state.shown, fault))
        state.worn_since = None
        state.starts.clear()

    def finding(self) -> Finding:
        """What came of it."""
        fast = [
            Note(state.shown, fault)
            for _, state in self._callers.items()
            if state.worn_since is not None and state.shown is not None and (fault := self._too_fast(state))
        ]
        return self.concluded(
            "worn caller ID",
            "worn caller IDs",
            "not slowed down",
            pending=fast,
            waiting=len(fast),
            caveat=self._callers.caveat("callers"),
        )


def _per_second(count: int, first: float, last: float) -> float:
    """A pace; calls all at once have an endless one."""
    return (count - 1) / (last - first) if last > first else float("inf")
