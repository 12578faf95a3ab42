"""Header fields and framing of single requests (RFC 3261 sections 7, 8.1.1, 18.3 and 20)."""

from __future__ import annotations

import re

from simcarrier.sip.address import WILDCARD, NameAddr, parse_contact
from simcarrier.sip.errors import Malformed
from simcarrier.sip.message import Request
from simcarrier.sip.uri import SipUri, UnknownScheme

from .rule import Check, Moment, Rule
from .scene import Scene, quoted

MALFORMED = Rule(
    "malformed",
    "RFC 3261 section 7",
    "a message that nobody can read: its first line, an address or the frame is not as the grammar has it",
    "look at the message byte by byte against the grammar of RFC 3261 section 25.1",
)
LINE_ENDS = Rule(
    "line_ends",
    "RFC 3261 section 7",
    "lines that end with LF or CR alone",
    "end every line of the head with CRLF",
)
FIELD_MISSING = Rule(
    "field_missing",
    "RFC 3261 section 8.1.1",
    "a request without To, From, CSeq, Call-ID or Via",
    "put all of them into every request, ACK and CANCEL included",
)
FIELD_REPEATED = Rule(
    "field_repeated",
    "RFC 3261 section 7.3.1",
    "a field that can have one value only stands there twice, maybe once by its compact name",
    "write it once; look for a layer that adds what is there already",
)
MAX_FORWARDS_MISSING = Rule(
    "max_forwards_missing",
    "RFC 3261 section 8.1.1.6",
    "a request without Max-Forwards",
    "send Max-Forwards: 70 in every request, ACK and CANCEL included",
)
MAX_FORWARDS_VALUE = Rule(
    "max_forwards_value",
    "RFC 3261 sections 8.1.1.6 and 20.22",
    "Max-Forwards is no number up to 255, or so low that the next proxies use it up",
    "send 70; less leads to 483 Too Many Hops",
)
FROM_TAG_MISSING = Rule(
    "from_tag_missing",
    "RFC 3261 section 8.1.1.3",
    "a From without a tag",
    "draw a new tag for each call and send it in all of its requests",
)
CONTACT = Rule(
    "contact",
    "RFC 3261 section 8.1.1.8",
    "an INVITE without exactly one SIP URI in Contact",
    "send one Contact with the address at which the dialler can be reached: the carrier's BYE goes there",
)
CSEQ_METHOD = Rule(
    "cseq_method",
    "RFC 3261 section 8.1.1.5",
    "CSeq is no number below 2**31 with the method of the request",
    "write the request's own method behind the number; for ACK that is ACK, for CANCEL it is CANCEL",
)
CONTENT_LENGTH = Rule(
    "content_length",
    "RFC 3261 sections 18.3 and 20.14",
    "Content-Length is not the length of the body in bytes, or is missing on a stream",
    "count bytes, not characters, and count the CRLF of the last line of the body",
)
CONTENT_TYPE_MISSING = Rule(
    "content_type_missing",
    "RFC 3261 section 20.15",
    "a body without Content-Type",
    "send Content-Type: application/sdp with a session description",
)

SINGLE = ("from", "to", "call-id", "cseq", "max-forwards", "content-length", "content-type")
"""Fields that have one value, by their grammar."""

LOWEST_HOPS = 10
"""A first Max-Forwards below this is too low for a path of some networks; up to 70 it is a matter of taste."""

_USUAL_CONTACT = re.compile(r"<sips?:(?:[A-Za-z0-9+._-]++@)?[A-Za-z0-9.-]++(?::[0-9]{1,4})?(?:;transport=[a-zA-Z]++)?>")
"""One that needs no closer look."""


def malformed(scene: Scene) -> str | None:
    """The frame, the addresses and the Request-URI."""
    request = scene.request
    if request.glanced:
        return None  # found whole by an expression that takes nothing else
    if request.version != "SIP/2.0":
        return f"the version is {quoted(request.version)}, it should be SIP/2.0"
    first = request.index()
    if request.defect is not None:
        return f"{quoted(request.lines[0])}: {request.defect[:1].lower()}{request.defect[1:]}"
    try:
        _ = request.parsed_uri
    except UnknownScheme:
        pass
    except Malformed as fault:
        return f"the Request-URI {quoted(request.uri)} cannot be read: {fault.why}"
    for name in ("from", "to"):
        if first.get(name):
            try:
                _ = request.from_ if name == "from" else request.to
            except Malformed as fault:
                return f"{name.title()} {quoted(first[name])} cannot be read: {fault.why}"
    if "via" in first:
        try:
            _ = request.via
        except Malformed as fault:
            return f"Via {quoted(first['via'])} cannot be read: {fault.why}"
    return None


def line_ends(scene: Scene) -> str | None:
    """LF or CR alone."""
    request = scene.request
    if request.glanced:
        return None
    head = request.raw.lstrip(b"\r\n").partition(b"\r\n\r\n")[0]
    ends = head.count(b"\r\n")
    alone = max(head.count(b"\n"), head.count(b"\r")) - ends
    if alone > 0:
        return f"{alone} line{'s' if alone != 1 else ''} of {quoted(request.method)} without CRLF"
    return None


