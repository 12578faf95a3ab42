"""What a caller asks for, and who is told what comes of it: the two sides of a `CallerSession`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from .message import Response
from .session import Ending


class CallerUser(Protocol):
    """Who makes the call."""

    def responded(self, response: Response, now: float) -> None:
        """A response to the INVITE has come: provisional, or the final one; a repeated 2xx is not told again."""

    def ended(self, ending: Ending, now: float) -> None:
        """The call is over."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an INVITE is made of.

    Attributes:
        uri: Request-URI.
        caller: From value without a tag, such as ``<sip:+4930...@example.com>``.
        called: To value; the Request-URI in brackets if None.
        fields: further header fields.
        with_offer: with a session description of ours; without, the 2xx is to bring the offer.
        call_id, local_tag, cseq: those of an INVITE that this one repeats with other fields, the number raised by one
            (RFC 3261 section 8.1.3.5); fresh ones if empty.
    """

    uri: str
    caller: str
    called: str | None = None
    fields: tuple[tuple[str, str], ...] = field(default_factory=tuple)
    with_offer: bool = True
    call_id: str = ""
    local_tag: str = ""
    cseq: int = 1

    @property
    def credentials(self) -> list[tuple[str, str]]:
        """The fields that answer a challenge: an ACK to a 2xx repeats them (section 22.1)."""
        return [(name, value) for name, value in self.fields if name.lower() in _CREDENTIALS]


_CREDENTIALS = frozenset({"authorization", "proxy-authorization"})
