"""What decides about calls, and what places them: the seam between the two.

The plan, the guard, the campaign and the attempt (its stages and deadlines, the next address, redirects, the verdict)
know nothing of sockets. They ask an `Engine` for a `Leg`, one INVITE on the wire, and the leg tells its `LegUser` what
comes of it. So every engine has the same deadlines and the same verdicts. The built-in engine is
`builtin.BuiltinEngine`, on asyncio; pjproject's stack is `pjsua2.engine.Pjsua2Engine`.

No engine makes a leg without a `Permit` of the guard for these very numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from simcarrier.records.audio import Audio
from simcarrier.sip.agent import UserAgent
from simcarrier.sip.invitation import CallerUser, Invitation
from simcarrier.sip.message import Request, Response
from simcarrier.sip.timers import TimerQueue
from simcarrier.sip.transport import Channel

from .guard import Permit
from .order import Order
from .target import Target


class Unfit(Exception):
    """A plan wants what an engine does not have, or takes no part in; the text says what, and what to do."""


class LegUser(CallerUser, Protocol):
    """Who has a leg placed: told of the responses to its INVITE and of its end, and of two things more."""

    def challenged(self, response: Response, now: float) -> None:
        """The engine has answered a challenge by itself: the INVITE went out once more, with credentials."""

    def bye_answered(self, response: Response | None, now: float) -> None:
        """The final response to a BYE of ours; None if none came."""


class Leg(Protocol):
    """One INVITE, and the call that it sets up. Times are seconds on the engine's clock."""

    @property
    def call_id(self) -> str:
        """Its Call-ID."""

    @property
    def local_tag(self) -> str:
        """The tag of its From; empty if the engine chooses it by itself."""

    @property
    def invitation(self) -> Invitation:
        """What its INVITE is made of."""

    @property
    def offered(self) -> bytes:
        """The session description that went out, for digests that cover it."""

    @property
    def refusal(self) -> Response | None:
        """The final response of class 3 to 6."""

    @property
    def farewell(self) -> Request | None:
        """The peer's BYE."""

    @property
    def further_answers(self) -> int:
        """How many 2xx with other tags than the first came."""

    @property
    def parting(self) -> bool:
        """Whether a BYE of ours waits for its answer."""

    @property
    def closed(self) -> bool:
        """Whether the way there has failed."""

    def wait(self, then: Callable[[float], None]) -> bool:
        """Tell ``then`` when the way there is open, or never will be (`closed`); False if it need not be waited for."""

    def invite(self, now: float) -> None:
        """Send the INVITE."""

    def hang_up(self, now: float) -> None:
        """Send BYE."""

    def abandon(self, now: float) -> None:
        """Give the call up: CANCEL, as soon as a provisional response allows it."""

    def let_go(self, user: CallerUser, now: float) -> None:
        """`abandon`; what still comes is told to somebody else, and nobody waits for it."""

    def drop(self) -> None:
        """Do not send an INVITE that still waits for its way."""

    def mismatch(self, response: Response) -> str:
        """Why a response that matched nothing is no answer to this INVITE; empty if it does not look like one."""

    def why(self) -> str:
        """Why the way there failed, in words; empty if that is not known."""

    def audio(self) -> Audio | None:
        """What was heard, with times on the engine's clock; nothing more is listened to. None if nobody listened, or
        all was told before."""


class Enrolment(Protocol):
    """A registration with a trunk, for as long as a round lasts."""

    def begin(self, now: float) -> None:
        """Register, and stay so."""

    def withdraw(self, now: float) -> None:
        """Take it back; nothing is told of it any more."""


class Legs(Protocol):
    """Makes legs, and sees to deadlines: all of an engine that a single call needs.

    Attributes:
        answers_challenges: it does so by itself, with the credentials of the order.
    """

    answers_challenges: bool

    @property
    def timers(self) -> TimerQueue:
        """The deadlines that the engine sees to: an item armed there is told when it is due."""

    def leg(self, permit: Permit | None, order: Order, invitation: Invitation, target: Target, user: LegUser) -> Leg:
        """A leg that can be sent.

        Args:
            permit: of the guard; None is none.
            order: the call that it belongs to.
            invitation: what the INVITE is made of.
            target: where it goes.
            user: told what comes of it.

        Raises:
            OSError: there is no way there.
            PermissionError: the permit is not the guard's, or not for these numbers.
        """


def demand(permit: Permit | None, order: Order, invitation: Invitation) -> None:
    """What every engine asks before it makes a leg.

    Raises:
        PermissionError: the permit is not the guard's, or not for these numbers.
    """
    if not isinstance(permit, Permit) or not permit.covers(order.caller, permit.called):
        raise PermissionError(f"no permit to call {order.called}")
    if not invitation.uri.startswith(f"sip:{permit.called}@"):
        raise PermissionError(f"no permit to call {invitation.uri}")


class Engine(Legs, Protocol):
    """Places calls, and registers."""

    def room(self) -> bool:
        """Whether one more call can be placed now."""

    @property
    def agent(self) -> UserAgent:
        """The user agent that asks trunks by OPTIONS and REGISTER, whatever places the calls."""

    def open(self, target: Target) -> Channel:
        """That agent's channel to a target.

        Raises:
            OSError: there is no way there.
        """

    @property
    def waiting(self) -> bool:
        """Whether a request still waits for its answer."""

    def enrolment(
        self,
        trunk: str,
        domain: str,
        credentials: tuple[str, str],
        target: Target,
        settled: Callable[[str | None], None],
    ) -> Enrolment:
        """A registration that can be begun.

        Args:
            trunk: its name.
            domain: the registrar's.
            credentials: user and password.
            target: where it goes.
            settled: told when the first attempt has succeeded (None) or failed (why, in words).

        Raises:
            OSError: there is no way there.
        """

    def pump(self) -> None:
        """Send what has been put out, and look at the deadlines anew."""

    async def begin(self) -> None:
        """Be ready for a round; nothing if it is.

        Raises:
            OSError: it cannot be started.
        """

    async def end(self) -> None:
        """Close everything."""
