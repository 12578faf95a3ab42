"""A PKI for tests: an authority, a certificate that signs calls and blocks, one for a TLS server.

Real SHAKEN certificates come from authorities that an industry body lets in, and carry which service provider they are
for: the extension TNAuthList (RFC 8226 section 9) with a service provider code. The test certificate has the same form,
so a verifier under test meets nothing new, except a root that it must be told to trust.

All is made in memory; `write_new` puts it into files, the keys readable by their owner only from the first byte on.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .extra import UnreadableFile, needed
from .store import Chain

with needed():
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

TN_AUTH_LIST: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.26")
_EARLIER: Final = datetime.timedelta(hours=1)  # clocks differ: valid since a little while ago
_SPC = re.compile(r"[0-9A-Za-z]{1,40}")
_HOST = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*"
)


class PkiError(UnreadableFile):
    """A file is missing or does not hold what it should; the message is for the person who named it."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate with its private key.

    Attributes:
        chain: the certificate, then those that lead to the root (left out).
        key: its private key.
    """

    chain: Chain
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate itself."""
        return self.chain[0]

    def certificate_pem(self) -> bytes:
        """The chain as PEM."""
        return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in self.chain)

    def key_pem(self) -> bytes:
        """The private key as PEM, not encrypted."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def make_authority(now: float, days: float = 365, name: str = "simcarrier test authority") -> Credential:
    """A root of its own, which may sign certificates that sign, and no further authorities.

    Args:
        now: seconds since 1970.
        days: how long it is valid.
        name: its common name.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(name, name, key.public_key(), key.public_key(), now, days)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return Credential((builder.sign(key, hashes.SHA256()),), key)


def make_signer(
    authority: Credential, now: float, days: float = 365, spc: str = "1234", name: str | None = None
) -> Credential:
    """A certificate that signs calls (PASSporT) and blocks (608).

    Args:
        authority: who issues it.
        now: seconds since 1970.
        days: how long it is valid.
        spc: the service provider code, such as an OCN; letters and digits.
        name: its common name; ``SHAKEN`` and the code if none is said.

    Raises:
        ValueError: the code is none.
    """
    if _SPC.fullmatch(spc) is None:
        raise ValueError("a service provider code has up to 40 letters and digits, such as 1234")
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _issued_by(authority, name or f"SHAKEN {spc}", key, now, days)
    builder = builder.add_extension(x509.UnrecognizedExtension(TN_AUTH_LIST, tn_auth_list(spc)), critical=False)
    return Credential((builder.sign(authority.key, hashes.SHA256()),), key)


def make_server(
    authority: Credential, now: float, days: float = 365, hosts: Iterable[str] = ("localhost", "127.0.0.1", "::1")
) -> Credential:
    """A certificate for a TLS listener, SIP or HTTPS.

    Args:
        authority: who issues it.
        now: seconds since 1970.
        days: how long it is valid.
        hosts: the names and addresses by which it will be called.

    Raises:
        ValueError: a host that is neither a name nor an address, or none at all.
    """
    names = [_general_name(host) for host in dict.fromkeys(hosts)]
    if not names:
        raise ValueError("a server's certificate needs at least one host")
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _issued_by(authority, str(names[0].value)[:64], key, now, days)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return Credential((builder.sign(authority.key, hashes.SHA256()),), key)


def tn_auth_list(spc: str) -> bytes:
    """The value of TNAuthList with one service provider code, in DER (RFC 8226 section 9, explicit tags)."""
    code = _tlv(0x16, spc.encode("ascii"))  # IA5String
    return _tlv(0x30, _tlv(0xA0, code))


def spc_of(certificate: x509.Certificate) -> str | None:
    """The service provider code of a certificate whose TNAuthList holds just that; None of any other."""
    try:
        extension = certificate.extensions.get_extension_for_oid(TN_AUTH_LIST).value
    except (x509.ExtensionNotFound, ValueError):
        return None
    data = extension.value if isinstance(extension, x509.UnrecognizedExtension) else b""
    try:
        spc = data[6:].decode("ascii")
    except UnicodeDecodeError:
        return None
    return spc if _SPC.fullmatch(spc) and tn_auth_list(spc) == data else None


