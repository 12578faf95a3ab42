"""The built-in engine: our own stack, on asyncio's sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from simcarrier.net.driver import Driver
from simcarrier.sip.description import MediaEnd
from simcarrier.sip.message import Response
from simcarrier.sip.session import Session
from simcarrier.sip.transport import Channel, Transport

from .caller import CallingAgent
from .plan import Plan
from .recorder import Recorder
from .registration import Registration
from .standing import Standing
from .target import Target
from .troubles import client_tls_of, failure_of
from .wire_leg import WireLeg, WireLegs

if TYPE_CHECKING:
    from .listening import Listener


class BuiltinEngine(WireLegs):
    """Places calls by our own stack.

    Args:
        plan: as loaded.
        stray: told of responses that match no request of ours.
        recorder: keeps the messages; None: nobody wants them.
        listens: to the calls, if the plan wants that; False where another engine places them.

    Attributes:
        agent: the user agent that calls.
    """

    def __init__(
        self, plan: Plan, stray: Callable[[Response], None], recorder: Recorder | None, *, listens: bool = True
    ) -> None:
        self.agent = CallingAgent(stray)
        self._standing = Standing(self.pump)
        super().__init__(self.agent, self.open, failure_of, self._standing.wait)
        self._plan = plan
        self._recorder = recorder
        self._driver: Driver | None = None
        self._channels: dict[Target, Channel] = {}
        self._listener: Listener | None = None
        self._listen: Callable[[], None] | None = None
        if plan.listen is not None and listens:
            from . import listening  # noqa: F401 - now is the time to say that an extra is missing

            self._listen = partial(self._listen_at, plan.listen.ports)

    @property
    def waiting(self) -> bool:
        """Whether a request still waits for its answer."""
        return bool(self.agent.endpoint.waiting)

    def room(self) -> bool:
        """There always is."""
        return True

    def open(self, target: Target) -> Channel:
        """The channel to a target.

        Raises:
            OSError: there is no way there.
        """
        channel = self._channels.get(target)
        if channel is None or channel.closed:
            if self._driver is None:
                raise ConnectionAbortedError("the probe is closed")
            channel = self._driver.channel_for(target.transport, target.address, target.server_name)
            if self._plan.load is not None and target.transport is Transport.UDP:
                self._channels[target] = channel  # to ask the way to loopback again costs as much as an INVITE
        return channel

    def enrolment(
        self,
        trunk: str,
        domain: str,
        credentials: tuple[str, str],
        target: Target,
        settled: Callable[[str | None], None],
    ) -> ChannelEnrolment:
        """A registration that can be begun."""
        channel = self.open(target)
        registration = Registration(self.agent, domain, *credentials, channel, target, settled)
        return ChannelEnrolment(registration, channel, self._standing)

    def pump(self) -> None:
        """Send what has been put out, and look at the deadlines anew."""
        if self._driver is not None:
            self._driver.pump()

    async def begin(self) -> None:
        """Be ready for a round."""
        if self._driver is None:
            observe = None if self._recorder is None else self._recorder.observe
            self._driver = Driver(self.agent.endpoint, client_tls=client_tls_of(self._plan), observe=observe)
            if self._listen is not None:
                self._listen()

    def _listen_at(self, ports: tuple[int, int]) -> None:
        from .listening import Listener

        loop = asyncio.get_running_loop()
        offset = time.time() - loop.time()
        listener = self._listener = Listener(loop, ports, lambda now: now + offset, Random())

        def open_media(session: Session, host: str) -> MediaEnd | None:
            if not isinstance(session, WireLeg):
                return None
            end, session.ear = listener.open(host, session.peer[0], session.order)
            return end

        self.agent.open_media = open_media

    async def end(self) -> None:
        """Close the sockets."""
        driver, self._driver = self._driver, None
        self._channels.clear()
        self.agent.open_media = None
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        if driver is not None:
            await driver.close()


class ChannelEnrolment:
    """A registration on a channel that may still have to stand."""

    def __init__(self, registration: Registration, channel: Channel, standing: Standing) -> None:
        self._registration = registration
        self._channel = channel
        self._standing = standing

    def begin(self, now: float) -> None:
        """Register when the channel stands."""
        if not self._standing.wait(self._channel, self._stands):
            self._registration.register(now)

    def withdraw(self, now: float) -> None:
        """Take it back."""
        self._registration.withdraw(now)

    def _stands(self, now: float) -> None:
        if self._channel.closed:
            self._registration.unreachable(failure_of(self._channel), now)
        else:
            self._registration.register(now)
