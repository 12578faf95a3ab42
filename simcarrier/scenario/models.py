"""A scenario: what a carrier listens on, how many lines it has, and what it does with which calls.

Everything is frozen and was checked when it was made, so that whoever acts on it need not ask again. `load`
makes one from a YAML file; the names here are the keys there, save `from_` (a word of Python) and `action`
(its keys stand in the rule).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from pydantic_core import InitErrorDetails

from ..sip.transport import ListenAddress, Transport
from .actions import (
    ACTION,
    Acting,
    Action,
    LadderAction,
    MixAction,
    MixEntry,
    OutcomeAction,
    RespondAction,
    SequenceAction,
    StepsAction,
)
from .base import Model, fault
from .blocks import RedressModel, SigningModel, Tls
from .business.analytics import AnalyticsModel
from .business.callers import CallersModel
from .business.clock import ClockModel
from .business.customers import CustomerModel
from .business.directions import DirectionsModel
from .business.numbering import NumberingModel
from .business.shaken import ShakenModel
from .business.subscribers import SubscribersModel
from .business.tariffs import TariffModel
from .business.trunks import TrunkModel
from .business.weather import WeatherModel
from .crosscheck import scenario_faults
from .dialects import DialectField
from .expectations import CallFilter, Expectation
from .fields import (
    CountRangeField,
    Flag,
    HeaderName,
    Line,
    ListenField,
    NetworksField,
    NumberPatternField,
    Text,
    TextPatternField,
    TimeRangeField,
    whole_number,
)
from .media import MediaModel
from .original import Original
from .path import HopModel
from .steps import Ladder, Respond
from .traffic import Traffic

__all__ = [
    "Action",
    "CallFilter",
    "CarrierConfig",
    "Expectation",
    "LadderAction",
    "MixAction",
    "MixEntry",
    "OutcomeAction",
    "RespondAction",
    "Rule",
    "Scenario",
    "SequenceAction",
    "StepsAction",
    "Tls",
]


class CarrierConfig(Model):
    """The carrier itself."""

    listen: ListenField = Field(
        default=(ListenAddress(Transport.UDP, "127.0.0.1", 5060),),
        description="Where to listen, such as udp:127.0.0.1:5060; one or a list.",
    )
    tls: Tls | None = Field(default=None, description="The certificate for tls listeners; made on the fly if not said.")
    lines: Annotated[int, whole_number(1, 10**6, "a number of lines, at least 1")] | None = Field(
        default=None, description="How many calls can be up at once; any number if not said."
    )
    lines_full: Action | None = Field(
        default=None, description="What a call gets while all lines are taken; what the dialect says if not said."
    )
    unmatched: Action = Field(
        default=RespondAction(respond=Respond(code=404)), description="What a call gets that no rule matches."
    )
    dialect: DialectField = Field(
        default="textbook",
        description="How the carrier says what happens to a call: a name that simcarrier dialects lists, "
        "or a file relative to the scenario.",
    )
    clock: ClockModel = Field(default_factory=ClockModel, description="What day and hour it is for the carrier.")
    customers: tuple[CustomerModel, ...] = Field(
        default=(), description="Whose calls the carrier takes; anybody's if not said."
    )
    tariffs: dict[str, TariffModel] = Field(default_factory=dict, description="What calls cost, by the tariff's name.")
    trunks: tuple[TrunkModel, ...] = Field(
        default=(), description="The ways in, each with its lines and its rate of calls."
    )
    numbering: NumberingModel | None = Field(
        default=None, description="Which numbers the carrier takes, in which form, and which exist; any if not said."
    )
    routed_callers: NumberPatternField | None = Field(
        default=None, description="The caller IDs that the carrier routes; short for callers: {routed: ...}."
    )
    callers: CallersModel | None = Field(default=None, description="Which caller IDs the carrier lets through.")
    directions: DirectionsModel | None = Field(
        default=None, description="Where calls may go, unless a customer has directions of its own."
    )
    analytics: AnalyticsModel | None = Field(
        default=None, description="What a network thinks of caller IDs, by how they are used."
    )
    subscribers: tuple[SubscribersModel, ...] = Field(
        default=(), description="What the people called do, where no rule says it; the first that fits."
    )
    weather: tuple[WeatherModel, ...] = Field(default=(), description="What goes wrong for a while.")
    redress: RedressModel | None = Field(default=None, description="Whom a caller can ask that was blocked in error.")
    signing: SigningModel | None = Field(default=None, description="What signs the cards of 608s.")
    path: tuple[HopModel, ...] = Field(
        default=(), description="The networks on the way to whoever answers, such as [sip, isup, sip]."
    )
    remember_unwanted: Flag = Field(
        default=False, description="Whether a person who does not want a caller says so again at later calls."
    )
    shaken: ShakenModel | None = Field(default=None, description="What the carrier makes of signatures on callers.")
    media: MediaModel | None = Field(
        default=None,
        description="Ports for audio, and where it may go; without it there is audio if anything is played.",
    )
    seed: Annotated[int, whole_number(-(2**62), 2**62, "a whole number")] | None = Field(
        default=None, description="Makes everything random repeatable."
    )
    server: Line | None = Field(default=None, description="The Server header of every response.")


class Rule(Acting):
    """What is done with the calls that fulfil all its conditions. The first rule that matches takes the call."""

    name: Text | None = Field(default=None, description="What reports call it.")
    to: NumberPatternField | None = Field(default=None, description="The called number.")
    from_: NumberPatternField | None = Field(default=None, alias="from", description="The calling number.")
    headers: dict[HeaderName, TextPatternField] = Field(default_factory=dict, description="What headers must say.")
    source: NetworksField | None = Field(default=None, description="Addresses or networks that the call comes from.")
    calls_so_far: CountRangeField | None = Field(
        default=None, description="How many calls the carrier has taken before this one, such as 3.. or ..5."
    )
    since_start: TimeRangeField | None = Field(
        default=None, description="How long the carrier has been running, such as 30s..60s."
    )
    priority: Annotated[int, whole_number(-(10**6), 10**6, "a whole number")] = Field(
        default=0, description="Rules of a higher priority are asked first."
    )
    action: Action = Field(alias=ACTION)


class Scenario(Model):
    """A carrier's story."""

    name: Text = Field(description="What reports call it.")
    description: Text | None = Field(default=None, description="What it is about.")
    parameters: dict[str, Text] = Field(
        default_factory=dict,
        description="Values that $name stands for; simcarrier run --set NAME=VALUE changes them.",
    )
    carrier: CarrierConfig = Field(default_factory=CarrierConfig, description="The carrier itself.")
    ladders: dict[str, Ladder] = Field(default_factory=dict, description="Ladders that rules use by name.")
    calls: tuple[Rule, ...] = Field(default=(), description="What is done with which calls; the first match wins.")
    traffic: Traffic | None = Field(
        default=None, description="The calls that simcarrier simulate places; derived from the rules if not said."
    )
    expect: tuple[Expectation, ...] = Field(default=(), description="What must be true when the run ends.")
    path: Path | None = Field(default=None, alias="<path>", exclude=True)
    places: tuple[str, ...] = Field(default=(), alias="<places>", exclude=True)
    """Where each expectation stands, ``FILE:LINE:COLUMN``; empty for a scenario that was not read from a text."""
    original: Original = Field(default=Original(), alias="<original>", exclude=True, repr=False)

    @classmethod
    def written_keys(cls) -> list[str]:
        """The keys that can be written."""
        return [key for key in super().written_keys() if not key.startswith("<")]

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if isinstance(data, Mapping):
            for location, why in scenario_faults(data):
                yield fault(why, location)
