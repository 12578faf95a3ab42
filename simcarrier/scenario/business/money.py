"""Money as people write it: ``12.50 EUR``.

An amount is an integer of millionths of the currency's main unit: 12.50 EUR is 12,500,000, and a tariff of 0.0095 EUR a
minute is exact. Nothing is ever a float, and an amount with more than six decimals is refused rather than rounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from ..fields import PARAMETER, Written
from ..units import shown

UNITS = 1_000_000
"""How many units of account a main unit, such as a euro, has."""

DECIMALS = 6

_AMOUNT = r"-?[0-9]{1,9}(?:\.[0-9]{1,6})?"
_MONEY = re.compile(rf"({_AMOUNT}) +([A-Z]{{3}})")
_PLAIN = re.compile(_AMOUNT)
_FINE = re.compile(r"-?[0-9]+\.[0-9]{7,}(?: +[A-Z]{3})?")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency.

    Attributes:
        amount: in millionths of the main unit; may be negative.
        currency: three capital letters.
    """

    amount: int
    currency: str

    @classmethod
    def parse(cls, value: Any) -> Money:
        """Read ``12.50 EUR``.

        Raises:
            ValueError: it is no such text, or has more than six decimals.
        """
        if isinstance(value, Money):
            return value
        text = value.strip() if isinstance(value, str) else ""
        found = _MONEY.fullmatch(text)
        if found is None:
            if _FINE.fullmatch(text):
                raise ValueError(f"must have at most {DECIMALS} decimals, not {shown(value)}")
            if _PLAIN.fullmatch(text):
                raise ValueError(f"must have its currency: write {text} EUR")
            raise ValueError(f"must be an amount such as 12.50 EUR, not {shown(value)}")
        return cls(_units(found[1]), found[2])

    def __str__(self) -> str:
        return f"{in_words(self.amount)} {self.currency}"


def _units(text: str) -> int:
    whole, _, fraction = text.removeprefix("-").partition(".")
    units = int(whole) * UNITS + int(fraction.ljust(DECIMALS, "0"))
    return -units if text.startswith("-") else units


def in_words(amount: int) -> str:
    """An amount as a decimal number: two decimals, more where they are needed."""
    whole, rest = divmod(abs(amount), UNITS)
    decimals = f"{rest:0{DECIMALS}d}"
    decimals = decimals[:2] + decimals[2:].rstrip("0")
    return f"{'-' if amount < 0 else ''}{whole}.{decimals}"


def read_price(value: Any) -> int:
    """A price such as ``0.0095``, without its currency, which the tariff names; not below zero."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = value.strip() if isinstance(value, str) else ""
    if _PLAIN.fullmatch(text) and not text.startswith("-"):
        return _units(text)
    if _FINE.fullmatch(text):
        raise ValueError(f"must have at most {DECIMALS} decimals, not {shown(value)}")
    if _MONEY.fullmatch(text):
        raise ValueError(f"must be a number alone, not {shown(value)}: the tariff names the currency")
    raise ValueError(f"must be a price such as 0.09, not {shown(value)}")


def read_floor(value: Any) -> Money:
    """An amount with its currency or without; without one the currency is empty."""
    if isinstance(value, str) and _PLAIN.fullmatch(value.strip()):
        return Money(_units(value.strip()), "")
    return Money.parse(value)


def read_currency(value: Any) -> str:
    """Three capital letters, as ISO 4217 has them."""
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise ValueError(f"must be a currency of three capital letters such as EUR, not {shown(value)}")
    return value


_PAID = {"type": "string", "pattern": rf"^{_AMOUNT} +[A-Z]{{3}}$", "examples": ["12.50 EUR"]}
_NUMBER = ({"type": "number"}, {"type": "string", "pattern": rf"^{_AMOUNT}$"}, PARAMETER)

MONEY_SCHEMA = {"anyOf": [_PAID, PARAMETER]}

MoneyField = Annotated[Money, Written(Money.parse, MONEY_SCHEMA)]
FloorField = Annotated[Money, Written(read_floor, {"anyOf": [*_NUMBER, _PAID]})]
PriceField = Annotated[int, Written(read_price, {"anyOf": [*_NUMBER]})]
CurrencyField = Annotated[
    str, Written(read_currency, {"anyOf": [{"type": "string", "pattern": "^[A-Z]{3}$"}, PARAMETER]})
]
