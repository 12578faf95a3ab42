"""What a server asks: the value of WWW-Authenticate or Proxy-Authenticate (RFC 3261 section 20.44, RFC 8760).

A value is a scheme and comma-separated ``name=value`` pairs. A server that knows several algorithms sends one
header field for each, the preferred first, and a client takes the topmost that it supports (RFC 8760 section
2.4). SIP forbids two challenges in one field (RFC 3261 section 7.3.1), but they are seen; because both lists
use the comma, a new challenge is told by its scheme: a token, white space, and a pair.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from simcarrier.sip.errors import Malformed
from simcarrier.sip.grammar import is_token, match_quoted, split_outside_quotes, unquote

LONGEST_VALUE = 8192
"""Characters in one field value. Real ones stay below 1,000; the limit bounds what a hostile one can cost."""

MOST_CHALLENGES = 32
"""Challenges looked at in one response: six algorithms for a few realms. The rest is not read."""

_HASH_NAMES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}


class Algorithm(StrEnum):
    """A digest algorithm by its name on the wire.

    SHA-512-256 is SHA-512/256 of FIPS 180-4, which is not SHA-512 cut short.
    """

    MD5 = "MD5"
    MD5_SESS = "MD5-sess"
    SHA_256 = "SHA-256"
    SHA_256_SESS = "SHA-256-sess"
    SHA_512_256 = "SHA-512-256"
    SHA_512_256_SESS = "SHA-512-256-sess"

    @property
    def session(self) -> bool:
        """Whether HA1 is bound to nonce and cnonce (RFC 7616 section 3.4.2)."""
        return self.value.endswith("-sess")

    @property
    def base(self) -> Algorithm:
        """The same without ``-sess``: what a stored HA1 is kept under."""
        return Algorithm(self.value.removesuffix("-sess"))

    @property
    def available(self) -> bool:
        """Whether this Python's OpenSSL has the hash; only SHA-512/256 may be missing."""
        return _HASH_NAMES[self.base.value] in hashlib.algorithms_available

    def digest(self, *parts: str | bytes) -> str:
        """H(parts joined by colons) in hexadecimal: ``H`` and ``KD`` of RFC 7616 section 3.3."""
        data = b":".join(p if isinstance(p, bytes) else p.encode("utf-8", "surrogateescape") for p in parts)
        # Not "used for security" in the sense of FIPS mode: the peer chose MD5, refusing it would only break
        # the test.
        return hashlib.new(_HASH_NAMES[self.base.value], data, usedforsecurity=False).hexdigest()

    @classmethod
    def parse(cls, text: str) -> Algorithm:
        """The algorithm of that name in any case.

        Raises:
            Malformed: no such algorithm.
        """
        found = _ALGORITHMS.get(text.lower())
        if found is None:
            raise Malformed("unknown digest algorithm")
        return found


_ALGORITHMS = {algorithm.value.lower(): algorithm for algorithm in Algorithm}


def parse_auth_value(value: str) -> tuple[str, dict[str, str]]:
    """Split ``Digest a="b", c=d`` into scheme and pairs: scheme and names in lower case, values unquoted.

    Raises:
        Malformed: too long, no scheme, a piece that is no pair, a name twice, a quote left open.
    """
    if len(value) > LONGEST_VALUE:
        raise Malformed("authentication value too long")
    scheme, _, rest = value.strip().partition(" ")
    if not is_token(scheme):
        raise Malformed("no authentication scheme")
    pairs: dict[str, str] = {}
    for piece in split_outside_quotes(rest, ","):
        pair = piece.strip()
        if not pair:
            continue  # an empty list element is nothing (RFC 7230 section 7)
        name, equals, text = pair.partition("=")
        name, text = name.rstrip().lower(), text.lstrip()
        if not equals or not is_token(name):
            raise Malformed("authentication parameter is not name=value")
        if name in pairs:
            raise Malformed("authentication parameter given twice")
        pairs[name] = _plain(text)
    return scheme.lower(), pairs


