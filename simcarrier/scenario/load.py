"""From a file to a `Scenario`, or to all that is wrong with it.

The stages are: bytes to text, text to a tree with the place of everything, parameters put in, and the
models. A file that is not YAML stops at the tree; whatever comes later adds to one list of faults.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from .base import MISSING, UNKNOWN, Location
from .faults import Fault, ScenarioError
from .models import Scenario
from .parameters import Faults, effective, substituted
from .tree import START, Mark, Tree, Unreadable, read_tree

LARGEST = 4 * 1024 * 1024
"""Bytes of a scenario file; a thousand rules are some 100 kB. More is a file named by mistake."""


def load(path: Path | str, parameters: Mapping[str, str] | None = None) -> Scenario:
    """Read a scenario file.

    Args:
        path: the file; paths that stand in it are relative to its folder.
        parameters: values for the scenario's parameters.

    Raises:
        ScenarioError: with every fault of the file.
    """
    path = Path(path)
    name = str(path)
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        why = "is a directory, not a scenario file" if path.is_dir() else f"cannot be read: {error.strerror}"
        raise ScenarioError([Fault(name, 1, 1, "", why)]) from None
    except ValueError as error:
        raise ScenarioError([Fault(name, 1, 1, "", f"cannot be read: {error}")]) from None
    if len(content) > LARGEST:
        raise ScenarioError([Fault(name, 1, 1, "", f"is larger than {LARGEST // 1024 // 1024} MiB")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig")
        mark = Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise ScenarioError([Fault(name, mark.line, mark.column, "", "is not UTF-8 text")]) from None
    return _read(text, name, parameters or {}, path)


def loads(text: str, name: str = "<text>", parameters: Mapping[str, str] | None = None) -> Scenario:
    """Read a scenario from a text; ``name`` stands for the file in faults.

    Raises:
        ScenarioError: with every fault of the text.
    """
    return _read(text, name, parameters or {}, None)


def _read(text: str, name: str, given: Mapping[str, str], path: Path | None) -> Scenario:
    try:
        tree = read_tree(text)
    except Unreadable as error:
        raise ScenarioError([Fault(name, error.mark.line, error.mark.column, "", error.why)]) from None
    if not isinstance(tree.data, dict):
        why = "is empty" if tree.data is None else "must be a mapping of keys such as name, carrier and calls"
        raise ScenarioError([Fault(name, *_at(tree.values.get((), START)), "", f"the scenario {why}")])
    faults = [Fault(name, *_at(mark), _where(place), why) for place, mark, why in tree.faults]
    loose: Faults = []
    values = effective(tree.data.get("parameters"), given, loose)
    body = {key: value for key, value in tree.data.items() if key != "parameters"}
    body = substituted(body, values, loose)
    faults += [_fault(name, tree, location, why, "") for location, why in loose]
    silent = {location for location, _ in loose}
    body["<path>"] = path
    if values:
        body["parameters"] = values
    try:
        scenario = Scenario.model_validate(body, context={"folder": path.parent if path else None})
    except ValidationError as error:
        for found in error.errors(include_url=False, include_context=False):
            if _path(tree, found["loc"])[0] not in silent:
                faults.append(_fault(name, tree, found["loc"], found["msg"], found["type"]))
    if faults:
        unique = dict.fromkeys(faults)
        raise ScenarioError(sorted(unique, key=lambda fault: (fault.line, fault.column)))
    return scenario


def _at(mark: Mark) -> tuple[int, int]:
    return mark.line, mark.column


def _path(tree: Tree, location: Location) -> tuple[Location, bool]:
    """The location as a path in the file, and whether its last element is there."""
    path: Location = ()
    there = True
    for element in location:
        there = (*path, element) in tree.values
        if there:
            path = (*path, element)
    return path, there


def _fault(name: str, tree: Tree, location: Location, message: str, kind: str) -> Fault:
    path, there = _path(tree, location)
    mark = tree.values.get(path, START)
    if (kind == UNKNOWN and there) or location[-1:] == ("[key]",):
        mark = tree.keys.get(path, mark)
    elif kind == MISSING and not there:
        message = f'the key "{location[-1]}" is missing'
    if message.startswith("must "):
        message = f"{_subject(path)} {message}"
    return Fault(name, *_at(mark), _where(path), message)


def _subject(path: Location) -> str:
    for place in range(len(path) - 1, -1, -1):
        if isinstance(path[place], str):
            return f'"{_where(path[place:])}"'
    return "the scenario"


def _where(path: Location) -> str:
    where = ""
    for element in path:
        if isinstance(element, int):
            where += f"[{element}]"
        elif element.replace("-", "_").isidentifier():
            where += f".{element}" if where else element
        else:
            where += f'["{element}"]'
    return where


__all__ = ["Fault", "Scenario", "ScenarioError", "load", "loads"]
