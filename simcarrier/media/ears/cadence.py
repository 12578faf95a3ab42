"""Rhythms: which tones of which plans a row of bursts fits.

A tone is believed when its pauses were heard too. Ringback wants one whole round and the beginning of the next, so it
takes as long as its rhythm: 3 s in Britain, Japan, India and Australia, 5 s on the continent of Europe, 6 s in North
America. The others want two rounds. A continuous tone wants 3.5 s, for 2.8 s is the longest burst of a tone with
pauses.

Lengths may be wrong by a tenth and 30 ms, a round by 5 % and 20 ms, which is more than networks are allowed; plans
that lie closer together than that all fit, the nearest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import inf
from typing import Final

from simcarrier.media.plans import Kind, plans
from simcarrier.media.tones import Segment, Tone

from .bursts import Burst, pure
from .heard import Fit

CONTINUOUS: Final = 3.5
"""Seconds after which a tone is taken for a continuous one."""

BEGUN: Final = 0.13
"""Seconds of a burst that tell its frequency."""

MOST_BURSTS: Final = 8
"""That are looked back on: three rounds of two, and the next."""

PAUSE_BELOW: Final = 6.0
"""dB that a pause is softer than the burst before it."""

_SINGLE_WITHIN: Final = 11.0
_WITHIN: Final = 8.5
"""Hz that a frequency may lie beside a plan's; E.180 allows 15 around 425, most networks keep within 10."""


@dataclass(frozen=True, slots=True)
class Beat:
    """A burst and the pause behind it, as a plan has them; seconds, 0 for a continuous tone's."""

    segment: Segment
    on: float
    off: float


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A tone of a plan as a row of beats.

    Attributes:
        fit: whose tone it is.
        beats: of one round.
        needed: beats that must have been heard whole.
    """

    fit: Fit
    beats: tuple[Beat, ...]
    needed: int


@dataclass(frozen=True, slots=True)
class Match:
    """A row of bursts fits a rhythm.

    Attributes:
        fit: whose tone it is.
        error: 0 for a perfect fit, 1 at the limit.
        bursts: how many of them.
    """

    fit: Fit
    error: float
    bursts: int


def _beats(tone: Tone) -> tuple[Beat, ...]:
    beats: list[Beat] = []
    for segment in tone.segments:
        if segment.frequencies:
            beats.append(Beat(segment, segment.length / 1000, 0.0))
        elif beats:
            last = beats[-1]
            beats[-1] = Beat(last.segment, last.on, last.off + segment.length / 1000)
    return tuple(beats)


@cache
def rhythms() -> tuple[Rhythm, ...]:
    """All tones of all plans but the special information tones."""
    found = []
    for country, plan in plans().items():
        for kind, listed in plan.listed.items():
            if kind is Kind.SIT or listed.same_as is not None:
                continue
            beats = _beats(listed.tone)
            needed = len(beats) if kind is Kind.RINGBACK else (2 if len(beats) == 1 else 3)
            found.append(Rhythm(Fit(country, kind), beats, needed))
    return tuple(found)


def round_of(fit: Fit) -> float:
    """Seconds of one round of a tone; 0 for a continuous one."""
    return plans()[fit.country].listed[fit.kind].tone.length


def frequency_error(frequencies: Sequence[float], segment: Segment) -> float:
    """How far sines lie beside a segment's, 1 at the limit; infinity beyond, or if there are more or fewer of them."""
    wanted = [[frequency for frequency, _ in segment.spectrum]]
    if segment.modulation:
        # Some exchanges send a modulated tone without its carrier: two sines that beat.
        wanted.append([wanted[0][0], wanted[0][2]])
    best = inf
    for sines in wanted:
        if len(sines) == len(frequencies):
            limit = _SINGLE_WITHIN if len(sines) == 1 else _WITHIN
            worst = max(abs(one - other) for one, other in zip(frequencies, sorted(sines), strict=True))
            best = min(best, worst / limit)
    return best if best <= 1 else inf


def _length_error(shortest: float, longest: float, wanted: float) -> float:
    """How far a length lies beside the wanted one, 1 at the limit."""
    beside = max(shortest - wanted, wanted - longest, 0.0)
    return beside / (0.03 + 0.1 * wanted)


def _sounds_like(burst: Burst, rhythm: Rhythm) -> bool:
    return any(frequency_error(burst.frequencies, beat.segment) <= 1 for beat in rhythm.beats)