def load_chain(path: Path) -> Chain:
    """The certificates of a PEM file, in order.

    Raises:
        PkiError: it cannot be read, or holds none.
    """
    try:
        return parse_chain(_read(path))
    except ValueError as error:
        raise PkiError(f"{path}: {error}") from error


def parse_chain(data: bytes) -> Chain:
    """The certificates in PEM, or the one in DER; an ``x5u`` may lead to either.

    Raises:
        ValueError: there is none.
    """
    try:
        if b"-----BEGIN" in data:
            return tuple(x509.load_pem_x509_certificates(data))
        return (x509.load_der_x509_certificate(data),)
    except ValueError:
        raise ValueError("holds no certificate") from None


def load_credential(certificate: Path, key: Path) -> Credential:
    """A certificate with its key, for ES256.

    Raises:
        PkiError: a file cannot be read or holds something else, or the two do not belong together.
    """
    chain = load_chain(certificate)
    data = _read(key)
    try:
        secret = serialization.load_pem_private_key(data, None)
    except TypeError:
        raise PkiError(f"{key}: the key is encrypted; write it without a password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise PkiError(f"{key}: holds no private key") from None
    if not isinstance(secret, ec.EllipticCurvePrivateKey) or not isinstance(secret.curve, ec.SECP256R1):
        raise PkiError(f"{key}: the key is not for ES256, which needs the curve P-256")
    if chain[0].public_key() != secret.public_key():
        raise PkiError(f"{key}: the key does not belong to the certificate {certificate}")
    return Credential(chain, secret)


def write_new(folder: Path, files: Mapping[str, bytes], private: Iterable[str], *, replace: bool = False) -> None:
    """Write files; those that are private with mode 0600 from the start, the others 0644.

    Args:
        folder: made if it is missing.
        files: contents by name.
        private: which of the names are for the owner only.
        replace: whether files that are there may be replaced. A new file takes the old one's place, so what was open to
            others does not stay so.

    Raises:
        PkiError: a file is there already (then none is written), or it cannot be written.
    """
    secret = set(private)
    there = [name for name in files if (folder / name).is_symlink() or (folder / name).exists()]
    if there and not replace:
        raise PkiError(f"{folder / there[0]}: there is one already")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            _write(folder / name, data, 0o600 if name in secret else 0o644, replace)
    except OSError as error:
        raise PkiError(f"{error.filename or folder}: cannot be written: {error.strerror}") from error


def _write(path: Path, data: bytes, mode: int, replace: bool) -> None:
    # O_EXCL refuses to follow or reuse what somebody put there; what is replaced is so only when the new file is whole.
    target = path.with_name(f".{path.name}.{secrets.token_hex(8)}") if replace else path
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if replace:
            target.replace(path)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PkiError(f"{path}: cannot be read: {error.strerror}") from error


def _issued_by(
    authority: Credential, name: str, key: ec.EllipticCurvePrivateKey, now: float, days: float
) -> x509.CertificateBuilder:
    issuer = authority.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    builder = _builder(name, str(issuer), key.public_key(), authority.key.public_key(), now, days)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    return builder.add_extension(_usage(signs_certificates=False), critical=True)


def _builder(
    name: str,
    issuer: str,
    key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
    now: float,
    days: float,
) -> x509.CertificateBuilder:
    start = datetime.datetime.fromtimestamp(int(now), datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - _EARLIER)
        .not_valid_after(start + datetime.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.DNSName | x509.IPAddress:
    try:
        return x509.IPAddress(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        if _HOST.fullmatch(host) is None:
            raise ValueError(f"{host!r} is neither a host name nor an IP address") from None
        return x509.DNSName(host)


def _tlv(tag: int, value: bytes) -> bytes:
    return bytes((tag, len(value))) + value  # short lengths only: everything here stays below 128
