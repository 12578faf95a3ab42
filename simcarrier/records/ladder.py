"""The messages of a call drawn as a ladder, as text: time down, one arrow for each message.

          10.0.0.1:5060                     10.0.0.2:5060
     0.000    |--INVITE +sdp------------------->|
     0.010    |<------------------403 Forbidden--|

There are two columns, us and the other side. Where a call went on to another address, that stands behind the arrow.
Whatever the messages hold, every line is printable.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from simcarrier.sip.transport import Address, host_for_uri

from .transcript import Passed

WIDTH = 44
"""Characters between the two columns."""

_MARGIN = 14
_LONGEST_LINE = 512
"""Characters of a first line that are looked at, or shown."""

_CSEQ = re.compile(rb"^CSeq[ \t]*:[ \t]*[0-9]{1,10}[ \t]+([A-Za-z0-9.!%*_+`'~-]{1,32})", re.IGNORECASE | re.MULTILINE)
_TYPE = re.compile(rb"^(?:Content-Type|c)[ \t]*:[ \t]*([^\r\n;]{1,100})", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rung:
    """A message as it is drawn.

    Attributes:
        after: seconds since the first message.
        sent: whether it goes from us to the other side.
        label: what stands on its arrow.
        first_line: its first line.
        status: its code; None for a request.
        elsewhere: the other side's address, if it is not that of the first message; else empty.
    """

    after: float
    sent: bool
    label: str
    first_line: str
    status: int | None
    elsewhere: str


def printable(text: str) -> str:
    """Text from the wire, fit to be shown: control characters and broken UTF-8 are written as escapes."""
    return text if text.isprintable() else text.encode("unicode_escape", "backslashreplace").decode("ascii")


def address_text(address: Address) -> str:
    """HOST:PORT, IPv6 in brackets."""
    return f"{host_for_uri(address[0])}:{address[1]}"


def rungs(messages: Sequence[Passed]) -> list[Rung]:
    """What is drawn of each message, in order."""
    return [_rung(passed, messages[0]) for passed in messages]


def _rung(passed: Passed, first: Passed) -> Rung:
    line = passed.data.partition(b"\r\n")[0][:_LONGEST_LINE].decode("utf-8", "surrogateescape")
    head, _, body = passed.data.partition(b"\r\n\r\n")
    status = None
    if line.startswith("SIP/2.0 "):
        label = line.removeprefix("SIP/2.0 ").strip()
        code = label[:3]
        status = int(code) if code.isascii() and code.isdecimal() and len(code) == 3 else None
        answered = _CSEQ.search(head)
        if answered is not None and answered[1] != b"INVITE":
            label += f" ({answered[1].decode('ascii')})"
    else:
        method, space, _ = line.partition(" ")
        label = method if space else f"? {len(passed.data)} bytes"
    if body:
        kind = _TYPE.search(head)
        label += " +sdp" if kind is not None and kind[1].strip().lower() == b"application/sdp" else " +body"
    elsewhere = "" if passed.remote == first.remote else printable(address_text(passed.remote))
    return Rung(passed.at - first.at, passed.sent, printable(label), printable(line), status, elsewhere)


def ladder_text(messages: Sequence[Passed]) -> str:
    """The ladder of a call's messages.

    Args:
        messages: in order.

    Returns:
        The text, lines ended by newlines.
    """
    if not messages:
        return "no messages\n"
    here, there = (printable(address_text(one)) for one in (messages[0].local, messages[0].remote))
    lines = [f"{'':{_MARGIN - 4}}{here:<{WIDTH}} {there}"]
    for rung in rungs(messages):
        label = rung.label if len(rung.label) <= WIDTH - 5 else f"{rung.label[: WIDTH - 6]}~"
        fill = "-" * (WIDTH - len(label) - 3)
        arrow = f"--{label}{fill}>" if rung.sent else f"<{fill}{label}--"
        behind = f"   {'to' if rung.sent else 'from'} {rung.elsewhere}" if rung.elsewhere else ""
        lines.append(f"{rung.after:10.3f}    |{arrow}|{behind}")
    return "".join(f"{line}\n" for line in lines)
