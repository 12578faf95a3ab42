"""What must happen in time."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from ..business.fields import one_of
from .base import ConductModel
from .fields import Time, only


class StalledCalls(ConductModel):
    """A call that stays at 100 is cancelled in time, and the 487 acknowledged."""

    key: ClassVar[str] = "stalled_calls"
    reason: ClassVar[str] = (
        "After 100 the next response comes within 0.1 to 3 s. No timer of SIP ends a call that stays there: "
        "it holds a line and an agent until the dialler cancels it, usually after 10 s."
    )
    premise: ClassVar[str] = "no call stalled"

    stalled_calls: Annotated[str, only("cancelled")] = Field(description="What must become of them.")
    after_trying: Time = Field(default=10.0, description="How long after the 100 the CANCEL is to come.")
    tolerance: Time = Field(default=0.5, description="How much earlier or later it may come.")


class AnsweredCalls(ConductModel):
    """An answered call is ended by BYE, by the dialler or the carrier."""

    key: ClassVar[str] = "answered_calls"
    reason: ClassVar[str] = "A call that nobody ends costs money by the minute, and a line."
    premise: ClassVar[str] = "no call was answered"

    answered_calls: Annotated[str, only("ended")] = Field(description="What must become of them.")
    within: Time | None = Field(default=None, description="The longest time from answer to BYE; any if not said.")


class PostDialDelay(ConductModel):
    """The time from the INVITE to the first ringing, progress or answer."""

    key: ClassVar[str] = "post_dial_delay"
    reason: ClassVar[str] = "Who has waited for long in silence hangs up: the delay of a route is a figure to keep."
    premise: ClassVar[str] = "no call rang or was answered"

    post_dial_delay: Annotated[str, one_of("p50", "p90", "p95", "p99", "longest")] = Field(
        description="Which figure of all calls that rang or were answered: p95 is what 95 % of them do not exceed."
    )
    at_most: Time = Field(description="The limit.")
