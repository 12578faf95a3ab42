"""What is asked of the page of deliverability, what it says where there is nothing, and what spreadsheets get."""

from __future__ import annotations

import asyncio
import csv
import html
import io
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from simcarrier.dashboard.alone import serve
from simcarrier.dashboard.deliverability.asked import LONGEST, read
from simcarrier.dashboard.deliverability.sections import shipped
from simcarrier.dashboard.deliverability.spreadsheet import csv_of
from simcarrier.deliverability.alerts import Change
from simcarrier.deliverability.episodes import ADD, CREATE, row_of
from simcarrier.deliverability.overview import open_alerts
from simcarrier.deliverability.queries import DAY, HOUR, MINUTE
from simcarrier.deliverability.tables import Cell, Table
from simcarrier.stores.address import StoreAddress
from simcarrier.stores.sqlite import SqliteStore
from simcarrier.web.access import WebAddress
from tests.dashboard.kit import HTML, Dashed
from tests.dashboard.stored_kit import (
    AFTER,
    UNTIL,
    asked,
    kept,
    local,
    made,
    page,
    sheet,
)
from tests.deliverability import reference
from tests.stores.rows import NOON, row


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(kept(tmp_path_factory.mktemp("kept") / "calls.db", made()))


@pytest.fixture(scope="module")
def carrier(file: Path) -> Iterator[Dashed]:
    with Dashed(records=file) as found:
        yield found


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("+4930123456", "+4930123456"),
        ("+1415-555", "'+1415-555"),
        ("=cmd|'/c calc'!A1", "\"'=cmd|'/c calc'!A1\"".strip('"')),
        ("-1+1", "'-1+1"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        (" =1", "' =1"),
        ("+49301234567890123", "'+49301234567890123"),
        ("Bell & Co", "Bell & Co"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(text: str, written: str) -> None:
    table = Table("x", "x", ("caller", "calls"), [[Cell("shown", text), Cell("7 %", -7)]])
    assert list(csv.reader(io.StringIO(csv_of(table), newline=""))) == [["caller", "calls"], [written, "-7"]]


def test_times_in_a_spreadsheet_are_utc() -> None:
    table = Table("x", "x", ("since",), [[Cell("shown", at=NOON + 7)]])
    assert csv_of(table) == "since\r\n2026-11-23T12:00:00.007Z\r\n"


@pytest.mark.parametrize(
    ("query", "field", "why"),
    [
        ({"range": "1h"}, "range", 'must be one of 4h, 24h, 7d or own, not "1h"'),
        ({"zone": "Mars/Olympus"}, "zone", 'must be a time zone such as Europe/Berlin or UTC, not "Mars/Olympus"'),
        ({"zone": "../../etc/passwd"}, "zone", "must be a time zone such as Europe/Berlin or UTC"),
        ({"about": "999"}, "about", 'must be one of 603, 480, 486, 404/410, 503, stalls, refused, not "999"'),
        ({"range": "own"}, "from", "must be a time such as 2026-11-23T08:00"),
        ({"from": "2026-11-23T08:00", "to": "soon"}, "to", 'must be a time such as 2026-11-23T08:00, not "soon"'),
        ({"from": "2026-11-23T08:00", "to": "2026-11-23T08:00"}, "to", "must be later than the begin"),
        ({"from": "2026-01-23T08:00", "to": "2026-11-23T08:00"}, "to", "must not be more than 31 days after the begin"),
        ({"from": "0001-01-01T00:00", "to": "2026-11-23T08:00", "zone": "Asia/Tokyo"}, "from", "must be a time"),
        ({"from": "1970-01-01T00:00", "to": "1970-01-03T00:00", "zone": "Asia/Tokyo"}, "from", "must be a time"),
        ({"from": "9998-12-31T00:00", "to": "9999-12-31T00:00"}, "to", "must be a time"),
        ({"from": "<b>", "to": "9999-12-31T23:59", "zone": "America/New_York"}, "from", "must be a time such as"),
    ],
)
def test_what_is_wrong_is_told_beside_the_field(carrier: Dashed, query: dict[str, str], field: str, why: str) -> None:
    answer = carrier.request("GET", f"/deliverability?{urlencode(query)}", headers=HTML)
    assert answer.status == 400
    text = html.unescape(str(answer.body))
    found = re.search(rf'id="{field}-fault" role="alert">(.*?)</p>', text)
    assert found is not None
    assert found[1].startswith(why)
    if field != "zone":
        assert f'aria-describedby="{field}-fault"' in text
    assert "<b>" not in str(answer.body)
    problem = carrier.request("GET", f"/deliverability/callers.csv?{urlencode(query)}")
    assert (problem.status, problem.kind) == (400, "bad-parameters")
    assert field in [each["field"] for each in problem.body["errors"]]


def test_ranges_are_read() -> None:
    own = read({"from": "2026-03-29T01:30", "to": "2026-03-29T03:30", "zone": "Europe/Berlin"})
    assert (own.span, own.until - own.after) == ("own", HOUR)  # an hour is left out that night
    assert read({}).span == "24h"
    assert read({"range": "7d", "zone": "", "from": "", "to": ""}).span == "7d"
    longest = read({"from": "2026-11-01T00:00", "to": "2026-12-02T00:00"})
    assert (longest.faults, longest.until - longest.after) == ({}, LONGEST)
    assert read({"row": "+49", "hour": "24"}).row is None
    assert (read({"row": "", "hour": "23"}).row, read({"row": "", "hour": "23"}).hour) == ("", 23)
    query = read({"from": "2026-11-01T00:00", "to": "2026-11-02T00:00", "about": "480"}).query(row="", hour="3")
    assert query == "range=own&from=2026-11-01T00%3A00&to=2026-11-02T00%3A00&about=480&row=&hour=3"


def test_there_is_no_such_table(carrier: Dashed) -> None:
    answer = carrier.request("GET", "/deliverability/secrets.csv")
    assert (answer.status, answer.kind) == (404, "not-found")
    assert "there are share, heat, " in answer.body["detail"]
    assert carrier.request("GET", f"/deliverability/behind.csv?{asked()}").status == 404


def test_without_records_it_is_said_how_to_keep_some() -> None:
    with Dashed() as carrier:
        assert "--records calls.db" in page(carrier, "")
        assert carrier.request("GET", "/deliverability/callers.csv").status == 404


def test_no_calls_none_in_the_range_and_none_of_late(tmp_path: Path) -> None:
    where = tmp_path / "calls.db"
    kept(where, [])
    with Dashed(records=where) as carrier:
        assert "There are no calls yet." in page(carrier, "")
    old = round(time.time() * 1000) - 40 * DAY
    kept(where, [row(number, began=old - number * MINUTE, caller="+4930777") for number in range(5)])
    with Dashed(records=where) as carrier:
        text = page(carrier, "range=4h")
        assert "There were none in the last day, so this is as of the latest call." in text
        assert '<strong id="count">5 calls</strong>' in text
        text = page(carrier, "from=2026-01-01T00:00&to=2026-01-02T00:00&zone=Asia/Kolkata")
        assert "There are no calls in this range." in text
        assert "heat-0" not in text
        way = re.search(r'<a href="/deliverability\?([^"]*)">Show the four hours up to it', text)
        assert way is not None
        assert '<strong id="count">5 calls</strong>' in page(carrier, html.unescape(way[1]))


def test_as_of_now(tmp_path: Path) -> None:
    now = round(time.time() * 1000)
    where = kept(tmp_path / "calls.db", made(until=now - MINUTE))
    with Dashed(records=where) as carrier:
        for name, length in (("4h", 4 * HOUR), ("24h", DAY), ("7d", 7 * DAY)):
            text = page(carrier, f"range={name}")
            assert "none in the last day" not in text
            count = len(reference.within(made(until=now - MINUTE), now - length, now))
            found = re.search(r'<strong id="count">([0-9]+) calls', text)
            assert found is not None
            assert abs(int(found[1]) - count) <= 1


def test_alerts_pacing_and_what_was_told(tmp_path: Path) -> None:
    where = tmp_path / "calls.db"
    rows = [row(number, began=NOON - number * MINUTE, caller="+4930777", market="DE", cause="lines_full")
            for number in range(60)]  # fmt: skip
    kept(where, rows)
    store = SqliteStore(where)
    store.open()
    query = f"from={local(NOON - DAY)}&to={local(NOON + MINUTE)}&zone=Europe/Berlin"
    rules, _ = shipped()
    alerts = open_alerts(store, NOON, rules)
    with Dashed(records=where) as carrier:
        assert "<h2>Alerts that were told</h2>" not in page(carrier, query)
        store.query(CREATE)
        for alert in alerts:
            store.query(ADD, row_of(alert))
    with Dashed(records=where) as carrier:
        text = html.unescape(page(carrier, query))
        assert "severe: declined, caller +4930777: 603 100.0%, above 5% (60 of 60 calls in 4 h;" in text
        assert "lines_full: " in text
        assert "check its label status" in text
        for number in range(5):
            assert f'href="/calls/stored/{rows[number].uid}"' in text
        assert carrier.request("GET", f"/calls/stored/{rows[0].uid}", headers=HTML).status == 200
        assert "<h2>Alerts that were told</h2>" in text
        (episode,) = sheet(carrier, "episodes", query)[1:]
        assert episode[1:5] == ["open", "declined", "caller +4930777", "severe"]
        (alert_row,) = sheet(carrier, "alerts", query)[1:]
        assert (alert_row[0], alert_row[6], alert_row[7], alert_row[9]) == ("declined", "60", "60", "0.05")
        (pace,) = sheet(carrier, "pacing", query)[1:]
        assert pace[:3] == ["+4930777", "resting", "0.0"]
        assert "were declined, more than 5 %; it rests until 2026-11-23 " in pace[5]
        market, verdict, today, *_ = sheet(carrier, "baselines", query)[1]
        assert (market, verdict, today) == ("DE", "no baseline yet", "60")
    assert alerts[0].change is Change.BEGINS
    store.close()


def test_of_many_alerts_and_numbers_the_worst_are_shown(tmp_path: Path) -> None:
    where = tmp_path / "calls.db"
    rows = [row(100 * caller + number, began=NOON - number * MINUTE, caller=f"+493077{caller:03}")
            for caller in range(60) for number in range(45)]  # fmt: skip
    kept(where, rows)
    query = f"from={local(NOON - 4 * HOUR)}&to={local(NOON + MINUTE)}&zone=Europe/Berlin"
    with Dashed(records=where) as carrier:
        text = page(carrier, query)
        assert text.count('<details class="alert severe"') == 20
        assert "And 40 more." in text
        assert "The 50 callers with the most calls; 10 more have fewer." in text
        assert "and 30 more. " in text
        assert len(sheet(carrier, "callers", query)) == 61
        assert len(sheet(carrier, "pacing", query)) == 61


def test_pages_without_a_carrier(file: Path) -> None:
    ready: list[str] = []
    up = threading.Event()
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def told(url: str) -> None:
        ready.append(url)
        up.set()

    async def main() -> None:
        over = asyncio.Event()
        loops.append((asyncio.get_running_loop(), over))
        await serve(WebAddress("127.0.0.1", 0), None, StoreAddress.parse(str(file)), told, over)

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    try:
        assert up.wait(10)
        import httpx

        for _ in range(200):
            answer = httpx.get(f"{ready[0]}/deliverability?{asked()}", headers=HTML, trust_env=False)
            if "Being counted" not in answer.text:
                break
        assert f'<strong id="count">{len(reference.within(made(), AFTER - 1, UNTIL - 1))} calls' in answer.text
    finally:
        loop, over = loops[0]
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
    assert not thread.is_alive()
