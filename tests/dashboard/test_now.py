"""Now: figures that move, and switches that hold from the next call on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html.parser import HTMLParser

import httpx
import pytest

from simcarrier.conditions import Condition
from simcarrier.dashboard.now import standing
from simcarrier.dashboard.pages.now import PARTS
from simcarrier.dashboard.running import Running
from simcarrier.verdict.outcome import Outcome
from tests.dashboard.kit import HTML, Dashed

HOSTILE = "<script>alert(1)</script>"

SCENARIO = f"""
name: now
parameters: {{refusal: "486"}}
carrier:
  listen: "udp:127.0.0.1:0"
  lines: 30
  trunks:
    - {{name: "gate {HOSTILE}", lines: 10, calls_per_second: 100, burst: 200, taken: [{{lines: 4}}]}}
  tariffs:
    flat: {{currency: EUR, rates: [{{to: "*", per_minute: 6.00, interval: 1s}}]}}
  customers:
    - {{name: "prepaid {HOSTILE}", source: 127.0.0.0/8, tariff: flat, balance: 20.00 EUR}}
    - name: registered
      user: bob
      password: a password
      tariff: flat
      registration: {{required: true, starts: active, max_expires: 1h}}
    - {{name: lapsed, user: eve, password: another password, registration: {{required: true}}}}
  weather:
    - {{name: "storm {HOSTILE}", what: outage, on: false}}
    - {{name: rush, what: congestion, to: +41*, share: 40%, when: 1h..2h, retry_after: 30s}}
    - {{name: detour, what: slow, post_dial_delay: 4s, when: 1h..2h}}
ladders:
  ringing: [trying, ringing, silence]
calls:
  - {{name: refused, to: +49*, respond: 403}}
  - {{name: blocked, to: +1*, respond: 603}}
  - {{name: rings, to: +43*, ladder: ringing}}
