"""What a probe keeps of the audio of one call: the story of its sounds, how the packets came, a recording. Sans-IO."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from simcarrier.media.ears import Ears, Recording
from simcarrier.media.g711 import LAWS, RATE
from simcarrier.media.rtp import Packet
from simcarrier.records.audio import Audio

Write = Callable[[Path, bytes], None]


class Counted(Protocol):
    """How packets came: a `Reception`, or what another stack knows of that."""

    @property
    def lost(self) -> int:
        """Packets that did not."""

    @property
    def largest_jitter(self) -> float | None:
        """In timestamp units; None where it is not known."""


class Hearing:
    """Listens to one call.

    Args:
        countries: whose tones are to be expected.
        recording: the file to be written at the end; None for none.
        write: writes it.
    """

    def __init__(self, countries: Sequence[str], recording: Path | None = None, write: Write | None = None) -> None:
        self._ears = Ears(countries)
        self._file = recording
        self._write = write or _write
        self._recording = None if recording is None else Recording()
        self._codec: str | None = None
        self._packets = 0

    def hear(self, packet: Packet, now: float) -> None:
        """Take a packet of the peer's.

        Args:
            packet: as it came.
            now: seconds on the engine's clock.
        """
        self._packets += 1
        law = LAWS.get(packet.payload_type)
        if law is not None:
            self._codec = law.name
        self._ears.hear(packet, now)
        if self._recording is not None:
            self._recording.hear(packet, now)

    def audio(self, reception: Counted | None) -> Audio:
        """All that was heard; nothing more will come. Times are those of the engine's clock.

        Args:
            reception: how the packets came; None if none did.
        """
        began = self._ears.began
        if began is None or reception is None:
            return Audio()
        recorded, trouble = self._recorded()
        jitter = reception.largest_jitter
        sounds = tuple(heard.since(began) for heard in self._ears.heard(final=True))
        return Audio(
            self._codec,
            began,
            self._packets,
            reception.lost,
            None if jitter is None else jitter / RATE,
            sounds,
            recorded,
            trouble,
        )

    def _recorded(self) -> tuple[str | None, str]:
        """The name of the file, and why there is none."""
        if self._file is None or self._recording is None:
            return None, ""
        try:
            self._write(self._file, self._recording.wav())
        except OSError as why:
            return None, f"not recorded: {self._file}: {why.strerror or why}"
        return str(self._file), ""


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
