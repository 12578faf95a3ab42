"""Subscriber numbers and secrets taken out of messages and texts, without a byte more or less.

Lengths stay as they are, so Content-Length and everything that counts bytes stays right. A number keeps its first four
digits and its last two, shorter ones fewer; the four digits before the last two are hidden in any case. The same
number is masked alike wherever it stands and however it is spelt: with a plus or a 00, in national form, with blanks or
dashes between its digits. For it is known by its last seven digits, and what stands before them is compared with the
numbers that are known.

Known are the numbers that were called and shown, and whatever stands as a number in a SIP or tel URI of a message. A
signed token (``eyJ...``, as in Identity) holds numbers in base64 and is hidden whole. Names are not numbers and stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from simcarrier.records.transcript import without_credentials

HIDDEN = b"x"

TAIL = 7
"""Digits by which a number is found again: as many as a subscriber's number has without its area in most countries."""

FEWEST = 5
"""Digits of the shortest number that is masked. Shorter ones are services and extensions, nobody's own number."""

_FIRST, _LAST, _LEAST_HIDDEN = 4, 2, 4

_URI_NUMBER = re.compile(
    rb"(?:\bsips?:(?:\+|%2B)?([0-9][0-9 ().-]{3,40}+)(?=(?:[;:%][^\s@<>\"]{0,200})?@)"
    rb"|\btel:(?:\+|%2B)?([0-9][0-9().-]{3,40}+))",
    re.IGNORECASE,
)
_SHOWN_NUMBER = re.compile(rb"[\"\s]\+?([0-9][0-9 ()./-]{5,40}+)\"?[ \t]*<(?:sips?|tel):", re.IGNORECASE)
_DIGITS = re.compile(rb"[0-9](?>(?:[ ()./-]{0,2}[0-9]){4,})")
_SHORT = re.compile(rb"((?:\b(?:sips?|tel):|\A)\+?)([0-9]{5,6})(?=[@;>\s]|\Z)", re.IGNORECASE)
_TOKEN = re.compile(rb"(\beyJ)([A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+){0,2})")
_VISIBLE = re.compile(rb"[^\s]")
_SEPARATOR = re.compile(rb"[^0-9]")

_SECRETS = (
    # Credentials in a body: a carrier that returns the request which it did not like (message/sipfrag).
    re.compile(
        rb"(^(?:Proxy-)?Authorization[ \t]*+:[ \t]*+)(?!\(left out\))([^\r\n]*+(?>(?:\r?\n[ \t]+[^\r\n]*+)*))",
        re.IGNORECASE | re.MULTILINE,
    ),
    re.compile(rb"(\b(?:response|rspauth|cnonce)[ \t]*=[ \t]*\"?)([0-9A-Za-z+/=]{16,}+)", re.IGNORECASE),
    # sip:user:password@host
    re.compile(rb"(\bsips?:[^\s@:;<>\"?]{1,256}:)([^\s@<>\"]{1,256})(?=@)", re.IGNORECASE),
    # Keys of media: SDES (RFC 4568), ICE (RFC 8839), and k= of old.
    re.compile(rb"(\binline:)([A-Za-z0-9+/=]{8,}+)"),
    re.compile(rb"(^a=ice-pwd:)([!-~]++)", re.MULTILINE),
    re.compile(rb"(^k=)([!-~]++)", re.MULTILINE),
)
"""What is secret in a message: what stands before it, and it."""


def without_secrets(data: bytes) -> bytes:
    """A message without credentials and keys; bodies keep their length."""
    return _without_keys(without_credentials(data))


def text_without_secrets(text: str) -> str:
    """The same for a text."""
    return _without_keys(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def _without_keys(data: bytes) -> bytes:
    for pattern in _SECRETS:
        data = pattern.sub(_hide, data)
    return data


def in_texts(value: Any, change: Callable[[str], str]) -> Any:
    """A JSON value, all its texts changed; names of fields stay."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: in_texts(part, change) for name, part in value.items()}
    return [in_texts(part, change) for part in value] if isinstance(value, list) else value


def _hide(found: re.Match[bytes]) -> bytes:
    return found[1] + _VISIBLE.sub(HIDDEN, found[2])


def numbers_in(data: bytes) -> Iterator[str]:
    """The numbers that stand in the URIs of a message, as digits."""
    for pattern in (_URI_NUMBER, _SHOWN_NUMBER):
        for found in pattern.finditer(data):
            digits = _SEPARATOR.sub(b"", found[found.lastindex or 0])
            if len(digits) >= FEWEST:
                yield digits.decode("ascii")


class Masker:
    """Hides numbers.

    Args:
        numbers: those to hide, in any spelling; what is no number is passed over.
    """

    def __init__(self, numbers: Iterable[str]) -> None:
        self._by_tail: dict[str, list[str]] = {}
        self._short: set[str] = set()
        for digits in sorted({_plain(number) for number in numbers}):
            if len(digits) >= TAIL:
                self._by_tail.setdefault(digits[-TAIL:], []).append(digits)
            elif len(digits) >= FEWEST:
                self._short.add(digits)

    def data(self, data: bytes) -> bytes:
        """A message, or any other bytes, with the numbers hidden."""
        masked = _TOKEN.sub(_hide, data)
        if self._by_tail:
            masked = _DIGITS.sub(self._mask, masked)
        return _SHORT.sub(self._mask_short, masked) if self._short else masked

    def text(self, text: str) -> str:
        """A text with the numbers hidden."""
        return self.data(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def _mask(self, found: re.Match[bytes]) -> bytes:
        text = bytearray(found[0])
        places = [place for place, byte in enumerate(text) if 0x30 <= byte <= 0x39]
        digits = _SEPARATOR.sub(b"", found[0]).decode("ascii")
        for end in range(TAIL, len(digits) + 1):
            for number in self._by_tail.get(digits[end - TAIL : end], ()):
                alike = TAIL
                while alike < min(len(number), end) and digits[end - alike - 1] == number[-alike - 1]:
                    alike += 1
                start = max(_shown_first(len(number)), len(number) - alike)
                for place in range(start, len(number) - _LAST):
                    text[places[end - len(number) + place]] = HIDDEN[0]
        return bytes(text)

    def _mask_short(self, found: re.Match[bytes]) -> bytes:
        digits = found[2]
        if digits.decode("ascii") not in self._short:
            return found[0]
        first = _shown_first(len(digits))
        return found[1] + digits[:first] + HIDDEN * (len(digits) - first - _LAST) + digits[-_LAST:]


def _plain(number: str) -> str:
    """A number's digits without what leads out of a country; empty if it is a name."""
    spelt = number.strip().removeprefix("+")
    digits = re.sub(r"[ ()./-]", "", spelt)
    if not (digits.isascii() and digits.isdecimal()):
        return ""
    return digits.removeprefix("00") if len(digits) > TAIL + 2 else digits


def _shown_first(length: int) -> int:
    return min(_FIRST, max(length - _LAST - _LEAST_HIDDEN, 0))
