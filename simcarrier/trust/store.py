"""Whose signature counts: roots, chains that lead to them, and which certificate an ``x5u`` stands for.

The checks are few and each has its reason told, which the policies of web browsers, made for TLS servers, would not do:
a chain of at most five certificates from the signer to a root of ours, each signed by the next; every one within its
time; the upper ones allowed to sign certificates, the first one allowed to sign; a P-256 key; no critical extension
that we do not know. There is no revocation: the lists that SHAKEN keeps are not for a test bench.

Nothing here fetches anything. `Certificates` holds what was put into it, by a scenario or by `fetch`.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias, TypeVar

from .extra import needed
from .fault import Fault, shown

with needed():
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtensionOID

Chain: TypeAlias = tuple[x509.Certificate, ...]
"""The signer's certificate first, then those that lead to the root; the root itself may be left out."""

CertificateFor: TypeAlias = Callable[[str], Chain | None]
"""Gives the chain that an ``x5u`` URI leads to, None if there is none. `Certificates` is one."""

NOT_TRUSTED: Final = "certificate not trusted"
EXPIRED: Final = "certificate expired"
NOT_YET_VALID: Final = "certificate not yet valid"
UNFIT: Final = "certificate not fit to sign"

_E = TypeVar("_E", bound=x509.ExtensionType)
_DEEPEST: Final = 5
_MOST_CERTIFICATES: Final = 10  # in one chain; more would only cost signatures to check
_REMEMBERED: Final = 256  # chains that were judged; a carrier has a few peers
# What reading a certificate can raise that a peer made.
_BROKEN: Final = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
_KNOWN_CRITICAL: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)


class Certificates:
    """Which chain an ``x5u`` URI stands for; call it like a function.

    Args:
        known: what to begin with.
        most: how many to hold; the one that was put in first goes when there is no more room.
    """

    def __init__(self, known: Iterable[tuple[str, Chain]] = (), most: int = 1000) -> None:
        self._most = most
        self._chains: dict[str, Chain] = {}
        for x5u, chain in known:
            self.put(x5u, chain)

    def put(self, x5u: str, chain: Chain) -> None:
        """Let this URI stand for that chain.

        Raises:
            ValueError: an empty chain.
        """
        if not chain:
            raise ValueError("a chain needs at least one certificate")
        self._chains.pop(x5u, None)
        if len(self._chains) >= self._most:
            del self._chains[next(iter(self._chains))]
        self._chains[x5u] = chain

    def __call__(self, x5u: str) -> Chain | None:
        """The chain that this URI stands for, None if it was not put in."""
        return self._chains.get(x5u)


@dataclass(frozen=True, slots=True)
class _Path:
    """From a signer up to a root, or why there is none.

    Attributes:
        certificates: the signer's first; as far as there is one.
        fault: why it is not to be believed at any time.
        times: from when to when each certificate is valid, in seconds since 1970.
    """

    certificates: Chain
    fault: Fault | None = None
    times: tuple[tuple[float, float], ...] = field(init=False)

    def __post_init__(self) -> None:
        times = tuple(
            (one.not_valid_before_utc.timestamp(), one.not_valid_after_utc.timestamp()) for one in self.certificates
        )
        object.__setattr__(self, "times", times)  # worked out once, from the others


