"""The text of a scenario without its passwords.

A password stands under ``carrier.customers[].password``: written out, as an alias, merged in, or as the parameter
that it names. In its place comes `HIDDEN`, which no scenario that is read from a file can have as a password; so a text
that went through here can be changed and read again, but is not taken for a whole one. All else stays, but for
comments: a password that somebody noted there is hidden, too. What is left is compared with what was there: should a
text be written in a way that this does not understand, there is no text rather than one with a password in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .business.customers import HIDDEN
from .original import NOTHING
from .parameters import uses
from .tree import Node, Unreadable, compose, read_tree

SHORT: Final = 4
"""Characters up to which a password is looked for as a word of its own: ``a`` stands in most words."""

_COMMENT: Final = re.compile(r"#[^\n]*")


@dataclass(frozen=True, slots=True)
class Hidden:
    """A text without its passwords.

    Attributes:
        text: None if it cannot be had.
        parameters: the names of those that are passwords, or parts of some.
        secrets: what was left out.
    """

    text: str | None
    parameters: frozenset[str]
    secrets: frozenset[str]


def with_plain_breaks(text: str) -> str:
    """A text with the line breaks that a browser leaves alone; YAML takes all for the same."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def without_passwords(text: str, given: Mapping[str, str] = NOTHING, known: Collection[str] = ()) -> Hidden:
    """Leave the passwords out.

    Args:
        text: that a scenario was read from; lines end with a line feed.
        given: the parameters that were set from outside.
        known: further passwords, such as those in the environment.

    Raises:
        Unreadable: it is no YAML.
    """
    root = compose(text)
    found = list(_passwords(root))
    parameters = frozenset(name for node in found for name in uses(node.text or "")[0])
    # A password that only names parameters may be seen; their values may not, whatever they look like.
    told = [*filter(_says_more_than_names, found), *_parameters(root, parameters)]
    nodes = {id(node): node for node in told if node.text is not None and not node.is_null}
    given_secrets = (given[name] for name in parameters & set(given))
    secrets = frozenset({*known, *given_secrets, *(node.text or "" for node in nodes.values())} - {"", HIDDEN})
    shown = _replaced(text, _scalars(root), nodes, scrubber(secrets))
    if shown == text:
        return Hidden(text, parameters, secrets)
    try:
        if not _alike(read_tree(text).data, read_tree(shown).data, secrets):
            return Hidden(None, parameters, secrets)
    except Unreadable:
        return Hidden(None, parameters, secrets)
    return Hidden(shown, parameters, secrets)


def scrubber(secrets: Iterable[str]) -> Callable[[str], str]:
    """What hides passwords in any text."""
    words = sorted({word for secret in secrets for word in (secret, secret.strip()) if word}, key=len, reverse=True)
    if not words:
        return lambda text: text
    pattern = "|".join(rf"(?<!\w){re.escape(word)}(?!\w)" if len(word) < SHORT else re.escape(word) for word in words)
    compiled = re.compile(pattern)
    return lambda text: compiled.sub(HIDDEN, text)


def _says_more_than_names(node: Node) -> bool:
    return node.text is not None and uses(node.text)[1] != ""


def _passwords(root: Node | None) -> Iterator[Node]:
    for carrier in _under(root, "carrier"):
        for customers in _under(carrier, "customers"):
            for customer in customers.items or ():
                yield from _under(customer, "password")


def _parameters(root: Node | None, names: Collection[str]) -> Iterator[Node]:
    for parameters in _under(root, "parameters"):
        for name in names:
            yield from _under(parameters, name)


def _under(node: Node | None, key: str) -> Iterator[Node]:
    """All values of a key, merged ones too, were they even overruled."""
    for name, value in () if node is None else node.pairs or ():
        if name.merges:
            for merged in (value, *(value.items or ())):
                yield from _under(merged, key)
        elif name.text == key:
            yield value


def _scalars(root: Node | None) -> list[Node]:
    """All scalars, in the order of the text, each once."""
    found: dict[int, Node] = {}
    seen: set[int] = set()
    rest = [] if root is None else [root]
    while rest:
        node = rest.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.text is not None:
            found[id(node)] = node
        rest += node.items or ()
        for pair in node.pairs or ():
            rest += pair
    return sorted(found.values(), key=lambda node: node.begin)


def _replaced(text: str, scalars: list[Node], nodes: Collection[int], scrub: Callable[[str], str]) -> str:
    pieces = []
    at = 0
    for node in scalars:
        pieces.append(_COMMENT.sub(lambda comment: scrub(comment[0]), text[at : node.begin]))
        written = text[node.begin : node.end]
        if id(node) in nodes:
            anchor = "" if node.anchor is None else f"&{node.anchor} "
            breaks = len(written) - len(written.rstrip("\n"))
            written = anchor + HIDDEN + "\n" * breaks
        pieces.append(written)
        at = node.end
    pieces.append(_COMMENT.sub(lambda comment: scrub(comment[0]), text[at:]))
    return "".join(pieces)


def _alike(before: Any, after: Any, secrets: Collection[str]) -> bool:
    """Whether nothing differs but what was a password."""
    if isinstance(before, dict) and isinstance(after, dict):
        return list(before) == list(after) and all(_alike(before[key], after[key], secrets) for key in before)
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(lambda one, other: _alike(one, other, secrets), before, after))
    return bool(before == after) or (after == HIDDEN and before in secrets)
