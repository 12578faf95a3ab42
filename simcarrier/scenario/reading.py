"""What reading any YAML file of ours begins with, and how what is wrong with it is told: with its place.

The stages are: bytes to text, text to a tree with the place of everything, and the models of whoever asked. A file that
is not YAML stops at the tree; whatever comes later adds to one list of faults.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from .base import MISSING, UNKNOWN, Location
from .faults import Fault, ScenarioError
from .tree import START, Mark, Tree, Unreadable, read_tree

M = TypeVar("M", bound=BaseModel)

LARGEST = 4 * 1024 * 1024
"""Bytes of a file; a thousand rules are some 100 kB. More is a file named by mistake."""


def read_text_of(path: Path, kind: str) -> str:
    """The text of a file.

    Args:
        path: the file.
        kind: what it is to be, such as ``scenario``.

    Raises:
        ScenarioError: it cannot be read, is too large, or is not UTF-8.
    """
    name = str(path)
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        why = f"is a directory, not a {kind} file" if path.is_dir() else f"cannot be read: {error.strerror}"
        raise ScenarioError([Fault(name, 1, 1, "", why)]) from None
    except ValueError as error:
        raise ScenarioError([Fault(name, 1, 1, "", f"cannot be read: {error}")]) from None
    if len(content) > LARGEST:
        raise ScenarioError([Fault(name, 1, 1, "", f"is larger than {LARGEST // 1024 // 1024} MiB")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig")
        mark = Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise ScenarioError([Fault(name, mark.line, mark.column, "", "is not UTF-8 text")]) from None


class Source:
    """A file's tree, and what is wrong with it so far.

    Args:
        text: what is in the file.
        name: the file's name in faults.
        kind: what it is to be, such as ``scenario``.
        keys: some keys that such a file has, in words.

    Attributes:
        data: the file's mapping.
        faults: in the order in which they were found.

    Raises:
        ScenarioError: not YAML, or no mapping.
    """

    def __init__(self, text: str, name: str, kind: str, keys: str) -> None:
        self._name = name
        self._kind = kind
        try:
            self._tree: Tree = read_tree(text)
        except Unreadable as error:
            raise ScenarioError([Fault(name, error.mark.line, error.mark.column, "", error.why)]) from None
        if not isinstance(self._tree.data, dict):
            why = "is empty" if self._tree.data is None else f"must be a mapping of keys such as {keys}"
            mark = self._tree.values.get((), START)
            raise ScenarioError([Fault(name, mark.line, mark.column, "", f"the {kind} {why}")])
        self.data: Mapping[str, Any] = self._tree.data
        self.faults = [Fault(name, mark.line, mark.column, where(place), why) for place, mark, why in self._tree.faults]

    def path(self, location: Location) -> Location:
        """A model's location as a path in the file, as far as it is there."""
        return self._path(location)[0]

    def place(self, location: Location) -> str:
        """Where the value at a location begins, ``FILE:LINE:COLUMN``."""
        mark = self._tree.values.get(location, START)
        return f"{self._name}:{mark.line}:{mark.column}"

    def add(self, location: Location, message: str, kind: str = "") -> None:
        """Something is wrong at a location of the models."""
        path, there = self._path(location)
        mark = self._tree.values.get(path, START)
        if (kind == UNKNOWN and there) or location[-1:] == ("[key]",):
            mark = self._tree.keys.get(path, mark)
        elif kind == MISSING and not there:
            message = f'the key "{location[-1]}" is missing'
        if message.startswith("must "):
            message = f"{self._subject(path)} {message}"
        self.faults.append(Fault(self._name, mark.line, mark.column, where(path), message))

    def note(
        self,
        error: ValidationError,
        silent: Container[Location] = (),
        at: Callable[[Location], Location] = lambda location: location,
    ) -> None:
        """Add what a model has found.

        Args:
            error: what pydantic raised.
            silent: paths of which nothing more is to be told: something is wrong with them already.
            at: where in the file a location of the model is.
        """
        for found in error.errors(include_url=False, include_context=False):
            location = at(found["loc"])
            if self.path(location) not in silent:
                self.add(location, found["msg"], found["type"])

    def validated(
        self, model: type[M], body: Mapping[str, Any], context: dict[str, Any], silent: Container[Location] = ()
    ) -> M | None:
        """Make a model of what stands here, and note its faults.

        Args:
            model: which.
            body: the values.
            context: what its validators need to know.
            silent: as for `note`.

        Returns:
            None if there are faults.
        """
        try:
            return model.model_validate(dict(body), context=context)
        except ValidationError as error:
            self.note(error, silent)
            return None

    def raise_if_faulty(self, further: Iterable[Fault] = ()) -> None:
        """Stop here if anything is wrong.

        Args:
            further: faults of other files that belong to this one; they are told after its own.

        Raises:
            ScenarioError: with every fault, in the order of the file.
        """
        own = sorted(dict.fromkeys(self.faults), key=lambda fault: (fault.line, fault.column))
        if own or further:
            raise ScenarioError([*own, *dict.fromkeys(further)])

    def _path(self, location: Location) -> tuple[Location, bool]:
        """The location as a path in the file, and whether its last element is there."""
        path: Location = ()
        there = True
        for element in location:
            there = (*path, element) in self._tree.values
            if there:
                path = (*path, element)
        return path, there

    def _subject(self, path: Location) -> str:
        for place in range(len(path) - 1, -1, -1):
            if isinstance(path[place], str):
                return f'"{where(path[place:])}"'
        return f"the {self._kind}"


def where(path: Location) -> str:
    """A path as it is told: ``calls[2].steps[1].wait``."""
    told = ""
    for element in path:
        if isinstance(element, int):
            told += f"[{element}]"
        elif element.replace("-", "_").isidentifier():
            told += f".{element}" if told else element
        else:
            told += f'["{element}"]'
    return told
