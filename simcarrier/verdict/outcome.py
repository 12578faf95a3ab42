"""What one expectation came to."""

from __future__ import annotations

from dataclasses import dataclass


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
    """

    name: str
    wanted: str
    got: str
    met: bool
    place: str = ""
    calls: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}: wanted {self.wanted}, got {self.got}"