def field_missing(scene: Scene) -> str | None:
    """The mandatory fields but for Max-Forwards, which has a rule of its own."""
    request = scene.request
    if request.glanced:
        return None
    first = request.index()
    missing = [name for name in ("To", "From", "CSeq", "Call-ID", "Via") if not first.get(name.lower())]
    return f"{quoted(request.method)} without {' and '.join(missing)}" if missing else None


def field_repeated(scene: Scene) -> str | None:
    """A second line of a field with one value."""
    request = scene.request
    if request.glanced:
        return None
    for name in SINGLE:
        values = request.get_all(name)
        if len(values) > 1:
            both = f"{quoted(values[0])} and {quoted(values[1])}"
            return f"{quoted(request.method)} has {name.title()} {len(values)} times: {both}"
    return None


def max_forwards_missing(scene: Scene) -> str | None:
    """No Max-Forwards at all."""
    request = scene.request
    return f"{quoted(request.method)} without Max-Forwards" if request.get("max-forwards") is None else None


def max_forwards_value(scene: Scene) -> str | None:
    """Out of range, or far too low."""
    value = scene.request.get("max-forwards")
    if value is None or value == "70":
        return None
    if not (value.isdecimal() and value.isascii()) or len(value) > 9 or int(value) > 255:
        return f"Max-Forwards is {quoted(value)}, it should be 70 (0 to 255)"
    if scene.direct and int(value) < LOWEST_HOPS and scene.request.method != "OPTIONS":
        return f"Max-Forwards is {value} where no proxy has been passed, it should be 70"
    return None


def from_tag_missing(scene: Scene) -> str | None:
    """From without a tag."""
    request = scene.request
    value = request.get("from")
    if value and not request.from_tag:
        return f"{quoted(request.method)} with From {quoted(value)}, it should have a tag"
    return None


def contact(scene: Scene) -> str | None:
    """The Contact of an INVITE."""
    request = scene.request
    if request.method != "INVITE":
        return None
    lines = request.get_all("contact")
    if not lines:
        return "INVITE without Contact"
    if len(lines) == 1 and _USUAL_CONTACT.fullmatch(lines[0]) is not None:
        return None
    try:
        found: list[NameAddr] = []
        for line in lines:
            one = parse_contact(line)
            if one == WILDCARD:
                return "Contact of INVITE is *, which is for REGISTER only"
            found += one
        if len(found) != 1:
            return f"INVITE with {len(found)} contacts, it should be one"
        if not isinstance(found[0].uri, SipUri):
            return f"Contact {quoted(lines[0])} is no SIP URI"
    except UnknownScheme:
        return f"Contact {quoted(lines[0])} is no SIP URI"
    except Malformed as fault:
        return f"Contact {quoted(lines[0])} cannot be read: {fault.why}"
    return None


def cseq_method(scene: Scene) -> str | None:
    """Number and method of CSeq."""
    request = scene.request
    value = request.get("cseq")
    if not value:
        return None
    try:
        _, method = request.cseq
    except Malformed:
        return f"CSeq is {quoted(value)}, it should be a number below 2**31 and {quoted(request.method)}"
    if method != request.method:
        return f"CSeq is {quoted(value)}, its method should be {quoted(request.method)}"
    return None


def content_length(scene: Scene) -> str | None:
    """Against the bytes that came."""
    request = scene.request
    if request.defect is not None:
        return None  # without an end of the head there is no body to be measured
    try:
        length = request.content_length
    except Malformed:
        return f"Content-Length is {quoted(request.get('content-length') or '')}, it should be a number"
    there = request.room_for_body
    if length is None:
        return (
            f"{quoted(request.method)} over a stream without Content-Length" if scene.heard.channel.reliable else None
        )
    if length > there:
        return f"Content-Length is {length}, but {there} bytes follow"
    # Line ends behind the body are skipped by everybody, and sent by some.
    if length < there and request.raw[len(request.raw) - there + length :].strip(b"\r\n\0"):
        return f"Content-Length is {length}, but {there} bytes follow: the body is cut off"
    return None


def content_type_missing(scene: Scene) -> str | None:
    """A body without its type."""
    request = scene.request
    if request.room_for_body and not request.content_type and request.defect is None and _body(request).strip():
        return f"{quoted(request.method)} with a body and without Content-Type"
    return None


def _body(request: Request) -> bytes:
    try:
        return request.body
    except Malformed:
        return b""


CHECKS = (
    Check(Moment.FORM, MALFORMED, malformed),
    Check(Moment.FORM, LINE_ENDS, line_ends),
    Check(Moment.FORM, FIELD_MISSING, field_missing),
    Check(Moment.FORM, FIELD_REPEATED, field_repeated),
    Check(Moment.FORM, MAX_FORWARDS_MISSING, max_forwards_missing),
    Check(Moment.FORM, MAX_FORWARDS_VALUE, max_forwards_value),
    Check(Moment.FORM, FROM_TAG_MISSING, from_tag_missing),
    Check(Moment.FORM, CONTACT, contact),
    Check(Moment.FORM, CSEQ_METHOD, cseq_method),
    Check(Moment.FORM, CONTENT_LENGTH, content_length),
    Check(Moment.FORM, CONTENT_TYPE_MISSING, content_type_missing),
)
