"""What rules compare numbers and header values with."""

from __future__ import annotations

import time
from typing import Any

import pytest

from simcarrier.scenario.patterns import LONGEST_SUBJECT, NumberPattern, TextPattern

NUMBERS: list[tuple[str, Any, list[str], list[str]]] = [
    ("exact", "+4930123", ["+4930123"], ["+49301234", "4930123", ""]),
    ("prefix", "+49*", ["+49", "+4930"], ["+48", "49"]),
    ("anything", "*", ["", "+49", "alice"], []),
    ("regex", r"/^\+49\d+$/", ["+491"], ["+49", "+49a", "x+491"]),
    ("regex is searched", "/30/", ["+4930"], ["+4940"]),
    ("list", ["+4930", "+41*", "/9$/"], ["+4930", "+411", "19"], ["+49300", "+40"]),
    ("not a text", {"not": "+49*"}, ["+48", ""], ["+49", "+491"]),
    ("not a list", {"not": ["+4930*", "+4989*"]}, ["+4940"], ["+49301", "+4989"]),
]


@pytest.mark.parametrize(("written", "yes", "no"), [case[1:] for case in NUMBERS], ids=[case[0] for case in NUMBERS])
def test_numbers(written: Any, yes: list[str], no: list[str]) -> None:
    pattern = NumberPattern.parse(written)
    assert [text for text in yes if not pattern.matches(text)] == []
    assert [text for text in no if pattern.matches(text)] == []
    assert NumberPattern.parse(pattern) is pattern


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "empty"),
        ([], "empty list"),
        ([""], "empty"),
        ("+49*1", r"\* at the end"),
        ("*43", r"\* at the end"),
        ("**", r"\* at the end"),
        ("+49 30", "without spaces"),
        ("/(/", "not a regular expression"),
        ("/a", "close"),
        ("/", "close"),
        ("//", "empty regular expression"),
        ("/[[a]/", "not a regular expression"),
        ("/a{99999999999}/", "not a regular expression"),
        ({"not": "*"}, "leave something over"),
        ({"not": {"not": "1"}}, "must be a number"),
        ({"is": "1"}, "must be a number"),
        ({}, "must be a number"),
        (None, "must be a number"),
        ([["1"]], "must be a number"),
    ],
)
def test_what_is_no_number_pattern_is_refused(written: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        NumberPattern.parse(written)


def test_the_source_form() -> None:
    assert str(NumberPattern.parse("+49*")) == "+49*"
    assert str(NumberPattern.parse(["1", "2"])) == "[1, 2]"
    assert str(NumberPattern.parse({"not": ["1", "2"]})) == "not [1, 2]"


def test_index_keys_are_there_when_they_are_complete() -> None:
    assert NumberPattern.parse(["2", "1", "3*"]).index_keys == (("exact", "1"), ("exact", "2"), ("prefix", "3"))
    for asked in ("*", "/1/", ["1", "/1/"], {"not": "1"}):
        assert NumberPattern.parse(asked).index_keys is None


def test_a_regex_sees_no_more_than_its_limit() -> None:
    assert not NumberPattern.parse("/b$/").matches("a" * LONGEST_SUBJECT + "b")
    started = time.thread_time()
    NumberPattern.parse("/(a|b|ab)*c/").matches("x" * 1_000_000)
    assert time.thread_time() - started < 0.1


TEXTS: list[tuple[str, Any, list[str | None], list[str | None]]] = [
    ("exact", "abc", ["abc"], ["ab", "abcd", None]),
    ("starts", "abc*", ["abc", "abcd"], ["xabc", None]),
    ("ends", "*abc", ["abc", "xabc"], ["abcd", None]),
    ("contains", "*abc*", ["abc", "xabcx"], ["ab", None]),
    ("anything", "*", ["", "x"], [None]),
    ("regex", "/^a.c$/", ["abc"], ["abcd", None]),
    ("list", ["a", "b*"], ["a", "bc"], ["c", None]),
    ("not", {"not": "a*"}, ["b", None], ["a", "ab"]),
    ("present", {"present": "true"}, ["", "x"], [None]),
    ("not present", {"present": "false"}, [None], ["", "x"]),
    ("absent", {"absent": True}, [None], ["x"]),
    ("not absent", {"absent": "false"}, ["x"], [None]),
]


@pytest.mark.parametrize(("written", "yes", "no"), [case[1:] for case in TEXTS], ids=[case[0] for case in TEXTS])
def test_texts(written: Any, yes: list[str | None], no: list[str | None]) -> None:
    pattern = TextPattern.parse(written)
    assert [text for text in yes if not pattern.matches(text)] == []
    assert [text for text in no if pattern.matches(text)] == []
    assert str(pattern)
    assert TextPattern.parse(pattern) is pattern


@pytest.mark.parametrize("written", ["", "a*b", "/(/", [], {"present": "maybe"}, {"present": "true", "not": "a"}, None])
def test_what_is_no_text_pattern_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match=r"must|not a regular"):
        TextPattern.parse(written)
