"""Counts and shares of calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field
from pydantic_core import InitErrorDetails

from ..base import Model, fault
from ..business.fields import one_of
from ..fields import ConditionField, NumberPatternField, Text
from .base import ExpectationModel
from .fields import Bound, CodesField, Count, Some

Each = Annotated[str, one_of("caller", "number", "trunk", "customer")]


class CallFilter(Model):
    """Which calls are meant; all conditions must hold."""

    to: NumberPatternField | None = Field(default=None, description="The called number.")
    from_: NumberPatternField | None = Field(default=None, alias="from", description="The calling number.")
    code: CodesField | None = Field(
        default=None, description="The final status: a code, 4xx, 603+, none, or a list of them."
    )
    condition: ConditionField | None = Field(default=None, description="What really happened to the call.")
    rule: Text | None = Field(default=None, description="The name of the rule that took the call.")
    trunk: Text | None = Field(default=None, description="The trunk that it came by.")
    customer: Text | None = Field(default=None, description="Whose call it was.")

    def __str__(self) -> str:
        said = (
            ("to", self.to),
            ("from", self.from_),
            ("with code", self.code),
            ("of condition", self.condition),
            ("by rule", self.rule),
            ("through trunk", self.trunk),
            ("of customer", self.customer),
        )
        return " ".join(f"{name} {value}" for name, value in said if value is not None)


class CountExpectation(ExpectationModel):
    """So many calls of a kind, in all or for each number."""

    key: ClassVar[str] = "calls"
    reason: ClassVar[str] = "Every number of the list is called, and none more often than it should be."

    calls: CallFilter = Field(description="Which calls are counted; {} for all.")
    each: Each | None = Field(default=None, description="Count apart for each caller, number, trunk or customer.")
    at_least: Count | None = Field(default=None, description="So many at least.")
    at_most: Count | None = Field(default=None, description="So many at most.")
    exactly: Count | None = Field(default=None, description="Just so many; stands alone.")

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if not isinstance(data, Mapping):
            return
        bounds = [key for key in ("at_least", "at_most", "exactly") if data.get(key) is not None]
        if not bounds:
            yield fault("does not say how many: add at_least, at_most or exactly")
        elif "exactly" in bounds and len(bounds) > 1:
            yield fault(f"has exactly and {bounds[0]}: exactly stands alone", (bounds[0],))


class ShareExpectation(ExpectationModel):
    """A share of calls of a kind among calls of another, in all or for each number."""

    key: ClassVar[str] = "share"
    reason: ClassVar[str] = (
        "Rates show what counts hide: 5 % of 603 on one number asks for a look at it, 8 to 10 % of 480 for a new list."
    )
    premise: ClassVar[str] = "no such call"

    share: CallFilter = Field(description="Which calls are counted.")
    of: CallFilter = Field(default_factory=CallFilter, description="Among which calls; all if not said.")
    each: Each | None = Field(default=None, description="A share for each caller, number, trunk or customer.")
    at_least: Bound | None = Field(default=None, description="Such a share at least.")
    at_most: Bound | None = Field(default=None, description="Such a share at most.")
    among: Some = Field(default=1, description="Judged from so many calls on; a caller with fewer is passed over.")

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if isinstance(data, Mapping) and data.get("at_least") is None and data.get("at_most") is None:
            yield fault("does not say how large: add at_least or at_most")
