"""180 Ringing: the phone rings (RFC 3261 section 21.1.2). It makes an early dialog.

While the ringing lasts the session says it again every minute, so that no proxy on the way gives the call up
(section 13.3.1.1).
"""

from __future__ import annotations

from collections.abc import Iterator

from simcarrier.carrier.call import Rung
from simcarrier.scenario import steps

from .progress import Provisional


def rungs(step: steps.Ringing) -> Iterator[Rung]:
    """One rung: 180 is a provisional response like others, without media."""
    yield Provisional(180, None, step.headers, with_sdp=False, reliable=step.reliable)
