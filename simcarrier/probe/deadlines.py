"""How long a probe waits, and for what. No timer of RFC 3261 ends a call that stalls after 100: these do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Limits in seconds.

    Attributes:
        no_response: from the INVITE, without any response; Timer B ends it after 32 s in any case.
        stall: from the first 100 (or another response that says no more), without a further one. Carriers take 0.1 to
            3 s; contact centres cut at 10 s.
        ringing: from the first response that says how the call goes on (180, 183), without a final one.
        talk: from the answer until we hang up.
    """

    no_response: float = 32.0
    stall: float = 10.0
    ringing: float = 60.0
    talk: float = 1.0
