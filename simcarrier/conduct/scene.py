"""What a check looks at: a message of the caller's, and all that is known when it is heard."""

from __future__ import annotations

from dataclasses import dataclass

from simcarrier.sip.message import Request, Response
from simcarrier.sip.transport import Address, host_for_uri

from .doubt import Doubts
from .memory import Memory
from .state import Call, DialogSeen, Heard, Question, Transaction

LONGEST_VALUE = 120
"""Characters of a value of the caller's that are quoted."""


@dataclass(slots=True)
class Scene:
    """One moment of a call.

    Attributes:
        heard: the message, how and when it passed.
        call: the call.
        doubts: what loss might explain, see `doubt`.
        memory: what is remembered over all calls.
        now: the time; that of the message, or when it is looked back.
        direct: no proxy is in between.
        transaction: the request's own; for ACK and CANCEL the INVITE's, None if there is none.
        dialog: the one it belongs to, if any.
        question: what the caller's response answers.
        whole: all that the carrier sent has been seen.
        live: a channel knows whether it is closed.
    """

    heard: Heard
    call: Call
    doubts: Doubts
    memory: Memory
    now: float
    direct: bool = True
    transaction: Transaction | None = None
    dialog: DialogSeen | None = None
    question: Question | None = None
    whole: bool = True
    live: bool = True

    @property
    def request(self) -> Request:
        """The caller's request."""
        message = self.heard.message
        assert isinstance(message, Request)  # for the type checker: the moment says which it is
        return message

    @property
    def response(self) -> Response:
        """The caller's response."""
        message = self.heard.message
        assert isinstance(message, Response)  # as above
        return message

    @property
    def number(self) -> int:
        """The CSeq number; what has none does not come this far."""
        return self.heard.message.cseq[0]


def quoted(value: str) -> str:
    """A value of the caller's for a text: short, and without control characters."""
    text = value if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]}..."
    return text if text.isprintable() else text.encode("unicode_escape", "backslashreplace").decode("ascii")


def address_of(peer: Address) -> str:
    """HOST:PORT of the other side."""
    return f"{host_for_uri(peer[0])}:{peer[1]}"


def is_sdp(message: Request | Response) -> bool:
    """Whether its body is a session description."""
    return message.room_for_body > 0 and message.content_type == "application/sdp"
