"""Which sines a burst is made of, to a hertz or two, and how much of it they explain.

The strongest sine is found in the spectrum, taken away, and the next one looked for in what is left, until that has
none of comparable strength. Each time all of them are fitted anew, to what was heard alone: a lost packet is a hole
in the sum of squares and not a stretch of noughts, which would smear the spectrum. The share that steady sines
explain is what tells a tone from a voice: a voice does not hold its pitch for a fifth of a second, nor its loudness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10
from typing import Final

import numpy as np
import numpy.typing as npt

from simcarrier.media.g711 import RATE

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

LONGEST: Final = 3840
"""Samples that are looked at: 480 ms tell 384, 400 and 416 Hz apart."""

SHORTEST: Final = 640
"""Samples below which nothing is told: 80 ms."""

MOST: Final = 3
"""Sines of a tone: a modulated one has three."""

_WEAKEST: Final = 0.045
"""Power beside the strongest: 13.5 dB less. The sides of a modulated tone have 7 dB less."""

_SAME: Final = 3.0
"""Hz within which a second sine is the first one again: it was not steady."""

_GUESSED: Final = 0.96
"""Share that the frequencies of the burst before must explain to be taken for this one's."""

_TRANSFORM: Final = 2048
_COARSE: Final = 4
"""Below 700 Hz four samples are put together: a quarter of the work, and most of the noise is gone."""


@dataclass(frozen=True, slots=True)
class Sines:
    """What was found.

    Attributes:
        frequencies: in Hz, from low to high.
        purity: share of the power that they explain.
        drift: dB between the louder and the softer half.
    """

    frequencies: tuple[float, ...]
    purity: float
    drift: float


def sines_of(
    samples: Floats, known: npt.NDArray[np.bool_], *, low: bool, guess: tuple[float, ...] = ()
) -> Sines | None:
    """Take a burst apart.

    Args:
        samples: of the burst.
        known: which of them were heard.
        low: whether it lies below 700 Hz.
        guess: frequencies of the burst before. If they explain nearly all of this one, no others are looked for.

    Returns:
        Its sines; None if too little of it was heard.
    """
    samples, known = samples[:LONGEST], known[:LONGEST]
    rate = RATE
    if low:
        count = len(samples) // _COARSE
        samples = samples[: count * _COARSE].reshape(count, _COARSE).mean(axis=1)
        known = np.logical_and.reduce(known[: count * _COARSE].reshape(count, _COARSE), axis=1)
        rate = RATE // _COARSE
    times = np.flatnonzero(known)
    if len(times) < SHORTEST * rate // RATE:
        return None
    heard = samples[times].astype(np.float64)
    whole = float(heard @ heard)
    if not whole:
        return None
    half = len(times) // 2
    first = float(heard[:half] @ heard[:half]) / half
    second = (whole - first * half) / (len(times) - half)
    drift = abs(10 * log10((first + 1e-9) / (second + 1e-9)))
    turns: Doubles = np.multiply(times, 2 * np.pi / rate)
    if guess:
        left = np.subtract(heard, _fitted(heard, _columns(turns, guess)))
        purity = 1 - float(left @ left) / whole
        if purity >= _GUESSED:
            return Sines(guess, purity, drift)
    found, rest = _searched(heard, times, len(samples), rate, turns)
    return Sines(tuple(sorted(found)), 1 - float(rest @ rest) / whole, drift)


def _searched(
    heard: Doubles, times: npt.NDArray[np.intp], count: int, rate: int, turns: Doubles
) -> tuple[list[float], Doubles]:
    """The sines of a burst, and what they leave."""
    window = np.hanning(count + 2)[1:-1]
    size = _TRANSFORM if rate < RATE else 2 * _TRANSFORM
    rest = np.zeros(count)
    left = rest[times] = heard
    found: list[float] = []
    strongest = 0.0
    for _ in range(MOST):
        spectrum = np.abs(np.fft.rfft(rest * window, size))
        at = int(spectrum[1:-1].argmax()) + 1
        power = float(spectrum[at]) ** 2
        if strongest and power < _WEAKEST * strongest:
            break
        strongest = strongest or power
        frequency = (at + _between(spectrum[at - 1 : at + 2])) * rate / size
        if any(abs(frequency - other) < _SAME for other in found):
            break
        found.append(frequency)
        left = rest[times] = np.subtract(heard, _fitted(heard, _columns(turns, found)))
    return found, left


def _columns(turns: Doubles, frequencies: Sequence[float]) -> Doubles:
    angles = np.outer(frequencies, turns)
    return np.concatenate((np.cos(angles), np.sin(angles)))


def _fitted(heard: Doubles, columns: Doubles) -> Doubles:
    """What sines make of a sound, by least squares."""
    fitted: Doubles = np.linalg.solve(columns @ columns.T, columns @ heard) @ columns
    return fitted


def _between(three: Doubles) -> float:
    """How far the peak lies beside the middle of three lines, by a parabola through their logarithms."""
    left, middle, right = np.log(three + 1e-12)
    below = left - 2 * middle + right
    return float((left - right) / (2 * below)) if below < 0 else 0.0
