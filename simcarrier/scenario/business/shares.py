"""Shares that may be nothing, and sums of them.

`ShareField` of the language is above 0 %. What people do, and what an engine makes of it, may well be nothing at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from ..fields import PARAMETER, Written
from ..units import SHARE_PATTERN, shown

WHOLE = 1 + 1e-9
"""What shares may add to: a third is written 33.3%, and floats are floats."""

_SHARE = re.compile(SHARE_PATTERN)


def parse_part(value: object) -> float:
    """A share from ``0%`` to ``100%``, as a number from 0 to 1.

    Raises:
        ValueError: it is no such share.
    """
    if isinstance(value, float):
        return value
    text = value.strip() if isinstance(value, str) else ""
    if not _SHARE.match(text) or float(text[:-1]) > 100:
        raise ValueError(f"must be a share from 0% to 100%, such as 15%, not {shown(value)}")
    return float(text[:-1]) / 100


def total_of(data: Any, keys: Sequence[str], defaults: Mapping[str, float]) -> float | None:
    """What written shares add to; None if one of them is no share, which is told where it stands.

    Args:
        data: a raw mapping.
        keys: which of its keys are added.
        defaults: what counts where a key is not written.
    """
    try:
        return sum(defaults.get(key, 0.0) if data.get(key) is None else parse_part(data[key]) for key in keys)
    except (ValueError, TypeError, AttributeError):
        return None


def percent(share: float) -> str:
    """A share as it is told: ``8%``, ``2.5%``."""
    return f"{share * 100:.3g}%"


PartField = Annotated[
    float,
    Written(parse_part, {"anyOf": [{"type": "string", "pattern": SHARE_PATTERN, "examples": ["15%"]}, PARAMETER]}),
]
