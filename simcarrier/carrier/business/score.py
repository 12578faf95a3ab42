"""The score of a caller ID: what calls it made, as a number from 0 to 1.

The formula stands in `simcarrier.scenario.business.analytics`. Here it is computed, with every call, so cheaply.

How many different numbers were called is not known but estimated, by linear counting (Whang, Vander-Zanden and Taylor,
1990): each number sets one bit of many, and the bits that are still free tell how many numbers there were. It is off by
some 4 %. When hardly a bit is free any more, every call counts as one to another number.
"""

from __future__ import annotations

from math import log
from typing import Protocol
from zlib import crc32

from simcarrier.scenario.business.analytics import AnalyticsModel

FEW = 10
"""A share is of so many calls at least: one short call of one is a tenth and not all."""

LEAST_BITS, MOST_BITS = 64, 1024
"""The bits by which different numbers are counted: four for each call that is suspicious, within these bounds."""

SCATTER = 0x9E3779B1
"""2**32 over the golden ratio. CRC-32 alone is linear: numbers in a row would share few bits, or have one each."""

DIGITS, SLACK = 9, 1e-8
"""A score has so many digits; what is computed in another order may differ by less than the slack."""

LEAN = 0.5
"""Signs from elsewhere, such as the attestation of a call, change a score by half of it at most."""


class Counts(Protocol):
    """What is counted of a caller ID.

    Attributes:
        calls: calls tried, blocked ones included.
        answered: calls answered.
        short: calls answered that were over soon.
        unanswered: calls that ended without an answer, save blocked ones.
        trusted, doubted: signs noted.
        bits: one for each number called, as far as no two fall on the same.
    """

    calls: int
    answered: int
    short: int
    unanswered: int
    trusted: int
    doubted: int
    bits: int


def ramp(share: float, limit: float) -> float:
    """How far a share has gone: 0 up to half of its limit, 1 from the limit on, evenly between."""
    gone = 2 * share / limit - 1
    return 0.0 if gone <= 0 else 1.0 if gone >= 1 else gone


class Formula:
    """Makes a score of counts.

    Args:
        model: the limits and weights.

    Attributes:
        size: how many bits count the different numbers, a power of two.
    """

    def __init__(self, model: AnalyticsModel) -> None:
        self._calls = model.calls
        self._few = min(FEW, model.calls)
        self._weights = model.weights.short, model.weights.unanswered, model.weights.spread
        self._limits = model.short_share, model.unanswered_share, model.spread
        self.size = min(MOST_BITS, max(LEAST_BITS, 1 << (4 * model.calls - 1).bit_length()))
        self._bits = tuple(1 << place for place in range(self.size))

    def bit_of(self, number: str) -> int:
        """The bit that a called number sets."""
        try:
            octets = number.encode()
        except UnicodeEncodeError:
            octets = number.encode("utf-8", "replace")
        return self._bits[(crc32(octets) * SCATTER & 0xFFFFFFFF) * self.size >> 32]

    def different(self, counts: Counts) -> float:
        """How many different numbers were called, about."""
        size = self.size
        free = size - counts.bits.bit_count()
        return counts.calls if free <= 1 else min(counts.calls, size * log(size / free))

    def short(self, counts: Counts) -> float:
        """The share of short calls in those answered."""
        answered = counts.answered
        return min(1.0, counts.short / (answered if answered > self._few else self._few))

    def unanswered(self, counts: Counts) -> float:
        """The share of calls without an answer in those that had one or are over."""
        over = counts.answered + counts.unanswered
        return counts.unanswered / (over if over > self._few else self._few)

    def spread(self, counts: Counts) -> float:
        """Different numbers over calls."""
        return self.different(counts) / counts.calls if counts.calls else 0.0

    def score(self, counts: Counts) -> float:
        """The score, 0 to 1."""
        if not counts.calls:
            return 0.0
        shares = self.short(counts), self.unanswered(counts), self.spread(counts)
        parts = zip(self._weights, shares, self._limits, strict=True)
        found = sum(weight * ramp(share, limit) for weight, share, limit in parts)
        # What people add in their heads to 0.7 must not be 0.7 but for the last digit.
        return min(1.0, round(self._volume(counts.calls, counts.trusted, counts.doubted) * found, DIGITS))

    def at_most(self, latest: Counts, past: Counts | None) -> float:
        """What the score would be if each call were to another number.

        It is asked with every call, and needs no bits; so the formula is spelt out, in few operations.

        Args:
            latest: the counts of a part of the window, and
            past: of the rest, if there is one.
        """
        found_short, found_unanswered, found = self._weights
        few, calls, doubted = self._few, latest.calls, latest.doubted
        answered, unanswered, short = latest.answered, latest.unanswered, latest.short
        trusted = latest.trusted
        if past is not None:
            calls += past.calls
            answered += past.answered
            unanswered += past.unanswered
            short += past.short
            trusted += past.trusted
            doubted += past.doubted
        over = answered + unanswered
        gone = short / ((answered if answered > few else few) * self._limits[0])
        if gone > 0.5:
            found += found_short * (1.0 if gone >= 1 else 2 * gone - 1)
        gone = unanswered / ((over if over > few else few) * self._limits[1])
        if gone > 0.5:
            found += found_unanswered * (1.0 if gone >= 1 else 2 * gone - 1)
        if calls >= self._calls and not doubted:
            return found  # trust, which would lower it, is left to the score itself
        return self._volume(calls, trusted, doubted) * found

    def _volume(self, calls: int, trusted: int, doubted: int) -> float:
        volume = calls / self._calls if calls < self._calls else 1.0
        if trusted or doubted:
            leaning = (doubted - trusted) / max(1, calls)
            volume *= 1 + LEAN * max(-1.0, min(1.0, leaning))
        return volume

    def worst(self, counts: Counts) -> str:
        """The sign that makes up most of the score, in words: ``71% short``."""
        signs = (
            (self.short(counts), "short"),
            (self.unanswered(counts), "unanswered"),
            (self.spread(counts), "to different numbers"),
        )
        parts = [
            (weight * ramp(share, limit), -place, f"{share:.0%} {what}")
            for place, ((share, what), weight, limit) in enumerate(zip(signs, self._weights, self._limits, strict=True))
        ]
        return max(parts)[2]
