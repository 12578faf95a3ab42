"""Traffic: who calls whom, when and how often, for a simulation on a virtual clock.

What a carrier answers depends on what it is sent, so a scenario can say what that is: campaigns with their lists,
caller IDs, hours, retries, and the patience of whoever waits at the calling end. `simcarrier.simulate` acts on it; a
carrier that real diallers call has no use for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field, GetJsonSchemaHandler
from pydantic.config import JsonDict
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import InitErrorDetails, core_schema

from .base import Location, Model, fault, suggestion_or_list
from .business.clock import DaysField, HoursField
from .business.fields import with_short_form
from .fields import Flag, HeaderName, Line, ShareField, SpanField, Text
from .traffic_fields import (
    AddressField,
    CallsPerHour,
    NumberField,
    NumberTemplateField,
    ProfileField,
    ReasonField,
    Size,
    Tries,
)
from .units import Span, parse_share, shown

MOST_CAMPAIGNS = 1_000


def _or_one(schema: JsonDict) -> None:
    """In the JSON Schema: a list may be written as its only entry."""
    listed: JsonDict = {}
    for key in ("type", "items", "minItems"):
        listed[key] = schema.pop(key)
    schema["anyOf"] = [listed["items"], listed]


class Called(Model):
    """A kind of numbers that a campaign calls."""

    number: NumberTemplateField = Field(description="The numbers, # for a random digit, such as +4989#######.")
    share: ShareField | None = Field(
        default=None, description="How many of the campaign's numbers are of this kind; as many as of the others."
    )

    @classmethod
    def _reshape(cls, data: Any) -> Any:
        return data if isinstance(data, Mapping) else {"number": data}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return with_short_form(schema, handler, {"type": ["string", "integer"]})


class Pool(Model):
    """Caller IDs: those listed, or so many from a prefix on."""

    numbers: tuple[NumberField, ...] = Field(default=(), description="The caller IDs, one by one.")
    prefix: NumberField | None = Field(default=None, description="What all of them begin with.")
    count: Size | None = Field(default=None, description="How many there are: the prefix, then 0, 1, 2, ...")

    @classmethod
    def _reshape(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"numbers": [data]}
        return {"numbers": list(data)} if isinstance(data, list | tuple) else data

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        number: JsonSchemaValue = {"type": ["string", "integer"]}
        return with_short_form(schema, handler, {"anyOf": [number, {"type": "array", "items": number, "minItems": 1}]})

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if isinstance(data, list | tuple) and not data:
            yield fault("must not be an empty list")
        if not isinstance(data, Mapping):
            return
        if "numbers" in data and ("prefix" in data or "count" in data):
            yield fault("has numbers and a prefix: either the caller IDs are listed, or counted from a prefix")
        elif "numbers" not in data and ("prefix" not in data or "count" not in data):
            yield fault("must be a list of numbers, or a mapping such as {prefix: +49301234, count: 50}")

    @property
    def all(self) -> tuple[str, ...]:
        """The caller IDs."""
        if self.prefix is None or self.count is None:
            return self.numbers
        width = len(str(self.count - 1))
        return tuple([f"{self.prefix}{at:0{width}d}" for at in range(self.count)])


class Retries(Model):
    """What is done about a call that did not get through."""

    on: tuple[ReasonField, ...] = Field(
        min_length=1,
        description="What is tried again: conditions such as no_answer, and codes such as 486.",
        json_schema_extra=_or_one,
    )
    after: SpanField = Field(description="How long after the end of the call, such as 1h or 30m..90m.")
    at_most: Tries = Field(default=3, description="How many further calls there are to one number at most.")

    @classmethod
    def _reshape(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and isinstance(data.get("on"), str | int):
            return {**data, "on": [data["on"]]}
        return data


class Campaign(Model):
    """Calls of one kind."""

    name: Text | None = Field(default=None, description="What it is called; its place in the file if not said.")
    share: ShareField | None = Field(
        default=None, description="How many of all calls are its own; as many as the others' if no campaign says it."
    )
    to: tuple[Called, ...] = Field(min_length=1, description="The numbers it calls.", json_schema_extra=_or_one)
    numbers: Size | None = Field(
        default=None,
        description="Its list has so many different numbers, which it calls one after the other, then again; "
        "without a list each call is to a new number.",
    )
    callers: Pool | None = Field(
        default=None, description="The caller IDs that it shows; fifty, from +493055500 to +493055549."
    )
    choose: Literal["round_robin", "random", "sticky"] = Field(
        default="round_robin",
        description="Which caller ID a call shows: the next one, any, or always the same for a number.",
    )
    hours: HoursField | None = Field(default=None, description="When it calls, by the carrier's clock; all day.")
    days: DaysField | None = Field(default=None, description="On which days it calls; every day.")
    profile: ProfileField | None = Field(
        default=None, description="The weight of each hour, such as {8..12: 1, 12..14: 0.5}; the same for all."
    )
    retries: Retries | None = Field(default=None, description="What is called again; nothing.")
    patience: SpanField = Field(
        default=Span(30.0, 45.0), description="How long the caller lets it ring before it cancels."
    )
    stall: SpanField = Field(
        default=Span(10.0, 10.0), description="How long after 100 without a further response the caller cancels."
    )
    talk: SpanField = Field(
        default=Span(20.0, 120.0), description="How long they talk before the caller hangs up, unless the carrier does."
    )
    customer: Text | None = Field(default=None, description="Whose calls they are, where the carrier has customers.")
    registers: Flag = Field(
        default=True, description="The customer keeps itself registered; else it is as the carrier has it at the start."
    )
    source: AddressField | None = Field(
        default=None, description="The address that the calls come from; the customer's, or 127.0.0.1:5060."
    )
    asserted: Line | None = Field(
        default=None, description="The number in P-Asserted-Identity, or caller for the caller ID; no such header."
    )
    headers: dict[HeaderName, Line] = Field(default_factory=dict, description="Further headers of the INVITE.")

    @property
    def pool(self) -> tuple[str, ...]:
        """The caller IDs."""
        return (self.callers or Pool(prefix="+4930555", count=50)).all

    @classmethod
    def _reshape(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and isinstance(data.get("to"), str | Mapping):
            return {**data, "to": [data["to"]]}
        return data

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if not isinstance(data, Mapping):
            return
        to = data.get("to")
        entries = to if isinstance(to, list | tuple) else [to]
        yield from _shares(entries, ("to",))
        size, room = data.get("numbers"), 0
        try:
            room = sum(Called.model_validate(entry).number.count for entry in entries)
            wanted = int(str(size)) if size is not None else 0
        except ValueError:
            return  # told where it stands
        if wanted > room:
            yield fault(f"must not ask for more numbers than there are: to has {room}", ("numbers",))


class Traffic(Model):
    """The calls that a simulation places."""

    calls_per_hour: CallsPerHour = Field(
        default=1000, description="First calls in an hour of weight 1; retries come on top."
    )
    campaigns: tuple[Campaign, ...] = Field(min_length=1, description="Calls of several kinds.")

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        campaigns = data.get("campaigns") if isinstance(data, Mapping) else None
        if not isinstance(campaigns, list | tuple):
            return
        if len(campaigns) > MOST_CAMPAIGNS:
            yield fault(f"must be at most {MOST_CAMPAIGNS} campaigns", ("campaigns",))
        yield from _shares(campaigns, ("campaigns",))
        seen: dict[str, int] = {}
        for at, campaign in enumerate(campaigns):
            name = campaign.get("name") if isinstance(campaign, Mapping) else getattr(campaign, "name", None)
            if isinstance(name, str):
                if name in seen:
                    yield fault(
                        f"campaigns[{seen[name]}] has the name {shown(name)} already", ("campaigns", at, "name")
                    )
                seen.setdefault(name, at)


def traffic_faults(data: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    """Customers that campaigns name and the carrier does not have.

    Args:
        data: the scenario as a mapping, in any state.
    """
    traffic, carrier = data.get("traffic"), data.get("carrier")
    campaigns = traffic.get("campaigns") if isinstance(traffic, Mapping) else None
    customers = carrier.get("customers") if isinstance(carrier, Mapping) else None
    entries = [entry for entry in customers if isinstance(entry, Mapping)] if isinstance(customers, list) else []
    names = [str(entry["name"]) for entry in entries if "name" in entry]
    for place, campaign in enumerate(campaigns if isinstance(campaigns, list) else ()):
        name = campaign.get("customer") if isinstance(campaign, Mapping) else None
        if isinstance(name, str) and name not in names:
            hint = suggestion_or_list(name, names, "; the carrier has none")
            yield ("traffic", "campaigns", place, "customer"), f"there is no customer {shown(name)}{hint}"


def _shares(entries: Any, place: Location) -> Iterator[InitErrorDetails]:
    """Shares stand in all entries or in none, and add to 100 %."""
    said = [
        entry.get("share") if isinstance(entry, Mapping) else getattr(entry, "share", None) for entry in entries or ()
    ]
    shares = [share for share in said if share is not None]
    if not shares:
        return
    if len(shares) < len(said):
        yield fault("must say the share of each, or of none", place)
        return
    try:
        total = sum(share if isinstance(share, float) else parse_share(share) for share in shares)
    except ValueError:
        return  # told where that share stands
    if abs(total - 1) > 1e-9:
        yield fault(f"the shares add to {total * 100:g}%, not to 100%", place)
