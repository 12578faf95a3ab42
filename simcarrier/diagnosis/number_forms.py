"""The forms in which one number can be dialled, by the rules of its country.

The library `phonenumbers` knows the prefixes of every country. It takes its time to load, so this module is imported
only where a follow-up question asks for another form.
"""

from __future__ import annotations

from collections.abc import Iterator

import phonenumbers

from .numbers import bare, form_of

REGIONS = {"seven": "RU", "eight": "RU"}
"""Where a number is meant that tells its country by its form alone."""


def other_forms(called: str, region: str | None = None) -> list[str]:
    """The same number in other forms, the most promising first; empty if it can't be read.

    Args:
        called: as it was dialled.
        region: the country in which numbers without a country code are meant, two letters.

    A carrier that does not take a form most likely takes E.164 with its plus; then the national form with its trunk
    prefix, then the country code without a plus, then the international prefix 00. Where 7 was dialled in front, 8
    comes first: that is what most carriers who do not take the one take.
    """
    number = _parsed(called, region)
    if number is None:
        return []
    dialled = bare(called)
    forms = list(dict.fromkeys(_forms(number)))
    if form_of(dialled)[0] == "seven":
        forms[:2] = reversed(forms[:2])
    return [form for form in forms if form != dialled]


def _parsed(called: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    dialled = bare(called)
    digits = dialled.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return None
    tries: list[tuple[str, str | None]] = [(dialled, region)]
    if not dialled.startswith("+"):
        tries += [(f"+{digits.removeprefix('810').removeprefix('011').removeprefix('00')}", None)]
        if len(digits) == 11 and digits[0] in "78":
            tries.insert(0, (f"+7{digits[1:]}", None))
    for text, where in tries:
        try:
            number = phonenumbers.parse(text, where)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            return number
    return None


def _forms(number: phonenumbers.PhoneNumber) -> Iterator[str]:
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    national = phonenumbers.national_significant_number(number)
    prefix = phonenumbers.ndd_prefix_for_region(region, True) or ""
    yield e164
    yield f"{prefix}{national}"
    yield e164[1:]
    yield f"00{e164[1:]}"
    yield national
