"""Whose fault it is.

A peer's fault is answered or dropped and counted; our caller's fault is a bug to be shown to the person who wrote it.
So each has a class of its own, and the peer's carries the response that the RFC suggests for it.
"""

from __future__ import annotations


class SipError(ValueError):
    """Anything that the SIP rooms raise."""


class Malformed(SipError):
    """The text or the bytes are not what the grammar says.

    ``why`` is a short phrase fit for a reason phrase or a log line; it never holds the offending text itself.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class LocalProtocolError(SipError):
    """We were asked to do what the protocol forbids, for instance to answer a call twice."""


class RemoteProtocolError(SipError):
    """The peer did what the protocol forbids.

    Args:
        status: the response that tells it so (RFC 3261 section 21), for instance 400 or 481.
        phrase: the reason phrase to go with it.
    """

    def __init__(self, status: int, phrase: str) -> None:
        super().__init__(f"{status} {phrase}")
        self.status = status
        self.phrase = phrase
