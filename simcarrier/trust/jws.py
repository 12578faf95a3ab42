"""Compact JSON Web Signatures with ES256 (RFC 7515, RFC 7518 section 3.4), and nothing else.

``BASE64URL(header) . BASE64URL(payload) . BASE64URL(r || s)``, the signature 64 bytes. Both things that SIP signs, the
608's card and the PASSporT, allow this one algorithm, so the algorithm is never taken from the token: a token that
names another one is refused by that name. That closes the well-known holes, ``none`` and HS256 with the public key as
secret.

The signature is made straight by `cryptography`: a general JOSE library costs three times as much a call.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .extra import needed
from .fault import Fault, shown

with needed():
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

ALGORITHM: Final = "ES256"
LONGEST: Final = 65_536
"""Characters in one token. Real ones stay below 2,000; the limit bounds what reading a hostile one can cost."""

_HALF: Final = 32  # bytes of r and of s
_ECDSA: Final = ec.ECDSA(hashes.SHA256())
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)  # json.dumps would make one a call
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_WHITE_SPACE: Final = " \t\r\n"


class NotJws(ValueError):
    """The text is no compact JWS; the message says why, fit to be printed."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it was read; nothing in it is to be believed before `verify`.

    Attributes:
        header: the JOSE header.
        payload: the claims.
        signed: what the signature is over.
        signature: as it came, of any length.
    """

    header: Mapping[str, object]
    payload: Mapping[str, object]
    signed: bytes
    signature: bytes


class Signer:
    """Signs payloads with one key under one header, which is encoded once.

    Args:
        key: a P-256 key.
        header: the JOSE header, in the order in which it is to be written; ``alg`` must be ES256.

    Raises:
        ValueError: another curve or another algorithm.
    """

    def __init__(self, key: ec.EllipticCurvePrivateKey, header: Mapping[str, str]) -> None:
        if not isinstance(key.curve, ec.SECP256R1):
            raise ValueError("ES256 needs a P-256 key")
        if header.get("alg") != ALGORITHM:
            raise ValueError("the header must say alg ES256")
        self._key = key
        self._head = encode(to_json(header)) + b"."

    def sign(self, payload: bytes) -> str:
        """The compact token."""
        signed = self._head + encode(payload)
        r, s = decode_dss_signature(self._key.sign(signed, _ECDSA))
        return (signed + b"." + encode(r.to_bytes(_HALF) + s.to_bytes(_HALF))).decode("ascii")


def to_json(value: object) -> bytes:
    """JSON without white space, in UTF-8, members in the order they have."""
    return _ENCODER.encode(value).encode("utf-8")


def encode(data: bytes) -> bytes:
    """BASE64URL of RFC 7515: without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def read(text: str | bytes) -> Token:
    """Take a compact JWS apart. White space around it is allowed, and any in its JSON.

    Raises:
        NotJws: not three parts of BASE64URL, or the first two are no JSON objects, or a member comes twice.
    """
    if isinstance(text, bytes):
        text = text.decode("ascii", "replace")
    text = text.strip(_WHITE_SPACE)
    if text[:1] in ("{", "["):
        raise NotJws("it is plain JSON")
    if _COMPACT.fullmatch(text) is None:
        raise NotJws("it is not three parts of base64url with dots between")
    head, body, signature = text.split(".")
    return Token(
        _object(head, "header"),
        _object(body, "payload"),
        f"{head}.{body}".encode("ascii"),
        _decode(signature, "signature"),
    )


def algorithm_fault(header: Mapping[str, object]) -> Fault | None:
    """What is wrong with the algorithm that the header names; None if it is ES256 and no extension is critical."""
    algorithm = header.get("alg")
    if "alg" not in header:
        return Fault("alg missing")
    if isinstance(algorithm, str) and algorithm.lower() == "none":
        return Fault("alg none")
    if algorithm != ALGORITHM:
        return Fault(f"alg {shown(algorithm, 20)} is not allowed")
    if "crit" in header:
        return Fault("crit is not understood", shown(header["crit"]))
    return None


def verify(token: Token, key: ec.EllipticCurvePublicKey) -> bool:
    """Whether this key made the signature; the algorithm is ES256 whatever the header says."""
    if len(token.signature) != 2 * _HALF or not isinstance(key.curve, ec.SECP256R1):
        return False
    r, s = int.from_bytes(token.signature[:_HALF]), int.from_bytes(token.signature[_HALF:])
    try:
        key.verify(encode_dss_signature(r, s), token.signed, _ECDSA)
    except InvalidSignature:
        return False
    return True


def issued(payload: Mapping[str, object]) -> int | None:
    """The claim ``iat``, seconds since 1970; None if it is missing or no such number."""
    value = payload.get("iat")
    # Far beyond any date, and still exact as a float.
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def _decode(part: str, name: str) -> bytes:
    try:
        data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError as error:
        raise NotJws(f"its {name} is no base64url") from error
    if encode(data) != part.encode("ascii"):
        raise NotJws(f"its {name} is no base64url")  # spare bits that are not zero: one token, one spelling
    return data


def _object(part: str, name: str) -> dict[str, object]:
    data = _decode(part, name)
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_members, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        raise NotJws(f"its {name} is no JSON") from error
    if not isinstance(value, dict):
        raise NotJws(f"its {name} is no JSON object")
    return value


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member comes twice")
    return members


def _constant(text: str) -> float:
    raise ValueError(f"{text} is no JSON")
