"""The scenario page: what is in force and how often it was used, and a text that is put in force while calls go on."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from simcarrier.dashboard.pages import scenario
from simcarrier.dashboard.site import Site
from simcarrier.dashboard.sources import Sources
from simcarrier.extras import MissingExtra
from simcarrier.scenario.business.customers import HIDDEN
from simcarrier.scenario.load import load, loads
from simcarrier.scenario.models import Scenario
from simcarrier.service import CarrierService
from tests.dashboard.kit import HTML, Dashed
from tests.web.kit import Answer

TEXT = """\
name: under control
parameters: {refusal: 486}
carrier:
  listen: "udp:127.0.0.1:0"
  lines: 30
ladders:
  ringing: [trying, ringing, silence]
calls:
  - {name: refused, to: +49*, respond: 403}
  - {name: by name, to: +43*, from: +1*, respond: $refusal}
  - {name: up, to: +44*, steps: [answer]}
  - {name: "<b>odd & co</b>", to: +31*, ladder: ringing}
  - {to: +41*, sequence: [486, 603]}
"""

SECRETS = """\
# operator: the password of alice is hunter22
name: with secrets
parameters: {pw: open-sesame, refusal: 486}
carrier:
  listen: "udp:127.0.0.1:0"
  customers:
    - {name: alice, user: alice, password: hunter22, realm: one}
    - {name: bob, user: bob, password: $pw}
    - name: carol
      source: 127.0.0.1
calls:
  - {name: refused, to: +49*, respond: $refusal}
"""


@pytest.fixture
def dashed() -> Iterator[Dashed]:
    with Dashed(TEXT) as found:
        yield found


def send(dashed: Dashed, to: str, text: str, *, headers: dict[str, str] | None = None, **fields: str) -> Answer:
    """A form with a text, as a browser sends it."""
    told = {"text": text.replace("\n", "\r\n"), "revision": "1", **fields}
    kind = "application/x-www-form-urlencoded"
    return dashed.request("POST", f"/scenario/{to}", urlencode(told), kind=kind, headers=HTML | (headers or {}))


def look(dashed: Dashed, path: str = "/scenario") -> str:
    answer = dashed.request("GET", path, headers=HTML)
    assert answer.status == 200
    return str(answer.body)


def plain(page: object) -> str:
    """What a person reads of a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", str(page))).split())


def row(page: str, name: str) -> str:
    """The row of a rule."""
    found = [each for each in re.findall(r"<tr>.*?</tr>", page, re.DOTALL) if f">{name}" in each]
    assert len(found) == 1
    return plain(found[0])


# The rules


def test_the_rules_stand_in_the_order_of_asking_and_the_unused_are_marked(dashed: Dashed) -> None:
    page = look(dashed)
    names = re.findall(r'<th scope="row">(.*?)</th>', page)
    assert names[:5] == ["refused", "by name", "up", "&lt;b&gt;odd &amp; co&lt;/b&gt;", "calls[4]"]
    assert row(page, "refused") == "1 refused never used to +49* 403 Forbidden"
    assert row(page, "by name") == "2 by name never used to +43*, from +1* 486 Busy Here"
    assert "one after the other, by caller: 486 Busy Here; 603 Decline" in page
    dashed.dial("+4989")
    dashed.dial("+4989")
    page = look(dashed)
    assert row(page, "refused") == "1 refused 2 to +49* 403 Forbidden"
    assert "never used" in row(page, "by name")
    assert 'href="/calls?q=rule%3A%22refused%22"' in page


def test_near_misses_are_counted_with_the_last(dashed: Dashed) -> None:
    dashed.dial("+43123", caller="+4930")
    dashed.dial("+43123", caller="a&b;c=1")
    page = look(dashed)
    assert row(page, "by name").endswith("486 Busy Here 2, the last: from was a&b;c=1")
    assert "was a&amp;b;c=1" in page


def test_the_numbers_move(dashed: Dashed) -> None:
    with (
        httpx.Client(timeout=10, trust_env=False) as client,
        client.stream("GET", dashed.url + "/scenario/live") as live,
    ):
        lines = live.iter_lines()
        parts = next(json.loads(line[6:]) for line in lines if line.startswith("data: "))
        assert "never used" in parts["hits-0"]
        assert "refused" in parts["rules"]
        dashed.dial("+4989")
        parts = next(json.loads(line[6:]) for line in lines if line.startswith("data: "))
        assert plain(parts["hits-0"]) == "1"
        assert "rules" not in parts
        dashed.client.add_rules({"name": "first", "to": "+49*", "respond": 486})
        parts = next(json.loads(line[6:]) for line in lines if line.startswith("data: "))
        assert next(iter(parts)) == "rules"
        assert row(parts["rules"], "first").startswith("1 first added")


