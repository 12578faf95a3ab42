"""What a diagnosis can be made from without calling: a probe's results, pasted SIP messages, a capture.

The kind is told from the content, not from the name:

- a capture begins with the magic bytes of pcap or pcapng;
- JSON begins with a brace or a bracket: one object a line as ``simcarrier probe --json`` writes, or one value. An
  object counts if it has an ``observation`` or is one; others, such as the summary, are passed over;
- everything else is text with SIP messages in it.

A further kind of source is one more function in `KINDS`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, Final

from simcarrier.records.capture import CaptureReader
from simcarrier.records.observation import Observation
from simcarrier.records.pcap import PcapFault

from .messages import MOST_CALLS, Heard, calls_of, read_messages

LARGEST: Final = 256 * 1024 * 1024
"""Bytes of a source; a capture of a day's calls is smaller."""

MAGICS: Final = tuple(map(bytes.fromhex, ("d4c3b2a1", "a1b2c3d4", "4d3cb2a1", "a1b23c4d", "0a0d0d0a")))
"""How captures begin: pcap of both byte orders and both resolutions, pcapng."""


class SourceFault(ValueError):
    """Nothing can be diagnosed from it; the text says why."""


def read_calls(data: bytes) -> list[Heard]:
    """The calls of a source.

    Args:
        data: the whole of it.

    Raises:
        SourceFault: there is no call in it, or a line is broken.
    """
    for looks_so, read in KINDS:
        if looks_so(data):
            return read(data)
    raise SourceFault("it is empty")


def _is_capture(data: bytes) -> bool:
    return data[:4] in MAGICS


def _from_capture(data: bytes) -> list[Heard]:
    try:
        captured = list(CaptureReader(BytesIO(data)))
    except PcapFault as fault:
        raise SourceFault(str(fault)) from None
    messages = [
        message
        for one in captured
        for message in read_messages(_text(one.data), one.at, f"{one.source[0]}:{one.source[1]}")
    ]
    calls = calls_of(messages)
    if not calls:
        raise SourceFault("there is no INVITE in this capture, and no response to one")
    return calls


def _is_json(data: bytes) -> bool:
    return data.lstrip()[:1] in (b"{", b"[")


def _from_json(data: bytes) -> list[Heard]:
    text = _text(data)
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        values = _lines(text)
    else:
        values = [("", value) for value in (whole if isinstance(whole, list) else [whole])]
    found: list[Heard] = []
    for place, value in values:
        told = _observation_in(value)
        if told is None:
            continue
        if len(found) >= MOST_CALLS:
            raise SourceFault(f"it has more than {MOST_CALLS:,} calls")
        try:
            found.append(Heard(Observation.from_dict(told), True))
        except (ValueError, OverflowError) as fault:
            raise SourceFault(f"{place}{fault}") from None
    if not found:
        raise SourceFault("no object in it has an observation; make one with simcarrier probe --json")
    return found


def _lines(text: str) -> list[tuple[str, Any]]:
    values = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            values.append((f"line {number}: ", json.loads(line)))
        except ValueError as fault:
            raise SourceFault(f"line {number}: not JSON: {fault}") from None
        except RecursionError:
            raise SourceFault(f"line {number}: nested too deep") from None
    return values


def _observation_in(value: Any) -> Mapping[str, Any] | None:
    if not isinstance(value, Mapping):
        return None
    inner = value.get("observation")
    if isinstance(inner, Mapping):
        return inner
    return value if {"outcome", "provisionals", "final"} <= value.keys() else None


def _from_text(data: bytes) -> list[Heard]:
    calls = calls_of(read_messages(_text(data)))
    if not calls:
        raise SourceFault("there is no SIP message in it: a message begins with a line such as SIP/2.0 403 Forbidden")
    return calls


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").removeprefix("\ufeff")


KINDS: Final[tuple[tuple[Callable[[bytes], bool], Callable[[bytes], list[Heard]]], ...]] = (
    (_is_capture, _from_capture),
    (_is_json, _from_json),
    (lambda data: bool(data.strip()), _from_text),
)
"""Each kind of source: whether it is one, and how it is read."""
