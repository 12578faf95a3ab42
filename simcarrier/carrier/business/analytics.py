"""Analytics: what a network does to the calls of a caller ID with a bad reputation.

Two things happen, at two places. A blocked caller ID's calls are stopped on the way, before any phone rings: that is
`Block`, and a share of them is dropped without a word. A labelled one's calls get through, and the phone shows a
warning: that is `Label`, asked last of all, for a number that nobody has shows no warning to anybody.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from simcarrier.conditions import Condition
from simcarrier.scenario.business.analytics import AnalyticsModel
from simcarrier.scenario.models import CarrierConfig

from ..call import Call
from .finding import Finding
from .reputation import History, Reputation, Standing

if TYPE_CHECKING:
    from . import Check, World


class Block:
    """Counts calls by caller ID, and stops those of the blocked.

    Args:
        model: as the scenario has it.
        rng: the run's source of chance. A clean caller ID draws nothing from it.

    Attributes:
        reputation: what is known of caller IDs.
        shown: the number of the last call that got through with a warning, and the history behind it.
    """

    def __init__(self, model: AnalyticsModel, rng: Random) -> None:
        self.reputation = Reputation(model)
        self.shown: tuple[int, History] | None = None
        self._rng = rng
        self._blocks = model.blocks
        self._drops = model.blocks * model.silently
        self._short_call = model.short_call.low
        # By the number of a call that was let through, until it ends: as many as calls are up.
        self._passed: dict[int, History] = {}

    def __len__(self) -> int:
        """How many calls are followed."""
        return len(self._passed)

    def examine(self, call: Call, now: float) -> Finding | None:
        """Blocked, or dropped; the exchange's clock counts, since that is the one on which calls end."""
        now = call.received
        history = self.reputation.tried(call.caller, call.destination, now)
        if history.exempt:
            return None
        if history.worst:  # it is not clean
            if history.standing is Standing.BLOCKED:
                drawn = self._rng.random()
                if drawn < self._blocks:
                    condition = Condition.SILENTLY_DROPPED if drawn < self._drops else Condition.BLOCKED_BY_ANALYTICS
                    return Finding(condition, self.reputation.why(history, now))
            self.shown = call.number, history
        self._passed[call.number] = history
        return None

    def answered(self, call: Call, now: float) -> None:
        """One answered call more."""
        history = self._passed.get(call.number)
        if history is not None:
            self.reputation.answered(history, now)

    def ended(self, call: Call, now: float) -> None:
        """One more that was short, or that nobody answered; what was blocked speaks neither for nor against."""
        history = self._passed.pop(call.number, None)
        if history is None:
            return
        answered_at = call.session.answered_at
        if answered_at is None:
            self.reputation.unanswered(history, now)
        elif now - answered_at < self._short_call:
            self.reputation.short(history, now)


class Label:
    """Lets people turn away more calls of those whose number shows a warning.

    Args:
        model: as the scenario has it.
        block: has looked at the same call before.
        rng: the run's source of chance. A clean caller ID draws nothing from it.
    """

    def __init__(self, model: AnalyticsModel, block: Block, rng: Random) -> None:
        self._block = block
        self._rng = rng
        self._screened = model.labelled.screened
        self._turned_away = model.labelled.screened + model.labelled.declined

    def examine(self, call: Call, now: float) -> Finding | None:
        """Screened, or declined by hand."""
        shown = self._block.shown
        if shown is None or shown[0] != call.number:
            return None
        drawn = self._rng.random()
        if drawn >= self._turned_away:
            return None
        condition = Condition.SCREENED if drawn < self._screened else Condition.DECLINED
        return Finding(condition, self._block.reputation.why(shown[1], call.received))


def engine(config: CarrierConfig, rng: Random) -> Block | None:
    """The engine of a scenario; None if it has none."""
    return None if config.analytics is None else Block(config.analytics, rng)


def check(config: CarrierConfig, world: World) -> Check | None:
    """The check of the reputation."""
    return world.analytics


def label(config: CarrierConfig, world: World) -> Check | None:
    """The check that nobody is put off by a warning."""
    if config.analytics is None or world.analytics is None:
        return None
    return Label(config.analytics, world.analytics, world.rng)
