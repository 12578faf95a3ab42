"""What a REGISTER does to a list of contacts (RFC 3261 section 10.3), as functions of both.

A binding says: this customer can be reached at that contact until then. A REGISTER adds bindings, refreshes them,
removes them (``expires=0``, or ``Contact: *`` with ``Expires: 0`` for all), or without a Contact just asks for them.
Either all of a request is done or nothing. Two rules keep what overtakes on the way from doing harm: a request with
the Call-ID that made a binding must have a higher CSeq than it; one with another Call-ID, from a client that was
started anew, goes before it.

Who sent the request, and whether it may, is for a registrar to find out before.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from .address import WILDCARD, NameAddr, parse_contact
from .check import Refusal
from .errors import Malformed
from .message import Request
from .uri import Uri, same_uri

UNSAID = 3600
"""Seconds that stand for an expiry that is not said, or not readable (sections 10.2.1.1, 20.10, 20.19)."""

LONGEST = 2**32 - 1
"""What an expiry can say at most (section 20.19)."""

_SECONDS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Binding:
    """One contact of a registration.

    Attributes:
        uri_text: the contact's URI as it was written.
        uri: the same, read.
        expires_at: when it runs out, seconds.
        call_id, cseq: of the REGISTER that made or refreshed it last.
    """

    uri_text: str
    uri: Uri
    expires_at: float
    call_id: str
    cseq: int


Bindings = tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a registrar grants.

    Attributes:
        min_expires: seconds; for less a contact is refused with 423.
        max_expires: seconds; more is cut to this.
        most: contacts at once for one customer; the limit bounds what a customer can make us keep.
    """

    min_expires: int = 60
    max_expires: int = 3600
    most: int = 10


def current(bindings: Bindings, now: float) -> Bindings:
    """Those that have not run out."""
    return tuple(binding for binding in bindings if binding.expires_at > now)


def update(bindings: Bindings, request: Request, terms: Terms, now: float) -> Bindings | Refusal:
    """What a REGISTER makes of the bindings, or why it is refused; nothing that a peer can send makes this raise.

    Args:
        bindings: before the request.
        request: a REGISTER whose sender may change them.
        terms: what is granted.
        now: seconds.
    """
    bindings = current(bindings, now)
    try:
        cseq, _ = request.cseq
        asked = _contacts(request)
    except Malformed as fault:
        return Refusal(400, fault.why)
    if asked is None:
        if _expiry(request.get("expires")) != 0:
            return Refusal(400, "Contact * needs Expires 0")
        outdated = any(_is_outdated(binding, request.call_id, cseq) for binding in bindings)
        return Refusal(500, "CSeq too low") if outdated else ()
    return _bind(bindings, asked, request, cseq, terms, now)


def _bind(
    bindings: Bindings, asked: list[NameAddr], request: Request, cseq: int, terms: Terms, now: float
) -> Bindings | Refusal:
    if len(asked) > 2 * terms.most:  # as many to add as to remove
        return Refusal(403, "Too Many Contacts")
    call_id = request.call_id
    overall = _expiry(request.get("expires"))
    changed = list(bindings)
    for contact in asked:
        try:
            uri = contact.uri
        except Malformed as fault:
            return Refusal(400, fault.why)
        expires = _expiry(contact.params["expires"]) if "expires" in contact.params else overall
        if 0 < expires < terms.min_expires:
            return Refusal(423, extra=f"Min-Expires: {terms.min_expires}\r\n")
        place = next((at for at, binding in enumerate(changed) if same_uri(binding.uri, uri)), None)
        if place is not None and changed[place] in bindings and _is_outdated(changed[place], call_id, cseq):
            return Refusal(500, "CSeq too low")
        made = Binding(contact.uri_text, uri, now + min(expires, terms.max_expires), call_id, cseq)
        if place is not None:
            changed[place : place + 1] = [made] if expires else []
        elif expires:
            changed.append(made)
    return Refusal(403, "Too Many Contacts") if len(changed) > terms.most else tuple(changed)


def contact_lines(bindings: Bindings, now: float) -> str:
    """The Contact header lines of a 200: every binding with the seconds that it has left, rounded up."""
    return "".join(
        f"Contact: <{binding.uri_text}>;expires={math.ceil(binding.expires_at - now)}\r\n" for binding in bindings
    )


def _contacts(request: Request) -> list[NameAddr] | None:
    """The contacts that a request names; None for the one that stands for all."""
    contacts: list[NameAddr] = []
    lines = request.get_all("contact")
    for line in lines:
        found = parse_contact(line)
        if found == WILDCARD:
            if len(lines) > 1:
                raise Malformed("Contact * stands alone")
            return None
        contacts += found
    return contacts


def _expiry(text: str | None) -> int:
    """Seconds. What is missing or can't be read counts as an hour (sections 20.10 and 20.19)."""
    if text is None or _SECONDS.fullmatch(text) is None:
        return UNSAID
    digits = text.lstrip("0") or "0"
    return min(int(digits), LONGEST) if len(digits) <= len(str(LONGEST)) else LONGEST


def _is_outdated(binding: Binding, call_id: str, cseq: int) -> bool:
    """Whether a request is older than what made the binding (section 10.3 steps 6 and 7)."""
    return binding.call_id == call_id and cseq <= binding.cseq
