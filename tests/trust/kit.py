"""A PKI in memory, tokens made by hand, and what the tests of signatures share."""

from __future__ import annotations

import json

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
    """The same token with a signature that is right, whatever it says."""
    head, body, _ = token.split(".")
    one = jws.Signer(signer.key, {"alg": "ES256"})
    one._head = head.encode() + b"."
    data = jws._decode(body, "payload")
    assert jws.encode(data).decode() == body
    return one.sign(data)
