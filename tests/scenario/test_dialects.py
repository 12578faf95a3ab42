"""Dialect files: what ships is whole, inheritance and variants, and every fault with its file and place."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from simcarrier.conditions import Condition
from simcarrier.scenario.actions import MixAction, RespondAction, StepsAction
from simcarrier.scenario.dialects import FOLDER, SHIPPED, DialectName, is_dialect, table_for, table_of
from simcarrier.scenario.load import Scenario, ScenarioError, load, loads
from simcarrier.scenario.models import CarrierConfig
from simcarrier.sip.isup import Profile

HEAD = "name: mine\ndescription: x\n"


def code(reference: str, condition: Condition, folder: Path | None = None) -> int:
    action = table_of(reference, folder).sayings[condition].action
    assert isinstance(action, RespondAction)
    return action.respond.code


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_is_whole_and_tells_where_it_comes_from(name: str) -> None:
    table = table_of(name)
    assert list(table.sayings) == list(Condition)
    assert table.description
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    story = text[: text.index("\nname:")].splitlines()
    assert len(story) > 4
    assert all(line.startswith("#") for line in story)


def test_textbook_inherits_nothing() -> None:
    assert {saying.origin.partition("/")[0] for saying in table_of("textbook").sayings.values()} == {"textbook"}


def test_the_facts_of_the_field() -> None:
    assert [code(f"cis/{variant}", Condition.REGISTRATION_INACTIVE) for variant in ("403", "404", "503")] == [
        403, 404, 503,
    ]  # fmt: skip
    assert code("cis", Condition.REGISTRATION_INACTIVE) == 403
    assert code("cis", Condition.LINES_FULL) == 603
    assert code("cis", Condition.PREFIX_NOT_RECOGNISED) == 404
    assert code("germany", Condition.CALLER_ID_NOT_ROUTED) == 403
    assert code("textbook", Condition.BALANCE_EXHAUSTED) == 402
    blocked = table_of("us-2026").sayings[Condition.BLOCKED_BY_ANALYTICS].action
    assert isinstance(blocked, RespondAction)
    assert (blocked.respond.code, blocked.respond.phrase) == (603, "Network Blocked")
    legacy = table_of("us-legacy").sayings[Condition.BLOCKED_BY_ANALYTICS].action
    assert isinstance(legacy, MixAction)
    assert {e.action.respond.code for e in legacy.entries if isinstance(e.action, RespondAction)} == {603, 607, 608}


def test_what_is_inherited_is_known_by_its_origin(tmp_path: Path) -> None:
    table = table_of("us-legacy")
    origins = {condition: saying.origin for condition, saying in table.sayings.items()}
    assert origins[Condition.UNWANTED] == "us-legacy"
    assert origins[Condition.SCREENED] == "us-2026"
    assert origins[Condition.BUSY] == "textbook"
    assert [table.inherited(each) for each in (Condition.UNWANTED, Condition.SCREENED)] == [False, True]
    cis = table_of("cis/404")
    assert (cis.name, cis.title) == ("cis/404", "cis/404")
    assert cis.sayings[Condition.REGISTRATION_INACTIVE].origin == "cis/404"
    assert not cis.inherited(Condition.REGISTRATION_INACTIVE)


def test_a_file_of_one_s_own(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        f"{HEAD}inherits: cis/503\nconditions:\n  busy: 600\n  silent: {{steps: [trying, silence]}}\n"
        "variants:\n  day: {description: d}\n  night: {description: n, conditions: {busy: 480}}\n"
    )
    assert code("mine.yaml", Condition.BUSY, tmp_path) == 600
    assert code("./mine.yaml/night", Condition.BUSY, tmp_path) == 480
    assert code(f"{tmp_path}/mine.yaml/night", Condition.REGISTRATION_INACTIVE) == 503
    table = table_of("mine.yaml", tmp_path)
    assert isinstance(table.sayings[Condition.SILENT].action, StepsAction)
    assert (table.name, table.title) == ("mine.yaml", "mine/day")
    assert table.variants == (("day", "d"), ("night", "n"))


def test_files_inherit_from_files_beside_them(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.yaml").write_text(f"{HEAD}inherits: deep/b.yaml/x\n")
    (tmp_path / "deep" / "b.yaml").write_text(
        f"{HEAD}inherits: c.yml\nvariants: {{x: {{description: x, conditions: {{busy: 480}}}}}}"
    )
    (tmp_path / "deep" / "c.yml").write_text(f"{HEAD}isup: rfc\nconditions: {{busy: 600, declined: 486}}")
    table = table_of("a.yaml", tmp_path)
    assert code("a.yaml", Condition.BUSY, tmp_path) == 480
    assert code("a.yaml", Condition.DECLINED, tmp_path) == 486
    assert table.isup is Profile.RFC


def test_a_scenario_brings_its_dialect_along(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(f"{HEAD}conditions: {{busy: 600}}")
    (tmp_path / "s.yaml").write_text("name: x\ncarrier: {dialect: $d}\nparameters: {d: mine.yaml}")
    scenario = load(tmp_path / "s.yaml")
    (tmp_path / "mine.yaml").unlink()
    assert scenario.carrier.dialect == "mine.yaml"
    action = table_for(scenario.carrier.dialect).sayings[Condition.BUSY].action
    assert isinstance(action, RespondAction)
    assert action.respond.code == 600
    assert load(tmp_path / "s.yaml", {"d": "cis/404"}).carrier.dialect == "cis/404"


def test_a_scenario_in_python_may_name_one_too() -> None:
    assert table_for(CarrierConfig().dialect).title == "textbook/gone"
    named = CarrierConfig(dialect="opaque")
    assert isinstance(named.dialect, DialectName)
    assert CarrierConfig(dialect=named.dialect).dialect is named.dialect
    with pytest.raises(ValidationError, match='did you mean "opaque"'):
        CarrierConfig(dialect="opake")
    assert loads("name: x").carrier.dialect == "textbook"


def test_a_file_with_faults_cannot_be_named_in_python(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("name: x")
    with pytest.raises(ValidationError, match=r'must be a dialect without faults: .*"description" is missing'):
        Scenario(name="x", carrier={"dialect": str(tmp_path / "bad.yaml")})


UNKNOWN = {
    "gemany": '"dialect" must be a dialect that ships, or a file such as my-carrier.yaml, not "gemany"; '
    'did you mean "germany"?',
    "zzz": "; there are textbook, us-2026, us-legacy, germany, cis, opaque, isup-gateway, throttler",
    "cis/405": '"dialect" must name a variant that "cis" has; did you mean "404"?',
    "germany/x": '"dialect" must name a variant that "germany" has; it has none',
    "germany/": '"dialect" must name a variant that "germany" has; it has none',
    "no.yaml": '"dialect" must be a dialect\'s name or its file; there is no file "no.yaml"',
    "../germany": 'must be a dialect that ships, or a file such as my-carrier.yaml, not ".."',
    "''": '"dialect" must not be empty',
    "[a]": '"dialect" must be a text, not a list',
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_scenario_that_names_none(name: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(f"name: x\ncarrier: {{dialect: {name}}}", "s.yaml")
    (fault,) = caught.value.faults
    assert str(fault).startswith("s.yaml:2:20: carrier.dialect: ")
    assert UNKNOWN[name] in fault.message


# A dialect's file after its head, and the fault as it is printed.
FAULTS = {
    "unknown condition": (
        "conditions: {bussy: 486}",
        '3:14: conditions.bussy: unknown condition "bussy"; did you mean "busy"?',
    ),
    "unknown condition of a variant": (
        "variants: {a: {description: a, conditions: {bussy: 486}}}",
        '3:45: variants.a.conditions.bussy: unknown condition "bussy"; did you mean "busy"?',
    ),
    "unknown key": ("condition: {busy: 486}", '3:1: condition: unknown key "condition"; did you mean "conditions"?'),
    "conditions no mapping": ("conditions: [busy]", '3:13: conditions: "conditions" must be a mapping'),
    "unknown inherits": (
        "inherits: germay",
        '3:11: inherits: "inherits" must be a dialect that ships, or a file such as my-carrier.yaml, not "germay"',
    ),
    "unknown variant inherited": ("inherits: cis/x", '3:11: inherits: "inherits" must name a variant that "cis" has'),
    "inherits no text": ("inherits: [cis]", '3:11: inherits: "inherits" must be a text, not a list'),
    "inherits itself": (
        "inherits: d.yaml",
        '3:11: inherits: "inherits" must not inherit in a circle: d.yaml -> d.yaml',
    ),
    "isup": ("isup: practise", '3:7: isup: "isup" must be practice or rfc, not "practise"; did you mean "practice"?'),
    "code": ("conditions: {busy: 4o6}", '3:20: conditions.busy: "busy" must be a final code from 300 to 699'),
    "shares": (
        "conditions: {busy: {mix: [{share: 50%, respond: 486}, {share: 51%, respond: 600}]}}",
        "3:26: conditions.busy.mix: the shares add to 101%, not to 100%",
    ),
    "outcome": (
        "conditions: {busy: {outcome: declined}}",
        '3:20: conditions.busy: "busy" must be respond, steps or mix: an outcome is what a dialect is asked for',
    ),
    "ladder": ("conditions: {busy: {ladder: x}}", '"busy" must be respond, steps or mix: a dialect has no ladders'),
    "sequence": ("conditions: {busy: {sequence: [486]}}", '"busy" must be respond, steps or mix: a dialect does not'),
    "outcome in a mix": (
        "conditions: {busy: {mix: [{share: 100%, outcome: declined}]}}",
        '3:27: conditions.busy.mix[0]: "mix[0]" must be respond, steps or mix: an outcome is what a dialect is asked',
    ),
    "no action": ("conditions: {busy: {}}", "3:20: conditions.busy: does not say what is done with the call"),
    "empty": ("conditions: {busy: }", '3:20: conditions.busy: "busy" must be an action such as {respond: 403}'),
    "step": (
        "conditions: {busy: {steps: [trying, {wiat: 1s}, silence]}}",
        '3:38: conditions.busy.steps[1].wiat: unknown step "wiat"; did you mean "wait"?',
    ),
    "usually": (
        "conditions: {busy: {steps: [{wait: {span: 1s, usually: 2s}}, silence]}}",
        "3:56: conditions.busy.steps[0].wait.usually: usually goes with span: ring",
    ),
    "field": (
        "conditions: {busy: {respond: {code: 486, headers: {X: '{new_numbr}'}}}}",
        '3:55: conditions.busy.respond.headers.X: "X" must not use {new_numbr}; did you mean {new_number}?',
    ),
    "variant's name": (
        "variants: {a/b: {description: a}}",
        '3:12: variants["a/b"]: "a/b" is no name for a variant: letters, digits',
    ),
    "variant without description": ("variants: {a: {}}", '3:15: variants.a: the key "description" is missing'),
    "YAML": ("x: [", "4:1: not YAML: "),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_of_a_dialect_is_told_with_its_file_and_place(kind: str, tmp_path: Path) -> None:
    text, expected = FAULTS[kind]
    path = tmp_path / "d.yaml"
    path.write_text(f"{HEAD}{text}\n")
    (tmp_path / "s.yaml").write_text("name: x\ncarrier: {dialect: d.yaml}")
    with pytest.raises(ScenarioError) as caught:
        load(tmp_path / "s.yaml")
    told = [str(fault) for fault in caught.value.faults]
    assert len(told) == 1, told
    assert told[0].startswith(f"{path}:")
    assert expected in told[0]
    for machine in ("Value error", "Input should", "valid ", "pydantic", "<", "not understood"):
        assert machine not in told[0]


def test_all_faults_of_all_files_come_in_one_pass(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("name: x\ncarrier:\n  dialect: a.yaml\n  lines: none\ncals: []")
    (tmp_path / "a.yaml").write_text("name: a\ninherits: b.yaml\nconditions: {bsy: 486, busy: 486.0, declined: x}")
    (tmp_path / "b.yaml").write_text("name: b\ndescription: b\ninherits: c.yaml\nisup: 1")
    (tmp_path / "c.yaml").write_text("")
    with pytest.raises(ScenarioError) as caught:
        load(tmp_path / "s.yaml")
    found = [(Path(fault.file).name, fault.line, fault.where) for fault in caught.value.faults]
    assert found == [
        ("s.yaml", 4, "carrier.lines"),
        ("s.yaml", 5, "cals"),
        ("a.yaml", 1, ""),
        ("a.yaml", 3, "conditions.bsy"),
        ("a.yaml", 3, "conditions.busy"),
        ("a.yaml", 3, "conditions.declined"),
        ("b.yaml", 4, "isup"),
        ("c.yaml", 1, ""),
    ]


def test_a_circle_is_told_where_it_closes(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "c"), ("c", "b")):
        (tmp_path / f"{name}.yaml").write_text(f"{HEAD}inherits: {other}.yaml")
    with pytest.raises(ScenarioError) as caught:
        table_of("a.yaml", tmp_path)
    assert [str(fault) for fault in caught.value.faults] == [
        f'{tmp_path}/c.yaml:3:11: inherits: "inherits" must not inherit in a circle: b.yaml -> c.yaml -> b.yaml'
    ]


def test_a_dialect_that_ships_is_read_once() -> None:
    assert table_of("germany") is table_of("germany")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x\nconditions: {}", True),
        ("name: x\ninherits: cis", True),
        ("name: x\nvariants: {}", True),
        ("isup: rfc", True),
        ("name: x\ncalls: []", False),
        ("name: x\nconditions: {}\ncalls: []", False),
        ("name: x", False),
        ("- a", False),
        ("a: b: c", False),
        ("", False),
    ],
)
def test_a_dialect_is_told_from_a_scenario(text: str, said: bool) -> None:
    assert is_dialect(text) is said
