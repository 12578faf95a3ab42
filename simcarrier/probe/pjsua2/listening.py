"""From what pjproject has recorded of a call to what was heard: through the same ears as the built-in engine's.

A recording is encoded again by the law that it came in, which gives back the bytes that were decoded, and cut into
packets of 20 ms. The first of them is what was recorded when the first packet had passed the jitter buffer; what was
recorded before that, and after the last packet, is left out.
"""

from __future__ import annotations

import time
import wave
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from simcarrier.extras import needed
from simcarrier.media.g711 import LAWS, MU_LAW, RATE
from simcarrier.media.rtp import Packet
from simcarrier.probe.order import Order
from simcarrier.records.audio import Audio

from .taps import BUFFER, Stretch, Tap

with needed("ears", {"numpy": "listening to calls needs"}):
    from simcarrier.probe.hearing import Hearing

PACKET: Final = RATE // 50
"""Samples in 20 ms."""

PATIENCE: Final = 0.5
"""Seconds that a file is waited for. pjproject closes it with the next beat of its media, 20 ms at most."""

_HEADER: Final = 44


@dataclass(frozen=True, slots=True)
class Counts:
    """How packets came; see `hearing.Counted`."""

    lost: int
    largest_jitter: float | None


class Listening:
    """Listens to the calls of an engine, which has pjproject record them into `folder`."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="simcarrier-heard-")
        self._hearings: dict[int, Hearing] = {}

    @property
    def folder(self) -> Path:
        """For recordings; it is private, and gone with `close`."""
        return Path(self._folder.name)

    def expect(self, leg: int, order: Order) -> None:
        """A leg that is to be listened to."""
        self._hearings[leg] = Hearing(order.countries, order.recording)

    def expects(self, leg: int) -> bool:
        """Whether nobody has asked for what it has heard."""
        return leg in self._hearings

    def audio(self, leg: int, tap: Tap, offset: float) -> Audio:
        """What was heard. Nothing more will be asked.

        Args:
            leg: its number.
            tap: what was recorded; its files are removed.
            offset: what makes the engine's time of the time of `time.monotonic`.
        """
        hearing = self._hearings.pop(leg)
        trouble = tap.trouble
        for number, stretch in enumerate(tap.stretches):
            if stretch.first is None:
                stretch.path.unlink(missing_ok=True)
                continue
            samples = _taken(stretch.path)
            if samples is None:
                trouble = trouble or "not all was listened to: a recording of pjsua2's could not be read"
                continue
            for packet, at in _packets(stretch, samples, number):
                hearing.hear(packet, at + offset)
        heard = [one for one in tap.stretches if one.first is not None]
        if not heard:
            return Audio(trouble=trouble)
        jitters = [one.jitter for one in heard if one.jitter is not None]
        counts = Counts(sum(one.lost for one in heard), max(jitters) * RATE if jitters else None)
        audio = hearing.audio(counts)
        return replace(
            audio,
            codec=heard[-1].codec,
            first=(heard[0].first or 0.0) + offset,
            packets=sum(one.packets for one in heard),
            trouble=audio.trouble or trouble,
        )

    def close(self) -> None:
        """Remove all."""
        self._hearings.clear()
        self._folder.cleanup()


def _packets(stretch: Stretch, samples: array[int], number: int) -> Iterator[tuple[Packet, float]]:
    """A recording as packets, each with when it came."""
    if stretch.first is None or stretch.last is None:
        return
    law = next((one for one in LAWS.values() if one.name == stretch.codec), MU_LAW)
    begin, end = (round((at - stretch.began + BUFFER) * RATE) for at in (stretch.first, stretch.last + PACKET / RATE))
    data = law.encode(samples[begin:end])
    for count, at in enumerate(range(0, len(data), PACKET)):
        payload = data[at : at + PACKET]
        yield Packet(law.payload_type, count & 0xFFFF, at, number, payload), stretch.first + at / RATE


def _taken(path: Path) -> array[int] | None:
    """The samples of a file, which is removed; None if it cannot be read, or is not finished in time."""
    until = time.monotonic() + PATIENCE
    try:
        while not _finished(path) and time.monotonic() < until:
            time.sleep(0.002)
        with wave.open(str(path), "rb") as file:
            samples = array("h", file.readframes(file.getnframes()))
        return samples if _finished(path) else None
    except (OSError, EOFError, wave.Error):
        return None
    finally:
        path.unlink(missing_ok=True)


def _finished(path: Path) -> bool:
    """Whether the lengths in the header have been filled in, which is done when the file is closed."""
    with path.open("rb") as file:
        header = file.read(_HEADER)
    whole, sound = (int.from_bytes(header[at : at + 4], "little") for at in (4, _HEADER - 4))
    return len(header) == _HEADER and whole > 0 and whole - sound == _HEADER - 8
