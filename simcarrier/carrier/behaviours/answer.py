"""200 OK: somebody answers (RFC 3261 section 13.3.1.4). The session repeats it until the ACK comes."""

from __future__ import annotations

from collections.abc import Iterator

from simcarrier.carrier.call import Call
from simcarrier.scenario import steps
from simcarrier.scenario.responses import Headers

from .lines import HeaderLines


class Answer:
    """Sends 200."""

    __slots__ = ("_lines", "_with_sdp")

    def __init__(self, headers: Headers, *, with_sdp: bool) -> None:
        self._lines = HeaderLines(headers)
        self._with_sdp = with_sdp

    def perform(self, call: Call, now: float) -> float:
        """Send it, or the 488 or 422 that the RFCs ask for instead."""
        if call.audio is not None:
            call.audio.stop()  # it rang, or an announcement was played: that is over
        call.session.answer(now, self._lines.text(call) + call.extra, with_sdp=self._with_sdp)
        if call.session.status >= 300:
            call.stop()
            call.owner.refused(call, now)
        return 0.0


def rungs(step: steps.Answer) -> Iterator[Answer]:
    """One rung."""
    yield Answer(step.headers, with_sdp=step.sdp)
