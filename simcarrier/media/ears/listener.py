"""The ear of one call.

It takes packets as they come, works on a second of sound at once or on what there is when it is asked, and tells at
any time what was heard so far. A second at once costs a small part of what 50 packets would cost one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from simcarrier.extras import needed
from simcarrier.media.g711 import RATE
from simcarrier.media.plans import Kind
from simcarrier.media.rtp import Packet

from .heard import Fit, Heard, What

with needed("ears", {"numpy": "listening to calls needs"}):
    import numpy as np

    from . import cadence, triples
    from .bursts import Burst, Bursts, pure
    from .quiet import Quiet
    from .spectrum import STEP, WINDOW, samples_of, steps_of
    from .timeline import Stretch, Timeline

BLOCK: Final = RATE
"""Samples that are worked on at once."""

PENDING: Final = 6.5
"""Seconds after a burst in which it may yet become the first of a ringback: the longest pause is 4 s, and half a
look."""

MOST_MISSED: Final = 1.0
"""Seconds of a tone that losses may spoil without making two tones of it; of a slow one it may be a round."""

ONCE: Final = 0.5
"""Confidence of a ringback of which one burst was heard and the pause behind it, but no second."""

ONCE_PAUSE: Final = 1.2
"""Seconds of that pause; no other tone has one as long."""

_WHAT: Final = {kind: What(kind.value) for kind in Kind}


class Ears:
    """Listens to one call.

    Args:
        countries: whose tones are to be expected, such as that of the number called; where a tone could be two things,
            these decide. All plans are known in any case.

    Attributes:
        began: when the first packet came, on the caller's clock; None before it.
    """

    def __init__(self, countries: Iterable[str] = ()) -> None:
        self._countries = tuple(countries)
        self.began: float | None = None
        self._timeline = Timeline(self._take)
        self._waiting: list[Stretch] = []
        self._waiting_samples = 0
        self._rest = np.zeros(0, np.float32)
        self._rest_known = np.zeros(0, bool)
        self._bursts = Bursts(self._burst)
        self._recent: list[Burst] = []
        self._quiet = Quiet()
        self._seconds = 0.0
        self._tones: list[Heard] = []
        self._going: frozenset[Fit] | None = None
        self._errors: dict[Fit, list[float]] = {}

    def hear(self, packet: Packet, now: float) -> None:
        """Take a packet.

        Args:
            packet: of any stream of the call; only G.711 and comfort noise are listened to.
            now: seconds; used to place a stream that begins anew.
        """
        if self.began is None:
            self.began = now
        self._timeline.packet(packet, now)
        if self._waiting_samples >= BLOCK:
            self._work()

    @property
    def over(self) -> bool:
        """Whether no more is listened to: three minutes tell what is to be told."""
        return self._timeline.over

    def heard(self, *, final: bool = False) -> tuple[Heard, ...]:
        """What was heard so far, in order and without gaps.

        Args:
            final: that nothing more will come. Before, the last seconds are left out as long as they may yet become a
                ringback.
        """
        if final:
            self._timeline.flush()
        if self._waiting:
            self._work()
        if final:
            self._bursts.finish()
        tones = [*self._tones, *([once] if final and (once := self._once()) else [])]
        upto = self._seconds
        if not final:
            upto = min(upto, max(self._pending_since(), tones[-1].end if tones else 0.0))
        return tuple(self._quiet.story(tones, upto))

    def _take(self, stretch: Stretch) -> None:
        self._waiting.append(stretch)
        self._waiting_samples += len(stretch.data)

    def _work(self) -> None:
        """Look at what has come together."""
        new, new_known = samples_of(self._waiting)
        self._waiting, self._waiting_samples = [], 0
        samples = np.concatenate((self._rest, new))
        known = np.concatenate((self._rest_known, new_known))
        if len(samples) >= WINDOW:
            steps = steps_of(samples, known)
            done = len(steps.labels) * STEP
            self._bursts.steps(steps, new, new_known)
            self._quiet.steps(steps)
            samples, known = samples[done:], known[done:]
        else:
            self._bursts.more(new, new_known)
        self._rest, self._rest_known = samples, known
        self._seconds += len(new) / RATE
        current = self._bursts.current
        if current is not None:
            self._match([*self._recent, current])

    def _burst(self, burst: Burst) -> None:
        """A burst is over."""
        self._match([*self._recent, burst])
        self._recent = [*self._recent, burst][-cadence.MOST_BURSTS :]

    def _match(self, bursts: Sequence[Burst]) -> None:
        last = bursts[-1]
        triple = triples.triple_of(bursts)
        if triple is not None:
            self._tell(Heard(What.SIT, triple.begin, triple.end, triple.confidence, sit=triple.sit))
            self._going = None
            return
        if self._going is not None and (found := cadence.matches(bursts, self._going)):
            self._goes_on(found, last)
        elif found := cadence.matches(bursts):
            self._going = frozenset(match.fit for match in found)
            self._errors = {match.fit: [match.error] for match in found}
            first = bursts[-max(match.bursts for match in found)]
            begin = max(first.begin, self._tones[-1].end if self._tones else 0.0)
            told = self._as_heard(begin, last)
            if self._interrupted(told):
                told = replace(told, begin=self._tones.pop().begin)
            self._tell(told)
        elif not last.open:
            self._going = None

    def _interrupted(self, told: Heard) -> bool:
        """Whether a tone is the one before, of which a beat was lost."""
        if not self._tones or not set(told.fits) & set(self._tones[-1].fits):
            return False
        before = self._tones[-1]
        return told.begin - before.end < max(cadence.round_of(told.fits[0]), MOST_MISSED) and told.what is before.what

    def _goes_on(self, found: list[cadence.Match], last: Burst) -> None:
        self._going = frozenset(match.fit for match in found)
        for match in found:
            self._errors[match.fit].append(match.error)
        before = self._tones.pop()
        self._tell(self._as_heard(before.begin, last))

    def _as_heard(self, begin: float, last: Burst) -> Heard:
        assert self._going is not None
        mean = {fit: sum(self._errors[fit]) / len(self._errors[fit]) for fit in self._going}
        order = {fit: at for at, fit in enumerate(self._errors)}
        fits = sorted(self._going, key=lambda fit: (fit.country not in self._countries, mean[fit], order[fit]))
        best = fits[0]
        rounds = len(self._errors[best])
        confidence = last.purity * (1 - 0.3 * mean[best]) * (1.0 if rounds > 1 else 0.9)
        return Heard(_WHAT[best.kind], begin, last.end, round(confidence, 3), tuple(fits))

    def _tell(self, heard: Heard) -> None:
        # The third burst of a special information tone is looked at again when it is over.
        if self._tones and self._tones[-1].what is heard.what and heard.begin == self._tones[-1].begin:
            self._tones.pop()
        self._tones.append(heard)

    def _pending_since(self) -> float:
        """Where the row of bursts began that may yet become a tone; the end if there is none."""
        since = self._seconds
        now = self._bursts.since
        if now is not None and since - now < PENDING:
            since = now
        for burst in reversed(self._recent):
            if since - burst.end > PENDING:
                break
            if pure(burst):
                since = burst.begin
        return since

    def _once(self) -> Heard | None:
        """A ringback of which only the first burst, or the first pair, was heard before the end."""
        if not self._recent or self._seconds - self._recent[-1].end < ONCE_PAUSE:
            return None
        if self._tones and self._recent[-1].begin < self._tones[-1].end:
            return None
        fits = cadence.begun_ringbacks(self._recent, self._countries)
        if not fits:
            return None
        length, found = fits
        first = self._recent[-length]
        return Heard(What.RINGBACK, first.begin, self._recent[-1].end, ONCE, found)
