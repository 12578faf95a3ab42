"""A simulation: a carrier's exchange, its traffic, and a clock that jumps from one event to the next.

    simulation = Simulation(scenario, seconds=5 * 86_400, calls_per_hour=2000, seed=1)
    simulation.exchange.journal.listeners.append(print)
    simulation.run()

The exchange is the very one that a real carrier has: `Carrier.decide`, its ladders and behaviours, its business, its
timers and its journal. Only its called ends are on paper. Chance comes from the seed alone, the carrier's and the
traffic's from generators of their own, so the same seed gives the same records, byte for byte.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from simcarrier.carrier.exchange import Exchange
from simcarrier.scenario.models import Scenario
from simcarrier.sip.session import Ending

from .paper import ROUND_TRIP, PaperInvite, PaperNetwork, PaperSession
from .timers import VirtualTimers
from .traffic import Arrivals, Dialler
from .usual import usual_traffic

if TYPE_CHECKING:
    from simcarrier.carrier.call import Call

MONDAY = 1_795_392_000.0
"""Where a simulation begins if nobody says: Monday, 23 November 2026, 00:00 UTC."""

SEED = 1
"""The seed if nobody says one."""

LAST_CALLS = 86_400.0
"""Seconds that calls have to end after the last one came; what is up then is written down as it stands."""

MOST_WAITING = 1_000_000
"""Calls that wait to be made again, some 200 bytes each. More are given up, and counted."""


class Attempt:
    """The calling end of one call, and of the further calls to the same number that may follow it.

    Attributes:
        dialler: its campaign.
        called: the number.
        caller: what it shows.
        tries: how many further calls there were.
        deadline: when the caller loses patience, hangs up, or calls again.
    """

    __slots__ = ("_ringing", "_simulation", "call", "called", "caller", "deadline", "dialler", "session", "tries")

    def __init__(self, simulation: Simulation, dialler: Dialler, called: str, caller: str) -> None:
        self._simulation = simulation
        self._ringing = False
        self.dialler = dialler
        self.called = called
        self.caller = caller
        self.tries = 0
        self.deadline: float | None = None
        self.session: PaperSession | None = None
        self.call: Call | None = None

    def responded(self, status: int, now: float) -> None:
        """A response: the first beyond 100 starts the patience of who lets it ring, a final one ends it."""
        if status >= 200:
            self.deadline = None
        elif not self._ringing:
            simulation, dialler = self._simulation, self.dialler
            self._ringing = status > 100
            span = dialler.patience if self._ringing else dialler.stall
            simulation.timers.at(now + span.sample(simulation.rng), self)

    def established(self, now: float) -> None:
        """They talk."""
        simulation = self._simulation
        simulation.timers.at(now + self.dialler.talk.sample(simulation.rng), self)

    def ended(self, ending: Ending, now: float) -> None:
        """The call is over."""
        self.deadline = None
        self._simulation.over(self, now)

    def timer_fired(self, now: float) -> None:
        """Call again, hang up, or give up, whichever it is time for."""
        session = self.session
        if session is None:
            self._ringing = False
            self._simulation.dial(self, now)
        elif session.answered_at is not None:
            session.bye(now)
        else:
            session.cancel(now)


class Simulation:
    """A carrier and its traffic on a virtual clock.

    Args:
        scenario: loaded and checked.
        seconds: how long calls come in.
        calls_per_hour: first calls in an hour of weight 1; what the scenario says if None.
        start: the time of the start, seconds since 1970 UTC; what the scenario says, else `MONDAY`, if None.
        seed: of all chance; the scenario's, else `SEED`, if None.
        round_trip: seconds from a response to its ACK.

    Attributes:
        exchange: the carrier at work.
        timers: the deadlines.
        rng: the traffic's source of chance.
        now: seconds since the start.
        seconds: as given.
        start: the time of the start, seconds since 1970 UTC.
        diallers: the campaigns at work.
        waiting: calls that wait to be made again.
        given_up: calls that were not made again because too many waited.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        seconds: float,
        calls_per_hour: float | None = None,
        start: float | None = None,
        seed: int | None = None,
        round_trip: float = ROUND_TRIP,
    ) -> None:
        if start is not None and scenario.carrier.clock.starts is not None:
            clock = scenario.carrier.clock.model_copy(update={"starts": None})
            carrier = scenario.carrier.model_copy(update={"clock": clock})
            scenario = scenario.model_copy(update={"carrier": carrier})
        if seed is None:
            seed = SEED if scenario.carrier.seed is None else scenario.carrier.seed
        traffic = scenario.traffic or usual_traffic(scenario)
        self.seconds = seconds
        self.start = _start(scenario) if start is None else start
        self.timers = VirtualTimers()
        self.exchange = Exchange(scenario, self.timers, 0.0, self.start, seed=seed)
        # A text as seed is hashed by the generator itself, alike on every machine.
        self.rng = Random(f"traffic {seed}")
        world = self.exchange.carrier.business.world
        customers = {customer.name: customer for customer in world.customers.all}
        self.diallers = [
            Dialler(campaign, campaign.name or f"campaigns[{at}]", self.rng, customers.get(campaign.customer or ""))
            for at, campaign in enumerate(traffic.campaigns)
        ]
        for dialler in self.diallers:
            if dialler.customer is not None and dialler.model.registers:
                dialler.customer.registration.granted = float("inf")
        rate = traffic.calls_per_hour if calls_per_hour is None else calls_per_hour
        self._arrivals = Arrivals(traffic, self.diallers, rate, world.clock, self.rng, seconds)
        listener = scenario.carrier.listen[0]
        self._network = PaperNetwork(
            self.timers, listener.transport, (listener.host, listener.port), round_trip=round_trip
        )
        self._ids = f"-{seed & (2**64 - 1):x}@simulated"
        self.now = 0.0
        self.waiting = self.given_up = 0
        self._arrival = self._arrivals.next()

    def run(self) -> None:
        """Simulate to the end."""
        while self.step():
            pass

    def step(self, events: int = 1000) -> bool:
        """Simulate so many events; returns whether there are more."""
        meet, arrivals = self.timers.meet, self._arrivals
        for _ in range(events):
            arrival = self._arrival
            if arrival is None:
                due = meet(self.seconds)
                if due is None and self.exchange.calls:
                    due = meet(self.seconds + LAST_CALLS)
                if due is None:
                    self._close()
                    return False
                self.now = due
                continue
            due = meet(arrival)
            if due is not None:
                self.now = due
                continue
            self.now = arrival
            dialler = arrivals.dialler()
            dialler.placed += 1
            called = dialler.numbers.next()
            self.dial(Attempt(self, dialler, called, dialler.caller_ids.for_call(called)), arrival)
            self._arrival = arrivals.next()
        return True

    def dial(self, attempt: Attempt, now: float) -> None:
        """Place a call."""
        dialler, network = attempt.dialler, self._network
        if attempt.tries:
            self.waiting -= 1
            dialler.retried += 1
        call_id = f"{self.exchange.taken + 1}{self._ids}"
        caller = attempt.caller
        invite = PaperInvite(attempt.called, caller, call_id, network.host, dialler.peer, dialler.fields(caller))
        attempt.session = session = PaperSession(network, invite, dialler.peer, attempt)
        attempt.call = self.exchange.take(session, now, dialler.customer)

    def over(self, attempt: Attempt, now: float) -> None:
        """A call has ended: is it to be made again?"""
        session, call = attempt.session, attempt.call
        attempt.session = attempt.call = None
        if session is None:
            return
        dialler = attempt.dialler
        condition = None if call is None else call.decision.course.condition
        pause = dialler.retry_after(0 if session.responded_at is None else session.status, condition, attempt.tries)
        if pause is None:
            return
        when = self._arrivals.open_at(dialler, now + pause)
        if when >= self.seconds:
            return
        if self.waiting >= MOST_WAITING:
            self.given_up += 1
            return
        attempt.tries += 1
        self.waiting += 1
        self.timers.at(when, attempt)

    def _close(self) -> None:
        """Write down what is up after all, as a carrier does whose run is ended."""
        for call in list(self.exchange.calls.values()):
            call.stop()
            session = call.session
            if session.answered_at is not None:
                session.hang_up(self.now, ending=Ending.UNACKNOWLEDGED)
            else:
                session.end(Ending.UNACKNOWLEDGED if session.status >= 200 else Ending.ABANDONED, self.now)


def _start(scenario: Scenario) -> float:
    clock = scenario.carrier.clock
    return MONDAY if clock.starts is None else clock.starts.replace(tzinfo=clock.zone).timestamp()
