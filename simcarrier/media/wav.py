"""Announcements from WAV files: of any rate, width and number of channels, made into 8,000 samples a second.

Channels are averaged. Another rate is converted by soxr, whose filter cuts off what lies above half the lower rate;
without a filter it would come back as noise within the speech. A file of 8,000 Hz needs neither soxr nor NumPy.
"""

from __future__ import annotations

import sys
import wave
from array import array
from pathlib import Path
from typing import Final

from simcarrier.extras import needed

from .errors import SoundError
from .g711 import RATE

LONGEST: Final = 600
"""Seconds of a file; ten minutes of G.711 are five megabytes, and an announcement is shorter."""

RATES: Final = range(4_000, 192_001)


def read(path: Path) -> array[int]:
    """The sound of a file.

    Returns:
        Samples of 16 bits, one channel, 8,000 a second.

    Raises:
        SoundError: it cannot be opened, or is no file of linear samples; told with its name and what to do.
        MissingExtra: it has another rate, and soxr is not installed.
    """
    try:
        with wave.open(str(path), "rb") as file:
            channels, width, rate, frames = (
                file.getnchannels(),
                file.getsampwidth(),
                file.getframerate(),
                file.getnframes(),
            )
            if rate not in RATES:
                raise SoundError(f"{path}: {rate} samples a second; between {RATES[0]} and {RATES[-1]} can be read")
            if not 1 <= width <= 4:
                raise SoundError(f"{path}: samples of {8 * width} bits; 8, 16, 24 and 32 can be read")
            if frames > LONGEST * rate:
                raise SoundError(f"{path}: longer than {LONGEST // 60} minutes")
            data = file.readframes(frames)
    except OSError as error:
        raise SoundError(f"{path}: {error.strerror or error}") from None
    except (wave.Error, EOFError, RuntimeError) as error:
        # wave raises RuntimeError for sizes that do not fit each other.
        why = str(error) or "it ends too early"
        raise SoundError(
            f"{path}: not a WAV file of linear samples ({why}); `sox IN -e signed -b 16 OUT.wav` makes one"
        ) from None
    samples = _mixed(_sixteen(data[: len(data) // (width * channels) * width * channels], width), channels)
    if not samples:
        raise SoundError(f"{path}: no sound in it")
    return samples if rate == RATE else _resampled(samples, rate)


def _sixteen(data: bytes, width: int) -> array[int]:
    """Samples of any width as 16 bits, rounded towards minus infinity; those of 8 bits count from 0 to 255."""
    if width == 1:
        return array("h", [(byte - 128) << 8 for byte in data])
    if width > 2:
        # The two upper bytes, for WAV is little-endian.
        upper = bytearray(len(data) // width * 2)
        upper[0::2], upper[1::2] = data[width - 2 :: width], data[width - 1 :: width]
        data = bytes(upper)
    samples = array("h")
    samples.frombytes(data)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _mixed(samples: array[int], channels: int) -> array[int]:
    if channels == 1:
        return samples
    return array("h", [sum(samples[at : at + channels]) // channels for at in range(0, len(samples), channels)])


def _resampled(samples: array[int], rate: int) -> array[int]:
    with needed("media", {"soxr": "announcements of another rate than 8000 Hz need", "numpy": "soxr needs"}):
        import numpy
        import soxr  # type: ignore[import-untyped]  # it has no types
    out = array("h")
    out.frombytes(soxr.resample(numpy.array(samples, dtype=numpy.int16), rate, RATE, quality="HQ").tobytes())
    return out
