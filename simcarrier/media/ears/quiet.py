"""What is no tone: silence, or speech and other sound.

Judged by half seconds. Steady noise is silence here: it has no line that stands out, and its strength does not
change. What goes up and down by 10 dB within half a second, or has lines, is sound. Pauses below `PAUSE` belong to
the speech around them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import ceil, floor
from typing import Final

import numpy as np

from .heard import Heard, What
from .spectrum import FAINTEST, STEP_SECONDS, UNKNOWN, Steps

BLOCK: Final = 50
"""Steps that are judged together."""

PAUSE: Final = 1.5
"""Seconds of silence that are a pause of whoever speaks."""

_STRENGTHS: Final = 10.0
"""dB between the softest and the loudest tenth."""

_LINES: Final = 0.22
"""Mean share of the strongest line; white noise has 0.1."""

_BLOCK_SECONDS: Final = BLOCK * STEP_SECONDS


class Quiet:
    """Judges blocks of steps."""

    def __init__(self) -> None:
        self._levels: list[float] = []
        self._peaks: list[float] = []
        self._known: list[bool] = []
        self._sounds: list[bool] = []

    def steps(self, steps: Steps) -> None:
        """Take steps that follow those before."""
        self._levels += steps.levels.tolist()
        self._peaks += steps.peaks.tolist()
        self._known += (steps.labels != UNKNOWN).tolist()
        while len(self._levels) >= BLOCK:
            self._sounds.append(self._judge(BLOCK))

    def _judge(self, count: int) -> bool:
        known = self._known[:count]
        levels = np.array(self._levels[:count])[known]
        peaks = np.array(self._peaks[:count])[known]
        del self._levels[:count], self._peaks[:count], self._known[:count]
        if len(levels) < 5:
            return bool(self._sounds and self._sounds[-1])
        ordered = np.sort(levels)
        soft, loud = float(ordered[len(ordered) // 10]), float(ordered[-1 - len(ordered) // 10])
        return loud > FAINTEST and (loud - max(soft, FAINTEST - 10) > _STRENGTHS or float(peaks.mean()) > _LINES)

    def story(self, tones: Sequence[Heard], upto: float) -> Iterator[Heard]:
        """Tones, and what was between them.

        Args:
            tones: in order.
            upto: where the story ends, in seconds.
        """
        at = 0.0
        for tone in tones:
            yield from self._between(at, tone.begin)
            yield tone
            at = tone.end
        yield from self._between(at, upto)

    def _between(self, begin: float, end: float) -> Iterator[Heard]:
        # A block that a tone reaches into is judged by the tone, and left out unless it is by less than a tenth.
        first, last = ceil(begin / _BLOCK_SECONDS - 0.1), floor(end / _BLOCK_SECONDS + 0.1)
        blocks = self._sounds[first:last]
        if not blocks:
            return
        runs = [(sound, len(list(run))) for sound, run in groupby(blocks)]
        merged: list[tuple[bool, int]] = []
        for at, (sound, count) in enumerate(runs):
            pause = not sound and 0 < at < len(runs) - 1 and count * _BLOCK_SECONDS < PAUSE
            if merged and (pause or merged[-1][0] == sound):
                merged[-1] = (merged[-1][0], merged[-1][1] + count)
            else:
                merged.append((sound, count))
        at_block = first
        for number, (sound, count) in enumerate(merged):
            starts = begin if number == 0 else at_block * _BLOCK_SECONDS
            at_block += count
            ends = end if number == len(merged) - 1 else at_block * _BLOCK_SECONDS
            yield Heard(What.SOUND if sound else What.SILENCE, starts, ends)
