"""What a carrier asks of whoever has the sockets: an end for the audio of a call, and that something be played there.

A carrier without it (a simulation, a test in memory) names the discard port in its descriptions and plays nothing; its
ladders take the same time.
"""

from __future__ import annotations

from typing import Protocol

from simcarrier.media.program import Program
from simcarrier.records.media import MediaRecord
from simcarrier.sip.description import MediaEnd


class Audio(MediaEnd, Protocol):
    """The audio of one call."""

    def play(self, program: Program) -> None:
        """Play something from its beginning, in place of what was played."""

    def stop(self) -> None:
        """Play nothing."""

    def close(self) -> None:
        """The call is over; a second time does nothing."""

    def record(self) -> MediaRecord:
        """What has become of it so far."""


class Media(Protocol):
    """Has the sockets."""

    def open(self, host: str, peer: str) -> Audio | None:
        """An end for a call.

        Args:
            host: our address.
            peer: the address that the call's signalling comes from.

        Returns:
            None if none is to be had; the call goes on without.
        """
