"""Stored calls of three days, and what tests want of the page of deliverability that shows them."""

from __future__ import annotations

import csv
import html
import io
import random
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit
from zoneinfo import ZoneInfo

from simcarrier.dashboard.calls.filters import parse
from simcarrier.deliverability.queries import DAY, HOUR, MINUTE
from simcarrier.records.row import Row
from simcarrier.stores.address import StoreAddress
from simcarrier.stores.store import Store
from tests.dashboard.kit import HTML, Dashed
from tests.stores.rows import NOON, row

BERLIN = ZoneInfo("Europe/Berlin")
HOSTILE = '<script>alert(1)</script>"=cmd'
CALLERS = ["+4930111", "+4930222", "+12125550100", HOSTILE, None]


def made(count: int = 700, until: int = NOON) -> list[Row]:
    """Calls of three days."""
    rng = random.Random(8)
    found = []
    for number in range(count):
        code = rng.choices([200, 404, 410, 480, 486, 503, 603, 608, None], [40, 5, 2, 20, 10, 5, 15, 3, 5])[0]
        outcome = {200: "answered", None: "stalled"}.get(code, "refused")
        found.append(
            row(number, began=until - rng.randrange(3 * DAY), caller=rng.choice(CALLERS), code=code, outcome=outcome,
                market=rng.choice(["DE", "US", None]), trunk=rng.choice(["a", "b c"]), phrase="x",
                terminating_carrier=rng.choice(["Bell & Co", "none", None]))
        )  # fmt: skip
    # A number that calls often enough for its share over 4 hours to say something.
    found += [
        row(count + number, began=until - 4 * HOUR - number * 5 * MINUTE, caller="+4930111",
            code=603 if number % 7 == 0 else 200, outcome="refused" if number % 7 == 0 else "answered")
        for number in range(120)
    ]  # fmt: skip
    return found


def kept(where: Path | str, rows: Sequence[Row]) -> Path | str:
    store = StoreAddress.parse(str(where)).store()
    store.open()
    store.add(rows)
    store.close()
    return where


def local(at: int) -> str:
    return datetime.fromtimestamp(at // 1000, BERLIN).strftime("%Y-%m-%dT%H:%M")


# From half past to twenty past, so that there are hours and five minutes at the edges.
AFTER, UNTIL = NOON - 50 * HOUR - 30 * MINUTE, NOON - 3 * HOUR + 22 * MINUTE
OWN = {"range": "own", "from": local(AFTER), "to": local(UNTIL), "zone": "Europe/Berlin"}


def asked(**more: str) -> str:
    return urlencode(OWN | more)


def page(carrier: Dashed, query: str, status: int = 200) -> str:
    """The page, once all is counted."""
    for _ in range(200):
        answer = carrier.request("GET", f"/deliverability?{query}", headers=HTML)
        assert answer.status == status
        text = str(answer.body)
        if "Being counted" not in text:
            return text
        assert 'data-refresh="2"' in text
    raise AssertionError("it is still being counted")


def sheet(carrier: Dashed, name: str, query: str) -> list[list[str]]:
    answer = carrier.request("GET", f"/deliverability/{name}.csv?{query}")
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}.csv"'
    return list(csv.reader(io.StringIO(str(answer.body))))


def links(text: str) -> list[tuple[str, str]]:
    """Where the links to calls lead, and their words."""
    found = re.findall(r'href="(/calls\?[^"]*)"[^>]*>(.*?)</a>', text, re.DOTALL)
    return [(html.unescape(href), html.unescape(re.sub(r"<[^>]*>", "", words))) for href, words in found]


def behind(store: Store, href: str) -> int:
    """How many calls a link leads to: the filter's own SQL, with the range."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(href).query).items()}
    assert query["stored"] == "1"
    where = parse(query.get("q", ""), 0).where()
    text, values = ("1 = 1", ()) if where is None else where
    found = store.query(
        f"SELECT COUNT(*) FROM calls WHERE began > ? AND began <= ? AND {text}",
        (int(query["after"]), int(query["until"]), *values),
    )
    return int(found[0][0])
