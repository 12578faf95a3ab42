"""Silence: the carrier took the call and says nothing further. No timer of the RFC covers this on the caller's side.

A CANCEL is still answered. A caller that never comes back must not cost memory for ever: a call that nobody was told
of is forgotten when the caller's own Timer B is long over, any other after `PATIENCE`.
"""

from __future__ import annotations

from collections.abc import Iterator

from simcarrier.carrier.call import HOLD, Call
from simcarrier.scenario import steps

PATIENCE = 600.0
"""Seconds after which a call that is left hanging is given up."""


class Silence:
    """Says nothing any more."""

    __slots__ = ()

    def perform(self, call: Call, now: float) -> float:
        """Wait, and in the end forget."""
        call.silent = True
        call.session.stop_reminding()
        base = call.session.agent.endpoint.base
        return PATIENCE if call.session.status else base.t64 + base.t4


class Forget:
    """Lets go of a call without a word."""

    __slots__ = ()

    def perform(self, call: Call, now: float) -> float:
        """Forget it."""
        call.session.abandon(now)
        return HOLD


def rungs(step: steps.Silence) -> Iterator[Silence | Forget]:
    """Silence, then oblivion."""
    yield Silence()
    yield Forget()
