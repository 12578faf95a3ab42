"""What went over a wire: every message, when it was sent, when it arrived or that it was lost."""

from __future__ import annotations

from dataclasses import dataclass, field

from simcarrier.sip.errors import Malformed
from simcarrier.sip.message import Message, Request, Response
from simcarrier.sip.parse import parse
from simcarrier.sip.transport import Address


@dataclass(slots=True)
class Passage:
    """One message on its way.

    Attributes:
        sent_at: when it was sent, seconds on the wire's clock.
        source, destination: the names of the parties.
        address: where it was sent to.
        data: the bytes.
        forward: the source stands left of the destination, in the order in which parties were attached.
        arrived: when it arrived, once for each time that it did; empty for one that was lost or is on its way.
        fate: ``lost``, ``doubled`` or empty; ``nowhere`` if nobody has that address.
    """

    sent_at: float
    source: str
    destination: str
    address: Address
    data: bytes
    forward: bool
    arrived: list[float] = field(default_factory=list)
    fate: str = ""
    _message: Message | None = None

    @property
    def message(self) -> Request | Response:
        """The message.

        Raises:
            Malformed: it is none.
        """
        if not isinstance(self._message, Request | Response):
            self._message = parse(self.data)
        assert isinstance(self._message, Request | Response)  # for the type checker: parse gives nothing else
        return self._message

    @property
    def short(self) -> str:
        """A request's method; a response's code, with the method that it answers unless that is INVITE's ``1xx``.

        ``INVITE``, ``180``, ``200 INVITE``, ``487 INVITE``, ``200 BYE``; ``?`` for what is no message.
        """
        try:
            message = self.message
            if isinstance(message, Request):
                return message.method
            return str(message.status) if message.status < 200 else f"{message.status} {message.cseq[1]}"
        except Malformed:
            return "?"

    @property
    def arrow(self) -> str:
        """`short` with its direction: ``-> INVITE``, ``<- 180``."""
        return f"{'->' if self.forward else '<-'} {self.short}"


class Trace(list[Passage]):
    """The messages of a wire in the order in which they were sent."""

    def arrows(self) -> list[str]:
        """Each message as `Passage.arrow`."""
        return [passage.arrow for passage in self]

    def codes(self, method: str = "INVITE") -> list[int]:
        """The status codes of all responses to that method, repetitions included."""
        return [response.status for response in self.responses() if response.cseq[1] == method]

    def responses(self) -> list[Response]:
        """All responses."""
        return [passage.message for passage in self if isinstance(passage.message, Response)]

    def requests(self, method: str) -> list[Request]:
        """All requests of that method."""
        messages = [passage.message for passage in self]
        return [message for message in messages if isinstance(message, Request) and message.method == method]

    def named(self, name: str) -> list[Passage]:
        """All messages whose `short` or `arrow` that is, or whose code."""
        return [passage for passage in self if name in (passage.short, passage.arrow, passage.short.partition(" ")[0])]

    def times(self, name: str) -> list[float]:
        """When messages of that name were sent, seconds, rounded to microseconds."""
        return [round(passage.sent_at, 6) for passage in self.named(name)]
