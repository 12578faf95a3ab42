"""What calls cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic_core import InitErrorDetails

from ..base import Location, Model, fault
from ..fields import Written
from ..patterns import NumberPattern
from ..units import shown
from .fields import duration, one_of
from .money import CurrencyField, PriceField


def read_prefixes(value: Any) -> NumberPattern:
    """Numbers and prefixes, of which the longest can be found: no regular expressions, no negation."""
    pattern = NumberPattern.parse(value)
    if pattern.regexes or pattern.negated:
        raise ValueError(f'must be prefixes such as "+49*", or whole numbers, not {shown(str(pattern))}')
    return pattern


_PREFIX = {"type": ["string", "integer"]}
PrefixesField = Annotated[
    NumberPattern, Written(read_prefixes, {"anyOf": [_PREFIX, {"type": "array", "items": _PREFIX, "minItems": 1}]})
]
Interval = Annotated[float, duration(1, 3600, "a time from 1s to 1h")]


class RateModel(Model):
    """What calls to some numbers cost."""

    to: PrefixesField = Field(description='Prefixes such as "+49*", or whole numbers; the longest that fits counts.')
    per_minute: PriceField = Field(description="The price of a minute in the tariff's currency, such as 0.09.")
    interval: Interval = Field(
        default=60.0, description="How much time is paid for at once; an interval that was begun is paid in full."
    )
    first_interval: Interval | None = Field(
        default=None, description="How much is paid for at the answer; as much as later if not said."
    )
    connection_fee: PriceField = Field(default=0, description="What an answered call costs beside its time.")


class TariffModel(Model):
    """What calls cost, by prefix."""

    currency: CurrencyField = Field(description="The currency, such as EUR.")
    rates: tuple[RateModel, ...] = Field(min_length=1, description="What calls cost; the longest prefix counts.")
    otherwise: Annotated[Literal["blocked", "free"], one_of("blocked", "free")] = Field(
        default="blocked", description="What becomes of a number without a rate: direction_blocked, or a call for free."
    )

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        rates = data.get("rates") if isinstance(data, Mapping) else None
        seen: dict[str, int] = {}
        for place, rate in enumerate(rates if isinstance(rates, list | tuple) else ()):
            to = rate.get("to") if isinstance(rate, Mapping) else None
            for text in to if isinstance(to, list | tuple) else [to]:
                if isinstance(text, str) and seen.setdefault(text, place) != place:
                    yield fault(f"rates[{seen[text]}] has a price for {shown(text)} already", ("rates", place, "to"))


def faults(carrier: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    """What contradicts itself between several entries; a tariff's own faults are told by its model."""
    yield from ()
