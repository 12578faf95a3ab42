"""What a rule compares with: numbers, and the values of headers.

A telephone number is text. ``+4930123`` is that number, ``+49*`` everything that begins so, ``*`` anything,
``/.../`` a regular expression, a list any of these, and ``{not: ...}`` everything else. The compiled form
keeps exact numbers, prefixes and expressions apart, so that whoever has a thousand rules can index them
instead of asking each.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .units import shown

LONGEST_SUBJECT = 256
"""A regular expression sees so many characters of a text. The author may write one that backtracks; the
caller must not choose how far."""


def compile_regex(text: str) -> re.Pattern[str]:
    """The expression between the slashes of ``/.../``.

    Raises:
        ValueError: it is empty, not closed, or not a regular expression.
    """
    if len(text) < 2 or not text.endswith("/"):
        raise ValueError(f"must close its regular expression with a slash: {shown(text)}")
    if len(text) == 2:
        raise ValueError("must not be an empty regular expression")
    try:
        with warnings.catch_warnings():
            # Python warns of expressions whose meaning may change; such a one is better written differently now.
            warnings.simplefilter("error")
            return re.compile(text[1:-1])
    except (re.error, OverflowError, RecursionError, Warning) as why:
        raise ValueError(f"is not a regular expression: {shown(text)}: {why}") from None


def _entries(value: object, what: str) -> tuple[list[str], bool]:
    """The texts of a string, a list, or ``{not: ...}``; and whether they are negated."""
    negated = False
    if isinstance(value, Mapping):
        if list(value) != ["not"]:
            raise ValueError(f"must be {what}, a list of them, or {{not: ...}}")
        negated, value = True, value["not"]
    texts: list[str] = []
    for text in value if isinstance(value, list | tuple) else [value]:
        if not isinstance(text, str):
            raise ValueError(f"must be {what}, a list of them, or {{not: ...}}, not {shown(text)}")
        if not text:
            raise ValueError("must not be empty")
        texts.append(text)
    if not texts:
        raise ValueError("must not be an empty list")
    return texts, negated


def _source(texts: list[str], negated: bool) -> str:
    body = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    return f"not {body}" if negated else body


@dataclass(frozen=True, slots=True)
class NumberPattern:
    """Numbers (user parts of a URI) that a rule is for.

    Attributes:
        exact: these numbers.
        prefixes: numbers beginning so.
        regexes: numbers in which one of these is found.
        anything: every number.
        negated: turn the outcome round.
        source: the pattern as it was written.
    """

    exact: frozenset[str]
    prefixes: tuple[str, ...]
    regexes: tuple[re.Pattern[str], ...]
    anything: bool
    negated: bool
    source: str

    @classmethod
    def parse(cls, value: Any) -> NumberPattern:
        """Read a string, a list of strings, or ``{not: string or list}``.

        Raises:
            ValueError: empty, a ``*`` elsewhere than at the end, white space, or an invalid regular
            expression.
        """
        if isinstance(value, NumberPattern):
            return value
        texts, negated = _entries(value, 'a number such as "+4930123" or "+49*"')
        exact, prefixes, regexes, anything = set(), [], [], False
        for text in texts:
            if text.startswith("/"):
                regexes.append(compile_regex(text))
            elif text == "*":
                anything = True
            elif "*" in text[:-1]:
                raise ValueError(f"must have its * at the end: {shown(text)}; use /.../ for anything finer")
            elif any(character.isspace() for character in text):
                raise ValueError(f"must be written without spaces, not {shown(text)}")
            elif text.endswith("*"):
                prefixes.append(text[:-1])
            else:
                exact.add(text)
        if anything and negated:
            raise ValueError("must leave something over: not * is no number at all")
        return cls(frozenset(exact), tuple(prefixes), tuple(regexes), anything, negated, _source(texts, negated))

    def matches(self, text: str) -> bool:
        """Whether the number is one of these."""
        found = (
            self.anything
            or text in self.exact
            or text.startswith(self.prefixes)
            or (bool(self.regexes) and any(regex.search(text[:LONGEST_SUBJECT]) for regex in self.regexes))
        )
        return found is not self.negated

    @property
    def index_keys(self) -> tuple[tuple[str, str], ...] | None:
        """``("exact", number)`` and ``("prefix", text)`` under which an index can file this pattern.

        None when no such set of keys is complete (anything, a regular expression, a negation): then it must
        be asked.
        """
        if self.anything or self.negated or self.regexes:
            return None
        exact = tuple(("exact", number) for number in sorted(self.exact))
        return exact + tuple(("prefix", text) for text in self.prefixes)

    def __str__(self) -> str:
        return self.source


@dataclass(frozen=True, slots=True)
class TextPattern:
    """What a header's value must look like. An absent header (None) matches only ``absent`` and negations.

    Attributes:
        exact: these values.
        starts, ends, contains: values with this text there.
        regexes: values in which one of these is found.
        present: True: the header is there, whatever it says; False: it is not there; None: the value decides.
        negated: turn the outcome round.
        source: the pattern as it was written.
    """

    exact: frozenset[str]
    starts: tuple[str, ...]
    ends: tuple[str, ...]
    contains: tuple[str, ...]
    regexes: tuple[re.Pattern[str], ...]
    present: bool | None
    negated: bool
    source: str

    @classmethod
    def parse(cls, value: Any) -> TextPattern:
        """Read a string with ``*`` at either end, ``/regex/``, a list, ``{not: ...}``, or ``{present:
        true}``.

        Raises:
            ValueError: empty, a ``*`` in the middle, or an invalid regular expression.
        """
        if isinstance(value, TextPattern):
            return value
        if isinstance(value, Mapping) and list(value) in (["present"], ["absent"]):
            (key, said), *_ = value.items()
            if said not in ("true", "false", True, False):
                raise ValueError(f"must say {key}: true or {key}: false")
            present = (key == "present") is (said in ("true", True))
            return cls(frozenset(), (), (), (), (), present, False, "present" if present else "absent")
        texts, negated = _entries(value, "a text such as abc or abc*")
        exact, starts, ends, contains, regexes, anything = set(), [], [], [], [], False
        for text in texts:
            inner = text.removeprefix("*").removesuffix("*")
            if text.startswith("/"):
                regexes.append(compile_regex(text))
            elif not inner:
                anything = True
            elif "*" in inner:
                raise ValueError(
                    f"must have its * at the beginning or the end: {shown(text)}; use /.../ for anything finer"
                )
            elif text.startswith("*") and text.endswith("*"):
                contains.append(inner)
            elif text.startswith("*"):
                ends.append(inner)
            elif text.endswith("*"):
                starts.append(inner)
            else:
                exact.add(text)
        return cls(
            exact=frozenset(exact),
            starts=tuple(starts),
            ends=tuple(ends),
            contains=tuple(contains),
            regexes=tuple(regexes),
            present=True if anything else None,
            negated=negated,
            source=_source(texts, negated),
        )

    def matches(self, text: str | None) -> bool:
        """Whether the value is one of these; None stands for a header that is not there."""
        if self.present is not None:
            return ((text is not None) is self.present) is not self.negated
        found = text is not None and (
            text in self.exact
            or text.startswith(self.starts)
            or text.endswith(self.ends)
            or any(part in text for part in self.contains)
            or any(regex.search(text[:LONGEST_SUBJECT]) for regex in self.regexes)
        )
        return found is not self.negated

    def __str__(self) -> str:
        return self.source
