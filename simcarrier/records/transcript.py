"""The messages of one call as they went over the wire, for an evidence file: bounded, and without credentials."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_MESSAGES = 200
LARGEST_MESSAGE = 65_535

_CREDENTIALS = re.compile(
    rb"^((?:Proxy-)?Authorization[ \t]*:)[^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*", re.IGNORECASE | re.MULTILINE
)
_CALL_ID = re.compile(rb"^(?:Call-ID|i)[ \t]*:[ \t]*(?:\r\n[ \t]+)?([^\r\n]*)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Passed:
    """One message.

    Attributes:
        at: when, seconds since 1970 UTC.
        sent: we sent it.
        transport: UDP, TCP or TLS.
        local, remote: the two addresses.
        data: its bytes, credentials taken out.
    """

    at: float
    sent: bool
    transport: str
    local: tuple[str, int]
    remote: tuple[str, int]
    data: bytes

    @property
    def what(self) -> str:
        """Method or status line's code and phrase."""
        line = self.data.partition(b"\r\n")[0].decode("utf-8", "replace")
        return line.removeprefix("SIP/2.0 ") if line.startswith("SIP/2.0 ") else line.partition(" ")[0]


@dataclass(slots=True)
class Transcript:
    """The messages of one call, in order.

    Attributes:
        messages: at most `MOST_MESSAGES`.
        left_out: how many more there were.
    """

    messages: list[Passed] = field(default_factory=list)
    left_out: int = 0

    def add(self, passed: Passed) -> None:
        """Note a message."""
        if len(self.messages) >= MOST_MESSAGES:
            self.left_out += 1
        else:
            self.messages.append(passed)


def without_credentials(data: bytes) -> bytes:
    """A message whose answers to challenges are taken out."""
    head, blank, body = data[:LARGEST_MESSAGE].partition(b"\r\n\r\n")
    return _CREDENTIALS.sub(rb"\1 (left out)", head) + blank + body


def call_id_of(data: bytes) -> str:
    """A message's Call-ID, found without reading the rest; empty if there is none."""
    found = _CALL_ID.search(data, 0, 8192)
    return found[1].strip().decode("utf-8", "surrogateescape") if found else ""


def message_as_dict(passed: Passed) -> dict[str, Any]:
    """For JSON; the bytes as text where they are UTF-8, else escaped so that they come back as they were."""
    return {
        "at": round(passed.at, 6),
        "sent": passed.sent,
        "transport": passed.transport,
        "local": list(passed.local),
        "remote": list(passed.remote),
        "data": passed.data.decode("utf-8", "surrogateescape"),
    }


def message_from_dict(told: Mapping[str, Any]) -> Passed:
    """Back from JSON.

    Raises:
        ValueError: it is not what `message_as_dict` makes.
    """
    try:
        local, remote = told["local"], told["remote"]
        return Passed(
            float(told["at"]),
            bool(told["sent"]),
            str(told["transport"]),
            (str(local[0]), int(local[1])),
            (str(remote[0]), int(remote[1])),
            str(told["data"]).encode("utf-8", "surrogateescape"),
        )
    except (KeyError, IndexError, TypeError, ValueError) as fault:
        raise ValueError(f"not a message as simcarrier writes it: {fault}") from None
