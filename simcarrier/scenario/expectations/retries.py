"""Who is called again, when, and how."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from ..business.fields import one_of
from .base import ConductModel
from .fields import Codes, CodesField, Some, Time, only


class BlockedNumbers(ConductModel):
    """A number that was refused for good is not called again."""

    key: ClassVar[str] = "blocked_numbers"
    reason: ClassVar[str] = (
        "A block (603+, 608) or an unwanted call (607) is not lifted by trying again: it wears the number out. "
        "Another caller ID evades the block, which makes it worse; so by default any call to the number counts."
    )
    premise: ClassVar[str] = "no call was refused like that"

    blocked_numbers: Annotated[str, only("left_alone")] = Field(description="What must become of them.")
    codes: CodesField = Field(
        default=Codes.parse(["603+", "607", "608"]),
        description="By which responses; 603+ is a 603 that says Network Blocked.",
    )
    scope: Annotated[str, one_of("number", "number_and_caller")] = Field(
        default="number", description="Left alone by every caller ID, or only by the one that was refused."
    )
    rest: Time | None = Field(default=None, description="For how long; to the end of the run if not said.")


class RetryAfter(ConductModel):
    """After a response with Retry-After nothing comes until that time is over."""

    key: ClassVar[str] = "retry_after"
    reason: ClassVar[str] = (
        "Retry-After in a 503 names the seconds for which no further request should go to that server "
        "(RFC 3261 section 21.5.4); in a 480, 486, 600 or 603 those for which the person called can't be reached."
    )
    premise: ClassVar[str] = "no response had a Retry-After"

    retry_after: Annotated[str, only("honoured")] = Field(description="What is done about it.")
    scope: Annotated[str, one_of("by_code", "trunk", "number")] = Field(
        default="by_code",
        description="What must rest: the trunk and listener (500 and 503), the number (any other code), or always one.",
    )
    tolerance: Time = Field(default=0.5, description="How much earlier a call may come.")


class Failover(ConductModel):
    """A call that failed for the carrier's reasons is tried again elsewhere, or soon."""

    key: ClassVar[str] = "failover"
    reason: ClassVar[str] = "503 is about the route and not about the number: another route may have room."
    premise: ClassVar[str] = "no call was refused like that"

    failover: CodesField = Field(description="After which responses, such as 503.")
    within: Time = Field(default=10.0, description="How long after the response the next try must begin.")
    through: Annotated[str, one_of("any", "other")] = Field(
        default="any", description="By any way, or by another listener or trunk than the one that refused."
    )


class NoFailover(ConductModel):
    """A call that the person called refused is not tried elsewhere."""

    key: ClassVar[str] = "no_failover"
    reason: ClassVar[str] = (
        "486 and 603 come from the person called or the phone: another route rings at the same phone, and annoys."
    )
    premise: ClassVar[str] = "no call was refused like that"

    no_failover: CodesField = Field(description="After which responses, such as [486, 603].")
    within: Time = Field(default=10.0, description="For how long after the response the number must not be called.")


class NumberForm(ConductModel):
    """A number that is not found is dialled in another form, not again in the same."""

    key: ClassVar[str] = "number_form"
    reason: ClassVar[str] = (
        "404 for a number that exists may be about its form: the carrier knows the trunk prefix 8 and not 7. "
        "The gateway converts it; the number is not struck off the list."
    )
    premise: ClassVar[str] = "no number was refused like that"

    number_form: Annotated[str, only("converted")] = Field(description="What must become of it.")
    codes: CodesField = Field(default=Codes.parse("404"), description="By which responses.")
    within: Time = Field(default=60.0, description="How long after the response the other form must be dialled.")
    same_digits: Some = Field(default=9, description="How many last digits two forms of a number share.")
