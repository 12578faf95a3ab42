"""Who answers questions about calls, and what is counted of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

MINUTE = 60_000
"""All times are whole milliseconds."""
HOUR = 60 * MINUTE
DAY = 24 * HOUR

WINDOW = 4 * HOUR
"""The window in which the share of 603 of a number is looked at, unless a rule says otherwise."""


class Queries(Protocol):
    """A database with the tables ``calls`` and ``tallies``."""

    def query(self, sql: str, parameters: Sequence[Any] = (), /) -> Sequence[Sequence[Any]]:
        """The rows that a statement gives.

        Args:
            sql: a text of `statements`; a ``?`` stands for each parameter.
            parameters: their values, in order.
        """


@dataclass(frozen=True, slots=True)
class Counts:
    """What is counted of some calls; in the order of the columns of ``tallies``.

    Attributes:
        attempts: all of them, whatever became of them.
        answered: those with the outcome ``answered``.
        code_603, code_480, code_486, code_503: those with that final response.
        code_404_410: those with 404 or 410: the number is not, or no longer, there.
        stalls: those with the outcome ``stalled``: a 100, and nothing after it.
    """

    attempts: int = 0
    answered: int = 0
    code_603: int = 0
    code_480: int = 0
    code_486: int = 0
    code_404_410: int = 0
    code_503: int = 0
    stalls: int = 0

    @classmethod
    def of(cls, row: Sequence[Any]) -> Counts:
        """The counts of a row; a database may give whole numbers as another type."""
        return cls(*(int(value or 0) for value in row))

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, name) + getattr(other, name) for name in COUNTED))


COUNTED = tuple(Counts.__dataclass_fields__)
"""The names of what is counted."""
