"""Numbers by prefix: the longest that fits, however many there are.

Numbering, directions and tariffs all ask the same question of a number: which of these prefixes does it begin with, and
which of them says most? A dictionary of the prefixes is asked once for each length that occurs, the longest first: a
dozen lookups at most, whether there are ten prefixes or a million.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
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

    Attributes:
        has: whether a number is one of these; what ``in`` asks, for those who ask with every call.
        few: the prefixes if they are few and all there is; else None.
    """

    __slots__ = ("_exact", "_many", "_negated", "few", "has", "pattern")

    def __init__(self, pattern: NumberPattern) -> None:
        self.pattern = pattern
        self._exact = pattern.exact
        prefixes = (*pattern.prefixes, *([""] if pattern.anything else []))
        self._many = PrefixIndex((prefix, None) for prefix in prefixes)
        self._negated = pattern.negated
        plain = not (pattern.regexes or pattern.exact or pattern.negated)
        self.few = prefixes if plain and len(prefixes) <= FEW else None
        # Only a pattern with expressions has to be asked as a whole.
        self.has = pattern.matches if pattern.regexes else self._quick(prefixes)

    def _quick(self, prefixes: tuple[str, ...]) -> Callable[[str], bool]:
        """The shortest question that tells whether a number is one of these."""
        exact, find = self._exact, self._many.find
        if self._negated:
            return lambda number: not (find(number) is not None or number in exact)
        if len(prefixes) > FEW:
            return lambda number: find(number) is not None or number in exact
        if exact:
            return lambda number: number in exact or number.startswith(prefixes)
        return lambda number: number.startswith(prefixes)

    def __contains__(self, number: str) -> bool:
        return self.has(number)

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