def _plain(text: str) -> str:
    """The value without its quotes. A bare one may be more than a token: base64 nonces are seen so."""
    if not text.startswith('"'):
        if not text or '"' in text or " " in text or "\t" in text:
            raise Malformed("authentication parameter has a broken value")
        return text
    if match_quoted(text, 0) != len(text):
        raise Malformed("authentication parameter has an open quote")
    return unquote(text)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One Digest challenge.

    Attributes:
        realm: whose password is asked for.
        nonce: the server's, to be sent back as it is.
        algorithm: MD5 where none is named.
        qop: the qualities of protection offered, in lower case, in order; empty if the server named none (RFC
            2069).
        opaque: to be sent back as it is.
        stale: only the nonce was old; the same password will do (RFC 7616 section 3.3).
        domain: URIs the challenge is good for; empty means all of the server.
    """

    realm: str
    nonce: str
    algorithm: Algorithm = Algorithm.MD5
    qop: tuple[str, ...] = ()
    opaque: str | None = None
    stale: bool = False
    domain: tuple[str, ...] = ()

    @classmethod
    def parse(cls, header_value: str) -> Challenge:
        """Read one challenge.

        Raises:
            Malformed: not Digest, realm or nonce missing, an algorithm nobody knows, or broken text.
        """
        scheme, pairs = parse_auth_value(header_value)
        if scheme != "digest":
            raise Malformed("not a Digest challenge")
        return cls._from_pairs(pairs)

    @classmethod
    def _from_pairs(cls, pairs: Mapping[str, str]) -> Challenge:
        if "realm" not in pairs or "nonce" not in pairs:
            raise Malformed("challenge without realm or nonce")
        return cls(
            realm=pairs["realm"],
            nonce=pairs["nonce"],
            algorithm=Algorithm.parse(pairs.get("algorithm", "MD5")),
            qop=tuple(q.strip().lower() for q in pairs.get("qop", "").split(",") if q.strip()),
            opaque=pairs.get("opaque"),
            stale=pairs.get("stale", "").lower() == "true",
            domain=tuple(pairs.get("domain", "").split()),
        )

    @property
    def supported(self) -> bool:
        """Whether we can answer: the hash is there, and the quality offered is none or one we know."""
        return self.algorithm.available and (not self.qop or "auth" in self.qop or "auth-int" in self.qop)


def split_challenges(header_value: str) -> list[str]:
    """Cut a value with several challenges into one value for each; order is kept.

    Raises:
        Malformed: the value is too long.
    """
    if len(header_value) > LONGEST_VALUE:
        raise Malformed("authentication value too long")
    challenges: list[list[str]] = []
    for piece in split_outside_quotes(header_value, ","):
        text = piece.strip()
        scheme, space, rest = text.partition(" ")
        if not challenges or (space and is_token(scheme) and not rest.lstrip().startswith("=")):
            challenges.append([text])
        else:
            challenges[-1].append(text)
    return [", ".join(pieces) for pieces in challenges]


def choose_each(challenges: Iterable[str]) -> tuple[Challenge, ...]:
    """For each realm the topmost challenge that we support, realms in the order they came (RFC 8760 section
    2.4).

    A response collected from a forking proxy may carry challenges of several realms, and each wants its own
    answer (RFC 3261 section 22.3). What cannot be read is passed over: another challenge may be fine.

    Args:
        challenges: the values of all WWW-Authenticate and Proxy-Authenticate fields of one kind, in order.
    """
    chosen: dict[str, Challenge] = {}
    seen = 0
    for value in challenges:
        try:
            texts = split_challenges(value)
        except Malformed:
            continue
        for text in texts:
            seen += 1
            if seen > MOST_CHALLENGES:
                return tuple(chosen.values())
            try:
                challenge = Challenge.parse(text)
            except Malformed:
                continue
            if challenge.supported:
                chosen.setdefault(challenge.realm, challenge)
    return tuple(chosen.values())


def choose(challenges: Sequence[str]) -> Challenge | None:
    """The topmost challenge that we support; None if there is none. See `choose_each` for several realms."""
    return next(iter(choose_each(challenges)), None)
