"""What the simulation's tests share: a simulation from a scenario's text, and the same calls through SIP."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import dedent

from simcarrier.carrier.business.customers import Customer
from simcarrier.carrier.switch import Switch
from simcarrier.records.model import CallRecord
from simcarrier.scenario.load import loads
from simcarrier.scenario.models import Scenario
from simcarrier.simulate.run import Simulation
from simcarrier.sip.callee import CalleeSession
from simcarrier.sip.invitation import Invitation
from simcarrier.sip.message import Response
from simcarrier.sip.timers import TimerQueue
from simcarrier.testing import CallOut, Phone, Wire

HOUR = 3600.0
DAY = 24 * HOUR


def simulated(
    scenario: str | Scenario,
    seconds: float = HOUR,
    calls_per_hour: float | None = None,
    *,
    seed: int | None = 1,
    start: float | None = None,
    round_trip: float = 0.05,
) -> tuple[Simulation, list[CallRecord]]:
    """Simulate to the end; gives the records in the order in which the calls ended."""
    if isinstance(scenario, str):
        scenario = loads(f"name: test\n{dedent(scenario)}")
    simulation = Simulation(
        scenario, seconds=seconds, calls_per_hour=calls_per_hour, seed=seed, start=start, round_trip=round_trip
    )
    records: list[CallRecord] = []
    simulation.exchange.journal.listeners.append(records.append)
    simulation.run()
    return simulation, records


class Replayed(CallOut):
    """A caller on the wire that does what `simcarrier.simulate.run.Attempt` does, in fixed times."""

    def __init__(
        self,
        phone: Phone,
        invitation: Invitation,
        to: tuple[str, int],
        queue: TimerQueue,
        times: tuple[float, float, float],
    ) -> None:
        super().__init__(phone, invitation, phone.channel, to)
        self.deadline: float | None = None
        self._queue = queue
        self._stall, self._patience, self._talk = times
        self._ringing = False

    def responded(self, response: Response, now: float) -> None:
        super().responded(response, now)
        if response.status >= 300:
            self.deadline = None
        elif response.status >= 200:
            self._queue.at(now + self._talk, self)
        elif not self._ringing:
            self._ringing = response.status > 100
            self._queue.at(now + (self._patience if self._ringing else self._stall), self)

    def timer_fired(self, now: float) -> None:
        if self.is_up:
            self.hang_up()
        elif not self.endings:
            self.cancel()


class _Clocked:
    """A queue of deadlines on the wire's clock."""

    def __init__(self, queue: TimerQueue) -> None:
        self._queue = queue

    def next_deadline(self) -> float | None:
        return self._queue.next()

    def handle_timers(self, now: float) -> None:
        self._queue.fire(now)


class Admitting(Switch):
    """A switch that knows without credentials whose the next call is: those are not on paper."""

    customer: Customer | None = None

    def invited(self, session: CalleeSession, now: float) -> None:
        self.take(session, now, self.customer)


def over_sip(
    scenario: Scenario, calls: Sequence[CallRecord], *, seed: int, wall: float, times: tuple[float, float, float]
) -> list[CallRecord]:
    """The records of the same calls, coming to the carrier as SIP on a wire without delay.

    Args:
        scenario: the carrier.
        calls: when they come, from where, whose they are, and the numbers.
        seed: the carrier's.
        wall: the time of the start, seconds since 1970.
        times: the caller's: stall, patience, talk.
    """
    wire = Wire()
    switch = Admitting(scenario, 0.0, wall, seed=seed)
    channel = wire.attach(switch.engine, "127.99.99.99", name="carrier")
    queue = TimerQueue()
    wire.clock.drive(_Clocked(queue))
    records: list[CallRecord] = []
    switch.journal.listeners.append(records.append)
    customers = {customer.name: customer for customer in switch.carrier.business.world.customers.all}
    for customer in customers.values():
        customer.registration.granted = float("inf")  # as a simulation has it
    phones: dict[tuple[str, int], Phone] = {}
    for call in calls:
        wire.run(max(call.started - wall - wire.now, 0.0))
        phone = phones.get(call.source)
        if phone is None:
            phone = phones[call.source] = Phone(wire, *call.source, name="caller")
        switch.customer = customers.get(call.customer or "")
        invitation = Invitation(f"sip:{call.called}@127.99.99.99:5060", f"<sip:{call.caller}@{call.source[0]}>")
        replayed = Replayed(phone, invitation, channel.local, queue, times)
        replayed.session.invite(wire.now)
        wire.run(0)
    wire.settle()
    return records
