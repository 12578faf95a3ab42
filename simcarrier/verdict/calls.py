"""``calls``: so many calls of a kind, in all or for each number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simcarrier.conduct.breach import Breach
from simcarrier.records.journal import Registered
from simcarrier.records.model import CallRecord
from simcarrier.scenario.expectations.counts import CountExpectation

from .bounded import Recent
from .evidence import Note, Seen, printable, response
from .filters import GROUPS, test_of
from .judge import SHOWN, Finding, Limits


class Calls:
    """Counts.

    Args:
        model: the expectation.
        limits: not asked.
    """

    def __init__(self, model: CountExpectation, limits: Limits) -> None:
        self._model = model
        self._is_meant = test_of(model.calls)
        self._group = None if model.each is None else GROUPS[model.each]
        self._count = 0
        self._counts: Recent[str, int] = Recent()
        self._notes: list[Note] = []

    @property
    def wanted(self) -> str:
        """How many of which."""
        model = self._model
        if model.exactly is not None:
            bounds = f"exactly {model.exactly}"
        else:
            said = (("at least", model.at_least), ("at most", model.at_most))
            bounds = " and ".join(f"{word} {count}" for word, count in said if count is not None)
        which = f" {model.calls}" if str(model.calls) else ""
        each = f" for each {model.each}" if model.each is not None else ""
        return f"{bounds} call{'' if bounds.endswith(' 1') else 's'}{which}{each}"

    def observe(self, record: CallRecord, *, over: float | None) -> None:
        """Count."""
        if not self._is_meant(record):
            return
        self._count += 1
        if self._group is not None:
            group = self._group(record)
            count = (self._counts.get(group) or 0) + 1
            self._counts.put(group, count)
        else:
            count = self._count
        most = self._model.at_most if self._model.exactly is None else self._model.exactly
        if most is not None and count > most and len(self._notes) < SHOWN:
            self._notes.append(Note(Seen.of(record), f"{response(record)}; number {count}"))

    def registered(self, registered: Registered) -> None:
        """Not looked at."""

    def breaches(self, breaches: Iterable[Breach], counts: Mapping[str, int]) -> None:
        """Not looked at."""

    def finding(self) -> Finding:
        """The count, or the first groups whose count is wrong."""
        notes = tuple(self._notes)
        if self._group is None:
            return Finding(self._fits(self._count), str(self._count), notes)
        wrong = [(group, count) for group, count in self._counts.items() if not self._fits(count)]
        caveat = self._counts.caveat(f"{self._model.each}s")
        if not len(self._counts):
            least = self._model.at_least if self._model.exactly is None else self._model.exactly
            return Finding(not least, "no such call")
        if not wrong:
            return Finding(True, f"{self._count} for {len(self._counts)}{caveat}")
        wrong.sort(key=lambda item: -item[1])
        shown = ", ".join(f"{count} for {printable(group) or '?'}" for group, count in wrong[:SHOWN])
        more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        return Finding(False, f"{shown}{more}{caveat}", notes)

    def _fits(self, count: int) -> bool:
        model = self._model
        if model.exactly is not None:
            return count == model.exactly
        return (model.at_least is None or count >= model.at_least) and (model.at_most is None or count <= model.at_most)
