"""YAML that stays what was typed, with places, within bounds."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from simcarrier.scenario import tree as tree_module
from simcarrier.scenario.tree import MOST_NODES, Mark, Unreadable, read_tree

TRAPS = [
    "+4930123", "4930123", "0441632", "0o17", "0x1F", "0b101", "1_000", "12:30:45", "190:20:30.15", "1e5", "1.5e3",
    "2026-11-21", "2001-12-14t21:59:43.10-05:00", "yes", "no", "on", "off", "true", "false", "y", "n", ".inf", ".nan",
    "-0", "+0", "007", "=", "+49*", "1.10",
]  # fmt: skip


@pytest.mark.parametrize("typed", TRAPS)
def test_a_plain_scalar_stays_as_it_was_typed(typed: str) -> None:
    assert read_tree(f"a: {typed}\nb: [{typed}]\n{typed}: c").data == {"a": typed, "b": [typed], typed: "c"}


@pytest.mark.parametrize("typed", ["", "~", "null", "Null", "NULL"])
def test_only_nothing_is_none(typed: str) -> None:
    assert read_tree(f"a: {typed}").data == {"a": None}


@pytest.mark.parametrize("typed", ["''", '"null"', "'~'", "!!str null", "! null"])
def test_quoted_nothing_is_a_text(typed: str) -> None:
    assert isinstance(read_tree(f"a: {typed}").data["a"], str)


def test_keys_and_values_have_their_places() -> None:
    tree = read_tree("a:\n  b:\n    - x\n    -  {c: d}\n")
    assert tree.data == {"a": {"b": ["x", {"c": "d"}]}}
    assert tree.keys["a", "b"] == Mark(2, 3)
    assert tree.values["a", "b", 0] == Mark(3, 7)
    assert tree.keys["a", "b", 1, "c"] == Mark(4, 9)
    assert tree.values["a", "b", 1, "c"] == Mark(4, 12)


def test_aliases_and_merge_keys() -> None:
    tree = read_tree(
        "a: &x {to: 1, n: 2}\nb: {<<: *x, n: 3}\nc: {<<: [{n: 4}, *x]}\nd: *x\ne: &y {<<: *x}\nf: {<<: *y}"
    )
    assert tree.data["b"] == {"n": "3", "to": "1"}
    assert tree.data["c"] == {"n": "4", "to": "1"}
    assert tree.data["d"] == tree.data["f"] == {"to": "1", "n": "2"}
    assert tree.values["b", "to"] == Mark(1, 12)
    assert tree.faults == []


@pytest.mark.parametrize(
    ("text", "mark", "why"),
    [
        ("a: b\na: c", Mark(2, 1), 'the key "a" stands here twice; the first is in line 1'),
        ("? [x]\n: y", Mark(1, 3), "a key must be a text"),
        ("a: {'': y}", Mark(1, 5), "a key is empty"),
        ("<x>: y", Mark(1, 1), 'unknown key "<x>"'),
        ("a: {<<: b}", Mark(1, 9), "<< takes a mapping"),
        ("a: !!python/name:os.system x", Mark(1, 4), "tags such as"),
        ("a: !!int 5", Mark(1, 4), "tags such as"),
    ],
)
def test_faults_that_can_be_passed_over(text: str, mark: Mark, why: str) -> None:
    faults = read_tree(text).faults
    assert len(faults) == 1
    assert faults[0][1] == mark
    assert why in faults[0][2]


@pytest.mark.parametrize(
    ("text", "mark", "why"),
    [
        ("a: b: c", Mark(1, 5), "not YAML: mapping values"),
        ("a: *", Mark(1, 5), "needs quotes"),
        ("a: 'x", Mark(1, 6), "not YAML"),
        ("ok: 1\na: \x07", Mark(2, 4), "the character #x0007 is not allowed"),
        ("a: \ud800", Mark(1, 4), "the character #xd800 is not allowed"),
        ("a: *x", Mark(1, 4), "no complete &x before it"),
        ("a: &x [*x]", Mark(1, 8), "no complete &x before it"),
        ("a: b\n---\nc: d", Mark(2, 1), "a second document"),
    ],
)
def test_faults_that_end_the_reading(text: str, mark: Mark, why: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_tree(text)
    assert caught.value.mark.line == mark.line
    assert abs(caught.value.mark.column - mark.column) <= 1
    assert why in caught.value.why


def _doubling(levels: int, entry: str) -> str:
    lines = ["a0: &a0 {x: y}"]
    lines += [f"a{n}: &a{n} " + entry.format(f"*a{n - 1}") for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        _doubling(30, "[{0}, {0}, {0}]"),
        _doubling(30, "{{<<: [{0}, {0}, {0}]}}"),
        _doubling(60, "[{0}]"),
        "[" * 100_000,
        "{a: " * 100_000,
        "- " * 100_000,
        "[" + "x, " * (MOST_NODES + 1) + "]",
    ],
    ids=["laughs", "merged laughs", "long chain", "[[[", "{{{", "- - -", "many"],
)
def test_bombs_are_bounded(text: str) -> None:
    started = time.thread_time()
    with pytest.raises(Unreadable, match=r"more than|nested"):
        read_tree(text)
    assert time.thread_time() - started < 10


def test_an_empty_file_has_no_data() -> None:
    assert read_tree("").data is None
    assert read_tree("# nothing\n").data is None


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml")), ids=lambda path: path.stem
)
def test_both_parsers_of_pyyaml_give_the_same_tree(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text(encoding="utf-8")
    usual = read_tree(text)
    monkeypatch.setattr(tree_module, "_LOADER", yaml.SafeLoader)
    plain = read_tree(text)
    assert (plain.data, plain.keys, plain.values) == (usual.data, usual.keys, usual.values)
