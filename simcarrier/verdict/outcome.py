"""What one expectation came to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """An expectation, judged at the end of a run.

    Attributes:
        name: which one, as `simcarrier expectations` lists it, such as ``stalled_calls``.
        wanted: what was expected, in words.
        got: what happened, in words, with the figures.
        met: whether it was met.
        place: where the scenario asks for it, such as ``scenarios/stall.yaml:12:5``; empty if nowhere in a file.
        calls: Call-IDs of the calls that show it, the most telling first; a few are enough.
        evidence: a line for each of some calls that show it: the parties, when, what was wrong.
    """

    name: str
    wanted: str
    got: str
    met: bool
    place: str = ""
    calls: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.name}: wanted {self.wanted}, got {self.got}"

    def lines(self) -> Iterator[str]:
        """All of it, for people: what was wanted and got, then the evidence, indented."""
        yield str(self)
        for line in self.evidence:
            yield f"    {line}"

    def as_dict(self) -> dict[str, Any]:
        """As the JSON event ``summary`` tells it."""
        return {
            "name": self.name,
            "wanted": self.wanted,
            "got": self.got,
            "met": self.met,
            "place": self.place,
            "calls": list(self.calls),
            "evidence": list(self.evidence),
        }
