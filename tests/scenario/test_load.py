"""Files and texts of every kind: a scenario, or faults, and never anything else."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simcarrier.scenario.load import LARGEST, Fault, ScenarioError, load, loads

SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))


def only_fault(error: ScenarioError) -> str:
    assert len(error.faults) == 1, str(error)
    return str(error.faults[0])


def test_a_file_becomes_a_scenario_that_knows_its_path(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("\ufeffname: Ärger\n", encoding="utf-8")
    scenario = load(path)
    assert (scenario.name, scenario.path, scenario.calls) == ("Ärger", path, ())
    assert load(str(path)) == scenario
    assert loads("name: x").path is None


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "1:1: the scenario is empty"),
        (b"# only a comment\n", "1:1: the scenario is empty"),
        (b"name: x\nto: \xc3\xa4\xff\n", "2:6: is not UTF-8 text"),
        (b"\xff\xfen\x00", "1:1: is not UTF-8 text"),
        (b"#" * (LARGEST + 1), "1:1: is larger than 4 MiB"),
    ],
    ids=["empty", "comment", "Latin-1", "UTF-16", "huge"],
)
def test_files_that_cannot_be_used(tmp_path: Path, content: bytes, fault: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert only_fault(caught.value) == f"{path}:{fault}"


def test_a_path_that_is_no_file(tmp_path: Path) -> None:
    for path, why in ((tmp_path, "is a directory"), (tmp_path / "no.yaml", "cannot be read: No such file")):
        with pytest.raises(ScenarioError) as caught:
            load(path)
        assert only_fault(caught.value).startswith(f"{path}:1:1: {why}")
    with pytest.raises(ScenarioError, match="cannot be read"):
        load("a\0b")


def test_paths_in_a_scenario_are_relative_to_its_folder(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").touch()
    (tmp_path / "key.pem").touch()
    path = tmp_path / "a.yaml"
    path.write_text("name: x\ncarrier: {listen: 'tls:[::1]:0', tls: {certificate: cert.pem, key: key.pem}}")
    tls = load(path).carrier.tls
    assert tls is not None
    assert (tls.certificate, tls.key) == (tmp_path / "cert.pem", tmp_path / "key.pem")


TRAPS = ["+4930123", "4930123", "0441632", "0o17", "0x1F", "1_000", "12:30:45", "1e5", "2026-11-21", "yes", "no", "007"]


@pytest.mark.parametrize("number", TRAPS)
def test_an_unquoted_number_is_the_text_that_was_typed(number: str) -> None:
    scenario = loads(
        f"name: x\ncalls: [{{to: {number}, from: {{not: [{number}]}}, headers: {{X-A: {number}}}, respond: 403}}]"
    )
    rule = scenario.calls[0]
    assert rule.to is not None
    assert rule.from_ is not None
    assert rule.to.exact == {number}
    assert rule.from_.exact == {number}
    assert rule.headers["X-A"].exact == {number}


def test_a_thousand_rules_load_well_within_a_second() -> None:
    rules = "".join(
        f"  - name: rule {n}\n    to: +49{n}*\n    from: {{not: ['+1{n}*', '+44*']}}\n"
        f"    steps: [trying, {{wait: 1s..2s}}, ringing, {{wait: 2s}},"
        f" {{respond: {{code: 603, headers: {{X-Id: '{{uuid}}'}}}}}}]\n"
        for n in range(1000)
    )
    started = time.thread_time()
    assert len(loads("name: x\ncalls:\n" + rules).calls) == 1000
    assert time.thread_time() - started < 2  # 0.3 s on a quiet machine


def loaded_or_told(text: str) -> None:
    faults: tuple[Fault, ...] | None = None
    try:
        loads(text)
    except ScenarioError as error:
        faults = error.faults
    if faults is not None:
        assert faults
        assert all(fault.line >= 1 and fault.column >= 1 and fault.message for fault in faults)


@settings(deadline=None)  # the machine may be busy
@given(st.text())
@example("a: \ud800")
@example("\x00")
@example("? ? ? a")
@example("<<: <<")
@example("&a a: *a")
@example("%YAML 9.9\n---\na")
def test_any_text_is_loaded_or_told(text: str) -> None:
    loaded_or_told(text)


WORDS = st.sampled_from(
    [
        "name",
        "description",
        "parameters",
        "carrier",
        "ladders",
        "calls",
        "expect",
        "listen",
        "lines",
        "lines_full",
        "unmatched",
        "tls",
        "to",
        "from",
        "headers",
        "source",
        "respond",
        "steps",
        "ladder",
        "outcome",
        "mix",
        "sequence",
        "by",
        "then",
        "share",
        "code",
        "phrase",
        "body",
        "delay",
        "trying",
        "wait",
        "ringing",
        "answered",
        "silence",
        "drop",
        "duplicate",
        "hang_up",
        "exactly",
        "rule",
        "not",
        "present",
        "403",
        "603",
        "12s",
        "2s..6s",
        "90%",
        "+49*",
        "*",
        "/x/",
        "${a}",
        "$a",
        "{uuid}",
        "<",
        "<<",
        "<action>",
        "[key]",
        "true",
        "~",
    ]
)
VALUES = st.recursive(
    WORDS | st.none() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=25,
)


@settings(deadline=None)  # the machine may be busy
@given(st.dictionaries(WORDS, VALUES, max_size=6))
def test_any_shape_made_of_the_language_is_loaded_or_told(data: dict[str, object]) -> None:
    import yaml

    loaded_or_told(yaml.safe_dump({"name": "x", **data}, allow_unicode=True))


@settings(deadline=None)  # the machine may be busy
@given(VALUES)
def test_any_rule_made_of_the_language_is_loaded_or_told(rule: object) -> None:
    import yaml

    loaded_or_told(yaml.safe_dump({"name": "x", "calls": [rule], "ladders": {"a": rule}, "expect": rule}))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_shipped_scenario_cut_off_anywhere_is_loaded_or_told(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for end in range(text.index("name:"), len(text)):
        loaded_or_told(text[:end])
