"""How a number may be written to be sent as it is: the user part of a SIP URI, without escapes (RFC 3261)."""

from __future__ import annotations

import re

LONGEST = 64

_SENDABLE = re.compile(r"[A-Za-z0-9+*._~()-]{1,64}")


def is_sendable(number: str) -> bool:
    """Whether it can stand in a SIP URI as it is, so that what is looked at is what is sent."""
    return _SENDABLE.fullmatch(number) is not None
