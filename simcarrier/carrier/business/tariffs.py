"""Tariffs: what a call to a number costs, found by the longest prefix.

Time is sold by the interval, in advance: the first at the answer, each further one when it begins. What an interval
costs follows from the price of a minute, rounded up to the unit of account, a millionth of the main unit; so no sum is
ever rounded again, and a minute never costs less than the tariff says.
"""

from __future__ import annotations

from collections.abc import Mapping

from simcarrier.scenario.business.money import in_words
from simcarrier.scenario.business.tariffs import RateModel, TariffModel


class Rate:
    """What calls to some numbers cost; amounts in millionths of the main unit, times in seconds.

    Attributes:
        fee: for the connection.
        first, each: for the first interval and for each further one.
        at_answer: what is paid when the call is answered.
        first_interval, interval: how long these are.
        words: the price as a report says it.
    """

    __slots__ = ("at_answer", "each", "fee", "first", "first_interval", "interval", "words")

    def __init__(self, model: RateModel, currency: str) -> None:
        self.interval = model.interval
        self.first_interval = model.interval if model.first_interval is None else model.first_interval
        self.fee = model.connection_fee
        self.first = _price(model.per_minute, self.first_interval)
        self.each = _price(model.per_minute, self.interval)
        self.at_answer = self.fee + self.first
        minute = f"{in_words(model.per_minute)} {currency} a minute"
        self.words = f"{in_words(self.fee)} {currency} and {minute}" if self.fee else minute


def _price(per_minute: int, seconds: float) -> int:
    """The price of so much time, rounded up."""
    return -(-per_minute * round(seconds * 1000) // 60_000)


class Tariff:
    """A tariff of the scenario.

    Attributes:
        name: as in the scenario.
        currency: of all its amounts.
        free_otherwise: a number without a rate costs nothing; if not, it can't be called.
        rates: in the order of the scenario.
    """

    def __init__(self, name: str, model: TariffModel) -> None:
        self.name = name
        self.currency = model.currency
        self.free_otherwise = model.otherwise == "free"
        self._exact: dict[str, Rate] = {}
        self._prefixes: dict[str, Rate] = {}
        self.rates = tuple(Rate(entry, model.currency) for entry in model.rates)
        for entry, rate in zip(model.rates, self.rates, strict=True):
            self._exact.update(dict.fromkeys(entry.to.exact, rate))
            self._prefixes.update(dict.fromkeys(entry.to.prefixes, rate))
            if entry.to.anything:
                self._prefixes[""] = rate
        self._lengths = sorted({len(prefix) for prefix in self._prefixes}, reverse=True)

    def rate_for(self, number: str) -> Rate | None:
        """The rate of a number: its own, or that of its longest prefix; None if there is none."""
        if self._exact:
            found = self._exact.get(number)
            if found is not None:
                return found
        get = self._prefixes.get
        for length in self._lengths:
            found = get(number[:length])
            if found is not None:
                return found
        return None


def tariffs(models: Mapping[str, TariffModel]) -> dict[str, Tariff]:
    """The tariffs of a scenario by name."""
    return {name: Tariff(name, model) for name, model in models.items()}