def test_what_the_api_adds_and_takes_away_is_marked(dashed: Dashed) -> None:
    dashed.client.add_rules({"name": "mine", "to": "+7*", "respond": 486})
    dashed.client.remove_rule("by name")
    page = look(dashed)
    assert row(page, "mine").startswith("1 mine added never used to +7* 486 Busy Here")
    assert "taken out of force by the API: by name" in plain(page)


# The text


def test_the_text_is_shown_with_its_lines(dashed: Dashed) -> None:
    page = look(dashed)
    assert '<span class="l" id="L9">  - {name: refused, to: +49*, respond: 403}\n</span>' in page
    assert "&lt;b&gt;odd &amp; co&lt;/b&gt;" in page
    assert dashed.request("GET", "/scenario.yaml").body == TEXT


def test_a_download_is_a_file(dashed: Dashed) -> None:
    answer = dashed.request("GET", "/scenario.yaml")
    assert answer.headers["content-type"].startswith("application/yaml")
    assert answer.headers["content-disposition"].startswith('attachment; filename="scenario.yaml"')
    assert answer.headers["x-content-type-options"] == "nosniff"
    answer = send(dashed, "save", "typed: <b>\n")
    assert answer.body == "typed: <b>\n"
    assert answer.headers["content-disposition"].startswith("attachment")


def test_parameters_are_shown_with_those_that_were_set(tmp_path: Path) -> None:
    dashed = Dashed()
    dashed.service = CarrierService(loads(TEXT, parameters={"refusal": "603"}), coalesce=0.0)
    with dashed:
        page = look(dashed)
        assert "refusal603--set" in plain(page).replace(" ", "")
        assert "603 Decline" in row(page, "by name")
        # It holds for a text that is applied, too: the command line goes before the file, then as now.
        assert send(dashed, "apply", TEXT.replace("to: +43*", "to: +42*")).status == 303
        assert dashed.dial("+42123", caller="+1415") == [603]


def test_a_scenario_of_python_has_rules_and_no_text() -> None:
    dashed = Dashed()
    made = loads(TEXT)
    dashed.service = CarrierService(
        Scenario(name="made", carrier=made.carrier, ladders=made.ladders, calls=made.calls), coalesce=0.0
    )
    with dashed:
        page = look(dashed)
        assert row(page, "refused")
        assert "made in Python" in page
        assert "<textarea" not in look(dashed, "/scenario?edit=1")
        assert dashed.request("GET", "/scenario.yaml", headers=HTML).status == 404
        assert send(dashed, "apply", TEXT).status == 409


def test_the_shipped_scenarios_can_be_edited(tmp_path: Path) -> None:
    file = tmp_path / "with spaces ü.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    dashed = Dashed()
    dashed.service = CarrierService(load(file), coalesce=0.0)
    with dashed:
        assert "<textarea" in look(dashed, "/scenario?edit=1")
        assert send(dashed, "check", TEXT).status == 200
        told = dashed.request("GET", "/scenario.yaml").headers["content-disposition"]
        assert told.endswith("with%20spaces%20%C3%BC.yaml")


def test_a_text_too_large_for_a_form_is_shown_and_not_edited() -> None:
    with Dashed(TEXT + "# a comment that says little\n" * 9_000) as dashed:
        page = look(dashed, "/scenario?edit=1")
        assert "larger than the 256 kB" in page
        assert "<textarea" not in page
        assert "more lines" in page
        assert send(dashed, "check", TEXT).status == 409


# Editing


def test_a_mistake_is_told_with_line_and_column_and_changes_nothing(dashed: Dashed) -> None:
    before = dashed.state()
    wrong = TEXT.replace("to: +49*, respond: 403", "to: +49*, respnd: 403")
    answers = [send(dashed, "check", wrong), send(dashed, "apply", wrong)]
    for answer in answers:
        assert answer.status == 422
        page = str(answer.body)
        assert '<a href="#L9" data-line="9" data-column="31">line 9, column 31</a>' in page
        assert "calls[0].respnd</code>: unknown key &#34;respnd&#34;; did you mean &#34;respond&#34;?" in page
        assert '<span class="l wrong" id="L9">' in page
        assert f"\n{html.escape(wrong, quote=True).replace('&quot;', '&#34;')}</textarea>" in page
    around = re.findall(r'<pre class="around"[^>]*>(.*?)</pre>', str(answers[0].body), re.DOTALL)
    shown = [html.unescape(re.sub(r"<[^>]+>", "", each)).split("\n") for each in around]
    assert [lines[3].index("^") for lines in shown] == [
        lines[2].index(at) for lines, at in zip(shown, ("{", "respnd"), strict=True)
    ]
    assert "Nothing was applied." in str(answers[1].body)
    assert dashed.state() == before


