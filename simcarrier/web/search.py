"""Which calls are meant: the filters that searching, waiting, verifying and listening have in common."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from simcarrier.conditions import Condition
from simcarrier.records.model import CallRecord
from simcarrier.scenario.fields import read_condition
from simcarrier.scenario.patterns import NumberPattern
from simcarrier.scenario.units import shown
from simcarrier.sip.session import Ending

from .parameters import Parameter, word_of

LONGEST = 256
"""Characters of a pattern, a name or a Call-ID in a query."""

ENDED, UP, ANY = "ended", "up", "any"
"""Which calls are looked at: those that are over, those that are not, both."""

Codes = tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which calls are meant; what is None is not asked.

    Attributes:
        to, from_: the called and the calling number.
        code: the first and the last final code; ``(0, 0)`` for calls without one.
        condition: what really happened.
        rule: the name of the rule that took it.
        matched: whether a rule took it or the business decided on it.
        ending: how it ended.
        call_id: its Call-ID.
        since: it came at this time or later, seconds since 1970 UTC.
    """

    to: NumberPattern | None = None
    from_: NumberPattern | None = None
    code: Codes = None
    condition: Condition | None = None
    rule: str | None = None
    matched: bool | None = None
    ending: str | None = None
    call_id: str | None = None
    since: float | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """The filter that the values of `PARAMETERS` say."""
        return cls(**{"from_" if name == "from" else name: values[name] for name in _NAMES})

    @property
    def takes_all(self) -> bool:
        """Whether every call is meant."""
        return self == Filter()

    def takes(self, record: CallRecord) -> bool:
        """Whether a call is meant."""
        return (
            (self.to is None or self.to.matches(record.called))
            and (self.from_ is None or self.from_.matches(record.caller))
            and (self.code is None or self.code[0] <= (record.code or 0) <= self.code[1])
            and (self.condition is None or self.condition is record.condition)
            and (self.rule is None or self.rule == record.rule)
            and (self.matched is None or self.matched is record.matched)
            and (self.ending is None or self.ending == record.ending)
            and (self.call_id is None or self.call_id == record.call_id)
            and (self.since is None or self.since <= record.started)
        )


def read_number(text: str) -> NumberPattern:
    """A number pattern. A leading space is the plus sign that was not written as %2B."""
    return NumberPattern.parse("+" + text[1:] if text.startswith(" ") else short(text))


def short(text: str) -> str:
    """A text that is there and not too long."""
    if not text:
        raise ValueError("must not be empty")
    if len(text) > LONGEST:
        raise ValueError(f"must have at most {LONGEST} characters")
    return text


def read_code(text: str) -> Codes:
    """``403``, ``4xx`` or ``none``."""
    if text == "none":
        return (0, 0)
    if len(text) == 3 and text[0] in "23456":
        if text[1:] == "xx":
            return (int(text[0]) * 100, int(text[0]) * 100 + 99)
        if text.isascii() and text.isdecimal():
            return (int(text), int(text))
    raise ValueError(f"must be a final code such as 403, a class such as 4xx, or none, not {shown(text)}")


def read_flag(text: str) -> bool:
    """``true`` or ``false``."""
    if text not in ("true", "false"):
        raise ValueError(f"must be true or false, not {shown(text)}")
    return text == "true"


def read_moment(text: str) -> float:
    """A moment as RFC 3339 has it, or seconds since 1970 UTC."""
    try:
        seconds = float(text)
    except ValueError:
        pass
    else:
        if math.isfinite(seconds):
            return seconds
    try:
        # As above: a plus sign that was not written as %2B has become a space.
        moment = datetime.fromisoformat(text[:10] + text[10:].replace(" ", "+"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise ValueError(
            f"must be a moment such as 2026-11-23T08:00:00Z, or seconds since 1970 UTC, not {shown(text)}"
        ) from None


_NUMBER = {"type": "string", "minLength": 1, "maxLength": LONGEST}

PARAMETERS = (
    Parameter("to", "The called number: `+498912`, `+49*`, `/9$/`.", _NUMBER, read_number, example="+49*"),
    Parameter("from", "The calling number, likewise.", _NUMBER, read_number),
    Parameter(
        "code",
        "The final code, a class such as `4xx`, or `none` for calls without one.",
        {"type": "string", "pattern": "^([2-6][0-9][0-9]|[2-6]xx|none)$"},
        read_code,
        example="403",
    ),
    Parameter("condition", "What really happened.", {"type": "string", "enum": [*map(str, Condition)]}, read_condition),
    Parameter("rule", "The name of the rule that took the call.", _NUMBER, short),
    Parameter(
        "matched",
        "Whether a rule took the call, or the business decided on it; `false` for those that got the default.",
        {"type": "boolean"},
        read_flag,
    ),
    Parameter(
        "ending", "How the call ended.", {"type": "string", "enum": [*map(str, Ending)]}, word_of([*map(str, Ending)])
    ),
    Parameter("call_id", "The Call-ID.", _NUMBER, short),
    Parameter(
        "since",
        "Calls that came at this moment or later: RFC 3339, or seconds since 1970 UTC.",
        {"anyOf": [{"type": "number"}, {"type": "string", "format": "date-time"}]},
        read_moment,
    ),
)

_NAMES = tuple(parameter.name for parameter in PARAMETERS)

STATE = Parameter(
    "state",
    "Calls that have ended, that are up, or any.",
    {"type": "string", "enum": [ANY, ENDED, UP], "default": ANY},
    word_of([ANY, ENDED, UP]),
    default=ANY,
)
