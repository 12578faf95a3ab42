"""A small dialler, and how it treats a carrier: every decision is a method of its own.

It calls a list of numbers, several at once, and does what carriers expect: it gives up what stalls, leaves alone who is
blocked or does not want to be called, comes back when Retry-After is over or goes by another trunk, writes a number in
its other form where it is not found, registers again when its calls are refused for that, and keeps to its lines and
its calls per second. `wrong.py` has its wrong sisters, each with one of these methods spoilt.

It stands on simcarrier's own SIP, as `examples/few_calls.py` does: a `UserAgent` speaks, a `Driver` has the sockets.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from simcarrier.net.driver import Driver
from simcarrier.probe.registration import Registration
from simcarrier.probe.target import Target
from simcarrier.sip.agent import UserAgent
from simcarrier.sip.authentication import CHALLENGES, Authenticator
from simcarrier.sip.block_codes import BlockKind, read_block
from simcarrier.sip.callee import CalleeSession
from simcarrier.sip.caller import CallerSession
from simcarrier.sip.invitation import Invitation
from simcarrier.sip.message import Response
from simcarrier.sip.session import Ending
from simcarrier.sip.transport import Address, Transport, host_for_uri

TRIES = 3
"""How often one number is tried at most before it goes to the end of the list."""

BLOCKS = {BlockKind.CONFORMANT, BlockKind.PARTIAL, BlockKind.UNWANTED, BlockKind.REJECTED}


@dataclass(frozen=True)
class Settings:
    """What the dialler was told; times in seconds."""

    caller: str = "+493012345678"
    patience: float | None = 10.0  # from 100 to CANCEL, where nothing else comes
    talk: float = 0.3
    lines: int = 3
    per_second: float = 5.0
    pause: float = 2.0  # between two passes of the list
    user: str = ""  # registers if it is not empty
    password: str = ""


@dataclass
class Trunk:
    """A way to a carrier.

    Attributes:
        address: HOST and port.
        free_at: when it may be used again, on the loop's clock.
    """

    address: Address
    free_at: float = 0.0


class Dialler:
    """Calls numbers.

    Args:
        trunks: HOST and port of each, the best first.
        settings: see `Settings`.
    """

    def __init__(self, *trunks: Address, settings: Settings | None = None) -> None:
        self.trunks = [Trunk(address) for address in trunks]
        self.settings = settings or Settings()
        self.left_alone: set[str] = set()
        self._next_start = float("-inf")

    # What carriers look at

    @property
    def patience(self) -> float | None:
        """How long a call may stay at 100: no timer of SIP ends it."""
        return self.settings.patience

    def is_block(self, refusal: Response) -> bool:
        """Whether the number is to be left alone from now on: 603+, 607 and 608 are no matter of chance."""
        said = read_block(refusal.status, refusal.phrase, refusal.get_all("reason"), refusal.get_all("call-info"))
        return said.kind in BLOCKS

    def rest(self, trunk: Trunk, refusal: Response) -> None:
        """Let a trunk rest for as long as it asks (RFC 3261 section 21.5.4)."""
        seconds = (refusal.get("retry-after") or "").split("(")[0].split(";")[0].strip()
        if refusal.status == 503 and seconds.isascii() and seconds.isdecimal():
            trunk.free_at = asyncio.get_running_loop().time() + int(seconds)

    def is_tried_again(self, refusal: Response) -> bool:
        """Whether the refusal is about the route, so that another try may get through."""
        return refusal.status == 503

    def other_form(self, number: str) -> str:
        """The same number as this carrier may know it: with the trunk prefix 8 in place of the country prefix 7."""
        digits = number.removeprefix("+")
        return f"8{digits[1:]}" if digits.startswith("7") and len(digits) == 11 else number

    def is_for_want_of_registration(self, refusal: Response) -> bool:
        """Whether the carrier may have forgotten us."""
        return refusal.status == 403 and bool(self.settings.user)

    @asynccontextmanager
    async def a_line(self) -> AsyncIterator[None]:
        """Hold one of our lines."""
        async with self._lines:
            yield

    async def keep_the_pace(self) -> None:
        """Wait until the next call may begin."""
        loop = asyncio.get_running_loop()
        begin = max(loop.time(), self._next_start + 1 / self.settings.per_second)
        self._next_start = begin
        await asyncio.sleep(begin - loop.time())

    def made(self, agent: UserAgent) -> UserAgent:
        """The user agent, before its first message."""
        return agent

    # Calling

    async def run(self, *lists: Iterable[str]) -> None:
        """Call the numbers of each list, one list after the other."""
        self._lines = asyncio.Semaphore(self.settings.lines)
        self._agent = self.made(UserAgent(Nobody(), name="dialler"))
        async with Driver(self._agent.endpoint) as self._driver:
            for place, numbers in enumerate(lists):
                if place:
                    await asyncio.sleep(self.settings.pause)
                await asyncio.gather(*(self._dial(number) for number in numbers if number not in self.left_alone))

    async def _dial(self, number: str) -> None:
        """One number, until it is through or refused for good."""
        for _ in range(TRIES):
            trunk, refusal = await self._call(number)
            if refusal is None:
                return
            if self.is_block(refusal):
                self.left_alone.add(number)
                return
            if self.is_for_want_of_registration(refusal):
                await self._register(trunk)
            elif refusal.status == 404 and self.other_form(number) != number:
                number = self.other_form(number)
            elif not self.is_tried_again(refusal):
                return

    async def _call(self, number: str) -> tuple[Trunk, Response | None]:
        """One call, by the trunk that is free first; its refusal, None if it was answered or given up."""
        loop = asyncio.get_running_loop()
        async with self.a_line():
            while True:
                await self.keep_the_pace()
                trunk = min(self.trunks, key=lambda trunk: max(trunk.free_at, loop.time()))
                if trunk.free_at <= loop.time():
                    break  # which may have changed while we kept the pace
                await asyncio.sleep(trunk.free_at - loop.time())
            call = Call(self._agent, self._driver, trunk.address, number, self.settings, self.patience)
            await call.over.wait()
            if call.refusal is not None:
                self.rest(trunk, call.refusal)  # before the next call takes the line
        return trunk, call.refusal

    async def _register(self, trunk: Trunk) -> None:
        host, port = trunk.address
        loop = asyncio.get_running_loop()
        settled: asyncio.Future[str | None] = loop.create_future()
        channel = self._driver.channel_for(Transport.UDP, trunk.address)
        target = Target(Transport.UDP, trunk.address)
        user, password = self.settings.user, self.settings.password
        domain = f"{host_for_uri(host)}:{port}"
        registration = Registration(self._agent, domain, user, password, channel, target, settled.set_result)
        registration.register(loop.time())
        self._driver.pump()
        await settled


class Call:
    """One call. It begins when it is made; `over` is set when it has ended.

    Attributes:
        refusal: the final response of class 3 to 6; None if it was answered, given up, or never heard of.
    """

    def __init__(
        self,
        agent: UserAgent,
        driver: Driver,
        carrier: Address,
        number: str,
        settings: Settings,
        patience: float | None,
    ) -> None:
        self.over = asyncio.Event()
        self.refusal: Response | None = None
        self._loop = asyncio.get_running_loop()
        self._driver, self._settings, self._patience = driver, settings, patience
        self._credentials = Authenticator(settings.user, settings.password) if settings.user else None
        self._stalled: asyncio.TimerHandle | None = None
        at = f"{host_for_uri(carrier[0])}:{carrier[1]}"
        invitation = Invitation(uri=f"sip:{number}@{at}", caller=f"<sip:{settings.caller}@{at}>")
        channel = driver.channel_for(Transport.UDP, carrier)
        self._invite(CallerSession(agent, invitation, channel, carrier, self))

    def _invite(self, session: CallerSession) -> None:
        self.session = session
        session.invite(self._loop.time())
        self._driver.pump()

    def responded(self, response: Response, now: float) -> None:
        """A response to the INVITE: after 100 something else must come in time."""
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
        if response.status == 100 and self._patience is not None:
            self._stalled = self._loop.call_later(self._patience, self._do, self.session.cancel)
        elif 200 <= response.status < 300:
            self._loop.call_later(self._settings.talk, self._do, self.session.hang_up)

    def _do(self, what: Callable[[float], None]) -> None:
        what(self._loop.time())
        self._driver.pump()

    def ended(self, ending: Ending, now: float) -> None:
        """The call is over; if it was only asked for a password, it is made again with it."""
        session, refusal = self.session, self.session.refusal
        if refusal is not None and refusal.status in CHALLENGES and self._credentials is not None:
            uri = session.invitation.uri
            fields = self._credentials.answer(refusal, method="INVITE", uri=uri, body=session.offered)
            if fields:
                again = replace(
                    session.invitation,
                    fields=tuple(fields),
                    call_id=session.call_id,
                    local_tag=session.local_tag,
                    cseq=session.invitation.cseq + 1,
                )
                self._invite(CallerSession(session.agent, again, session.channel, session.peer, self))
                return
        if ending is Ending.REFUSED:
            self.refusal = refusal
        self.over.set()


class Nobody:
    """This program calls; nobody calls it."""

    def invited(self, session: CalleeSession, now: float) -> None:
        """Whoever calls all the same is told that nobody is there."""
        session.refuse(now, 480)
