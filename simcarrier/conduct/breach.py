"""One thing that a caller did wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule broken on the wire.

    Attributes:
        rule: its short name, such as ``ack_branch``.
        section: where it stands, such as ``RFC 3261 section 17.1.1.3``.
        said: what was wrong, in words, with the values seen.
        call_id: of the call; empty if the message had none.
        at: seconds on the exchange's clock.
        source: the address that the message came from, ``HOST:PORT``.
        message: the message itself, shortened to what shows the fault.
    """

    rule: str
    section: str
    said: str
    call_id: str
    at: float
    source: str
    message: str = ""
