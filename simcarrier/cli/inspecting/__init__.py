"""What there is to tell about a file: facts, and faults with the section that they are against.

`message` reads SIP, `token` what is signed, `known` holds whom to believe, `sections` which rule a fault is against.
Nothing is fetched.
"""

from __future__ import annotations

import io
import time

from .known import Known, known
from .message import read_message
from .token import TOKEN, read_token
from .told import Inspected, Unknown

__all__ = ["Inspected", "Known", "Unknown", "inspected", "known", "wall"]

MOST_MESSAGES = 1_000
"""Messages of one capture that are told; whoever has more cuts the capture to the call in question."""

_CAPTURES = (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d", b"\n\r\r\n")


def wall() -> float:
    """The time by which the age of a token is judged, seconds since 1970; a message of a capture has its own."""
    return time.time()


def inspected(data: bytes, trusted: Known | None) -> list[Inspected]:
    """All there is to tell about a file.

    Raises:
        Unknown: it is none of the things that are known.
    """
    if data[:4] in _CAPTURES:
        return _capture(data, trusted)
    token = TOKEN.fullmatch(data)
    if token is not None:
        return [read_token(token[1].decode("ascii"), trusted, wall())]
    return [read_message(data, trusted, wall())]


def _capture(data: bytes, trusted: Known | None) -> list[Inspected]:
    from simcarrier.records.capture import CaptureReader
    from simcarrier.records.pcap import PcapFault

    found: list[Inspected] = []
    try:
        reader = CaptureReader(io.BytesIO(data))
        for message in reader:
            if len(found) >= MOST_MESSAGES:
                raise Unknown(f"has more than {MOST_MESSAGES:,} SIP messages: cut it to the call in question")
            one = read_message(message.data, trusted, message.at)
            place = " -> ".join(f"{host}:{port}" for host, port in (message.source, message.destination))
            one.facts.insert(0, ("passed", f"{place} {message.transport}"))
            found.append(one)
    except PcapFault as why:
        raise Unknown(str(why)) from None
    if not found:
        raise Unknown("has no SIP messages that can be read")
    return found
