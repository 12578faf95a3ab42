"""Bursts: stretches of sound that a tone may be, with their beginnings and ends as exactly as they are known.

A step that is softer than a quarter of its burst's power does not belong to it, which places its edges to 5 ms.
Pauses of up to `BRIDGE` belong to a burst, for the strength of modulated tones goes down that far; so does what was
lost in its midst. Where something was lost at its edge, the burst may have begun or ended anywhere in the hole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from simcarrier.media.g711 import RATE

from .sines import LONGEST, Sines, sines_of
from .spectrum import LOW, NOTHING, STEP, STEP_SECONDS, UNKNOWN, Floats, Steps

BRIDGE: Final = 4
"""Steps; the shortest pause within a tone of any plan is 175 ms."""

SHORTEST: Final = 0.1
"""Seconds below which a burst is none; the shortest of any plan is 175 ms."""

PUREST_NEEDED: Final = 0.9
"""Share of a burst that its sines must explain; 0.97 with noise 20 dB below it, of which a quarter counts."""

SHARE_NEEDED: Final = 0.87
"""Of all the power, that lies in the tones' band: 0.99 with noise 20 dB below it, 0.92 with 10; a square wave has
0.85."""

MOST_DRIFT: Final = 3.0
"""dB between its halves: a plucked string loses more."""

_OUTAGE: Final = 25
"""Steps that are lost in a row and end a burst: a quarter of a second, in which anything may have been."""

_LATER: Final = 0.01
"""Seconds from the beginning of a step to the middle of its window."""

_EDGE: Final = 0.0025
"""Seconds by which a step of a quarter of the power lies outside the burst, on the whole."""


@dataclass(slots=True)
class Burst:
    """A burst; times in seconds.

    Attributes:
        band: the label of its steps.
        begin: the latest that it can have begun.
        earliest: the earliest; minus infinity where listening began within it.
        end: the earliest that it can have ended.
        latest: the latest.
        level: dBm0.
        share: of its power that its band has.
        dips: steps within it that are much softer than the rest, or none of its.
        before: dBm0 of what was heard since the burst before; minus infinity for nothing.
        parts: sines of its first half second, of the next ...
        open: whether it still goes on.
    """

    band: int
    begin: float
    earliest: float
    end: float
    latest: float
    level: float = 0.0
    share: float = 1.0
    dips: int = 0
    before: float = float("-inf")
    parts: list[Sines] = field(default_factory=list)
    open: bool = True

    @property
    def shortest(self) -> float:
        """Seconds that it lasted at least."""
        return self.end - self.begin

    @property
    def longest(self) -> float:
        """Seconds that it lasted at most."""
        return self.latest - self.earliest

    @property
    def frequencies(self) -> tuple[float, ...]:
        """Of its first part; none if it was not taken apart."""
        return self.parts[0].frequencies if self.parts else ()

    @property
    def purity(self) -> float:
        """The least of its parts."""
        return min((part.purity for part in self.parts), default=0.0)

    @property
    def drift(self) -> float:
        """The most of its parts."""
        return max((part.drift for part in self.parts), default=0.0)

    @property
    def steady(self) -> bool:
        """Whether all its parts have the same frequencies, within 4 Hz."""
        first = self.frequencies
        return all(
            len(part.frequencies) == len(first)
            and all(abs(one - other) <= 4 for one, other in zip(part.frequencies, first, strict=True))
            for part in self.parts
        )


def pure(burst: Burst) -> bool:
    """Whether a burst can be one of a tone at all."""
    return (
        bool(burst.parts)
        and burst.purity >= PUREST_NEEDED
        and burst.share >= SHARE_NEEDED
        and burst.drift <= MOST_DRIFT
        and burst.steady
    )


class Bursts:
    """Makes bursts of steps.

    Args:
        told: is given each burst when it is over.

    Attributes:
        current: the one that goes on; None if there is none.
    """

    def __init__(self, told: Callable[[Burst], None]) -> None:
        self._told = told
        self._step = 0
        self._band = NOTHING
        self._first = self._last = self._lost_before = 0
        self._lost = self._lost_after = self._gap = 0
        self._levels: list[float] = []
        self._since: list[float] = []
        self._silent_power = 0.0
        self._silent_steps = 0
        self._parts_done = self._bridged = self._tonal = 0
        self._shares = 0.0
        self._guess: tuple[float, ...] = ()
        self._audio: Floats = np.zeros(0, np.float32)
        self._known: npt.NDArray[np.bool_] = np.zeros(0, bool)
        self._audio_at = 0
        self.current: Burst | None = None

    def steps(self, steps: Steps, samples: Floats, known: npt.NDArray[np.bool_]) -> None:
        """Take steps that follow those before, and the samples that are new with them."""
        self.more(samples, known)
        labels = steps.labels
        edges = [0, *(np.flatnonzero(labels[1:] != labels[:-1]) + 1).tolist(), len(labels)]
        for begin, end in pairwise(edges):
            self._run(int(labels[begin]), steps.levels[begin:end], float(steps.shares[begin:end].sum()))
        if self._band and not self._gap:
            self._look()
        self._forget()

    def more(self, samples: Floats, known: npt.NDArray[np.bool_]) -> None:
        """Take samples that do not fill a step yet."""
        self._audio = np.concatenate((self._audio, samples))
        self._known = np.concatenate((self._known, known))

    def _run(self, label: int, levels: Floats, shares: float) -> None:
        """A row of steps with one label."""
        count = len(levels)
        if label == UNKNOWN:
            self._lost += count
            if not self._gap:
                self._lost_after += count
            if self._band and self._lost > _OUTAGE:
                self._close()
        elif label == NOTHING:
            self._lost = 0
            self._gap += count
            if self._band and self._gap > BRIDGE:
                self._close()
            power = 10 ** (levels.astype(np.float64) / 10)
            self._silent_power += float(power.sum())
            self._silent_steps += count
        else:
            if self._band and label != self._band:
                self._close()
            if not self._band:
                self._band, self._first, self._levels = label, self._step, []
                self._lost_before, self._parts_done = self._lost, 0
                self._bridged, self._tonal, self._shares = 0, 0, 0.0
            else:
                self._bridged += self._gap
                self._levels += [float("nan")] * (self._step - self._last - 1)
            self._levels += levels.tolist()
            self._tonal += count
            self._shares += shares
            self._last = self._step + count - 1
            self._lost = self._lost_after = self._gap = 0
        self._step += count

    def _shape(self, *, closed: bool) -> Burst | None:
        """The burst so far; None if it is too short to be one."""
        known = np.array(self._levels)
        ordered = sorted(level for level in self._levels if level == level)
        middle = ordered[len(ordered) // 2]
        loud = np.flatnonzero(known >= middle - 6)
        first, last = self._first + int(loud[0]), self._first + int(loud[-1])
        begin = first * STEP_SECONDS + _LATER - _EDGE
        end = last * STEP_SECONDS + _LATER + _EDGE
        lost_before = self._lost_before if first == self._first else 0
        lost_after = self._lost_after if last == self._last else 0
        burst = Burst(
            self._band,
            begin,
            begin - lost_before * STEP_SECONDS if first > 3 else float("-inf"),
            end,
            end + lost_after * STEP_SECONDS,
            middle,
            self._shares / self._tonal,
            self._bridged + int(np.count_nonzero(known[int(loud[0]) : int(loud[-1])] < middle - 6)),
            10 * np.log10(self._silent_power / self._silent_steps + 1e-12) if self._silent_steps else float("-inf"),
            open=not closed,
        )
        return burst if burst.latest - max(burst.earliest, 0.0) >= SHORTEST else None

    def _look(self) -> None:
        """Take the parts of the current burst apart that are complete."""
        if (self._last - self._first + 1) * STEP < SHORTEST * RATE:
            return
        shaped = self._shape(closed=False)
        if shaped is None:
            return
        parts = self.current.parts if self.current else []
        shaped.parts = parts
        self.current = shaped
        self._take_apart(shaped, closed=False)

    def _take_apart(self, burst: Burst, *, closed: bool) -> None:
        begin, end = round(burst.begin * RATE) + STEP // 2, round(burst.end * RATE) - STEP // 2
        while True:
            at = begin + self._parts_done * LONGEST
            upto = min(at + LONGEST, end)
            whole = upto - at == LONGEST
            # A rest at the end tells nothing new, unless it is all there is.
            if not whole and (self._parts_done or (not closed and upto - at < RATE // 8)):
                return
            there = slice(max(at - self._audio_at, 0), max(upto - self._audio_at, 0))
            low = burst.band == LOW
            found = sines_of(self._audio[there], self._known[there], low=low, guess=self._guess if low else ())
            if found and low:
                self._guess = found.frequencies
            if not whole:
                burst.parts[:] = [found] if found else []
                return
            if self._parts_done == 0:
                burst.parts.clear()
            if found:
                burst.parts.append(found)
            self._parts_done += 1

    def _close(self) -> None:
        burst = self._shape(closed=True)
        if burst is not None:
            burst.parts = self.current.parts if self.current else []
            self._take_apart(burst, closed=True)
            self._told(burst)
            self._silent_power, self._silent_steps = 0.0, 0
        self._band, self.current = NOTHING, None
        self._gap = 0

    @property
    def since(self) -> float | None:
        """When the burst began that goes on, or what may be one; None if there is none, or it is none of a tone."""
        if not self._band or (self.current and self.current.parts and not pure(self.current)):
            return None
        return self._first * STEP_SECONDS

    def finish(self) -> None:
        """Nothing more comes."""
        if self._band:
            self._close()

    def _forget(self) -> None:
        """Let go of samples that no burst can need any more."""
        keep_from = self._step * STEP - 2 * STEP
        if self._band:
            keep_from = min(keep_from, self._first * STEP + self._parts_done * LONGEST)
        drop = keep_from - self._audio_at
        if drop > 0:
            self._audio, self._known = self._audio[drop:], self._known[drop:]
            self._audio_at += drop
