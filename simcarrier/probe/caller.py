"""The probe's user agent: it calls, and takes no calls."""

from __future__ import annotations

from collections.abc import Callable

from simcarrier.net.driver import source_host
from simcarrier.sip.agent import UserAgent
from simcarrier.sip.callee import CalleeSession
from simcarrier.sip.message import Response

from .preview import AGENT


class Nobody:
    """The probe takes no calls."""

    def invited(self, session: CalleeSession, now: float) -> None:
        """A call for us: we only call."""
        session.refuse(now, 603)


class CallingAgent(UserAgent):
    """A user agent that only calls.

    Args:
        stray: told of responses that match no request of ours.
    """

    def __init__(self, stray: Callable[[Response], None]) -> None:
        super().__init__(Nobody(), name=AGENT, source_host=_source_host)
        self._stray = stray

    def response_received(self, response: Response, now: float) -> None:
        """A response without a transaction: dropped, but not without a word."""
        self._stray(response)


def _source_host(host: str) -> str:
    try:
        return source_host((host, 9))
    except OSError:
        return host
