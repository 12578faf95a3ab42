"""The pages of stored calls: linked to each other and to live calls, honest about a search that gave up, and safe."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from starlette.applications import Starlette

from simcarrier.dashboard.book import Book
from simcarrier.dashboard.calls import stored as stored_calls
from simcarrier.dashboard.calls.stored import MOST_ROWS
from simcarrier.dashboard.site import Site
from simcarrier.dashboard.sources import Sources
from simcarrier.stores.address import StoreAddress
from simcarrier.stores.sqlite import SqliteStore
from tests.dashboard.kit import HTML, Dashed
from tests.dashboard.test_stored_calls import ROWS
from tests.stores.rows import NOON, row

HOSTILE = row(
    10_000, caller="<script>alert(1)</script>", phrase="<img src=x>\x1b[2J", trunk="<b>", run="'\"", call_id="a\"b' c",
    began=NOON + 10**6,
)  # fmt: skip


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("calls") / "calls.db"
    store = SqliteStore(path)
    store.open()
    store.add([*ROWS, HOSTILE])
    store.close()
    return path


@pytest.fixture(scope="module")
def carrier(records: Path) -> Iterator[Dashed]:
    with Dashed(records=records) as made:
        yield made


def page(carrier: Dashed, path: str, status: int = 200) -> str:
    answer = carrier.request("GET", path, headers=HTML)
    assert answer.status == status, answer.body
    return str(answer.body)


def links(text: str) -> dict[str, str]:
    """The links of a page by their words."""
    return {words: html.unescape(href) for href, words in re.findall(r'<a[^>]* href="([^"]*)"[^>]*>([^<]+)</a>', text)}


def called(text: str) -> list[str]:
    return re.findall(r"<td>(\+49[^<]*)</td>\n<td><span", text)


def test_pages_are_linked_to_each_other(carrier: Dashed) -> None:
    first = page(carrier, "/calls?stored=1&q=from%3A%2B1415*")
    expected = [each.called for each in ROWS if each.caller != "+4930777"]
    assert called(first) == expected[:MOST_ROWS]
    assert 'data-refresh="5"' in first
    assert "Newer calls" not in first
    second = page(carrier, links(first)["Older calls"])
    assert called(second) == expected[MOST_ROWS : 2 * MOST_ROWS]
    assert "data-refresh" not in second
    third = page(carrier, links(second)["Older calls"])
    assert called(page(carrier, links(third)["Newer calls"])) == called(second)
    assert called(page(carrier, links(third)["Newest"])) == called(first)


def test_both_lists_are_linked(carrier: Dashed) -> None:
    live = page(carrier, "/calls?q=code%3A603")
    assert links(live)["stored"] == "/calls?q=code%3A603&stored=1"
    stored = page(carrier, "/calls?stored=1&q=code%3A603")
    assert links(stored)["of this run"] == "/calls?q=code%3A603"
    assert "data-live" not in stored


def test_a_word_that_only_the_other_list_knows_leads_there(carrier: Dashed) -> None:
    text = page(carrier, "/calls?q=market%3AUS", 400)
    assert len(called(page(carrier, links(text)["Search the stored calls"]))) == MOST_ROWS
    text = page(carrier, "/calls?stored=1&q=rule%3Ax", 400)
    assert links(text)["Search the calls of this run"] == "/calls?q=rule%3Ax"
    assert "Search the" not in page(carrier, "/calls?stored=1&q=colour%3Ared", 400)


def test_a_search_that_gives_up_says_how_far_it_has_come(carrier: Dashed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_calls, "SLICE", 20)
    monkeypatch.setattr(stored_calls, "LARGEST_SLICE", 20)
    monkeypatch.setattr(stored_calls, "PATIENCE", 0.0)
    text = page(carrier, "/calls?stored=1&q=to%3A%2B490003")
    assert 'id="reached"' in text
    assert "and found nothing" in text
    assert "data-refresh" not in text
    for _ in range(60):
        if called(text):
            break
        text = page(carrier, links(text)["Go on from there"])
    assert called(text) == ["+490003"]


def test_a_range_of_time_in_a_link(carrier: Dashed) -> None:
    text = page(carrier, f"/calls?stored=1&q=&after={NOON + 500}&until={NOON + 550}")
    assert called(text) == [each.called for each in ROWS if each.began == NOON + 550]
    assert "2026-11-23 12:00:00.500 UTC" in text
    assert f'name="after" value="{NOON + 500}"' in text
    assert "milliseconds since 1970" in page(carrier, "/calls?stored=1&after=x%3Cscript%3E", 400)
    assert "milliseconds since 1970" in page(carrier, "/calls?stored=1&older=x", 400)
    assert "No stored call matches." in page(carrier, "/calls?stored=1&after=999999999999999")


def test_a_stored_call_is_told_with_its_columns_and_a_diagnosis(carrier: Dashed) -> None:
    text = page(carrier, f"/calls/stored/{ROWS[0].uid}")
    for told in (ROWS[0].uid, "post dial delay", "0.100 s", "What a dialler would make of it", "advice"):
        assert told in text
    other = links(text)["calls from this number"]
    assert f"/calls/stored/{ROWS[0].uid}" in page(carrier, other)
    for uid in ("nobody", "%00", quote("' OR 1=1 --", safe="")):
        assert "there is no such call in the records" in page(carrier, f"/calls/stored/{uid}", 404)


def test_hostile_values_are_text(carrier: Dashed) -> None:
    for path in ("/calls?stored=1", f"/calls/stored/{HOSTILE.uid}", "/calls?stored=1&q=from%3A*alert*"):
        text = page(carrier, path)
        assert "&lt;script&gt;alert(1)" in text
        assert not re.search(r"<script>|<img|<b>|\x1b", text)


def test_a_live_call_leads_to_its_row(carrier: Dashed) -> None:
    carrier.dial("+4989111")
    number = carrier.client.carrier()["calls"]["last"]
    href = links(page(carrier, f"/calls/{number}"))["this call as it is stored"]
    assert "call_id%3A%22" in href
    assert "No stored call matches." in page(carrier, href)  # this carrier stores none


def test_a_book_alone_shows_its_calls(records: Path, tmp_path: Path) -> None:
    async def ask(path: Path, *pages: str) -> list[httpx.Response]:
        book = Book(StoreAddress.parse(str(path)))
        application = Starlette(routes=Site(Sources(book=book)).routes())
        transport = httpx.ASGITransport(application)
        try:
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=HTML) as client:
                return [await client.get(each) for each in pages]
        finally:
            await book.close()

    bare, live, parts = asyncio.run(ask(records, "/calls", "/calls/1", "/calls/parts"))
    assert bare.status_code == 200
    assert called(bare.text) == [each.called for each in (HOSTILE, *ROWS[: MOST_ROWS - 1])]
    assert "of this run" not in bare.text
    assert (live.status_code, parts.status_code) == (404, 404)
    assert "no carrier runs here" in live.text
    (empty,) = asyncio.run(ask(tmp_path / "empty.db", "/calls"))
    assert "No calls are stored yet" in empty.text
