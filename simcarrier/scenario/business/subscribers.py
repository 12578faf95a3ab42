"""Subscribers: what the people called do, by number, hour and day.

The shares of an entry say how often each thing happens. What they leave over to 100 % is `no_answer`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field
from pydantic_core import InitErrorDetails

from ...conditions import Condition
from ..base import Location, fault
from ..fields import NumberPatternField
from .clock import Period
from .distributions import DistributionField
from .shares import WHOLE, PartField, percent, total_of

BEHAVIOURS: dict[str, Condition] = {
    "answer": Condition.ANSWERED,
    "voicemail": Condition.VOICEMAIL,
    "busy": Condition.BUSY,
    "busy_everywhere": Condition.BUSY_EVERYWHERE,
    "decline": Condition.DECLINED,
    "unwanted": Condition.UNWANTED,
    "screened": Condition.SCREENED,
    "unavailable": Condition.SUBSCRIBER_UNAVAILABLE,
    "no_answer": Condition.NO_ANSWER,
}
"""What people do, by the keys of an entry. `no_answer` stands last: it takes what the others leave over."""


class SubscribersModel(Period):
    """What some of the people called do."""

    to: NumberPatternField | None = Field(default=None, description="Their numbers; any if not said.")
    answer: PartField = Field(default=0.0, description="How often somebody answers, such as 60%.")
    voicemail: PartField = Field(default=0.0, description="How often a mailbox answers.")
    no_answer: PartField = Field(
        default=0.0, description="How often nobody answers; what the shares leave over to 100% is added."
    )
    busy: PartField = Field(default=0.0, description="How often they are on the phone.")
    busy_everywhere: PartField = Field(
        default=0.0, description="How often they are busy on every device, without a mailbox."
    )
    decline: PartField = Field(default=0.0, description="How often they push the call away.")
    unwanted: PartField = Field(
        default=0.0, description="How often they never want to be called by this caller again; they say it again later."
    )
    screened: PartField = Field(default=0.0, description="How often a screening app turns the call away.")
    unavailable: PartField = Field(default=0.0, description="How often the phone is off or out of coverage.")
    ring: DistributionField | None = Field(
        default=None, description="How long it rings until somebody answers or pushes the call away."
    )
    ring_out: DistributionField | None = Field(
        default=None,
        description="How long it rings where nobody comes: until the mailbox answers, or the carrier stops.",
    )
    talk: DistributionField | None = Field(
        default=None, description="How long until they hang up; the caller does if not said."
    )
    habit: PartField = Field(
        default=0.0, description="The share of numbers that do the same at every call, such as never being available."
    )

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        total = total_of(data, tuple(BEHAVIOURS), {})
        if total is not None and total > WHOLE:
            yield fault(f"the shares add to {percent(total)}, to more than 100%")


def faults(carrier: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    """Entries that can never be reached; locations are relative to ``carrier``."""
    entries = carrier.get("subscribers")
    if not isinstance(entries, list | tuple):
        return
    for place, entry in enumerate(entries[:-1]):
        if isinstance(entry, Mapping) and not any(key in entry for key in ("to", "when", "hours", "days")):
            yield ("subscribers", place + 1), f"can never be reached: subscribers[{place}] takes every call"
            return
