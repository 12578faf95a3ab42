"""Charts are drawn of tables, with the library that the package brings, under the policy that all pages have."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from simcarrier.dashboard.templating import HEADERS, render
from tests.dashboard.kit import Dashed

from .axe import usable

pytestmark = pytest.mark.usefixtures("charts")

BEGIN = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def table(values: dict[str, list[float | None]], name: str = "Refused by <analytics>", marks: str = "5:alert") -> str:
    """A figure as pages have it; a row for every hour."""

    def cell(value: float | None) -> str:
        return '<td data-value=""></td>' if value is None else f'<td data-value="{value}">{value} %</td>'

    rows = ""
    for hour in range(len(next(iter(values.values())))):
        at = (BEGIN + timedelta(hours=hour)).isoformat()
        cells = "".join(cell(column[hour]) for column in values.values())
        rows += f'<tr><th scope="row"><time datetime="{at}">{at}</time></th>{cells}</tr>'
    heads = "".join(f'<th scope="col">{each}</th>' for each in values)
    return (
        f'<figure class="chart"><figcaption>{name.replace("<", "&lt;")}</figcaption>'
        f'<table data-chart="lines" data-unit="%" data-thresholds="{marks}">'
        f'<thead><tr><th scope="col">Time</th>{heads}</tr></thead><tbody>{rows}</tbody></table></figure>'
    )


@pytest.fixture
def shown(dashed: Callable[..., Dashed]) -> Callable[[Page, str], None]:
    """Shows HTML as the content of a page of ours: same scripts, same policy."""
    carrier = dashed()

    def show(page: Page, html: str) -> None:
        body = (
            '<!doctype html><html lang="en"><head><title>Charts</title><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<link rel="stylesheet" href="/static/theme.css"><link rel="stylesheet" href="/static/dashboard.css">'
            + render("charts.html", {"charts": True})
            + f'</head><body><main><h1>Charts</h1><div id="part" data-part>{html}</div></main></body></html>'
        )

        def fulfil(route: Route) -> None:
            route.fulfill(body=body, content_type="text/html; charset=utf-8", headers=dict(HEADERS))

        page.route("**/drawn", fulfil)
        page.goto(f"{carrier.url}/drawn")

    return show


def painted(page: Page, name: str) -> int:
    """So many pixels of the chart have the colour of a variable of our style sheets."""
    count: int = page.evaluate(
        """name => {
          const canvas = document.querySelector(".drawing canvas");
          const { width, height } = canvas;
          const copy = Object.assign(document.createElement("canvas"), { width, height });
          const probe = copy.getContext("2d", { willReadFrequently: true });
          probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
          probe.fillRect(0, 0, 1, 1);
          const [red, green, blue] = probe.getImageData(0, 0, 1, 1).data;
          probe.clearRect(0, 0, 1, 1);
          probe.drawImage(canvas, 0, 0);
          const { data } = probe.getImageData(0, 0, width, height);
          let found = 0;
          for (let at = 0; at < data.length; at += 4)
            if (data[at] === red && data[at + 1] === green && data[at + 2] === blue && data[at + 3] > 200) found++;
          return found;
        }""",
        name,
    )
    return count


TWO: dict[str, list[float | None]] = {"608": [1.0, 4.0, None, 12.5, 9.0, 3.0], "603": [2.0, 2.5, 2.0, 1.0, 0.0, 0.5]}


def test_lines_and_thresholds_are_drawn_and_the_numbers_stay(
    page: Page, shown: Callable[[Page, str], None], screenshot: Callable[[Page, str], Path]
) -> None:
    shown(page, table(TWO, marks="5:alert,15:slowed"))
    expect(page.get_by_role("img", name="Refused by <analytics>: a chart of the table below it")).to_be_visible()
    assert painted(page, "--line-1") > 200
    assert painted(page, "--line-2") > 200
    assert painted(page, "--line-3") == 0
    assert painted(page, "--refusal") > 100
    expect(page.locator(".u-legend")).to_contain_text("608")
    expect(page.get_by_role("table")).to_be_hidden()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("table[data-chart]")).to_be_visible()
    screenshot(page, "charts-light")


def test_colours_follow_the_scheme(
    page: Page, shown: Callable[[Page, str], None], screenshot: Callable[[Page, str], Path]
) -> None:
    shown(page, table(TWO))
    light = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--line-1')")
    page.emulate_media(color_scheme="dark")
    expect(page.locator("canvas")).to_have_count(1)
    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--line-1')") != light
    assert painted(page, "--line-1") > 200
    screenshot(page, "charts-dark")


def test_a_chart_is_as_wide_as_its_figure(page: Page, shown: Callable[[Page, str], None]) -> None:
    shown(page, table(TWO))
    wide = page.locator(".uplot").evaluate("element => element.getBoundingClientRect().width")
    page.set_viewport_size({"width": 390, "height": 800})
    expect(page.locator(".uplot")).to_have_css("width", "361px")
    assert wide > 1000
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert painted(page, "--line-1") > 100


def test_a_part_that_comes_anew_is_drawn_anew_and_its_numbers_stay_open(
    page: Page, shown: Callable[[Page, str], None]
) -> None:
    shown(page, table(TWO))
    page.add_script_tag(url="/static/parts.js")
    page.get_by_text("The numbers").click()
    page.evaluate(
        "html => put(document.getElementById('part'), html)", table({"607": [1.0, 2.0, 3.0]}, "Refused by <analytics>")
    )
    expect(page.locator(".u-legend")).to_contain_text("607")
    expect(page.locator("canvas")).to_have_count(1)
    expect(page.locator("table[data-chart]")).to_be_visible()
    expect(page.get_by_text("The numbers")).to_be_focused()


def test_one_point_or_none_stays_a_table(page: Page, shown: Callable[[Page, str], None]) -> None:
    shown(page, table({"608": [1.0]}))
    expect(page.get_by_role("table")).to_be_visible()
    expect(page.locator("canvas")).to_have_count(0)


def test_without_the_library_the_table_is_what_there_is(page: Page, shown: Callable[[Page, str], None]) -> None:
    page.route("**/uPlot.iife.min.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    shown(page, table(TWO))
    expect(page.get_by_role("table")).to_be_visible()
    expect(page.locator(".drawing")).to_have_count(0)


def test_everybody_can_use_a_chart(page: Page, dark: Page, shown: Callable[[Page, str], None]) -> None:
    for each in (page, dark):
        shown(each, table(TWO, marks="5:alert,15:slowed"))
        expect(each.locator("canvas")).to_have_count(1)
        each.get_by_text("The numbers").click()
        usable(each)
