"""What becomes of a caller ID that wears out."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ..fields import ShareField
from .base import ConductModel
from .fields import Codes, CodesField, Some, Time


class WornCaller(ConductModel):
    """What both have in common."""

    codes: CodesField = Field(default=Codes.parse("603"), description="Which responses count.")
    window: Time = Field(default=4 * 3600.0, description="Over which time; calls before it do not count.")
    among: Some = Field(default=20, description="Judged from so many calls of the caller in the window on.")


class SlowDownAbove(WornCaller):
    """A caller ID whose calls are declined too often is used less."""

    key: ClassVar[str] = "slow_down_above"
    reason: ClassVar[str] = "At 15 % of 603 a number is slowed down automatically, without waiting for a human."
    premise: ClassVar[str] = "no caller passed that share"

    slow_down_above: ShareField = Field(description="Above which share of its calls, such as 15%.")
    pace: ShareField = Field(default=0.5, description="Which part of its pace before it may keep, in calls per time.")
    within: Time = Field(default=60.0, description="How long after the share was passed the pace is looked at.")


class TakeOutAbove(WornCaller):
    """A caller ID whose calls are declined too often is not used any more."""

    key: ClassVar[str] = "take_out_above"
    reason: ClassVar[str] = (
        "Above 5 % of 603 over four hours a number is taken out of dialling, its label looked up, "
        "and the reason found before it goes back."
    )
    premise: ClassVar[str] = "no caller passed that share"

    take_out_above: ShareField = Field(description="Above which share of its calls, such as 5%.")
    within: Time = Field(default=60.0, description="How long after the share was passed calls may still come.")
    rest: Time | None = Field(default=None, description="For how long it stays out; the window if not said.")
