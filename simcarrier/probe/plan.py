"""A probe plan: which trunks, whom to call, how fast, and what is expected.

It is written in YAML in the scenario's own manner and read with the same care: every fault in one pass, with its place.
Passwords do not stand in it, only the names of environment variables that hold them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field
from pydantic_core import InitErrorDetails

from simcarrier.conditions import Condition
from simcarrier.records.observation import Outcome
from simcarrier.scenario.base import UNKNOWN, Location, Model, fault, suggestion_or_list
from simcarrier.scenario.business.money import MoneyField
from simcarrier.scenario.fields import (
    TEXT_SCHEMA,
    ConditionField,
    FileField,
    Flag,
    HeaderName,
    Line,
    NumberPatternField,
    Text,
    Written,
    whole_number,
)
from simcarrier.scenario.media import PortsField
from simcarrier.scenario.responses import OWNED
from simcarrier.scenario.units import parse_duration, shown

from .spelling import is_sendable
from .target import TrunkAddress, is_host

MOST_CALLS = 100_000
"""Calls in a plan, repetitions included, on a simulated trunk."""


def read_trunk(value: Any) -> TrunkAddress:
    """``udp:sip.example.com:5060``."""
    if isinstance(value, TrunkAddress):
        return value
    if not isinstance(value, str):
        raise ValueError(f"must be a trunk such as udp:sip.example.com, not {shown(value)}")
    return TrunkAddress.parse(value)


def read_seconds(value: Any) -> float:
    """A time with its unit, in seconds."""
    return value if isinstance(value, float) else parse_duration(value)


def read_rate(value: Any) -> float:
    """Calls per second: ``2``, ``0.5``, or ``10/m``."""
    if isinstance(value, float):
        return value
    text, slash, unit = str(value).partition("/")
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    units = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
    if not 0 < number <= 10_000 or unit.strip() not in units or (slash and not unit.strip()):
        raise ValueError(f"must be calls per second such as 2, or 10/m, not {shown(value)}")
    return number / units[unit.strip()]


def read_pause(value: Any) -> float:
    """How often to begin again."""
    seconds = read_seconds(value)
    if seconds < 1:
        raise ValueError(f"must be a second or more, not {shown(value)}")
    return seconds


def read_number(value: Any) -> str:
    """A number as it will be sent."""
    if not isinstance(value, str) or not is_sendable(value):
        raise ValueError(f"must be a number as it is sent, such as +493012345678, without blanks, not {shown(value)}")
    return value


def read_domain(value: Any) -> str:
    """A name or an address."""
    if not isinstance(value, str) or not is_host(value.removeprefix("[").removesuffix("]")):
        raise ValueError(f"must be a domain such as sip.example.com, not {shown(value)}")
    return value


def read_x5u(value: Any) -> str:
    """Where a certificate is to be found."""
    if not isinstance(value, str) or not value.lower().startswith("https://") or set(value) & set(' "<>\\'):
        raise ValueError(f"must be a URI that begins with https://, not {shown(value)}")
    return value


Seconds = Annotated[float, Written(read_seconds, TEXT_SCHEMA)]
TrunkField = Annotated[TrunkAddress, Written(read_trunk, TEXT_SCHEMA)]
RateField = Annotated[float, Written(read_rate, TEXT_SCHEMA)]
PauseField = Annotated[float, Written(read_pause, TEXT_SCHEMA)]
NumberField = Annotated[str, Written(read_number, TEXT_SCHEMA)]
DomainField = Annotated[str, Written(read_domain, TEXT_SCHEMA)]
UriField = Annotated[str, Written(read_x5u, TEXT_SCHEMA)]
CodecsField = Annotated[tuple[str, ...], Written(lambda value: _codecs(value), TEXT_SCHEMA)]
SRTP = ("none", "optional", "mandatory")
_CODEC = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,31}")
SrtpField = Annotated[str, Written(lambda value: _srtp(value), {"enum": list(SRTP)})]
Code = Annotated[int, whole_number(200, 699, "a final status code from 200 to 699")]
Count = Annotated[int, whole_number(1, MOST_CALLS, f"a count from 1 to {MOST_CALLS}")]

OUTCOMES = tuple(outcome.value for outcome in Outcome)


def read_outcome(value: Any) -> Outcome:
    """How a call went, by its name."""
    if isinstance(value, str) and value in OUTCOMES:
        return Outcome(value)
    hint = suggestion_or_list(value, OUTCOMES) if isinstance(value, str) else ""
    raise ValueError(f"must be how a call goes, such as answered, not {shown(value)}{hint}")


OutcomeField = Annotated[Outcome, Written(read_outcome, {"type": "string", "enum": list(OUTCOMES)})]


class Expected(Model):
    """What a call is expected to come to; all that is said must hold."""

    outcome: OutcomeField | None = Field(default=None, description="How it goes: answered, refused, stalled, ...")
    code: Code | None = Field(default=None, description="The final code received.")
    cause: ConditionField | None = Field(default=None, description="The cause that the diagnosis ranks first.")

    @classmethod
    def _reshape(cls, data: Any) -> Any:
        return {"outcome": data} if isinstance(data, str) else data

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if isinstance(data, Mapping) and not data:
            yield fault("says nothing: add outcome, code or cause")

    def difference(self, outcome: Outcome | None, code: int | None, cause: Condition | None) -> str | None:
        """What is otherwise than expected; None if nothing is."""
        for name, wanted, got in (
            ("outcome", self.outcome, outcome),
            ("code", self.code, code),
            ("cause", self.cause, cause),
        ):
            if wanted is not None and wanted != got:
                return f"{name}: wanted {wanted}, got {'none' if got is None else got}"
        return None


CREDENTIALS = ("authorization", "proxy-authorization")
ALSO_OWNED = ("contact", "max-forwards", "m", "allow", "supported", "k", "feature-caps", "user-agent")
"""Header fields of a request that the stack writes, beside those of a response."""


def _header_faults(data: Any) -> Iterator[InitErrorDetails]:
    headers = data.get("headers") if isinstance(data, Mapping) else None
    for name in headers if isinstance(headers, Mapping) else ():
        if str(name).lower() in CREDENTIALS:
            yield fault("must not stand in a file: credentials come from the environment", ("headers", name), UNKNOWN)
        elif str(name).lower() in (*OWNED, *ALSO_OWNED):
            yield fault(f"the stack writes {name} itself", ("headers", name), UNKNOWN)


class IdentityModel(Model):
    """A signature for the calls of a trunk (STIR/SHAKEN, RFC 8224)."""

    certificate: FileField = Field(description="The signing certificate, in PEM.")
    key: FileField = Field(description="Its private key, in PEM.")
    x5u: UriField = Field(description="Where others find the certificate: a URI of https.")
    attestation: Annotated[str, Written(lambda value: _attestation(value), {"enum": ["A", "B", "C"]})] = Field(
        default="A", description="How well the caller is known: A, B or C."
    )
    origid: Line | None = Field(
        default=None, description="Who the calls come from; made anew for each run if not said."
    )


def _attestation(value: Any) -> str:
    if value not in ("A", "B", "C"):
        raise ValueError(f"must be A, B or C, not {shown(value)}")
    return str(value)


def _codecs(value: Any) -> tuple[str, ...]:
    if isinstance(value, tuple):
        return value
    listed = value if isinstance(value, list) else [value]
    for name in listed or [None]:
        if not isinstance(name, str) or not _CODEC.fullmatch(name):
            raise ValueError(f"must be codecs by their names in SDP, such as [G722, PCMA], not {shown(value)}")
    return tuple(listed)


def _srtp(value: Any) -> str:
    if value not in SRTP:
        raise ValueError(f"must be none, optional or mandatory, not {shown(value)}")
    return str(value)


class TrunkModel(Model):
    """A trunk to call through."""

    hints: ClassVar[dict[str, str]] = {
        "password": "a plan holds no password: name the environment variable that does with password_env"
    }

    address: TrunkField = Field(description="Where its calls go, such as udp:sip.example.com or tls:192.0.2.1:5061.")
    proxy: TrunkField | None = Field(
        default=None, description="An outbound proxy: requests are sent there, and still name the address."
    )
    domain: DomainField | None = Field(
        default=None, description="The domain in From and To; the address's host if not said."
    )
    caller: NumberField | None = Field(default=None, description="The number to show, unless a call names another.")
    username: Line | None = Field(default=None, description="The user for digest.")
    username_env: Line | None = Field(default=None, description="The environment variable that holds the user.")
    password_env: Line | None = Field(default=None, description="The environment variable that holds the password.")
    register_: Flag = Field(default=False, alias="register", description="Register before calling, and stay so.")
    asserted: Flag = Field(default=False, description="Send the caller in P-Asserted-Identity too.")
    identity: IdentityModel | None = Field(default=None, description="Sign the calls, in Identity.")
    headers: dict[HeaderName, Line] = Field(default_factory=dict, description="Header fields to add to every INVITE.")
    ca: FileField | None = Field(
        default=None, description="Certificates to trust for TLS, in PEM, beside the system's."
    )
    srtp: SrtpField = Field(default="none", description="Encrypted media: none, optional or mandatory.")
    codecs: CodecsField | None = Field(
        default=None, description="The codecs to offer, by their names in SDP, in order."
    )
    ice: Flag = Field(default=False, description="Offer candidates for media (ICE).")
    price: MoneyField | None = Field(
        default=None, description="The dearest price of a started minute, for the cost shown before live calls."
    )

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if not isinstance(data, Mapping):
            return
        yield from _header_faults(data)
        if "username" in data and "username_env" in data:
            yield fault("must stand alone: username says the same", ("username_env",))
        user = "username" in data or "username_env" in data
        if user != ("password_env" in data):
            yield fault("has a user or a password only: both are needed, or neither")
        if "register" in data and not user:
            yield fault("needs a user and a password to register with", ("register",))


class CallModel(Model):
    """Calls to one number, or to several."""

    to: Annotated[tuple[str, ...], Written(lambda value: _numbers(value), TEXT_SCHEMA)] = Field(
        description="The number to call, or a list of them; sent as written."
    )
    from_: NumberField | None = Field(default=None, alias="from", description="The number to show.")
    trunk: Text | None = Field(default=None, description="The trunk's name; the first if not said.")
    expect: Expected | None = Field(default=None, description="What is expected: answered, {code: 403}, {cause: ...}.")
    repeat: Count = Field(default=1, description="How many times.")
    talk: Seconds | None = Field(default=None, description="How long to talk, if otherwise than in the plan.")
    headers: dict[HeaderName, Line] = Field(default_factory=dict, description="Header fields to add.")

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        yield from _header_faults(data)


def _numbers(value: Any) -> tuple[str, ...]:
    if isinstance(value, tuple):
        return value
    listed = value if isinstance(value, list) else [value]
    if not listed:
        raise ValueError("must not be an empty list")
    return tuple(map(read_number, listed))


class CapsModel(Model):
    """What live calls of this plan come to at most, restarts included."""

    calls_per_day: Annotated[int, whole_number(1, 10_000, "a count from 1 to 10000")] = Field(
        default=100, description="Calls within 24 hours."
    )
    calls_per_minute: Annotated[int, whole_number(1, 600, "a count from 1 to 600")] = Field(
        default=10, description="Calls within a minute."
    )
    concurrent: Annotated[int, whole_number(1, 100, "a count from 1 to 100")] = Field(
        default=2, description="Calls up at once."
    )
    talk: Seconds = Field(default=10.0, description="How long an answered call lasts at most.")
    talk_per_day: Seconds = Field(default=600.0, description="How long all answered calls of 24 hours last at most.")


LONG_PAUSE = 120.0
"""Seconds from which on a pause is a long one: what it tells is reckoned as after five minutes, else as after half a
minute."""


class DiagnoseModel(Model):
    """What may be asked by further calls, where ``--diagnose`` looks for the cause of a failed one."""

    follow_ups: Annotated[int, whole_number(0, 10, "a count from 0 to 10")] = Field(
        default=4, description="Follow-ups for each failed call at most."
    )
    control: NumberField | None = Field(default=None, description="A number that is known to answer.")
    elsewhere: NumberField | None = Field(
        default=None, description="A number in another country or region that is known to answer."
    )
    callers: Annotated[tuple[str, ...], Written(lambda value: _numbers(value), TEXT_SCHEMA)] = Field(
        default=(), description="Other caller IDs to show; those of the trunk's other calls if not said."
    )
    pauses: Annotated[tuple[float, ...], Written(lambda value: _pauses(value), TEXT_SCHEMA)] = Field(
        default=(30.0,), description="How long to wait before the same call again: one short pause, one long, or none."
    )
    register_: Flag = Field(default=False, alias="register", description="Whether REGISTER may be asked.")


def _pauses(value: Any) -> tuple[float, ...]:
    if isinstance(value, tuple):
        return value
    pauses = tuple(sorted(map(read_seconds, value if isinstance(value, list) else [value])))
    if len(pauses) > 2 or (len(pauses) == 2 and not pauses[0] < LONG_PAUSE <= pauses[1]):
        raise ValueError("must be two times at most: one below two minutes, and one of two minutes or more")
    return pauses


class ListenModel(Model):
    """Listening to the calls."""

    ports: PortsField = Field(
        default=(30000, 30999), description="For RTP and the RTCP beside it; a call takes an even one and the next."
    )

    @classmethod
    def _reshape(cls, data: Any) -> Any:
        return {} if data in (True, "yes", "true") else data


class LoadModel(Model):
    """Calls in great number, on a simulated trunk only."""

    calls: Count = Field(description="How many.")
    calls_per_second: RateField = Field(description="How fast.")
    concurrent: Count = Field(default=1000, description="How many at once at most.")


class Plan(Model):
    """A probe plan."""

    name: Text = Field(description="What reports call it.")
    description: Text | None = Field(default=None, description="What it is about.")
    parameters: dict[str, Text] = Field(default_factory=dict, description="Values that $name stands for.")
    trunks: dict[str, TrunkModel] = Field(min_length=1, description="The trunks, by name; the first is the usual one.")
    calls: tuple[CallModel, ...] = Field(min_length=1, description="Whom to call, in order.")
    calls_per_second: RateField = Field(default=1.0, description="How fast calls follow each other.")
    concurrent: Count = Field(default=1, description="How many calls are up at once.")
    no_response: Seconds = Field(default=32.0, description="How long to wait for any response.")
    stall: Seconds = Field(default=10.0, description="How long to wait after 100.")
    ringing: Seconds = Field(default=60.0, description="How long to let it ring.")
    talk: Seconds = Field(default=1.0, description="How long to talk.")
    every: PauseField | None = Field(default=None, description="Begin again that often, such as 15m.")
    rounds: Count | None = Field(
        default=None, description="How many times to begin; with every:, for ever if not said."
    )
    follow_redirects: Annotated[int, whole_number(0, 5, "a count from 0 to 5")] = Field(
        default=0, description="How many redirects to follow."
    )
    region: Annotated[str, Written(lambda value: _region(value), TEXT_SCHEMA)] | None = Field(
        default=None, description="The country of numbers without a country code, such as DE."
    )
    allow: NumberPatternField | None = Field(default=None, description="The numbers that may be called live.")
    allow_premium: NumberPatternField | None = Field(
        default=None, description="Premium and shared-cost numbers that may be called in spite of their price."
    )
    caps: CapsModel = Field(default_factory=CapsModel, description="What live calls come to at most.")
    card_ca: FileField | None = Field(
        default=None, description="Certificates, in PEM, by which the signed card of a 608 is believed."
    )
    diagnose: DiagnoseModel = Field(
        default_factory=DiagnoseModel, description="What may be asked by further calls, with --diagnose."
    )
    listen: ListenModel | None = Field(
        default=None, description="Listen to what is played on the calls: yes, or the ports for it."
    )
    load: LoadModel | None = Field(default=None, description="Calls in great number, on a simulated trunk only.")

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if isinstance(data, Mapping):
            for location, why in _plan_faults(data):
                yield fault(why, location)


def _region(value: Any) -> str:
    if not isinstance(value, str) or len(value) != 2 or not value.isascii() or not value.isalpha():
        raise ValueError(f"must be a country's two letters, such as DE, not {shown(value)}")
    return value.upper()


def _plan_faults(data: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    trunks = data.get("trunks")
    names = [str(name) for name in trunks] if isinstance(trunks, Mapping) else []
    shows = isinstance(trunks, Mapping) and all(
        isinstance(trunk, Mapping) and "caller" in trunk for trunk in trunks.values()
    )
    calls = data.get("calls")
    for place, call in enumerate(calls if isinstance(calls, list | tuple) else []):
        if not isinstance(call, Mapping):
            continue
        name = call.get("trunk")
        if isinstance(name, str) and name not in names:
            yield ("calls", place, "trunk"), f"there is no trunk {shown(name)}" + suggestion_or_list(name, names)
        if "from" not in call and not shows:
            yield ("calls", place), "does not say which number to show: add from, or caller to its trunk"
    if "diagnose" in data and "load" in data:
        yield ("diagnose",), "goes without load: calls in great number are not asked about one by one"
    if data.get("listen") and "load" in data:
        yield ("listen",), "goes without load: calls in great number are not listened to"
    if "rounds" in data and "every" not in data:
        yield ("rounds",), "goes with every: say how often to begin again"


def calls_in(plan: Plan) -> int:
    """How many calls a round has."""
    return plan.load.calls if plan.load is not None else sum(len(call.to) * call.repeat for call in plan.calls)
