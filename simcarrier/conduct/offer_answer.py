"""Session descriptions, offers and answers, and PRACK (RFC 8866, RFC 3264, RFC 3262, RFC 3261 section 13.2).

A dialler's description is the same in call after call but for its ``o=`` line and its port. So what is wrong with one
is remembered by what is left of it. A first offer with port 0 for every stream is useless, and allowed (RFC 3264
section 5.1): it is no breach.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from simcarrier.sip.errors import Malformed
from simcarrier.sip.sdp import parse_sdp

from .dialog import expected, may_be_told
from .rule import Check, Moment, Rule
from .scene import Scene, is_sdp, quoted
from .state import Sent, Transaction

SDP_MALFORMED = Rule(
    "sdp_malformed",
    "RFC 8866 section 5",
    "a session description that cannot be read",
    "look at it line by line: one letter, =, the value, CRLF; v=0 first",
)
SDP_INCOMPLETE = Rule(
    "sdp_incomplete",
    "RFC 8866 sections 5 and 5.7",
    "a session description without s= or t=, or a stream without c=",
    "write v=, o=, s=, c=, t= and then the streams; s=- and t=0 0 will do",
)
SDP_VERSION = Rule(
    "sdp_version",
    "RFC 3264 section 8",
    "a new offer in a call differs from the one before, but the version in its o= line is not higher",
    "raise the version by one whenever anything in the description has changed",
)
ANSWER_MISSING = Rule(
    "answer_missing",
    "RFC 3261 section 13.2.2.4",
    "the INVITE had no offer, the 2xx has one, and the ACK has no answer",
    "put the answer into the ACK",
)
ANSWER_STREAMS = Rule(
    "answer_streams",
    "RFC 3264 section 6",
    "an answer has not the streams of the offer",
    "answer every m= line of the offer, in its order; port 0 refuses one",
)
PRACK_MISSING = Rule(
    "prack_missing",
    "RFC 3262 section 4",
    "no PRACK for a provisional response that was sent reliably",
    "send PRACK for every 1xx with Require: 100rel, or do not say 100rel in Supported",
)
PRACK_RACK = Rule(
    "prack_rack",
    "RFC 3262 section 7.2",
    "RAck of a PRACK names no provisional response that was sent",
    "write the RSeq and the CSeq of the provisional response, both numbers and the method",
)

_ORIGIN = re.compile(rb"\no=[^\s]+ \d{1,20} \d{1,20} IN IP[46] [^\s]+(?=\r?\n)")
_NUMBERS = re.compile(rb"(?:\A|\n)o=[^\s]+ (\d{1,20}) (\d{1,20}) ")
_PORT = re.compile(rb"\nm=audio (?:[1-9]\d{0,3}|[1-5]\d{4}) ")


@dataclass(frozen=True, slots=True)
class _Read:
    """What there is to say of a description: why it cannot be read, what it lacks, its streams."""

    fault: str = ""
    missing: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()


def read(body: bytes) -> _Read:
    """A description, read once for all that are alike."""
    likeness = _PORT.sub(b"\nm=audio 9 ", _ORIGIN.sub(b"\no=- 0 0 IN IP4 0.0.0.0", body, count=1))
    return _read(likeness)


@lru_cache(maxsize=256)
def _read(body: bytes) -> _Read:
    try:
        said = parse_sdp(body)
    except Malformed as fault:
        return _Read(fault.why)
    lines = [line.rstrip(b"\r") for line in body.split(b"\n")]
    head = lines[: next((at for at, line in enumerate(lines) if line[:2] == b"m="), len(lines))]
    missing = [f"{letter}=" for letter in "st" if not any(line[:2] == f"{letter}=".encode() for line in head)]
    if b"s=" in head:
        missing.append("anything behind s=")
    if any(said.connection_of(stream) is None for stream in said.media):
        missing.append("c=")
    return _Read("", tuple(missing), tuple(stream.kind for stream in said.media))


def sdp_malformed(scene: Scene) -> str | None:
    """Not to be read at all."""
    request = scene.request
    fault = read(request.body).fault if is_sdp(request) else ""
    return f"the session description of {quoted(request.method)} cannot be read: {fault}" if fault else None


def sdp_incomplete(scene: Scene) -> str | None:
    """Lines that must be there."""
    request = scene.request
    missing = read(request.body).missing if is_sdp(request) else ()
    return f"the session description of {quoted(request.method)} without {' and '.join(missing)}" if missing else None


def sdp_version(scene: Scene) -> str | None:
    """Against the caller's last description in the dialog."""
    dialog, request = scene.dialog, scene.request
    if dialog is None or request.method not in ("INVITE", "UPDATE") or not dialog.description or not is_sdp(request):
        return None
    before, after = dialog.description, request.body
    was, now = _NUMBERS.search(before), _NUMBERS.search(after)
    if was is None or now is None or was[1] != now[1] or _rest(before) == _rest(after):
        return None
    if int(now[2]) > int(was[2]):
        return None
    version, wanted = now[2].decode(), int(was[2]) + 1
    return f"the description of {request.method} has changed, its version is {version}, it should be {wanted}"


