"""Quantities as people write them: times with a unit, spans, shares, ranges.

A bare number is refused where a time is meant: `wait: 12` could be seconds or milliseconds, and a scenario
that is wrong by a factor of a thousand still runs. Every reader takes the text as typed (or a value that
was read before) and raises ValueError with a sentence that completes `"wait" ...`.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
"""How many seconds each unit has."""

LONGEST = 366 * 24 * 3600.0
"""The longest time that is taken, in seconds: a year. More is a slip of the finger."""

DURATION_PATTERN = r"[0-9]{1,9}(\.[0-9]{1,9})?(ms|s|m|h)"
SPAN_PATTERN = rf"^{DURATION_PATTERN}(\.\.{DURATION_PATTERN})?$"
TIME_RANGE_PATTERN = rf"^({DURATION_PATTERN})?(\.\.)?({DURATION_PATTERN})?$"
SHARE_PATTERN = r"^[0-9]{1,3}(\.[0-9]{1,9})?%$"
COUNT_RANGE_PATTERN = r"^[0-9]{0,9}(\.\.)?[0-9]{0,9}$"

_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h)")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,9})?)%")
_COUNT = re.compile(r"[0-9]{1,9}")


def shown(value: object) -> str:
    """A value as it is quoted in a fault: short, on one line, a mapping or list only named."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = str(value)
    return f'"{text if len(text) <= 60 else text[:57] + "..."}"'.replace("\n", "\\n")


def parse_duration(value: object) -> float:
    """A time such as ``12s``, ``200ms``, ``1.5s``, ``2m``, ``1h``, in seconds.

    Raises:
        ValueError: it is no such time.
    """
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found:
        if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
            raise ValueError(f"must have its unit: write {value.strip()}s or {value.strip()}ms")
        raise ValueError(f"must be a time such as 12s or 200ms, not {shown(value)}")
    seconds = float(found[1]) * SECONDS[found[2]]
    if seconds > LONGEST:
        raise ValueError(f"must be a time of at most a year, not {shown(value)}")
    return seconds


@dataclass(frozen=True, slots=True)
class Span:
    """A time that may be drawn anew for each call: from ``low`` to ``high`` seconds, both included."""

    low: float
    high: float

    @classmethod
    def parse(cls, value: object) -> Span:
        """Read ``12s`` (always that long) or ``2s..6s``.

        Raises:
            ValueError: it is neither, or the range runs backwards.
        """
        if isinstance(value, Span):
            return value
        if not isinstance(value, str):
            raise ValueError(f"must be a time such as 12s or 200ms, or a range such as 2s..6s, not {shown(value)}")
        first, dots, last = value.partition("..")
        if not dots:
            try:
                low = parse_duration(value)
            except ValueError as why:
                if "unit" in str(why):
                    raise
                raise ValueError(
                    f"must be a time such as 12s or 200ms, or a range such as 2s..6s, not {shown(value)}"
                ) from None
            return cls(low, low)
        if not first.strip() or not last.strip():
            raise ValueError(f"must have both ends, such as 2s..6s, not {shown(value)}")
        low, high = parse_duration(first), parse_duration(last)
        if high < low:
            raise ValueError(f"must run from the shorter to the longer time, not {shown(value)}")
        return cls(low, high)

    @property
    def fixed(self) -> bool:
        """Whether it is the same time for every call."""
        return self.low == self.high

    def sample(self, rng: random.Random) -> float:
        """A time in seconds; a fixed span draws nothing from the generator."""
        return self.low if self.low == self.high else rng.uniform(self.low, self.high)

    def __str__(self) -> str:
        return f"{self.low:g}s" if self.fixed else f"{self.low:g}s..{self.high:g}s"


ZERO = Span(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class CountRange:
    """A range of counts, both ends included; no ``last`` means without end."""

    first: int
    last: int | None

    @classmethod
    def parse(cls, value: object) -> CountRange:
        """Read ``7``, ``2..4``, ``3..`` or ``..5``.

        Raises:
            ValueError: it is none of these, or runs backwards.
        """
        if isinstance(value, CountRange):
            return value
        if isinstance(value, str):
            first, dots, last = (part.strip() for part in value.partition(".."))
            if _COUNT.fullmatch(first) and not dots:
                return cls(int(first), int(first))
            if dots and (first or last) and all(not part or _COUNT.fullmatch(part) for part in (first, last)):
                low, high = int(first or 0), int(last) if last else None
                if high is not None and high < low:
                    raise ValueError(f"must run from the smaller to the larger count, not {shown(value)}")
                return cls(low, high)
        raise ValueError(f"must be a count such as 7, or a range such as 2..4, 3.. or ..5, not {shown(value)}")

    def contains(self, n: int) -> bool:
        """Whether ``n`` lies in the range."""
        return n >= self.first and (self.last is None or n <= self.last)

    def __str__(self) -> str:
        if self.last == self.first:
            return str(self.first)
        return f"{self.first}..{'' if self.last is None else self.last}"


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A range of time in seconds: ``low`` included, ``high`` excluded; no ``high`` means without end."""

    low: float
    high: float | None

    @classmethod
    def parse(cls, value: object) -> TimeRange:
        """Read ``30s..60s``, ``10s..`` or ``..30s``.

        Raises:
            ValueError: it is none of these, or holds no time at all.
        """
        if isinstance(value, TimeRange):
            return value
        if not isinstance(value, str) or ".." not in value or not value.strip(" ."):
            raise ValueError(f"must be a range of time such as 30s..60s, 10s.. or ..30s, not {shown(value)}")
        first, _, last = (part.strip() for part in value.partition(".."))
        low = parse_duration(first) if first else 0.0
        high = parse_duration(last) if last else None
        if high is not None and high <= low:
            raise ValueError(f"must run from the earlier to the later time, not {shown(value)}")
        return cls(low, high)

    def contains(self, seconds: float) -> bool:
        """Whether that time lies in the range."""
        return seconds >= self.low and (self.high is None or seconds < self.high)

    def __str__(self) -> str:
        return f"{self.low:g}s..{'' if self.high is None else f'{self.high:g}s'}"


def parse_share(value: object) -> float:
    """A share such as ``90%`` or ``2.5%``, as a number above 0 and up to 1.

    Raises:
        ValueError: it is no such share.
    """
    if isinstance(value, float):
        return value
    found = _SHARE.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found or not 0 < float(found[1]) <= 100:
        raise ValueError(f"must be a share above 0% and up to 100%, such as 90%, not {shown(value)}")
    return float(found[1]) / 100
