"""Caller policy: which caller IDs a carrier routes, where it looks for them, and what becomes of hidden ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from ..base import Location, Model
from ..fields import NumberPatternField


class CallersModel(Model):
    """Which caller IDs the carrier lets through."""

    routed: NumberPatternField | None = Field(
        default=None, description="The caller IDs that the carrier routes; all if not said."
    )
    look_in: Literal["from", "p_asserted_identity", "both", "either"] = Field(
        default="from",
        description="What must be routed: the number in From, the one in P-Asserted-Identity, both, or either.",
    )
    anonymous: Literal["allow", "refuse"] = Field(
        default="allow", description="What becomes of callers that hide their number."
    )
    forms: Literal["normalised", "as_sent"] = Field(
        default="normalised",
        description="Whether caller IDs are brought into E.164 form by the numbering plan before they are compared.",
    )


def faults(carrier: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    """What contradicts itself between several entries; locations are relative to ``carrier``."""
    callers = carrier.get("callers")
    if not isinstance(callers, Mapping):
        return
    if not callers:
        yield ("callers",), "says nothing: add routed or anonymous"
    short, long = carrier.get("routed_callers") is not None, callers.get("routed") is not None
    if short and long:
        yield (
            ("routed_callers",),
            "routed_callers is short for routed in callers, which is there too: write one of them",
        )
    customers = carrier.get("customers")
    own = isinstance(customers, list | tuple) and any(
        isinstance(customer, Mapping) and customer.get("routed_callers") is not None for customer in customers
    )
    if not (short or long or own):
        for key in ("look_in", "forms"):
            if key in callers:
                yield ("callers", key), f"{key} means nothing without caller IDs that are routed: add routed"
    numbering = carrier.get("numbering")
    country = numbering.get("country") if isinstance(numbering, Mapping) else None
    if callers.get("forms") == "normalised" and country is None:
        yield ("callers", "forms"), "caller IDs can't be normalised without a country: add it to numbering"
