"""Tables as CSV (RFC 4180), for spreadsheets: counts where the page shows shares, times in UTC.

A spreadsheet takes a text that begins with ``=`` and the like for a formula, and some formulas fetch things from
elsewhere: what a caller wrote into a SIP message must not come to that. Such a text gets an apostrophe in front, which
spreadsheets take for "this is text". A telephone number, a plus sign with digits, is left alone: as a formula it is its
own digits and nothing worse, and tools that read CSV must find the number as it is.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from typing import Final

from simcarrier.deliverability.tables import Cell, Table

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER: Final = re.compile(r"\+[0-9]{1,15}")


def csv_of(table: Table) -> str:
    """The text of a file."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_safe(head) for head in table.heads])
    for row in table.rows:
        writer.writerow([_value(cell) for cell in row])
    return out.getvalue()


def _value(cell: Cell) -> str | int | float:
    if cell.at is not None:
        return datetime.fromtimestamp(cell.at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    value = cell.text if cell.value is None else cell.value
    return _safe(value) if isinstance(value, str) else value


def _safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    dangerous = text.lstrip(" ").startswith(_FORMULA) and not _NUMBER.fullmatch(text)
    return "'" + text if dangerous else text
