"""The page of deliverability: its figures are those of a plain count, its links lead to the calls that it counts."""

from __future__ import annotations

import html
import random
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from simcarrier.dashboard.deliverability.asked import Range
from simcarrier.dashboard.deliverability.chart import thresholds
from simcarrier.dashboard.deliverability.heat import heat
from simcarrier.dashboard.deliverability.sections import shipped
from simcarrier.deliverability.policy import read_policy
from simcarrier.deliverability.queries import DAY, HOUR, MINUTE
from simcarrier.deliverability.rules import read_rules
from simcarrier.stores.sqlite import SqliteStore
from simcarrier.stores.store import Store
from tests.dashboard.kit import HTML, Dashed
from tests.dashboard.stored_kit import (
    AFTER,
    BERLIN,
    HOSTILE,
    UNTIL,
    asked,
    behind,
    kept,
    links,
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


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    found = SqliteStore(file)
    found.open()
    yield found
    found.close()


def check_figures(carrier: Dashed) -> None:
    rows = reference.within(made(), AFTER - 1, UNTIL - 1)
    total = reference.counts(rows)
    text = page(carrier, asked())
    assert f'<strong id="count">{total.attempts} calls</strong>' in text
    assert 'data-refresh="30"' in text
    for name, column in (("callers", "caller"), ("markets", "market"), ("carriers", "terminating_carrier")):
        groups = reference.by(rows, column, 0, NOON)
        wanted = {str(value or ""): reference.counts(of) for value, of in groups.items()}
        head, *found = sheet(carrier, name, asked())
        assert head[1:] == ["calls", "answered", "603", "480", "486", "404/410", "503", "stalls"]
        told = {cells[0]: [int(cell) for cell in cells[1:]] for cells in found}
        assert told == {
            value: [c.attempts, c.answered, c.code_603, c.code_480, c.code_486, c.code_404_410, c.code_503, c.stalls]
            for value, c in wanted.items()
        }
        for value, counts in wanted.items():
            if value and not value.startswith("<"):
                assert f">{html.escape(value)}</th>" in text
                assert f">{counts.attempts}</a>" in text
    codes = {cells[0]: int(cells[1]) for cells in sheet(carrier, "codes", asked())[1:]}
    assert codes == {str(code or "none"): len(of) for code, of in reference.by(rows, "code", 0, NOON).items()}
    for about, takes in (("603", (603,)), ("404/410", (404, 410)), ("refused", (404, 410, 480, 486, 503, 603, 608))):
        _, *found = sheet(carrier, "heat", asked(about=about))
        for caller, calls, hits, *cells in found:
            own = [each for each in rows if (each.caller or "") == caller]
            assert (int(calls), int(hits)) == (len(own), sum(each.code in takes for each in own))
            for hour in range(24):
                at = [each for each in own if datetime.fromtimestamp(each.began // 1000, BERLIN).hour == hour]
                assert [int(cells[2 * hour]), int(cells[2 * hour + 1])] == [
                    len(at),
                    sum(each.code in takes for each in at),
                ]
    hours = {int(cells[0]): int(cells[1]) for cells in sheet(carrier, "hours", asked())[1:]}
    assert hours == {
        hour: count
        for hour in range(24)
        if (count := sum(datetime.fromtimestamp(each.began // 1000, BERLIN).hour == hour for each in rows))
    }


def test_the_figures_are_those_of_a_plain_count(carrier: Dashed) -> None:
    check_figures(carrier)


def test_the_same_on_postgresql(database: str) -> None:
    kept(database, made())
    with Dashed(records=database) as carrier:
        check_figures(carrier)


def test_links_lead_to_the_calls_that_are_counted(carrier: Dashed, store: Store) -> None:
    text = page(carrier, asked())
    tried = 0
    for href, words in links(text):
        said = re.search(r"([0-9,]+) of [0-9,]+ calls$", words) or re.fullmatch(r"(?:the )?([0-9,]+)(?: calls)?", words)
        if said:
            assert behind(store, href) == int(said[1].replace(",", "")), (href, words)
            tried += 1
    assert tried > 30
    # Where the text is a share, the count is in the title.
    shares = re.findall(r'href="(/calls\?[^"]*)" title="([0-9,]+) calls"', text)
    assert len(shares) > 30
    for href, count in shares:
        assert behind(store, html.unescape(href)) == int(count.replace(",", "")), href
    assert any(HOSTILE.replace('"', '""') in parse_qs(urlsplit(href).query)["q"][0] for href, _ in links(text))


def test_a_cell_of_many_days_is_told_day_by_day(carrier: Dashed, store: Store) -> None:
    text = page(carrier, asked())
    ways = re.findall(r'href="(/deliverability\?[^"]*)#behind" title="([0-9]+) of ([0-9]+) calls"', text)
    assert ways
    for href, hits, attempts in ways[:4]:
        day = page(carrier, html.unescape(href).partition("?")[2])
        table = day[day.index('id="behind"') :]
        found = links(table[: table.index("</table>")])
        counts = [int(words) for href, words in found if behind(store, href) == int(words)]
        assert len(counts) == len(found) > 1
        wanted = [(int(hits), int(attempts))]
        assert [(sum(counts) - int(attempts), sum(counts) - int(hits))] == wanted
    name = html.unescape(ways[0][0]).partition("?")[2]
    assert sheet(carrier, "behind", name)[0] == ["from", "calls", "603", "share"]
    sheets = re.findall(r'href="/deliverability/([a-z]+)\.csv\?([^"]*)"', page(carrier, name))
    assert {each for each, _ in sheets} >= {"heat", "behind", "callers", "pacing", "share", "hours"}
    for each, query in sheets:
        sheet(carrier, each, html.unescape(query))


def test_a_link_opens_the_list_of_calls(carrier: Dashed) -> None:
    found = [each for each in links(page(carrier, asked())) if each[1] == "1"]
    for href, _ in found[:3]:
        answer = carrier.request("GET", href, headers=HTML)
        assert answer.status == 200
        assert len(re.findall(r'href="/calls/stored/', str(answer.body))) == 1


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns", "UTC"])
@pytest.mark.parametrize("month", [4, 10, 11])
def test_hours_are_those_of_clocks_that_change(tmp_path: Path, zone: str, month: int) -> None:
    clock = ZoneInfo(zone)
    begin = round(datetime(2026, month, 1, tzinfo=clock).timestamp() * 1000)
    if (month, zone) in ((10, "Europe/Berlin"), (10, "Asia/Kolkata")):
        begin += 23 * DAY
    rng = random.Random(month)
    rows = [row(at, began=begin + rng.randrange(5 * DAY), code=rng.choice([200, 603])) for at in range(800)]
    store = SqliteStore(tmp_path / "calls.db")
    store.open()
    store.add(rows)
    for days, shift in ((5, 0), (1, HOUR), (1, DAY + 7 * MINUTE), (1, 3 * DAY - 1)):
        when = Range(begin + shift, begin + shift + days * DAY, None)
        seen = reference.within(rows, when.after, when.until)
        found = heat(store, when, clock, "603")
        (line,) = found.rows
        assert line.attempts == len(seen)
        if found.of_the_day:
            for hour in range(24):
                at = [each for each in seen if datetime.fromtimestamp(each.began // 1000, clock).hour == hour]
                assert (line.squares[hour].attempts, line.squares[hour].hits) == (
                    len(at),
                    sum(each.code == 603 for each in at),
                )
        else:
            assert sum(square.attempts for square in line.squares.values()) == len(seen)
            assert set(line.squares) <= {column.key for column in found.columns}
        for square in line.squares.values():
            for which, hits, attempts in square.stretches:
                part = reference.within(seen, which.after, which.until)
                assert (attempts, hits) == (len(part), sum(each.code == 603 for each in part))
                assert len({datetime.fromtimestamp(each.began // 1000, clock).hour for each in part}) == 1
    store.close()


def test_a_day_of_25_hours_has_as_many_columns(tmp_path: Path) -> None:
    begin = round(datetime(2026, 10, 25, tzinfo=BERLIN).timestamp() * 1000)
    store = SqliteStore(tmp_path / "calls.db")
    store.open()
    store.add([row(at, began=begin + at * HOUR) for at in range(25)])
    found = heat(store, Range(begin - 1, begin + 25 * HOUR - 1, None), BERLIN, "603")
    assert [column.label for column in found.columns] == [f"{hour:02}" for hour in (0, 1, 2, 2, *range(3, 24))]
    assert [square.attempts for square in found.rows[0].squares.values()] == [1] * 25
    store.close()


def test_thresholds_are_those_of_the_rules_and_the_policy(carrier: Dashed) -> None:
    rules, policy = shipped()
    drawn = ",".join(f"{each.percent:g}:{each.label}" for each in thresholds(rules, policy))
    assert drawn == "5:alert and rest,15:severe and slowed"
    assert f'data-chart="lines" data-unit="%" data-thresholds="{drawn}"' in page(carrier, asked())
    own = read_rules(
        "rules:\n"
        "  - {name: mine, about: 603, above: 3%, severe_above: 12.5%, advice: x}\n"
        "  - {name: other, about: 480, above: 7%, advice: x}\n"
    )
    found = thresholds(own, read_policy("slow: {above: 12.5%}\nrest: {above: 6%}\n"))
    assert [(each.percent, each.label) for each in found] == [(3, "alert"), (6, "rest"), (12.5, "severe and slowed")]


def test_the_chart_is_a_table(carrier: Dashed) -> None:
    text = page(carrier, asked())
    table = text[text.index('<table class="rows" data-chart=') :]
    table = table[: table.index("</table>")]
    head, *found = sheet(carrier, "share", asked())
    heads = [html.unescape(each) for each in re.findall(r'<th scope="col"[^>]*>(.*?)</th>', table)]
    assert heads == [re.sub("^'", "", each) for each in head]
    times = re.findall(r'<time datetime="([^"]*)"', table)
    values = re.findall(r'data-value="([^"]*)"', table)
    assert len(times) == len(found) > 40
    assert values == [cell for _, *cells in found for cell in cells]
    assert any(values)
    rows = [each for each in made() if each.caller == head[1]]
    for at, value, *_ in found:
        moment = round(datetime.fromisoformat(at).timestamp() * 1000)
        behind = [each for each in rows if moment - 4 * HOUR <= each.began < moment]
        wanted = 100 * sum(each.code == 603 for each in behind) / len(behind) if len(behind) >= 40 else None
        assert (float(value) if value else None) == (None if wanted is None else pytest.approx(wanted, abs=0.001))


def test_what_comes_from_a_caller_is_escaped(carrier: Dashed) -> None:
    text = page(carrier, asked())
    assert "<script>alert" not in text
    assert html.escape(HOSTILE, quote=False).replace('"', "&#34;") in text
    names = [cells[0] for cells in sheet(carrier, "callers", asked())[1:]]
    assert HOSTILE in names  # a spreadsheet takes it for text
