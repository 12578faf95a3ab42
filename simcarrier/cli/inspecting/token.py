"""What a signed token says: the card of a 608, or who vouches for a caller."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import astuple
from typing import TYPE_CHECKING

from simcarrier.sip.identity import parse_identity

from .sections import CARD, PASSPORT, section_for
from .told import Inspected, Unknown

if TYPE_CHECKING:
    from simcarrier.trust.fault import Fault
    from simcarrier.trust.passport import IdentityVerdict
    from simcarrier.trust.rejection import RejectionVerdict

    from .known import Known

TOKEN = re.compile(rb"\s*(?:data:application/jose,)?([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)\s*")
"""A file that holds a token alone."""


def read_token(text: str, trusted: Known | None, now: float) -> Inspected:
    """What a token says that came alone.

    Args:
        text: its three parts.
        trusted: whom to believe; None: tokens cannot be read.
        now: the time by which its age is judged, seconds since 1970.

    Raises:
        Unknown: it is no token, or tokens cannot be read.
    """
    if trusted is None:
        raise Unknown("is a signed token; reading it needs the extra: pip install 'simcarrier[trust]'")
    from simcarrier.trust import jws
    from simcarrier.trust.fault import shown

    try:
        header = jws.read(text).header
    except jws.NotJws as why:
        raise Unknown(f"is no signed token: {why}") from None
    if header.get("typ") == "passport" or "ppt" in header:
        one = Inspected("PASSporT")
        x5u = header.get("x5u")
        written = f"{text};info=<{x5u if isinstance(x5u, str) else ''}>;ppt={shown(header.get('ppt'), 20)}"
        claims = jws.read(text).payload
        orig, dest = _number(claims.get("orig")), _number(claims.get("dest"))
        tell_identity(one, [written], orig, dest, trusted, now)
        return one
    one = Inspected("signed card of a 608")
    tell_card(one, text, trusted, now)
    return one


def _number(claim: object) -> str:
    """The first number of a claim, to compare it with itself: a bare token tells of no call."""
    number = claim.get("tn") if isinstance(claim, dict) else None
    if isinstance(number, list) and number:
        number = number[0]
    return number if isinstance(number, str) else ""


def tell_card(one: Inspected, token: str | bytes, trusted: Known, now: float) -> None:
    """Tell what the card of a 608 says, and what is wrong with it."""
    from simcarrier.trust.rejection import read_rejection

    verdict = read_rejection(token, certificate_for=trusted.certificates, trust=trusted.trust, now=now)
    _contact(one, verdict)
    one.fact("signed by", verdict.x5u or "nobody")
    _faults(one, verdict.faults, trusted, CARD)


def _contact(one: Inspected, verdict: RejectionVerdict) -> None:
    contact = verdict.contact
    if contact is None:
        return
    told = {name: value for name in ("fn", "url", "email", "tel") if (value := getattr(contact, name))}
    if contact.adr is not None:
        told["adr"] = ", ".join(part for part in astuple(contact.adr) if part)
    for name, value in told.items():
        one.fact({"fn": "name", "adr": "address"}.get(name, name), value)
    one.told["card"] = {**told, "issued": verdict.issued}
    if verdict.issued is not None:
        one.fact("issued", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(min(verdict.issued, 2**37))))


def tell_identity(one: Inspected, values: list[str], caller: str, called: str, trusted: Known, now: float) -> None:
    """Tell who vouches for a caller, and what is wrong with that.

    Args:
        one: of which message or token.
        values: the Identity header fields.
        caller: the calling number of the call.
        called: the called number.
        trusted: whom to believe.
        now: seconds since 1970.
    """
    from simcarrier.trust.passport import verify_identity

    verdict = verify_identity(
        values, from_tn=caller, to_tn=called, now=now, certificate_for=trusted.certificates, trust=trusted.trust
    )
    _attestation(one, verdict)
    for identity in parse_identity(values).values:
        one.fact("signed by", identity.info or "nobody")
    for extension in verdict.ignored:
        one.fact("note", f"a PASSporT of the kind {extension} is not looked into")
    _faults(one, verdict.faults, trusted, PASSPORT)


def _attestation(one: Inspected, verdict: IdentityVerdict) -> None:
    claims = verdict.claims
    meanings = {
        "A": "A (full: the caller, and its right to the number, are known)",
        "B": "B (partial: the caller is known)",
        "C": "C (gateway: it is known where the call came in)",
    }
    if claims.attestation is not None:
        one.fact("attestation", meanings[claims.attestation])
        one.fact("numbers", f"{claims.orig} calls {', '.join(claims.dest)}")
    if claims.issued is not None:
        one.fact("issued", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(min(claims.issued, 2**37))))
    one.told["identity"] = {
        "verified": verdict.verified,
        "attestation": claims.attestation,
        "orig": claims.orig,
        "dest": list(claims.dest),
        "issued": claims.issued,
    }


def _faults(one: Inspected, faults: tuple[Fault, ...], trusted: Known, sections: Mapping[str, str]) -> None:
    told = list(_checked(faults, trusted))
    if len(told) < len(faults):
        one.fact("signature", "not checked: name the certificate by --certificate URI=FILE, and --ca")
    elif not faults:
        one.fact("signature", "right, by an authority that is believed")
    for fault in told:
        one.fault(fault, section_for(fault.name, sections))


def _checked(faults: tuple[Fault, ...], trusted: Known) -> Iterator[Fault]:
    """Without any certificate at hand it is no fault of the token's that there is none."""
    return (fault for fault in faults if trusted.any or fault.name != "certificate not available")
