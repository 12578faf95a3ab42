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
_STEP = 34
_WIDTH = 740

MOST_CHARACTERS = 52
"""Characters on an arrow; what is longer is cut there, and whole in the title."""

_TEXT, _FAINT = "#1f2328", "#59636e"
_REQUEST, _PROVISIONAL, _SUCCESS, _REFUSAL = "#1f2328", "#59636e", "#116329", "#b3261e"


def ladder_svg(messages: Sequence[Passed], title: str) -> str:
    """The picture of a call's messages.

    Args:
        messages: in order.
        title: what stands above.
    """
    height = _TOP + _STEP * max(len(messages), 1) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
        ' font-family="system-ui, sans-serif" font-size="13" role="img">',
        f"<title>{_text(title)}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="20" y="28" font-size="16" fill="{_TEXT}">{_text(_cut(title, 84))}</text>',
    ]
    if messages:
        parts += _columns(messages[0], height)
        parts += [_arrow(rung, _TOP + _STEP * number) for number, rung in enumerate(rungs(messages))]
    else:
        parts.append(f'<text x="20" y="{_TOP}" fill="{_FAINT}">no messages</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _columns(first: Passed, height: int) -> list[str]:
    parts = []
    for x, role, address in ((_LEFT, "caller", first.local), (_RIGHT, "carrier", first.remote)):
        shown = _text(_cut(printable(address_text(address)), 40))
        parts += [
            f'<text x="{x}" y="54" text-anchor="middle" font-weight="600" fill="{_TEXT}">{role}</text>',
            f'<text x="{x}" y="70" text-anchor="middle" font-size="12" fill="{_FAINT}">{shown}</text>',
            f'<line x1="{x}" y1="78" x2="{x}" y2="{height - 12}" stroke="#c4cad1" stroke-width="1"/>',
        ]
    return parts


def _arrow(rung: Rung, y: int) -> str:
    start, end = (_LEFT, _RIGHT) if rung.sent else (_RIGHT, _LEFT)
    back = -8 if rung.sent else 8
    colour = _colour(rung.status)
    dashed = ' stroke-dasharray="6 4"' if rung.status is not None and rung.status < 200 else ""
    elsewhere = f" ({'to' if rung.sent else 'from'} {rung.elsewhere})" if rung.elsewhere else ""
    label = _text(_cut(rung.label + elsewhere, MOST_CHARACTERS))
    time, middle, line = y + 18, (_LEFT + _RIGHT) // 2, y + 14
    stroke = f'stroke="{colour}" stroke-width="1.5"{dashed}'
    return (
        f"<g><title>{_text(rung.first_line)}</title>"
        f'<text x="{_LEFT - 14}" y="{time}" text-anchor="end" font-size="12" fill="{_FAINT}">{rung.after:.3f} s</text>'
        f'<text x="{middle}" y="{y + 8}" text-anchor="middle" fill="{colour}">{label}</text>'
        f'<line x1="{start}" y1="{line}" x2="{end + back}" y2="{line}" {stroke}/>'
        f'<path d="M{end} {line}l{back} -4v8z" fill="{colour}"/></g>'
    )


def _colour(status: int | None) -> str:
    if status is None:
        return _REQUEST
    if status < 200:
        return _PROVISIONAL
    return _SUCCESS if status < 300 else _REFUSAL


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}~"


def _text(text: str) -> str:
    """Text as XML has it; characters that XML forbids do not survive `printable`."""
    return escape(printable(text), {'"': "&quot;"})
