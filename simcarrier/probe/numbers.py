"""What can be known of a telephone number before it is called: emergency, premium, satellite, short.

The library knows most numbering plans, with gaps that cost money or worse (all tried): an emergency number in
international form (+49112) is not flagged; satellite +870 and +881 look like mobiles; +882, +883, +979 and +888 are
unknown. So emergency numbers are looked for in every country's list, in every form in which somebody may have spelt
them, and the prefixes of satellite and global premium services stand here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType, shortnumberinfo

LONGEST = 64
"""Characters looked at: no telephone number is longer than 15 digits, with what may stand before it."""

SEPARATORS = frozenset(" -./()\u00a0\u2010\u2011\u2013")
"""What people write between digits; it is not dialled."""

DIALLING_PREFIXES = ("000", "00", "011", "0011", "010", "119", "810", "8", "9", "0", "1")
"""Prefixes behind which somebody may have put a number: ways out of a country, of a region, of an office."""

MOST_PREFIXES = 3
"""How many of them, and country codes, are taken off in search of an emergency number: office, region, country."""

ALSO_EMERGENCY = frozenset(
    {"112", "911", "999", "000", "110", "111", "113", "115", "117", "118", "119", "116117", "988", "933"}
)
"""Answered by people who are needed elsewhere, wherever one is, though no list may say so."""

GLOBAL_SERVICES = {
    "870": "satellite (Inmarsat)",
    "881": "satellite",
    "882": "an international network",
    "883": "an international network",
    "888": "a disaster relief service",
    "979": "international premium rate",
    "878": "personal numbering",
    "800": "an international freephone service",
    "808": "an international shared-cost service",
}
"""Country codes without a country, and what is behind them."""

_COSTLY = {
    PhoneNumberType.PREMIUM_RATE: "premium rate",
    PhoneNumberType.SHARED_COST: "shared cost",
    PhoneNumberType.PERSONAL_NUMBER: "a personal number, whose price nobody knows beforehand",
    PhoneNumberType.UAN: "a company-wide number, whose price nobody knows beforehand",
    PhoneNumberType.PAGER: "a pager",
    PhoneNumberType.VOICEMAIL: "a mailbox access",
}


MOST_SHORT = 6
"""Digits without the country code up to which a number in no known range is taken for a short one: 11880, 19222."""


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """What is known of a number.

    Attributes:
        digits: as dialled, its plus included, separators left out.
        e164: in international form with its plus; None if it can't be read so.
        emergency: it is an emergency number, in some spelling.
        emergency_behind: it may be one behind several prefixes. Many numbers that are not in use look like that.
        costly: why it costs more than a usual call; None if nothing says so.
        premium: this is because of premium or shared-cost rates, which a caller may want in spite of it.
        known: it is in a range of its country's numbering plan. Others may be put through all the same, at any price.
        short: it is shorter than a subscriber's number, or not a possible number at all.
        region: the country, as two letters; None if there is none.
    """

    digits: str
    e164: str | None
    emergency: bool
    emergency_behind: bool
    costly: str | None
    premium: bool
    known: bool
    short: bool
    region: str | None


def dialled(number: str) -> str | None:
    """The number as it would be dialled: a plus, digits, star and hash, without separators.

    Digits of any script are read as digits. None for anything else: letters, percent signs and parameters may turn
    into other digits on their way.
    """
    if len(number) > LONGEST:
        return None
    text = ""
    for place, character in enumerate(number.strip()):
        if character in SEPARATORS:
            continue
        if character.isdecimal():
            text += str(unicodedata.decimal(character))
        elif character in "*#" or (character in "+\uff0b" and place == 0):
            text += "+" if character == "\uff0b" else character
        else:
            return None
    return text or None


@lru_cache(maxsize=4096)
def facts_of(number: str, region: str | None = None) -> NumberFacts | None:
    """What is known of a number; None if it is spelt in a way that nobody should dial.

    Args:
        number: as it will be sent.
        region: the country in which numbers without a country code are meant, two letters.
    """
    digits = dialled(number)
    if digits is None:
        return None
    emergency = _is_emergency(digits, region)
    behind = emergency or any(map(_answered_as_emergency, _spellings(digits, MOST_PREFIXES)))
    try:
        parsed = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return NumberFacts(digits, None, emergency, behind, _service(digits), False, False, True, None)
    kind = phonenumbers.number_type(parsed)
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    known = kind != PhoneNumberType.UNKNOWN
    if not known:
        kind = _kind_of_beginning(parsed)
    costly = _service(e164) or _COSTLY.get(kind)
    premium = kind in (PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST)
    short = not phonenumbers.is_possible_number(parsed) or (not known and len(_national(parsed)) <= MOST_SHORT)
    region_code = phonenumbers.region_code_for_number(parsed)
    emergency = emergency or _is_local_emergency(parsed) or any(map(_answered_as_emergency, _spellings(e164, 1)))
    # A number that its country has given to subscribers is nobody else's, whatever its digits look like.
    behind = emergency or (behind and not known)
    return NumberFacts(digits, e164, emergency, behind, costly, premium, known, short, region_code)


def _national(number: phonenumbers.PhoneNumber) -> str:
    return str(phonenumbers.national_significant_number(number))


def _kind_of_beginning(number: phonenumbers.PhoneNumber) -> int:
    """What a number is without its last digits: exchanges connect when enough have come, and pass over the rest."""
    national = _national(number)
    for length in range(len(national) - 1, max(len(national) - 8, 3), -1):
        shorter = phonenumbers.PhoneNumber(
            country_code=number.country_code,
            national_number=int(national[:length] or "0"),
            italian_leading_zero=number.italian_leading_zero,
            number_of_leading_zeros=number.number_of_leading_zeros,
        )
        kind = int(phonenumbers.number_type(shorter))
        if kind != PhoneNumberType.UNKNOWN:
            return kind
    return int(PhoneNumberType.UNKNOWN)


def _is_local_emergency(number: phonenumbers.PhoneNumber) -> bool:
    """An area code, and behind it nothing but an emergency number (+49 30 110)."""
    national = _national(number)
    area = int(phonenumbers.length_of_geographical_area_code(number))
    return area > 0 and national[area:] in ALSO_EMERGENCY


def _service(e164: str) -> str | None:
    digits = e164.lstrip("+").removeprefix("00")
    return GLOBAL_SERVICES.get(digits[:3])


def _is_emergency(digits: str, region: str | None) -> bool:
    if any(map(_answered_as_emergency, _spellings(digits, 1))):
        return True
    short = digits.lstrip("+")
    # In some countries whatever begins with the emergency number reaches it.
    if region is None or len(short) > MOST_SHORT:
        return False
    return bool(shortnumberinfo.connects_to_emergency_number(short, region))


def _answered_as_emergency(digits: str) -> bool:
    return digits in ALSO_EMERGENCY or _emergency_pattern().fullmatch(digits) is not None


def _spellings(digits: str, most: int) -> Iterator[str]:
    """A number with and without what may stand before it: a star code, and so many ways out and country codes."""
    parts = [part for part in re.split(r"[*#]+", digits.lstrip("+")) if part]
    for part in parts:
        # *67 911, *31#112: the code of a service, and the number right behind it.
        for text in (part,) if part == digits.lstrip("+") else (part, part[2:], part[3:]):
            yield from _without_prefixes(text, most)
    international = digits.startswith("+") or digits[:2] == "00" or digits[:3] == "011"
    if international:
        bare = digits.lstrip("+").removeprefix("011" if digits[:3] == "011" else "00")
        for length in _prefix_lengths(bare):
            yield bare[length:]
            yield bare[length:].removeprefix("0")


def _without_prefixes(digits: str, most: int) -> set[str]:
    found = fresh = {digits}
    for _ in range(most):
        fresh = {text[length:] for text in fresh for length in _prefix_lengths(text)} - found
        found = found | fresh
    return found


def _prefix_lengths(digits: str) -> Iterator[int]:
    """How long what stands before a number may be: a way out, or a country's code."""
    yield from (len(prefix) for prefix in DIALLING_PREFIXES if digits.startswith(prefix))
    for length in (2, 3):
        if digits[:length].isdecimal() and int(digits[:length]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            yield length
    if digits[:1] in ("1", "7"):
        yield 1


@lru_cache(maxsize=1)
def _emergency_pattern() -> re.Pattern[str]:
    """Every country's emergency numbers, each different expression once, in one that is asked at once."""
    found: dict[str, None] = {}
    for region in sorted(phonenumbers.SUPPORTED_SHORT_REGIONS):
        metadata = phonenumbers.PhoneMetadata.short_metadata_for_region(region)
        if metadata is not None and metadata.emergency is not None and metadata.emergency.national_number_pattern:
            found[metadata.emergency.national_number_pattern] = None
    return re.compile("|".join(f"(?:{pattern})" for pattern in found))
