"""Which rule of which standard a fault in something signed is against, by the fault's name.

Looked up in the texts of RFC 8688, 8224, 8225 and 8588. Where these leave something to the frameworks around them, the
framework is named: JWS (RFC 7515) and its good practice (RFC 8725), certificates (RFC 5280), SHAKEN (ATIS-1000074).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CARD: Final[Mapping[str, str]] = {
    "referent": "RFC 8688 section 3.1",  # Call-Info must refer to a valid JWS of a jCard
    "too large": "simcarrier's own limit: RFC 8688 section 4.1 has none",
    "alg none": "RFC 8725 section 3.2",
    "alg": "RFC 8688 section 3.2.1",  # and only the key of a certificate can have signed
    "crit": "RFC 7515 section 4.1.11",
    "typ": "RFC 8688 section 3.2.1",
    "x5u": "RFC 8688 section 3.2.1",
    "certificate not available": "RFC 8688 section 3.2.1",
    "certificate not fit": "RFC 7518 section 3.4, RFC 5280 section 4.2.1.3",
    "certificate": "RFC 5280 section 6",
    "signature": "RFC 7515 section 5.2",
    "iat": "RFC 8688 section 3.2.2",
    "issued": "RFC 8688 section 3.2.2",  # iat is when the 608 was issued
    "expired": "RFC 8688 section 3.3",
    "not a jCard": "RFC 8688 section 3.2.2",
    "no contact": "RFC 8688 section 3.2.2",
}
"""For the card of a 608: the section by how the fault's name begins, the first that fits."""

PASSPORT: Final[Mapping[str, str]] = {
    "not an Identity": "RFC 8224 section 4",
    "no Identity": "RFC 8224 section 6.2.2",
    "not a PASSporT": "RFC 7515 section 7.1",
    "compact form": "RFC 8588 section 3",
    "info missing": "RFC 8224 section 4",
    "info is not https": "ATIS-1000074",  # RFC 8224 section 7.3 leaves the scheme open
    "alg": "RFC 8224 section 4.1",
    "crit": "RFC 7515 section 4.1.11",
    "typ": "RFC 8225 section 4.1",
    "ppt": "RFC 8225 section 8.1",
    "x5u does not match": "RFC 8224 section 4.1",
    "x5u": "RFC 8225 section 4.3",
    "certificate": "RFC 8224 section 6.2.2",
    "signature": "RFC 8224 section 6.2, step 5",
    "expired": "RFC 8224 section 6.2, step 4",
    "issued": "RFC 8224 section 6.2, step 4",
    "Date": "RFC 8224 section 6.2, step 4",
    "attest": "RFC 8588 section 4",
    "origid": "RFC 8588 section 5",
    "iat": "RFC 8225 section 5.1.1",
    "orig does not match": "RFC 8224 section 6.2.4",  # the numbers of the call count, not those of the token
    "dest does not match": "RFC 8224 section 6.2.4",
    "orig": "RFC 8225 section 5.2.1",
    "dest": "RFC 8225 section 5.2.1",
}
"""For an Identity, in the same way."""


def section_for(name: str, sections: Mapping[str, str]) -> str:
    """The rule that a fault is against.

    Raises:
        KeyError: it is none of the faults that can be found in this.
    """
    for beginning, section in sections.items():
        if name.startswith(beginning):
            return section
    raise KeyError(name)