def test_checking_changes_nothing_and_tells_what_applying_would(dashed: Dashed) -> None:
    before = dashed.state()
    text = TEXT.replace("respond: 403", "respond: 480").replace("{name: by name, ", "{name: another, ")
    answer = send(dashed, "check", text + "  - {name: last, to: +1*, respond: 404}\n")
    assert answer.status == 200
    told = plain(answer.body)
    assert "No faults." in told
    for words in ("new rule another", "new rule last", "changed rule refused", "rule by name is gone"):
        assert words in told
    assert dashed.state() == before
    part = send(dashed, "check", text, only="findings")
    assert "<html" not in str(part.body)
    assert "changed rule refused" in str(part.body)
    assert "default-src 'none'" in part.headers["content-security-policy"]


def test_an_applied_rule_takes_the_next_call_and_a_call_that_is_up_goes_on(dashed: Dashed) -> None:
    dashed.dial("+4989")
    dashed.dial("+41", caller="+1")
    with dashed.dialled("+44123") as call:
        assert call.response(3) == 100 or call.codes[-1] == 200
        while call.codes[-1] < 200:
            call.response(3)
        call.send("ACK")
        text = TEXT.replace("to: +44*, steps: [answer]", "to: +44*, respond: 480").replace(
            "ringing: [trying, ringing, silence]", "ringing: [trying, {respond: 484}]"
        )
        answer = send(dashed, "apply", text)
        assert (answer.status, answer.headers["location"]) == (303, "/scenario?applied=2")
        assert dashed.ask(lambda service: len(service.switch.calls)) == 1
        assert dashed.dial("+44123") == [480]
        assert dashed.dial("+31123") == [100, 484]
        assert dashed.dial("+41", caller="+1") == [603]  # a rule that stays goes on counting
        assert dashed.ask(lambda service: len(service.switch.calls)) == 1
        call.send("BYE", 2)
    page = look(dashed, "/scenario?applied=2")
    assert "in force from the next call on" in page
    assert row(page, "refused").startswith("1 refused 1 to")
    assert row(page, "up") == "3 up 1 to +44* 480 Temporarily Unavailable"
    assert "to: +44*, respond: 480" in page
    assert dashed.request("GET", "/scenario.yaml").body == text
    dashed.client.reset("calls")
    assert "never used" in row(look(dashed), "up")
    assert dashed.dial("+44123") == [480]
    assert row(look(dashed), "up").startswith("3 up 1 to")
    # What the API calls the file's rules are now these.
    dashed.client.remove_rule("up")
    dashed.client.reset("rules")
    assert dashed.dial("+44123") == [480]


def test_applying_is_told_to_who_listens_at_the_api(dashed: Dashed) -> None:
    with dashed.client.events(lasts=10) as events:
        assert send(dashed, "apply", TEXT.replace("403", "480")).status == 303
        event = next(iter(events))
        assert (event.name, event.told["revision"]) == ("rules", 2)


@pytest.mark.parametrize(
    ("was", "becomes", "key"),
    [
        ("lines: 30", "lines: 31", "carrier.lines"),
        ("name: under control", "name: other", "name"),
        ("calls:", "expect: [{calls: {code: 403}, at_least: 1}]\ncalls:", "expect"),
        ("lines: 30", "lines: 30\n  customers: [{name: a, source: 127.0.0.1}]", "carrier.customers"),
    ],
)
def test_what_needs_a_new_start_is_told_and_nothing_is_applied(
    dashed: Dashed, was: str, becomes: str, key: str
) -> None:
    before = dashed.state()
    text = TEXT.replace(was, becomes, 1).replace("respond: 403", "respond: 480")
    answer = send(dashed, "apply", text)
    assert answer.status == 409
    assert "The text needs a new start." in str(answer.body)
    assert f"<li><code>{key}</code></li>" in str(answer.body)
    assert "respond: 480" in str(answer.body)
    assert dashed.state() == before
    assert dashed.dial("+4989") == [403]


