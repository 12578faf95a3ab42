"""The switch: takes calls, lets the carrier decide, climbs the ladders, writes the journal.

It is all of a simulated carrier but the sockets and the clock: its `engine` takes datagrams and the time, and what
it sends stands in ``engine.out``. Under a driver it serves a network, in a test's memory it serves a test.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from simcarrier.records.journal import Journal
from simcarrier.scenario.models import Scenario
from simcarrier.sip.agent import UserAgent
from simcarrier.sip.callee import CalleeSession
from simcarrier.sip.endpoint import Endpoint, Limits
from simcarrier.sip.session import Ending
from simcarrier.sip.timers import Timers

from .call import Call
from .carrier import Carrier


class Switch:
    """A simulated carrier without a network.

    Args:
        scenario: loaded and checked.
        now: the time of the start, seconds on the clock that all later calls use.
        wall: the same moment in seconds since 1970 UTC.
        seed: see `Carrier`.
        base, limits: see `Endpoint`.
        source_host: see `UserAgent`.

    Attributes:
        carrier: decides.
        agent: its SIP side.
        journal: the calls that have ended.
        calls: the calls that are up, by their number.
        taken: how many calls there have been.
    """

    def __init__(
        self,
        scenario: Scenario,
        now: float,
        wall: float,
        *,
        seed: int | None = None,
        base: Timers | None = None,
        limits: Limits | None = None,
        source_host: Callable[[str], str] | None = None,
    ) -> None:
        self.carrier = Carrier(scenario, seed)
        name = scenario.carrier.server
        self.agent = UserAgent(
            self, name="simcarrier" if name is None else name, base=base, limits=limits, source_host=source_host
        )
        self.journal = Journal()
        self.calls: dict[int, Call] = {}
        self.taken = 0
        self._closing = False
        self._start = now
        self._wall_offset = wall - now

    @property
    def engine(self) -> Endpoint:
        """What a driver drives."""
        return self.agent.endpoint

    @property
    def rng(self) -> Random:
        """The run's source of chance."""
        return self.carrier.rng

    def invited(self, session: CalleeSession, now: float) -> None:
        """A new call."""
        if self._closing:
            session.refuse(now, 503)
            return
        self.taken = number = self.taken + 1
        self.calls[number] = call = Call(self, session, number, now)
        call.start(self.carrier.decide(call, now - self._start), now)

    def refused(self, call: Call, now: float) -> None:
        """A call was refused or cancelled: its line is free, though its ACK is still to come."""
        self.carrier.release(call)

    def ended(self, call: Call, ending: Ending, now: float) -> None:
        """A call is over: into the journal."""
        self.calls.pop(call.number, None)
        self.carrier.release(call)
        deaf = self.agent.endpoint.deaf
        if deaf:
            deaf.pop(call.invite.call_id, None)
        self.journal.add(call.record(ending, now, self._wall_offset))

    @property
    def busy(self) -> bool:
        """Whether calls are up, or requests of ours wait for an answer."""
        return bool(self.calls) or self.engine.waiting

    def close(self, now: float) -> None:
        """End all calls in order: 487 for those without a final response, BYE for those that are up.

        A call that is to hear nothing at all hears nothing now either.
        """
        self._closing = True
        for call in list(self.calls.values()):
            call.stop()
            session = call.session
            if call.silent and not session.status:
                session.abandon(now)
            elif session.status < 200:
                session.refuse(now, 487)
                self.carrier.release(call)
            elif session.answered_at is not None:
                session.hang_up(now)

    def drop(self, now: float) -> None:
        """Write what is still open to the journal as it stands; nobody acknowledged its end."""
        for call in list(self.calls.values()):
            session = call.session
            if session.answered_at is not None:
                session.hang_up(now, ending=Ending.UNACKNOWLEDGED)
            else:
                session.end(Ending.UNACKNOWLEDGED if session.status >= 200 else Ending.ABANDONED, now)
