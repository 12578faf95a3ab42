"""The registrations of a round: made before its calls where the plan wants them, withdrawn after them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from simcarrier.sip.agent import UserAgent
from simcarrier.sip.transport import Channel

from .invite import domain_of
from .plan import Plan
from .registration import Registration
from .standing import Standing
from .target import Target
from .troubles import failure_of
from .turns import Bell

WITHIN = 10.0
"""Seconds that registrars have to answer before the calls are made all the same."""


class Enrolments:
    """Registers with trunks, all at once.

    Args:
        agent: the user agent.
        open_channel: gives the channel to a target.
        standing: waits for a connection.
        note: told, in words, why a registration did not come about.
        bell: rung when a registrar has answered; also by whoever wants no more waiting.
    """

    def __init__(
        self,
        agent: UserAgent,
        open_channel: Callable[[Target], Channel],
        standing: Standing,
        note: Callable[[str], None],
        bell: Bell,
    ) -> None:
        self._agent = agent
        self._standing = standing
        self._open_channel = open_channel
        self._note = note
        self._bell = bell
        self._made: list[Registration] = []
        self._open: set[str] = set()

    def begin(
        self,
        plan: Plan,
        targets: Mapping[str, tuple[Target, ...]],
        credentials: Mapping[str, tuple[str, str] | None],
        wanted: Callable[[tuple[Target, ...]], bool],
        now: float,
    ) -> None:
        """Send a REGISTER to each trunk that wants one.

        Args:
            plan: has the trunks.
            targets, credentials: of each trunk.
            wanted: whether a trunk at these addresses may be asked.
            now: seconds.
        """
        for name, trunk in plan.trunks.items():
            known, found = credentials[name], targets[name]
            if not trunk.register_ or known is None or not found or not wanted(found):
                continue
            try:
                channel = self._open_channel(found[0])
            except OSError as error:
                self._note(f"trunk {name}: not registered: {error.strerror or error}")
                continue
            settled = partial(self._settled, name)
            registration = Registration(self._agent, domain_of(trunk), *known, channel, found[0], settled)
            self._open.add(name)
            self._made.append(registration)
            if not self._standing.wait(channel, partial(self._register, registration, channel)):
                registration.register(now)

    async def settle(self, stopping: Callable[[], bool]) -> None:
        """Wait until every registrar has answered, or somebody wants no more waiting."""
        loop = asyncio.get_running_loop()
        until = loop.time() + WITHIN
        while self._open and not stopping() and loop.time() < until:
            await self._bell.wait(until)

    def withdraw(self, now: float) -> None:
        """Take all of them back."""
        for registration in self._made:
            registration.withdraw(now)
        self._made.clear()

    def _register(self, registration: Registration, channel: Channel, now: float) -> None:
        if channel.closed:
            registration.unreachable(failure_of(channel), now)
        else:
            registration.register(now)

    def _settled(self, name: str, why: str | None) -> None:
        self._open.discard(name)
        if why is not None:
            self._note(f"trunk {name}: not registered: {why}")
        self._bell.ring()
