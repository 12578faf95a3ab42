"""What was heard of a call, in words: for those who placed it, and for those who are shown it as evidence."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from simcarrier.records.audio import Audio, Sound

MOST_SOUNDS: Final = 8
"""Sounds told of one call."""


def heard_in(audio: Audio, answered: float | None) -> str:
    """Such as ``SIT (VC) at 0.4 s for 1.0 s, silence for 0.3 s; PCMA, 75 packets, 0 lost, jitter 0.2 ms``.

    Args:
        audio: what was heard.
        answered: when the call was, seconds since the INVITE; None if it was not.
    """
    if audio.first is None:
        return audio.trouble or "nothing: no audio came"
    shown = list(_sounds(audio.sounds, answered))
    more = f", and {len(shown) - MOST_SOUNDS} more" if len(shown) > MOST_SOUNDS else ""
    story = ", ".join(shown[:MOST_SOUNDS]) or "too little to tell"
    jitter = "" if audio.jitter is None else f", jitter {audio.jitter * 1000:.1f} ms"
    how = f"{audio.codec}, " if audio.codec else ""
    count = f"{audio.packets} packet{'' if audio.packets == 1 else 's'}, {audio.lost} lost"
    trouble = f"; {audio.trouble}" if audio.trouble else ""
    return f"{story}{more}; {how}{count}{jitter}{trouble}"


def _sounds(sounds: tuple[Sound, ...], answered: float | None) -> Iterator[str]:
    """Each with its time; where the answer came between two is told."""
    early = True
    for number, (_, group) in enumerate(groupby(sounds, key=str)):
        same = list(group)
        first, last = same[0], same[-1]
        if early and answered is not None and first.begin >= answered:
            early = False
            yield "answered"
        at = f" at {first.begin:.1f} s" if not number else ""
        yield f"{first}{at} for {last.end - first.begin:.1f} s"
