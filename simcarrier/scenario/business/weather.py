"""Weather: what goes wrong for a while."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field
from pydantic_core import InitErrorDetails

from ...conditions import Condition
from ..base import Location, fault, suggestion_or_list
from ..fields import PARAMETER, ConditionField, Flag, Line, NumberPatternField, ShareField, SpanField, Written
from ..units import shown
from .clock import Period

SLOW = "slow"
"""The one that refuses nothing: what happens to the call happens later."""

KINDS: dict[str, Condition | None] = {
    "outage": Condition.CARRIER_FAILURE,
    "silent": Condition.SILENT,
    "congestion": Condition.ROUTE_CONGESTED,
    "area_throttled": Condition.AREA_THROTTLED,
    "all_numbers_inactive": Condition.ALL_NUMBERS_INACTIVE,
    "stalled": Condition.STALLED_AFTER_TRYING,
    "mis_signalled": Condition.RINGING_MIS_SIGNALLED,
    SLOW: None,
}
"""What can go wrong, in short words, and what happens to a call then."""


def read_kind(value: Any) -> str:
    """One of `KINDS`."""
    if isinstance(value, str) and value in KINDS:
        return value
    hint = suggestion_or_list(value, KINDS) if isinstance(value, str) else ""
    raise ValueError(f"must be what goes wrong, such as outage, not {shown(value)}{hint}")


KindField = Annotated[str, Written(read_kind, {"anyOf": [{"type": "string", "enum": list(KINDS)}, PARAMETER]})]


class WeatherModel(Period):
    """Something that goes wrong for a while."""

    name: Line | None = Field(default=None, description="What reports call it; what goes wrong, if not said.")
    what: KindField | None = Field(default=None, description="What goes wrong, such as outage, congestion or slow.")
    condition: ConditionField | None = Field(
        default=None, description="In place of what: any condition, such as not_acceptable."
    )
    post_dial_delay: SpanField | None = Field(
        default=None, description="For slow: how long after 100 nothing more is heard, such as 4s..8s."
    )
    retry_after: SpanField | None = Field(
        default=None, description="When a caller may come back, in whole seconds, where the dialect tells it."
    )
    on: Flag = Field(default=True, description="false: it does not come by itself, only when switched on by hand.")
    to: NumberPatternField | None = Field(default=None, description="Calls to these numbers only, as dialled.")
    share: ShareField | None = Field(default=None, description="So many of the calls, drawn by chance, such as 40%.")

    @property
    def title(self) -> str:
        """What reports call it."""
        return self.name or self.what or str(self.condition)

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if not isinstance(data, Mapping):
            return
        if "what" in data and "condition" in data:
            yield fault('has "what" and "condition": exactly one of them says what goes wrong')
        elif "what" not in data and "condition" not in data:
            yield fault(f"does not say what goes wrong: add what: (one of {', '.join(KINDS)}) or condition:")
        what = data.get("what")
        slow = what == SLOW
        if slow and data.get("post_dial_delay") is None:
            yield fault("does not say how slow: add post_dial_delay: 4s..8s")
        elif not slow and "post_dial_delay" in data and ("condition" in data or str(what) in KINDS):
            yield fault('"post_dial_delay" goes with what: slow', ("post_dial_delay",))
        if slow and "retry_after" in data:
            yield fault('"retry_after" does not go with what: slow, which refuses nothing', ("retry_after",))


def faults(carrier: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    """What contradicts itself between several entries; locations are relative to ``carrier``."""
    fronts = carrier.get("weather")
    seen: dict[str, int] = {}
    for place, front in enumerate(fronts if isinstance(fronts, list | tuple) else ()):
        if not isinstance(front, Mapping):
            continue
        key = next((key for key in ("name", "what", "condition") if isinstance(front.get(key), str)), None)
        if key is None:
            continue
        title = front[key]
        if title in seen:
            what = "the name" if key == "name" else "no name, and would be called"
            other = f"weather[{seen[title]}]"
            why = f"has {what} {shown(title)} as {other} is: give each a name of its own"
            yield ("weather", place, *(("name",) if key == "name" else ())), why
        seen.setdefault(title, place)
