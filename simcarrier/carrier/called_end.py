"""The called end of a call, as behaviours and exchange use it.

`simcarrier.sip.callee.CalleeSession` is one that speaks SIP. A simulation on a virtual clock has one on paper. What
stands here is all that a carrier may ask of either; what the verbs do is told there.
"""

from __future__ import annotations

from typing import Protocol

from simcarrier.sip.callee import CalleeUser
from simcarrier.sip.endpoint import Deafness
from simcarrier.sip.message import Request
from simcarrier.sip.session import Ending
from simcarrier.sip.timers import Timers
from simcarrier.sip.transport import Address, Channel


class Ear(Protocol):
    """What hears a call's messages: an endpoint."""

    @property
    def base(self) -> Timers:
        """The timer values."""

    @property
    def deaf(self) -> dict[str, Deafness]:
        """Call-IDs whose messages are to be lost."""


class Agent(Protocol):
    """Whom a called end belongs to."""

    @property
    def endpoint(self) -> Ear:
        """What hears its messages."""


class CalledEnd(Protocol):
    """The called end of a call.

    Attributes:
        user: told what happens.
        invite: the INVITE.
        channel: where it came in.
        peer: the address that it came from.
        phrase: the reason phrase of the final response, empty before there is one.
        answered_at, responded_at: when the 2xx, and the final response, was sent first, seconds.
        ending: how the call ended; None while it has not.
    """

    user: CalleeUser | None
    invite: Request
    channel: Channel
    peer: Address
    phrase: str
    answered_at: float | None
    responded_at: float | None
    ending: Ending | None

    @property
    def agent(self) -> Agent:
        """Whom it belongs to."""

    @property
    def status(self) -> int:
        """The last status sent, 0 if none."""

    def trying(self, now: float, extra: str = "") -> None:
        """Send 100."""

    def ring(
        self,
        now: float,
        status: int = 180,
        phrase: str | None = None,
        extra: str = "",
        *,
        with_sdp: bool = False,
        reliable: bool = False,
    ) -> None:
        """Send a provisional response that makes an early dialog."""

    def answer(self, now: float, extra: str = "", *, with_sdp: bool = True) -> None:
        """Send 200."""

    def refuse(self, now: float, status: int, phrase: str | None = None, extra: str = "", body: bytes = b"") -> None:
        """Send a final response of class 3 to 6."""

    def hang_up(
        self, now: float, fields: list[tuple[str, str]] | None = None, *, ending: Ending = Ending.HUNG_UP_BY_US
    ) -> None:
        """Send BYE and end the call."""

    def abandon(self, now: float) -> None:
        """Forget the call without another word."""

    def repeat_last(self, now: float) -> None:
        """Send the last response once more."""

    def stop_reminding(self) -> None:
        """Do not repeat the last provisional response every minute any more."""

    def end(self, ending: Ending, now: float) -> None:
        """Note the end, and tell the user."""
