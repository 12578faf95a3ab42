"""Contexts for SIP over TLS (RFC 3261 section 26.2.1).

A listener without a certificate of its own gets one made on the fly, for localhost, 127.0.0.1 and ::1: enough
to try a dialler against, and trusted by nobody who does not say so. Its key lives in memory; Python's `ssl`
reads keys from files only, so it passes through a temporary file that nobody else may read, removed at once.
"""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path


class NoCryptography(RuntimeError):
    """The extra ``tls`` is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "making a certificate needs the package cryptography: pip install 'simcarrier[tls]', "
            "or name a certificate and its key"
        )


def server_context(certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """The context of a TLS listener.

    Args:
        certificate: a PEM file, the listener's certificate first, then those that lead to the root.
        key: a PEM file with its private key; None: it is in the same file.

    Raises:
        OSError: a file cannot be read, or (ssl.SSLError) the two do not belong together.
        ValueError: a key without a certificate.
        NoCryptography: no certificate is given and none can be made.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate is not None:
        context.load_cert_chain(certificate, key)
        return context
    if key is not None:
        raise ValueError("a private key needs its certificate")
    made, secret = self_signed()
    # Mode 0600 by itself, and gone when the block ends.
    with tempfile.NamedTemporaryFile(prefix="simcarrier-", suffix=".pem") as file:
        file.write(secret + made)
        file.flush()
        context.load_cert_chain(file.name)
    return context


def client_context(ca: Path | None = None) -> ssl.SSLContext:
    """The context of outgoing connections: the peer's certificate and name are verified.

    Args:
        ca: a PEM file with the roots to trust; None: the system's.

    Raises:
        OSError: the file cannot be read, or (ssl.SSLError) holds no certificate.
    """
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def self_signed() -> tuple[bytes, bytes]:
    """A certificate for localhost, 127.0.0.1 and ::1, good for 30 days, and its key; both PEM.

    Raises:
        NoCryptography: the package is missing.
    """
    try:
        # Optional, and slow to import: only for those who need it.
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError as error:
        raise NoCryptography from error
    import datetime
    import ipaddress

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName("localhost"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
            x509.IPAddress(ipaddress.ip_address("::1")),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Clocks differ: valid since a little while ago.
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
