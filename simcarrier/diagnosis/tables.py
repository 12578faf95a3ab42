"""Reading the tables of the diagnosis: YAML for people, checked in one pass, each fault with its line.

Every scalar is read as a string: no code is a number here, and no ``yes`` a truth value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

import yaml

Allowed = Collection[str] | Callable[[str], bool]
"""Which values there can be: a list of them, or whether one is good."""


class TableError(Exception):
    """A table has faults; each is told with its line."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class Lines(dict[str, Any]):
    """A mapping that knows the lines of its keys."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


def shipped(name: str) -> str:
    """The text of a table that ships."""
    return (files(__package__) / name).read_text(encoding="utf-8")


class Source:
    """One table file.

    Args:
        text: YAML.
        name: what faults call it.

    Attributes:
        top: what it says.
        faults: what is wrong with it, as far as was looked.

    Raises:
        TableError: it is no YAML.
    """

    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self.faults: list[str] = []
        try:
            node = yaml.compose(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
        except yaml.YAMLError as error:
            raise TableError([f"{name}: {error}"]) from None
        made = self._plain(node)
        self.top = made if isinstance(made, Lines) else Lines(1)

    def done(self) -> None:
        """All has been looked at.

        Raises:
            TableError: there were faults.
        """
        if self.faults:
            raise TableError(self.faults)

    def fault(self, line: int, why: str) -> None:
        """Note a fault."""
        self.faults.append(f"{self._name}:{line}: {why}")

    def only(self, given: Lines, known: Iterable[str], where: str) -> None:
        """Nothing else stands there."""
        for key in given.keys() - set(known):
            self.fault(given.lines[key], f"{where}: {key} is not known")

    def map(self, given: Lines, key: str) -> Lines:
        """The mapping below a key; empty if there is none."""
        found = given.get(key)
        if isinstance(found, Lines):
            return found
        if found:
            self.fault(given.lines[key], f"{key} must be a mapping, not {found}")
        return Lines(given.lines.get(key, given.line))

    def items(self, given: Lines, key: str) -> list[str]:
        """The list below a key; a single word is a list of one."""
        found = given.get(key, [])
        return [str(each) for each in found] if isinstance(found, list) else [str(found)]

    def weights(self, given: Lines, key: str, allowed: Allowed) -> dict[str, float]:
        """Weights by value, made to add to 1; empty if there are none."""
        written = self.map(given, key)
        found: dict[str, float] = {}
        for value in written:
            if allowed(value) if callable(allowed) else value in allowed:
                found[value] = self.number(written, value, key)
            else:
                few = "" if callable(allowed) else f"; there are {', '.join(allowed)}"
                self.fault(written.lines[value], f"{key}: {value} is not known{few}")
        return normal(found) if found else {}

    def number(self, given: Lines, key: str, where: str) -> float:
        """A number above 0."""
        said = given.get(key)
        try:
            number = float(said or "")
        except (TypeError, ValueError):
            number = math.nan
        if not 0 < number <= 1000:
            told = "nothing" if said is None else said
            self.fault(given.lines.get(key, given.line), f"{where}: {key} must be a number above 0, not {told}")
            return 1.0
        return number

    def share(self, given: Lines, key: str) -> float:
        """A share such as ``5%``, below 1."""
        said = str(given.get(key, ""))
        share = share_of(said)
        if share is None:
            self.fault(given.lines.get(key, given.line), f"{key} must be a share such as 5%, not {said or 'nothing'}")
            return 0.1
        return share

    def _plain(self, node: yaml.Node | None) -> Any:
        if isinstance(node, yaml.MappingNode):
            made = Lines(node.start_mark.line + 1)
            for key, value in node.value:
                name, line = str(key.value), key.start_mark.line + 1
                if name in made:
                    self.fault(line, f"{name} stands there twice")
                made[name] = self._plain(value)
                made.lines[name] = line
            return made
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(each) for each in node.value]
        return None if node is None else node.value


def share_of(said: str) -> float | None:
    """A share from 0 to below 1, of ``12%`` and the like; None for anything else."""
    try:
        share = float(said.removesuffix("%")) / 100 if said.endswith("%") else math.nan
    except ValueError:
        return None
    return share if 0 <= share < 1 else None


def normal(weights: Mapping[str, float]) -> dict[str, float]:
    """Weights that add to 1."""
    total = sum(weights.values())
    return {value: weight / total for value, weight in weights.items()}
