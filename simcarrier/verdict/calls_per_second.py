"""``calls_per_second``: no more new calls in any second than agreed."""

from __future__ import annotations

from simcarrier.records.model import CallRecord
from simcarrier.scenario.expectations.capacity import CallsPerSecond as Model

from .crowd import Crowd
from .evidence import Seen
from .judge import ConductJudge, Finding, Limits
from .lines import crowded


class CallsPerSecond(ConductJudge):
    """Counts the calls that begin within a second: each stays there for that long, and they may not be too many.

    The second is a little shorter than one: a dialler that sends a call every 100 ms is not to blame if the eleventh is
    heard 1 ms early.
    """

    def __init__(self, model: Model, limits: Limits) -> None:
        super().__init__(model)
        self._second = max(1.0 - model.tolerance, 0.001)
        trunks = limits.trunk_rates if model.at_most is None else {}
        self._all = None if model.at_most is None else Crowd(model.at_most)
        self._trunks = {name: Crowd(rate) for name, rate in trunks.items()}

    @property
    def wanted(self) -> str:
        """The limits."""
        said = [f"{self._all.limit}"] if self._all is not None else []
        said += [f"{crowd.limit} by trunk {name}" for name, crowd in self._trunks.items()]
        return f"new calls in any second at most {', '.join(said)}{self.often_enough()}"

    def observe(self, record: CallRecord, *, over: float | None) -> None:
        """A call."""
        if not self.looks_at(record):
            return
        self.occasions += 1
        for crowd in (self._all, self._trunks.get(record.trunk or "")):
            if crowd is not None:
                crowd.add(record.started, record.started + self._second, Seen.of(record))

    def finding(self) -> Finding:
        """The most in a second."""
        return crowded(self, [("", self._all), *self._trunks.items()], "in a second", "call")
