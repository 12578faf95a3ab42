"""The messages of the calls that are up, as they pass, by Call-ID."""

from __future__ import annotations

from dataclasses import replace

from simcarrier.records.transcript import Passed, Transcript, call_id_of, without_credentials
from simcarrier.sip.transport import Address, Channel, Transport


class Recorder:
    """Keeps the messages of the calls that it was told of.

    Attributes:
        wall_offset: what to add to ``now`` to have seconds since 1970.
    """

    def __init__(self) -> None:
        self.wall_offset = 0.0
        self._transcripts: dict[str, Transcript] = {}

    def __bool__(self) -> bool:
        return bool(self._transcripts)

    def begin(self, call_id: str) -> None:
        """Keep the messages of a call from now on."""
        self._transcripts[call_id] = Transcript()

    def take(self, call_id: str) -> Transcript:
        """The messages of a call; no further ones are kept."""
        return self._transcripts.pop(call_id, None) or Transcript()

    def note(self, call_id: str, passed: Passed) -> None:
        """A message passes that another engine has seen; its credentials are taken out."""
        transcript = self._transcripts.get(call_id)
        if transcript is not None:
            transcript.add(replace(passed, data=without_credentials(passed.data)))

    def observe(self, way: str, data: bytes, channel: Channel, peer: Address, now: float) -> None:
        """A message passes."""
        transcript = self._transcripts.get(call_id_of(data))
        if transcript is None:
            return
        at, transport = now + self.wall_offset, Transport(channel.transport).value
        transcript.add(Passed(at, way == "out", transport, channel.local, peer, without_credentials(data)))
