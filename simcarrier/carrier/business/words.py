"""What a peer sent, made fit for a report: short, and on one line."""

from __future__ import annotations

LONGEST = 60


def legible(text: str) -> str:
    """The text, cut short, with an escape in place of each character that does not print."""
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - 3]}..."
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
