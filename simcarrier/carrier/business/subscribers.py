"""Subscribers: what the people called do.

The first entry whose numbers and times fit decides, and one draw from the run's chance says which of its shares it is.
Two things are remembered of people. Who has said that a caller is unwanted says so again. And a part of all numbers has
a habit: what such a number does is drawn from the number itself, so it is the same at every call of the run.
"""

from __future__ import annotations

from bisect import bisect
from collections import OrderedDict
from hashlib import blake2b
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING

from simcarrier.conditions import Condition
from simcarrier.scenario.business.shares import percent
from simcarrier.scenario.business.subscribers import BEHAVIOURS, SubscribersModel
from simcarrier.scenario.models import CarrierConfig

from ..call import Call, Times
from .clock import Clock, Window
from .finding import Finding

if TYPE_CHECKING:
    from . import Check, World

REMEMBERED = 100_000
"""Pairs of callee and caller that are kept; the one not heard of for longest is forgotten first."""

LONGEST = 64
"""Characters of a number that are kept of it: E.164 has fifteen digits."""

RINGS_OUT = frozenset({Condition.NO_ANSWER, Condition.VOICEMAIL})
"""What happens when nobody comes to the phone."""

WORDS = {condition: key for key, condition in BEHAVIOURS.items()}


class Outcome:
    """One thing that people of an entry do.

    Attributes:
        condition: what it is.
        said: its share and its name, in words.
        ring, talk: the times, where the entry says them.
    """

    __slots__ = ("condition", "ring", "said", "talk")

    def __init__(self, condition: Condition, share: float, model: SubscribersModel) -> None:
        self.condition = condition
        self.said = f"{percent(share)} {WORDS[condition]}"
        self.ring: Times | None = model.ring_out if condition in RINGS_OUT else model.ring
        self.talk: Times | None = model.talk


class People:
    """An entry.

    Attributes:
        name: for ``why``.
        habit: the share of numbers with a habit.
        by_the_hour: whether the time of day decides.
        ring: how long it rings until they react; None if not said.
    """

    def __init__(self, place: int, model: SubscribersModel, clock: Clock) -> None:
        self.name = f"subscribers[{place}] ({model.to or '*'})"
        self.habit = model.habit
        self.by_the_hour = model.hours is not None or model.days is not None
        self.ring: Times | None = model.ring
        self._to = model.to
        self._window = Window(model, clock) if self.by_the_hour or model.when is not None else None
        shares = {condition: getattr(model, key) for key, condition in BEHAVIOURS.items()}
        # Shares such as three times 33.3333% add to a whole but for the last digit.
        left = 1 - sum(shares.values())
        shares[Condition.NO_ANSWER] += left if left > 1e-9 else 0.0
        happening = {condition: share for condition, share in shares.items() if share}
        self._outcomes = [Outcome(condition, share, model) for condition, share in happening.items()]
        # What is drawn is below 1, so the last limit is never looked at and all that is left over is the last one's.
        self._limits = list(accumulate(happening.values()))[:-1]

    def fits(self, number: str, now: float) -> bool:
        """Whether these people are meant, at this time."""
        return (self._to is None or self._to.matches(number)) and (self._window is None or self._window.contains(now))

    def outcome(self, drawn: float) -> Outcome:
        """What they do, by a number from 0 to below 1."""
        return self._outcomes[bisect(self._limits, drawn)]


class Subscribers:
    """All people called.

    Args:
        models: as the scenario has them.
        clock: the carrier's clock.
        rng: the run's source of chance.
        remembered: how many pairs are kept.
    """

    def __init__(
        self, models: tuple[SubscribersModel, ...], clock: Clock, rng: Random, remembered: int = REMEMBERED
    ) -> None:
        self._people = tuple(People(place, model, clock) for place, model in enumerate(models))
        self._clock = clock
        self._rng = rng
        self._most = remembered
        # Who does not want whom: the number called, then the caller.
        self._unwanted: OrderedDict[tuple[str, str], People] = OrderedDict()
        self._salt = rng.getrandbits(64).to_bytes(8, "big") if any(people.habit for people in self._people) else b""

    def __len__(self) -> int:
        """How many pairs are kept."""
        return len(self._unwanted)

    def examine(self, call: Call, now: float) -> Finding | None:
        """What the callee does; None if no entry is about it."""
        number, caller = call.destination, call.caller
        if self._unwanted:
            pair = number[:LONGEST], caller[:LONGEST]
            before = self._unwanted.get(pair)
            if before is not None:
                self._unwanted.move_to_end(pair)
                who = pair[1] or "callers without a number"
                why = f"{before.name}: {pair[0]} has said before that it does not want calls from {who}"
                return Finding(Condition.UNWANTED, why, ring=before.ring)
        for people in self._people:
            if people.fits(number, now):
                return self._decide(people, number, caller, now)
        return None

    def _decide(self, people: People, number: str, caller: str, now: float) -> Finding:
        habitual, drawn = self._habit_of(number, people.habit) if people.habit else (False, 0.0)
        outcome = people.outcome(drawn if habitual else self._rng.random())
        if habitual:
            why = f"{people.name}: always {WORDS[outcome.condition]}"
        elif people.by_the_hour:
            why = f"{people.name}: {outcome.said} at {int(self._clock.hour(now))}h"
        else:
            why = f"{people.name}: {outcome.said}"
        if outcome.condition is Condition.UNWANTED:
            self._unwanted[number[:LONGEST], caller[:LONGEST]] = people
            if len(self._unwanted) > self._most:
                self._unwanted.popitem(last=False)
        return Finding(outcome.condition, why, ring=outcome.ring, talk=outcome.talk)

    def _habit_of(self, number: str, habit: float) -> tuple[bool, float]:
        """Whether a number has a habit, and which: both drawn from the number and the run's seed."""
        digest = blake2b(number.encode("utf-8", "replace"), digest_size=16, key=self._salt).digest()
        first, second = (int.from_bytes(half, "big") / 2**64 for half in (digest[:8], digest[8:]))
        return first < habit, second


def check(config: CarrierConfig, world: World) -> Check | None:
    """What becomes of a call by the habits of whom it reaches."""
    return Subscribers(config.subscribers, world.clock, world.rng) if config.subscribers else None
