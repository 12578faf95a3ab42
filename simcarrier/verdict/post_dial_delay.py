"""``post_dial_delay``: the time from the INVITE to the first ringing, progress or answer."""

from __future__ import annotations

import heapq
from array import array
from math import ceil

from simcarrier.records.model import CallRecord
from simcarrier.scenario.expectations.timing import PostDialDelay as Model

from .evidence import Note, Seen, seconds
from .judge import SHOWN, ConductJudge, Finding, Limits

KEPT = 100_000
"""Calls whose delay is kept, 800 kB; a percentile of the first hundred thousand does not move with the rest."""

_PERCENT = {"p50": 50, "p90": 90, "p95": 95, "p99": 99, "longest": 100}


class PostDialDelay(ConductJudge):
    """Keeps the delays."""

    def __init__(self, model: Model, limits: Limits) -> None:
        super().__init__(model)
        self._which, self._most = model.post_dial_delay, model.at_most
        self._delays = array("d")
        self._slowest: list[tuple[float, int, Seen]] = []

    @property
    def wanted(self) -> str:
        """The limit."""
        return f"{self._which} of the post-dial delay at most {seconds(self._most)}{self.often_enough()}"

    def observe(self, record: CallRecord, *, over: float | None) -> None:
        """Note the delay of a call that rang or was answered."""
        delay = record.progress_after
        if delay is None and record.code is not None and 200 <= record.code < 300:
            delay = record.responded_after
        if delay is None or not self.looks_at(record):
            return
        self.occasions += 1
        if len(self._delays) < KEPT:
            self._delays.append(delay)
        entry = (delay, self.occasions, Seen.of(record))
        if len(self._slowest) < SHOWN:
            heapq.heappush(self._slowest, entry)
        else:
            heapq.heappushpop(self._slowest, entry)

    def finding(self) -> Finding:
        """The figure."""
        if self.occasions < self._model.at_least or not self._delays:
            return Finding(not self._model.at_least, self._too_few("call", "calls"))
        if self._which == "longest":
            figure = self._slowest and max(self._slowest)[0]
        else:
            ordered = sorted(self._delays)
            figure = ordered[ceil(len(ordered) * _PERCENT[self._which] / 100) - 1]
        met = not figure or figure <= self._most
        notes = [Note(seen, f"{seconds(delay)} until ringing") for delay, _, seen in sorted(self._slowest)[::-1]]
        calls = "1 call" if self.occasions == 1 else f"{self.occasions} calls"
        caveat = f", the first {KEPT} of them" if self.occasions > KEPT and self._which != "longest" else ""
        return Finding(met, f"{seconds(figure or 0.0)} in {calls}{caveat}", () if met else tuple(notes))
