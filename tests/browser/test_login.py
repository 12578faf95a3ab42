"""The door: a form asks for the token, once for each browser."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.dashboard.kit import Dashed

from .axe import usable
from .watched import Watched

TOKEN = "correct-horse-battery"


def test_the_token_opens_the_page_that_was_asked_for(page: Page, dashed: Callable[..., Dashed]) -> None:
    carrier = dashed(token=TOKEN)
    page.goto(f"{carrier.url}/scenario")
    expect(page).to_have_url(f"{carrier.url}/login?then=%2Fscenario")
    expect(page.get_by_label("Token")).to_be_focused()
    page.keyboard.type(TOKEN)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{carrier.url}/scenario")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_another_token_is_told_and_the_right_one_still_works(
    page: Page, dashed: Callable[..., Dashed], watched: Watched
) -> None:
    watched.expects("status of 403")
    carrier = dashed(token=TOKEN)
    page.goto(carrier.url)
    page.get_by_label("Token").fill("another-token-of-some-length")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("another token")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()


def test_scripts_cannot_read_the_pass(page: Page, dashed: Callable[..., Dashed]) -> None:
    carrier = dashed(token=TOKEN)
    page.goto(carrier.url)
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    assert page.context.cookies()
    assert page.evaluate("document.cookie") == ""


def test_everybody_can_use_the_form(page: Page, dark: Page, dashed: Callable[..., Dashed], watched: Watched) -> None:
    watched.expects("status of 403")
    carrier = dashed(token=TOKEN)
    for each in (page, dark):
        each.goto(carrier.url)
        usable(each)
        each.get_by_label("Token").fill("another-token-of-some-length")
        each.get_by_role("button", name="Log in").click()
        usable(each)
