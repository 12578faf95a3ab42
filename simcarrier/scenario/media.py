"""The carrier's audio: its ports, and where it may go."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field

from .base import Model
from .business.fields import one_of
from .fields import PARAMETER, NetworksField, Written
from .units import shown

_RANGE = re.compile(r"(\d{1,5})\.\.(\d{1,5})")


def read_ports(value: Any) -> tuple[int, int]:
    """``20000..20999``: the first and the last port."""
    if isinstance(value, tuple):
        return value
    found = _RANGE.fullmatch(value) if isinstance(value, str) else None
    if found is not None:
        low, high = int(found[1]), int(found[2])
        if low >= 1024 and high <= 65535 and low + low % 2 < high:
            return low, high
    raise ValueError(f"must be a range of ports from 1024 to 65535 such as 20000..20999, not {shown(value)}")


PortsField = Annotated[
    tuple[int, int],
    Written(read_ports, {"anyOf": [{"type": "string", "pattern": r"^\d{1,5}\.\.\d{1,5}$"}, PARAMETER]}),
]


class MediaModel(Model):
    """The carrier's audio."""

    ports: PortsField = Field(
        default=(20000, 29999), description="For RTP and the RTCP beside it; a call takes an even one and the next."
    )
    send_first: Annotated[str, one_of("loopback", "always", "never")] = Field(
        default="loopback", description="To whom audio goes before any came from there."
    )
    also_to: NetworksField | None = Field(
        default=None,
        description="Addresses or networks where audio may go, beside the address that the call comes from.",
    )