"""

POSTS = {
    "/now/weather": {"name": "rush", "switch": "on"},
    "/now/force": {"condition": "busy"},
    "/now/lift": {"condition": "busy"},
    "/now/reset": {"only": "all"},
}


@pytest.fixture
def carrier() -> Iterator[Dashed]:
    with Dashed(SCENARIO) as carrier:
        yield carrier


def post(carrier: Dashed, path: str, form: Mapping[str, str], **headers: str) -> httpx.Response:
    return httpx.post(carrier.url + path, data=dict(form), headers={**HTML, **headers}, trust_env=False)


class Inside(HTMLParser):
    """The text of the element with an id, or of all."""

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self._name = name
        self._open: list[bool] = [not name]
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "input", "br", "rect", "path"):
            self._open.append(self._open[-1] or dict(attrs).get("id") == self._name)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("rect", "path"):
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open[-1]:
            self.words += data.split()


def text_of(html: str, name: str = "") -> str:
    reader = Inside(name)
    reader.feed(html)
    reader.close()
    return " ".join(reader.words)


def part(carrier: Dashed, name: str) -> str:
    """A part of the page, as text."""
    page = carrier.request("GET", "/", headers=HTML).body
    assert f'id="{name}" data-part' in page
    return text_of(page, name)


@contextmanager
def live(carrier: Dashed) -> Iterator[Iterator[dict[str, str]]]:
    """What the stream sends."""

    def parts(response: httpx.Response) -> Iterator[dict[str, str]]:
        for line in response.iter_lines():
            if line.startswith("data: {"):
                yield {name: text_of(html) for name, html in json.loads(line.removeprefix("data: ")).items()}

    with httpx.stream("GET", f"{carrier.url}/now/parts", trust_env=False, timeout=10) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        yield parts(response)


def test_figures_after_calls(carrier: Dashed) -> None:
    assert part(carrier, "figures") == "calls per second 0.0 calls up 0 calls ended 0"
    assert part(carrier, "codes").startswith("No call has ended.")
    for number in ("+491", "+492", "+12"):
        carrier.dial(number)
    assert re.fullmatch(r"calls per second \d\.\d calls up 0 calls ended 3", part(carrier, "figures"))
    assert part(carrier, "codes").endswith("Code Phrase Calls Share 403 Forbidden 2 66.7 % 603 Decline 1 33.3 %")
    page = carrier.request("GET", "/").body
    assert '<a id="code-603" href="/calls?q=code:603">603</a>' in page
    assert re.search(r'<path class="request" d="M\d+\.1-0h\.8v-2h-\.8z"/>\n<path class="refusal" d="M\d+\.1-2', page)


def test_lines_as_they_are_taken(carrier: Dashed) -> None:
    wanted = "the whole carrier 0 of 30 gate <script>alert(1)</script> 4 of 10, 4 of them taken by others"
    assert wanted in part(carrier, "lines")
    assert "at most 100 new calls a second, 200 at once" in part(carrier, "lines")
    with carrier.dialled("+431") as call:
        assert (call.response(3), call.response(3)) == (100, 180)
        assert "the whole carrier 1 of 30" in part(carrier, "lines")
        assert "5 of 10, 4 of them taken by others" in part(carrier, "lines")
        assert "calls up 1" in part(carrier, "figures")
        call.send("CANCEL")
        while call.response(3) != 487:
            pass


def test_customers_with_their_money_and_registration(carrier: Dashed) -> None:
    told = part(carrier, "customers")
    assert "prepaid <script>alert(1)</script> 20.00 EUR down to 0.00 EUR not needed" in told
    assert re.search(r"registered 0\.00 EUR paid afterwards active until 20\d\d-", told)
    assert told.endswith("lapsed calls cost nothing not registered")
    with carrier.dialled("+431") as call:
        assert call.response(3) == 100
        assert "20.00 EUR, 0.10 EUR of it set aside" in part(carrier, "customers")


def test_what_has_run_out_and_where_it_can_be_reached(carrier: Dashed) -> None:
    def lapse(running: Running) -> None:
        for customer in running.carrier.switch.carrier.business.world.customers.all:
            customer.registration.granted = 1e-6 if customer.registration.granted else 0.0

    carrier.ask(lambda service: lapse(carrier.running))
    assert re.search(r"paid afterwards ran out 20\d\d-", part(carrier, "customers"))


def test_more_than_can_be_shown_is_counted() -> None:
    many = "".join(f"    - {{name: customer {n}, source: 10.0.0.{n}}}\n" for n in range(1, standing.MOST + 8))
    with Dashed(f'name: many\ncarrier:\n  listen: "udp:127.0.0.1:0"\n  customers:\n{many}calls: []\n') as carrier:
        told = part(carrier, "customers")
        assert f"customer {standing.MOST} " in told
        assert f"customer {standing.MOST + 1} " not in told
        assert told.endswith("7 more customers are not shown.")


def test_weather_in_words_and_a_switch_that_holds_from_the_next_call_on(carrier: Dashed) -> None:
    told = part(carrier, "skies")
    storm = f"storm {HOSTILE}"
    assert (
        f"{storm} carrier_failure: something is broken inside the carrier all calls only by hand does not hold" in told
    )
    assert "40 % of calls to +41*, told to come back after 30s 3600s..7200s after the start" in told
    assert "detour slow: nothing is heard for 4s after 100 all calls" in told
    assert carrier.dial("+491")[-1] == 403
    switched = post(carrier, "/now/weather", {"name": storm, "switch": "on"})
    assert (switched.status_code, switched.headers["location"]) == (303, "/")
    assert carrier.dial("+491")[-1] == 500
    assert "holds now" in part(carrier, "skies")
    assert carrier.client.weather()[0]["switch"] == "on", "the API sees the same"
    assert 'id="front-1-on" name="switch" value="on" aria-pressed="true"' in carrier.request("GET", "/").body
    carrier.client.switch(storm, "auto")
    assert "holds now" not in part(carrier, "skies"), "and what it does is seen here"
    assert post(carrier, "/now/weather", {"name": "nothing", "switch": "on"}).status_code == 404
    assert post(carrier, "/now/weather", {"name": "rush", "switch": "sideways"}).status_code == 422


def test_a_condition_forced_and_lifted(carrier: Dashed) -> None:
    assert part(carrier, "forced").startswith("None:")
    form = {"condition": "busy", "to": " +49* ", "share": "100%", "retry_after": ""}
    assert post(carrier, "/now/force", form).status_code == 303
    assert carrier.dial("+491")[-1] == 486
    assert carrier.dial("+12")[-1] == 603
    assert "busy the person called was on the phone 100% of calls to +49* Lift busy" in part(carrier, "forced")
    assert post(carrier, "/now/lift", {"condition": "busy"}).status_code == 303
    assert carrier.dial("+491")[-1] == 403
    assert part(carrier, "forced").startswith("None:")
    assert post(carrier, "/now/lift", {"condition": "bsy"}).status_code == 400


def test_every_condition_can_be_chosen(carrier: Dashed) -> None:
    page = carrier.request("GET", "/").body
    assert set(re.findall(r'<option value="([a-z_]+)">', page)) == set(map(str, Condition))


def test_a_form_with_faults_is_shown_again_with_what_stood_in_it(carrier: Dashed) -> None:
    before = carrier.state()
    form = {"condition": "bsy", "to": "/(/", "share": "400%", "retry_after": '"><b>soon'}
    refused = post(carrier, "/now/force", form)
    assert refused.status_code == 422
    for field, why in (
        ("condition", "did you mean &#34;busy&#34;?"),
        ("to", "is not a regular expression"),
        ("share", "must be a share above 0% and up to 100%"),
        ("retry_after", "must be a time such as 12s"),
    ):
        assert re.search(rf'id="force-{field}-wrong" class="failed">[^<]*{re.escape(why)}', refused.text), field
        assert re.search(rf'id="force-{field}"[^>]*aria-describedby="force-{field}-wrong"', refused.text)
    assert 'name="share" value="400%"' in refused.text
    assert 'value="&#34;&gt;&lt;b&gt;soon"' in refused.text
    assert "<b>soon" not in refused.text
    assert '<a href="/" aria-current="page">Now</a>' in refused.text
    assert carrier.state() == before


@pytest.mark.parametrize("to", ["\x7f", "\x85", "\u2028", "${nothing}", "\ufeff", "a" * 300_000, "\U0001f600", "]: {"])
def test_no_text_in_a_form_does_harm(carrier: Dashed, to: str) -> None:
    answer = post(carrier, "/now/force", {"condition": "busy", "to": to})
    assert answer.status_code in (303, 413, 422)
    assert carrier.request("GET", "/").status == 200


def test_a_good_choice_is_kept_beside_a_fault(carrier: Dashed) -> None:
    refused = post(carrier, "/now/force", {"condition": "busy", "share": "much"})
    assert '<option value="busy" selected>' in refused.text


@pytest.mark.parametrize(
    ("only", "ended", "rules", "switch"),
    [("calls", 0, 4, "on"), ("rules", 1, 3, "on"), ("weather", 1, 4, "auto"), ("all", 0, 3, "auto")],
)
def test_a_new_beginning(carrier: Dashed, only: str, ended: int, rules: int, switch: str) -> None:
    carrier.dial("+491")
    carrier.client.add_rules({"name": "more", "to": "+7*", "respond": 404})
    carrier.client.switch("rush", "on")
    assert post(carrier, "/now/reset", {"only": only}).status_code == 303
    assert carrier.client.carrier()["calls"]["ended"] == ended
    assert len(carrier.client.rules()["rules"]) == rules
    assert carrier.client.weather()[1]["switch"] == switch
    assert part(carrier, "figures").endswith(f"calls ended {ended}")
    assert ("No call has ended" in part(carrier, "codes")) is (ended == 0)
    assert post(carrier, "/now/reset", {"only": "everything"}).status_code == 400


def test_what_is_done_here_is_told_to_those_who_listen_to_the_api(carrier: Dashed) -> None:
    with httpx.stream("GET", f"{carrier.url}/v1/events", params={"for": "20s"}, trust_env=False) as stream:
        lines = stream.iter_lines()
        assert "event: begun" in (next(lines), next(lines))
        post(carrier, "/now/weather", {"name": "rush", "switch": "off"})
        post(carrier, "/now/force", {"condition": "busy"})
        post(carrier, "/now/lift", {"condition": "busy"})
        post(carrier, "/now/reset", {"only": "weather"})
        events = []
        for line in lines:
            if line.startswith("event: "):
                events.append(line.removeprefix("event: "))
                if events[-1] == "reset":
                    break
    assert events == ["weather", "condition", "condition", "reset"]


def test_the_page_moves(carrier: Dashed) -> None:
    with live(carrier) as events:
        first = next(events)
        assert first.keys() == set(PARTS)
        assert first["figures"].endswith("calls ended 0")
        carrier.dial("+491")
        changed: dict[str, str] = {}
        for more in events:
            changed |= more
            if changed.get("figures", "").endswith("calls ended 1"):
                break
        assert changed.keys() <= {"figures", "codes", "customers"}, "what stands still is not sent again"
        post(carrier, "/now/force", {"condition": "busy"})
        assert any("busy" in more.get("forced", "") for more in events)


def test_the_same_parts_at_first_and_later(carrier: Dashed) -> None:
    carrier.dial("+491")
    page = carrier.request("GET", "/").body
    with httpx.stream("GET", f"{carrier.url}/now/parts", trust_env=False, timeout=10) as response:
        data = next(line for line in response.iter_lines() if line.startswith("data: {"))
    for name, html in json.loads(data.removeprefix("data: ")).items():
        assert name in ("figures", "codes") or html in page, name


def test_expectations_as_they_stand(carrier: Dashed) -> None:
    assert part(carrier, "outcomes") == ""
    judged: list[int] = []

    def judge() -> tuple[Outcome, ...]:
        judged.append(1)
        return (
            Outcome("calls", "at least 1", f"{HOSTILE} 0 calls", False, "now.yaml:3:5", evidence=("nobody called",)),
        )

    def put() -> None:
        carrier.running.carrier.judge = judge

    carrier.ask(lambda service: put())
    page = carrier.request("GET", "/").body
    assert "not met" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; 0 calls" in page
    for _ in range(5):
        carrier.request("GET", "/")
    assert len(judged) < 5, "not with every look"


def test_nothing_hostile_gets_through(carrier: Dashed) -> None:
    page = carrier.request("GET", "/").body
    assert page.count("&lt;script&gt;alert(1)") >= 4
    assert HOSTILE not in page
    assert not re.search(r"<script(?! src=)|\son\w+=|\sstyle=", page)


@pytest.mark.parametrize("path", POSTS)
def test_nothing_is_changed_by_get_or_from_elsewhere(carrier: Dashed, path: str) -> None:
    before = carrier.state()
    assert carrier.request("GET", path).status == 405
    assert carrier.request("HEAD", path).status == 405
    for origin in ("https://elsewhere.example", "null", "http://127.0.0.1:1"):
        assert post(carrier, path, POSTS[path], origin=origin).status_code == 403
    assert post(carrier, path, POSTS[path], host="elsewhere.example").status_code == 421
    assert carrier.request("POST", path, {"condition": "busy"}).status == 415
    assert carrier.state() == before
    own = {"origin": carrier.url}
    assert post(carrier, path, POSTS[path], **own).status_code == 303


def test_looking_changes_nothing(carrier: Dashed) -> None:
    before = carrier.state()
    for path in ("/", "/?only=all&condition=busy"):
        assert carrier.request("GET", path).status == 200
    assert carrier.request("HEAD", "/now/parts").status == 200
    assert carrier.state() == before
