"""Values from the wire, from records and from the scenario that try to be more than text: they are shown as text.

What they would set is looked for on each page when its test ends: see `conftest.look`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from simcarrier.dashboard.pages import PAGES
from tests.dashboard.kit import Dashed

from .kit import HOSTILE, RICH, calls, settled, sideways, stored
from .watched import MARK, Watched, not_marked


def test_the_mark_would_be_seen(page: Page, dashed: Callable[..., Dashed]) -> None:
    page.goto(dashed(RICH).url)
    page.evaluate(f"window.{MARK} = 1")
    with pytest.raises(AssertionError, match="run as a script"):
        not_marked(page)
    page.evaluate(f"delete window.{MARK}")


def test_on_no_page_is_a_value_more_than_text(page: Page, dashed: Callable[..., Dashed], tmp_path: Path) -> None:
    carrier = dashed(RICH, records=stored(tmp_path / "calls.db", hostile=True))
    calls(carrier, hostile=True)
    paths = [module.PATH for module in PAGES] + ["/calls?stored=1", "/deliverability?about=refused"]
    for path in paths:
        page.goto(carrier.url + path)
        settled(page)
        not_marked(page)
        assert sideways(page) == 0, path
    page.goto(f"{carrier.url}/calls?q=code:486")
    expect(page.get_by_text("<img src=x onerror=window.simcarrierMarked=1>").first).to_be_visible()


def test_the_pages_of_hostile_calls(page: Page, dashed: Callable[..., Dashed], tmp_path: Path) -> None:
    carrier = dashed(RICH, records=stored(tmp_path / "calls.db", hostile=True))
    calls(carrier, hostile=True)
    for start in ("/calls", "/calls?stored=1"):
        page.goto(carrier.url + start)
        links = page.locator("#lines a[href^='/calls/']").evaluate_all("all => all.map(each => each.href)")
        hrefs = list(dict.fromkeys(links))[:12]
        assert hrefs
        for href in hrefs:
            page.goto(href)
            settled(page)
            not_marked(page)
            page.locator("details.message").evaluate_all("all => all.forEach(each => { each.open = true })")
            assert sideways(page) == 0, href


def test_what_is_typed_comes_back_as_text(page: Page, dashed: Callable[..., Dashed], watched: Watched) -> None:
    watched.expects("status of 4[0-9][0-9]")
    carrier = dashed(RICH)
    for value in HOSTILE:
        for path in ("/calls?q=", "/deliverability?range=", "/calls?stored=1&after=", "/login?then=", "/no/such/"):
            page.goto(carrier.url + path + quote(value, safe=""))
            not_marked(page)
    page.goto(f"{carrier.url}/scenario?edit=1")
    text = page.get_by_label("The text of the scenario, in YAML")
    for value in HOSTILE:
        text.fill(f"name: x\n{value}: {value}\n")
        page.get_by_role("button", name="Check").click()
        expect(page.get_by_text("in the text").first).to_be_visible()
        not_marked(page)
        text = page.get_by_label("The text of the scenario, in YAML")
        assert value in text.input_value()
