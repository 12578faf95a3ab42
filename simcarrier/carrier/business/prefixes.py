"""Numbers by prefix: the longest that fits, however many there are.

Numbering, directions and tariffs all ask the same question of a number: which of these prefixes does it begin with, and
which of them says most? A dictionary of the prefixes is asked once for each length that occurs, the longest first: a
dozen lookups at most, whether there are ten prefixes or a million.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from simcarrier.scenario.patterns import NumberPattern

T = TypeVar("T")


class PrefixIndex(Generic[T]):
    """Values by prefix.

    Args:
        entries: prefixes, the empty one for all numbers included, with their values; the first of two equal prefixes
            wins.
    """

    __slots__ = ("_lengths", "_values")

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        self._values: dict[str, tuple[str, T]] = {}
        for prefix, value in entries:
            self._values.setdefault(prefix, (prefix, value))
        self._lengths = sorted({len(prefix) for prefix in self._values}, reverse=True)

    def __len__(self) -> int:
        return len(self._values)

    def find(self, number: str) -> tuple[str, T] | None:
        """The longest prefix that the number begins with, and its value; None if it begins with none."""
        get = self._values.get
        for length in self._lengths:
            found = get(number[:length])
            if found is not None:
                return found
        return None


FEW = 16
"""Up to so many prefixes trying each, which ``str.startswith`` does in C, is quicker than looking up."""


class NumberSet:
    """A number pattern made for asking often: exact numbers and many prefixes are looked up, not tried.

    Args:
        pattern: as the scenario has it.
    """

    __slots__ = ("_exact", "_few", "_many", "_negated", "_regexes", "pattern")

    def __init__(self, pattern: NumberPattern) -> None:
        self.pattern = pattern
        self._exact = pattern.exact
        prefixes = (*pattern.prefixes, *([""] if pattern.anything else []))
        self._few = prefixes if len(prefixes) <= FEW else None
        self._many = PrefixIndex((prefix, None) for prefix in prefixes)
        # Only a pattern with expressions has to be asked as a whole.
        self._regexes = bool(pattern.regexes)
        self._negated = pattern.negated

    def __contains__(self, number: str) -> bool:
        if self._regexes:
            return self.pattern.matches(number)
        few = self._few
        if few is None:
            found = self._many.find(number) is not None or number in self._exact
        else:
            found = number.startswith(few) or number in self._exact
        return found is not self._negated

    def entry(self, number: str) -> str:
        """The prefix, or the number itself, that makes a number one of these.

        Empty where no single entry does: for a number that is not one of them, that only an expression finds, or that
        is taken because it is in none of the entries of a negated pattern.
        """
        if self._negated:
            return ""
        if number in self._exact:
            return number
        found = self._many.find(number)
        return "" if found is None else found[0]