def test_a_ladder_that_the_carrier_itself_uses_needs_a_new_start() -> None:
    text = TEXT.replace("  lines: 30", "  lines: 30\n  unmatched: {ladder: ringing}")
    with Dashed(text) as dashed:
        answer = send(dashed, "apply", text.replace("[trying, ringing, silence]", "[trying, silence]"))
        assert answer.status == 409
        assert "<code>ladders.ringing</code>" in str(answer.body)


def test_nothing_to_apply(dashed: Dashed) -> None:
    before = dashed.state()
    answer = send(dashed, "apply", TEXT)
    assert "The text says what runs already: there was nothing to apply." in plain(answer.body)
    assert dashed.state() == before


def test_a_stale_revision_is_refused_and_the_text_kept(dashed: Dashed) -> None:
    assert 'name="revision" value="1"' in look(dashed, "/scenario?edit=1")
    dashed.client.add_rules({"name": "meanwhile", "to": "+7*", "respond": 486})
    before = dashed.state()
    answer = send(dashed, "apply", TEXT.replace("403", "480"))
    assert answer.status == 409
    assert "the rules are at revision 2, not 1: look at them again" in plain(answer.body)
    assert "respond: 480" in str(answer.body)
    assert 'name="revision" value="1"' in str(answer.body)
    assert dashed.state() == before
    for broken in ("", "x", "-1", "9" * 40):
        assert send(dashed, "apply", TEXT.replace("403", "480"), revision=broken).status in (400, 409)
    assert dashed.state() == before


def test_rules_of_the_api_stay_or_go_as_the_form_says(dashed: Dashed) -> None:
    dashed.client.add_rules({"name": "mine", "to": "+49*", "ladder": "ringing"})
    dashed.client.remove_rule("by name")
    page = look(dashed, "/scenario?edit=1")
    assert 'name="keep" value="1" checked' in page
    assert "1 is not in force" in plain(page)
    text = TEXT.replace("respond: 403", "respond: 480")
    taken = send(dashed, "apply", text.replace("name: refused", "name: mine"), revision="3", keep="1")
    assert (taken.status, "the text has a rule 'mine'" in plain(taken.body)) == (409, True)
    lost = text.replace("ladder: ringing", "respond: 480").replace(
        "ladders:\n  ringing: [trying, ringing, silence]\n", ""
    )
    answer = send(dashed, "apply", lost, revision="3", keep="1")
    assert (answer.status, "uses the ladder 'ringing'" in plain(answer.body)) == (409, True)
    assert send(dashed, "apply", text, revision="3", keep="1").status == 303
    names = [rule["name"] for rule in dashed.client.rules()["rules"]]
    assert names[:3] == ["mine", "refused", "by name"]
    assert send(dashed, "apply", text, revision="4").status == 303
    assert [rule["name"] for rule in dashed.client.rules()["rules"]][:2] == ["refused", "by name"]
    assert dashed.dial("+4989") == [480]


def test_a_rule_that_cannot_be_put_in_force_changes_nothing(dashed: Dashed) -> None:
    def begin() -> None:
        raise MissingExtra("signatures need", "cryptography", "trust")

    dashed.ask(lambda service: setattr(service.switch.carrier.cards, "begin", begin))
    before = dashed.state()
    answer = send(dashed, "apply", TEXT.replace("respond: 403", "respond: {code: 608, call_info: signed}"))
    assert (answer.status, "a rule has a signed card" in plain(answer.body)) == (422, True)
    assert dashed.state() == before
    assert send(dashed, "apply", TEXT.replace("403", "480")).status == 303


# Who may, and what is not told


def test_looking_changes_nothing(dashed: Dashed) -> None:
    before = dashed.state()
    for path in ("/scenario", "/scenario?edit=1", "/scenario?applied=7", "/scenario.yaml"):
        look(dashed, path)
    for path in ("/scenario/apply", "/scenario/check", "/scenario/save"):
        assert dashed.request("GET", path).status == 405
    assert dashed.state() == before


def test_another_origin_is_refused(dashed: Dashed) -> None:
    before = dashed.state()
    text = TEXT.replace("403", "480")
    for origin in ("http://evil.example", "null", "https://127.0.0.1:1"):
        assert send(dashed, "apply", text, headers={"Origin": origin}).status == 403
    assert dashed.state() == before
    assert send(dashed, "apply", text, headers={"Origin": dashed.url}).status == 303


