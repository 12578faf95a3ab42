"""A call as a line of a list, live or stored, and its HTML: made once for a call that is over, however many look."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple
from urllib.parse import quote

from markupsafe import Markup, escape

from simcarrier.artefacts.in_words import kind_of
from simcarrier.records.ladder import printable
from simcarrier.records.model import CallRecord
from simcarrier.records.row import Row

from .. import templating
from .filter_fields import is_up

MOST_KEPT: Final = 1_000
"""Lines whose HTML is kept: those of some lists."""


class Line(NamedTuple):
    """A call as a list shows it.

    Attributes:
        id: of its link, for the page.
        href: its own page.
        at: when it began, seconds since 1970.
        caller, called: the numbers.
        code: the final code, in words where there is none.
        kind: how that is coloured.
        phrase: of the final response.
        what: what happened, or probably did.
        why: what decided it; of a stored call how it went.
        delay: seconds from the INVITE to the first response beyond 100; None if none came.
        up: it goes on.
    """

    id: str
    href: str
    at: float
    caller: str
    called: str
    code: str
    kind: str
    phrase: str
    what: str
    why: str
    delay: float | None
    up: bool = False


def line_of_record(record: CallRecord) -> Line:
    """A call of a carrier that runs."""
    up = is_up(record)
    code = "none" if record.code is None else str(record.code)
    if up:
        code = "up" if record.code is not None else "calling"
    delays = [after for after in (record.progress_after, record.responded_after) if after is not None]
    return Line(
        f"call-{record.number}",
        f"/calls/{record.number}",
        record.started,
        record.caller or "?",
        record.called or "?",
        code,
        kind_of(record.code),
        record.phrase or "",
        str(record.condition or ""),
        record.why or (f"rule {record.rule}" if record.rule else "no rule matched"),
        min(delays, default=None),
        up,
    )


def line_of_row(row: Row) -> Line:
    """A call that is stored."""
    return Line(
        f"call-{row.uid}",
        f"/calls/stored/{quote(row.uid, safe='')}",
        row.began / 1000,
        row.caller or "?",
        row.called or "?",
        "none" if row.code is None else str(row.code),
        kind_of(row.code),
        row.phrase or "",
        row.condition or (f"probably {row.cause}" if row.cause else ""),
        row.outcome or "",
        None if row.post_dial_delay is None else row.post_dial_delay / 1000,
    )


class LinesOfRecords:
    """The HTML of lines, shared by all lists of one carrier."""

    def __init__(self) -> None:
        self._made: dict[int, Markup] = {}

    def of(self, records: Iterable[CallRecord]) -> list[Markup]:
        """That of some calls."""
        return [self._of(record) for record in records]

    def _of(self, record: CallRecord) -> Markup:
        if record.ending is None:
            return html_of(line_of_record(record))
        made = self._made.get(record.number)
        if made is None:
            made = self._made[record.number] = html_of(line_of_record(record))
            if len(self._made) > MOST_KEPT:
                self._made.pop(next(iter(self._made)))
        return made


def html_of(line: Line) -> Markup:
    """A line as a row of a table.

    Written here and not in a template, which takes five times as long: under load a list has two hundred new lines a
    second. Every text is escaped.
    """
    pieces = (
        f'<tr{_UP if line.up else ""}><td class="when"><a id="',
        escape(line.id),
        '" href="',
        escape(line.href),
        '">',
        templating.moment(line.at),
        "</a></td>\n<td>",
        _text(line.caller),
        "</td><td>",
        _text(line.called),
        f'</td>\n<td><span class="code {line.kind}">{line.code}</span> ',
        _text(line.phrase),
        "</td>\n<td>",
        _text(line.what),
        "</td><td>",
        _text(line.why),
        f'</td><td class="number">{"" if line.delay is None else f"{line.delay:.3f} s"}</td></tr>\n',
    )
    # Joined, for formatting text that is marked as safe takes several times as long.
    return Markup("".join(pieces))


_UP: Final = ' class="up"'


def _text(text: str) -> Markup:
    return escape(printable(text))
