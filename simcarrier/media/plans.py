"""Which tones a country has: `plans.yaml`, read once and checked.

A country's plan says what a caller hears there. Two countries' tones may be the same, or so near that no ear tells them
apart; Brazil's busy tone is others' congestion tone. So who listens should know where the call went.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

import yaml

from .errors import SoundError
from .tones import Tone, tone_of


class Kind(StrEnum):
    """What a tone tells the caller."""

    DIAL = "dial"
    RINGBACK = "ringback"
    BUSY = "busy"
    CONGESTION = "congestion"
    """North America calls it reorder, or fast busy."""
    UNOBTAINABLE = "unobtainable"
    SIT = "sit"


NEEDED: Final = frozenset({Kind.DIAL, Kind.RINGBACK, Kind.BUSY, Kind.CONGESTION})
DEFAULT: Final = "ITU"


@dataclass(frozen=True, slots=True)
class Listed:
    """A tone of a plan.

    Attributes:
        tone: the tone.
        source: where it is from, as the head of `plans.yaml` explains.
        same_as: another kind, if the country has no tone of its own for this one.
    """

    tone: Tone
    source: str
    same_as: Kind | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The tones of a country.

    Attributes:
        country: its ISO 3166 code, or ``ITU``.
        name: what it is called.
        listed: its tones, by kind.
    """

    country: str
    name: str
    listed: Mapping[Kind, Listed]

    def tone(self, kind: Kind) -> Tone:
        """What is played for a kind; a country without such a tone has the ITU's, or congestion for unobtainable."""
        if kind in self.listed:
            return self.listed[kind].tone
        if kind is Kind.UNOBTAINABLE:
            return self.listed[Kind.CONGESTION].tone
        return plans()[DEFAULT].listed[kind].tone


@cache
def plans() -> Mapping[str, Plan]:
    """All plans, by country."""
    text = (files(__package__) / "plans.yaml").read_text(encoding="utf-8")
    return read_plans(text)


def plan(country: str) -> Plan:
    """The plan of a country.

    Args:
        country: ISO 3166 code in any case; ``UK`` is taken for GB, and ``ITU`` has a plan too.

    Raises:
        SoundError: there is none.
    """
    code = country.upper()
    found = plans().get("GB" if code == "UK" else code)
    if found is None:
        raise SoundError(f"no tones are known for {country}; there are {', '.join(plans())}")
    return found


def read_plans(text: str) -> dict[str, Plan]:
    """Read plans.

    Raises:
        SoundError: a plan lacks a tone, or has one that cannot be played.
    """
    found = {}
    for country, given in yaml.load(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader)).items():
        listed: dict[Kind, Listed] = {}
        for kind in Kind:
            if kind in given:
                listed[kind] = _listed(country, kind, given[kind], float(given["level"]), listed)
        if missing := NEEDED - listed.keys():
            raise SoundError(f"plan {country}: no {', '.join(sorted(missing))}")
        if unknown := given.keys() - {"name", "level", *Kind}:
            raise SoundError(f"plan {country}: {', '.join(sorted(unknown))} is not known")
        found[country] = Plan(country, given["name"], listed)
    return found


def _listed(country: str, kind: Kind, given: Mapping[str, Any], level: float, before: Mapping[Kind, Listed]) -> Listed:
    if not given.get("source"):
        raise SoundError(f"plan {country}: {kind} has no source")
    if "as" in given:
        same = Kind(given["as"])
        if same not in before:
            raise SoundError(f"plan {country}: {kind} is as {same}, which is not before it")
        return Listed(before[same].tone, given["source"], same)
    try:
        return Listed(tone_of(given["tone"], level=level, endless=kind is not Kind.SIT), given["source"])
    except SoundError as fault:
        raise SoundError(f"plan {country}: {kind}: {fault}") from None
