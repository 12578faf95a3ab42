"""Types of fields that expectations have: final codes, counts, bounds of shares, times."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from ..base import suggestion
from ..business.fields import duration
from ..fields import PARAMETER, Written, read_line, whole_number
from ..units import LONGEST, shown

BLOCKED_603 = "603+"
"""A 603 by which a network says that its analytics blocked the call (ATIS-1000099)."""

NO_CODE = "none"
"""A call without a final response."""

_CLASS = re.compile(r"[2-6]xx")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,9})?)%")


@dataclass(frozen=True, slots=True)
class Codes:
    """Some final responses.

    Attributes:
        exact: these codes.
        classes: all codes that begin so.
        blocks: 603+.
        nothing: calls without a final response.
        source: as it was written.
    """

    exact: frozenset[int]
    classes: frozenset[int]
    blocks: bool
    nothing: bool
    source: str

    @classmethod
    def parse(cls, value: Any) -> Codes:
        """Read ``403``, ``4xx``, ``603+``, ``none``, or a list of them.

        Raises:
            ValueError: one is none of these.
        """
        if isinstance(value, Codes):
            return value
        entries = list(value) if isinstance(value, list | tuple) else [value]
        if not entries:
            raise ValueError("must not be an empty list")
        words = [str(entry) if isinstance(entry, int) else entry for entry in entries]
        exact, classes = set(), set()
        for word in words:
            if not isinstance(word, str):
                raise ValueError(f"must be a final status code such as 403, not {shown(word)}")
            if word in (BLOCKED_603, NO_CODE):
                continue
            if _CLASS.fullmatch(word):
                classes.add(int(word[0]))
            elif word.isascii() and word.isdecimal() and len(word) == 3 and 200 <= int(word) <= 699:
                exact.add(int(word))
            else:
                raise ValueError(f"must be a final status code from 200 to 699, 4xx, 603+ or none, not {shown(word)}")
        source = words[0] if len(words) == 1 else f"[{', '.join(words)}]"
        return cls(frozenset(exact), frozenset(classes), BLOCKED_603 in words, NO_CODE in words, source)

    def match(self, code: int | None, *, blocked: bool) -> bool:
        """Whether a final response is one of these; ``blocked``: it is a 603+."""
        if code is None:
            return self.nothing
        return code in self.exact or code // 100 in self.classes or (blocked and self.blocks)

    def __str__(self) -> str:
        return self.source


def read_bound(value: Any) -> float:
    """A share from ``0%`` to ``100%`` as a number from 0 to 1."""
    if isinstance(value, float):
        return value
    found = _SHARE.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found or float(found[1]) > 100:
        raise ValueError(f"must be a share from 0% to 100%, such as 5%, not {shown(value)}")
    return float(found[1]) / 100


def read_rules(value: Any) -> tuple[str, ...]:
    """Names of rules of SIP conduct: one, or a list of them."""
    from simcarrier.conduct.registry import RULES  # few scenarios ask for it

    names = tuple(read_line(word) for word in (value if isinstance(value, list | tuple) else [value]))
    for name in names:
        if name not in RULES:
            hint = suggestion(name, RULES) or "; simcarrier run tells the name with each breach"
            raise ValueError(f"must name rules of SIP conduct, and there is no {shown(name)}{hint}")
    return names


def only(word: str) -> Written:
    """The type of a value that can be one word only, so that an entry reads like a sentence."""

    def read(value: Any) -> str:
        if value != word:
            hint = suggestion(value, [word]) if isinstance(value, str) else ""
            raise ValueError(f"must be {word}, not {shown(value)}{hint}")
        return word

    return Written(read, {"anyOf": [{"type": "string", "const": word}, PARAMETER]})


_CODE_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "integer", "minimum": 200, "maximum": 699},
        {"type": "string", "pattern": r"^([2-6][0-9][0-9]|[2-6]xx|603\+|none)$"},
        PARAMETER,
    ]
}

CodesField = Annotated[
    Codes, Written(Codes.parse, {"anyOf": [*_CODE_SCHEMA["anyOf"], {"type": "array", "items": _CODE_SCHEMA}]})
]
Bound = Annotated[
    float, Written(read_bound, {"anyOf": [{"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,9})?%$"}, PARAMETER]})
]
Count = Annotated[int, whole_number(0, 10**9, "a count such as 3")]
Some = Annotated[int, whole_number(1, 10**9, "a count of at least 1")]
Time = Annotated[float, duration(0.0, LONGEST, "a time such as 10s or 500ms")]
RuleNames = Annotated[
    tuple[str, ...],
    Written(read_rules, {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
