"""When a caller ID is worn: the share of its calls that were declined has passed a limit."""

from __future__ import annotations

from collections import deque

from simcarrier.records.model import CallRecord
from simcarrier.scenario.expectations.callers import WornCaller

from .bounded import Recent
from .evidence import Seen, is_block, known_at, percent
from .judge import ConductJudge, Limits
from .rolling import Rolling

MOST_CALLERS = 10_000
"""Caller IDs watched at a time; a pool of more is not one dialler's."""


class State:
    """What is known of a caller.

    Attributes:
        rolling: its calls in the window.
        worn_since: when its share passed the limit, seconds since 1970; None while it has not.
        said: the share at that time, in words.
        starts: when its last calls began, up to that time.
        later: when calls began after it that are looked at: how many, the first, the last.
        shown: its first call that was wrong since then.
    """

    __slots__ = ("later", "rolling", "said", "shown", "starts", "worn_since")

    def __init__(self, window: float, kept: int) -> None:
        self.rolling = Rolling(window)
        self.worn_since: float | None = None
        self.said = ""
        self.starts: deque[float] = deque(maxlen=max(kept, 2))
        self.later: tuple[int, float, float] = (0, 0.0, 0.0)
        self.shown: Seen | None = None


class WornJudge(ConductJudge):
    """Watches callers; what must not come any more is the subclass's affair."""

    def __init__(self, model: WornCaller, above: float, limits: Limits) -> None:
        super().__init__(model)
        self._codes, self._window, self._among, self._above = model.codes, model.window, model.among, above
        self._callers: Recent[str, State] = Recent(MOST_CALLERS)

    def observe(self, record: CallRecord, *, over: float | None) -> None:
        """A call: whether it may be there, and what it does to the share."""
        if not self.looks_at(record):
            return
        caller = record.caller
        state = self._callers.get(caller) or State(self._window, self._among)
        self._callers.put(caller, state)
        self.look(record, state)
        rolling = state.rolling
        rolling.add(known_at(record), self._codes.match(record.code, blocked=is_block(record)))
        is_worn = rolling.calls >= self._among and rolling.share > self._above
        if state.worn_since is None:
            state.starts.append(record.started)
            if is_worn:
                self.occasions += 1
                state.worn_since = known_at(record)
                state.said = f"{percent(rolling.share)} of {self._codes}, {rolling.hits} of {rolling.calls} calls"
                state.later, state.shown = (0, 0.0, 0.0), None
        elif not is_worn:
            self.recovered(state)

    def look(self, record: CallRecord, state: State) -> None:
        """A call of a caller, before it is counted."""

    def recovered(self, state: State) -> None:
        """The share is below the limit again."""
