"""What was agreed with the carrier: lines, and calls per second."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from .base import ConductModel
from .fields import Count, Time, only


class LinesObeyed(ConductModel):
    """No more calls at once than there are lines."""

    key: ClassVar[str] = "lines"
    reason: ClassVar[str] = "A call above the lines is refused, by 603 at some carriers, and counts against the number."
    premise: ClassVar[str] = "no call came"

    lines: Annotated[str, only("obeyed")] = Field(description="What is done about them.")
    at_most: Count | None = Field(
        default=None, description="So many calls at once; the lines of the carrier and of each trunk if not said."
    )


class CallsPerSecond(ConductModel):
    """No more new calls in any second than agreed."""

    key: ClassVar[str] = "calls_per_second"
    reason: ClassVar[str] = "Above the agreed calls per second a carrier refuses by 503, 480 or 486, at random."
    premise: ClassVar[str] = "no call came"

    calls_per_second: Annotated[str, only("obeyed")] = Field(description="What is done about them.")
    at_most: Count | None = Field(
        default=None, description="So many in a second; the calls_per_second of each trunk if not said."
    )
    tolerance: Time = Field(
        default=0.05, description="By how much the second is shortened, for the jitter on the way here."
    )
