"""What a call hears: parts after one another, cut into packets of 20 ms.

Everything is made into G.711 when it is loaded, once for each law; after that a packet is a slice of a table. So many
calls share a table, and one that plays for ever keeps nothing but the number of its next packet.
"""

from __future__ import annotations

import random
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

from .g711 import PEAK, RATE, Law, root_mean_square
from .tones import Tone

PACKET: Final = 160
"""Samples of a packet: 20 ms (RFC 3551 section 4.2)."""

FOR_EVER: Final = 1 << 62
"""Packets of a part that does not end."""

NOISE_SECONDS: Final = 4
"""Of noise before it is repeated: long enough that no rhythm is heard."""


class Sound:
    """A table of G.711.

    Args:
        data: the bytes.
        fill: the byte of silence, which fills up the last packet of a sound that ends.
        endless: whether it begins again at its end.

    Attributes:
        packets: how many it has; `FOR_EVER` if it does not end.
    """

    __slots__ = ("_data", "_length", "packets")

    def __init__(self, data: bytes, fill: int, *, endless: bool) -> None:
        if endless and data:
            self._length = len(data)
            # Behind its end stands its beginning, so that every packet is one slice.
            while len(data) < self._length + PACKET:
                data += data[: self._length]
            self._data = data
            self.packets = FOR_EVER
        else:
            self._data = data + bytes([fill]) * (-len(data) % PACKET)
            self._length = max(len(self._data), 1)
            self.packets = len(self._data) // PACKET

    def payload(self, n: int) -> bytes:
        """The n-th packet, counted from 0."""
        at = n * PACKET % self._length
        return self._data[at : at + PACKET]


def silence(law: Law) -> Sound:
    """Nothing, for ever."""
    return Sound(bytes([law.silence]) * PACKET, law.silence, endless=True)


def tone(made_of: Tone, law: Law) -> Sound:
    """A tone, once or for ever as it says."""
    return Sound(law.encode(made_of.samples), law.silence, endless=made_of.endless)


def recording(samples: Iterable[int], law: Law) -> Sound:
    """Samples of 16 bits, 8,000 a second, once."""
    return Sound(law.encode(samples), law.silence, endless=False)


def comfort_noise(law: Law, level: float = -55.0, seed: int = 3389) -> Sound:
    """Noise so soft that it only says that the line is alive, for ever.

    Args:
        law: of the call.
        level: dBm0; RFC 3389 would send it as a number, but G.711 reaches who does not know that.
        seed: of the noise.
    """
    chance = random.Random(seed)
    size = root_mean_square(level)
    samples = array("h", [round(max(-PEAK, min(PEAK, chance.gauss(0, size)))) for _ in range(NOISE_SECONDS * RATE)])
    return Sound(law.encode(samples), law.silence, endless=True)


class Echo:
    """What the caller said comes back."""


ECHO: Final = Echo()


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what is heard.

    Attributes:
        sound: a table, or `ECHO`.
        packets: how many are played, fewer than the sound has or more: it is cut off, or begins again.
    """

    sound: Sound | Echo
    packets: int

    @classmethod
    def of(cls, sound: Sound | Echo, seconds: float | None = None) -> Part:
        """A sound for some seconds; None for as long as it lasts."""
        if seconds is not None:
            return cls(sound, max(round(seconds * RATE / PACKET), 0))
        return cls(sound, sound.packets if isinstance(sound, Sound) else FOR_EVER)


class Playback:
    """Parts after one another; all calls of a kind can share one, for it keeps no place.

    Args:
        parts: in order; those behind one that does not end are never heard.
        law: whose bytes they are, and what a silent echo sounds like.
    """

    __slots__ = ("_begins", "_parts", "_silence", "law", "packets")

    def __init__(self, parts: Sequence[Part], law: Law) -> None:
        self._parts = tuple(part for part in parts if part.packets)
        begins, at = [], 0
        for part in self._parts:
            begins.append(at)
            at = min(at + part.packets, FOR_EVER)
        self._begins = begins
        self._silence = bytes([law.silence]) * PACKET
        self.law = law
        self.packets = at

    def payload(self, n: int, heard: bytes = b"") -> bytes | None:
        """What the n-th packet holds.

        Args:
            n: counted from 0.
            heard: the latest payload from the caller, for an echo; empty if nothing came.

        Returns:
            160 bytes (an echo gives what was heard, as long as it is); None when all is over.
        """
        if n >= self.packets:
            return None
        at = bisect_right(self._begins, n) - 1 if len(self._begins) > 1 else 0
        sound = self._parts[at].sound
        if isinstance(sound, Sound):
            return sound.payload(n - self._begins[at])
        return heard or self._silence

    def __iter__(self) -> Iterator[bytes]:
        """All packets, as if nobody spoke."""
        for n in count():
            payload = self.payload(n)
            if payload is None:
                return
            yield payload
