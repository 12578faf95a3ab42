"""Who vouches for the caller: SHAKEN PASSporTs, signed and judged (RFC 8224, RFC 8225, RFC 8588).

The network where a call begins signs the numbers, the time and how well it knows the caller: ``A`` it knows the caller
and the right to the number, ``B`` it knows the caller, ``C`` the call came in by a gateway. The network where it ends
checks the certificate and the signature, and that the signed numbers are those of the call.

A signature covers bytes, so there is one way to write them: keys in lexicographic order, no white space, numbers as
digits without ``+``. The verifier answers what is wrong with a code of its own: 428 none came, 436 the certificate
cannot be had, 437 it is not believed, 438 the statement is broken or false, 403 it is old. The order of looking is that
of RFC 8224 section 6.2: the form, the certificate, the times, the signature; and then what is signed.

Only the full form and the extension ``shaken`` are judged. Others (``div``, ``rph``, ``rcd``) are named and passed
over, as RFC 8224 section 6.2 has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from simcarrier.sip.identity import Identity, parse_identity

from . import jws
from .extra import needed
from .fault import Fault, shown
from .store import CertificateFor, Chain, TrustList, public_key

with needed():
    from cryptography.hazmat.primitives.asymmetric import ec

ATTESTATIONS: Final = ("A", "B", "C")
"""Full, partial, gateway (RFC 8588 section 4)."""

PPT: Final = "shaken"

ANSWERS: Final = {
    403: "Stale Date",
    428: "Use Identity Header",
    436: "Bad Identity Info",
    437: "Unsupported Credential",
    438: "Invalid Identity Header",
}
"""What a verifier answers (RFC 8224 section 6.2.2, which has the codes and what each is for).

It does not place every fault; where it does not, these are our choice. 403 is for a Date or an ``iat`` that is too old:
one from the future is as little fresh. 437 is for a credential that is not supported: so is another algorithm. 436 is
for one that cannot be had: so is one whose ``info`` is missing, or is not the ``x5u``.
"""

_NOT_TO_BE_HAD: Final = 436

_NUMBER = re.compile(r"[0-9*#]+")
_NOT_DIALLED = re.compile(r"[^0-9*#]+")


def canonical(number: str | None) -> str:
    """A number as it is signed: digits, ``*`` and ``#`` alone (RFC 8224 section 8.3). Empty if it is no number.

    The caller must have added the country code: without a numbering plan nobody knows it.
    """
    if not number:
        return ""
    text = number[4:] if number[:4].lower() == "tel:" else number
    text = text.partition(";")[0]
    return "" if any(char.isalpha() for char in text) else _NOT_DIALLED.sub("", text)


class IdentitySigner:
    """Signs the calls of one originating network.

    Args:
        key: the P-256 key whose certificate is at ``x5u``.
        x5u: the URI of the certificate; it stands in the token and as ``info``.

    Raises:
        ValueError: the key is not of P-256.
    """

    def __init__(self, key: ec.EllipticCurvePrivateKey, x5u: str) -> None:
        self._x5u = x5u
        self._signer = jws.Signer(key, {"alg": jws.ALGORITHM, "ppt": PPT, "typ": "passport", "x5u": x5u})

    def sign(self, *, from_tn: str, to_tn: str | Sequence[str], attestation: str, origid: str, now: float) -> str:
        """The value of the Identity header field, full form.

        Args:
            from_tn: the calling number, with its country code.
            to_tn: the called number or numbers.
            attestation: ``A``, ``B`` or ``C``.
            origid: who or what the call came from, a UUID as RFC 8588 has it.
            now: seconds since 1970.

        Raises:
            ValueError: another attestation, no origid, or what is no number.
        """
        called = [to_tn] if isinstance(to_tn, str) else list(to_tn)
        if attestation not in ATTESTATIONS:
            raise ValueError("attestation must be A, B or C")
        if not origid:
            raise ValueError("origid is needed")
        orig, dest = canonical(from_tn), [canonical(number) for number in called]
        if not orig or not dest or not all(dest):
            raise ValueError("a PASSporT needs telephone numbers")
        claims = {  # in lexicographic order, as they are to be written
            "attest": attestation,
            "dest": {"tn": dest},
            "iat": int(now),
            "orig": {"tn": orig},
            "origid": origid,
        }
        return str(Identity(self._signer.sign(jws.to_json(claims)), self._x5u, jws.ALGORITHM, PPT))


@dataclass(frozen=True, slots=True)
class Claims:
    """What a PASSporT says, as far as it could be read.

    Attributes:
        attestation: ``A``, ``B`` or ``C``.
        orig: the calling number, digits; empty if it is missing.
        dest: the called numbers.
        origid: who or what the call came from.
        issued: seconds since 1970.
    """

    attestation: str | None = None
    orig: str = ""
    dest: tuple[str, ...] = ()
    origid: str | None = None
    issued: int | None = None


@dataclass(frozen=True, slots=True)
class IdentityVerdict:
    """What a call's Identity says, and whether to believe it.

    Attributes:
        verified: whether it may be believed. False too where there was none.
        claims: what it says; to be believed only if `verified`.
        faults: all that is wrong, in the order of looking; none where there was no Identity and none was demanded.
        ignored: extensions that came and were passed over, such as ``div``.
    """

    verified: bool = False
    claims: Claims = Claims()
    faults: tuple[Fault, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def attestation(self) -> str | None:
        """The attestation, if it may be believed."""
        return self.claims.attestation if self.verified else None

    @property
    def answer(self) -> int | None:
        """The status code that fits the first fault, None if nothing is wrong."""
        return self.faults[0].answer if self.faults else None

    @property
    def phrase(self) -> str | None:
        """The reason phrase to the answer. 403 has many meanings: only the phrase tells which."""
        return None if self.answer is None else ANSWERS[self.answer]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the faults."""
        return tuple(fault.name for fault in self.faults)