class TrustList:
    """The roots that we believe.

    Args:
        roots: their certificates. A signer's own certificate may stand here too; then it is believed by itself.
    """

    def __init__(self, roots: Iterable[x509.Certificate]) -> None:
        self._roots = tuple(roots)
        self._paths: dict[Chain, _Path] = {}

    def judge(self, chain: Chain, now: float) -> tuple[Fault, ...]:
        """What keeps this chain from being believed at this time; empty if nothing does.

        Which path leads to a root does not change, so it is looked for once for each chain.

        Args:
            chain: as `CertificateFor` gives it.
            now: seconds since 1970.
        """
        path = self._paths.get(chain)
        if path is None:
            path = self._find(chain)
            if len(self._paths) >= _REMEMBERED:
                self._paths.clear()
            self._paths[chain] = path
        faults = [] if path.fault is None else [path.fault]
        for certificate, (start, end) in zip(path.certificates, path.times, strict=True):
            if now < start:
                faults.append(
                    Fault(NOT_YET_VALID, f"{_name(certificate)} from {_day(certificate.not_valid_before_utc)}")
                )
            elif now > end:
                faults.append(Fault(EXPIRED, f"{_name(certificate)} on {_day(certificate.not_valid_after_utc)}"))
        return tuple(faults)

    def _find(self, chain: Chain) -> _Path:
        if not chain:
            return _Path((), Fault(NOT_TRUSTED, "there is none"))
        unfit = _signer_fault(chain[0])
        if unfit is not None:
            return _Path(chain[:1], unfit)
        if chain[0] in self._roots:
            return _Path(chain[:1])
        path = [chain[0]]
        spare = list(chain[1:_MOST_CERTIFICATES])
        while len(path) < _DEEPEST:
            root = next((one for one in self._roots if _issued(path[-1], one)), None)
            if root is not None:
                fault = _issuer_fault(root, len(path) - 1)
                return _Path((*path, root), fault)
            issuer = next((one for one in spare if _issued(path[-1], one)), None)
            if issuer is None:
                return _Path(tuple(path), Fault(NOT_TRUSTED, f"nobody we trust issued {_name(path[-1])}"))
            fault = _issuer_fault(issuer, len(path) - 1)
            if fault is not None:
                return _Path(tuple(path), fault)
            spare.remove(issuer)
            path.append(issuer)
        return _Path(tuple(path), Fault(NOT_TRUSTED, f"a chain of more than {_DEEPEST} certificates"))


def public_key(chain: Chain) -> ec.EllipticCurvePublicKey | None:
    """The signer's key, None if it is not of P-256."""
    return _key_of(chain[0]) if chain else None


@functools.lru_cache(maxsize=_REMEMBERED)  # reading it out of the certificate costs as much as a signature
def _key_of(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey | None:
    try:
        key = certificate.public_key()
    except _BROKEN:
        return None
    return key if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1) else None


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (*_BROKEN, InvalidSignature):
        return False
    return True


def _signer_fault(certificate: x509.Certificate) -> Fault | None:
    if public_key((certificate,)) is None:
        return Fault(UNFIT, "its key is not for ES256 (P-256)")
    try:
        usage = _extension(certificate, x509.KeyUsage)
    except _BROKEN:
        return Fault(UNFIT, "its extensions cannot be read")
    if usage is not None and not usage.digital_signature:
        return Fault(UNFIT, "its key usage has no digital signature")
    return _critical_fault(certificate)


def _issuer_fault(certificate: x509.Certificate, below: int) -> Fault | None:
    """Why it may not sign certificates; ``below`` counts the issuers between it and the signer."""
    try:
        constraints = _extension(certificate, x509.BasicConstraints)
        usage = _extension(certificate, x509.KeyUsage)
    except _BROKEN:
        return Fault(NOT_TRUSTED, f"{_name(certificate)} has extensions that cannot be read")
    if constraints is None or not constraints.ca:
        return Fault(NOT_TRUSTED, f"{_name(certificate)} is no certificate authority")
    if constraints.path_length is not None and below > constraints.path_length:
        return Fault(NOT_TRUSTED, f"{_name(certificate)} allows no longer chain")
    if usage is not None and not usage.key_cert_sign:
        return Fault(NOT_TRUSTED, f"{_name(certificate)} may not sign certificates (key usage)")
    return _critical_fault(certificate)


def _critical_fault(certificate: x509.Certificate) -> Fault | None:
    for extension in certificate.extensions:
        if extension.critical and extension.oid not in _KNOWN_CRITICAL:
            return Fault(NOT_TRUSTED, f"{_name(certificate)} has a critical extension {extension.oid.dotted_string}")
    return None


def _extension(certificate: x509.Certificate, kind: type[_E]) -> _E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _name(certificate: x509.Certificate) -> str:
    try:
        return shown(certificate.subject.rfc4514_string()) or "a certificate without a name"
    except _BROKEN:
        return "a certificate with a broken name"


def _day(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
