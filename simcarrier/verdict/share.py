"""``share``: a share of calls of a kind among calls of another, in all or for each number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simcarrier.conduct.breach import Breach
from simcarrier.records.journal import Registered
from simcarrier.records.model import CallRecord
from simcarrier.scenario.expectations.counts import ShareExpectation

from .bounded import Recent
from .evidence import Note, Seen, percent, printable, response
from .filters import GROUPS, test_of
from .judge import SHOWN, Finding, Limits


class Share:
    """Counts two kinds of calls.

    Args:
        model: the expectation.
        limits: not asked.
    """

    def __init__(self, model: ShareExpectation, limits: Limits) -> None:
        self._model = model
        self._is_counted = test_of(model.share)
        self._is_among = test_of(model.of)
        self._group = None if model.each is None else GROUPS[model.each]
        self._counts: Recent[str, tuple[int, int]] = Recent()
        self._notes: list[Note] = []

    @property
    def wanted(self) -> str:
        """Which share."""
        model = self._model
        said = (("at least", model.at_least), ("at most", model.at_most))
        bounds = " and ".join(f"{word} {percent(share)}" for word, share in said if share is not None)
        which = f"calls {model.share}".strip()
        among = f" among calls {model.of}" if str(model.of) else ""
        each = f" for each {model.each}" if model.each is not None else ""
        enough = f" ({model.among} calls or more)" if model.among > 1 else ""
        return f"{bounds} of {which}{among}{each}{enough}"

    def observe(self, record: CallRecord, *, over: float | None) -> None:
        """Count."""
        if not self._is_among(record):
            return
        group = "" if self._group is None else self._group(record)
        counted, among = self._counts.get(group) or (0, 0)
        is_counted = self._is_counted(record)
        self._counts.put(group, (counted + is_counted, among + 1))
        if is_counted and self._model.at_most is not None and len(self._notes) < SHOWN:
            self._notes.append(Note(Seen.of(record), response(record)))

    def registered(self, registered: Registered) -> None:
        """Not looked at."""

    def breaches(self, breaches: Iterable[Breach], counts: Mapping[str, int]) -> None:
        """Not looked at."""

    def finding(self) -> Finding:
        """The share, or those of the groups for which it is wrong."""
        least = self._model.among
        groups = [(group, *counts) for group, counts in self._counts.items() if counts[1] >= least]
        if not groups:
            most = max((among for _, (_, among) in self._counts.items()), default=0)
            if not most:
                return Finding(False, self._model.premise)
            return Finding(False, f"{most} such call{'' if most == 1 else 's'}, which is too few to tell")
        wrong = [entry for entry in groups if not self._fits(entry[1] / entry[2])]
        caveat = self._counts.caveat(f"{self._model.each}s")
        if self._group is None:
            (_, counted, among), *_ = groups
            got = f"{percent(counted / among)}, {counted} of {among}"
        elif not wrong:
            worst = max(groups, key=lambda entry: entry[1] / entry[2])
            got = f"{_share(*worst)} at most, in {len(groups)}"
        else:
            wrong.sort(key=lambda entry: -entry[1] / entry[2])
            more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
            got = ", ".join(_share(*entry) for entry in wrong[:SHOWN]) + more
        return Finding(not wrong, got + caveat, tuple(self._notes) if wrong else ())

    def _fits(self, share: float) -> bool:
        model = self._model
        return (model.at_least is None or share >= model.at_least) and (model.at_most is None or share <= model.at_most)


def _share(group: str, counted: int, among: int) -> str:
    return f"{percent(counted / among)} ({counted} of {among}) for {printable(group) or '?'}"
