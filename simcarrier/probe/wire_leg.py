"""Legs of the built-in engine: a leg is a `CallerSession` of our own stack, on a channel. Sans-IO."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from simcarrier.records.audio import Audio
from simcarrier.sip.agent import UserAgent
from simcarrier.sip.authentication import Authenticator
from simcarrier.sip.caller import CallerSession
from simcarrier.sip.invitation import CallerUser, Invitation
from simcarrier.sip.timers import TimerQueue
from simcarrier.sip.transport import Channel

from .engine import LegUser, demand
from .guard import Permit
from .order import Order
from .target import Target

Then = Callable[[float], None]


class Ear(Protocol):
    """Listens to a leg."""

    def audio(self) -> Audio:
        """What was heard; nothing more is listened to."""


class WireLeg(CallerSession):
    """A leg: a session that knows how to wait for its channel, and what to say if that fails.

    Attributes:
        order: the call that it belongs to.
        ear: listens to it; None: nobody does.
    """

    __slots__ = ("_legs", "ear", "order")

    def __init__(
        self,
        legs: WireLegs,
        agent: UserAgent,
        invitation: Invitation,
        channel: Channel,
        target: Target,
        user: CallerUser,
        order: Order,
    ) -> None:
        super().__init__(agent, invitation, channel, target.address, user)
        self._legs = legs
        self.order = order
        self.ear: Ear | None = None

    @property
    def closed(self) -> bool:
        """Whether the channel has failed."""
        return self.channel.closed

    def wait(self, then: Then) -> bool:
        """Wait for the channel to stand."""
        wait = self._legs.wait
        return wait is not None and wait(self.channel, then)

    def let_go(self, user: CallerUser, now: float) -> None:
        """Give it up, and tell somebody else what still comes."""
        self.user = user
        self.bye_answered = None
        self.abandon(now)

    def drop(self) -> None:
        """Nothing has been sent."""

    def why(self) -> str:
        """Why the channel failed."""
        explain = self._legs.explain
        return "" if explain is None else explain(self.channel)

    def audio(self) -> Audio | None:
        """What was heard."""
        ear, self.ear = self.ear, None
        return None if ear is None else ear.audio()


class WireLegs:
    """Makes legs.

    Args:
        agent: the user agent that calls.
        open_channel: gives the channel to a target.
        explain: says why a channel failed, in words; empty if it does not know.
        wait: waits for a channel to stand, and then tells; False if it need not be waited for.
    """

    answers_challenges = False

    def __init__(
        self,
        agent: UserAgent,
        open_channel: Callable[[Target], Channel],
        explain: Callable[[Channel], str] | None = None,
        wait: Callable[[Channel, Then], bool] | None = None,
    ) -> None:
        self.explain = explain
        self.wait = wait
        self._agent = agent
        self._open_channel = open_channel

    @property
    def timers(self) -> TimerQueue:
        """The deadlines of the agent's endpoint."""
        return self._agent.endpoint.timers

    def leg(
        self, permit: Permit | None, order: Order, invitation: Invitation, target: Target, user: LegUser
    ) -> WireLeg:
        """A leg that can be sent."""
        demand(permit, order, invitation)
        leg = WireLeg(self, self._agent, invitation, self._open_channel(target), target, user, order)
        username, password = order.username, order.password
        if username is not None and password is not None:
            leg.credentials = lambda: Authenticator(username, password)
        leg.bye_answered = user.bye_answered
        return leg
