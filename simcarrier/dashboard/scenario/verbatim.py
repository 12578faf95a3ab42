"""Text as it is typed, for a field or a listing; the usual escaping would write a tab as two characters."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from markupsafe import Markup, escape

MOST_LINES: Final = 5_000
"""Lines that are listed; a longer text can be had as a file."""


def verbatim(text: str) -> Markup:
    """A text as it is, escaped for HTML."""
    return Markup(escape(text))


def visible(line: str) -> Markup:
    """A line of which nothing is hidden: what can't be seen, or turns the direction of writing, stands as an escape."""
    if not line.isprintable():
        line = "".join(each if each.isprintable() or each in "\t\xa0" else _escaped(each) for each in line)
    return Markup(escape(line))


def listed(lines: Sequence[str], marked: Collection[int] = ()) -> Markup:
    """Lines with an id each, ``L1`` and so on; style sheets number them.

    Args:
        lines: of a text.
        marked: the numbers of those that stand out.
    """
    if lines and not lines[-1]:
        lines = lines[:-1]
    told = [
        f'<span class="{"l wrong" if number in marked else "l"}" id="L{number}">{visible(line)}\n</span>'
        for number, line in enumerate(lines[:MOST_LINES], 1)
    ]
    if len(lines) > MOST_LINES:
        told.append(f"({len(lines) - MOST_LINES:,} more lines)\n")
    return Markup("".join(told))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
