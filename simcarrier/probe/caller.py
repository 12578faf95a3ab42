"""The probe's user agent: it calls, and takes no calls."""

from __future__ import annotations

from simcarrier.net.driver import source_host
from simcarrier.sip.agent import UserAgent
from simcarrier.sip.callee import CalleeSession

from .preview import AGENT


class Nobody:
    """The probe takes no calls."""

    def invited(self, session: CalleeSession, now: float) -> None:
        """A call for us: we only call."""
        session.refuse(now, 603)


def calling_agent() -> UserAgent:
    """A user agent that only calls."""
    return UserAgent(Nobody(), name=AGENT, source_host=_source_host)


def _source_host(host: str) -> str:
    try:
        return source_host((host, 9))
    except OSError:
        return host
