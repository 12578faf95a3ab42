"""``conduct``: the dialler breaks no rule of SIP on the wire. What it broke `simcarrier.conduct` has found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from simcarrier.conduct.breach import Breach
from simcarrier.records.journal import Registered
from simcarrier.records.model import CallRecord
from simcarrier.scenario.expectations.signalling import ConductExpectation

from .bounded import Recent
from .evidence import Note, Seen
from .judge import SHOWN, Finding, Limits, nothing_to_judge


class Conduct:
    """Counts breaches, and knows whose they are."""

    def __init__(self, model: ConductExpectation, limits: Limits) -> None:
        self._model = model
        self._calls = 0
        self._known: Recent[str, Seen] = Recent()
        self._breaches: tuple[Breach, ...] = ()
        self._counts: Counter[str] = Counter()

    @property
    def wanted(self) -> str:
        """How few."""
        most = f"at most {self._model.at_most}" if self._model.at_most else "no"
        but = f", {', '.join(self._model.ignore)} aside" if self._model.ignore else ""
        return f"{most} breach{'es' if self._model.at_most > 1 else ''} of SIP conduct{but}"

    def observe(self, record: CallRecord, *, over: float | None) -> None:
        """A call."""
        self._calls += 1
        self._known.put(record.call_id, Seen.of(record))

    def registered(self, registered: Registered) -> None:
        """Not looked at."""

    def breaches(self, breaches: Iterable[Breach], counts: Mapping[str, int]) -> None:
        """Those that are not ignored."""
        ignored = self._model.ignore
        self._breaches = tuple(breach for breach in breaches if breach.rule not in ignored)
        self._counts = Counter({rule: count for rule, count in counts.items() if rule not in ignored})

    def finding(self) -> Finding:
        """What came of it: a breach of each rule in the evidence."""
        total = self._counts.total()
        calls = "1 call" if self._calls == 1 else f"{self._calls} calls"
        if total <= self._model.at_most:
            if self._calls < self._model.at_least:
                few = f"{calls}, which is too few to tell" if self._calls else nothing_to_judge(self._model)
                return Finding(False, few)
            return Finding(True, f"{total or 'no'} breach{'' if total == 1 else 'es'} in {calls}")
        said = ", ".join(f"{count} x {rule}" for rule, count in self._counts.most_common(SHOWN))
        first: dict[str, Breach] = {}
        for breach in self._breaches:
            first.setdefault(breach.rule, breach)
        notes = [Note(self._call(one), f"{one.said} ({one.rule}, {one.section})") for one in first.values()]
        return Finding(False, f"{total} breach{'' if total == 1 else 'es'}: {said}", tuple(notes[:SHOWN]))

    def _call(self, breach: Breach) -> Seen:
        """The call of a breach; one that is not known has no numbers."""
        return self._known.get(breach.call_id) or Seen("", breach.source, breach.call_id, 0.0, 0)
