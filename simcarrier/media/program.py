"""What a call is played: sounds after one another, ready in both laws.

A program is made when a scenario is read; `made` turns it into G.711 once for each law, and all calls share that. What
is to be spoken needs a voice, which is not a matter of bytes and numbers: it is given to `prepare`.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from . import digits, playback
from .errors import SoundError
from .g711 import RATE, Law
from .playback import FOR_EVER, PACKET, Part, Playback, Sound
from .tones import Tone

Voice = Callable[[str], "array[int] | None"]
"""Makes samples of a text, 16 bits, 8,000 a second; None if there is no voice."""

SECONDS_A_LETTER: Final = 0.07
"""How long a spoken text is taken to last before it is spoken: some 170 words a minute."""

LONGEST_TEXT: Final = 1000
"""Letters: a minute and more of speech."""

TONES_KEPT: Final = 256
"""Tones kept in G.711, at most 0.5 MB each and mostly a tenth of that."""


class Plain(StrEnum):
    """Sounds without a choice."""

    SILENCE = "silence"
    NOISE = "noise"
    ECHO = "echo"
    NOTHING = "nothing"
    """Not even packets."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a file holds.

    Attributes:
        name: the file's.
        samples: 16 bits, 8,000 a second.
    """

    name: str
    samples: array[int]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text for a voice.

    Attributes:
        text: what it says.
        needed: whether it is a fault if there is no voice; else it is left out.
    """

    text: str
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Dialled:
    """Digits as events (RFC 4733); whoever does not take events hears silence."""

    digits: str

    @property
    def seconds(self) -> float:
        """How long they take, 0.1 s each with 0.1 s after it."""
        return 0.2 * len(self.digits)


@dataclass(frozen=True, slots=True)
class Item:
    """A sound of a program.

    Attributes:
        what: the sound.
        seconds: how long, if it is told; else as long as it lasts.
    """

    what: Tone | Recorded | Spoken | Dialled | Plain
    seconds: float | None = None


class Made:
    """A program in one law.

    Attributes:
        playback: what is heard, silence where digits are.
        events: packets of digits, by the number of the packet in whose place each is sent.
    """

    __slots__ = ("events", "playback")

    def __init__(self, played: Playback, events: dict[int, digits.DigitPacket]) -> None:
        self.playback = played
        self.events = events


class Program:
    """Sounds after one another.

    Args:
        items: in order; none after one that does not end would be heard.

    Attributes:
        items: the same.
    """

    __slots__ = ("_made", "_spoken", "items")

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = tuple(items)
        self._spoken: dict[str, array[int]] | None = None
        self._made: dict[Law, Made] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Program) and self.items == other.items

    def __hash__(self) -> int:
        return hash(len(self.items))

    @property
    def plays(self) -> bool:
        """Whether anything is sent."""
        return self.items != (Item(Plain.NOTHING),)

    @property
    def seconds(self) -> float | None:
        """How long it lasts; None if it does not end. What is spoken is guessed until it is prepared."""
        total = 0.0
        for item in self.items:
            lasts = self._seconds(item)
            if lasts is None:
                return None
            total += lasts
        return total

    def _seconds(self, item: Item) -> float | None:
        if item.seconds is not None:
            return item.seconds
        match item.what:
            case Tone():
                return None if item.what.endless else item.what.length
            case Recorded():
                return len(item.what.samples) / RATE
            case Spoken():
                if self._spoken is None:
                    return len(item.what.text) * SECONDS_A_LETTER if item.what.needed else 0.0
                return len(self._spoken[item.what.text]) / RATE
            case Dialled():
                return item.what.seconds
            case Plain():
                return None

    def prepare(self, voice: Voice, laws: Sequence[Law] = ()) -> None:
        """Have it spoken, and make it ready in some laws; what is ready stays.

        Raises:
            SoundError: something is to be spoken, and there is no voice.
        """
        if self._spoken is None:
            spoken = {}
            for item in self.items:
                if isinstance(item.what, Spoken):
                    samples = voice(item.what.text)
                    if samples is None and item.what.needed:
                        raise SoundError(
                            "a text to be spoken needs espeak-ng and pip install 'simcarrier[media]': "
                            "install them, or name a WAV file in its place"
                        )
                    spoken[item.what.text] = array("h") if samples is None else samples
            self._spoken = spoken
        for law in laws:
            self.made(law)

    def made(self, law: Law) -> Made:
        """The program in a law; made at the first question. What has not been prepared is not spoken."""
        found = self._made.get(law)
        if found is None:
            found = self._make(law)
            if self._spoken is not None or not any(isinstance(item.what, Spoken) for item in self.items):
                self._made[law] = found
        return found

    def _make(self, law: Law) -> Made:
        parts: list[Part] = []
        events: dict[int, digits.DigitPacket] = {}
        at = 0
        for item in self.items:
            if item.what is Plain.NOTHING:
                continue
            sound, seconds = self._sound(item, law)
            if isinstance(item.what, Dialled):
                for packet in digits.packets(item.what.digits):
                    events[at + packet.at // PACKET] = packet
            part = Part.of(sound, seconds)
            parts.append(part)
            at = min(at + part.packets, FOR_EVER)
        return Made(Playback(parts, law), events)

    def _sound(self, item: Item, law: Law) -> tuple[Sound | playback.Echo, float | None]:
        match item.what:
            case Tone():
                return _tone(item.what, law), item.seconds
            case Recorded():
                return playback.recording(item.what.samples, law), item.seconds
            case Spoken():
                samples = (self._spoken or {}).get(item.what.text, array("h"))
                return playback.recording(samples, law), item.seconds if samples else 0.0
            case Dialled():
                return playback.silence(law), item.what.seconds
            case Plain.ECHO:
                return playback.ECHO, item.seconds
            case Plain.NOISE:
                return _noise(law), item.seconds
            case _:
                return playback.silence(law), item.seconds


@lru_cache(maxsize=TONES_KEPT)
def _tone(tone: Tone, law: Law) -> Sound:
    return playback.tone(tone, law)


@lru_cache(maxsize=2)
def _noise(law: Law) -> Sound:
    return playback.comfort_noise(law)
