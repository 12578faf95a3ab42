"""G.711: speech of 8,000 samples a second in eight bits each, by mu-law or A-law (ITU-T G.711).

Both laws are a sign, a segment of three bits and a step of four: within a segment the steps are even, and from one
segment to the next they double. Mu-law works on 14 bits and adds a bias of 33 first, so that every segment begins at
a power of two; its bytes go out inverted. A-law works on 13 bits, its lowest two segments have the same step, and
every other bit of its bytes is inverted (0x55), so that silence is no row of zeros.

Samples here are of 16 bits, as everywhere else in audio: mu-law in steps of 4, A-law in steps of 8. A sample is cut
down to the bits of the law before it is looked up, so one between two decision values belongs to the step that it
lies in.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

RATE: Final = 8000
"""Samples a second."""

OVERLOAD_DBM0: Final = 3.17
"""Level of the loudest sine that mu-law takes; A-law has 3.14, the difference is nothing to us."""

OVERLOAD: Final = 32_636
"""Its peak: the decision value 8159 of 14 bits in 16."""

PEAK: Final = 32_124
"""The largest sample that mu-law gives back."""

_BIAS: Final = 33
_LARGEST: Final = 8158


def _mu_byte(sample: int) -> int:
    """The byte of a sample of 14 bits."""
    sign = 0x80 if sample < 0 else 0
    # Minus one lies in the step of nought, as in G.711's table 2b: magnitudes count from the sign, not from below.
    magnitude = min(abs(sample), _LARGEST) + _BIAS
    segment = magnitude.bit_length() - 6
    return ~(sign | segment << 4 | (magnitude >> (segment + 1)) & 0x0F) & 0xFF


def _mu_sample(byte: int) -> int:
    """The sample of 16 bits that a byte stands for."""
    byte = ~byte & 0xFF
    magnitude = ((((byte & 0x0F) << 1) + _BIAS) << (byte >> 4 & 7)) - _BIAS
    return (-magnitude if byte & 0x80 else magnitude) * 4


def _a_byte(sample: int) -> int:
    """The byte of a sample of 13 bits."""
    sign = 0x80 if sample >= 0 else 0
    magnitude = sample if sample >= 0 else ~sample  # -1 mirrors 0: A-law has no step around nought
    segment = max(magnitude.bit_length() - 5, 0)
    return (sign | segment << 4 | (magnitude >> max(segment, 1)) & 0x0F) ^ 0x55


def _a_sample(byte: int) -> int:
    """The sample of 16 bits that a byte stands for."""
    byte ^= 0x55
    segment, step = byte >> 4 & 7, byte & 0x0F
    magnitude = (step << 1) + 1 if segment == 0 else ((step << 1) + 33) << (segment - 1)
    return (magnitude if byte & 0x80 else -magnitude) * 8


def root_mean_square(dbm0: float) -> float:
    """The size of samples of 16 bits that have a level in dBm0."""
    return float(OVERLOAD / 2**0.5 * 10 ** ((dbm0 - OVERLOAD_DBM0) / 20))


@dataclass(frozen=True)
class Law:
    """One of the two laws.

    Attributes:
        name: the encoding's name in SDP.
        payload_type: its number in RTP (RFC 3551).
        silence: the byte of nought.
    """

    name: str
    payload_type: int
    silence: int

    @cached_property
    def decoded(self) -> array[int]:
        """The samples of the 256 bytes."""
        sample = _mu_sample if self.payload_type == 0 else _a_sample
        return array("h", [sample(byte) for byte in range(256)])

    @cached_property
    def _encoded(self) -> bytes:
        """The bytes of the 16,384 samples of 14 bits, negative ones behind the others, as indices count."""
        if self.payload_type == 0:
            return bytes(_mu_byte(sample) for sample in (*range(0x2000), *range(-0x2000, 0)))
        return bytes(_a_byte(sample >> 1) for sample in (*range(0x2000), *range(-0x2000, 0)))

    def encode(self, samples: Iterable[int]) -> bytes:
        """Samples of 16 bits as bytes; what goes beyond 16 bits is a fault of the caller's and wraps around."""
        table = self._encoded
        return bytes([table[sample >> 2 & 0x3FFF] for sample in samples])

    def decode(self, data: bytes) -> array[int]:
        """Bytes as samples of 16 bits."""
        table = self.decoded
        return array("h", [table[byte] for byte in data])


MU_LAW: Final = Law("PCMU", 0, 0xFF)
A_LAW: Final = Law("PCMA", 8, 0xD5)
LAWS: Final = {MU_LAW.payload_type: MU_LAW, A_LAW.payload_type: A_LAW}
"""Both, by their numbers in RTP."""
