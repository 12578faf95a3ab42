"""What came, as a WAV file: 16 bits, 8,000 a second, one channel. What was lost or not sent is silence."""

from __future__ import annotations

import io
import wave
from array import array
from typing import Final

from simcarrier.media.g711 import LAWS, RATE
from simcarrier.media.rtp import Packet

from .timeline import Stretch, Timeline

WIDTH: Final = 2
"""Bytes of a sample."""


class Recording:
    """Keeps the sound of one call, three minutes of it at most."""

    def __init__(self) -> None:
        self._timeline = Timeline(self._take)
        self._samples = array("h")

    def hear(self, packet: Packet, now: float) -> None:
        """Take a packet; see `Ears.hear`."""
        self._timeline.packet(packet, now)

    def wav(self) -> bytes:
        """The file, once nothing more will come."""
        self._timeline.flush()
        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(WIDTH)
            file.setframerate(RATE)
            file.writeframes(self._samples.tobytes())
        return out.getvalue()

    def _take(self, stretch: Stretch) -> None:
        law = LAWS.get(stretch.law)
        if law is None:
            self._samples.extend([0] * len(stretch.data))
        else:
            self._samples.extend(law.decode(stretch.data))
