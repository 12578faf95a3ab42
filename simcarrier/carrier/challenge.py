"""Challenges on the wire: the header lines of a 401 or 407 (RFC 3261 sections 20.27 and 20.44).

Both codes must bring at least one. So where a dialect says *credentials_wrong* by one of them, the challenges that the
door has made for the call go along; they wait among the values of the call's decision.
"""

from __future__ import annotations

from collections.abc import Iterable

FIELDS = {401: "WWW-Authenticate", 407: "Proxy-Authenticate"}
"""The header field of the codes that ask for credentials."""

CHALLENGE = "challenge"
"""Where the values of a decision keep the challenges, one a line."""


def challenge_lines(status: int, challenges: Iterable[str]) -> str:
    """The header lines that ask for credentials, one for each challenge: fields must not be joined (section 7.3.1)."""
    name = FIELDS[status]
    return "".join(f"{name}: {value}\r\n" for value in challenges)
