"""Place a few calls, one after the other, and tell what the carrier made of each and why it probably did.

    simcarrier run scenarios/germany-403.yaml --exec 'python examples/few_calls.py'
    python examples/few_calls.py 127.0.0.1:5060

It also shows how to place a call: a `UserAgent` speaks SIP, a `Driver` gives it sockets and a clock, and a
`CallerSession` is one call, whose user is told of every response and of its end.
"""

from __future__ import annotations

import asyncio
import os
import sys

from simcarrier.net.driver import Driver
from simcarrier.sip.agent import UserAgent
from simcarrier.sip.callee import CalleeSession
from simcarrier.sip.caller import CallerSession
from simcarrier.sip.invitation import Invitation
from simcarrier.sip.message import Response
from simcarrier.sip.session import Ending
from simcarrier.sip.transport import Address, Transport, host_for_uri

# Who calls whom, and what that is meant to show.
CALLS = (
    ("+493012345678", "+498912345678", "a number that the carrier routes"),
    ("+14155550123", "+498912345678", "a caller ID that it has never heard of"),
    ("+493012345678", "+4990012345678", "a premium-rate number"),
)
PATIENCE = 10.0  # seconds to wait for a final response; after that no timer of the RFC ends a stalled call
TALK = 0.3  # seconds to stay on the line


class Call:
    """One call: takes what its session tells, and hangs up when it has talked."""

    def __init__(self, agent: UserAgent, driver: Driver, carrier: Address, caller: str, called: str) -> None:
        self.loop = asyncio.get_running_loop()
        self.driver = driver
        self.over = asyncio.Event()
        self.responses: list[Response] = []
        at = f"{host_for_uri(carrier[0])}:{carrier[1]}"
        invitation = Invitation(uri=f"sip:{called}@{at}", caller=f"<sip:{caller}@{at}>")
        channel = driver.channel_for(Transport.UDP, carrier)
        self.session = CallerSession(agent, invitation, channel, carrier, self)

    async def place(self, patience: float | None = None) -> None:
        """Send the INVITE and wait until the call is over; give it up after so many seconds, PATIENCE if not said."""
        self.session.invite(self.loop.time())
        self.driver.pump()  # whatever a call of ours put out is sent by this
        stalled = self.loop.call_later(PATIENCE if patience is None else patience, self.give_up)
        await self.over.wait()
        stalled.cancel()

    def give_up(self) -> None:
        """CANCEL, if the call is not decided yet; if nothing has come at all, nobody is there to cancel."""
        self.session.cancel(self.loop.time())
        self.driver.pump()
        if not self.responses:
            self.over.set()

    def hang_up(self) -> None:
        """BYE."""
        self.session.hang_up(self.loop.time())
        self.driver.pump()

    def responded(self, response: Response, now: float) -> None:
        """A response to the INVITE has come."""
        self.responses.append(response)
        if 200 <= response.status < 300:
            self.loop.call_later(TALK, self.hang_up)

    def ended(self, ending: Ending, now: float) -> None:
        """The call is over."""
        self.over.set()


class Nobody:
    """This program calls; nobody calls it."""

    def invited(self, session: CalleeSession, now: float) -> None:
        """Whoever calls all the same is told that nobody is there."""
        session.refuse(now, 480)


def why(call: Call, caller: str, called: str) -> str:
    """What a person would guess from the final response."""
    status = call.session.status
    if 200 <= status < 300:
        return "the carrier routes this caller ID"
    if status == 403 and called.startswith(("+49190", "+49900", "+1900")):
        return "this direction is closed, whoever calls"
    if status == 403:
        return f"{caller} is not routed here; the same call with a number that is would go through"
    return "" if status else "no final response: nobody is there, or the carrier lost the call"


async def main(carrier: Address) -> int:
    """Place the calls; 0 if each got a final response."""
    async with Driver((agent := UserAgent(Nobody(), name="few_calls")).endpoint) as driver:
        for caller, called, what in CALLS:
            call = Call(agent, driver, carrier, caller, called)
            await call.place()
            codes = ", ".join(f"{response.status} {response.phrase}" for response in call.responses)
            told = f"{caller} calls {called}, {what}:\n    {codes or 'nothing'}: {why(call, caller, called)}\n"
            print(told, end="", flush=True)  # in one write, for the carrier writes to the same output
            if not call.session.status:
                return 1
    return 0


if __name__ == "__main__":
    address = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("SIMCARRIER_ADDRESS", "127.0.0.1:5060")
    host, _, port = address.rpartition(":")
    sys.exit(asyncio.run(main((host.strip("[]"), int(port)))))
