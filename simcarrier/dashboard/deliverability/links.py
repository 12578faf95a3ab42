"""From a figure to the calls behind it: the path of the list of stored calls that has exactly these."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlencode

from simcarrier.deliverability.tables import Which

from .asked import REFUSED

_FIELDS: Final = {
    "caller": "from",
    "called": "to",
    "market": "market",
    "terminating_carrier": "carrier",
    "trunk": "trunk",
    "outcome": "outcome",
    "code": "code",
}
"""What a filter calls the columns."""

_ABOUT: Final = {"404/410": "code:404,410", "stalls": "outcome:stalled", REFUSED: "code:3xx,4xx,5xx,6xx"}
"""What a rule is about as a filter says it, where that is not the code."""

_PLAIN: Final = re.compile(r"[+0-9A-Za-z][0-9A-Za-z._-]*")


def calls_at(which: Which) -> str:
    """The path of the list of these calls."""
    words = [_word(column, value) for column, value in which.where]
    query = {"stored": "1", "q": " ".join(words), "after": str(which.after), "until": str(which.until)}
    return "/calls?" + urlencode({name: value for name, value in query.items() if value}, quote_via=quote)


def call_at(uid: str) -> str:
    """The path of a stored call."""
    return f"/calls/stored/{quote(uid, safe='')}"


def _word(column: str, value: str) -> str:
    if column == "about":
        return _ABOUT.get(value, f"code:{value}")
    if not value:
        return f"{_FIELDS[column]}:none"
    if _PLAIN.fullmatch(value) and (value.lower() != "none" or column == "code"):
        return f"{_FIELDS[column]}:{value}"
    quoted = value.replace('"', '""')
    return f'{_FIELDS[column]}:"{quoted}"'
