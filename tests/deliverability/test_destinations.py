"""Market and terminating carrier of a called number."""

from __future__ import annotations

import random
import subprocess
import sys

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.deliverability.destinations import Destination, Destinations, TableFault, country_of, read_prefixes

TABLE = """\
prefix,carrier,market
# the digits of E.164
+49,,Germany
49151,T-Mobile,
49 ,,
491511,,Saarland
1415,"Pacific, Bell",US west
"""


def table(text: str) -> Destinations:
    return Destinations(read_prefixes(text.replace("49 ,,\n", "").splitlines(), "t.csv"))


@pytest.mark.parametrize(
    ("number", "market", "carrier"),
    [
        ("+4930123456", "Germany", None),
        ("+491511234567", "Saarland", "T-Mobile"),
        ("+491512234567", "Germany", "T-Mobile"),
        ("+14155550100", "US west", "Pacific, Bell"),
        ("+33142278186", "FR", None),
        ("+12125550100", "US", None),
        ("+79161234567", "RU", None),
        ("+77011234567", "KZ", None),
        ("0301234", None, None),
        ("4930123456", None, None),
        ("anonymous", None, None),
        ("+", None, None),
        ("", None, None),
        (None, None, None),
        ("+999123", None, None),
    ],
)
def test_where_a_number_leads(number: str | None, market: str | None, carrier: str | None) -> None:
    assert table(TABLE).of(number) == Destination(market, carrier)


def test_every_fault_of_a_table_is_told_with_its_line() -> None:
    with pytest.raises(TableFault) as caught:
        read_prefixes("prefix,market\n49,x\n+49,y\n0x,z\n,w\n1234567890123456,v\n".splitlines(), "t.csv")
    assert caught.value.faults == [
        "t.csv:3: prefix 49 stands on line 2 already",
        't.csv:4: a prefix must be up to 15 digits of E.164, not "0x"',
        't.csv:5: a prefix must be up to 15 digits of E.164, not ""',
        't.csv:6: a prefix must be up to 15 digits of E.164, not "1234567890123456"',
    ]


@pytest.mark.parametrize("text", ["", "49,Telekom", "prefix", "prefix,owner\n49,x", "prefix,carrier,market,else\n"])
def test_a_table_must_name_its_columns(text: str) -> None:
    with pytest.raises(TableFault, match=r"t\.csv:1: the .*first line must"):
        read_prefixes(text.splitlines(), "t.csv")


@given(entries=st.dictionaries(st.text("0123", min_size=1, max_size=6), st.text("ab", min_size=1, max_size=3)),
       digits=st.text("0123", min_size=1, max_size=8))  # fmt: skip
def test_the_longest_prefix_wins(entries: dict[str, str], digits: str) -> None:
    lines = ["prefix,carrier", *(f"{prefix},{carrier}" for prefix, carrier in entries.items())]
    fitting = [prefix for prefix in entries if digits.startswith(prefix)]
    wanted = entries[max(fitting, key=len)] if fitting else None
    assert read_prefixes(lines).find(f"+{digits}").carrier == wanted


@pytest.mark.parametrize("region", ["US", "CA", "BS", "RU", "KZ", "GB", "GG", "JE", "IM", "IT", "AU", "CC", "RE", "YT",
                                    "GP", "BL", "MF", "FI", "AX", "CW", "BQ", "DE", "FR", "BR", "IN"])  # fmt: skip
def test_countries_that_share_a_code_are_told_apart(region: str) -> None:
    chance = random.Random(region)
    for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE):
        example = phonenumbers.example_number_for_type(region, kind)
        assert example is not None
        written = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        others = (f"{written[:-6]}{chance.randrange(10**6):06}" for _ in range(20))
        for other in (written, *others):
            parsed = phonenumbers.parse(other)
            if phonenumbers.is_valid_number(parsed):
                assert country_of(other) == phonenumbers.region_code_for_number(parsed), other


def test_range_holders_only_if_asked_for_and_marked() -> None:
    assert Destinations().of("+4915112345678").carrier is None
    assert Destinations(range_holders=True).of("+4915112345678").carrier == "T-Mobile (range holder, may be ported)"
    own = read_prefixes(["prefix,carrier", "49,Mine"])
    assert Destinations(own, range_holders=True).of("+4915112345678").carrier == "Mine"


def test_a_number_outside_its_plan_still_has_the_country_of_its_code() -> None:
    assert country_of("+49") is None
    assert country_of("+4912") == "DE"


def test_without_asking_nothing_heavy_is_imported() -> None:
    code = "from simcarrier.deliverability.destinations import Destinations as D; D().of('+4930123456'); import sys; " \
        "sys.exit('phonenumbers.carrierdata' in sys.modules)"  # fmt: skip
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0
