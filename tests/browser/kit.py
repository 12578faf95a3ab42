"""A carrier with something of everything to show, calls for it, and what tests of all pages ask of each."""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from simcarrier.stores.sqlite import SqliteStore
from tests.dashboard.kit import Dashed
from tests.stores.rows import row
from tests.testing.dialling import dial

from .watched import MARK

HOSTILE = (
    f"<script>window.{MARK}=1</script>",
    f"<img src=x onerror=window.{MARK}=1>",
    f'"onmouseover=window.{MARK}=1 x="',
    f"</title></textarea></script><svg onload=window.{MARK}=1>",
    f"javascript:window.{MARK}=1",
)
"""Values that try to be more than text."""

RICH = """
name: a carrier with something of everything
carrier:
  listen: "udp:127.0.0.1:0"
  lines: 40
  trunks:
    - {name: north, source: 192.0.2.1, lines: 12}
    - {name: "south <b>", source: 192.0.2.2, calls_per_second: 5}
  tariffs:
    standard: {currency: EUR, rates: [{to: "+*", per_minute: 0.09}]}
  customers:
    - {name: "call centre <script>", source: 127.0.0.1, balance: 12.50 EUR, tariff: standard}
    - {name: office, user: office, password: a-secret-of-the-scenario, registration: required}
  weather:
    - {name: storm, what: outage, on: false}
    - {name: heavy traffic, what: congestion, to: +49*, on: false}
calls:
  - {name: refused, to: +49*, respond: 403}
  - {name: hostile, to: +40*, respond: {code: 486, phrase: "<img src=x onerror=window.simcarrierMarked=1>"}}
  - {name: blocked, to: +41*, respond: 608}
  - {name: answered, to: +43*, outcome: answered}
expect:
  - {calls: {rule: refused}, at_least: 2}
"""


def calls(carrier: Dashed, hostile: bool = False) -> None:
    """A few calls with several endings; with hostile values where a caller can put some."""
    for to in ("+4989123", "+4989124", "+40211", "+41441", "+43123"):
        carrier.dial(to)
    if hostile:
        for number, value in enumerate(HOSTILE):
            user = "".join(each if each.isalnum() else f"%{ord(each):02X}" for each in value)
            quoted = value.replace('"', '\\"')
            headers = f'P-Asserted-Identity: "{quoted}" <sip:{user}@x>\r\nSubject: {value}\r\nUser-Agent: {value}'
            dial(carrier.sip, "+4989125", user, headers, call_id=f"{number}-{user}")
            dial(carrier.sip, user, "+4930", call_id=f"{number}-{value.replace(' ', '')}")
        carrier.settle()


def stored(path: Path, hostile: bool = False) -> Path:
    """A SQLite file with calls of the last eight hours: more and more 603 for some callers, other codes, answers."""
    made = []
    until = int(time.time() * 1000)
    for number in range(1200):
        began = until - (1200 - number) * 24_000
        code = 603 if number % 6 == 0 and number > 600 else 486 if number % 9 == 0 else 503 if number % 50 == 0 else 200
        outcome = "answered" if code == 200 else "refused"
        phrase = {603: "Decline", 486: "Busy Here", 503: "Service Unavailable", 200: "OK"}[code]
        market = "DE" if number % 3 else "AT"
        more = {"code": code, "outcome": outcome, "phrase": phrase, "market": market, "trunk": f"trunk {number % 2}"}
        more["caller"] = f"+4930123{number % 4:03}"
        if hostile and number % 40 == 0:
            value = HOSTILE[number // 40 % len(HOSTILE)]
            more |= {"caller": value, "phrase": value, "trunk": value, "market": value}
        made.append(row(number, began, **more))
    store = SqliteStore(path)
    store.open()
    try:
        store.add(made)
    finally:
        store.close()
    return path


def sideways(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    over: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return over


def tabbed(page: Page, wanted: Locator, most: int = 60) -> bool:
    """Whether Tab comes to an element, from where the focus is."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return True
    return False


def settled(page: Page) -> None:
    """Wait until scripts have run, fonts are there, and nothing is being counted any more."""
    page.wait_for_load_state("load")
    page.evaluate("document.fonts.ready")
    expect(page.get_by_text("Being counted")).to_have_count(0)
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
