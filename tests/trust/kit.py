"""A PKI in memory, tokens made by hand, and what the tests of signatures share."""

from __future__ import annotations

import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from simcarrier.trust import jws
from simcarrier.trust.jcard import Address, Contact
from simcarrier.trust.pki import Credential, make_authority, make_signer
from simcarrier.trust.store import Certificates, TrustList

NOW = 1_790_000_000.0
X5U = "https://certs.example/sp.pem"
DAY = 86_400.0

AUTHORITY = make_authority(NOW)
SIGNER = make_signer(AUTHORITY, NOW)
TRUST = TrustList(AUTHORITY.chain)
CERTIFICATES = Certificates([(X5U, SIGNER.chain)])

CONTACT = Contact(
    fn="Robocall desk",
    url="https://block.example/redress",
    email="redress@block.example",
    tel="+18005550100",
    adr=Address(street="1 Main Street", locality="Springfield", region="IL", postal_code="62701", country="USA"),
)


def handmade(header: object, payload: object, signer: Credential = SIGNER, *, indent: int | None = None) -> str:
    """A token of any JSON at all, rightly signed with ES256."""
    parts = [jws.encode(json.dumps(part, indent=indent).encode()) for part in (header, payload)]
    return resigned(".".join(part.decode() for part in parts) + ".", signer)


def resigned(token: str, signer: Credential = SIGNER) -> str:
    """The same token with a signature that is right, whatever it says; made without the code under test."""
    signed = token.rpartition(".")[0]
    r, s = decode_dss_signature(signer.key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{jws.encode(r.to_bytes(32) + s.to_bytes(32)).decode()}"
