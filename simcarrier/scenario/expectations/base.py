"""What all expectations have in common."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ..base import Model
from ..fields import NumberPatternField
from .fields import Count


class ExpectationModel(Model):
    """An expectation; ``key`` is the key that it is told by.

    Attributes:
        reason: why a carrier, or whoever pays the dialler, cares.
        premise: what must happen for it to be judged, as it is said when it did not: ``no call stalled``.
        wire: it can only be judged by the messages, so a simulation leaves it out.
    """

    key: ClassVar[str]
    reason: ClassVar[str]
    premise: ClassVar[str] = ""
    wire: ClassVar[bool] = False


class ConductModel(ExpectationModel):
    """An expectation of how the dialler goes on when something happens to its calls."""

    to: NumberPatternField | None = Field(default=None, description="Only calls to these numbers.")
    from_: NumberPatternField | None = Field(default=None, alias="from", description="Only calls from these numbers.")
    at_least: Count = Field(
        default=1, description="So many occasions at least must have come up; 0 if none is fine as well."
    )
