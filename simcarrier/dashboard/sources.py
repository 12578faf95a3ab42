"""What the pages show."""

from __future__ import annotations

from dataclasses import dataclass

from .book import Book
from .running import Running


@dataclass(frozen=True, slots=True)
class Sources:
    """At least one of the two is there.

    Attributes:
        running: the carrier that runs.
        book: the records that are kept.
    """

    running: Running | None = None
    book: Book | None = None

    @property
    def name(self) -> str:
        """What the pages are about."""
        if self.running is not None:
            return self.running.carrier.scenario.name
        return "" if self.book is None else self.book.name
