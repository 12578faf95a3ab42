"""Every page, with something of everything on it and with nothing: readable by everybody, on a desk and on a phone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from simcarrier.dashboard import alone
from simcarrier.dashboard.pages import PAGES
from simcarrier.stores.address import StoreAddress
from tests.dashboard.kit import Dashed
from tests.web.kit import LOCAL, PATIENCE

from .axe import usable
from .conftest import Look
from .kit import RICH, calls, settled, sideways, stored, tabbed

PATHS = [page.PATH for page in PAGES]
EVERY_LOOK = [
    pytest.param(dark, phone, id=f"{'dark' if dark else 'light'}-{'390' if phone else '1280'}")
    for phone in (False, True)
    for dark in (False, True)
]


def name_of(path: str) -> str:
    return path.strip("/").replace("/", "-") or "now"


@contextmanager
def shelf(records: Path) -> Iterator[str]:
    """The pages over stored records, without a carrier."""
    ready: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        await alone.serve(
            LOCAL, None, StoreAddress.parse(str(records)), lambda url: ready.set_result((url, loop, over)), over
        )

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="pages alone", daemon=True)
    thread.start()
    url, loop, over = ready.result(PATIENCE)
    try:
        yield url
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.mark.parametrize(("dark", "phone"), EVERY_LOOK)
def test_with_something_of_everything(
    dark: bool,
    phone: bool,
    look: Look,
    dashed: Callable[..., Dashed],
    screenshot: Callable[[Page, str], Path],
    tmp_path: Path,
) -> None:
    carrier = dashed(RICH, records=stored(tmp_path / "calls.db"))
    calls(carrier)
    page = look(dark=dark, phone=phone)
    for path in PATHS:
        page.goto(carrier.url + path)
        settled(page)
        screenshot(page, f"{name_of(path)}-{'dark' if dark else 'light'}-{'390' if phone else '1280'}")
        assert sideways(page) == 0, path
        if not (dark and phone):  # has the colours of one and the layout of the other
            usable(page)


@pytest.mark.parametrize("phone", [False, True], ids=["1280", "390"])
def test_with_nothing(
    phone: bool, look: Look, dashed: Callable[..., Dashed], screenshot: Callable[[Page, str], Path]
) -> None:
    carrier = dashed("{name: nothing yet, carrier: {listen: 'udp:127.0.0.1:0'}, calls: [{outcome: answered}]}")
    page = look(phone=phone)
    for path in PATHS:
        page.goto(carrier.url + path)
        settled(page)
        screenshot(page, f"{name_of(path)}-empty-{'390' if phone else '1280'}")
        assert sideways(page) == 0, path
        usable(page)


def test_over_records_without_a_carrier(look: Look, screenshot: Callable[[Page, str], Path], tmp_path: Path) -> None:
    page = look()
    with shelf(stored(tmp_path / "calls.db")) as url:
        for path in PATHS:
            page.goto(url + path)
            settled(page)
            screenshot(page, f"{name_of(path)}-alone-1280")
            assert sideways(page) == 0, path
            if path != "/deliverability":  # it is the same with a carrier
                usable(page)
        page.goto("about:blank")


def test_the_ways_are_reached_by_keyboard_and_say_where_one_is(page: Page, dashed: Callable[..., Dashed]) -> None:
    carrier = dashed(RICH)
    page.goto(carrier.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    for module in PAGES:
        page.goto(carrier.url)
        way = page.get_by_role("navigation", name="Pages").get_by_role("link", name=module.NAME, exact=True)
        assert tabbed(page, way)
        page.keyboard.press("Enter")
        expect(page).to_have_url(carrier.url + module.PATH)
        expect(way).to_have_attribute("aria-current", "page")
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
