"""House rules that no linter knows: short files, docstrings, reasons for exceptions, no sleeping tests."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST_FILE = 450  # lines; a file with one theme stays well below
LONGEST_SLEEP = 0.5  # seconds; the shortest of SIP's own timers, T1

PACKAGE_FILES = sorted((ROOT / "simcarrier").rglob("*.py"))
TEST_FILES = sorted((ROOT / "tests").rglob("*.py"))
OTHER_FILES = sorted(path for room in ("benchmarks", "examples") for path in (ROOT / room).rglob("*.py"))
ALL_FILES = PACKAGE_FILES + TEST_FILES + OTHER_FILES


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@lru_cache(maxsize=1)
def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def parsed(source: str) -> ast.Module:
    return ast.parse(source)


def places(lines: Callable[[str], list[int]], paths: list[Path]) -> list[str]:
    """Where a rule is broken, such as ``simcarrier/x.py:12``."""
    return [f"{name_of(path)}:{line}" for path in paths for line in lines(read(path))]


def test_there_is_something_to_check() -> None:
    assert len(PACKAGE_FILES) > 10
    assert len(TEST_FILES) > 3


def test_files_are_short() -> None:
    lengths = {name_of(path): len(read(path).splitlines()) for path in PACKAGE_FILES}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def lacks_docstring(source: str) -> bool:
    """Whether a module has code or comments but does not open with its theory."""
    if source.startswith(('"""', 'r"""')):  # nearly all: thousands of files are not parsed for it
        return False
    return bool(source.strip()) and not ast.get_docstring(parsed(source))


def test_modules_open_with_a_docstring() -> None:
    assert [name_of(path) for path in ALL_FILES if lacks_docstring(read(path))] == []


IGNORE = re.compile(r"#\s*(type:\s*ignore|noqa)\b", re.IGNORECASE)
IGNORE_WITH_REASON = re.compile(
    r"#\s*(?:type: ignore\[[a-z, -]+\]\s+#|noqa: [A-Z]+[0-9]+(?:, ?[A-Z]+[0-9]+)*\s+(?:#|-))\s*\w+"
)
MAY_BE_EXCEPTION = re.compile(r"except\s*:|Exception|type:\s*ignore|noqa", re.IGNORECASE)
BROAD = ("Exception", "BaseException")


def without_reason(source: str) -> list[int]:
    """Lines with a `type: ignore`, a `noqa` or a broad `except` that has no reason beside it."""
    if not MAY_BE_EXCEPTION.search(source):
        return []
    comments = {
        token.start[0]: token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    faults = {
        line for line, comment in comments.items() if IGNORE.search(comment) and not IGNORE_WITH_REASON.search(comment)
    }
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.ExceptHandler) and is_broad(node.type) and not passes_on(node):
            comment = comments.get(node.lineno, "")
            if not comment or (IGNORE.search(comment) and not IGNORE_WITH_REASON.search(comment)):
                faults.add(node.lineno)
    return sorted(faults)


def is_broad(caught: ast.expr | None) -> bool:
    if caught is None:
        return True
    if isinstance(caught, ast.Tuple):
        return any(is_broad(element) for element in caught.elts)
    return isinstance(caught, ast.Name) and caught.id in BROAD


def passes_on(handler: ast.ExceptHandler) -> bool:
    """Whether the handler only tidies up and raises again what it caught."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_exceptions_to_the_rules_have_a_reason() -> None:
    assert places(without_reason, ALL_FILES) == []


SAMPLES = {
    "x = 1  # type: ignore": [1],
    "x = 1  # type: ignore[assignment]": [1],
    "x = 1  # type: ignore  # because": [1],
    "x = 1  # type: ignore[assignment]  # the stub is wrong": [],
    "x = 1  # noqa": [1],
    "x = 1  # noqa: E501": [1],
    "x = 1  # noqa: E501 -": [1],
    "x = 1  # noqa: E501 - the table reads better so": [],
    "x = 1  # noqa: E501, B008  # the table reads better so": [],
    "s = '# noqa'": [],
    "try:\n    f()\nexcept Exception:\n    g()": [3],
    "try:\n    f()\nexcept Exception:  # noqa: BLE001\n    g()": [3],
    "try:\n    f()\nexcept Exception:  # a plugin may raise anything\n    g()": [],
    "try:\n    f()\nexcept Exception:  # noqa: BLE001  # a plugin may raise anything\n    g()": [],
    "try:\n    f()\nexcept (ValueError, BaseException):\n    g()": [3],
    "try:\n    f()\nexcept:\n    g()": [3],
    "try:\n    f()\nexcept BaseException:\n    g()\n    raise": [],
    "try:\n    f()\nexcept ValueError:\n    g()": [],
}


@pytest.mark.parametrize(("source", "lines"), SAMPLES.items(), ids=[repr(source) for source in SAMPLES])
def test_the_check_for_reasons_itself(source: str, lines: list[int]) -> None:
    assert without_reason(source) == lines


def long_sleeps(source: str) -> list[int]:
    """Lines that call time.sleep or asyncio.sleep with half a second or more, however imported."""
    if "sleep" not in source:
        return []
    constants = {
        target.id: node.value.value
        for node in ast.walk(parsed(source))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    faults: list[int] = []
    for node in ast.walk(parsed(source)):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        length = next(iter([*node.args, *(keyword.value for keyword in node.keywords)]), None)
        value = length.value if isinstance(length, ast.Constant) else constants.get(getattr(length, "id", ""))
        if name == "sleep" and isinstance(value, int | float) and value >= LONGEST_SLEEP:
            faults.append(node.lineno)
    return faults


def test_no_test_sleeps_for_a_timer() -> None:
    assert places(long_sleeps, TEST_FILES) == []


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        pytest.param("time.sleep(0.5)", [1], id="time"),
        pytest.param("async def f():\n    await asyncio.sleep(32)", [2], id="asyncio"),
        pytest.param("sleep(1)", [1], id="imported by name"),
        pytest.param("asyncio.sleep(delay=1)", [1], id="by keyword"),
        pytest.param("sleep()", [], id="no length"),
        pytest.param("T1 = 0.5\nsleep(T1)", [2], id="by a constant"),
        pytest.param("time.sleep(0.05)", [], id="short"),
        pytest.param("clock.advance(32)", [], id="a virtual clock"),
    ],
)
def test_the_check_for_sleeps_itself(source: str, lines: list[int]) -> None:
    assert long_sleeps(source) == lines
