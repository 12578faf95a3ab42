"""Analytics: what makes a caller ID suspicious, and what is done about it.

The score of a caller ID is a number from 0 to 1, made anew with every call of its:

    score = volume x (short weight x short + unanswered weight x unanswered + spread weight x spread)

`volume` is the calls in the window over `calls`, 1 at most. Each of the other three is a share over its limit: 0 up to
half of the limit, 1 from the limit on, and evenly between. Short calls are a share of the calls answered, unanswered
ones of the calls that are over, the spread is different numbers over calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field
from pydantic_core import InitErrorDetails

from ..base import Location, Model, fault
from ..fields import NumberPatternField, ShareField, whole_number
from ..units import Span
from .distributions import FixedTimeField
from .shares import WHOLE, PartField, percent, total_of


def _default(share: str) -> dict[str, Any]:
    """What the JSON Schema gives as the default: the share as it is written."""
    return {"default": share}


class WeightsModel(Model):
    """How much of the score each sign makes up; the three add to 100 %."""

    short: PartField = Field(description="Short calls, such as 55%.")
    unanswered: PartField = Field(description="Calls that nobody answers.")
    spread: PartField = Field(description="Always other numbers.")

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        keys = ("short", "unanswered", "spread")
        if isinstance(data, Mapping) and all(data.get(key) is not None for key in keys):
            total = total_of(data, keys, {})
            if total is not None and not 2 - WHOLE <= total <= WHOLE:
                yield fault(f"the weights add to {percent(total)}, not to 100%")


class LabelledModel(Model):
    """What people do when the phone shows a warning."""

    screened: PartField = Field(
        default=0.15, description="How many more calls a screening app turns away.", json_schema_extra=_default("15%")
    )
    declined: PartField = Field(
        default=0.10, description="How many more calls are pushed away.", json_schema_extra=_default("10%")
    )

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        total = total_of(data, ("screened", "declined"), {"screened": 0.15, "declined": 0.10})
        if total is not None and total > WHOLE:
            yield fault(f"the shares add to {percent(total)}, to more than 100%")


class AnalyticsModel(Model):
    """What a network thinks of caller IDs, by how they are used."""

    window: FixedTimeField = Field(
        default=Span(4 * 3600.0, 4 * 3600.0),
        description="How far back it looks.",
        json_schema_extra=_default("4h"),
    )
    calls: Annotated[int, whole_number(1, 10**6, "a number of calls, at least 1")] = Field(
        default=100, description="So many calls in the window are suspicious, if the rest is."
    )
    short_call: FixedTimeField = Field(
        default=Span(6.0, 6.0),
        description="An answered call that is shorter is a short one.",
        json_schema_extra=_default("6s"),
    )
    short_share: ShareField = Field(
        default=0.6,
        description="So many short calls of those answered are too many.",
        json_schema_extra=_default("60%"),
    )
    unanswered_share: ShareField = Field(
        default=0.8, description="So many calls that nobody answers are too many.", json_schema_extra=_default("80%")
    )
    spread: ShareField = Field(
        default=0.95,
        description="So many different numbers for each call are too many.",
        json_schema_extra=_default("95%"),
    )
    weights: WeightsModel = Field(
        default=WeightsModel(short=0.55, unanswered=0.25, spread=0.20),
        description="How much of the score each sign makes up.",
        json_schema_extra={"default": {"short": "55%", "unanswered": "25%", "spread": "20%"}},
    )
    labelled_at: ShareField = Field(
        default=0.4, description="The score from which phones show a warning.", json_schema_extra=_default("40%")
    )
    blocked_at: ShareField = Field(
        default=0.7, description="The score from which calls are blocked.", json_schema_extra=_default("70%")
    )
    recovery: FixedTimeField = Field(
        default=Span(6 * 3600.0, 6 * 3600.0),
        description="How long a bad reputation takes to halve, once nothing feeds it.",
        json_schema_extra=_default("6h"),
    )
    blocks: PartField = Field(
        default=0.7,
        description="How many calls of a blocked caller ID are blocked; the others pass.",
        json_schema_extra=_default("70%"),
    )
    silently: PartField = Field(
        default=0.1,
        description="How many of the blocked ones are dropped without a word.",
        json_schema_extra=_default("10%"),
    )
    labelled: LabelledModel = Field(
        default_factory=LabelledModel, description="What people do when the phone shows a warning."
    )
    exempt: NumberPatternField | None = Field(
        default=None, description="Caller IDs that are registered with the engines' free registry."
    )

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        keys = ("labelled_at", "blocked_at")
        low, high = (total_of(data, (key,), {"labelled_at": 0.4, "blocked_at": 0.7}) for key in keys)
        if low is not None and high is not None and low > high:
            key = "labelled_at" if data.get("labelled_at") is not None else "blocked_at"
            yield fault(
                f"labelled_at is {percent(low)} and blocked_at {percent(high)}: a caller ID is labelled before it is "
                "blocked",
                (key,),
            )


def faults(carrier: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    """What contradicts itself between several entries; locations are relative to ``carrier``."""
    yield from ()
