"""181 to 199: how the call gets on, with early media if it is 183 (RFC 3261 section 21.1.5, RFC 3960)."""

from __future__ import annotations

from collections.abc import Iterator

from simcarrier.carrier.call import Call
from simcarrier.scenario import steps
from simcarrier.scenario.responses import Headers

from .lines import HeaderLines


class Provisional:
    """Sends a provisional response that makes an early dialog."""

    __slots__ = ("_lines", "_phrase", "_reliable", "_status", "_with_sdp")

    def __init__(self, status: int, phrase: str | None, headers: Headers, *, with_sdp: bool, reliable: bool) -> None:
        self._status = status
        self._phrase = phrase
        self._lines = HeaderLines(headers)
        self._with_sdp = with_sdp
        self._reliable = reliable

    def perform(self, call: Call, now: float) -> float:
        """Send it."""
        call.provisional.append(self._status)
        if call.progress_at is None:
            call.progress_at = now
        call.session.ring(
            now,
            self._status,
            self._phrase,
            self._lines.text(call) + call.extra,
            with_sdp=self._with_sdp,
            reliable=self._reliable,
        )
        return 0.0


def rungs(step: steps.Progress) -> Iterator[Provisional]:
    """One rung."""
    yield Provisional(step.code, step.phrase, step.headers, with_sdp=bool(step.sdp), reliable=step.reliable)
