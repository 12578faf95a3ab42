"""``lines``: no more calls at once than there are lines.

A call takes a line from its INVITE to its refusal, to the end of the talk, or to its CANCEL, as the carrier's own lines
have it; a call that the carrier refuses for want of a line is one too many all the same.
"""

from __future__ import annotations

from simcarrier.records.model import CallRecord
from simcarrier.scenario.expectations.capacity import LinesObeyed

from .crowd import Crowd
from .evidence import Note, Seen, clock
from .judge import SHOWN, ConductJudge, Finding, Limits


class Lines(ConductJudge):
    """Counts calls at once: in all, and for each trunk with lines of its own."""

    def __init__(self, model: LinesObeyed, limits: Limits) -> None:
        super().__init__(model)
        trunks = limits.trunk_lines if model.at_most is None else {}
        total = limits.lines if model.at_most is None else model.at_most
        self._all = None if total is None else Crowd(total)
        self._trunks = {name: Crowd(lines) for name, lines in trunks.items()}

    @property
    def wanted(self) -> str:
        """The limits."""
        return f"calls at once within the lines ({_limits(self._all, self._trunks)}){self.often_enough()}"

    def observe(self, record: CallRecord, *, over: float | None) -> None:
        """A call."""
        if not self.looks_at(record):
            return
        answered = record.code is not None and 200 <= record.code < 300
        after = record.ended_after if answered or record.responded_after is None else record.responded_after
        self.occasions += 1
        for crowd in (self._all, self._trunks.get(record.trunk or "")):
            if crowd is not None:
                crowd.add(record.started, record.started + (after or 0.0), Seen.of(record))

    def finding(self) -> Finding:
        """The most at once."""
        return crowded(self, [("", self._all), *self._trunks.items()], "at once", "line")


def crowded(judge: ConductJudge, crowds: list[tuple[str, Crowd | None]], at_once: str, what: str) -> Finding:
    """What crowds come to.

    Args:
        judge: whose they are.
        crowds: each with the name of its trunk, empty for all calls.
        at_once: ``at once``, or ``in a second``.
        what: what there is too little of, in a word.
    """
    said, notes, met = [], [], True
    for name, crowd in crowds:
        if crowd is None:
            continue
        found = crowd.peak()
        where = f" by trunk {name}" if name else ""
        if found.most > crowd.limit:
            met = False
            said.append(f"{found.most} {at_once}{where} at {clock(found.at)}, {crowd.limit} allowed")
            notes += [Note(call, f"one {what} too many{where}") for call in found.calls]
        else:
            said.append(f"{found.most} {at_once}{where} at most")
    got = ", ".join(said)
    if met:
        conclusion = judge.concluded("call", "calls", "")
        return Finding(True, got) if conclusion.met else conclusion
    return Finding(False, got, tuple(notes[:SHOWN]))


def _limits(total: Crowd | None, trunks: dict[str, Crowd]) -> str:
    said = [str(total.limit)] if total is not None else []
    return ", ".join([*said, *(f"{crowd.limit} by trunk {name}" for name, crowd in trunks.items())])
