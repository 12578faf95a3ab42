"""Names of header fields: compact ones, any capitals, and the one spelling that the rest of the code uses.

The canonical name is the long one in lower case: ``f``, ``From`` and ``FROM`` are all ``from`` (RFC 3261 section 7.3).
"""

from __future__ import annotations

COMPACT = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "n": "identity-info",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}
"""Compact names (RFC 3261 section 7.3.3 and the IANA registry), with ``y`` of RFC 8224."""

_USUAL = [
    "Via",
    "From",
    "To",
    "Call-ID",
    "CSeq",
    "Contact",
    "Max-Forwards",
    "Content-Type",
    "Content-Length",
    "User-Agent",
    "Subject",
    "Allow",
    "Supported",
    "Require",
    "Route",
    "Record-Route",
    "Authorization",
    "Proxy-Authorization",
    "P-Asserted-Identity",
    "Identity",
    "Expires",
    "Reason",
    "RAck",
    "RSeq",
    "Session-Expires",
    "Min-SE",
    "Accept",
    "Feature-Caps",
    "Privacy",
    "Diversion",
    "Date",
    "Server",
    "Call-Info",
    "Warning",
    "Retry-After",
]

# The usual spellings of field names -> the canonical one. Nothing is added while messages come in, so
# that a peer that invents names can't make it grow.
CANONICAL = {spelling: name.lower() for name in _USUAL for spelling in (name, name.lower(), name.upper())}
CANONICAL |= {spelling: name for short, name in COMPACT.items() for spelling in (short, short.upper())}


def canonical(name: str) -> str:
    """The lower-case long form of a field name: ``f``, ``From`` and ``FROM`` are all ``from``."""
    found = CANONICAL.get(name)
    if found is None:
        lower = name.lower()
        found = COMPACT.get(lower, lower)
    return found
