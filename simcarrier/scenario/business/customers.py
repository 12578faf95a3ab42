"""Customers of a carrier: how they are told, what they must prove, what they have paid."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import InitErrorDetails, core_schema

from ...sip.digest import Algorithm
from ...sip.errors import Malformed
from ..base import Location, Model, fault, suggestion_or_list
from ..fields import PARAMETER, TEXT_SCHEMA, Flag, Line, NetworksField, NumberPatternField, Text, Written, read_networks
from ..units import shown
from .directions import DirectionsModel
from .fields import duration, entries, names, one_of, with_short_form
from .money import MONEY_SCHEMA, FloorField, Money, MoneyField, read_floor

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DOMAIN = re.compile(r"[A-Za-z0-9_.:\-]+|\[[0-9A-Fa-f:.]+\]")


@dataclass(frozen=True, slots=True)
class FromEnvironment:
    """A password out of the environment.

    Attributes:
        name: the variable.
        value: what it held when the scenario was read.
    """

    name: str
    value: str = field(repr=False)


HIDDEN = "(left out by the dashboard)"
"""What the dashboard writes for a password: it shows none."""

MAY_HIDE = "may_hide"
"""In the validation context: `HIDDEN` may stand for a password, as in a text that comes back from the dashboard."""


def read_password(value: Any) -> str:
    """Any text that is not empty; a fault does not show it."""
    if not isinstance(value, str) or not value:
        raise ValueError("must be a text that is not empty")
    return value


def _not_hidden(value: str, info: ValidationInfo) -> str:
    if value == HIDDEN and not (info.context or {}).get(MAY_HIDE):
        raise ValueError(f"must be the password itself, which the dashboard left out here: {HIDDEN}")
    return value


def read_password_env(value: Any) -> FromEnvironment:
    """The name of an environment variable that is set."""
    if isinstance(value, FromEnvironment):
        return value
    if not isinstance(value, str) or not _VARIABLE.fullmatch(value):
        raise ValueError(f"must be the name of an environment variable, not {shown(value)}")
    password = os.environ.get(value)
    if not password:
        raise ValueError(f"must name an environment variable that is set; {value} is not: set it to the password")
    return FromEnvironment(value, password)


def read_algorithms(value: Any) -> tuple[Algorithm, ...]:
    """One digest algorithm or a list, the preferred first."""
    found: list[Algorithm] = []
    for text in value if isinstance(value, list | tuple) else [value]:
        try:
            algorithm = Algorithm.parse(text if isinstance(text, str) else "")
        except Malformed:
            known = ", ".join(algorithm.value for algorithm in Algorithm)
            raise ValueError(f"must be digest algorithms, not {shown(text)}; there are {known}") from None
        if not algorithm.available:
            raise ValueError(f"must be algorithms that this Python has; it lacks {algorithm.value}")
        if algorithm in found:
            raise ValueError(f"must not name {algorithm.value} twice")
        found.append(algorithm)
    if not found:
        raise ValueError("must not be an empty list")
    return tuple(found)


def read_challenge(value: Any) -> int:
    """401 or 407."""
    if value not in ("401", "407", 401, 407):
        raise ValueError(f"must be 401 or 407, not {shown(value)}")
    return int(value)


def read_domains(value: Any) -> tuple[str, ...]:
    """One host name or a list, in lower case."""
    found = []
    for text in value if isinstance(value, list | tuple) else [value]:
        if not isinstance(text, str) or not _DOMAIN.fullmatch(text):
            raise ValueError(f"must be a host name such as customer.example, not {shown(text)}")
        found.append(text.strip("[]").lower())
    if not found:
        raise ValueError("must not be an empty list")
    return tuple(found)


_ALGORITHM = {"anyOf": [{"type": "string", "enum": [algorithm.value for algorithm in Algorithm]}, PARAMETER]}
_CHALLENGE = {"anyOf": [{"type": "integer", "enum": [401, 407]}, PARAMETER]}
_DOMAIN_SCHEMA = {"type": "string"}

_PERIOD = duration(1, 86_400, "a time in whole seconds from 1s to 24h", whole=True)
Period = Annotated[float, _PERIOD]


class RegistrationModel(Model):
    """Whether a customer must be registered, and for how long it may be."""

    required: Flag = Field(default=True, description="Calls are taken only while a registration is active.")
    min_expires: Period = Field(
        default=60.0, description="A registration for less is refused with 423 and this as its Min-Expires."
    )
    max_expires: Period = Field(default=3600.0, description="A registration for more is cut to this.")
    starts: Annotated[Literal["active", "inactive"], one_of("active", "inactive")] = Field(
        default="inactive",
        description="Whether there is a registration when the carrier starts; it runs out after max_expires.",
    )

    @classmethod
    def _reshape(cls, data: Any) -> Any:
        if data in ("required", "optional"):
            return {"required": "true" if data == "required" else "false"}
        if isinstance(data, str):
            raise ValueError(f"must be required, optional, or a mapping, not {shown(data)}")
        return data

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if not isinstance(data, Mapping):
            return
        try:
            low, high = _PERIOD.read(data.get("min_expires", "60s")), _PERIOD.read(data.get("max_expires", "1h"))
        except ValueError:
            return
        if low > high:
            yield fault("has a min_expires above its max_expires", ("min_expires",) if "min_expires" in data else ())

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return with_short_form(
            schema, handler, {"anyOf": [{"type": "string", "enum": ["required", "optional"]}, PARAMETER]}
        )


class BalanceModel(Model):
    """What a customer has paid in advance."""

    amount: MoneyField = Field(description="The balance when the carrier starts, such as 12.50 EUR.")
    floor: FloorField = Field(
        default=Money(0, ""), description="How far down it may go; below zero it is a credit, such as -5.00 EUR."
    )

    @classmethod
    def _reshape(cls, data: Any) -> Any:
        return {"amount": data} if isinstance(data, str) else data

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        try:
            amount = Money.parse(data.get("amount") if isinstance(data, Mapping) else data)
            floor = read_floor(data.get("floor", "0") if isinstance(data, Mapping) else "0")
        except ValueError:
            return
        where = ("floor",) if isinstance(data, Mapping) and "floor" in data else ()
        if floor.currency not in ("", amount.currency):
            yield fault(f"is in {floor.currency} and the balance in {amount.currency}", where)
        elif floor.amount > amount.amount:
            yield fault("begins below its floor", where)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return with_short_form(schema, handler, dict(MONEY_SCHEMA))


class CustomerModel(Model):
    """Somebody whose calls the carrier takes. Any of source, user and domain tells who it is."""

    name: Text = Field(description="What reports call it.")
    source: NetworksField | None = Field(
        default=None, description="Addresses or networks that its calls come from; the most specific counts."
    )
    user: Line | None = Field(default=None, description="Its digest user; calls are then challenged.")
    domain: Annotated[
        tuple[str, ...],
        Written(read_domains, {"anyOf": [_DOMAIN_SCHEMA, {"type": "array", "items": _DOMAIN_SCHEMA, "minItems": 1}]}),
    ] = Field(default=(), description="The host in its calls' From, one or a list.")
    password: Annotated[str, Written(read_password, TEXT_SCHEMA), AfterValidator(_not_hidden)] | None = Field(
        default=None, repr=False, exclude=True, description="The digest user's password."
    )
    password_env: Annotated[FromEnvironment, Written(read_password_env, {"type": "string"})] | None = Field(
        default=None, exclude=True, description="The environment variable that holds the password."
    )
    challenge: Annotated[
        int, Written(read_challenge, {"anyOf": [{"type": "integer", "enum": [401, 407]}, PARAMETER]})
    ] = Field(default=407, description="The code that asks for credentials: 407 as a proxy, 401 as a user agent.")
    algorithms: Annotated[
        tuple[Algorithm, ...],
        Written(read_algorithms, {"anyOf": [_ALGORITHM, {"type": "array", "items": _ALGORITHM, "minItems": 1}]}),
    ] = Field(
        default=(Algorithm.SHA_256, Algorithm.MD5),
        description="Digest algorithms offered, the preferred first: MD5, SHA-256, SHA-512-256, each also with -sess.",
    )
    realm: Line = Field(default="simcarrier", description="The realm that the password is asked for.")
    registration: RegistrationModel | None = Field(
        default=None, description="required, optional, or a mapping; as for optional if not said."
    )
    balance: BalanceModel | None = Field(
        default=None, description="What it has paid in advance, such as 12.50 EUR; calls go on account if not said."
    )
    tariff: Text | None = Field(
        default=None, description="What its calls cost: a name out of tariffs; nothing if not said."
    )
    trunk: Text | None = Field(default=None, description="The trunk that its calls come by: a name out of trunks.")
    directions: DirectionsModel | None = Field(
        default=None, description="Where it may call; the carrier's directions if not said."
    )
    routed_callers: NumberPatternField | None = Field(
        default=None, description="The caller IDs that are routed for it; the carrier's if not said."
    )

    @property
    def secret(self) -> str | None:
        """The password, wherever it was written."""
        return self.password_env.value if self.password_env is not None else self.password

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if not isinstance(data, Mapping):
            return
        keys = set(data)
        if not keys & {"source", "user", "domain"}:
            yield fault("can't be told from others: add source, user or domain")
        if {"password", "password_env"} <= keys:
            yield fault("stands beside password: write one of them", ("password_env",))
        passwords = keys & {"password", "password_env"}
        if "user" in keys and not passwords:
            yield fault("has no password: add password or password_env", ("user",))
        for key in ("password", "password_env", "challenge", "algorithms", "realm"):
            if key in keys and "user" not in keys:
                yield fault("is of no use without user", (key,))
        if "registration" in keys and "user" not in keys:
            yield fault("needs a user: who registers must prove who it is", ("registration",))
        if "balance" in keys and "tariff" not in keys:
            yield fault("needs a tariff: nothing tells what calls cost", ("balance",))


def faults(carrier: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    """What contradicts itself between several entries; locations are relative to ``carrier``."""
    yield from _twice(carrier)
    yield from _unknown(carrier)
    yield from _currencies(carrier)


def _twice(carrier: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    """Customers that cannot be told from each other."""
    seen: dict[tuple[str, str], int] = {}
    for place, customer in entries(carrier, "customers"):
        for key, read in _TELLING.items():
            try:
                values = read(customer[key])
            except (KeyError, ValueError):
                continue  # absent, or for the model to refuse
            for value in values:
                first = seen.setdefault((key, str(value)), place)
                if first != place:
                    yield ("customers", place, key), f"customers[{first}] has the {key} {shown(value)} already"


def _read_words(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else ()


_TELLING = {"name": _read_words, "user": _read_words, "domain": read_domains, "source": read_networks}


def _unknown(carrier: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    """Tariffs and trunks that do not exist."""
    for key, where in (("tariff", "tariffs"), ("trunk", "trunks")):
        known = names(carrier, where)
        for place, customer in entries(carrier, "customers"):
            name = customer.get(key)
            if isinstance(name, str) and name and name not in known:
                hint = suggestion_or_list(name, known, "; there are none")
                yield ("customers", place, key), f"there is no {key} {shown(name)}{hint}"


def _currencies(carrier: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    tariffs = carrier.get("tariffs")
    for place, customer in entries(carrier, "customers"):
        balance, name = customer.get("balance"), customer.get("tariff")
        tariff = tariffs.get(name) if isinstance(tariffs, Mapping) and isinstance(name, str) else None
        wanted = tariff.get("currency") if isinstance(tariff, Mapping) else None
        try:
            amount = Money.parse(balance.get("amount") if isinstance(balance, Mapping) else balance)
        except ValueError:
            continue
        if isinstance(wanted, str) and amount.currency != wanted:
            why = f"is in {amount.currency}, and the tariff {shown(name)} in {shown(wanted)}: both need one currency"
            yield ("customers", place, "balance"), why
