"""The policy of pacing, as a file says it; `pacing.yaml` is the one that ships, and explains itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from pydantic_core import InitErrorDetails

from simcarrier.scenario.base import Model, fault
from simcarrier.scenario.business.distributions import FixedTimeField
from simcarrier.scenario.fields import ShareField, Written, whole_number
from simcarrier.scenario.units import Span, parse_share, shown

from .reading import read_model, text_of
from .rules import TimesField

MOST_STEPS = 20

_Calls = Annotated[int, whole_number(1, 10**6, "a number of calls, at least 1")]


def _time(seconds: float) -> Span:
    return Span(seconds, seconds)


def read_codes(value: Any) -> tuple[int, ...]:
    """One code of a refusal, or a list of them."""
    codes = []
    for each in value if isinstance(value, list | tuple) else [value]:
        text = str(each)
        if not (text.isascii() and text.isdecimal() and len(text) == 3 and 300 <= int(text) <= 699):
            raise ValueError(f"must be codes from 300 to 699, such as [603, 608], not {shown(each)}")
        codes.append(int(text))
    if not codes:
        raise ValueError("must not be an empty list")
    return tuple(dict.fromkeys(codes))


def read_steps(value: Any) -> tuple[float, ...]:
    """Shares, each larger than the one before."""
    steps = tuple(parse_share(each) for each in (value if isinstance(value, list | tuple) else [value]))
    if not 0 < len(steps) <= MOST_STEPS or any(a >= b for a, b in pairwise(steps)):
        raise ValueError(f"must be up to {MOST_STEPS} shares, each larger than the one before")
    return steps


class SlowModel(Model):
    """When a number is slowed down."""

    above: ShareField = Field(default=0.15, description="It is slowed down when a larger share is declined.")
    window: FixedTimeField = Field(default=_time(1800.0), description="How far back it looks.")
    at_least: _Calls = Field(default=10, description="Fewer calls in the window say nothing.")
    to: ShareField = Field(default=0.25, description="What is left of `calls_per_hour`.")


class RestModel(Model):
    """When a number rests."""

    above: ShareField = Field(default=0.05, description="It rests when a larger share is declined.")
    window: FixedTimeField = Field(default=_time(14_400.0), description="How far back it looks.")
    at_least: _Calls = Field(default=40, description="Fewer calls in the window say nothing.")
    for_: FixedTimeField = Field(default=_time(14_400.0), alias="for", description="How long it rests.")
    longer: TimesField = Field(
        default=Fraction(2), description="After a failed comeback the rest is so many times as long as the one before."
    )
    at_most: FixedTimeField = Field(default=_time(172_800.0), description="The longest rest.")

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if isinstance(data, Mapping) and isinstance(data.get("for"), str) and isinstance(data.get("at_most"), str):
            from simcarrier.scenario.units import parse_duration

            try:
                backwards = parse_duration(data["for"]) > parse_duration(data["at_most"])
            except ValueError:
                return  # told elsewhere
            if backwards:
                yield fault('must not be shorter than "for"', ("at_most",))


class RecoverModel(Model):
    """How a number comes back."""

    steps: Annotated[tuple[float, ...], Written(read_steps, {"type": ["array", "string"]})] = Field(
        default=(0.25, 0.5, 0.75), description="Shares of `calls_per_hour`, one after the other; then all of it."
    )
    each: FixedTimeField = Field(default=_time(3600.0), description="How long a step takes.")
    at_least: _Calls = Field(default=10, description="Calls since the rest before they can make it rest again.")


class Policy(Model):
    """How fast a number may call, and when it rests."""

    calls_per_hour: Annotated[int, whole_number(1, 10**6, "a number of calls, at least 1")] = Field(
        default=12, description="Of one number that nothing is held against."
    )
    declined: Annotated[tuple[int, ...], Written(read_codes, {"type": ["array", "integer"]})] = Field(
        default=(603, 607, 608), description="Final responses that say: not from this number."
    )
    slow: SlowModel = Field(default_factory=SlowModel, description="When it is slowed down.")
    rest: RestModel = Field(default_factory=RestModel, description="When it rests.")
    recover: RecoverModel = Field(default_factory=RecoverModel, description="How it comes back.")


def load_policy(path: Path | None = None) -> Policy:
    """Read a policy; the one that ships if none is named.

    Raises:
        simcarrier.scenario.faults.ScenarioError: with every fault of the file.
    """
    return read_policy(*text_of(path, "pacing.yaml", "policy"))


def read_policy(text: str, name: str = "<text>") -> Policy:
    """Read a policy from a text.

    Raises:
        simcarrier.scenario.faults.ScenarioError: with every fault of the text.
    """
    return read_model(Policy, text, name, "policy", "calls_per_hour, slow and rest")


def in_milliseconds(span: Span) -> int:
    """A fixed time in milliseconds."""
    return round(span.low * 1000)
