"""Compact JSON Web Signatures with ES256 (RFC 7515, RFC 7518 section 3.4), and nothing else.

``BASE64URL(header) . BASE64URL(payload) . BASE64URL(r || s)``, the signature 64 bytes. Both things that SIP signs, the
608's card and the PASSporT, allow this one algorithm, so the algorithm is never taken from the token: a token that
names another one is refused by that name. That closes the well-known holes, ``none`` and HS256 with the public key as
secret.

`joserfc` signs and verifies. What it refuses it refuses without saying which of our faults that is, so what a peer sent
is taken apart here first: by its parts, as JSON, and with each member once.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .extra import needed
from .fault import Fault, shown

with needed():
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey
    from joserfc.jws import JWSRegistry, deserialize_compact, serialize_compact
    from joserfc.registry import Header, HeaderParameter
    from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

ALGORITHM: Final = "ES256"
LONGEST: Final = 65_536
"""Characters in one token. Real ones stay below 2,000; the limit bounds what reading a hostile one can cost."""

_PARAMETERS: Final = {
    "ppt": HeaderParameter("PASSporT extension (RFC 8225 section 8.1)", "str"),
    "x5u": HeaderParameter("URI of the certificate", "str"),  # of any scheme; joserfc has http and https
}
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)  # json.dumps would make one a call
_WHITE_SPACE: Final = " \t\r\n"


class _Foreign(JWSRegistry):
    """What may stand in the header of a peer's token: anything, for its faults have names of their own."""

    max_header_length = LONGEST

    def check_header(self, header: Header) -> None:
        """Nothing: `algorithm_fault`, and whoever knows what kind of token it is, tell what is wrong."""


_OURS: Final = JWSRegistry(_PARAMETERS, [ALGORITHM])
_THEIRS: Final = _Foreign(_PARAMETERS, [ALGORITHM])


class NotJws(ValueError):
    """The text is no compact JWS; the message says why, fit to be printed."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it was read; nothing in it is to be believed before `verify`.

    Attributes:
        header: the JOSE header.
        payload: the claims.
        text: the three parts.
    """

    header: Mapping[str, object]
    payload: Mapping[str, object]
    text: str


class Signer:
    """Signs payloads with one key under one header.

    Args:
        key: a P-256 key.
        header: the JOSE header, in the order in which it is to be written; ``alg`` must be ES256.

    Raises:
        ValueError: another curve, another algorithm, or a parameter that is not known.
    """

    def __init__(self, key: ec.EllipticCurvePrivateKey, header: Mapping[str, str]) -> None:
        if not isinstance(key.curve, ec.SECP256R1):
            raise ValueError("ES256 needs a P-256 key")
        if header.get("alg") != ALGORITHM:
            raise ValueError("the header must say alg ES256")
        try:
            _OURS.check_header(dict(header))
        except JoseError as error:
            raise ValueError(f"the header: {error}") from error
        self._header = dict(header)
        self._key = ECKey.import_key(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )

    def sign(self, payload: bytes) -> str:
        """The compact token."""
        return serialize_compact(self._header, payload, self._key, registry=_OURS)


def to_json(value: object) -> bytes:
    """JSON without white space, in UTF-8, members in the order they have."""
    return _ENCODER.encode(value).encode("utf-8")


def encode(data: bytes) -> bytes:
    """BASE64URL of RFC 7515: without padding."""
    return urlsafe_b64encode(data)


def decode(text: str) -> bytes:
    """The reverse of `encode`.

    Raises:
        ValueError: it is no such text, or not in its one spelling: spare bits that are not zero.
    """
    return urlsafe_b64decode(text.encode("ascii"))


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
    made = Token(_object(head, "header"), _object(body, "payload"), text)
    _decode(signature, "signature")
    return made


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
    """Whether this key made the signature, and the algorithm is ES256."""
    if not isinstance(key.curve, ec.SECP256R1):
        return False
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    try:
        deserialize_compact(token.text, _key(pem), registry=_THEIRS)
    except JoseError:
        return False
    return True


@functools.lru_cache(maxsize=64)  # a carrier has a few peers
def _key(pem: bytes) -> ECKey:
    return ECKey.import_key(pem)


def issued(payload: Mapping[str, object]) -> int | None:
    """The claim ``iat``, seconds since 1970; None if it is missing or no such number."""
    value = payload.get("iat")
    # Far beyond any date, and still exact as a float.
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def _decode(part: str, name: str) -> bytes:
    try:
        return decode(part)  # one token, one spelling
    except ValueError as error:
        raise NotJws(f"its {name} is no base64url") from error


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
