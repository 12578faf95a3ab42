"""Asking and judging: the server's side of digest (RFC 3261 section 22, RFC 7616 section 3.3).

The nonces are stateless: time of issue and a serial number, sealed by an HMAC over them, the realm and the
algorithm. So a flood of unauthenticated requests costs no memory. Memory is spent only on a nonce that
somebody has used with the right password: the highest nonce count seen with it, which is what tells a replay.
That table holds at most ``max_nonces`` entries and forgets those whose nonce has expired. If it is full, the
oldest entry goes and a floor rises with it: every nonce issued up to that one is stale from then on. So
forgetting never opens the door to a replay; it only costs honest clients one more round trip.

A client without qop (RFC 2069) sends no count; each of its nonces is good for one request.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from simcarrier.sip.errors import LocalProtocolError, Malformed
from simcarrier.sip.grammar import quote

from .challenge import Algorithm
from .response import Credentials, Secret

_STAMP = struct.Struct(">qQ")  # milliseconds on the caller's clock, serial number
_SEAL_BYTES = 16  # 128 bits of HMAC-SHA-256: nobody forges that within a nonce's lifetime
_UNCOUNTED = 0xFFFFFFFF  # a client without nc has used its nonce up

_Stamp = tuple[int, int]


class Outcome(StrEnum):
    """How a client's answer was judged."""

    OK = "ok"
    STALE = "stale"
    """The password is right, the nonce is old or not ours: challenge again with stale=true."""
    WRONG = "wrong"
    """The response does not fit: password, method, URI or body."""
    REPLAYED = "replayed"
    """Right, but the nonce count did not rise: challenge again with stale=true."""
    MALFORMED = "malformed"
    """The value cannot be read, or asks for a quality that was not offered."""
    UNKNOWN_USER = "unknown_user"
    """No such user; a server that keeps this to itself answers as for WRONG."""
    FOREIGN = "foreign"
    """Meant for another realm: try the next field, another proxy may have asked for this one."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome and the user name as claimed; it is proven only if `ok`."""

    outcome: Outcome
    username: str | None = None

    @property
    def ok(self) -> bool:
        """The client knows the password and this is no replay."""
        return self.outcome is Outcome.OK


