"""What was heard, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from simcarrier.media.plans import Kind
from simcarrier.media.sit import SitClass


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
class Fit:
    """A tone of a plan that what was heard fits.

    Attributes:
        country: whose plan, ``ITU`` for the default.
        kind: which tone of it.
    """

    country: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Heard:
    """A stretch of what was heard.

    Attributes:
        what: what it is.
        begin: seconds since the first packet.
        end: the same; for what still goes on, as far as was listened.
        confidence: 0 to 1; of a tone, how well it fits, less where it was heard only once.
        fits: the plans' tones that it fits, the best first; none where `what` is no tone, or a special information
            tone.
        sit: the class of a special information tone; None if it fits none, or is no such tone.
    """

    what: What
    begin: float
    end: float
    confidence: float = 1.0
    fits: tuple[Fit, ...] = ()
    sit: SitClass | None = None

    @property
    def countries(self) -> tuple[str, ...]:
        """For whose plans it is just this tone, the best fit first."""
        return tuple(fit.country for fit in self.fits if fit.kind.value == self.what.value)

    @property
    def doubtful(self) -> bool:
        """Whether another country's plan gives it another meaning."""
        return any(fit.kind.value != self.what.value for fit in self.fits)

    def __str__(self) -> str:
        """Such as ``ringback (DE, ITU)``, ``SIT (VC)``, ``SIT (class unknown)``, ``speech or other sound``."""
        if self.what is What.SIT:
            return f"SIT ({self.sit.name if self.sit else 'class unknown'})"
        if self.what is What.SOUND:
            return "speech or other sound"
        return f"{self.what} ({', '.join(self.countries)})" if self.countries else str(self.what)
