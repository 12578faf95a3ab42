"""Special information tones: three rising tones that say that an announcement follows, and in North America why.

ITU-T E.180/Q.35 has one: 950, 1400 and 1800 Hz (each within 50 Hz) of 330 ms (within 70 ms), pauses of up to 30 ms
between them, and 1 s of silence. The Bell System gave them a meaning (Telcordia GR-674, SR-2275): the first two tones
are low or high and short or long, the third is always the same. With eight classes in use out of sixteen, no two of
the same frequencies share a length, so either of the first two lengths tells the class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .tones import LEVEL, Segment, Tone

LOW_1, HIGH_1 = 913.8, 985.2
LOW_2, HIGH_2 = 1370.6, 1428.5
THIRD = 1776.7
SHORT, LONG = 274, 380


@dataclass(frozen=True, slots=True)
class SitClass:
    """A class.

    Attributes:
        name: as the tables have it; ITU for the tone without a meaning.
        meaning: what it announces.
        frequencies: of the three segments in Hz.
        lengths: of the three segments in milliseconds.
    """

    name: str
    meaning: str
    frequencies: tuple[float, float, float]
    lengths: tuple[int, int, int]

    def tone(self, level: float = LEVEL, pause: int = 0) -> Tone:
        """The tone, played once.

        Args:
            level: dBm0.
            pause: milliseconds of silence between the segments; E.180 allows 30, Telcordia 4.
        """
        segments: list[Segment] = []
        for frequency, length in zip(self.frequencies, self.lengths, strict=True):
            if segments and pause:
                segments.append(Segment((), pause))
            segments.append(Segment((frequency,), length))
        return Tone(tuple(segments), endless=False, level=level)


def _bell(name: str, meaning: str, lengths: str, heights: str) -> SitClass:
    return SitClass(
        name,
        meaning,
        (LOW_1 if heights[0] == "L" else HIGH_1, LOW_2 if heights[1] == "L" else HIGH_2, THIRD),
        (SHORT if lengths[0] == "S" else LONG, SHORT if lengths[1] == "S" else LONG, LONG),
    )


ITU: Final = SitClass("ITU", "an announcement follows; the tone does not say why", (950.0, 1400.0, 1800.0), (330,) * 3)

CLASSES: Final = (
    ITU,
    _bell("IC", "intercept: the number has changed or is out of service", "SS", "LL"),
    _bell("VC", "vacant circuit: there is no such number", "LS", "HL"),
    _bell("RO'", "reorder: the call failed within the local network", "SL", "LH"),
    _bell("NC'", "no circuit: no free line within the local network", "LL", "HH"),
    _bell("RO''", "reorder: the call failed at the long-distance carrier", "SL", "HL"),
    _bell("NC''", "no circuit: no free line at the long-distance carrier", "LL", "LL"),
    _bell("IO", "ineffective, for another reason", "LS", "LH"),
    _bell("FU", "reserved for future use", "SS", "HH"),
)
"""All of them; the names with one prime are those within a network, with two those of the long-distance carriers."""

BY_NAME: Final = {each.name: each for each in CLASSES}
