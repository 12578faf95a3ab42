"""A final response of class 3 to 6: the call is refused, or sent elsewhere (RFC 3261 sections 21.3 to 21.6)."""

from __future__ import annotations

from collections.abc import Iterator

from simcarrier.carrier.call import Call, Rung
from simcarrier.carrier.challenge import CHALLENGE, FIELDS, challenge_lines
from simcarrier.scenario import steps
from simcarrier.scenario.template import Template

from .lines import HeaderLines, look_up
from .trying import Trying
from .wait import Wait


class Refuse:
    """Sends the final response."""

    __slots__ = ("_body", "_lines", "_phrase", "_status", "_type")

    def __init__(self, step: steps.Respond) -> None:
        self._status = step.code
        self._phrase = step.phrase
        self._lines = HeaderLines(step.headers)
        self._body: Template | None = None if step.body is None else step.body.content
        self._type = "" if step.body is None else f"Content-Type: {step.body.type}\r\n"

    def perform(self, call: Call, now: float) -> float:
        """Send it."""
        body = b""
        if self._body is not None:
            text = self._body.render(lambda field: look_up(call, field))
            body = text.encode("utf-8", "surrogateescape")
        call.session.refuse(now, self._status, self._phrase, self._lines.text(call) + self._type, body)
        call.owner.refused(call, now)
        return 0.0


class Ask(Refuse):
    """Refuses by 401 or 407, with the challenges that were made for the call if its credentials were wrong."""

    __slots__ = ()

    def perform(self, call: Call, now: float) -> float:
        """Send it."""
        body = b""
        if self._body is not None:
            text = self._body.render(lambda field: look_up(call, field))
            body = text.encode("utf-8", "surrogateescape")
        asked = call.decision.values.get(CHALLENGE)
        extra = "" if asked is None else challenge_lines(self._status, asked.split("\n"))
        call.session.refuse(now, self._status, self._phrase, self._lines.text(call) + extra + self._type, body)
        call.owner.refused(call, now)
        return 0.0


def rungs(step: steps.Respond) -> Iterator[Rung]:
    """100 if asked for, the delay if there is one, the response."""
    if step.trying:
        yield Trying(HeaderLines(()))
    if step.delay.high:
        yield Wait(step.delay)
    yield Ask(step) if step.code in FIELDS else Refuse(step)
