"""YAML as plain data whose scalars are still the text that was typed, with the place of every key and
value.

YAML 1.1 turns an unquoted +4930123 into an integer, 0441632 into another one (octal) and 12:30:45 into a
third, and the digits are gone. Here nothing is resolved: a field that wants a number makes it of the text.
Only an empty scalar, ``~`` and ``null`` become None.

The tree is built from the parser's events rather than by PyYAML's composer: so depth and size are bounded
before any memory is spent on them, an alias can only name what is complete (hence no cycles), and an
explicit tag can be told from a resolved one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from .base import Location

MOST_NODES = 200_000
"""Keys and values after aliases are followed; a thousand rules need some ten thousand."""

DEEPEST = 40
"""Levels of nesting; the language itself needs about ten."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN_TAGS = frozenset({None, "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})
_UNPRINTABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML 1.1 refuses. The two parsers of PyYAML tell it at different places, in bytes or in characters."""
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file: line and column, counted from 1."""

    line: int
    column: int


START = Mark(1, 1)


class Unreadable(ValueError):
    """The file is not YAML that can be read any further."""

    def __init__(self, mark: Mark, why: str) -> None:
        super().__init__(why)
        self.mark = mark
        self.why = why


@dataclass(slots=True)
class Tree:
    """A file's data.

    Attributes:
        data: mappings, lists, texts and None.
        keys: where the key stands by which each path ends.
        values: where the value of each path begins.
        faults: what is wrong but could be passed over: path, place, and why.
    """

    data: Any = None
    keys: dict[Location, Mark] = field(default_factory=dict)
    values: dict[Location, Mark] = field(default_factory=dict)
    faults: list[tuple[Location, Mark, str]] = field(default_factory=list)


@dataclass(slots=True)
class Node:
    """A node as it is written: a text, a list, or a mapping.

    Attributes:
        mark: where it begins.
        begin, end: the characters of a scalar in the text; its anchor is among them.
        anchor: the name after its ``&``.
        text: of a scalar.
        plain: whether it is a scalar without quotes.
        items: of a list.
        pairs: keys and values of a mapping, merge keys among them.
    """

    mark: Mark
    begin: int
    end: int
    anchor: str | None
    tag: str | None
    text: str | None = None
    plain: bool = False
    items: list[Node] | None = None
    pairs: list[tuple[Node, Node]] | None = None

    @property
    def merges(self) -> bool:
        """Whether it is the key ``<<``."""
        return self.plain and self.text == "<<"

    @property
    def is_null(self) -> bool:
        """Whether it stands for nothing."""
        return self.plain and self.tag is None and self.text in _NULLS


def read_tree(text: str) -> Tree:
    """Read one YAML document.

    Raises:
        Unreadable: not YAML, several documents, too deep, too large, or an alias without its anchor.
    """
    return _Grower(compose(text)).tree


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)


def _events(text: str) -> Iterator[Any]:
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        found = error.problem_mark or error.context_mark
        why = ", ".join(part for part in (error.context, error.problem) if part)
        if error.context == "while scanning an alias":
            why += '; a text that begins with * needs quotes: "*"'
        raise Unreadable(_mark(found) if found else START, f"not YAML: {why}") from None
    except yaml.YAMLError as error:
        raise Unreadable(START, f"not YAML: {error}") from None


def compose(text: str) -> Node | None:
    """The nodes of one YAML document, an alias as the node that it names; None if it is empty.

    Raises:
        Unreadable: as for `read_tree`.
    """
    found = _UNPRINTABLE.search(text)
    if found:
        place = found.start()
        mark = Mark(text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place))
        raise Unreadable(mark, f"not YAML: the character #x{ord(found[0]):04x} is not allowed")
    events = _events(text)
    anchors: dict[str, Node] = {}
    root: Node | None = None
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            if root is not None:
                raise Unreadable(_mark(event.start_mark), "a second document begins here; a scenario is one document")
            root = _compose(next(events), events, anchors, 0)
    return root


