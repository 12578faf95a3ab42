"""A voice: espeak-ng, where it is installed. A text is spoken once, when a scenario is loaded, and kept."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from array import array
from functools import lru_cache
from pathlib import Path
from typing import Final

from simcarrier.extras import MissingExtra
from simcarrier.media import wav
from simcarrier.media.errors import SoundError
from simcarrier.media.program import LONGEST_TEXT

PROGRAM: Final = "espeak-ng"
TIMEOUT: Final = 10.0
"""Seconds for a text; espeak-ng speaks a hundred times faster than a person."""

KEPT: Final = 64
"""Texts kept, at most 1 MB each."""


@lru_cache(maxsize=KEPT)
def speak(text: str) -> array[int] | None:
    """Samples of a text, 16 bits, 8,000 a second.

    Args:
        text: at most 1,000 letters are spoken.

    Returns:
        None if there is no voice: no espeak-ng, or no soxr for its rate of 22,050 Hz, or it failed.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        return None
    with tempfile.TemporaryDirectory(prefix="simcarrier-") as folder:
        path = Path(folder) / "spoken.wav"
        try:
            # By stdin: a text that begins with a dash is no option.
            done = subprocess.run(
                [program, "-w", str(path), "--stdin"],
                input=text[:LONGEST_TEXT].encode("utf-8", "replace"),
                capture_output=True,
                timeout=TIMEOUT,
                check=False,
            )
            return wav.read(path) if done.returncode == 0 else None
        except (OSError, subprocess.SubprocessError, SoundError, MissingExtra):
            return None
