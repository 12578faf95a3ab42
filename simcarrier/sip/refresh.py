"""Our refresh of a session whose peer does not take UPDATE: a re-INVITE (RFC 4028 sections 7.4 and 9, RFC 3311).

A re-INVITE has an offer, and its 2xx is acknowledged as often as it comes. The offer is what we sent last, with the
same version, so nothing changes by it (RFC 3264 section 8).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import Malformed
from .message import Message, Response
from .sdp import NotAcceptable
from .transaction import ClientTransaction

if TYPE_CHECKING:
    from .session import Session


def takes_update(message: Message) -> bool:
    """Whether the peer lists UPDATE in Allow; without that it may not be sent (RFC 3311 section 5.1)."""
    return "update" in message.tokens("allow")


class Reinvite:
    """One re-INVITE of ours that refreshes a session; the transaction user of its transaction."""

    __slots__ = ("_over", "_session")

    def __init__(self, session: Session, fields: list[tuple[str, str]], now: float) -> None:
        self._session = session
        self._over = False
        media = session.negotiation()
        offer = media.local or media.offer()
        session.send_within("INVITE", now, [*fields, ("Content-Type", "application/sdp")], offer, user=self)

    def response_received(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """A response: a 2xx gets its ACK each time it comes; the first final one is the session's affair."""
        if response.status < 200:
            return
        session = self._session
        if response.status < 300:
            session.acknowledge(response)
            if response.body and not self._over:
                try:
                    session.negotiation().take_answer(response.body)
                except (Malformed, NotAcceptable):
                    session.hang_up(now)  # an offer without an acceptable answer ends the session (section 13.2.1)
                    return
        if not self._over:
            self._over = True
            session.refresh_answered(response, now)

    def stop(self) -> None:
        """The session has ended, or its timer runs anew: what still comes is only acknowledged."""
        self._over = True

    def timed_out(self, transaction: ClientTransaction, now: float) -> None:
        """Nothing came: the dialog is dead (RFC 3261 section 12.2.1.2)."""
        self._session.timed_out(transaction, now)

    def transport_failed(self, transaction: ClientTransaction, now: float) -> None:
        """It could not be sent; the session is left to its timers."""
