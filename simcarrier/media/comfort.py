"""Comfort noise as a payload (RFC 3389): how loud the background of a silent speaker is, in one byte and perhaps more.

The first byte is the level in -dBov; the bytes behind it, if any, are the shape of the spectrum, which we neither
send nor read. Payload type 13 is its number where the clock is 8,000 Hz.
"""

from __future__ import annotations

from typing import Final

from .errors import MediaError

PAYLOAD_TYPE: Final = 13
DBOV_DBM0: Final = 6.15
"""What 0 dBov, the power of a square wave of full scale, is in dBm0 (G.711: mu-law 6.18, A-law 6.15)."""

MOST_COEFFICIENTS: Final = 64


def payload(level: float) -> bytes:
    """The payload for noise of a level in dBm0."""
    return bytes([max(0, min(127, round(DBOV_DBM0 - level)))])


def level(data: bytes) -> float:
    """The level in dBm0 of a payload.

    Raises:
        MediaError: it is empty, too long, or its first bit is set.
    """
    if not data or len(data) > 1 + MOST_COEFFICIENTS or data[0] & 0x80:
        raise MediaError("no comfort noise")
    return DBOV_DBM0 - data[0]
