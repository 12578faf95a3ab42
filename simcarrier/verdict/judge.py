"""What a judge is: told of calls as they end, asked for its finding at the end, or in between."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple, Protocol

from simcarrier.conduct.breach import Breach
from simcarrier.records.journal import Registered
from simcarrier.records.model import CallRecord
from simcarrier.scenario.expectations.base import ConductModel, ExpectationModel
from simcarrier.scenario.models import Scenario

from .evidence import Note

SHOWN = 5
"""Calls named in the evidence; more of the same tell nothing new."""


class Finding(NamedTuple):
    """What a judge has found: whether the expectation is met, what happened, and by which calls that shows."""

    met: bool
    got: str
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What the scenario's carrier allows, where an expectation does not say it.

    Attributes:
        lines: of the carrier as a whole; None for any number.
        trunk_lines, trunk_rates: by the trunks' names, for those that have a limit.
    """

    lines: int | None = None
    trunk_lines: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    trunk_rates: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, scenario: Scenario) -> Limits:
        """Those of a scenario."""
        config = scenario.carrier
        return cls(
            config.lines,
            {trunk.name: trunk.lines for trunk in config.trunks if trunk.lines is not None},
            {trunk.name: trunk.calls_per_second for trunk in config.trunks if trunk.calls_per_second is not None},
        )


NO_LIMITS = Limits()


def nothing_to_judge(model: ExpectationModel) -> str:
    """What is said of an expectation that is not met because nothing came up."""
    return f"nothing to judge by: {model.premise}"


class Judge(Protocol):
    """Judges one expectation."""

    @property
    def wanted(self) -> str:
        """What is expected, in words."""

    def observe(self, record: CallRecord, *, over: float | None) -> None:
        """A call has ended.

        Args:
            record: the call.
            over: when the run was over, seconds since 1970, if the call was still going on then; it was ended for that
                reason. None if it ended before.
        """

    def registered(self, registered: Registered) -> None:
        """A REGISTER was granted."""

    def breaches(self, breaches: Iterable[Breach], counts: Mapping[str, int]) -> None:
        """What the dialler did wrong on the wire so far, in place of what was told before.

        Args:
            breaches: examples of it.
            counts: how often each rule was broken, by its name.
        """

    def finding(self) -> Finding:
        """What came of it so far. Asking changes nothing."""


class ConductJudge:
    """What the judges of conduct share: which calls are looked at, how many occasions there were, what went wrong.

    An occasion is what the expectation is about: a call that stalled, a number that was refused. Each is counted once,
    and is fine unless it is said to be wrong.
    """

    def __init__(self, model: ConductModel) -> None:
        self._model = model
        self.occasions = 0
        self.wrong = 0
        self.notes: list[Note] = []

    def looks_at(self, record: CallRecord) -> bool:
        """Whether the numbers of a call are those that the expectation is about."""
        to, from_ = self._model.to, self._model.from_
        return (to is None or to.matches(record.called)) and (from_ is None or from_.matches(record.caller))

    def found_wrong(self, note: Note, count: int = 1) -> None:
        """An occasion, counted already, has gone wrong."""
        self.wrong += count
        if len(self.notes) < SHOWN:
            self.notes.append(note)

    def registered(self, registered: Registered) -> None:
        """Not looked at."""

    def breaches(self, breaches: Iterable[Breach], counts: Mapping[str, int]) -> None:
        """Not looked at."""

    def concluded(
        self, one: str, several: str, what: str, *, pending: Iterable[Note] = (), waiting: int = 0, caveat: str = ""
    ) -> Finding:
        """The finding, from the counts.

        Args:
            one, several: an occasion in words, and several: ``stalled call``, ``stalled calls``.
            what: what some of them did: ``not cancelled in time``.
            pending: occasions, counted already, that go wrong if nothing more comes.
            waiting: how many there are of those.
            caveat: what was not looked at, in words.
        """
        wrong = self.wrong + waiting
        notes = (*self.notes, *pending)[:SHOWN]
        if self.occasions < self._model.at_least and not wrong:
            return Finding(False, self._too_few(one, several) + caveat)
        word = one if self.occasions == 1 else several
        if wrong:
            return Finding(False, f"{wrong} of {self.occasions} {word} {what}{caveat}", notes)
        return Finding(True, (f"{self.occasions} {word}, all fine" if self.occasions else self._model.premise) + caveat)

    def _too_few(self, one: str, several: str) -> str:
        if not self.occasions:
            return nothing_to_judge(self._model)
        return f"{self.occasions} {one if self.occasions == 1 else several}, which is too few to tell"

    def often_enough(self) -> str:
        """What ``wanted`` says of the number of occasions, if more than one is needed."""
        needed = self._model.at_least
        return f", {needed} times or more" if needed > 1 else ""
