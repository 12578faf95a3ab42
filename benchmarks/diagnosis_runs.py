"""Probed calls whose true condition is known: one simulated carrier, one probe, a wire in memory, a clock of its own.

A call of 60 seconds takes a millisecond or two. What the carrier does is a scenario's affair; what is dialled is drawn
by the seed, and has nothing to do with the condition save where the condition's own meaning demands it: who is refused
for hiding the caller ID has hidden it, an incomplete number is short, a form that is not taken is seldom E.164.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from random import Random

from simcarrier.carrier.switch import Switch
from simcarrier.conditions import Condition
from simcarrier.probe.attempt import Order, ProbedCall
from simcarrier.probe.deadlines import Deadlines
from simcarrier.probe.guard import Guard, Permit, Policy
from simcarrier.probe.target import Target
from simcarrier.probe.wire_leg import WireLegs
from simcarrier.records.observation import Observation
from simcarrier.scenario.load import loads
from simcarrier.scenario.models import Scenario
from simcarrier.sip.agent import UserAgent
from simcarrier.sip.callee import CalleeSession
from simcarrier.sip.invitation import Invitation
from simcarrier.sip.transport import Channel, Transport
from simcarrier.testing import Weather, Wire

WALL = 1_700_000_000.0
PROBE, CARRIER = "127.0.0.1", "127.0.0.2"
"""On this machine, as far as the guard is concerned: short numbers and odd forms may be called here. No call leaves the
memory."""

DIALECTS = (
    "textbook/gone", "textbook/moved", "us-2026", "us-legacy", "germany", "cis/403", "cis/404", "cis/503", "opaque",
    "isup-gateway", "throttler",
)  # fmt: skip
"""Every dialect that ships, in every variant."""

_GUARD = Guard(Policy())
_TARGET = Target(Transport.UDP, (CARRIER, 5060))


class _Nobody:
    def invited(self, session: CalleeSession, now: float) -> None:
        session.refuse(now, 603)


@dataclass(frozen=True, slots=True)
class Dialled:
    """What a call is made with."""

    called: str
    caller: str = "+4930111222"
    hidden: bool = False


class Line:
    """A probe and a carrier on one wire.

    Args:
        scenario: the carrier's.
        seed: of everything that is drawn.
        distance: seconds that a message takes.
    """

    def __init__(self, scenario: Scenario, seed: int, distance: float = 0.02) -> None:
        self.wire = Wire(seed=seed, weather=Weather(delay=distance, spread=distance / 4))
        self.agent = UserAgent(_Nobody(), name="probe")
        self._channel = self.wire.attach(self.agent.endpoint, PROBE)
        self.switch = Switch(scenario, self.wire.now, WALL, seed=seed)
        self.wire.attach(self.switch.engine, CARRIER)
        self._calls = 0

    def start(self, dialled: Dialled, *, concurrent: int = 1, talk: float = 1.0) -> ProbedCall:
        """Place a call, and let the wire run on its own."""
        self._calls += 1
        caller = f"<sip:{dialled.caller}@{CARRIER}>"
        if dialled.hidden:
            caller = "<sip:anonymous@anonymous.invalid>"
        shown = "anonymous" if dialled.hidden else dialled.caller
        order = Order(
            self._calls,
            "trunk",
            Invitation(f"sip:{dialled.called}@{CARRIER}", caller, None, ()),
            shown,
            dialled.called,
            (_TARGET,),
            Deadlines(talk=talk),
            concurrent=concurrent,
        )
        call = ProbedCall(WireLegs(self.agent, self._open), order, lambda call, now: None, WALL)
        permit = _GUARD.examine(shown, dialled.called, [_TARGET], WALL)
        if not isinstance(permit, Permit):
            raise TypeError(f"the guard does not let {dialled.called} pass: {permit}")
        call.place(permit, self.wire.now)
        self.wire.collect()
        return call

    def call(self, dialled: Dialled, *, concurrent: int = 1) -> Observation:
        """Place a call and wait for its end."""
        call = self.start(dialled, concurrent=concurrent)
        self.wire.run_until(lambda: call.stage.name == "OVER", 300.0)
        return call.observation

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.wire.run(seconds)

    def _open(self, target: Target) -> Channel:
        return self._channel


@lru_cache(maxsize=4096)
def outcome_scenario(condition: Condition, dialect: str) -> Scenario:
    """A carrier at which this happens to every call."""
    return loads(f"name: benchmark\ncarrier: {{dialect: {dialect}}}\ncalls: [{{outcome: {condition}}}]\n")


REGIONS = ("49", "7", "1", "44")
_PREFIXES = {"49": "30", "7": "495", "1": "212", "44": "20"}
_LENGTHS = {"49": 10, "7": 10, "1": 10, "44": 10}
TRUNK = {"49": "0", "7": "8", "1": "1", "44": "0"}
INTERNATIONAL = {"49": "00", "7": "810", "1": "011", "44": "00"}
FORMS = ("plus", "country_code", "national", "international")


def national_number(rng: Random, country: str) -> str:
    """A number that could be one, without prefix."""
    head = _PREFIXES[country]
    return head + "".join(rng.choice("23456789") for _ in range(_LENGTHS[country] - len(head)))


def written(country: str, national: str, form: str) -> str:
    """A number in one of `FORMS`."""
    if form == "plus":
        return f"+{country}{national}"
    if form == "country_code":
        return f"{country}{national}"
    if form == "international":
        return f"{INTERNATIONAL[country]}{country}{national}"
    return f"{TRUNK[country]}{national}" if country != "1" else national


def may_be_dialled(dialled: Dialled) -> bool:
    """Whether the guard lets a call pass: what may become an emergency number is called by nobody, here neither."""
    return _GUARD.look(dialled.caller, dialled.called, [_TARGET], WALL) is None


def dialled_for(condition: Condition, rng: Random) -> Dialled:
    """What is dialled: half in E.164 and half in other forms, everywhere alike; 3 % hide the caller ID and 4 % of the
    numbers are short whatever happens to them. What the guard takes for an emergency number is drawn anew."""
    while True:
        country = rng.choice(REGIONS)
        national = national_number(rng, country)
        form = "plus" if rng.random() < 0.5 else rng.choice(FORMS[1:])
        hidden = rng.random() < 0.03
        short = rng.random() < 0.04
        if condition is Condition.PREFIX_NOT_RECOGNISED:
            form = "plus" if rng.random() < 0.2 else rng.choice(FORMS[1:])
        elif condition is Condition.ANONYMITY_REFUSED:
            hidden = True
        elif condition is Condition.NUMBER_INCOMPLETE:
            short = rng.random() < 0.5
        if short:
            national = national[: rng.randint(3, 4)]
        dialled = Dialled(written(country, national, form), hidden=hidden)
        if may_be_dialled(dialled):
            return dialled


def passive_call(condition: Condition, dialect: str, seed: int) -> Observation:
    """One call to which this happens, as this carrier says it."""
    rng = Random(f"{condition} {dialect} {seed}")
    distance = rng.choice((0.005, 0.02, 0.04, 0.08))
    line = Line(outcome_scenario(condition, dialect), seed, distance)
    return line.call(dialled_for(condition, rng))
