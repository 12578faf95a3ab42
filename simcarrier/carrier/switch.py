"""The switch: an exchange that speaks SIP.

It is all of a simulated carrier but the sockets and the clock: its `engine` takes datagrams and the time, and what
it sends stands in ``engine.out``. Under a driver it serves a network, in a test's memory it serves a test.
"""

from __future__ import annotations

from collections.abc import Callable

from simcarrier.records.journal import Registered
from simcarrier.scenario.models import Scenario
from simcarrier.sip.agent import UserAgent
from simcarrier.sip.callee import CalleeSession
from simcarrier.sip.endpoint import Endpoint, Limits
from simcarrier.sip.session import Ending, Session
from simcarrier.sip.timers import Timers
from simcarrier.sip.transaction import ServerTransaction

from .business.registrar import Registrar
from .call import Call
from .exchange import Exchange
from .media import Audio, Media


class Switch(Exchange):
    """A simulated carrier without a network.

    Args:
        scenario: loaded and checked.
        now: the time of the start, seconds on the clock that all later calls use.
        wall: the same moment in seconds since 1970 UTC.
        seed: see `Carrier`.
        base, limits: see `Endpoint`.
        source_host: see `UserAgent`.

    Raises:
        simcarrier.extras.MissingExtra: the scenario needs signatures, and a package for them is missing.
        simcarrier.trust.pki.PkiError: a file does not hold what it did when the scenario was read.

    Attributes:
        agent: its SIP side.
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
        name = scenario.carrier.server
        # Who has a digest user may register; without any, REGISTER is a method that is not allowed.
        registers = any(customer.user is not None for customer in scenario.carrier.customers)
        self.agent = UserAgent(
            self,
            name="simcarrier" if name is None else name,
            base=base,
            limits=limits,
            source_host=source_host,
            serves={"REGISTER": self._registered} if registers else None,
        )
        super().__init__(scenario, self.agent.endpoint.timers, now, wall, seed=seed)
        self.carrier.go_live()
        customers = self.carrier.business.world.customers
        self._door = customers.door
        self._registrar = None if customers.door is None else Registrar(customers, customers.door)
        self._closing = False

    @property
    def engine(self) -> Endpoint:
        """What a driver drives."""
        return self.agent.endpoint

    def play_by(self, media: Media) -> None:
        """Have the audio of calls sent and received; without it nothing is played."""

        def open_media(session: Session, host: str) -> Audio | None:
            call = session.user if isinstance(session, CalleeSession) else None
            if not isinstance(call, Call):
                return None
            call.audio = media.open(host, session.peer[0])
            return call.audio

        self.agent.open_media = open_media

    def invited(self, session: CalleeSession, now: float) -> None:
        """A new call."""
        if self._closing:
            session.refuse(now, 503)
            return
        door = self._door
        if door is None:
            self.take(session, now)
            return
        admitted = door.admit(session.invite, session.peer[0], now)
        challenge = admitted.challenge
        if challenge is not None:
            session.refuse(now, challenge.status, extra=challenge.extra + self.agent.server_line)
            return
        self.take(session, now, admitted.customer)

    def _registered(self, transaction: ServerTransaction, now: float) -> None:
        """A REGISTER."""
        if self._closing or self._registrar is None:
            transaction.respond(503, now, extra=self.agent.server_line)
            return
        answer = self._registrar.register(transaction.request, now)
        transaction.respond(answer.status, now, answer.phrase, answer.lines + self.agent.server_line)
        if answer.customer:
            granted = Registered(answer.customer, now + self._wall_offset, answer.contacts)
            for told in self.journal.registrars:
                told(granted)

    def ended(self, call: Call, ending: Ending, now: float) -> None:
        """A call is over: into the journal."""
        deaf = self.agent.endpoint.deaf
        if deaf:
            deaf.pop(call.invite.call_id, None)
        Exchange.ended(self, call, ending, now)

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
                self.refused(call, now)
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
