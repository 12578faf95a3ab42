"""Rules: which share of which calls is worth an alert, as files say it; `rules.yaml` is the one that ships."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field
from pydantic_core import InitErrorDetails

from simcarrier.scenario.base import Model, fault
from simcarrier.scenario.business.distributions import FixedTimeField
from simcarrier.scenario.fields import ShareField, Written, read_line, whole_number
from simcarrier.scenario.units import Span, shown

from .reading import read_model, text_of

MOST_RULES: Final = 100
"""Each is a question to the database with every look."""

MOST_TIMES: Final = 1000

FIELDS: Final = {
    "603": "code_603",
    "480": "code_480",
    "486": "code_486",
    "404/410": "code_404_410",
    "503": "code_503",
    "stalls": "stalls",
}
"""What a rule can be about: its name, and what is counted of it (`simcarrier.deliverability.queries.Counts`)."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_HOURS: Final = re.compile(r"([0-9]{1,2})-([0-9]{1,2})")


def read_name(value: Any) -> str:
    """A name of letters, digits and dashes."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError(f"must be a name of letters, digits and dashes, such as declined, not {shown(value)}")
    return value


def read_names(value: Any) -> tuple[str, ...]:
    """One name, or a list of them."""
    return tuple(read_name(name) for name in (value if isinstance(value, list | tuple) else [value]))


def read_about(value: Any) -> str:
    """What is counted."""
    text = str(value)
    if isinstance(value, bool) or text not in FIELDS:
        raise ValueError(f"must be one of {', '.join(FIELDS)}, not {shown(value)}")
    return text


def read_hours(value: Any) -> frozenset[int]:
    """Hours of the day such as ``9-12, 14-17``: from the first hour of each, up to but without the last."""
    if isinstance(value, frozenset):
        return value
    hours: set[int] = set()
    for part in value.split(",") if isinstance(value, str) else [""]:
        found = _HOURS.fullmatch(part.strip())
        first, last = (int(found[1]), int(found[2])) if found else (0, 0)
        if not first < last <= 24:
            raise ValueError(f"must be hours of the day such as 9-12, 14-17, not {shown(value)}")
        hours |= set(range(first, last))
    return frozenset(hours)


def read_times(value: Any) -> Fraction:
    """How many times as much: a number of at least 1."""
    if isinstance(value, Fraction):
        return value
    text = str(value)
    found = not isinstance(value, bool) and re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,4})?", text)
    if not found or not 1 <= Fraction(text) <= MOST_TIMES:
        raise ValueError(f"must be a number from 1 to {MOST_TIMES}, such as 3, not {shown(value)}")
    return Fraction(text)


TimesField = Annotated[Fraction, Written(read_times, {"type": ["number", "string"]})]
NameField = Annotated[str, Written(read_name, {"type": "string", "pattern": f"^{_NAME.pattern}$"})]
LineField = Annotated[str, Written(read_line, {"type": "string"})]


class Rule(Model):
    """One kind of trouble."""

    name: NameField = Field(description="What alerts call it.")
    about: Annotated[str, Written(read_about, {"enum": [*FIELDS, 603, 480, 486, 503]})] = Field(
        description="What is counted: 603, 480, 486, 404/410, 503 or stalls."
    )
    by: Literal["caller", "trunk", "market", "terminating_carrier", "all"] = Field(
        default="caller", description="What calls are told apart by."
    )
    window: FixedTimeField = Field(default=Span(14400.0, 14400.0), description="How far back it looks.")
    above: ShareField = Field(description="An episode begins when the share is larger.")
    clear_below: ShareField | None = Field(
        default=None, description="It ends when the share is not larger than this; `above` if not said."
    )
    severe_above: ShareField | None = Field(default=None, description="From there on the alert is severe.")
    at_least: Annotated[int, whole_number(1, 10**9, "a number of calls, at least 1")] = Field(
        default=40, description="Fewer calls in the window say nothing."
    )
    sustained: FixedTimeField | None = Field(default=None, description="The share must have been larger for so long.")
    spike: TimesField | None = Field(
        default=None, description="Only if the number calls so many times more than it used to."
    )
    off_peak: Annotated[frozenset[int], Written(read_hours, {"type": "string"})] | None = Field(
        default=None, description="Only calls in these hours of the day count, such as 9-12, 14-17."
    )
    times_others: TimesField | None = Field(
        default=None, description="Only if the share is so many times that of all other calls together."
    )
    unless: Annotated[tuple[str, ...], Written(read_names, {"type": ["string", "array"]})] = Field(
        default=(), description="Rules whose episode about the same makes this one superfluous."
    )
    advice: LineField = Field(description="What to do.")

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if not isinstance(data, Mapping):
            return
        by = data.get("by", "caller")
        for key in ("spike", "off_peak"):
            if data.get(key) is not None and by != "caller":
                yield fault(f'goes with "by: caller" only, not with "by: {str(by)[:40]}"', (key,))
        if data.get("times_others") is not None and by == "all":
            yield fault('does not go with "by: all": there are no others', ("times_others",))

    @property
    def length(self) -> int:
        """The window in milliseconds."""
        return round(self.window.low * 1000)

    @property
    def patience(self) -> int:
        """For how many milliseconds the share must have been larger."""
        return 0 if self.sustained is None else round(self.sustained.low * 1000)

    @property
    def begins(self) -> Fraction:
        """`above`, exactly as written: 5 of 100 calls are not more than 5 %."""
        return exactly(self.above)

    @property
    def ends(self) -> Fraction:
        """`clear_below`, likewise."""
        return exactly(self.above if self.clear_below is None else self.clear_below)


@cache
def exactly(share: float) -> Fraction:
    """A share as it was written in per cent, without what binary fractions add to it."""
    return Fraction(share).limit_denominator(10**12)


class Rules(Model):
    """A file of rules."""

    rules: tuple[Rule, ...] = Field(min_length=1, max_length=MOST_RULES, description="The rules, in order.")

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        entries = data.get("rules") if isinstance(data, Mapping) else None
        known: list[Any] = []
        for at, entry in enumerate(entries if isinstance(entries, list | tuple) else []):
            if not isinstance(entry, Mapping):
                continue
            named = entry.get("unless")
            for name in named if isinstance(named, list) else [] if named is None else [named]:
                if name not in known:
                    yield fault(
                        f"must name rules that stand before this one, not {shown(name)}", ("rules", at, "unless")
                    )
            if entry.get("name") in known:
                yield fault(f"must be a name of its own; {shown(entry.get('name'))} was there", ("rules", at, "name"))
            known.append(entry.get("name"))
            yield from _order(entry, at)


def _order(entry: Mapping[Any, Any], at: int) -> Iterator[InitErrorDetails]:
    """Faults in the order of the thresholds of a rule."""
    shares = {}
    for key in ("clear_below", "above", "severe_above"):
        text = entry.get(key)
        if isinstance(text, str) and re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,9})?%", text.strip()):
            shares[key] = Fraction(text.strip()[:-1])
    above = shares.get("above")
    if above is not None and shares.get("clear_below", above) > above:
        yield fault('must not be larger than "above": an episode would end as it begins', ("rules", at, "clear_below"))
    if above is not None and shares.get("severe_above", above) < above:
        yield fault('must not be smaller than "above"', ("rules", at, "severe_above"))


def load_rules(path: Path | None = None) -> Rules:
    """Read a file of rules; the one that ships if none is named.

    Raises:
        simcarrier.scenario.faults.ScenarioError: with every fault of the file.
    """
    return read_rules(*text_of(path, "rules.yaml", "rules"))


def read_rules(text: str, name: str = "<text>") -> Rules:
    """Read rules from a text.

    Raises:
        simcarrier.scenario.faults.ScenarioError: with every fault of the text.
    """
    return read_model(Rules, text, name, "file of rules", "rules")