def verify_identity(
    header_values: Iterable[str],
    *,
    from_tn: str | None,
    to_tn: str | None,
    now: float,
    certificate_for: CertificateFor,
    trust: TrustList,
    freshness: float = 60.0,
    date: float | None = None,
    demanded: bool = False,
) -> IdentityVerdict:
    """Judge the Identity header fields of a request; never raises for what a peer sent.

    Of several SHAKEN tokens one that is right is enough (RFC 8224 section 6.2.1). If none is, the verdict is that on
    the first; but 436 is only for requests none of whose certificates can be had (section 6.2.2), so one for which
    there is a certificate goes before those for which there is none.

    Args:
        header_values: the values of all Identity header fields, in order.
        from_tn: the calling number of the call (P-Asserted-Identity, or From), with its country code.
        to_tn: the called number (To), with its country code.
        now: seconds since 1970.
        certificate_for: gives the chain for the URI in ``info``.
        trust: the roots to believe.
        freshness: seconds that a token may be old, or from the future.
        date: the Date header field in seconds since 1970, if there is one; it must be as fresh.
        demanded: whether a call without a SHAKEN token is refused (428).
    """
    parsed = parse_identity(header_values)
    ignored = tuple(shown(one.ppt, 20) for one in parsed.values if not _is_shaken(one))
    verdicts: list[IdentityVerdict] = []
    for identity in parsed.values:
        if not _is_shaken(identity):
            continue
        claims, faults = Claims(), _form_faults(identity)
        if not faults:
            try:
                token = jws.read(identity.token)
            except jws.NotJws as why:
                faults.append(Fault("not a PASSporT", str(why), 438))
            else:
                claims = _claims(token)
                faults += _header_faults(token, identity)
                chain = certificate_for(identity.info or "")
                faults += _certificate_faults(chain, identity.info, trust, now)
                faults += _freshness_faults(claims.issued, now, freshness, date)
                faults += _signature_faults(token, chain)
                faults += _claim_faults(token, claims)
                faults += _number_faults(claims, canonical(from_tn), canonical(to_tn))
        verdicts.append(IdentityVerdict(not faults, claims, tuple(faults), ignored))
    if verdicts:
        right = next((verdict for verdict in verdicts if verdict.verified), None)
        return right or next((verdict for verdict in verdicts if verdict.answer != _NOT_TO_BE_HAD), verdicts[0])
    if parsed.faults:
        broken = tuple(Fault("not an Identity", one.why, 438) for one in parsed.faults)
        return IdentityVerdict(faults=broken, ignored=ignored)
    return IdentityVerdict(faults=(Fault("no Identity", answer=428),) if demanded else (), ignored=ignored)


def _is_shaken(identity: Identity) -> bool:
    """Whether to judge it; one that names no extension may be a SHAKEN token whose ``ppt`` was lost on the way."""
    return identity.ppt is None or identity.ppt.lower() == PPT


