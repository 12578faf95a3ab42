"""Tones of networks: what they are made of, and how they become G.711.

A tone is a row of segments, played once or for ever. A segment sounds some frequencies at once, or one that another
modulates, or none. It is written as networks' tables write it: ``440+480/2000 0/4000`` is two frequencies for 2 s and
silence for 4 s, ``400*25/400`` is 400 Hz whose strength goes up and down 25 times a second, ``425/375@-10`` is 10 dB
softer than the rest, and a tone without lengths is continuous.

Each frequency goes on where it left off, from segment to segment and around the end of a continuous tone, so nothing
clicks. A tone is worked out once, when it is loaded, and then only copied.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from .errors import SoundError
from .g711 import PEAK, RATE, root_mean_square

DEPTH: Final = 0.9
"""How far a modulated tone goes down: AS/CA S002 wants 90 to 99 % with the carrier kept, E.180 gives no depth."""

LEVEL: Final = -13.0
"""Level of a tone in dBm0 where nothing else is said: within E.180's -10 dBm0 and what carriers send."""

LONGEST: Final = 60_000
"""Milliseconds of all segments of a tone: tables stay below half a megabyte."""

_SEGMENT = re.compile(
    r"(?P<tone>\d+(?:\.\d+)?(?:[+*]\d+(?:\.\d+)?)*)(?:/(?P<length>\d+))?(?:@(?P<gain>[+-]\d+(?:\.\d+)?))?"
)


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of a tone.

    Attributes:
        frequencies: in Hz, sounding at once; none for silence.
        length: in milliseconds; 0 for a continuous tone.
        modulation: Hz that the strength goes up and down with; 0 for none.
        gain: dB above the tone's level.
    """

    frequencies: tuple[float, ...]
    length: int
    modulation: float = 0.0
    gain: float = 0.0

    @property
    def spectrum(self) -> tuple[tuple[float, float], ...]:
        """The sines that it is made of: frequency in Hz, and power as a share of all."""
        if not self.frequencies:
            return ()
        if not self.modulation:
            return tuple((frequency, 1 / len(self.frequencies)) for frequency in self.frequencies)
        (carrier,) = self.frequencies
        side = DEPTH**2 / 4
        whole = 1 + 2 * side
        return (
            (carrier - self.modulation, side / whole),
            (carrier, 1 / whole),
            (carrier + self.modulation, side / whole),
        )

    def __str__(self) -> str:
        tone = "+".join(f"{frequency:g}" for frequency in self.frequencies) or "0"
        modulated = f"*{self.modulation:g}" if self.modulation else ""
        length = f"/{self.length}" if self.length else ""
        return tone + modulated + length + (f"@{self.gain:+g}" if self.gain else "")


@dataclass(frozen=True)
class Tone:
    """A tone.

    Attributes:
        segments: in order; a continuous tone has one.
        endless: whether it begins again at its end.
        level: dBm0 while it sounds, all frequencies together.
    """

    segments: tuple[Segment, ...]
    endless: bool = True
    level: float = LEVEL

    @property
    def continuous(self) -> bool:
        """Whether it never pauses."""
        return len(self.segments) == 1 and not self.segments[0].length

    @property
    def length(self) -> float:
        """Seconds of one round; 0 for a continuous tone."""
        return sum(segment.length for segment in self.segments) / 1000

    def __str__(self) -> str:
        return " ".join(map(str, self.segments))

    @cached_property
    def samples(self) -> array[int]:
        """One round of it in 16 bits; of a continuous tone 1 or 10 s, in which all frequencies come out even."""
        out = array("h")
        phases: list[float] = []
        for segment in self.segments:
            count = round(segment.length * RATE / 1000) or self._even()
            if not segment.frequencies:
                out.extend([0] * count)
                phases = []
                continue
            phases = _sound(out, segment, count, self.level, phases)
        return out

    def _even(self) -> int:
        sines = [frequency for frequency, _ in self.segments[0].spectrum]
        for seconds in (1, 10):
            if all(math.isclose(each * seconds, round(each * seconds), abs_tol=1e-6) for each in sines):
                return RATE * seconds
        raise SoundError(f"tone {self}: a continuous tone needs frequencies in tenths of a Hz")


def _sound(out: array[int], segment: Segment, count: int, level: float, phases: Sequence[float]) -> list[float]:
    """Append a segment.

    Args:
        out: the samples so far.
        segment: what to sound.
        count: samples.
        level: of the tone in dBm0.
        phases: where its frequencies begin, as shares of a cycle; nought for those beyond.

    Returns:
        Where they end.
    """
    size = root_mean_square(level + segment.gain)
    sines = [
        (frequency / RATE, size * math.sqrt(2 * share), phases[at] if at < len(phases) else 0.0)
        for at, (frequency, share) in enumerate(segment.spectrum)
    ]
    turn = math.tau
    for n in range(count):
        sample = sum(height * math.sin(turn * (step * n + phase)) for step, height, phase in sines)
        out.append(max(-PEAK, min(PEAK, round(sample))))
    return [(step * count + phase) % 1 for step, _, phase in sines]


def tone_of(text: str, *, endless: bool = True, level: float = LEVEL) -> Tone:
    """A tone as tables write it.

    Args:
        text: ``425/480 0/480``; commas may part the segments too.
        endless: whether it is repeated.
        level: dBm0 while it sounds.

    Raises:
        SoundError: it cannot be read, or not be played.
    """
    segments = []
    parts = text.replace(",", " ").split()
    for part in parts:
        found = _SEGMENT.fullmatch(part)
        if found is None:
            raise SoundError(f"tone {text}: {part} is no segment such as 425/480, 440+480/2000 or 0/4000")
        length, gain = int(found["length"] or 0), float(found["gain"] or 0)
        base, star, modulation = found["tone"].partition("*")
        frequencies = tuple(map(float, base.split("+")))
        if star and (len(frequencies) != 1 or "*" in modulation or "+" in modulation):
            raise SoundError(f"tone {text}: {part}: one frequency can be modulated by one other")
        if frequencies == (0.0,):
            frequencies = ()
        segment = Segment(frequencies, length, float(modulation or 0), gain)
        if any(not 20 <= frequency <= 3800 for frequency, _ in segment.spectrum):
            raise SoundError(f"tone {text}: {part}: frequencies lie between 20 and 3800 Hz")
        segments.append(segment)
    if not segments:
        raise SoundError("a tone without segments")
    tone = Tone(tuple(segments), endless, level)
    if len(segments) > 1 and not all(segment.length for segment in segments):
        raise SoundError(f"tone {text}: only a tone of one segment is continuous")
    if tone.length * 1000 > LONGEST:
        raise SoundError(f"tone {text}: longer than {LONGEST // 1000} s")
    loudest = level + max(segment.gain for segment in segments)
    if not -60 <= loudest <= 0:
        raise SoundError(f"tone {text}: levels lie between -60 and 0 dBm0")
    if tone.continuous:
        tone._even()
    return tone
