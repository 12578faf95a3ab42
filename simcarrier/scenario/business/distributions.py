"""How long things take among people: not evenly between two times, but mostly short, and now and then very long.

Three ways to write a time that is drawn anew for each call:

- ``12s`` or ``2s..6s``: a `Span`, always the same or evenly spread.
- ``{mean: 40s}``: exponential. It has no memory: however long it has lasted, it is as likely to end in the next second.
- ``{median: 40s, p90: 180s}``: log-normal. Half are shorter than the median, one in ten is longer than ``p90``. The
  lengths of real conversations, and of ringing until somebody answers, look like this.

The tails are cut: a draw that is longer than any that a person would wait for would only keep a line busy until the run
is over.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic.json_schema import JsonSchemaValue

from ..base import suggestion
from ..fields import PARAMETER, Written
from ..units import DURATION_PATTERN, LONGEST, SPAN_PATTERN, Span, parse_duration, shown

TAIL = 10
"""No draw is longer than so many times the mean, or the p90. One exponential draw in 22,000 would be."""

P90 = 1.2815515655446004
"""The ninetieth percentile of the standard normal distribution."""

WAYS = "a time such as 12s, a range such as 2s..6s, {mean: 40s} or {median: 40s, p90: 180s}"


def _written(seconds: float) -> str:
    return f"{seconds:g}s"


@dataclass(frozen=True, slots=True)
class Exponential:
    """A time with a mean and no memory, in seconds."""

    mean: float

    def sample(self, rng: random.Random) -> float:
        """A time in seconds."""
        mean = self.mean
        return min(rng.expovariate(1.0) * mean, TAIL * mean, LONGEST)

    def __str__(self) -> str:
        return f"{{mean: {_written(self.mean)}}}"


@dataclass(frozen=True, slots=True)
class LogNormal:
    """A time whose logarithm is normal: half are below ``median``, nine in ten below ``p90``; both in seconds."""

    median: float
    p90: float

    def sample(self, rng: random.Random) -> float:
        """A time in seconds."""
        sigma = math.log(self.p90 / self.median) / P90
        return min(rng.lognormvariate(math.log(self.median), sigma), TAIL * self.p90, LONGEST)

    def __str__(self) -> str:
        return f"{{median: {_written(self.median)}, p90: {_written(self.p90)}}}"


Distribution = Span | Exponential | LogNormal


def parse_distribution(value: Any) -> Distribution:
    """Read a span, ``{mean: 40s}`` or ``{median: 40s, p90: 180s}``.

    Raises:
        ValueError: it is none of these, or the percentile does not lie above the median.
    """
    if isinstance(value, Span | Exponential | LogNormal):
        return value
    if not isinstance(value, Mapping):
        if not isinstance(value, str):
            raise ValueError(f"must be {WAYS}, not {shown(value)}")
        return Span.parse(value)
    for key in value:
        if key not in ("mean", "median", "p90"):
            hint = suggestion(str(key), ("mean", "median", "p90"))
            raise ValueError(f"must be {WAYS}; there is no {shown(key)} in it{hint}")
    if set(value) not in ({"mean"}, {"median", "p90"}):
        raise ValueError(f"must be {WAYS}: mean stands alone, median and p90 stand together")
    seconds = {key: _above_zero(key, text) for key, text in value.items()}
    if "mean" in seconds:
        return Exponential(seconds["mean"])
    if seconds["p90"] <= seconds["median"]:
        raise ValueError(
            "must have a p90 above its median: nine in ten are shorter than it, half shorter than the median"
        )
    return LogNormal(seconds["median"], seconds["p90"])


def _above_zero(key: str, text: object) -> float:
    try:
        seconds = parse_duration(text)
    except ValueError as why:
        raise ValueError(f"must be {WAYS}; its {key} {why}") from None
    if not seconds:
        raise ValueError(f"must be {WAYS}; its {key} must be above 0s")
    return seconds


def parse_fixed(value: object) -> Span:
    """A single time above 0, as a span that is always that long.

    Raises:
        ValueError: it is no such time.
    """
    if isinstance(value, Span):
        return value
    seconds = parse_duration(value)
    if not seconds:
        raise ValueError(f"must be a time above 0s, such as 4h, not {shown(value)}")
    return Span(seconds, seconds)


_TIME: JsonSchemaValue = {"type": "string", "pattern": rf"^{DURATION_PATTERN}$|\$"}


def _object(*keys: str) -> JsonSchemaValue:
    properties = dict.fromkeys(keys, _TIME)
    return {"type": "object", "properties": properties, "required": list(keys), "additionalProperties": False}


DistributionField = Annotated[
    Distribution,
    Written(
        parse_distribution,
        {
            "anyOf": [
                {"type": "string", "pattern": SPAN_PATTERN, "examples": ["2s..6s"]},
                PARAMETER,
                _object("mean"),
                _object("median", "p90"),
            ]
        },
    ),
]
FixedTimeField = Annotated[
    Span,
    Written(
        parse_fixed, {"anyOf": [{"type": "string", "pattern": rf"^{DURATION_PATTERN}$", "examples": ["4h"]}, PARAMETER]}
    ),
]