def _form_faults(identity: Identity) -> list[Fault]:
    """What the header field shows by itself."""
    faults = []
    if identity.info is None:
        faults.append(Fault("info missing", answer=436))
    elif not identity.info.lower().startswith("https://"):
        faults.append(Fault("info is not https", shown(identity.info), 436))
    if identity.is_compact:
        faults.append(Fault("compact form", "SHAKEN has claims that only the full form carries", 438))
    elif identity.alg is not None and identity.alg != jws.ALGORITHM:
        faults.append(Fault(f"alg {shown(identity.alg, 20)} is not allowed", "in the header field", 437))
    return faults


def _header_faults(token: jws.Token, identity: Identity) -> list[Fault]:
    """The token's own header, and whether it agrees with the field around it."""
    faults = []
    algorithm = jws.algorithm_fault(token.header)
    if algorithm is not None:
        faults.append(Fault(algorithm.name, algorithm.detail, 437))
    x5u = token.header.get("x5u")
    if not isinstance(x5u, str) or not x5u:
        faults.append(Fault("x5u missing", answer=436))
    elif x5u != identity.info:
        faults.append(Fault("x5u does not match", f"{shown(x5u)}, info is {shown(identity.info)}", 436))
    if token.header.get("typ") != "passport":
        faults.append(Fault("typ is not passport", shown(token.header.get("typ", "it is missing")), 438))
    if token.header.get("ppt") != PPT:
        faults.append(Fault("ppt is not shaken", shown(token.header.get("ppt", "it is missing")), 438))
    return faults


def _certificate_faults(chain: Chain | None, info: str | None, trust: TrustList, now: float) -> list[Fault]:
    if chain is None:
        return [Fault("certificate not available", shown(info), 436)]
    return [Fault(one.name, one.detail, 437) for one in trust.judge(chain, now)]


def _signature_faults(token: jws.Token, chain: Chain | None) -> list[Fault]:
    """The signature, if it can be checked."""
    key = None if chain is None else public_key(chain)
    if key is None or jws.algorithm_fault(token.header) is not None or jws.verify(token, key):
        return []
    return [Fault("signature does not verify", answer=438)]


def _freshness_faults(issued: int | None, now: float, freshness: float, date: float | None) -> list[Fault]:
    """The two times of a call. They may differ: that of the token counts, if both are fresh (section 6.2, step 4)."""
    if date is not None and abs(now - date) > freshness:
        return [Fault("Date is stale", f"it is {now - date:+.0f} s from now, {freshness:g} s are allowed", 403)]
    if issued is None:
        return []
    if issued < now - freshness:
        return [Fault("expired", f"issued {now - issued:.0f} s ago, {freshness:g} s are allowed", 403)]
    if issued > now + freshness:
        return [Fault("issued in the future", f"by {issued - now:.0f} s", 403)]
    return []


def _claims(token: jws.Token) -> Claims:
    """What can be read of the claims; what is not of the right form is left out."""
    payload = token.payload
    attestation, origid = payload.get("attest"), payload.get("origid")
    orig, dest = payload.get("orig"), payload.get("dest")
    calling = orig.get("tn") if isinstance(orig, dict) else None
    called = dest.get("tn") if isinstance(dest, dict) else None
    return Claims(
        attestation if isinstance(attestation, str) and attestation in ATTESTATIONS else None,
        calling if isinstance(calling, str) and _NUMBER.fullmatch(calling) else "",
        tuple(one for one in called if isinstance(one, str) and _NUMBER.fullmatch(one))
        if isinstance(called, list)
        else (),
        shown(origid) if isinstance(origid, str) and origid else None,
        jws.issued(payload),
    )


def _claim_faults(token: jws.Token, claims: Claims) -> list[Fault]:
    told = {
        "attest": claims.attestation,
        "dest": claims.dest,
        "iat": claims.issued,
        "orig": claims.orig,
        "origid": claims.origid,
    }
    return [
        Fault(f"{name} missing" if name not in token.payload else f"{name} cannot be read", answer=438)
        for name, value in told.items()
        if value is None or value in ("", ())
    ]


def _number_faults(claims: Claims, calling: str, called: str) -> list[Fault]:
    faults = []
    if claims.orig and claims.orig != calling:
        faults.append(
            Fault("orig does not match", f"{shown(claims.orig)}, the call is from {calling or 'nobody'}", 438)
        )
    if claims.dest and called not in claims.dest:
        faults.append(
            Fault("dest does not match", f"{shown(claims.dest[0])}, the call is to {called or 'nobody'}", 438)
        )
    return faults
