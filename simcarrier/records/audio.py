"""What was heard of a call: sounds with their times, and how well the packets came.

As an `Observation` it is facts and no opinion, though a fact of an ear: how sure it was stands with each sound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class What(StrEnum):
    """What a stretch of sound is."""

    DIAL = "dial"
    RINGBACK = "ringback"
    BUSY = "busy"
    CONGESTION = "congestion"
    UNOBTAINABLE = "unobtainable"
    SIT = "sit"
    SILENCE = "silence"
    """Nothing, or steady noise."""
    SOUND = "sound"
    """Speech, music, or a tone that no plan has."""

    @property
    def tone(self) -> bool:
        """Whether it is a tone that tells something."""
        return self not in (What.SILENCE, What.SOUND)


@dataclass(frozen=True, slots=True)
class Sound:
    """A stretch of what was heard.

    Attributes:
        what: what it is.
        begin, end: seconds since the INVITE.
        confidence: 0 to 1.
        countries: for whose plans it is this tone, the best fit first.
        sit: the class of a special information tone, ``VC`` for instance; None if it fits none, or is no such tone.
    """

    what: What
    begin: float
    end: float
    confidence: float = 1.0
    countries: tuple[str, ...] = ()
    sit: str | None = None

    def __str__(self) -> str:
        """Such as ``ringback (DE, ITU)``, ``SIT (VC)``, ``SIT (class unknown)``, ``speech or other sound``."""
        if self.what is What.SIT:
            return f"SIT ({self.sit or 'class unknown'})"
        if self.what is What.SOUND:
            return "speech or other sound"
        return f"{self.what} ({', '.join(self.countries)})" if self.countries else str(self.what)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        told: dict[str, Any] = {"what": self.what, "begin": round(self.begin, 3), "end": round(self.end, 3)}
        if self.what.tone:
            told["confidence"] = self.confidence
        if self.countries:
            told["countries"] = list(self.countries)
        if self.sit is not None:
            told["sit"] = self.sit
        return told

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Sound:
        """Back from JSON.

        Raises:
            KeyError, TypeError, ValueError: it is not what `as_dict` makes.
        """
        return cls(
            What(told["what"]),
            float(told["begin"]),
            float(told["end"]),
            float(told.get("confidence", 1.0)),
            tuple(map(str, told.get("countries", ()))),
            None if told.get("sit") is None else str(told["sit"]),
        )


@dataclass(frozen=True, slots=True)
class Audio:
    """The audio that came, for a call that was listened to.

    Attributes:
        codec: the last that came, ``PCMU`` or ``PCMA``; None if none did.
        first: seconds from the INVITE to the first packet; None if none came.
        packets: that came.
        lost: that did not; below 0 where packets came twice.
        jitter: the largest, in seconds, as RFC 3550 reckons it; None where that is not known.
        sounds: what was heard, in order and without gaps.
        recording: the file that it was written to; None if that was not wanted.
        trouble: why nothing was listened to, or not recorded, in words.
    """

    codec: str | None = None
    first: float | None = None
    packets: int = 0
    lost: int = 0
    jitter: float | None = None
    sounds: tuple[Sound, ...] = ()
    recording: str | None = None
    trouble: str = ""

    def since(self, began: float) -> Audio:
        """The same with times counted from another moment of the same clock."""
        first = None if self.first is None else self.first - began
        sounds = tuple(replace(one, begin=one.begin - began, end=one.end - began) for one in self.sounds)
        return replace(self, first=first, sounds=sounds)

    def before(self, when: float | None) -> tuple[Sound, ...]:
        """The sounds that began before a moment; all of them if it is None."""
        return tuple(one for one in self.sounds if when is None or one.begin < when)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "codec": self.codec,
            "first": None if self.first is None else round(self.first, 6),
            "packets": self.packets,
            "lost": self.lost,
            "jitter": None if self.jitter is None else round(self.jitter, 6),
            "sounds": [one.as_dict() for one in self.sounds],
            "recording": self.recording,
            "trouble": self.trouble,
        }

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Audio:
        """Back from JSON.

        Raises:
            KeyError, TypeError, ValueError: it is not what `as_dict` makes.
        """
        return cls(
            None if told.get("codec") is None else str(told["codec"]),
            None if told.get("first") is None else float(told["first"]),
            int(told.get("packets", 0)),
            int(told.get("lost", 0)),
            None if told.get("jitter") is None else float(told["jitter"]),
            tuple(Sound.from_dict(one) for one in told.get("sounds", ())),
            None if told.get("recording") is None else str(told["recording"]),
            str(told.get("trouble", "")),
        )
