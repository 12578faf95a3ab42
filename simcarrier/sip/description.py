"""Our side of an offer/answer exchange over the life of a session (RFC 3264, RFC 3261 section 13.2.1).

The session id stays, the version counts the changes, and the description sent last is kept to compare with.
"""

from __future__ import annotations

import itertools

from .sdp import SessionDescription, answer, offer, parse_sdp

_session_ids = itertools.count(1)


class Negotiation:
    """One session's descriptions.

    Args:
        address: where media would reach us.
        port: the port that our descriptions name.

    Attributes:
        local, remote: the descriptions in force; None before there are any.
    """

    __slots__ = ("_address", "_id", "_port", "local", "remote")

    def __init__(self, address: str, port: int) -> None:
        self._address = address
        self._port = port
        self._id = next(_session_ids)
        self.local: SessionDescription | None = None
        self.remote: SessionDescription | None = None

    def answer(self, body: bytes) -> bytes:
        """Answer the peer's offer.

        Raises:
            Malformed: it can't be read.
            NotAcceptable: nothing in common.
        """
        self.remote = parse_sdp(body)
        return self._say(answer(self.remote, address=self._address, port=self._port, session_id=self._id, version=1))

    def offer(self) -> bytes:
        """An offer of our own, for an INVITE or for a 2xx to one that brought none."""
        return self._say(offer(address=self._address, port=self._port, session_id=self._id, version=1))

    def take_answer(self, body: bytes) -> None:
        """Note the peer's answer to our offer.

        Raises:
            Malformed: it can't be read.
        """
        self.remote = parse_sdp(body)

    def _say(self, description: SessionDescription) -> bytes:
        if self.local is not None:
            description = description.following(self.local)
        self.local = description
        return bytes(description)
