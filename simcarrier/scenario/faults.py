"""What is wrong with a scenario, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        file: the file's path, as it was named.
        line, column: where, counted from 1.
        where: the place in the scenario, such as ``calls[2].steps[1].wait``; empty for the whole file.
        message: what is wrong, in plain words.
    """

    file: str
    line: int
    column: int
    where: str
    message: str

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{self.file}:{self.line}:{self.column}: {place}{self.message}"


class ScenarioError(ValueError):
    """A scenario cannot be used. ``faults`` are all that is wrong with it, in the order of the file."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)
