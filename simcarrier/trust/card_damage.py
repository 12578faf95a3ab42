"""What can be wrong with the card of a 608, by name: as intermediaries and unfinished implementations make it.

A dialler that follows ``Call-Info`` must refuse each of these, and should be able to say which it was. Here stand the
names, what each is, and the fault that `rejection` and `referent` name; `damaged_card` makes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class CardDamage(StrEnum):
    """What is wrong with it; just one thing at a time."""

    EXPIRED = "expired"
    FROM_THE_FUTURE = "from_the_future"
    NO_IAT = "no_iat"
    FORGED = "forged"
    CHANGED = "changed"
    DER_SIGNATURE = "der_signature"
    ALG_NONE = "alg_none"
    ALG_HS256 = "alg_hs256"
    WRONG_TYP = "wrong_typ"
    NO_X5U = "no_x5u"
    WRONG_X5U = "wrong_x5u"
    NOT_A_JWS = "not_a_jws"
    LINE_BREAKS = "line_breaks"
    NOT_A_JCARD = "not_a_jcard"
    NO_CONTACT = "no_contact"
    TOO_LARGE = "too_large"
    NOT_THERE = "not_there"
    REDIRECT_LOOP = "redirect_loop"


MEANINGS: Final[Mapping[CardDamage, str]] = {
    CardDamage.EXPIRED: "it was issued an hour ago",
    CardDamage.FROM_THE_FUTURE: "it is issued in an hour",
    CardDamage.NO_IAT: "it does not say when it was issued",
    CardDamage.FORGED: "another key than that of the certificate signed it",
    CardDamage.CHANGED: "a character of the name was changed after it was signed",
    CardDamage.DER_SIGNATURE: "the signature is in DER, as libraries give it, and not two numbers of 32 bytes",
    CardDamage.ALG_NONE: "its algorithm is none, and there is no signature",
    CardDamage.ALG_HS256: "it is signed with HS256, with the public key as secret",
    CardDamage.WRONG_TYP: "its typ is JWT",
    CardDamage.NO_X5U: "it does not say where the certificate is",
    CardDamage.WRONG_X5U: "it names an address where no certificate is",
    CardDamage.NOT_A_JWS: "it is the plain JSON, not signed at all",
    CardDamage.LINE_BREAKS: "it has line breaks, after 64 characters each",
    CardDamage.NOT_A_JCARD: "its card is a JSON object with names and values, no jCard",
    CardDamage.NO_CONTACT: "its card has a name and no way to reach it",
    CardDamage.TOO_LARGE: "it has 100,000 bytes",
    CardDamage.NOT_THERE: "nothing is at its address (404)",
    CardDamage.REDIRECT_LOOP: "its address leads to another, and that back again",
}
"""What each is, in words."""

NAMED: Final[Mapping[CardDamage, str]] = {
    CardDamage.EXPIRED: "expired",
    CardDamage.FROM_THE_FUTURE: "issued in the future",
    CardDamage.NO_IAT: "iat missing",
    CardDamage.FORGED: "signature does not verify",
    CardDamage.CHANGED: "signature does not verify",
    CardDamage.DER_SIGNATURE: "signature does not verify",
    CardDamage.ALG_NONE: "alg none",
    CardDamage.ALG_HS256: "alg HS256 is not allowed",
    CardDamage.WRONG_TYP: "typ is not vcard+json",
    CardDamage.NO_X5U: "x5u missing",
    CardDamage.WRONG_X5U: "certificate not available",
    CardDamage.NOT_A_JWS: "referent is not a JWS",
    CardDamage.LINE_BREAKS: "referent is not a JWS",
    CardDamage.NOT_A_JCARD: "not a jCard",
    CardDamage.NO_CONTACT: "no contact in the jCard",
    CardDamage.TOO_LARGE: "referent not fetched",
    CardDamage.NOT_THERE: "referent not fetched",
    CardDamage.REDIRECT_LOOP: "referent not fetched",
}
"""The fault that whoever follows the link should name."""

SERVED_ONLY: Final = frozenset({CardDamage.TOO_LARGE, CardDamage.NOT_THERE, CardDamage.REDIRECT_LOOP})
"""Those of a card that is served: Call-Info has no room for the first, and no address for the others."""
