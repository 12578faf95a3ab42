"""A message as a report shows it: its head, short, printable, and without what proves the caller's identity."""

from __future__ import annotations

from simcarrier.records.ladder import printable
from simcarrier.records.transcript import without_credentials

MOST_LINES = 24
LONGEST_LINE = 160
LONGEST_MESSAGE = 4096
"""Bytes that are looked at."""


def excerpt(raw: bytes) -> str:
    """The first lines of a message, lines ended by newlines, the body left out unless it is a short text."""
    text = without_credentials(raw[:LONGEST_MESSAGE].lstrip(b"\r\n")).decode("utf-8", "surrogateescape")
    lines = text.replace("\r\n", "\n").split("\n")
    while lines and not lines[-1]:
        lines.pop()
    shown = [_short(printable(line)) for line in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES or len(raw) > LONGEST_MESSAGE:
        shown.append("...")
    return "\n".join(shown)


def _short(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}..."
