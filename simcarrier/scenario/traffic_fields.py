"""The types of the fields of `traffic`: number templates, profiles of a day, reasons for a retry, addresses."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from ..conditions import Condition
from .base import suggestion_or_list
from .fields import CONDITIONS, PARAMETER, Written, whole_number
from .units import shown

MOST_RANDOM = 15
"""Random digits of a number: all of E.164's."""

MOST_NUMBERS = 1_000_000
"""Numbers of a list, some 100 MB; and caller IDs of a pool."""

TEMPLATE_PATTERN = r"^[^\s@<>\"]{1,64}$"
_TEMPLATE = re.compile(TEMPLATE_PATTERN)
_HOURS = re.compile(r"([0-9]{1,2})(?:\.\.([0-9]{1,2}))?")
_WEIGHT = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class NumberTemplate:
    """Numbers alike but for some digits: ``+4989#######`` has seven random ones."""

    text: str

    @classmethod
    def parse(cls, value: object) -> NumberTemplate:
        """Read it.

        Raises:
            ValueError: it is no text, has characters that a number cannot have, or too many random digits.
        """
        if isinstance(value, NumberTemplate):
            return value
        if not isinstance(value, str) or not _TEMPLATE.match(value):
            raise ValueError(f"must be a number, # for a random digit, such as +4989#######, not {shown(value)}")
        if value.endswith("*"):
            raise ValueError(f"must have a # for each digit that follows, not a *: {shown(value)}")
        if value.count("#") > MOST_RANDOM:
            raise ValueError(f"must have at most {MOST_RANDOM} random digits, not {shown(value)}")
        return cls(value)

    @property
    def random_digits(self) -> int:
        """How many of its digits are random."""
        return self.text.count("#")

    @property
    def count(self) -> int:
        """How many numbers it stands for."""
        return int(10**self.random_digits)

    def number(self, at: int) -> str:
        """The number with these random digits, ``at`` from 0 to `count` - 1."""
        if not self.random_digits:
            return self.text
        digits = f"{at:0{self.random_digits}d}"
        head, *rest = self.text.split("#")
        return head + "".join(digit + part for digit, part in zip(digits, rest, strict=True))

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Profile:
    """How a day's calls are spread over its hours.

    Attributes:
        weights: the weight of each hour; 1 is the campaign's full rate.
    """

    weights: tuple[float, ...]

    @classmethod
    def parse(cls, value: object) -> Profile:
        """Read ``{8..12: 1, 12..14: 0.5, 14..20: 1.2}``; hours that are not named have no calls.

        Raises:
            ValueError: not such a mapping, an hour twice, or no calls at all.
        """
        if isinstance(value, Profile):
            return value
        if not isinstance(value, Mapping) or not value:
            raise ValueError(f"must be hours and their weights, such as {{8..12: 1, 12..14: 0.5}}, not {shown(value)}")
        weights: list[float | None] = [None] * 24
        for hours, weight in value.items():
            found = _HOURS.fullmatch(str(hours).strip())
            first = int(found[1]) if found else 24
            last = int(found[2]) if found and found[2] else first + 1
            if last > 24 or first >= last:
                raise ValueError(f"must have hours of the day for keys, such as 8 or 8..12, not {shown(hours)}")
            text = str(weight).strip()
            if not _WEIGHT.fullmatch(text):
                raise ValueError(f"must have weights such as 1 or 0.5, not {shown(weight)}")
            for hour in range(first, last):
                if weights[hour] is not None:
                    raise ValueError(f"must name each hour once, and names {hour} twice")
                weights[hour] = float(text)
        if not any(weights):
            raise ValueError("must leave some hour with calls")
        return cls(tuple(weight or 0.0 for weight in weights))

    def __str__(self) -> str:
        return f"{{{', '.join(f'{hour}: {weight:g}' for hour, weight in enumerate(self.weights) if weight)}}}"


def read_number(value: Any) -> str:
    """A number as it is shown or dialled."""
    if not isinstance(value, str) or not _TEMPLATE.match(value) or "#" in value or "*" in value:
        raise ValueError(f'must be a number such as "+49301234", not {shown(value)}')
    return value


def read_address(value: Any) -> tuple[str, int]:
    """An IP address, with a port or without: 5060 then."""
    if isinstance(value, tuple):
        return value
    text = value if isinstance(value, str) else ""
    host, port = text, "5060"
    if text.startswith("["):
        host, _, tail = text[1:].partition("]")
        port = tail.removeprefix(":") or port
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        port = ""
    if not (port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65_536):
        raise ValueError(f"must be an address such as 192.0.2.7 or 192.0.2.7:5060, not {shown(value)}")
    return host, int(port)


def read_reason(value: Any) -> Condition | int:
    """What a call is tried again for: a condition, or a final code from 300."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str):
        if value in CONDITIONS:
            return Condition(value)
        if value.isascii() and value.isdecimal() and len(value) == 3 and 300 <= int(value) <= 699:
            return int(value)
    hint = suggestion_or_list(value, CONDITIONS) if isinstance(value, str) and not value.isdecimal() else ""
    raise ValueError(f"must be a condition such as no_answer, or a code from 300 to 699, not {shown(value)}{hint}")


NumberTemplateField = Annotated[
    NumberTemplate, Written(NumberTemplate.parse, {"type": ["string", "integer"], "examples": ["+4989#######"]})
]
ProfileField = Annotated[
    Profile,
    Written(Profile.parse, {"type": "object", "additionalProperties": {"anyOf": [{"type": "number"}, PARAMETER]}}),
]
NumberField = Annotated[str, Written(read_number, {"type": ["string", "integer"]})]
AddressField = Annotated[tuple[str, int], Written(read_address, {"type": "string", "examples": ["192.0.2.7:5060"]})]
ReasonField = Annotated[
    Condition | int,
    Written(
        read_reason,
        {"anyOf": [{"enum": list(CONDITIONS)}, {"type": "integer", "minimum": 300, "maximum": 699}, PARAMETER]},
    ),
]
Size = Annotated[int, whole_number(1, MOST_NUMBERS, f"a count from 1 to {MOST_NUMBERS}")]
CallsPerHour = Annotated[int, whole_number(1, 10_000_000, "a number of calls from 1 to 10000000")]
Tries = Annotated[int, whole_number(1, 100, "a number of further calls from 1 to 100")]
