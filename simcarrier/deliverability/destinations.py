"""Where a called number leads: its market, and the carrier that ends the call, by the number's first digits.

A table of prefixes is the user's own knowledge and goes first, the longest prefix winning. Where it is silent the
market is the country that numbering plans give the number to. Who a range of numbers was once given to can be looked
up as well, but only if asked for: where numbers are portable a good part of them have moved since.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Final, NamedTuple

MOST_PREFIXES: Final = 1_000_000
"""Rows of a table: the ranges of all countries together are some hundred thousand."""

LONGEST: Final = 15
"""Digits of a number by E.164."""

COLUMNS: Final = ("prefix", "carrier", "market")
"""What a table's first line says; ``carrier`` and ``market`` may each be missing or empty."""

MAY_BE_PORTED: Final = " (range holder, may be ported)"
"""Stands behind a carrier that is known from the range only."""


class TableFault(ValueError):
    """What is wrong with a table of prefixes: each fault with its line."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Destination(NamedTuple):
    """Where a number leads; what is not known is None.

    Attributes:
        market: what the table says, else the country by its two letters.
        carrier: what the table says, else, if asked for, the range holder, marked as such.
    """

    market: str | None = None
    carrier: str | None = None


_NOWHERE: Final = Destination()


class Prefixes:
    """Prefixes and where they lead, by the longest that fits.

    Args:
        entries: digits without a plus, and what is known of the numbers that begin so.
    """

    def __init__(self, entries: Mapping[str, Destination]) -> None:
        self._entries = dict(entries)
        self._lengths = sorted({len(prefix) for prefix in entries}, reverse=True)

    @property
    def longest(self) -> int:
        """The digits of the longest; 0 if there are none."""
        return max(self._lengths, default=0)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._entries)

    def find(self, number: str) -> Destination:
        """Where a number leads; market and carrier each by the longest prefix that says one.

        Args:
            number: E.164, with its plus; another one is not looked up, for its first digits can mean anything.
        """
        return self.of_digits(digits_of(number))

    def of_digits(self, digits: str) -> Destination:
        """The same, of the digits of E.164 without the plus."""
        market = carrier = None
        for length in self._lengths:
            entry = self._entries.get(digits[:length]) if length <= len(digits) else None
            if entry is not None:
                market, carrier = market or entry.market, carrier or entry.carrier
                if market and carrier:
                    break
        return Destination(market, carrier)


def digits_of(number: str) -> str:
    """The digits of a number in E.164; empty for any other."""
    digits = number[1:]
    good = number.startswith("+") and digits.isascii() and digits.isdigit() and len(digits) <= LONGEST
    return digits if good else ""


def read_prefixes(lines: Iterable[str], name: str = "<text>") -> Prefixes:
    """Read a table: CSV whose first line names its columns, see `COLUMNS`. A plus before a prefix may be left out.

    Raises:
        TableFault: with every fault.
    """
    reader = csv.reader(lines)
    faults: list[str] = []
    entries: dict[str, Destination] = {}
    seen: dict[str, int] = {}
    places: dict[str, int] = {}
    try:
        for cells in reader:
            at = f"{name}:{reader.line_num}"
            if not any(cell.strip() for cell in cells) or cells[0].startswith("#"):
                continue
            if not places:
                heads = [cell.strip().lower().removeprefix("\ufeff") for cell in cells]
                places = {head: place for place, head in enumerate(heads) if head}
                unknown = [head for head in heads if head not in COLUMNS]
                if "prefix" not in places or unknown or len(heads) < 2:
                    wanted = "the first line must name the columns: prefix, and carrier or market"
                    raise TableFault([f"{at}: {wanted}, not {', '.join(heads)[:80]}"])
                continue
            row = {head: cells[place].strip() if place < len(cells) else "" for head, place in places.items()}
            prefix = row["prefix"].removeprefix("+")
            if not (prefix.isascii() and prefix.isdigit() and len(prefix) <= LONGEST):
                faults.append(f'{at}: a prefix must be up to {LONGEST} digits of E.164, not "{row["prefix"][:40]}"')
            elif prefix in seen:
                faults.append(f"{at}: prefix {prefix} stands on line {seen[prefix]} already")
            elif len(entries) >= MOST_PREFIXES:
                raise TableFault([*faults, f"{at}: more than {MOST_PREFIXES:,} prefixes"])
            else:
                seen[prefix] = reader.line_num
                entries[prefix] = Destination(row.get("market") or None, row.get("carrier") or None)
    except csv.Error as error:
        faults.append(f"{name}:{reader.line_num}: is not CSV: {error}")
    if not places and not faults:
        faults.append(f"{name}:1: the table is empty: its first line must be such as prefix,carrier,market")
    if faults:
        raise TableFault(faults)
    return Prefixes(entries)


class Destinations:
    """Tells where numbers lead.

    Args:
        prefixes: the user's table.
        range_holders: whether to name the holder of a number's range where the table names no carrier.

    Raises:
        ImportError: ``range_holders`` needs the package phonenumbers.
    """

    def __init__(self, prefixes: Prefixes | None = None, *, range_holders: bool = False) -> None:
        self._prefixes = prefixes or Prefixes({})
        # Imported only here: it takes 57 MB and a third of a second.
        self._holders = _Holders() if range_holders else None
        longest = 0 if self._holders is None else self._holders.longest
        self._telling = 1 + max(_TELLING_ELSEWHERE, longest, self._prefixes.longest)
        self._among = lru_cache(maxsize=65_536)(self._of_prefix)

    def of(self, called: str | None) -> Destination:
        """Where a number leads.

        Args:
            called: E.164 with its plus; of any other nothing is known.
        """
        if not called or called[0] != "+" or not called.isascii() or not called[1:].isdigit():
            return _NOWHERE
        # A dialler's numbers begin alike; a million of them must not cost a million look-ups.
        return self._among(called[1 : self._telling], len(called) - 1)

    def _of_prefix(self, digits: str, length: int) -> Destination:
        """Where numbers of this length lead that begin with these digits."""
        if length > LONGEST:
            return _NOWHERE
        market, carrier = self._prefixes.of_digits(digits)
        market = market or _country(digits, length)
        if carrier is None and self._holders is not None:
            holder = self._holders.find(digits)
            carrier = holder + MAY_BE_PORTED if holder else None
        return Destination(market, carrier)


_TELLING: Final = {1: 4}
"""How many digits tell the country where several share a calling code; in North America it is the area code."""

_TELLING_ELSEWHERE: Final = 8

_ORDINARY: Final = "234567890123456"
"""What a number may go on with, to see whether those that begin so are numbers."""


def country_of(number: str) -> str | None:
    """The country of a number in E.164, by its two letters; None if none is known, or phonenumbers is not installed.

    Where countries share a calling code the first digits decide, not whether just this number has been assigned.
    """
    digits = digits_of(number)
    return _country(digits[:_TELLING_ELSEWHERE], len(digits))


def _country(digits: str, whole: int) -> str | None:
    """The country of numbers of so many digits that begin with these."""
    codes = _calling_codes()
    for length in (1, 2, 3) if digits else ():
        code = int(digits[:length])
        countries = codes.get(code)
        if countries is None:
            continue
        if whole < length + 2:  # too short for a number
            return None
        if len(countries) > 1:
            telling = _TELLING.get(code, _TELLING_ELSEWHERE)
            return _country_among(countries, digits[:telling], whole)
        return countries[0] if countries[0].isalpha() else None
    return None


@cache
def _calling_codes() -> Mapping[int, tuple[str, ...]]:
    """The countries of each calling code, the main one first."""
    try:
        from phonenumbers import COUNTRY_CODE_TO_REGION_CODE
    except ImportError:
        return {}
    return dict(COUNTRY_CODE_TO_REGION_CODE)


@lru_cache(maxsize=65_536)
def _country_among(countries: tuple[str, ...], prefix: str, length: int) -> str:
    """Which of the countries that share a calling code numbers of this length have that begin so."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(f"+{prefix}{_ORDINARY[: length - len(prefix)]}")
    except phonenumbers.NumberParseException:
        return countries[0]
    # A number that is none still leads to the country of its code.
    return phonenumbers.region_code_for_number(parsed) or countries[0]


class _Holders:
    """Who the ranges of mobile numbers were given to."""

    def __init__(self) -> None:
        try:
            from phonenumbers.carrierdata import CARRIER_DATA, CARRIER_LONGEST_PREFIX
        except ImportError:
            raise ImportError(
                "the holders of ranges need the package phonenumbers: pip install 'simcarrier[probe]'",
                name="phonenumbers",
            ) from None
        self._ranges: Mapping[str, Mapping[str, str]] = CARRIER_DATA
        self.longest: int = CARRIER_LONGEST_PREFIX

    def find(self, digits: str) -> str | None:
        """The holder of the longest range that the number is in, by its English name; None if none is known."""
        for length in range(min(self.longest, len(digits)), 0, -1):
            names = self._ranges.get(digits[:length])
            if names is not None:
                return names.get("en") or None
        return None
