"""Sound in steps of 10 ms: how loud, and whether nearly all of it lies where a network's tones do.

A step looks at 20 ms under a Hann window, so that a beginning is placed to a few milliseconds; its spectrum has lines
50 Hz apart, which tells in which of four bands the sound is but not what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from simcarrier.media.g711 import LAWS, OVERLOAD, OVERLOAD_DBM0, RATE

from .timeline import LOST, Stretch

Floats = npt.NDArray[np.float32]

STEP: Final = 80
WINDOW: Final = 160
STEP_SECONDS: Final = STEP / RATE

NOTHING: Final = 0
"""Label of a step that is no tone."""

LOW, FIRST, SECOND, THIRD = 1, 2, 3, 4
"""Labels of the bands: all tones but one, and the three parts of the special information tone."""

UNKNOWN: Final = 5
"""Label of a step of which something was lost."""

FAINTEST: Final = -48.0
"""dBm0 below which nothing is listened to: tones are sent at -10 to -30, and lines lose some 10 dB more."""

_BANDS: Final = ((250, 700), (850, 1050), (1300, 1500), (1700, 1900))
"""Hz; the tones' frequencies and what the window spreads them to."""

_SHARE: Final = 0.65
"""Of the power between 200 and 3400 Hz that a tone's band holds; white noise has an eighth in the widest."""

_LINES: Final = np.fft.rfftfreq(WINDOW, 1 / RATE)


def _between(low: float, high: float) -> Floats:
    band: Floats = np.logical_and(np.less_equal(low, _LINES), np.less_equal(_LINES, high)).astype(np.float32)
    return band


_SUMS: Final = np.stack([_between(low, high) for low, high in ((200, 3400), *_BANDS)], axis=1)
_HANN: Final = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
_NOUGHT_DB: Final = 20 * np.log10(OVERLOAD / 2**0.5) - OVERLOAD_DBM0
"""dB of a mean square in 16 bits that is 0 dBm0."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Some steps in a row.

    Attributes:
        labels: of each step, one of the labels above.
        levels: dBm0.
        shares: of the power, in the band that has most of it.
        peaks: share of the power that the strongest line and its neighbours have: 0.1 for noise, most of it for a tone.
    """

    labels: npt.NDArray[np.int8]
    levels: Floats
    shares: Floats
    peaks: Floats


def _table(law: int) -> Floats:
    return np.array(LAWS[law].decoded, dtype=np.float32)


_TABLES: Final = {law: _table(law) for law in LAWS}


def samples_of(stretches: list[Stretch]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The samples of stretches, and which of them are known; those that are not are nought."""
    parts: list[Floats] = []
    known: list[npt.NDArray[np.bool_]] = []
    at = 0
    while at < len(stretches):
        law, data = stretches[at].law, [stretches[at].data]
        at += 1
        while at < len(stretches) and stretches[at].law == law:
            data.append(stretches[at].data)
            at += 1
        joined = np.frombuffer(b"".join(data), np.uint8)
        parts.append(np.zeros(len(joined), np.float32) if law == LOST else _TABLES[law][joined])
        known.append(np.full(len(joined), law != LOST))
    return np.concatenate(parts), np.concatenate(known)


def steps_of(samples: Floats, known: npt.NDArray[np.bool_]) -> Steps:
    """The steps of samples.

    Args:
        samples: the first `WINDOW` of them are the first step's; what does not fill a step is left out.
        known: which of them were heard.
    """
    count = (len(samples) - WINDOW) // STEP + 1
    halves = samples[: (count + 1) * STEP].reshape(count + 1, STEP)
    windows = np.concatenate((halves[:-1], halves[1:]), axis=1)
    windows *= _HANN
    spectrum = np.fft.rfft(windows, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32, copy=False)
    sums = power @ _SUMS
    whole = sums[:, 0] + 1e-3
    # A Hann window takes 3/8 of the power; the spectrum has only the upper half of the lines.
    levels = 10 * np.log10(whole * (2 / (WINDOW * WINDOW * 0.375)) + 1e-9) - _NOUGHT_DB
    shares = sums[:, 1:] / whole[:, None]
    best = shares.argmax(axis=1)
    most = shares[np.arange(count), best]
    tonal = (most >= _SHARE) & (levels > FAINTEST)
    labels = np.where(tonal, best + 1, NOTHING).astype(np.int8)
    three = power[:, 3:68] + power[:, 4:69] + power[:, 5:70]
    peaks = three.max(axis=1) / whole
    if not known.all():
        heard = np.logical_and.reduce(known[: (count + 1) * STEP].reshape(count + 1, STEP), axis=1)
        labels[~(heard[:-1] & heard[1:])] = UNKNOWN
    return Steps(labels, levels.astype(np.float32), most, peaks)
