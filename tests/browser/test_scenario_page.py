"""The scenario page in a browser: what its script adds, and that nothing needs it."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.dashboard.kit import Dashed

from .conftest import Look
from .watched import Watched

TEXT = """\
name: in a browser
carrier:
  listen: "udp:127.0.0.1:0"
calls:
  - {name: refused, to: +49*, respond: 403}
  - {name: "</textarea><script>window.simcarrierMarked=1</script>", to: +43*, respond: 486}
"""

REFUSED = r"status of 4(09|22)"
"""The browser notes it on its console if a page comes with such a status."""


def typed(page: Page, was: str, becomes: str) -> None:
    page.fill("#text", page.input_value("#text").replace(was, becomes))


def test_faults_come_while_typing_and_lead_to_their_line(page: Page, dashed: Callable[..., Dashed]) -> None:
    page.goto(dashed(TEXT).url + "/scenario?edit=1")
    assert page.input_value("#text") == TEXT
    typed(page, "to: +49*, respond", "to: +49*, respnd")
    page.click(".faults li:nth-child(2) a")
    chosen = "document.activeElement.value.slice(document.activeElement.selectionStart)"
    assert str(page.evaluate(chosen)).startswith("respnd: 403}")
    typed(page, "respnd: 403", "respond: 480")
    expect(page.locator("#findings")).to_contain_text("changed rule refused")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".told")).to_contain_text("in force from the next call on")
    expect(page.locator(".source")).to_contain_text("respond: 480")


def test_the_numbers_move_without_loading_the_page(page: Page, dashed: Callable[..., Dashed]) -> None:
    carrier = dashed(TEXT)
    page.goto(carrier.url + "/scenario")
    refused = page.locator("tr", has_text="refused")
    expect(refused).to_contain_text("never used")
    carrier.dial("+4989")
    expect(refused.get_by_role("link")).to_have_text("1")
    carrier.client.add_rules({"name": "mine", "to": "+7*", "respond": 486})
    expect(page.locator("tr", has_text="mine")).to_contain_text("added")
    expect(refused.get_by_role("link")).to_have_text("1")


def test_all_of_it_works_without_scripts(look: Look, dashed: Callable[..., Dashed], watched: Watched) -> None:
    watched.expects(REFUSED)
    carrier = dashed(TEXT)
    page = look(java_script_enabled=False, phone=True)
    page.goto(carrier.url + "/scenario")
    page.get_by_role("link", name="Edit the text").click()
    typed(page, "to: +49*, respond", "to: +49*, respnd")
    page.get_by_role("button", name="Check").click()
    expect(page.locator(".faults")).to_contain_text("line 5, column 31")
    typed(page, "respnd: 403", "respond: 480")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".told")).to_contain_text("in force from the next call on")
    assert carrier.dial("+4989") == [480]
