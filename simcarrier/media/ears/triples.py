"""Special information tones: three bursts, each higher than the one before, and what their pitch and length mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simcarrier.media.sit import CLASSES, SitClass

from .bursts import MOST_DRIFT, Burst
from .spectrum import FIRST, SECOND, THIRD

PUREST_NEEDED: Final = 0.85
"""Share that one sine explains; less than for other tones, as here all of the noise counts."""

THIRD_HEARD: Final = 0.2
"""Seconds of the third burst after which the tone is believed."""

LONGEST_PAUSE: Final = 0.06
"""Seconds between two bursts; E.180 allows 30 ms."""

TOUCHING: Final = 0.028
"""Seconds between two bursts that follow each other without a pause."""

_SHORTEST, _LONGEST = 0.2, 0.46
"""Seconds of a burst: 330 ms within 70, and Telcordia's 274 and 380, with what is lost at their edges."""

_WITHIN: Final = (18.0, 14.0, 14.0)
"""Hz around a class's three frequencies; half of what parts the classes."""

_ANY: Final = ((890, 1020), (1340, 1460), (1740, 1870))
"""Hz that make it a special information tone whatever the class: E.180's, and what some networks add."""

_LENGTH_WITHIN: Final = 0.035
"""Seconds around a class's lengths; half of what parts 274 from 380 is 53 ms, and steps are 10."""


@dataclass(frozen=True, slots=True)
class Triple:
    """A special information tone.

    Attributes:
        begin: seconds.
        end: seconds.
        sit: its class; None if it fits none.
        confidence: 0 to 1.
    """

    begin: float
    end: float
    sit: SitClass | None
    confidence: float


def triple_of(bursts: Sequence[Burst]) -> Triple | None:
    """Whether the last three bursts are a special information tone."""
    three = bursts[-3:]
    if [burst.band for burst in three] != [FIRST, SECOND, THIRD]:
        return None
    for at, burst in enumerate(three):
        low, high = _ANY[at]
        if not (
            burst.purity >= PUREST_NEEDED
            and burst.drift <= MOST_DRIFT
            and len(burst.frequencies) == 1
            and low <= burst.frequencies[0] <= high
        ):
            return None
        if at and burst.earliest - three[at - 1].latest > LONGEST_PAUSE:
            return None
        long_enough = burst.longest >= (THIRD_HEARD if at == 2 else _SHORTEST)
        if not long_enough or burst.shortest > _LONGEST:
            return None
    if max(burst.level for burst in three) - min(burst.level for burst in three) > 6:
        return None
    purity = min(burst.purity for burst in three)
    fitting = sorted((error, at) for at, each in enumerate(CLASSES) if (error := _class_error(three, each)) is not None)
    sit = CLASSES[fitting[0][1]] if fitting else None
    return Triple(three[0].begin, three[2].end, sit, purity if sit else 0.8 * purity)


def _class_error(three: Sequence[Burst], sit: SitClass) -> float | None:
    """Seconds by which the first two lengths lie beside a class's; None if it is not this class.

    The third is the same in all classes, and may go on.
    """
    for burst, frequency, within in zip(three, sit.frequencies, _WITHIN, strict=True):
        if abs(burst.frequencies[0] - frequency) > within:
            return None
    error = 0.0
    for burst, after, length in zip(three, three[1:], sit.lengths, strict=False):
        wanted = length / 1000
        # Where two bursts meet, the steps that see both are neither's.
        longest = after.begin - burst.earliest if after.begin - burst.end < TOUCHING else burst.longest
        beside = max(burst.shortest - wanted, wanted - longest, 0.0)
        if beside > (0.075 if sit.name == "ITU" else _LENGTH_WITHIN):
            return None
        error += beside
    return error
