"""The door for people: the token once, a pass for it, and nothing by that alone that a page of elsewhere could do."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from simcarrier.web.access import PASS
from tests.dashboard.kit import HTML, Dashed

TOKEN = "a-token-of-many-characters"


@pytest.fixture(scope="module")
def carrier() -> Iterator[Dashed]:
    with Dashed(token=TOKEN) as carrier:
        yield carrier


@pytest.fixture
def browser(carrier: Dashed) -> Iterator[httpx.Client]:
    """One that has no pass yet."""
    with httpx.Client(base_url=carrier.url, headers=HTML, trust_env=False) as browser:
        yield browser


def log_in(browser: httpx.Client, token: str = TOKEN, then: str = "/") -> httpx.Response:
    return browser.post("/login", data={"token": token, "then": then}, headers={"origin": str(browser.base_url)})


def test_who_looks_for_a_page_is_sent_to_the_door_and_back(browser: httpx.Client) -> None:
    sent = browser.get("/calls", params={"q": "code:603 from:+1*"})
    assert (sent.status_code, sent.headers["location"].partition("?")[0]) == (303, "/login")
    door = browser.get(sent.headers["location"])
    assert door.status_code == 200
    assert 'name="then" value="/calls?q=code%3A603+from%3A%2B1%2A"' in door.text
    entered = log_in(browser, then="/calls?q=code%3A603+from%3A%2B1%2A")
    assert (entered.status_code, entered.headers["location"]) == (303, "/calls?q=code%3A603+from%3A%2B1%2A")
    assert browser.get("/calls").status_code == 200


def test_the_pass_is_for_us_alone_and_ends_with_the_process(browser: httpx.Client, carrier: Dashed) -> None:
    cookie = log_in(browser).headers["set-cookie"]
    value, *flags = [part.strip() for part in cookie.split(";")]
    assert value.startswith(f"{PASS}=")
    assert {flag.lower() for flag in flags} == {"httponly", "samesite=strict", "path=/"}
    assert TOKEN not in cookie
    with Dashed(token=TOKEN) as another:
        refused = httpx.get(another.url + "/", cookies={PASS: browser.cookies[PASS]}, headers=HTML, trust_env=False)
        assert refused.status_code == 303


def test_a_wrong_token_is_told_and_gives_no_pass(browser: httpx.Client) -> None:
    for token in ("", "another-token-of-many", TOKEN[:-1], "\u00e9" * 20):
        refused = log_in(browser, token)
        assert refused.status_code == 403
        assert "set-cookie" not in refused.headers
        assert 'role="alert"' in refused.text
        assert 'aria-invalid="true"' in refused.text
        assert TOKEN not in refused.text
    assert browser.get("/").status_code == 303
    assert browser.get("/", headers={"cookie": f"{PASS}=guessed"}).status_code == 303


@pytest.mark.parametrize(
    "then",
    ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)", "/\n/x", ""],
)
def test_the_door_leads_inside_only(browser: httpx.Client, then: str) -> None:
    assert log_in(browser, then=then).headers["location"] == "/"
    assert 'name="then" value="/"' in browser.get("/login", params={"then": then}).text


def test_a_form_with_a_pass_must_come_from_our_pages(browser: httpx.Client) -> None:
    log_in(browser)
    form = {"condition": "busy"}
    assert browser.post("/now/lift", data=form).status_code == 403
    assert browser.post("/now/lift", data=form, headers={"origin": "https://elsewhere.example"}).status_code == 403
    assert browser.post("/now/lift", data=form, headers={"origin": "null"}).status_code == 403
    assert browser.post("/now/lift", data=form, headers={"origin": str(browser.base_url)}).status_code == 303


def test_whoever_brings_the_token_itself_needs_no_pass(browser: httpx.Client) -> None:
    bearer = {"authorization": f"Bearer {TOKEN}"}
    assert browser.get("/", headers=bearer).status_code == 200
    assert browser.get("/v1/carrier", headers=bearer).status_code == 200
    assert browser.get("/", headers={"authorization": "Bearer wrong"}).status_code == 401


def test_programs_are_told_and_not_sent_to_a_form(browser: httpx.Client) -> None:
    for path in ("/v1/carrier", "/now/parts"):
        refused = browser.get(path, headers={"accept": "*/*"})
        assert (refused.status_code, refused.json()["type"]) == (401, "urn:simcarrier:problem:no-token")
    assert browser.post("/now/reset", data={"only": "all"}).status_code == 401


def test_what_the_form_looks_like_is_there_before_a_pass(browser: httpx.Client) -> None:
    for path in ("/static/theme.css", "/static/dashboard.css", "/static/icon.svg"):
        assert browser.get(path).status_code == 200
    for path in ("/static/../login.py", "/static/%2e%2e/login.py", "/static/"):
        assert browser.get(path).status_code in (303, 404)


def test_without_a_token_there_is_no_door() -> None:
    with Dashed() as open_to_this_machine:
        assert open_to_this_machine.request("GET", "/").status == 200
        assert open_to_this_machine.request("GET", "/login").status == 404
