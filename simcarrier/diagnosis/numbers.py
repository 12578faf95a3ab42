"""Telephone numbers as strings: in which form one was dialled, where it leads, whether two may be the same.

Plain logic on digits, no numbering plan: it must do for any string, and cost nothing. `number_forms` knows more.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

CIS: Final = ("7", "374", "375", "992", "993", "994", "996", "998")
"""Country codes of the CIS."""

INTERNATIONAL: Final = ("00", "011", "810")
"""Prefixes for another country: most of the world, North America, the CIS."""

ENDING: Final = 9
"""Digits at the end by which two forms of one number are known: what is before them is a prefix or a country code."""

MOST_KNOWN: Final = 4096
"""Numbers remembered with their region and ending: each diagnosis asks for those of all calls around it."""

_SEPARATORS: Final = str.maketrans("", "", "-.() ")


def bare(called: str) -> str:
    """A number without what people write between digits."""
    return called.translate(_SEPARATORS)


def form_of(called: str) -> tuple[str, int]:
    """The form in which a number was dialled, a value of the feature ``number_form``, and how many digits it has."""
    number = bare(called)
    digits = number.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return "name", 0
    count = len(digits)
    if number[0] == "+":
        return "plus", count
    for prefix in INTERNATIONAL:
        if digits.startswith(prefix) and count > 10:
            return "international_prefix", count - len(prefix)
    if count == 11 and digits[0] == "7":
        return "seven", count
    if count == 11 and digits[0] == "8":
        return "eight", count
    return ("zero" if digits[0] == "0" else "digits"), count


def digits_of(called: str) -> str | None:
    """The digits behind the plus, as far as they can be told; None for a name or a national number."""
    form, _ = form_of(called)
    number = bare(called)
    if form == "plus":
        return number[1:]
    if form == "international_prefix":
        return next(number.removeprefix(prefix) for prefix in INTERNATIONAL if number.startswith(prefix))
    if form == "seven":
        return number
    if form == "eight":
        return f"7{number[1:]}"
    return number if form == "digits" else None


@lru_cache(maxsize=MOST_KNOWN)
def region_of(called: str) -> str | None:
    """Where a number leads, by its first digits: ``+49``; None if that can't be told."""
    digits = digits_of(called)
    if not digits:
        return None
    return f"+{digits[0]}" if digits[0] in "17" else f"+{digits[:2]}"


def market_of(called: str, form: str) -> str:
    """A value of the feature ``region``: countries whose carriers have habits of their own, by code."""
    digits = digits_of(called) if form != "name" else None
    if not digits:
        return "other"
    if digits.startswith(CIS):
        return "7"
    return next((code for code in ("49", "1") if digits.startswith(code)), "other")


@lru_cache(maxsize=MOST_KNOWN)
def ending_of(called: str) -> str:
    """The last digits of a number; empty if it has too few to be known by them."""
    digits = bare(called).removeprefix("+")
    return digits[-ENDING:] if len(digits) >= ENDING and digits.isascii() and digits.isdigit() else ""
