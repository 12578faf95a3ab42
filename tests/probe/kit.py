"""What the probe's tests share: a probe on one wire with a carrier from a scenario, or with a peer's own hand."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import dedent

from simcarrier.carrier.switch import Switch
from simcarrier.probe.attempt import Order, ProbedCall
from simcarrier.probe.caller import CallingAgent
from simcarrier.probe.deadlines import Deadlines
from simcarrier.probe.guard import Caps, Guard, Permit, Policy
from simcarrier.probe.target import Target
from simcarrier.probe.wire_leg import WireLegs
from simcarrier.records.observation import Observation
from simcarrier.scenario.load import loads
from simcarrier.scenario.patterns import NumberPattern
from simcarrier.sip.invitation import Invitation
from simcarrier.sip.message import Response
from simcarrier.sip.transport import Address, Channel, Transport
from simcarrier.testing import Peer, Weather, Wire

WALL = 1_700_000_000.0
CALLER, CALLED = "+4930111222", "+4940222333"


GUARD = Guard(
    Policy(
        live=True,
        allow=NumberPattern.parse("*"),
        caps=Caps(10**6, 10**6, 10**6, 1e6, 1e12),
    )
)
"""A guard that lets all usual numbers pass: the wire is in memory."""


def permit(caller: str = CALLER, called: str = CALLED) -> Permit:
    """Leave to make a call on the wire."""
    made = GUARD.examine(caller, called, [Target(Transport.UDP, ("10.0.0.2", 5060))], WALL)
    assert isinstance(made, Permit), made
    return made


class Bench:
    """A probe, and what it calls."""

    def __init__(self, *, delay: float = 0.01, loss: float = 0.0, seed: int = 0) -> None:
        self.wire = Wire(seed=seed, weather=Weather(delay=delay, loss=loss))
        self.agent = CallingAgent(self._stray)
        self.channel = self.wire.attach(self.agent.endpoint, "10.0.0.1", name="probe")
        self.finished: list[tuple[ProbedCall, float]] = []
        self.placed: list[ProbedCall] = []
        self.late: list[str] = []
        self.refused_follow: list[str] = []
        self.may_follow = True
        self.calls = 0

    def carrier(self, scenario: str, host: str = "10.0.0.2") -> Switch:
        """A carrier on the wire."""
        switch = Switch(loads(f"name: test\n{dedent(scenario)}"), self.wire.now, WALL, seed=1)
        self.wire.attach(switch.engine, host, name="carrier")
        return switch

    def peer(self, host: str = "10.0.0.2") -> Peer:
        """A test's own hand on the wire."""
        return Peer(self.wire, host, name="peer")

    def order(
        self,
        *,
        called: str = CALLED,
        hosts: Sequence[str] = ("10.0.0.2",),
        deadlines: Deadlines | None = None,
        username: str | None = None,
        password: str | None = None,
        redirects: int = 0,
        fields: tuple[tuple[str, str], ...] = (),
    ) -> Order:
        """A call to be made."""
        self.calls += 1
        host = hosts[0] if hosts else "nowhere.example"
        return Order(
            self.calls,
            "trunk",
            Invitation(f"sip:{called}@{host}", f"<sip:{CALLER}@{host}>", None, fields),
            CALLER,
            called,
            tuple(Target(Transport.UDP, (host, 5060)) for host in hosts),
            deadlines or Deadlines(),
            username,
            password,
            redirects,
        )

    def place(self, order: Order) -> ProbedCall:
        """Place a call; nothing has arrived yet."""
        return self.place_with(order, permit(order.caller, order.called))

    def place_with(self, order: Order, permit: Permit) -> ProbedCall:
        """The same with a permit of one's own."""
        call = ProbedCall(
            WireLegs(self.agent, self._channel),
            order,
            lambda call, now: self.finished.append((call, now)),
            WALL,
            self._follow,
            late=self.late.append,
        )
        self.placed.append(call)
        call.place(permit, self.wire.now)
        self.wire.collect()
        return call

    def probe(self, within: float = 200.0, **said: object) -> Observation:
        """Place a call and wait for its end."""
        call = self.place(self.order(**said))  # type: ignore[arg-type]  # the arguments of `order`
        before = len(self.finished)
        assert self.wire.run_until(lambda: len(self.finished) > before, within) or self.finished, self.wire.ladder()
        return call.observation

    def nothing_left(self) -> None:
        """Let all timers run out: the probe keeps nothing."""
        self.wire.settle()
        assert self.agent.endpoint.client_transactions == 0
        assert self.agent.endpoint.server_transactions == 0
        assert not self.agent.sessions
        assert len(self.finished) == self.calls

    def _stray(self, response: Response) -> None:
        for call in self.placed:
            if call.observation.call_id == response.call_id:
                call.stray(response)

    def _channel(self, target: Target) -> Channel:
        return self.channel

    def _follow(self, number: str) -> Permit | None:
        if not self.may_follow:
            self.refused_follow.append(number)
            return None
        return permit(CALLER, number)


def address(host: str = "10.0.0.1") -> Address:
    """The probe's."""
    return host, 5060