def test_hostile_text_is_shown_as_text(dashed: Dashed) -> None:
    hostile = "</textarea><script>alert(1)</script>\n\t\u202etxt\x85{{7*7}}&amp;"
    for to in ("check", "apply"):
        page = str(send(dashed, to, hostile).body)
        assert "<script>alert" not in page
        assert page.count("</textarea>") == 1
        shown = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
        assert shown is not None
        assert html.unescape(shown[1]) == hostile
        listing = re.search(r'<pre class="source".*?</pre>', page, re.DOTALL)
        assert listing is None or "\u202e" not in listing[0]
    ours = TEXT.replace("name: refused", "name: '</textarea><script>alert(2)</script>'")
    assert send(dashed, "apply", ours).status == 303
    for path in ("/scenario", "/scenario?edit=1"):
        assert "<script>alert" not in look(dashed, path)


def test_no_response_has_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NINE_SECRET", "from-the-environment")
    text = SECRETS.replace(
        "    - name: carol", "    - {name: dave, user: dave, password_env: NINE_SECRET}\n    - name: carol"
    )
    dashed = Dashed()
    dashed.service = CarrierService(loads(text, parameters={"pw": "set-from-outside"}), coalesce=0.0)
    with dashed:
        shown = str(dashed.request("GET", "/scenario.yaml").body)
        assert shown.count(HIDDEN) == 3
        moved = shown.replace("realm: one", "realm: $pw").replace("$refusal", f"{{code: 480, phrase: '{HIDDEN}'}}")
        answers = [
            *(
                dashed.request("GET", path, headers=HTML)
                for path in ("/scenario", "/scenario?edit=1", "/scenario.yaml")
            ),
            *(
                send(dashed, to, each)
                for to in ("check", "apply", "save")
                for each in (
                    shown,
                    moved,
                    shown.replace("$refusal", "$pw"),
                    shown.replace("listen:", "lines: $pw\n  listen:"),
                    shown.replace("alice", "eve"),
                    shown.replace("calls:", "calls"),
                    shown.replace("refusal: 486", "refusal: 480"),
                )
            ),
            dashed.request("GET", "/scenario", headers=HTML),
            dashed.request("GET", "/scenario.yaml"),
        ]
        for answer in answers:
            for secret in ("hunter22", "open-sesame", "set-from-outside", "from-the-environment"):
                assert secret not in str(answer.body)
        assert any(answer.status == 303 for answer in answers)
        # And the carrier goes on with them.
        passwords = dashed.ask(lambda service: [each.secret for each in service.scenario.carrier.customers])
        assert passwords == ["hunter22", "set-from-outside", "from-the-environment", None]
        assert dashed.ask(lambda service: service.scenario.parameters["pw"]) == "set-from-outside"


def test_a_text_with_its_own_passwords_is_taken_for_the_same() -> None:
    with Dashed(SECRETS) as dashed:
        assert "No faults. The text says what runs already" in plain(send(dashed, "check", SECRETS).body)
        answer = send(dashed, "check", SECRETS.replace("hunter22", "hunter23"))
        assert "<code>carrier.customers[0].password</code>" in str(answer.body)
        used = SECRETS.replace("respond: $refusal", f"respond: {{code: 480, phrase: '{HIDDEN}'}}")
        assert "can stand nowhere else" in plain(send(dashed, "check", used).body)


def test_a_text_tells_nothing_of_other_files(tmp_path: Path) -> None:
    (tmp_path / "there.yaml").write_text("name: treasure\nsecret: 1\n")
    with Dashed(TEXT) as dashed:
        for there in ("there.yaml", "absent.yaml"):
            for line in (f"dialect: {tmp_path / there}", f"tls: {{certificate: {tmp_path / there}, key: /dev/zero}}"):
                page = plain(send(dashed, "check", TEXT.replace("lines: 30", line)).body)
                assert "must be a file that the running scenario names" in page
                assert "treasure" not in page
        env = "customers: [{name: a, user: a, password_env: HOME}]"
        assert "must be a variable that" in plain(send(dashed, "check", TEXT.replace("lines: 30", env)).body)


def test_a_form_without_a_text_is_refused(dashed: Dashed) -> None:
    kind = "application/x-www-form-urlencoded"
    assert dashed.request("POST", "/scenario/apply", "revision=1", kind=kind).status == 400
    assert dashed.request("POST", "/scenario/apply", "text=" + "x" * 300_000, kind=kind).status == 413
    assert dashed.request("POST", "/scenario/apply", TEXT).status == 415


def test_without_a_carrier_the_page_says_what_to_do() -> None:
    (route,) = scenario.routes(Site(Sources()))
    assert route.path == "/scenario"
