"""What was heard, as values."""

from __future__ import annotations

from dataclasses import dataclass

from simcarrier.media.plans import Kind
from simcarrier.media.sit import SitClass
from simcarrier.records.audio import Sound, What

__all__ = ["Fit", "Heard", "What"]


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

    def since(self, began: float) -> Sound:
        """The same for a call's observation, on the clock on which the first packet came at ``began``."""
        sit = None if self.sit is None else self.sit.name
        return Sound(self.what, began + self.begin, began + self.end, self.confidence, self.countries, sit)

    def __str__(self) -> str:
        """Such as ``ringback (DE, ITU)``, ``SIT (VC)``, ``SIT (class unknown)``, ``speech or other sound``."""
        return str(self.since(0.0))
