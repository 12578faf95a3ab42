"""The exchange: takes calls, lets the carrier decide, climbs their ladders in time, writes the journal.

It is all of a carrier but its signalling: how a call comes in and what its session sends is somebody else's. `switch`
gives it sessions that speak SIP; a simulation on a virtual clock gives it sessions on paper.
"""

from __future__ import annotations

from random import Random

from simcarrier.records.journal import Journal
from simcarrier.scenario.models import Scenario
from simcarrier.sip.session import Ending
from simcarrier.sip.timers import TimerQueue

from .business.customers import Customer
from .call import Call
from .called_end import CalledEnd
from .cards import Cards
from .carrier import Carrier


class Exchange:
    """Calls that are up, and what becomes of them.

    Args:
        scenario: loaded and checked.
        timers: the queue of deadlines, told by whoever has the clock.
        now: the time of the start, seconds on the clock that all later calls use.
        wall: the same moment in seconds since 1970 UTC.
        seed: see `Carrier`.

    Attributes:
        carrier: decides.
        journal: the calls that have ended.
        calls: the calls that are up, by their number.
        taken: how many calls there have been.
    """

    def __init__(
        self, scenario: Scenario, timers: TimerQueue, now: float, wall: float, *, seed: int | None = None
    ) -> None:
        self.carrier = Carrier(scenario, now, wall, seed)
        self.timers = timers
        self.journal = Journal()
        self.calls: dict[int, Call] = {}
        self.taken = 0
        self._wall_offset = wall - now

    @property
    def rng(self) -> Random:
        """The run's source of chance."""
        return self.carrier.rng

    @property
    def cards(self) -> Cards:
        """What signs the cards of 608s."""
        return self.carrier.cards

    def take(self, session: CalledEnd, now: float, customer: Customer | None = None) -> Call:
        """A new call: decided on, and its ladder begun.

        Args:
            session: the called end; it has sent nothing yet.
            now: seconds.
            customer: whose call it is, if that has been found out.
        """
        self.taken = number = self.taken + 1
        self.calls[number] = call = Call(self, session, number, now)
        call.customer = customer
        call.start(self.carrier.decide(call, now), now)
        return call

    def refused(self, call: Call, now: float) -> None:
        """A call was refused or cancelled: its line is free, though its ACK is still to come."""
        if call.holds:
            call.release()
        if call.audio is not None:
            call.hush()

    def answered(self, call: Call, now: float) -> None:
        """A call has been answered."""
        self.carrier.answered(call, now)

    def ended(self, call: Call, ending: Ending, now: float) -> None:
        """A call is over: into the journal."""
        self.calls.pop(call.number, None)
        if call.holds:
            call.release()
        if call.audio is not None:
            call.hush()
        carrier = self.carrier
        for tell in carrier.business.on_end:
            tell(call, now)
        self.journal.add(call.record(ending, now, self._wall_offset, carrier.dialect.name))
