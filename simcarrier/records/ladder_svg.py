"""The messages of a call drawn as a ladder, as an SVG picture: for a browser, a ticket, a mail.

The picture stands by itself: no script, no style sheet, no font but the reader's own. Each arrow has its message's
first line as a title, which a browser shows under the pointer and a screen reader reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from .ladder import Rung, address_text, printable, rungs
from .transcript import Passed

_LEFT, _RIGHT = 150, 590
"""Where the two columns are."""
_TOP = 96
_HEADING = 34
"""What the title takes of the height."""
_STEP = 34
_WIDTH = 740

MOST_CHARACTERS = 52
"""Characters on an arrow; what is longer is cut there, and whole in the title."""

_COLOURS = {
    "ink": "#1f2328",
    "faint": "#59636e",
    "rule": "#c4cad1",
    "provisional": "#59636e",
    "success": "#116329",
    "refusal": "#b3261e",
}
"""By the class that each element has, so that a page around the picture can choose others (a dark one must)."""


def ladder_svg(messages: Sequence[Passed], title: str, *, embedded: bool = False, links: str = "") -> str:
    """The picture of a call's messages.

    Args:
        messages: in order.
        title: what stands above.
        embedded: it becomes part of a page that has the title elsewhere: without it and without a background.
        links: each arrow leads to the element of the page with this id and the message's number, from 1, behind it;
            empty for arrows that lead nowhere.
    """
    top = _TOP - _HEADING if embedded else _TOP
    height = top + _STEP * max(len(messages), 1) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
        f' font-family="system-ui, sans-serif" font-size="13" role="{"group" if links else "img"}">',
        f"<title>{_text(title)}</title>",
    ]
    if not embedded:
        parts += [
            f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
            f'<text x="20" y="28" font-size="16" {_fill("ink")}>{_text(_cut(title, 84))}</text>',
        ]
    if messages:
        parts += _columns(messages[0], top, height)
        for number, rung in enumerate(rungs(messages)):
            y = top + _STEP * number
            arrow = _arrow(rung, y)
            parts.append(f'<a href="#{_text(links)}{number + 1}">{_area(y)}{arrow}</a>' if links else arrow)
    else:
        parts.append(f'<text x="20" y="{top}" {_fill("faint")}>no messages</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _columns(first: Passed, top: int, height: int) -> list[str]:
    parts = []
    for x, role, address in ((_LEFT, "caller", first.local), (_RIGHT, "carrier", first.remote)):
        shown = _text(_cut(printable(address_text(address)), 40))
        parts += [
            f'<text x="{x}" y="{top - 42}" text-anchor="middle" font-weight="600" {_fill("ink")}>{role}</text>',
            f'<text x="{x}" y="{top - 26}" text-anchor="middle" font-size="12" {_fill("faint")}>{shown}</text>',
            f'<line x1="{x}" y1="{top - 18}" x2="{x}" y2="{height - 12}" {_stroke("rule")} stroke-width="1"/>',
        ]
    return parts


def _arrow(rung: Rung, y: int) -> str:
    start, end = (_LEFT, _RIGHT) if rung.sent else (_RIGHT, _LEFT)
    back = -8 if rung.sent else 8
    kind = _kind(rung.status)
    dashed = ' stroke-dasharray="6 4"' if kind == "provisional" else ""
    elsewhere = f" ({'to' if rung.sent else 'from'} {rung.elsewhere})" if rung.elsewhere else ""
    label = _text(_cut(rung.label + elsewhere, MOST_CHARACTERS))
    time, middle, line = y + 18, (_LEFT + _RIGHT) // 2, y + 14
    stroke = f'{_stroke(kind)} stroke-width="1.5"{dashed}'
    at = f'x="{_LEFT - 14}" y="{time}" text-anchor="end" font-size="12"'
    after = f"<text {at} {_fill('faint')}>{rung.after:.3f} s</text>"
    return (
        f"<g><title>{_text(rung.first_line)}</title>{after}"
        f'<text x="{middle}" y="{y + 8}" text-anchor="middle" {_fill(kind)}>{label}</text>'
        f'<line x1="{start}" y1="{line}" x2="{end + back}" y2="{line}" {stroke}/>'
        f'<path d="M{end} {line}l{back} -4v8z" {_fill(kind)}/></g>'
    )


def _area(y: int) -> str:
    """What a pointer hits of an arrow that leads somewhere: all of its row."""
    x, width = _LEFT - 80, _RIGHT - _LEFT + 80
    return f'<rect x="{x}" y="{y - 6}" width="{width}" height="{_STEP}" fill="none" pointer-events="all"/>'


def _kind(status: int | None) -> str:
    if status is None:
        return "ink"
    if status < 200:
        return "provisional"
    return "success" if status < 300 else "refusal"


def _fill(kind: str) -> str:
    return f'class="{kind}" fill="{_COLOURS[kind]}"'


def _stroke(kind: str) -> str:
    return f'class="{kind}" stroke="{_COLOURS[kind]}"'


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}~"


def _text(text: str) -> str:
    """Text as XML has it; characters that XML forbids do not survive `printable`."""
    return escape(printable(text), {'"': "&quot;"})
