"""What a call is played, as a scenario writes it: ``ringback DE``, ``sit VC``, ``sorry.wav``, or a list of such sounds.

A sound is a word, what the word needs, and perhaps for how long: ``busy GB 5s``. Files are read with the scenario, so
that what is wrong with them is told there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from ..extras import MissingExtra
from ..media import wav
from ..media.digits import EVENTS
from ..media.errors import SoundError
from ..media.plans import DEFAULT, Kind, plan
from ..media.program import LONGEST_TEXT, Dialled, Item, Plain, Program, Recorded, Spoken
from ..media.sit import BY_NAME, ITU
from ..media.tones import Tone, tone_of
from .base import fault, suggestion_or_list
from .fields import PARAMETER, read_line
from .units import parse_duration, shown

MOST = 50
"""Sounds of one list."""

MOST_DIGITS = 100

_FOR = re.compile(r"(.*\S)\s+(\d+(?:\.\d+)?(?:ms|s|m|h))")


def _tone_of_a_country(kind: Kind) -> Callable[[str], Tone]:
    return lambda country: plan(country or DEFAULT).tone(kind)


def _sit(name: str) -> Tone:
    found = ITU if not name else BY_NAME.get(name.upper())
    if found is None:
        raise SoundError(f"there is no special information tone {shown(name)}; there are {', '.join(BY_NAME)}")
    return found.tone()


def _tone(segments: str) -> Tone:
    if not segments:
        raise SoundError("tone needs its segments, such as tone 425/500 0/500")
    return tone_of(segments)


def _digits(digits: str) -> Dialled:
    digits = digits.replace(" ", "").upper()
    if not digits or len(digits) > MOST_DIGITS or any(digit not in EVENTS for digit in digits):
        raise SoundError(f"digits needs 1 to {MOST_DIGITS} of {EVENTS}, such as digits 123#")
    return Dialled(digits)


def _say(text: str) -> Spoken:
    if not 0 < len(text) <= LONGEST_TEXT:
        raise SoundError(f"say needs its text, at most {LONGEST_TEXT} letters")
    return Spoken(text)


def _plain(kind: Plain) -> Callable[[str], Plain]:
    def read(rest: str) -> Plain:
        if rest:
            raise SoundError(f"{kind} takes nothing but a time, such as {kind} 2s, not {shown(rest)}")
        return kind

    return read


WORDS: Mapping[str, Callable[[str], Tone | Dialled | Spoken | Plain]] = {
    **{kind.value: _tone_of_a_country(kind) for kind in Kind if kind is not Kind.SIT},
    "sit": _sit,
    "tone": _tone,
    "digits": _digits,
    "say": _say,
    **{kind.value: _plain(kind) for kind in Plain},
}
"""What can be played, beside files."""

_WHOLE = frozenset({"say", "digits"})
"""Words behind which all belongs to what they need."""


def read_sound(value: Any, folder: Path | None = None) -> Item:
    """One sound.

    Args:
        value: as written.
        folder: what the path of a file is relative to.

    Raises:
        ValueError: it is none, or its file cannot be played.
    """
    if not isinstance(value, str):
        raise ValueError(f"must be a sound such as ringback DE, not {shown(value)}")
    text = read_line(value).strip()
    word, _, rest = text.partition(" ")
    seconds: float | None = None
    if word not in _WHOLE and (found := _FOR.fullmatch(text)) is not None:
        text, seconds = found[1], parse_duration(found[2])
        word, _, rest = text.partition(" ")
    read = WORDS.get(word)
    try:
        if read is not None:
            what = read(rest.strip())
            if what is Plain.NOTHING and seconds is not None:
                raise ValueError("nothing lasts until something else is played: leave out the time, or write silence")
            return Item(what, seconds)
        if text.lower().endswith(".wav"):
            path = Path(text) if folder is None else folder / text
            return Item(Recorded(text, wav.read(path)), seconds)
    except (SoundError, MissingExtra) as why:
        raise ValueError(str(why)) from None
    hint = suggestion_or_list(word, (*WORDS, "FILE.wav"))
    raise ValueError(f"must be a sound such as ringback DE, not {shown(value)}{hint}")


def read_program(value: Any, folder: Path | None = None) -> Program:
    """A sound, or a list of them.

    Raises:
        ValueError: it is none, or one that is never heard.
        ValidationError: the same, at its place in the list.
    """
    if isinstance(value, Program):
        return value
    if not isinstance(value, list | tuple):
        return Program([read_sound(value, folder)])
    if not 0 < len(value) <= MOST:
        raise ValueError(f"must be a list of 1 to {MOST} sounds")
    items: list[Item] = []
    faults = []
    for at, written in enumerate(value):
        try:
            item = read_sound(written, folder)
            if item.what is Plain.NOTHING and len(value) > 1:
                raise ValueError("nothing stands alone: write silence with a time where a pause is meant")
            if items and Program(items).seconds is None:
                raise ValueError("is never heard: the sound before it does not end; say how long, such as busy GB 5s")
            items.append(item)
        except ValueError as why:
            faults.append(fault(str(why), (at,)))
    if faults:
        raise ValidationError.from_exception_data("sounds", faults)
    return Program(items)


class _Sounds:
    """The type of the field."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.with_info_plain_validator_function(self.read)

    def read(self, value: Any, info: ValidationInfo) -> Program:
        """Read it; files lie beside the scenario."""
        folder = (info.context or {}).get("folder")
        return read_program(value, None if folder is None else Path(folder))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        words = "|".join(WORDS)
        sound = {
            "anyOf": [
                {
                    "type": "string",
                    "pattern": rf"^\s*({words})(\s|$)|\.[wW][aA][vV](\s|$)",
                    "examples": ["ringback DE"],
                },
                PARAMETER,
            ]
        }
        return {"anyOf": [sound, {"type": "array", "items": sound, "minItems": 1, "maxItems": MOST}]}


ProgramField = Annotated[Program, _Sounds()]
