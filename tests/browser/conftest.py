"""Carriers with their pages, and a browser that looks at them; see `watched` for what fails a test by itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from hatch_build import VENDOR, whole
from tests.dashboard.kit import Dashed

from .chromium import chromium
from .watched import Watched, not_marked

DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 800}

Look = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for the tests of a module."""
    with chromium() as opened:
        yield opened


@pytest.fixture
def dashed() -> Iterator[Callable[..., Dashed]]:
    """Starts carriers with their pages: takes what `Dashed` takes. They end with the test, after its pages."""
    with ExitStack() as started:

        def start(*arguments: Any, **options: Any) -> Dashed:
            return started.enter_context(Dashed(*arguments, **options))

        yield start


@pytest.fixture
def watched() -> Watched:
    """What the browser complains of in this test."""
    return Watched()


@pytest.fixture
def look(browser: Browser, dashed: Callable[..., Dashed], watched: Watched) -> Iterator[Look]:
    """Opens pages, each in a context of its own: ``look(dark=True, phone=True)``. They are watched.

    It asks for `dashed` only to be over before the carriers are.
    """
    opened: list[Page] = []

    def new(*, dark: bool = False, phone: bool = False, **options: Any) -> Page:
        context = browser.new_context(
            viewport=PHONE if phone else DESK,
            color_scheme="dark" if dark else "light",
            locale="en-GB",
            timezone_id="Europe/Berlin",
            **options,
        )
        context.set_default_timeout(10_000)
        page = context.new_page()
        watched.follow(page)
        opened.append(page)
        return page

    yield new
    for page in opened:
        if page.url.startswith("http"):
            not_marked(page)
        page.context.close()
    assert not watched.unexpected(), "\n".join(watched.unexpected())


@pytest.fixture
def page(look: Look) -> Page:
    """A page on a desk, in light colours."""
    return look()


@pytest.fixture
def dark(look: Look) -> Page:
    """A page on a desk, in dark colours."""
    return look(dark=True)


@pytest.fixture
def phone(look: Look) -> Page:
    """A page on a phone, in light colours."""
    return look(phone=True)


@pytest.fixture
def screenshot(tmp_path: Path) -> Callable[[Page, str], Path]:
    """Keeps a picture of a whole page, in the folder that SIMCARRIER_ARTEFACTS names."""
    folder = Path(os.environ.get("SIMCARRIER_ARTEFACTS") or tmp_path)

    def take(page: Page, name: str) -> Path:
        path = folder / f"{name}.png"
        page.screenshot(path=path, full_page=True, animations="disabled")
        return path

    return take


@pytest.fixture
def charts() -> None:
    """The library of the charts is there; without it the test is skipped, or fails where CI is set."""
    if not whole(Path(__file__).parents[2] / VENDOR):
        if os.environ.get("CI"):
            pytest.fail("the library of the charts is not there: see hatch_build.py")
        pytest.skip("the library of the charts is not there: see hatch_build.py")