class DigestServer:
    """Makes challenges and judges answers for one realm.

    Args:
        realm: shown to the client; a part of what is hashed.
        secret: seals the nonces; at least 16 bytes. Servers that share it accept each other's nonces.
        algorithms: offered, the preferred first (RFC 8760 section 2.3).
        nonce_lifetime: seconds for which a nonce is good.
        qop: offered: ``auth``, ``auth-int`` or ``auth,auth-int``. A client that sends none is let in unless
            only ``auth-int`` is offered, whose point it would defeat.
        max_nonces: how many used nonces are remembered.

    Raises:
        LocalProtocolError: an empty list of algorithms, one that this Python lacks, an unknown qop, a short
            secret.
    """

    def __init__(
        self,
        realm: str,
        secret: bytes,
        algorithms: Sequence[Algorithm] = (Algorithm.SHA_256, Algorithm.MD5),
        nonce_lifetime: float = 60.0,
        qop: str = "auth",
        max_nonces: int = 10_000,
    ) -> None:
        if not algorithms or not all(algorithm.available for algorithm in algorithms):
            raise LocalProtocolError("offer at least one algorithm, and only such as this Python has")
        if len(secret) < 16:
            raise LocalProtocolError("the secret must have 16 bytes or more")
        self._qualities = tuple(quality.strip() for quality in qop.split(","))
        if not set(self._qualities) <= {"auth", "auth-int"}:
            raise LocalProtocolError("qop is auth, auth-int, or both with a comma between")
        if max_nonces < 1:
            raise LocalProtocolError("max_nonces must be 1 or more")
        self.realm = realm
        self._secret = secret
        self._algorithms = tuple(algorithms)
        self._lifetime = nonce_lifetime
        self._max_nonces = max_nonces
        self._serial = 0
        self._counts: dict[_Stamp, int] = {}
        self._floor: _Stamp | None = None

    @property
    def remembered(self) -> int:
        """How many used nonces the replay table holds now."""
        return len(self._counts)

    def challenges(self, now: float, stale: bool = False) -> list[str]:
        """Values for WWW-Authenticate or Proxy-Authenticate, one field each, the preferred first.

        Args:
            now: seconds, the same clock as for `verify`.
            stale: tell the client that its password was right and only the nonce was not.
        """
        return [
            f"Digest realm={quote(self.realm)}, nonce={quote(self._nonce(algorithm, now))}, "
            f'algorithm={algorithm.value}, qop="{",".join(self._qualities)}"{", stale=true" if stale else ""}'
            for algorithm in self._algorithms
        ]

    def verify(
        self,
        header_value: str,
        *,
        method: str,
        body: bytes = b"",
        lookup: Callable[[str], Secret | None],
        now: float,
        uri: str | None = None,
    ) -> Verdict:
        """Judge the value of Authorization or Proxy-Authorization; never raises for what a peer sent.

        Args:
            header_value: one field's value.
            method: of the request that carries it.
            body: of that request; counts with qop=auth-int only.
            lookup: the secret of a user, None if there is no such user.
            now: seconds, the same clock as for `challenges`.
            uri: if given, the answer must have been made for exactly this. Leave it out behind proxies, which
                may rewrite the Request-URI (RFC 3261 section 22.4).
        """
        try:
            credentials = Credentials.parse(header_value)
        except Malformed:
            return Verdict(Outcome.MALFORMED)
        username = credentials.username
        if credentials.realm != self.realm:
            return Verdict(Outcome.FOREIGN, username)
        if credentials.algorithm not in self._algorithms or not self._quality_fits(credentials.qop):
            return Verdict(Outcome.MALFORMED, username)
        secret = lookup(username)
        ha1 = None if secret is None else secret.ha1(credentials.algorithm, username, self.realm)
        # An unknown user costs the same hashing, so that the time taken does not tell who exists.
        expected = credentials.expected_response(ha1 or "", method=method, body=body)
        matches = hmac.compare_digest(_bytes(expected), _bytes(credentials.response))
        if secret is None:
            return Verdict(Outcome.UNKNOWN_USER, username)
        if ha1 is None or not matches or (uri is not None and uri != credentials.uri):
            return Verdict(Outcome.WRONG, username)
        return Verdict(self._judge_nonce(credentials, now), username)

    def _quality_fits(self, qop: str | None) -> bool:
        return "auth" in self._qualities if qop is None else qop in self._qualities

    def _judge_nonce(self, credentials: Credentials, now: float) -> Outcome:
        stamp = self._open(credentials.nonce, credentials.algorithm)
        if stamp is None or not self._fresh(stamp, now) or (self._floor is not None and stamp <= self._floor):
            return Outcome.STALE
        count = _UNCOUNTED if credentials.qop is None else int(credentials.nc, 16)
        if count <= self._counts.get(stamp, 0):
            return Outcome.REPLAYED
        if stamp not in self._counts:
            self._make_room(now)
        self._counts[stamp] = count
        return Outcome.OK

    def _make_room(self, now: float) -> None:
        """Forget from the front what has expired, and if the table is still full, the first entry too."""
        # Entries stand in the order of first use. A dead one may wait behind a live one, for a lifetime at
        # most.
        while self._counts:
            first = next(iter(self._counts))
            if self._fresh(first, now):
                if len(self._counts) < self._max_nonces:
                    return
                self._floor = first if self._floor is None else max(self._floor, first)
            del self._counts[first]

    def _fresh(self, stamp: _Stamp, now: float) -> bool:
        """Not expired, and not from the future, which is how another run's clock looks."""
        issued = stamp[0] / 1000
        return issued <= now < issued + self._lifetime

    def _nonce(self, algorithm: Algorithm, now: float) -> str:
        self._serial += 1
        # Rounded down, so that a nonce is never younger than the clock that judges it.
        stamp = _STAMP.pack(int(now * 1000 // 1), self._serial)
        return (stamp + self._seal(stamp, algorithm)).hex()

    def _seal(self, stamp: bytes, algorithm: Algorithm) -> bytes:
        text = f"{algorithm.value}:{self.realm}".encode("utf-8", "surrogateescape")
        return hmac.digest(self._secret, stamp + text, hashlib.sha256)[:_SEAL_BYTES]

    def _open(self, nonce: str, algorithm: Algorithm) -> _Stamp | None:
        """Time and serial number of a nonce that this secret sealed for this algorithm, else None."""
        if len(nonce) != 2 * (_STAMP.size + _SEAL_BYTES):
            return None
        try:
            raw = bytes.fromhex(nonce)
        except ValueError:
            return None
        if len(raw) != _STAMP.size + _SEAL_BYTES or raw.hex() != nonce:  # fromhex forgives spaces and capitals
            return None
        stamp, seal = raw[: _STAMP.size], raw[_STAMP.size :]
        if not hmac.compare_digest(seal, self._seal(stamp, algorithm)):
            return None
        issued, serial = _STAMP.unpack(stamp)
        return issued, serial


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
