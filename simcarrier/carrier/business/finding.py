"""What a check finds: a condition, and the resource and its state that decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from simcarrier.conditions import Condition

from ..call import NO_VALUES, Times


class Finding(NamedTuple):
    """What stands in a call's way, or becomes of it.

    Attributes:
        condition: what really happens.
        why: the resource that decided and the state it saw, in few words: ``lines 30 of 30``.
        values: what the dialect's templates may use: ``new_number``, ``retry_after``.
        ring: how long it rings; the dialect's time if None.
        talk: how long they talk; None if the caller is to hang up.
    """

    condition: Condition
    why: str
    values: Mapping[str, str] = NO_VALUES
    ring: Times | None = None
    talk: Times | None = None
