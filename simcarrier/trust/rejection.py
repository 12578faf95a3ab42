"""The signed card of a 608: who rejected the call, and how to complain (RFC 8688 sections 3.1 to 3.3).

The blocking element signs a jCard for each call, or for each minute: ``iat`` says when, and a caller refuses what is
older than about a minute, so that a card cannot be kept and shown again. The caller follows ``Call-Info`` to the token
and ``x5u`` to the certificate, and believes neither before the chain and the signature are checked.

Reading names all faults at once and still gives the contact as far as it could be read: only a verdict that is ``ok``
says that it comes from whom it seems to come.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from . import jws
from .extra import needed
from .fault import Fault, shown
from .jcard import Contact, make_jcard, read_jcard
from .store import CertificateFor, Chain, TrustList, public_key

with needed():
    from cryptography.hazmat.primitives.asymmetric import ec

TYPE: Final = "vcard+json"
MOST_AHEAD: Final = 5.0
"""Seconds that a card may be from the future: the clocks of two networks are never quite the same."""

_DATA: Final = "data:application/jose,"
_IN_A_URI: Final = "!$&'()+*,-./:;=?@_~"  # what a path may hold as it is, and ? (RFC 3986 section 3.3)


class RejectionSigner:
    """Signs the card of one blocking element.

    Args:
        key: the P-256 key whose certificate is at ``x5u``.
        x5u: the URI of the certificate.
        contact: what the card says.

    Raises:
        ValueError: the contact has faults, or the key is not of P-256.
    """

    def __init__(self, key: ec.EllipticCurvePrivateKey, x5u: str, contact: Contact) -> None:
        self._signer = jws.Signer(key, {"alg": jws.ALGORITHM, "typ": TYPE, "x5u": x5u})
        self._tail = b',"jcard":' + jws.to_json(make_jcard(contact)) + b"}"

    def sign(self, now: float) -> str:
        """The token, issued now (seconds since 1970)."""
        return self._signer.sign(b'{"iat":%d' % now + self._tail)


def data_uri(token: str) -> str:
    """The token as a URI of its own, for carriers without a web port. RFC 8688 neither names nor forbids it.

    What a URI has no room for, as cards that are wrong may hold it, is escaped.
    """
    return _DATA + quote(token, safe=_IN_A_URI)


def call_info(uri: str) -> str:
    """The value of Call-Info that leads to a token; the URI of https should be one that nobody can guess."""
    return f"<{uri}>;purpose=jwscard"


@dataclass(frozen=True, slots=True)
class RejectionVerdict:
    """What a 608's referent says, and whether to believe it.

    Attributes:
        contact: as far as it could be read; who it really comes from is known only if this is `ok`.
        issued: seconds since 1970, None if it does not say.
        x5u: where its certificate is said to be, None if it does not say.
        faults: all that is wrong, in the order of looking.
    """

    contact: Contact | None = None
    issued: int | None = None
    x5u: str | None = None
    faults: tuple[Fault, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the faults."""
        return tuple(fault.name for fault in self.faults)


def read_rejection(
    token: str | bytes,
    *,
    certificate_for: CertificateFor,
    trust: TrustList,
    now: float,
    max_age: float = 60.0,
    x5u: str | None = None,
) -> RejectionVerdict:
    """Read and judge what a 608's Call-Info leads to; never raises for what a peer sent.

    Args:
        token: the referent's body.
        certificate_for: gives the chain for an ``x5u``.
        trust: the roots to believe.
        now: seconds since 1970.
        max_age: seconds; what was issued longer ago is refused.
        x5u: where the certificate must be, if that is known beforehand.
    """
    if len(token) > jws.LONGEST:
        return RejectionVerdict(faults=(Fault("too large", f"more than {jws.LONGEST} bytes"),))
    try:
        read = jws.read(token)
    except jws.NotJws as why:
        return RejectionVerdict(faults=(Fault("referent is not a JWS", str(why)),))
    named = read.header.get("x5u")
    where = named if isinstance(named, str) and named else None
    faults = _header_faults(read, where, x5u)
    chain = certificate_for(where) if where is not None else None
    # At an address that nobody agreed on there need not be anything.
    missing = where if x5u is None or where == x5u else None
    faults += _signature_faults(read, missing, chain, trust, now)
    issued = jws.issued(read.payload)
    faults += _age_faults(issued, now, max_age)
    contact, wrong = read_jcard(read.payload.get("jcard"))
    faults += [Fault("not a jCard", why) for why in wrong]
    if contact is not None and not contact.has_contact:
        faults.append(Fault("no contact in the jCard"))
    return RejectionVerdict(contact, issued, where, tuple(faults))


def _header_faults(token: jws.Token, where: str | None, wanted: str | None) -> list[Fault]:
    faults = []
    if token.header.get("typ") != TYPE:
        faults.append(Fault(f"typ is not {TYPE}", shown(token.header.get("typ", "it is missing"))))
    if where is None:
        faults.append(Fault("x5u missing"))
    elif wanted is not None and where != wanted:
        faults.append(Fault("x5u does not match", shown(where)))
    return faults


def _signature_faults(
    token: jws.Token, missing: str | None, chain: Chain | None, trust: TrustList, now: float
) -> list[Fault]:
    """The algorithm, the certificate, the signature; ``missing`` is the address to name if there is no certificate."""
    wrong = jws.algorithm_fault(token.header)
    faults = [] if wrong is None else [wrong]
    if chain is None:
        return faults if missing is None else [*faults, Fault("certificate not available", shown(missing))]
    faults += trust.judge(chain, now)
    key = public_key(chain)
    # With another algorithm there is nothing that could verify; saying so again would hide what is wrong.
    if wrong is None and key is not None and not jws.verify(token, key):
        faults.append(Fault("signature does not verify"))
    return faults


def _age_faults(issued: int | None, now: float, max_age: float) -> list[Fault]:
    if issued is None:
        return [Fault("iat missing")]
    if issued < now - max_age:
        return [Fault("expired", f"issued {now - issued:.0f} s ago, {max_age:g} s are allowed")]
    if issued > now + MOST_AHEAD:
        return [Fault("issued in the future", f"by {issued - now:.0f} s")]
    return []
