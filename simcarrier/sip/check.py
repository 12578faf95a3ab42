"""What a server looks at before it takes a request (RFC 3261 sections 8.2.1 to 8.2.3 and 16.3, RFC 4475).

Two looks at two levels. `framing_fault` asks whether the request is whole and can be answered; the endpoint asks it of
every new request, before there is a transaction. `refusal` asks what a user agent must: is the method, the URI's
scheme, the required extension, the body's type one that it takes? Each answer is a `Refusal`, ready to be sent.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from .errors import Malformed
from .message import Request
from .uri import UnknownScheme

_PLAIN = re.compile(r"[A-Za-z0-9 ]*+<sips?:[^\s<>\"%\\]++>\Z")
"""An address that needs no closer look."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A response that says why a request is not taken: status, phrase, further header lines with their CRLF."""

    status: int
    phrase: str | None = None
    extra: str = ""


def answerable(request: Request) -> bool:
    """Whether the request has what every response must copy (section 8.2.6.2)."""
    get = request.get
    return bool(get("from") and get("to") and get("call-id") and get("cseq"))


def framing_fault(request: Request, *, framed: bool = False) -> Refusal | None:
    """What makes a request not whole, if anything does: 400, or 505 for another version.

    Args:
        request: the request.
        framed: it came over a stream, where Content-Length must be there (section 18.3).
    """
    if request.version != "SIP/2.0":
        return Refusal(505)
    first = request.index()
    if request.defect is not None:
        return Refusal(400, request.defect)
    try:
        caller, called, cseq = first["from"], first["to"], first["cseq"]
        if not first["call-id"]:
            return Refusal(400, "Missing mandatory header")
        number, _, method = cseq.partition(" ")
        # The usual shape at a glance; anything else is read with care.
        if method != request.method or not (number.isdecimal() and number.isascii()) or len(number) > 9:
            _, method = request.cseq
            if method != request.method:
                return Refusal(400, "CSeq method differs from request line")
        length = request.content_length
        if length is None:
            if framed:
                return Refusal(400, "Missing Content-Length")
        elif length > request.room_for_body:
            return Refusal(400, "Body shorter than Content-Length")
        # RFC 2543 had no tags; an address that can't be read at all is another matter.
        if not request.from_tag and _PLAIN.match(caller) is None:
            _ = request.from_
        if not request.to_tag and _PLAIN.match(called) is None:
            _ = request.to
    except KeyError:
        return Refusal(400, "Missing mandatory header")
    except Malformed as fault:
        return Refusal(400, fault.why)
    hops = first.get("max-forwards", "70")
    if not (hops.isdecimal() and hops.isascii()):
        return Refusal(400, "Bad Max-Forwards")
    return None


def refusal(
    request: Request,
    *,
    methods: Collection[str],
    known_methods: Collection[str],
    extensions: Collection[str],
    body_types: Collection[str],
) -> Refusal | None:
    """What a user agent server refuses a request for, in the order of section 8.2.

    Args:
        request: a request that `framing_fault` found whole.
        methods: what is served; anything else gets 405 if it is known, else 501.
        known_methods: methods that exist.
        extensions: option tags that are understood, in lower case.
        body_types: media types that are understood.
    """
    method = request.method
    if request.glanced and method in methods:
        return None
    if method not in methods:
        return Refusal(405 if method in known_methods else 501, extra=f"Allow: {', '.join(methods)}\r\n")
    if not request.user or not request.uri.startswith(("sip:", "sips:")):
        try:
            _ = request.parsed_uri
        except UnknownScheme:
            return Refusal(416)
        except Malformed as fault:
            return Refusal(400, fault.why)
    first = request.index()
    if "require" in first and method not in ("ACK", "CANCEL"):
        unknown = [value for value in request.values("require") if value.strip().lower() not in extensions]
        if unknown:
            return Refusal(420, extra=f"Unsupported: {', '.join(unknown)}\r\n")
    if request.room_for_body and ("content-encoding" in first or first.get("content-type") not in body_types):
        return _body_refusal(request, body_types)
    return None


def _body_refusal(request: Request, body_types: Collection[str]) -> Refusal | None:
    if not request.body:
        return None
    encoding = (request.get("content-encoding") or "").lower()
    if encoding not in ("", "identity"):
        return Refusal(415, extra="Accept-Encoding: identity\r\n")
    kind = request.content_type
    if not kind:
        return Refusal(400, "Body without Content-Type")
    disposition = (request.get("content-disposition") or "").lower()
    if kind not in body_types and "handling=optional" not in disposition:
        return Refusal(415, extra=f"Accept: {', '.join(body_types)}\r\n")
    return None
