"""What became of the audio of a call, as the carrier's end of it had it.

One-way audio shows here: packets went out and none came in, or the other way round. Where packets came from another
port or host than the caller's description names, or the description names a host where nothing may go, that is why.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class MediaRecord(NamedTuple):
    """The audio of one call.

    Attributes:
        sent, received: packets of RTP.
        lost: packets that were missing between those received.
        jitter: the largest interarrival jitter (RFC 3550 section 6.4.1), seconds; digits are left out of it.
        strangers: packets that came from elsewhere than the caller's description says; they are not used.
        withheld: whether a description named a host where nothing may go.
        peer_lost: packets that the caller missed, as it reported last; None if it reported nothing of ours.
        digits: received as events (RFC 4733), in order; the last 64.
        digits_sent: likewise.
    """

    sent: int = 0
    received: int = 0
    lost: int = 0
    jitter: float = 0.0
    strangers: int = 0
    withheld: bool = False
    peer_lost: int | None = None
    digits: str = ""
    digits_sent: str = ""

    def __str__(self) -> str:
        return "; ".join(f"{name} {value}" for name, value in self.facts())

    def facts(self) -> Iterator[tuple[str, str]]:
        """What is known in words, each thing with its name; nothing that did not happen."""
        told = [f"{self.sent} sent", f"{self.received} received"]
        told += [f"{self.lost} lost"] if self.lost else []
        told += [f"{self.peer_lost} lost at the caller's"] if self.peer_lost else []
        told += [f"{self.strangers} from elsewhere"] if self.strangers else []
        told += ["none may go where the caller asks for them"] if self.withheld else []
        told += [f"jitter {self.jitter * 1000:.1f} ms"] if self.received > 1 else []
        yield "RTP", ", ".join(told)
        if self.digits:
            yield "digits", self.digits
        if self.digits_sent:
            yield "digits sent", self.digits_sent
