"""A final response of class 3 to 6: the call is refused, or sent elsewhere (RFC 3261 sections 21.3 to 21.6)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from simcarrier.carrier.call import Call, Rung
from simcarrier.carrier.challenge import CHALLENGE, FIELDS, challenge_lines
from simcarrier.media.program import Program
from simcarrier.scenario import steps
from simcarrier.scenario.template import Template
from simcarrier.scenario.units import Span
from simcarrier.sip.block_codes import understands_608

from .lines import HeaderLines, look_up
from .trying import Trying
from .wait import Wait

INVALID_IDENTITY = 438

ANSWER = "identity_answer"
"""Where the values of a decision keep code and phrase that fit what is wrong, such as ``403 Stale Date``."""

_RETRY_AFTER = re.compile(r"^retry-after: *(\d{1,9})", re.IGNORECASE | re.MULTILINE)
_REASON = re.compile(r"^reason: *([^\r\n]*)", re.IGNORECASE | re.MULTILINE)

UNHEARD = 2.0
"""Seconds of an announcement that nobody hears, or that would not end."""

TOLD = frozenset({"reason", "retry-after"})
"""Header fields of which the record of the call tells."""


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
        self._send(call, now, self._status, self._phrase, self._lines.text(call))
        return 0.0

    def _send(self, call: Call, now: float, status: int, phrase: str, lines: str) -> None:
        """Send it with a code, a phrase and header lines."""
        body = b""
        if self._body is not None:
            text = self._body.render(lambda field: look_up(call, field))
            body = text.encode("utf-8", "surrogateescape")
        call.session.refuse(now, status, phrase, lines + self._type, body)
        call.owner.refused(call, now)


class Explain(Refuse):
    """Refuses, and says why (RFC 3326) or when to come back: the call notes what it was told."""

    __slots__ = ()

    def perform(self, call: Call, now: float) -> float:
        """Send it."""
        lines = self._lines.text(call)
        said = _RETRY_AFTER.search(lines)
        call.retry_after = None if said is None else float(said[1])
        call.reason = tuple(_REASON.findall(lines))
        self._send(call, now, self._status, self._phrase, lines)  # these: what is made up comes out anew each time
        return 0.0


class Ask(Refuse):
    """Refuses by 401 or 407, with the challenges that were made for the call if its credentials were wrong."""

    __slots__ = ()

    def perform(self, call: Call, now: float) -> float:
        """Send it."""
        asked = call.decision.values.get(CHALLENGE)
        more = "" if asked is None else challenge_lines(self._status, asked.split("\n"))
        self._send(call, now, self._status, self._phrase, self._lines.text(call) + more)
        return 0.0


class Tell(Refuse):
    """Refuses by 438, or by the other codes that tell what is wrong with an Identity if that is known."""

    __slots__ = ()

    def perform(self, call: Call, now: float) -> float:
        """Send it."""
        code, _, phrase = call.decision.values.get(ANSWER, "").partition(" ")
        status, phrase = (int(code), phrase) if code else (self._status, self._phrase)
        self._send(call, now, status, phrase, self._lines.text(call))
        return 0.0


class Sign(Refuse):
    """Refuses by 608 with a signed card of whom to ask, or with one that is wrong on purpose."""

    __slots__ = ("_damage",)

    def __init__(self, step: steps.Respond) -> None:
        super().__init__(step)
        self._damage = step.card_damage

    def perform(self, call: Call, now: float) -> float:
        """Send it."""
        lines = self._lines.text(call) + call.owner.cards.call_info(now, self._damage)
        self._send(call, now, self._status, self._phrase, lines)
        return 0.0


class Announce:
    """Plays an announcement before a 608: 183 with a session description, and then time (RFC 8688 section 3.4).

    Where nobody has sockets for audio, time passes all the same.
    """

    __slots__ = ("_always", "_lines", "_program", "_span")

    def __init__(self, program: Program | None, span: Span | None, *, always: bool) -> None:
        self._program = program
        self._span = span
        self._always = always
        self._lines = HeaderLines(())

    def perform(self, call: Call, now: float) -> float:
        """Play it, unless the caller understands 608."""
        if not self._always and understands_608(call.invite.get_all("feature-caps")):
            return 0.0
        call.provisional.append(183)
        if call.progress_at is None:
            call.progress_at = now
        call.session.ring(now, 183, None, self._lines.text(call) + call.extra, with_sdp=True, reliable=True)
        lasts = None
        if call.audio is not None and self._program is not None:
            call.audio.play(self._program)
            lasts = self._program.seconds
        if self._span is not None:
            return self._span.sample(call.owner.rng)
        return UNHEARD if lasts is None else lasts


def rungs(step: steps.Respond) -> Iterator[Rung]:
    """100 if asked for, the delay if there is one, an announcement before a 608, the response."""
    if step.trying:
        yield Trying(HeaderLines(()))
    if step.delay.high:
        yield Wait(step.delay)
    if step.announce != "never":
        yield Announce(step.words, step.announcement, always=step.announce == "always")
    if step.call_info == "signed":
        yield Sign(step)
    elif step.code in FIELDS:
        yield Ask(step)
    elif step.code == INVALID_IDENTITY:
        yield Tell(step)
    elif any(name.lower() in TOLD for name, _ in step.headers):
        yield Explain(step)
    else:
        yield Refuse(step)
