"""People who do not want a caller, and say so again: what RFC 8197 tells callers to expect.

A 607 refuses the number that calls, not the call. So whoever once said it to a caller, before the answer or by hanging
up, says it at every later call of that caller's. It counts what really happened as well: a dialect may say it as 603.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from simcarrier.conditions import Condition
from simcarrier.scenario.models import CarrierConfig

from ..behaviours.hang_up import HUNG_UP
from ..call import Call
from .finding import Finding

if TYPE_CHECKING:
    from . import Check, World

REMEMBERED = 100_000
"""Pairs of callee and caller that are kept; the one not heard of for longest is forgotten first."""

LONGEST = 64
"""Characters of a number that are kept of it: E.164 has fifteen digits."""


class Unwanted:
    """Remembers who does not want whom.

    Args:
        remembered: how many pairs are kept.
    """

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._most = remembered
        self._pairs: OrderedDict[tuple[str, str], None] = OrderedDict()

    def __len__(self) -> int:
        """How many pairs are kept."""
        return len(self._pairs)

    def examine(self, call: Call, now: float) -> Finding | None:
        """Whether the person called has said it before."""
        if not self._pairs:
            return None
        pair = call.destination[:LONGEST], call.caller[:LONGEST]
        if pair not in self._pairs:
            return None
        self._pairs.move_to_end(pair)
        who = pair[1] or "callers without a number"
        return Finding(Condition.UNWANTED, f"{pair[0]} has said before that it does not want calls from {who}")

    def answered(self, call: Call, now: float) -> None:
        """Nothing is known yet."""

    def ended(self, call: Call, now: float) -> None:
        """Note the pair if that was said."""
        unwanted = call.decision.course.condition is Condition.UNWANTED and call.session.responded_at is not None
        if unwanted or call.session.status == 607 or call.cut == HUNG_UP:
            self._pairs[call.destination[:LONGEST], call.caller[:LONGEST]] = None
            if len(self._pairs) > self._most:
                self._pairs.popitem(last=False)


def check(config: CarrierConfig, world: World) -> Check | None:
    """The check that the person called wants the caller."""
    return Unwanted() if config.remember_unwanted else None
