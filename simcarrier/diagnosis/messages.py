"""From the SIP messages of a call to what was seen of it: pasted responses, or a capture.

What people paste is seldom a whole message: a status line and two header fields, a ladder without bodies, lines that
lost their CR. So this reads leniently: what begins with a status line or a request line is a message, lines with a
colon are its fields, the rest is its body, and what is missing is unknown. Nothing here raises.

A call is what shares a Call-ID. Only the INVITE and what belongs to it count; a response to CANCEL or BYE says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from simcarrier.records.observation import Observation, Outcome, Seen, telling
from simcarrier.sip.field_names import canonical
from simcarrier.sip.status import phrase_for

STATUS_LINE: Final = re.compile(r"SIP/2\.0[ \t]+([1-6][0-9]{2})(?:[ \t]+(.*))?", re.IGNORECASE)
REQUEST_LINE: Final = re.compile(r"([A-Z]{3,16})[ \t]+((?:sips?|tel):\S+)[ \t]+SIP/2\.0", re.IGNORECASE)

MOST_CALLS: Final = 10_000
"""Calls of one file."""
MOST_MESSAGES: Final = 500
"""Messages kept of one call; repetitions that a bad network brings are among them."""
LONGEST_LINE: Final = 8192
"""Characters of a line that are looked at."""

LONG_ENOUGH: Final = 10.0
"""Seconds of silence at the end of a capture that make a call a stalled or silent one; else it was cut off early."""

_FIELD: Final = re.compile(r"([A-Za-z0-9!%*_+`'~.-]{1,64})[ \t]*:[ \t]*(.*)")
_USER: Final = re.compile(r"(?:sips?|tel):([^@;>?\s]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Message:
    """A message as far as it could be read.

    Attributes:
        at: seconds since 1970; None if nobody noted when.
        source: the address it came from; None likewise.
        code, phrase: of a response; 0 and empty for a request.
        method, uri: of a request; empty for a response.
        fields: header fields in order.
        body: whether it had one.
    """

    at: float | None
    source: str | None
    code: int
    phrase: str
    method: str
    uri: str
    fields: tuple[tuple[str, str], ...]
    body: bool

    def get(self, name: str) -> str:
        """The first value of a field by its canonical name; empty if it has none."""
        return next((value for spelt, value in self.fields if canonical(spelt) == name), "")


def read_messages(text: str, at: float | None = None, source: str | None = None) -> Iterator[Message]:
    """The messages of a text, one after another; what stands before the first is passed over."""
    start: re.Match[str] | None = None
    is_request = False
    lines: list[str] = []
    for raw in text.splitlines():
        line = raw[:LONGEST_LINE].rstrip("\r")
        bare = line.strip()
        request = REQUEST_LINE.fullmatch(bare)
        begins = request or STATUS_LINE.fullmatch(bare)
        if begins is None:
            lines.append(line)
            continue
        if start is not None:
            yield _message(start, is_request, lines, at, source)
        start, is_request, lines = begins, request is not None, []
    if start is not None:
        yield _message(start, is_request, lines, at, source)


def _message(start: re.Match[str], is_request: bool, lines: list[str], at: float | None, source: str | None) -> Message:
    fields: list[tuple[str, str]] = []
    body = False
    in_body = False
    margin = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    for line in lines:
        # A pasted message may stand indented as a whole; what is indented further is folded.
        inner = line[margin:] if not line[:margin].strip() else line
        if in_body:
            body = body or bool(line.strip())
        elif not line.strip():
            in_body = bool(fields)
        elif inner[:1] in " \t" and fields:
            name, value = fields[-1]
            fields[-1] = name, f"{value} {inner.strip()}"
        elif (found := _FIELD.fullmatch(inner.strip())) is not None:
            fields.append((found[1], found[2].strip()))
    first, second = start[1], (start[2] or "").strip()
    if is_request:
        return Message(at, source, 0, "", first.upper(), second, tuple(fields), body)
    return Message(at, source, int(first), second, "", "", tuple(fields), body)


@dataclass(frozen=True, slots=True)
class Heard:
    """A call that was made out of messages.

    Attributes:
        observation: what was seen.
        timed: whether its times are real ones.
    """

    observation: Observation
    timed: bool


def calls_of(messages: Iterable[Message], trunk: str = "", transport: str = "") -> list[Heard]:
    """The calls that these messages belong to, in the order of their first messages.

    Args:
        messages: in order of time.
        trunk, transport: what the observations say of these.
    """
    by_call: dict[str, list[Message]] = {}
    for message in messages:
        call_id = message.get("call-id")
        if call_id not in by_call and len(by_call) >= MOST_CALLS:
            continue
        known = by_call.setdefault(call_id, [])
        if len(known) < MOST_MESSAGES:
            known.append(message)
    last = max((one.at or 0.0 for known in by_call.values() for one in known), default=0.0)
    made = (_call(number, known, trunk, transport, last) for number, known in enumerate(by_call.values(), start=1))
    return [heard for heard in made if heard is not None]


def _call(number: int, messages: list[Message], trunk: str, transport: str, last: float) -> Heard | None:
    invite = next((one for one in messages if one.method == "INVITE"), None)
    about = [one for one in messages if one.code and _is_about_invite(one)]
    first = invite or next(iter(about), None)
    if first is None:
        return None
    timed = invite is not None and all(one.at is not None for one in messages)
    began = (first.at or 0.0) if timed else 0.0
    seen = Observation(
        number,
        trunk,
        transport,
        "",
        _user(first.get("from")),
        _user(f"<{invite.uri}>" if invite is not None else first.get("to")),
        first.get("call-id"),
        began,
    )
    told: set[tuple[str, int, str]] = set()
    asked: set[str] = set()
    for message in messages:
        after = (message.at or 0.0) - began if timed else 0.0
        if message.method:
            _request(seen, message, invite, after, asked)
        elif _is_about_invite(message):
            # A response that is repeated tells nothing new; one to the INVITE with credentials does.
            key = message.get("cseq"), message.code, message.get("to")
            if key not in told or not message.get("cseq"):
                told.add(key)
                _response(seen, message, after)
    seen.rounds = max(1, len(asked))
    if seen.outcome is None:
        seen.outcome = _unfinished(seen, last - began if timed else None)
    return Heard(seen, timed)


def _is_about_invite(message: Message) -> bool:
    cseq = message.get("cseq").upper()
    return not cseq or cseq.endswith("INVITE")


def _request(seen: Observation, message: Message, invite: Message | None, after: float, asked: set[str]) -> None:
    if message.method == "INVITE" and message.get("cseq") not in asked:
        asked.add(message.get("cseq"))
        seen.targets.append(message.uri)
        if seen.final is not None and seen.outcome is not Outcome.ANSWERED:
            # It was tried again, with credentials or at another place.
            seen.earlier.append(seen.final)
            seen.final = seen.outcome = None
    elif message.method == "CANCEL" and seen.gave_up is None and seen.outcome is None:
        seen.gave_up = after
    elif message.method == "BYE" and seen.hung_up_by is None:
        ours = invite is None or _tag(message.get("from")) == _tag(invite.get("from"))
        if invite is not None and message.source is not None and invite.source is not None:
            ours = message.source == invite.source
        seen.hung_up_by = "us" if ours else "peer"
        seen.ended = after
        if not ours:
            seen.bye = telling(message.fields)


def _response(seen: Observation, message: Message, after: float) -> None:
    sdp = message.body and message.get("content-type").lower().startswith("application/sdp")
    reliable = "100rel" in message.get("require").lower()
    one = Seen(after, message.code, message.phrase or phrase_for(message.code), telling(message.fields), sdp, reliable)
    if seen.gave_up is not None:
        seen.after.append(one)
    elif message.code < 200:
        seen.provisionals.append(one)
    elif seen.outcome is None:
        seen.final = one
        if message.code < 300:
            seen.outcome, seen.answered = Outcome.ANSWERED, after
        elif message.code < 400:
            seen.outcome = Outcome.REDIRECTED
        else:
            seen.outcome = Outcome.UNAUTHORISED if message.code in (401, 407) else Outcome.REFUSED


def _unfinished(seen: Observation, watched: float | None) -> Outcome:
    """How a call went that has no final response."""
    if seen.gave_up is None and watched is not None and watched < LONG_ENOUGH:
        return Outcome.INTERRUPTED
    if seen.gave_up is None:
        seen.gave_up = watched
    if not seen.provisionals:
        return Outcome.SILENT
    progressed = any(one.code > 100 for one in seen.provisionals)
    return Outcome.RANG_OUT if progressed else Outcome.STALLED


def _user(address: str) -> str:
    found = _USER.search(address)
    return found[1] if found else ""


def _tag(address: str) -> str:
    return address.partition("tag=")[2].partition(";")[0].strip()
