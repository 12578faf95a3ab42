"""Answering challenges: the client's side of digest over a whole call (RFC 3261 section 22, RFC 8760).

A 401 or 407 is answered by the same request again with credentials: same Call-ID and From tag, CSeq raised, a new
branch. A further challenge means that the credentials are wrong, unless it says ``stale=true``: then only the nonce was
too old, and the new one is tried, a few times at most.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from .digest.challenge import choose_each
from .digest.response import authorize
from .message import Response

MOST_STALE = 3
"""Times that a stale nonce is believed: a server that calls every nonce stale must not keep us calling."""

CHALLENGES = {401: ("www-authenticate", "Authorization"), 407: ("proxy-authenticate", "Proxy-Authorization")}
"""Status of a challenge: the field that it comes in, and the field of the answer."""


class Authenticator:
    """A user name and a password, and the challenges met with them in one call.

    Args:
        username: as the server knows it.
        password: in clear; never shown.
        cnonce: draws text that nobody can guess.
    """

    __slots__ = ("_answered", "_cnonce", "_counts", "_fields", "_password", "_stale", "_username")

    def __init__(self, username: str, password: str, cnonce: Callable[[], str] | None = None) -> None:
        self._username = username
        self._password = password
        self._cnonce = cnonce or _fresh
        self._answered: set[str] = set()  # realms
        self._counts: dict[str, int] = {}  # by nonce
        self._fields: dict[tuple[str, str], str] = {}  # by field and realm
        self._stale = 0

    def answer(self, response: Response, *, method: str, uri: str, body: bytes = b"") -> list[tuple[str, str]] | None:
        """The header fields with which the request is to be sent again.

        Args:
            response: a 401 or 407.
            method, uri, body: of the request.

        Returns:
            None if nothing can be answered: no challenge that is understood, or the credentials were refused.
        """
        names = CHALLENGES.get(response.status)
        if names is None:
            return None
        asked, told = names
        answered = False
        for challenge in choose_each(response.get_all(asked)):
            if challenge.realm in self._answered:
                if not challenge.stale or self._stale >= MOST_STALE:
                    return None
                self._stale += 1
            count = self._counts[challenge.nonce] = self._counts.get(challenge.nonce, 0) + 1
            self._fields[told, challenge.realm] = authorize(
                challenge,
                username=self._username,
                password=self._password,
                method=method,
                uri=uri,
                body=body,
                cnonce=self._cnonce(),
                nonce_count=count,
            )
            self._answered.add(challenge.realm)
            answered = True
        if not answered:
            return None
        return [(name, value) for (name, _), value in self._fields.items()]

    def __repr__(self) -> str:
        return f"<Authenticator for {self._username}>"


def _fresh() -> str:
    return os.urandom(12).hex()
