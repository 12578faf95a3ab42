"""The messages in pjproject's log: every one that is sent or received stands there, as its bytes. Sans-IO.

    RX 293 bytes Response msg 100/INVITE/cseq=2922 (rdata0x561279a4c348) from UDP 127.0.0.1:53579:
    SIP/2.0 100 Trying
    ...
    --end msg--

pjproject tells an application of the responses to a call only until that is given up, and of no ACK at all; the log
leaves nothing out. It cuts an entry off at some 4,000 bytes (PJ_LOG_MAX_SIZE).
"""

from __future__ import annotations

import re

from .events import Logged

_HEAD = re.compile(
    r"([TR])X (\d+) bytes .{0,200}? (?:to|from) (UDP|TCP|TLS)6? \[?([0-9A-Za-z_.:%-]{1,255}?)\]?:(\d{1,5}):\n",
    re.DOTALL,
)
_STANDS = re.compile(r"(TCP|TLS) transport (\S+) is connected to (\S+)")
_END = "\n--end msg--"


def message_in(entry: str) -> Logged | None:
    """The message of an entry; None if the entry is of something else."""
    found = _HEAD.match(entry)
    if found is None:
        return None
    way, length, transport, host, port = found.groups()
    rest = entry[found.end() :]
    end = rest.rfind(_END)
    data = (rest if end < 0 else rest[:end]).encode("utf-8", "surrogateescape")
    return Logged(way == "T", transport, (host, int(port)), data[: int(length)])


def connected_in(entry: str) -> tuple[str, str] | None:
    """Transport and remote HOST:PORT of an entry that tells of a connection; None if it is of something else."""
    found = _STANDS.match(entry)
    return None if found is None else (found[1], found[3].rstrip("."))