def _compose(event: Any, events: Iterator[Any], anchors: dict[str, Node], depth: int) -> Node:
    mark = _mark(event.start_mark)
    if isinstance(event, yaml.AliasEvent):
        if event.anchor not in anchors:
            raise Unreadable(mark, f"the alias *{event.anchor} has no complete &{event.anchor} before it")
        return anchors[event.anchor]
    if depth > DEEPEST:
        raise Unreadable(mark, f"nested more than {DEEPEST} levels deep")
    anchor = event.anchor
    node = Node(mark, event.start_mark.index, event.end_mark.index, anchor, event.tag)
    if isinstance(event, yaml.ScalarEvent):
        node.text, node.plain = event.value, not event.style
    elif isinstance(event, yaml.SequenceStartEvent):
        node.items = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            node.items.append(_compose(event, events, anchors, depth + 1))
    else:
        node.pairs = []
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = _compose(event, events, anchors, depth + 1)
            node.pairs.append((key, _compose(next(events), events, anchors, depth + 1)))
    if anchor is not None:
        anchors[anchor] = node
    return node


class _Grower:
    """Turns nodes into data, following aliases and merge keys within bounds."""

    def __init__(self, root: Node | None) -> None:
        self.tree = Tree()
        self._nodes = 0
        if root is not None:
            self.tree.values[()] = root.mark
            self.tree.data = self._value(root, (), 0)

    def _count(self, node: Node, depth: int) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise Unreadable(node.mark, f"more than {MOST_NODES} keys and values, aliases followed")
        if depth > DEEPEST:
            raise Unreadable(node.mark, f"nested more than {DEEPEST} levels deep, aliases followed")

    def _fault(self, path: Location, mark: Mark, why: str) -> None:
        self.tree.faults.append((path, mark, why))

    def _value(self, node: Node, path: Location, depth: int) -> Any:
        self._count(node, depth)
        if node.tag not in _PLAIN_TAGS:
            self._fault(path, node.mark, f"tags such as {node.tag[:60] if node.tag else ''} are not understood here")
        if node.items is not None:
            values = []
            for place, item in enumerate(node.items):
                self.tree.values[*path, place] = item.mark
                values.append(self._value(item, (*path, place), depth + 1))
            return values
        if node.pairs is not None:
            return self._mapping(node, path, depth)
        return None if node.is_null else node.text

    def _mapping(self, node: Node, path: Location, depth: int) -> dict[str, Any]:
        chosen: dict[str, tuple[Node, Node]] = {}
        for key, value in node.pairs or ():
            if key.merges:
                continue
            name = self._key(key, path)
            if name is None:
                continue
            if name in chosen:
                first = chosen[name][0].mark.line
                self._fault(
                    (*path, name), key.mark, f'the key "{name[:60]}" stands here twice; the first is in line {first}'
                )
                continue
            chosen[name] = (key, value)
        for key, value in node.pairs or ():
            if key.merges:
                self._merge(value, chosen, path, depth)
        data = {}
        for name, (key, value) in chosen.items():
            self.tree.keys[*path, name] = key.mark
            self.tree.values[*path, name] = value.mark
            data[name] = self._value(value, (*path, name), depth + 1)
        return data

    def _key(self, key: Node, path: Location) -> str | None:
        if key.text is None:
            self._fault(path, key.mark, "a key must be a text")
        elif not key.text:
            self._fault(path, key.mark, "a key is empty")
        elif key.text.startswith("<"):
            self._fault(path, key.mark, f'unknown key "{key.text[:60]}"')
        else:
            return key.text
        return None

    def _merge(self, node: Node, chosen: dict[str, tuple[Node, Node]], path: Location, depth: int) -> None:
        """Adds what is merged in and not said already; of several sources the first wins."""
        self._count(node, depth)
        if node.items is not None:
            for item in node.items:
                self._merge(item, chosen, path, depth + 1)
            return
        if node.pairs is None:
            self._fault(path, node.mark, "<< takes a mapping, or a list of mappings")
            return
        for key, value in node.pairs:
            self._count(key, depth)
            name = None if key.merges else self._key(key, path)
            if name is not None:
                chosen.setdefault(name, (key, value))
        for key, value in node.pairs:
            if key.merges:
                self._merge(value, chosen, path, depth + 1)