def matches(bursts: Sequence[Burst], known: frozenset[Fit] | None = None) -> list[Match]:
    """Which rhythms the latest bursts fit, the best first.

    Args:
        bursts: in order, the last of which may still go on.
        known: only these are asked for; None for all.
    """
    found = []
    last = bursts[-1]
    if not pure(last):
        return []
    for rhythm in rhythms():
        if known is not None and rhythm.fit not in known:
            continue
        if not _sounds_like(last, rhythm):
            continue
        match = _continuous(last, rhythm) if not rhythm.beats[0].off else _rhythmic(bursts, rhythm)
        if match is not None:
            found.append(match)
    return sorted(found, key=lambda match: match.error)


def _continuous(burst: Burst, rhythm: Rhythm) -> Match | None:
    segment = rhythm.beats[0].segment
    # A note that is struck again and again is no tone without pauses. Of several frequencies the sum dips by itself.
    if burst.shortest < CONTINUOUS or (burst.dips and len(segment.spectrum) == 1):
        return None
    error = frequency_error(burst.frequencies, segment)
    # Who has dialled hears a dial tone only by mistake.
    return Match(rhythm.fit, error / 2 + 0.01 * (rhythm.fit.kind is Kind.DIAL), 1)


def _rhythmic(bursts: Sequence[Burst], rhythm: Rhythm) -> Match | None:
    count = rhythm.needed + 1
    if len(bursts) < count or bursts[-1].longest < BEGUN:
        return None
    row = bursts[-count:]
    best: Match | None = None
    for turn in range(len(rhythm.beats)):
        beats = [rhythm.beats[(turn + at) % len(rhythm.beats)] for at in range(count)]
        error = _error(row, beats)
        if error <= 1 and (best is None or error < best.error):
            best = Match(rhythm.fit, error, count)
    return best


def _error(row: Sequence[Burst], beats: Sequence[Beat]) -> float:
    """How far bursts lie beside beats; infinity if they do not fit."""
    errors = []
    for at, (burst, beat) in enumerate(zip(row, beats, strict=True)):
        if not pure(burst) or burst.band != row[0].band:
            return inf
        errors.append(frequency_error(burst.frequencies, beat.segment) / 2)
        if at == len(row) - 1:
            # The last one has begun; it may be longer than its beat only if it is over.
            if burst.shortest > beat.on * 1.1 + 0.03:
                return inf
            break
        on = _length_error(burst.shortest, burst.longest, beat.on)
        after = row[at + 1]
        off = _length_error(after.earliest - burst.latest, after.begin - burst.end, beat.off)
        gain = (after.level - burst.level) - (beats[at + 1].segment.gain - beat.segment.gain)
        if on > 1 or off > 1 or abs(gain) > 4 or after.before > burst.level - PAUSE_BELOW:
            return inf
        errors.append((on + off) / 2)
    errors.append(_round_error(row, beats))
    return inf if errors[-1] > 1 or max(errors) > 1 else sum(errors) / len(errors)


def _round_error(row: Sequence[Burst], beats: Sequence[Beat]) -> float:
    """How far the time from beginning to beginning lies beside the plan's, 1 at the limit.

    Beginnings are as exact at the first burst as at the last, so this tells 480 ms from 500 where the bursts alone do
    not.
    """
    if row[0].earliest < 0:
        return 0.0
    wanted = sum(beat.on + beat.off for beat in beats[:-1])
    shortest, longest = row[-1].earliest - row[0].begin, row[-1].begin - row[0].earliest
    return max(shortest - wanted, wanted - longest, 0.0) / (0.02 + 0.05 * wanted)


def begun_ringbacks(bursts: Sequence[Burst], countries: Sequence[str]) -> tuple[int, tuple[Fit, ...]] | None:
    """Ringbacks whose first round the latest bursts are, with the long pause behind them but nothing after it.

    Returns:
        How many bursts they are and whose ringback, the best fit first; None if they are none.
    """
    for count in (2, 1):
        found = []
        for rhythm in rhythms():
            if rhythm.fit.kind is Kind.RINGBACK and len(rhythm.beats) == count <= len(bursts):
                error = _begun_error(bursts[-count:], rhythm.beats)
                if error <= 1:
                    found.append((rhythm.fit.country not in countries, error, rhythm.fit))
        if found:
            return count, tuple(fit for _, _, fit in sorted(found, key=lambda each: each[:2]))
    return None


def _begun_error(row: Sequence[Burst], beats: Sequence[Beat]) -> float:
    errors = []
    for at, (burst, beat) in enumerate(zip(row, beats, strict=True)):
        if not pure(burst):
            return inf
        errors.append(frequency_error(burst.frequencies, beat.segment))
        # A first burst that was already going on when listening began is not taken for a ringback's.
        errors.append(_length_error(burst.shortest, min(burst.longest, burst.shortest + 0.1), beat.on))
        if at:
            errors.append(_length_error(burst.begin - row[at - 1].latest, burst.begin - row[at - 1].end, beats[0].off))
    return max(errors)
