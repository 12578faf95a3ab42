"""Near misses: rules that would have taken a call but for one thing, so that a mismatch explains itself.

It is looked for only where a call fell through to a default, for it asks rules that the rulebook need not ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simcarrier.records.model import NearMiss

if TYPE_CHECKING:
    from .call import Call
    from .rulebook import Entry

ASKED = 64
"""Rules that are asked at most: a call that nobody expected must not cost a thousand questions."""

TOLD = 3
"""Near misses told at most."""


def near_misses(entries: Sequence[Entry], call: Call, now: float, *, alone: bool = True) -> tuple[NearMiss, ...]:
    """What nearly took a call, the nearest first.

    Args:
        entries: the rules that did not take it, in their order.
        call: the call.
        now: seconds since the carrier's start.
        alone: also rules that ask one thing only; where another rule took the call they were not near.
    """
    found: list[tuple[int, NearMiss]] = []
    for entry in entries[:ASKED]:
        missed = [condition for condition in entry.conditions if not condition.holds(call, now)]
        if len(missed) == 1 and (alone or len(entry.conditions) > 1):
            one = missed[0]
            miss = NearMiss(entry.name, one.field, one.got(call, now), one.wanted)
            found.append((len(entry.conditions), miss))
    found.sort(key=lambda scored: -scored[0])
    return tuple(miss for _, miss in found[:TOLD])
