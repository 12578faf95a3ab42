"""INVITEs that were given up without a CANCEL, since nobody had responded: RFC 3261 section 9.1 forbids it till then.

The call is told as it is, and the probe goes on. The INVITE is not repeated any more, so whoever has not got it is not
called. Whoever has may still respond until Timer B: a late 100 or 180 gets its CANCEL, a late 2xx its ACK and BYE, by
the session itself; here it is only noted.
"""

from __future__ import annotations

from collections.abc import Callable

from simcarrier.sip.message import Response
from simcarrier.sip.session import Ending


class Abandoned:
    """The user of such an INVITE.

    Args:
        what: the call and its server, in words.
        began: when the INVITE went out.
        note: told of the first late response, in words; None if nobody wants to know.
    """

    def __init__(self, what: str, began: float, note: Callable[[str], None] | None) -> None:
        self._what = what
        self._began = began
        self._note = note

    def responded(self, response: Response, now: float) -> None:
        """A late response."""
        note, self._note = self._note, None
        if note is not None:
            done = "cancelled" if response.status < 200 else "hung up" if response.status < 300 else "over"
            late = f"{response.status} {response.phrase} {now - self._began:.1f} s after the INVITE"
            note(f"{self._what}: {late}, when it had been given up: {done}")

    def ended(self, ending: Ending, now: float) -> None:
        """It is over."""
