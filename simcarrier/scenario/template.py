"""Header values and bodies that use what the call brought, or what was decided about it.

A name in braces, as in ``<https://block.example/r/{uuid}>``, is looked up when the response is made; ``{{`` and ``}}``
are the braces themselves. Only the names listed here exist, so a misspelt one is found when the scenario is read and
not in the middle of a run.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass

from ..sip.grammar import is_token
from .units import shown

FIELDS = (
    "from.user",
    "from.host",
    "from.uri",
    "to.user",
    "to.host",
    "to.uri",
    "request.user",
    "request.uri",
    "call_id",
    "cseq",
    "source.host",
    "source.port",
    "uuid",
    "retry_after",
    "new_number",
)
"""What can stand in braces, beside ``header.NAME``."""

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def one_line(text: str) -> str:
    """The text, if it can stand in a header.

    Raises:
        ValueError: a line break or another control character is in it.
    """
    if _CONTROL.search(text):
        raise ValueError("must be one line without control characters")
    return text


@dataclass(frozen=True, slots=True)
class Field:
    """Something that the call brought or was decided about it, by its name: one of `FIELDS`, or ``header.NAME``."""

    name: str

    @classmethod
    def parse(cls, name: str) -> Field:
        """Read the text between the braces.

        Raises:
            ValueError: there is no such name.
        """
        if name in FIELDS or (name.startswith("header.") and is_token(name.removeprefix("header."))):
            return cls(name)
        near = difflib.get_close_matches(name, (*FIELDS, "header.NAME"), n=1)
        hint = f"; did you mean {{{near[0]}}}?" if near else f"; there are {', '.join(FIELDS)} and header.NAME"
        raise ValueError(f"must not use {{{name[:60]}}}{hint}")


@dataclass(frozen=True, slots=True)
class Template:
    """Text with fields in it.

    Attributes:
        parts: what it is put together from.
        constant: the whole text if it has no fields, else None.
    """

    parts: tuple[str | Field, ...]
    constant: str | None

    @classmethod
    def parse(cls, value: object, *, lines: bool = False) -> Template:
        """Read a text with names in braces.

        Args:
            value: the text, or a template read before.
            lines: it is a body: line breaks may stand in it.

        Raises:
            ValueError: not a text, a single brace, an unknown name, or a line break in a header value.
        """
        if isinstance(value, Template):
            return value
        if not isinstance(value, str):
            raise ValueError(f"must be a text, not {shown(value)}")
        text = value if lines else one_line(value)
        parts: list[str | Field] = []
        for piece in _PIECE.finditer(text):
            said = piece[0]
            if said in ("{", "}"):
                raise ValueError(f"must close its braces; write {said * 2} for a brace itself")
            if piece[1] is not None:
                parts.append(Field.parse(piece[1]))
                continue
            said = said[0] if said in ("{{", "}}") else said
            if parts and isinstance(parts[-1], str):
                parts[-1] += said
            else:
                parts.append(said)
        constant = "".join(part for part in parts if isinstance(part, str))
        return cls(tuple(parts), None if any(isinstance(part, Field) for part in parts) else constant)

    def render(self, lookup: Callable[[str], str]) -> str:
        """The text for one call; ``lookup`` gives the value of a field by its name."""
        if self.constant is not None:
            return self.constant
        return "".join([part if isinstance(part, str) else lookup(part.name) for part in self.parts])

    def __str__(self) -> str:
        return "".join(
            part.replace("{", "{{").replace("}", "}}") if isinstance(part, str) else f"{{{part.name}}}"
            for part in self.parts
        )
