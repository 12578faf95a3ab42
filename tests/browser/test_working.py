"""What people do with the pages: see calls come, find one, read its ladder, switch a fault on, change the scenario."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.dashboard.kit import Dashed

from .axe import usable
from .conftest import Look
from .kit import RICH, calls, settled, sideways, stored, tabbed
from .watched import Watched

SOON = 1_000
"""Milliseconds within which a page shows what has happened."""


def rows(page: Page) -> Locator:
    return page.get_by_role("region", name="Calls", exact=True).get_by_role("row").filter(has=page.locator("td"))


def test_calls_are_on_the_page_within_a_second(page: Page, dashed: Callable[..., Dashed]) -> None:
    carrier = dashed(RICH)
    page.goto(f"{carrier.url}/calls")
    expect(page.get_by_text("No call")).to_be_visible()
    with page.expect_response(lambda response: "event-stream" in response.headers.get("content-type", "")):
        page.reload()
    for number, to in enumerate(("+4989777", "+41441777", "+43777"), start=1):
        carrier.dial(to)
        expect(page.get_by_role("cell", name=to, exact=True)).to_be_visible(timeout=SOON)
        expect(rows(page)).to_have_count(number)
    expect(rows(page).first).to_contain_text("+43777")


def test_a_filter_shows_those_calls_and_says_what_it_does_not_understand(
    page: Page, dashed: Callable[..., Dashed], watched: Watched
) -> None:
    carrier = dashed(RICH)
    calls(carrier)
    page.goto(f"{carrier.url}/calls")
    expect(rows(page)).to_have_count(5)
    field = page.get_by_role("searchbox", name="Filter")
    assert tabbed(page, field)
    page.keyboard.type("code:403")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(2)
    carrier.dial("+4989778")
    carrier.dial("+43778")
    expect(page.get_by_role("cell", name="+4989778", exact=True)).to_be_visible(timeout=SOON)
    expect(rows(page)).to_have_count(3)
    watched.expects("status of 4[0-9][0-9]")
    field.fill("cod:403")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("cod")
    usable(page)


@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, False), (False, True)])
def test_a_call_has_its_ladder_and_its_messages(
    dark: bool, phone: bool, look: Look, dashed: Callable[..., Dashed], screenshot: Callable[[Page, str], Path]
) -> None:
    carrier = dashed(RICH)
    calls(carrier)
    page = look(dark=dark, phone=phone)
    page.goto(f"{carrier.url}/calls?q=code:486")
    rows(page).get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("+40211")
    ladder = page.get_by_role("region", name="Ladder")
    expect(ladder).to_contain_text("486")
    screenshot(page, f"call-{'dark' if dark else 'light'}-{'390' if phone else '1280'}")
    assert sideways(page) == 0
    ladder.get_by_role("link").first.click()
    expect(page.locator("details.message[open] pre")).to_contain_text("INVITE sip:+40211@")
    usable(page)


def test_an_outage_is_switched_on_by_keyboard_and_the_next_call_fails(
    page: Page, dashed: Callable[..., Dashed]
) -> None:
    carrier = dashed(RICH)
    page.goto(carrier.url)
    assert carrier.dial("+43123")[-1] == 200
    on = page.get_by_role("button", name=re.compile("^On ?: storm$"))
    assert tabbed(page, on)
    page.keyboard.press("Enter")
    expect(on).to_have_attribute("aria-pressed", "true", timeout=SOON)
    expect(page.locator("#skies")).to_contain_text("holds now")
    expect(on).to_be_focused()
    assert carrier.dial("+43124")[-1] >= 500
    page.get_by_role("button", name=re.compile("^By itself ?: storm$")).click()
    expect(on).to_have_attribute("aria-pressed", "false", timeout=SOON)
    assert carrier.dial("+43125")[-1] == 200
    expect(page.locator("#calls-ended")).to_have_text("3", timeout=SOON)


def test_a_mistake_in_the_scenario_is_shown_with_its_line_and_nothing_changes(
    page: Page, dashed: Callable[..., Dashed], watched: Watched, screenshot: Callable[[Page, str], Path]
) -> None:
    watched.expects("status of 4[0-9][0-9]")
    carrier = dashed(RICH)
    page.goto(f"{carrier.url}/scenario")
    page.get_by_role("link", name="Edit the text").click()
    text = page.get_by_label("The text of the scenario, in YAML")
    right = text.input_value()
    wrong = right.replace("respond: 608", "respnd: 608")
    line = 1 + wrong[: wrong.index("respnd")].count("\n")
    text.fill(wrong)
    link = page.get_by_role("link", name=f"line {line}, column").last
    expect(link).to_be_visible()  # while it is typed
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was applied")
    screenshot(page, "scenario-fault-1280")
    usable(page)
    page.get_by_role("link", name=f"line {line}, column").last.click()
    assert text.evaluate("area => area.value.slice(area.selectionStart).startsWith('respnd')")
    assert carrier.dial("+41441")[-1] == 608


def test_what_is_typed_before_the_page_has_its_script_is_checked_too(
    page: Page, dashed: Callable[..., Dashed], watched: Watched
) -> None:
    watched.expects("status of 4[0-9][0-9]")
    carrier = dashed(RICH)
    late: list[Route] = []
    page.route("**/scenario.js*", lambda route: late.append(route))
    with page.expect_request("**/scenario.js*"):
        page.goto(f"{carrier.url}/scenario?edit=1", wait_until="commit")
    text = page.get_by_label("The text of the scenario, in YAML")
    text.fill(text.input_value().replace("respond: 608", "respnd: 608"))
    late.pop().continue_()
    expect(page.get_by_role("link", name=re.compile("line [0-9]+, column")).last).to_be_visible()


def test_a_rule_is_changed_and_the_next_call_meets_it(page: Page, dashed: Callable[..., Dashed]) -> None:
    carrier = dashed(RICH)
    page.goto(f"{carrier.url}/scenario?edit=1")
    text = page.get_by_label("The text of the scenario, in YAML")
    text.fill(text.input_value().replace("respond: 608", "respond: 607"))
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("status").filter(has_text="in force")).to_be_visible()
    assert carrier.dial("+41441")[-1] == 607
    expect(page.locator("#hits-2")).to_have_text("1", timeout=SOON)


@pytest.mark.usefixtures("charts")
def test_deliverability_has_a_chart_and_a_map_that_lead_to_the_calls(
    page: Page, dashed: Callable[..., Dashed], tmp_path: Path
) -> None:
    carrier = dashed(RICH, records=stored(tmp_path / "calls.db"))
    page.goto(f"{carrier.url}/deliverability")
    settled(page)
    expect(page.get_by_role("img", name="chart of the table below it")).to_be_visible()
    expect(page.locator("#share-chart .u-legend")).to_contain_text("+4930123000")
    square = page.get_by_role("region", name="Shares by caller and hour").locator("td.c6 a").first
    expect(square).to_be_visible()
    square.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Calls")
    expect(rows(page).first).to_contain_text("603")
