"""Regular expressions that mean the same under every Python that we run on.

Python before 3.11.5 forgets, after a possessive repetition of a group, to go back to where the last whole turn ended
(https://github.com/python/cpython/issues/106052). Of single characters possessive repetition is sound; for a group
there is the atomic group: ``(?>(?:...)*)`` for ``(?:...)*+``.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import simcarrier

POSSESSIVE_GROUP = re.compile(r"(?<!\\)\)(?:[*+?]|\{\d*,?\d*\})\+")
"""A repetition of a group that gives nothing back. Braces of an f-string are doubled and so not met."""

ROOT = Path(simcarrier.__file__).parent
SOURCES = sorted(ROOT.rglob("*.py"))


def possessive_groups(source: str) -> list[int]:
    """The lines with a string that repeats a group possessively."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str | bytes)
        and POSSESSIVE_GROUP.search(node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value)
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_group_is_repeated_possessively(path: Path) -> None:
    assert possessive_groups(path.read_text()) == []


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        (r'x = r"(?:ab)*+"', [1]),
        (r"y = 1" + "\n" + r'x = rb"(a)?+b"', [2]),
        (r'x = r"(?>(?:ab)*)[a-z]*+a++"', []),
        (r'x = r"\)*+"', []),
    ],
)
def test_the_check_itself(source: str, lines: list[int]) -> None:
    assert possessive_groups(source) == lines
