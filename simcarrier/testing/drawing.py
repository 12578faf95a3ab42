"""A trace drawn as a ladder: time down, one column for each party, one arrow for each message.

         caller                  carrier
0.000    |--INVITE------------------->|
0.010    |<-------------100 Trying----|
0.500    |--ACK--------------x        |   lost
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from simcarrier.sip.errors import Malformed
from simcarrier.sip.message import Message, Request

from .trace import Passage

WIDTH = 32
"""Characters from one column to the next."""

_MARGIN = 14


def ladder(trace: Iterable[Passage], parties: Sequence[str] = ()) -> str:
    """The ladder of a trace.

    Args:
        trace: the messages, in order.
        parties: the columns from left to right; those that the trace names, in order of appearance, if empty.

    Returns:
        The text, lines ended by newlines; every line is printable whatever the messages hold.
    """
    passages = list(trace)
    names = list(parties)
    for passage in passages:
        for name in (passage.source, passage.destination):
            if name not in names:
                names.append(name)
    lines = [" " * _MARGIN + "".join(f"{name[: WIDTH - 2]:<{WIDTH}}" for name in names).rstrip()]
    lines += [_rung(passage, names) for passage in passages]
    return "".join(f"{line}\n" for line in lines)


def _rung(passage: Passage, names: list[str]) -> str:
    start, end = names.index(passage.source), names.index(passage.destination)
    rung = [" "] * (WIDTH * (len(names) - 1) + 1)
    for column in range(len(names)):
        rung[column * WIDTH] = "|"
    left, right = min(start, end) * WIDTH, max(start, end) * WIDTH
    if left == right:
        return f"{passage.sent_at:10.3f}    {''.join(rung)}   {_label(passage)} to itself"
    space = right - left - 1
    label = _label(passage)
    if len(label) > space - 5:
        label = label[: space - 6] + "~"
    missed = passage.fate in ("lost", "nowhere")
    if start < end:
        shaft = f"--{label}{'-' * (space - len(label) - 3)}>"
        shaft = shaft[:-1] + "x" if missed else shaft
    else:
        shaft = f"<{'-' * (space - len(label) - 3)}{label}--"
        shaft = "x" + shaft[1:] if missed else shaft
    rung[left + 1 : right] = shaft
    note = f"   {passage.fate}" if passage.fate else ""
    return f"{passage.sent_at:10.3f}    {''.join(rung)}{note}"


def _has_body(message: Message) -> bool:
    try:
        return bool(message.body)
    except Malformed:
        return False


def _label(passage: Passage) -> str:
    try:
        message = passage.message
    except Malformed:
        return f"? {len(passage.data)} bytes"
    text = message.method if isinstance(message, Request) else f"{message.status} {message.phrase}"
    if not isinstance(message, Request) and message.status >= 200 and " INVITE" not in passage.short:
        text = f"{text} ({passage.short.partition(' ')[2]})"
    if _has_body(message):
        text += " +sdp" if message.content_type == "application/sdp" else " +body"
    return text if text.isprintable() else text.encode("unicode_escape", "backslashreplace").decode("ascii")
