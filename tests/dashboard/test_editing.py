"""What is said of a text that came back, and that no password comes with it."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.dashboard.scenario.desk import sheet_of
from simcarrier.dashboard.scenario.editing import Changes, does, examine, lines_of, shown_fault
from simcarrier.dashboard.scenario.verbatim import listed, visible
from simcarrier.scenario.business.customers import HIDDEN
from simcarrier.scenario.faults import Fault
from simcarrier.scenario.hiding import without_passwords
from simcarrier.scenario.load import ScenarioError, load, loads
from simcarrier.scenario.models import Scenario
from simcarrier.scenario.rereading import Rereading
from simcarrier.web.rules import named

SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))

TEXT = """\
name: x
parameters: {pw: hunter22, refusal: 486}
carrier:
  customers: [{name: alice, user: alice, password: $pw}]
ladders: {ringing: [trying, silence]}
calls:
  - {name: one, to: +49*, respond: $refusal}
  - {name: two, to: +43*, ladder: ringing}
"""


def running(text: str = TEXT, **given: str) -> Scenario:
    return named(loads(text, parameters=given))


def differs(text: str, of: str = TEXT) -> Changes:
    scenario = running(of)
    found = examine(text, Rereading(scenario), scenario)
    assert found.faults == ()
    return found.changes


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_shipped_scenario_can_be_edited_and_is_the_same_when_it_comes_back(path: Path) -> None:
    scenario = named(load(path))
    sheet = sheet_of(scenario)
    assert (sheet.fixed, sheet.name) == ("", str(path))
    assert sheet.text is not None
    assert sheet.rereading is not None
    examined = examine(sheet.text, sheet.rereading, scenario)
    assert not examined.changes
    assert examined.scenario == scenario


def test_what_differs_is_told_by_its_key() -> None:
    assert differs(TEXT) == Changes()
    assert differs(TEXT.replace("+49*", "+48*")).rules == ("changed rule one",)
    assert differs(TEXT.replace("refusal: 486", "refusal: 480")) == Changes(
        ("changed rule one",), ("changed parameter refusal",)
    )
    assert differs(TEXT.replace("[trying, silence]", "[silence]")).others == ("changed ladder ringing",)
    lines = TEXT.splitlines(keepends=True)
    assert differs("".join([*lines[:-2], lines[-1], lines[-2]])).rules == ("another order of rules",)
    assert differs(TEXT + "traffic: {campaigns: [{to: +49#}]}\n").others[0].startswith("changed traffic")
    for was, becomes, key in (
        ("user: alice", "user: bob", "carrier.customers[0].user"),
        ("password: $pw", "password: other", "carrier.customers[0].password"),
        ("name: x", "name: y", "name"),
        ("carrier:", "carrier:\n  clock: {starts: 2026-11-23T08:00:00}", "carrier.clock.starts"),
        ("carrier:", "carrier:\n  unmatched: 486", "carrier.unmatched.respond.code"),
    ):
        assert key in differs(TEXT.replace(was, becomes, 1)).fixed


def test_a_ladder_of_the_carrier_itself_is_fixed() -> None:
    text = TEXT.replace("carrier:", "carrier:\n  lines_full: {mix: [{share: 100%, ladder: ringing}]}\n  lines: 1")
    assert differs(text.replace("[trying, silence]", "[silence]"), text).fixed == ("ladders.ringing",)


def test_what_is_put_has_its_own_parameters_again() -> None:
    scenario = running(TEXT, pw="given-secret")
    rereading = Rereading(scenario)
    assert rereading.shown is not None
    assert "given-secret" not in rereading.shown
    found = examine(rereading.shown.replace("486", "480"), rereading, scenario).scenario
    assert found is not None
    assert found.parameters == {"pw": "given-secret", "refusal": "480"}
    assert found.carrier is scenario.carrier
    assert does(found.calls[0].action) == "480 Temporarily Unavailable"
    again = Rereading(found)
    assert again.shown == found.original.text
    assert again.scrub("a given-secret b") == f"a {HIDDEN} b"


def test_a_download_is_no_scenario_until_the_password_is_written() -> None:
    shown = Rereading(running()).shown
    assert shown is not None
    with pytest.raises(ScenarioError) as error:
        loads(shown)
    assert [str(fault) for fault in error.value.faults] == [
        '<text>:4:52: carrier.customers[0].password: "password" must be the password itself, '
        f"which the dashboard left out here: {HIDDEN}"
    ]


WAYS = {
    "plain": "carrier: {customers: [{name: a, user: a, password: PW}]}\n",
    "quoted": "carrier: {customers: [{name: a, user: a, password: 'PW'}]}\n",
    "tagged": "carrier: {customers: [{name: a, user: a, password: !!str PW}]}\n",
    "block": "carrier:\n  customers:\n    - name: a\n      user: a\n      password: |-\n        PW\n      # note\n",
    "folded": "carrier:\n  customers:\n    - name: a\n      user: a\n      password: >\n        PW\n\nladders: {}\n",
    "next line": "carrier:\n  customers:\n    - name: a\n      user: a\n      password:\n        PW # PW\n",
    "anchor": "carrier: {customers: [{name: a, user: a, password: &p PW}, {name: b, user: b, password: *p}]}\n",
    "merged": "carrier:\n  customers:\n    - &a {name: a, user: a, password: PW}\n    - {<<: *a, name: b, user: b}\n",
    "parameter": "parameters: {x: PW}\ncarrier: {customers: [{name: a, user: a, password: $x}]}\n",
    "in braces": "parameters: {x: PW}\ncarrier: {customers: [{name: a, user: a, password: '${x}y'}]}\n",
    "commented": "# PW\ncarrier: # PW\n  customers: [{name: a, user: a, password: PW}] # PW\n",
    "carriage returns": "carrier:\r\n  customers:\r\n    - {name: a, user: a, password: PW}\r\n",
}

PASSWORDS = st.text(string.ascii_letters + string.digits + "äß😀", min_size=6, max_size=12).filter(
    lambda text: text not in "password customers carrier"
)


@given(st.sampled_from(sorted(WAYS)), PASSWORDS)
def test_no_password_is_left_however_it_is_written(way: str, password: str) -> None:
    scenario = running("name: x\n" + WAYS[way].replace("PW", password))
    sheet = sheet_of(scenario)
    assert sheet.text is not None
    assert password not in sheet.text
    assert password not in str(sheet.parameters) + str(sheet.listing)
    assert HIDDEN in sheet.text
    assert sheet.fixed == ""


KEYS = st.sampled_from(["carrier", "customers", "password", "name", "parameters", "x"])
ANY = st.recursive(
    st.text(max_size=6) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(ANY)
def test_any_yaml_keeps_all_but_its_passwords(data: object) -> None:
    hidden = without_passwords(yaml.safe_dump({"carrier": {"customers": [{"password": "hunter22"}, data]}}))
    assert hidden.text is not None
    assert "hunter22" not in hidden.text


@pytest.mark.parametrize(
    "text",
    [
        "name: x\ncarrier: {customers: [{name: &p hunter22, user: a, password: *p}]}\n",
        "name: x\ncarrier: {customers: [{user: &p hunter22, name: b, password: *p}]}\n",
        "name: x\nparameters: {x: hunter22}\ncarrier: {customers: [{name: $x, user: a, password: $x}]}\n",
    ],
)
def test_a_password_that_is_used_elsewhere_too_makes_the_text_one_to_read(text: str) -> None:
    sheet = sheet_of(running(text))
    assert "used in another place" in sheet.fixed
    assert sheet.text is not None
    assert "hunter22" not in sheet.text


def test_a_password_as_a_key_makes_no_text_at_all() -> None:
    hidden = without_passwords("carrier: {customers: [{password: &p hunter22}]}\nparameters: {*p : 1}\n")
    assert hidden.text is None


LINES = st.sampled_from(
    [*TEXT.splitlines(), "  - {name: one, respond: $pw}", "password: *x", "? [a]", "\tx", "<<: *a", "---"]
)
TYPED = st.text(max_size=200) | st.lists(LINES | st.text(max_size=20), max_size=12).map("\n".join)


@given(TYPED)
def test_whatever_is_typed_only_faults_come_of_it(typed: str) -> None:
    scenario = running()
    found = examine(typed, Rereading(scenario), scenario)
    lines = lines_of(typed)
    for fault in found.faults:
        assert "hunter22" not in str(fault) or "hunter22" in typed
        shown_fault(fault, lines, scenario.original.name)
    assert found.scenario is None or not found.faults
    listed(lines)


@given(st.text(st.sampled_from("ab\n\r\t\x85\u2028\u2029:{} "), max_size=60))
def test_lines_are_numbered_as_in_faults(typed: str) -> None:
    typed = typed.replace("\r", "")
    with pytest.raises(ScenarioError) as error:
        loads(typed + "\n}")
    fault = error.value.faults[0]
    lines = lines_of(typed + "\n}")
    assert 1 <= fault.line <= len(lines) + 1
    shown = shown_fault(fault, lines, "<text>")
    assert [number for number, _, wrong in shown.lines if wrong] == [min(fault.line, len(lines))]


def test_the_mark_stands_under_the_column() -> None:
    text = ["a", "b", "\t\tcc dd", "e", "f", "g"]
    shown = shown_fault(Fault("f", 3, 6, "", "x"), text, "f")
    assert shown.lines == ((1, "a", False), (2, "b", False), (3, "\t\tcc dd", True), (4, "e", False), (5, "f", False))
    assert shown.marker == "\t\t   ^"
    assert shown_fault(Fault("f", 1, 1, "", "x"), [""], "f").lines == ((1, "", True),)
    assert shown_fault(Fault("other", 3, 6, "", "x"), text, "f").lines == ()
    end = shown_fault(Fault("f", 9, 1, "", "x"), text, "f")
    assert (end.line, end.lines[-1], end.marker) == (6, (6, "g", True), " ^")


def test_nothing_in_a_line_is_invisible() -> None:
    assert visible("a\u202eb\x00\t<") == "a\\u202eb\\x00\t&lt;"
    assert listed(["a", ""], {1}) == '<span class="l wrong" id="L1">a\n</span>'
    assert listed(["a"] * 6_000).endswith("(1,000 more lines)\n")


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("respond: 403", "403 Forbidden"),
        ("ladder: ringing", "ladder ringing"),
        ("outcome: lines_full", "outcome lines_full"),
        ("steps: [trying, {wait: 1s}, {respond: 603}]", "trying, wait, respond"),
        (
            "mix: [{share: 90%, respond: 486}, {share: 10%, outcome: answered}]",
            "mix: 90% 486 Busy Here, 10% outcome answered",
        ),
        ("sequence: [486, 603]", "one after the other, by caller: 486 Busy Here; 603 Decline"),
    ],
)
def test_what_an_action_does_is_told_in_short(action: str, told: str) -> None:
    text = f"name: x\nladders: {{ringing: [silence]}}\ncalls: [{{{action}}}]\n"
    assert does(loads(text).calls[0].action) == told