def _rest(body: bytes) -> list[bytes]:
    """A description without its o= line, and without what tells nothing."""
    return [line.rstrip() for line in body.strip().split(b"\n") if line[:2] != b"o="]


def answer_missing(scene: Scene) -> str | None:
    """In the ACK to a 2xx that has made an offer."""
    offer = _offer(scene)
    if offer is None or scene.request.room_for_body:
        return None
    return f"the {offer.status} has an offer, for the INVITE had none; the ACK has no answer"


def answer_streams(scene: Scene) -> str | None:
    """In the ACK to a 2xx that has made an offer."""
    offer = _offer(scene)
    if offer is None or not is_sdp(scene.request):
        return None
    return _compare("ACK", scene.request.body, offer.sdp)


def answered_streams(scene: Scene) -> str | None:
    """In the 2xx to a re-INVITE or UPDATE of the carrier's."""
    question = scene.question
    if question is None or not 200 <= scene.response.status < 300:
        return None
    if not is_sdp(question.request) or not is_sdp(scene.response):
        return None
    return _compare(f"{scene.response.status} to {question.request.method}", scene.response.body, question.request.body)


def _compare(what: str, answer: bytes, offer: bytes) -> str | None:
    got, wanted = read(answer), read(offer)
    if got.fault or wanted.fault or got.streams == wanted.streams:
        return None
    streams = [" ".join(streams) or "none" for streams in (got.streams, wanted.streams)]
    return f"the streams of the answer in {what} are {quoted(streams[0])}, those of the offer {quoted(streams[1])}"


def _offer(scene: Scene) -> Sent | None:
    """The 2xx with an offer that an ACK answers."""
    if scene.request.method != "ACK" or scene.call.partial:
        return None
    for invite in scene.call.invites():
        if invite.number != scene.number or invite.request.room_for_body:
            continue
        if any(sent.rseq and sent.sdp for sent in invite.sent):
            return None  # offered there, and answered in PRACK
        return next((sent for sent in invite.sent if 200 <= sent.status < 300 and sent.sdp), None)
    return None


def prack_missing(scene: Scene) -> str | None:
    """Of the first reliable response that nobody has acknowledged."""
    invite, call = scene.transaction, scene.call
    if invite is None or invite.method != "INVITE" or call.partial:
        return None
    reliable = [sent for sent in invite.sent if sent.rseq]
    if not reliable or invite.key in call.cancels:
        return None
    waiting = [sent for sent in reliable if sent.rseq not in invite.pracked]
    if not waiting:
        scene.doubts.clear(PRACK_MISSING.name, call.source)
        return None
    first = waiting[0]
    if not expected(invite, first.at):
        return None
    times = sum(sent.rseq == first.rseq for sent in waiting)
    if times < 2:
        return None  # the final response may have overtaken it
    waited = scene.now - first.at
    if not may_be_told(scene, PRACK_MISSING, call.source, waited, times, _reliable(invite)):
        return None
    return f"no PRACK for {first.status} with RSeq {quoted(first.rseq)}, which was sent {times} times"


def _reliable(invite: Transaction) -> bool:
    return invite.heard.channel.reliable


def prack_rack(scene: Scene) -> str | None:
    """Against what was sent reliably in this call."""
    request = scene.request
    if request.method != "PRACK" or scene.call.partial:
        return None
    rack = " ".join((request.get("rack") or "").split())
    names = {
        f"{sent.rseq} {invite.number} INVITE" for invite in scene.call.invites() for sent in invite.sent if sent.rseq
    }
    if rack in names or (not names and not scene.whole):
        return None
    wanted = f"it should be {quoted(' or '.join(sorted(names)))}" if names else "nothing was sent reliably"
    return f"RAck is {quoted(rack) or 'missing'}, {wanted}"


CHECKS = (
    Check(Moment.REQUEST, SDP_MALFORMED, sdp_malformed),
    Check(Moment.REQUEST, SDP_INCOMPLETE, sdp_incomplete),
    Check(Moment.WITHIN, SDP_VERSION, sdp_version),
    Check(Moment.WITHIN, ANSWER_MISSING, answer_missing),
    Check(Moment.WITHIN, ANSWER_STREAMS, answer_streams),
    Check(Moment.ANSWER, ANSWER_STREAMS, answered_streams),
    Check(Moment.WITHIN, PRACK_RACK, prack_rack),
    Check(Moment.UNPRACKED, PRACK_MISSING, prack_missing),
)
