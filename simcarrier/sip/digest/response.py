"""What a client answers: the value of Authorization or Proxy-Authorization (RFC 3261 section 22.4, RFC 7616
section 3.4).

    HA1      = H(username:realm:password), with -sess H(that:nonce:cnonce)
    HA2      = H(method:uri), with qop=auth-int H(method:uri:H(body))
    response = H(HA1:nonce:nc:cnonce:qop:HA2), without qop H(HA1:nonce:HA2)

Hashes run over the unquoted values, as the words "unq(X)" are read by every peer we know: a user name ``a"b``
is hashed with its bare quote and sent as ``a\\"b``. With -sess the cnonce of the request at hand is used; a
client that keeps its cnonce for as long as it keeps the nonce satisfies both readings of RFC 7616 section
3.4.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from simcarrier.sip.errors import LocalProtocolError, Malformed
from simcarrier.sip.grammar import quote

from .challenge import Algorithm, Challenge, parse_auth_value

_HIGHEST_COUNT = 0xFFFFFFFF  # nc is eight hexadecimal digits
_HEX = frozenset("0123456789abcdefABCDEF")


@dataclass(frozen=True, slots=True)
class Secret:
    """What a server keeps about a user: the password, or HA1 for each algorithm so that no password need be
    kept.

    Attributes:
        password: in clear; None if only hashes are kept.
        hashes: ``H(username:realm:password)`` in hexadecimal by the algorithm without ``-sess``.
    """

    password: str | None = field(default=None, repr=False)
    hashes: Mapping[Algorithm, str] = field(default_factory=dict, repr=False)

    def ha1(self, algorithm: Algorithm, username: str, realm: str) -> str | None:
        """HA1 before any ``-sess``; None if there is neither a password nor a hash for this algorithm."""
        if self.password is not None:
            return algorithm.digest(username, realm, self.password)
        stored = self.hashes.get(algorithm.base)
        return None if stored is None else stored.lower()


def compute_response(
    algorithm: Algorithm,
    ha1: str,
    *,
    nonce: str,
    method: str,
    uri: str,
    qop: str | None,
    cnonce: str,
    nc: str,
    body: bytes,
) -> str:
    """The ``response`` value in lower-case hexadecimal, from HA1 before any ``-sess``."""
    if algorithm.session:
        ha1 = algorithm.digest(ha1, nonce, cnonce)
    if qop == "auth-int":
        ha2 = algorithm.digest(method, uri, algorithm.digest(body))
    else:
        ha2 = algorithm.digest(method, uri)
    if qop is None:
        return algorithm.digest(ha1, nonce, ha2)
    return algorithm.digest(ha1, nonce, nc, cnonce, qop, ha2)


def authorize(
    challenge: Challenge,
    *,
    username: str,
    password: str,
    method: str,
    uri: str,
    body: bytes = b"",
    cnonce: str,
    nonce_count: int,
    prefer_auth_int: bool = False,
) -> str:
    """Answer a challenge.

    Args:
        challenge: as chosen by `choose`.
        username: as the server knows it.
        password: in clear.
        method: of the request that will carry the answer. An ACK or CANCEL repeats the INVITE's (RFC 3261
            section 22.1).
        uri: the Request-URI as written on the wire.
        body: the body, for qop=auth-int.
        cnonce: text that nobody can guess; the caller draws it.
        nonce_count: 1 for the first request with this nonce, then rising by 1.
        prefer_auth_int: take ``auth-int`` where the server offers both; it breaks behind anything that edits
            bodies.

    Returns:
        The value of Authorization or Proxy-Authorization.

    Raises:
        LocalProtocolError: a challenge that is not `supported`, a count out of range, or a value with control
            characters.
    """
    if not challenge.supported:
        raise LocalProtocolError("this challenge cannot be answered: check Challenge.supported")
    if not 1 <= nonce_count <= _HIGHEST_COUNT:
        raise LocalProtocolError("the nonce count runs from 1 to 0xffffffff")
    qop = _quality(challenge.qop, prefer_auth_int)
    nc = f"{nonce_count:08x}"
    algorithm = challenge.algorithm
    response = compute_response(
        algorithm,
        algorithm.digest(username, challenge.realm, password),
        nonce=challenge.nonce,
        method=method,
        uri=uri,
        qop=qop,
        cnonce=cnonce,
        nc=nc,
        body=body,
    )
    pairs = [
        ("username", _quoted(username)),
        ("realm", _quoted(challenge.realm)),
        ("nonce", _quoted(challenge.nonce)),
        ("uri", _quoted(uri)),
        ("response", _quoted(response)),
        ("algorithm", algorithm.value),
    ]
    if qop is not None or algorithm.session:
        # Without qop only -sess needs the cnonce; there a server could not compute HA1 otherwise.
        pairs.append(("cnonce", _quoted(cnonce)))
    if qop is not None:
        pairs += [("qop", qop), ("nc", nc)]
    if challenge.opaque is not None:
        pairs.append(("opaque", _quoted(challenge.opaque)))
    return "Digest " + ", ".join(f"{name}={text}" for name, text in pairs)


def _quality(offered: tuple[str, ...], prefer_auth_int: bool) -> str | None:
    if not offered:
        return None
    if "auth-int" in offered and (prefer_auth_int or "auth" not in offered):
        return "auth-int"
    return "auth"


def _quoted(text: str) -> str:
    if any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise LocalProtocolError("a control character cannot stand in an authentication parameter")
    return quote(text)


@dataclass(frozen=True, slots=True)
class Credentials:
    """One Digest answer as it came, syntax checked, nothing believed.

    ``qop`` is None where the client sent none; ``cnonce`` and ``nc`` are then empty, except that -sess keeps
    its cnonce.
    """

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: Algorithm
    qop: str | None
    cnonce: str
    nc: str

    @classmethod
    def parse(cls, header_value: str) -> Credentials:
        """Read the value of Authorization or Proxy-Authorization.

        Raises:
            Malformed: not Digest, a required parameter missing, nc not eight hexadecimal digits, or broken
                text.
        """
        scheme, pairs = parse_auth_value(header_value)
        if scheme != "digest":
            raise Malformed("not Digest credentials")
        for name in ("username", "realm", "nonce", "uri", "response"):
            if name not in pairs:
                raise Malformed(f"credentials without {name}")
        algorithm = Algorithm.parse(pairs.get("algorithm", "MD5"))
        qop = pairs.get("qop")
        cnonce, nc = pairs.get("cnonce", ""), pairs.get("nc", "")
        if qop is not None:
            qop = qop.lower()
            if not cnonce or len(nc) != 8 or not _HEX.issuperset(nc):
                raise Malformed("credentials with qop need cnonce and an nc of eight digits")
        elif algorithm.session and not cnonce:
            raise Malformed("credentials with -sess need cnonce")
        return cls(
            username=pairs["username"],
            realm=pairs["realm"],
            nonce=pairs["nonce"],
            uri=pairs["uri"],
            response=pairs["response"].lower(),
            algorithm=algorithm,
            qop=qop,
            cnonce=cnonce,
            nc=nc,
        )

    def expected_response(self, ha1: str, *, method: str, body: bytes) -> str:
        """What ``response`` must be if the client knows the password behind HA1."""
        return compute_response(
            self.algorithm,
            ha1,
            nonce=self.nonce,
            method=method,
            uri=self.uri,
            qop=self.qop,
            cnonce=self.cnonce,
            nc=self.nc,
            body=body,
        )
