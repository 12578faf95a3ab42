"""Our side of an offer/answer exchange over the life of a session (RFC 3264, RFC 3261 section 13.2.1).

The session id stays and the version counts the changes; what was sent last is kept as text, to tell a change by.

A dialler makes the same offer call after call, but for its ``o=`` line and its port, and neither shows in the answer.
So answers are remembered by what is left of the offer: working them out was a third of the cost of an answered call.
"""

from __future__ import annotations

import itertools
import re
from functools import lru_cache
from typing import Protocol

from .sdp import SessionDescription, answer, offer, parse_sdp
from .sdp.model import address_type

_session_ids = itertools.count(1)

REMEMBERED = 256
"""Different offers whose answers are remembered."""

_ANY = 9
_ANY_AUDIO = f"\nm=audio {_ANY} "
"""What stands for our port in remembered answers: each call may have its own. Rejected streams have port 0."""

# Well-formed, so that what is malformed goes to the parser and is found out.
_ORIGIN = re.compile(rb"\no=[^\s]+ \d{1,20} \d{1,20} IN IP[46] [^\s]+(?=\r?\n)")
_PORT = re.compile(rb"\nm=audio (?:[1-9]\d{0,3}|[1-5]\d{4}) ")


class MediaEnd(Protocol):
    """What receives and sends the audio of a session."""

    @property
    def port(self) -> int:
        """Where it receives RTP."""

    def described(self, remote: bytes) -> None:
        """The peer has described its end, in an offer that we have answered or in an answer to ours."""


class Negotiation:
    """One session's descriptions.

    Args:
        address: where media would reach us.
        port: the port that our descriptions name.
        end: told of the peer's descriptions, if anything sends and receives.

    Attributes:
        local: the description that we sent last; empty before there is one.
        remote: the peer's last description, as it came; empty before there is one.
    """

    __slots__ = ("_address", "_end", "_id", "_port", "_said", "_version", "local", "remote")

    def __init__(self, address: str, port: int, end: MediaEnd | None = None) -> None:
        self._address = address
        self._end = end
        self._port = port
        self._id = next(_session_ids)
        self._version = 0
        self._said = ""
        self.local = b""
        self.remote = b""

    @property
    def hears(self) -> bool:
        """Whether anything sends and receives."""
        return self._end is not None

    def answer(self, body: bytes) -> bytes:
        """Answer the peer's offer.

        Raises:
            Malformed: it can't be read.
            NotAcceptable: nothing in common.
        """
        likeness = _PORT.sub(b"\nm=audio 9 ", _ORIGIN.sub(b"\no=- 0 0 IN IP4 0.0.0.0", body, count=1))
        said = _answer_to(likeness, self._address)
        self._heard(body)
        return self._say(said)

    def offer(self) -> bytes:
        """An offer of our own, for an INVITE or for a 2xx to one that brought none."""
        return self._say(_offer_of(self._address))

    def take_answer(self, body: bytes) -> None:
        """Note the peer's answer to our offer.

        Raises:
            Malformed: it can't be read.
        """
        _check(body)
        self._heard(body)

    def _heard(self, body: bytes) -> None:
        self.remote = body
        if self._end is not None:
            self._end.described(body)

    def _say(self, said: str) -> bytes:
        if self._port != _ANY:
            said = said.replace(_ANY_AUDIO, f"\nm=audio {self._port} ")
        if said != self._said:
            self._said = said
            self._version += 1
        kind = address_type(self._address)
        origin = f"o=- {self._id} {self._version} IN {kind} {self._address}"
        self.local = f"v=0\r\n{origin}\r\n{said}".encode("utf-8", "surrogateescape")
        return self.local


@lru_cache(maxsize=REMEMBERED)
def _answer_to(body: bytes, address: str) -> str:
    return _nameless(answer(parse_sdp(body), address=address, port=_ANY, session_id=0, version=0))


@lru_cache(maxsize=REMEMBERED)
def _check(body: bytes) -> None:
    """Whoever answers call after call alike is read once; what can't be read raises each time."""
    parse_sdp(body)


@lru_cache(maxsize=REMEMBERED)
def _offer_of(address: str) -> str:
    return _nameless(offer(address=address, port=_ANY, session_id=0, version=0))


def _nameless(description: SessionDescription) -> str:
    """The description's text from behind its ``o=`` line."""
    return str(description).split("\r\n", 2)[2]
