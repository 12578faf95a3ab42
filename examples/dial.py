"""Dial numbers, all at once, and tell what comes when: a dialler to try a scenario with.

    simcarrier run scenarios/busy-486.yaml --exec 'python examples/dial.py +498912345678'
    python examples/dial.py +498912345678 --caller +14155550123 --patience 3 --to 127.0.0.1:5060
    DIAL_PASSWORD=secret python examples/dial.py +498912345678 --user gateway --register

It answers challenges if it has a user, whose password stands in the environment. It gives a call up, with CANCEL, when
its patience is over, and exits with 0 when every call has ended, however it did.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from dataclasses import replace

from few_calls import Call, Nobody

from simcarrier.net.driver import Driver
from simcarrier.probe.registration import Registration
from simcarrier.probe.target import Target
from simcarrier.sip.agent import UserAgent
from simcarrier.sip.authentication import CHALLENGES, Authenticator
from simcarrier.sip.caller import CallerSession
from simcarrier.sip.message import Response
from simcarrier.sip.session import Ending
from simcarrier.sip.transport import Transport

SHOWN = ("retry-after", "contact", "call-info", "warning")


class ToldCall(Call):
    """A call that tells what happens to it, with the seconds since its INVITE."""

    credentials: Authenticator | None = None

    def __init__(self, agent: UserAgent, driver: Driver, carrier: tuple[str, int], caller: str, called: str) -> None:
        super().__init__(agent, driver, carrier, caller, called)
        self.called = called
        self.began = self.loop.time()

    def tell(self, what: str) -> None:
        """A line of the story."""
        # In one write, for the carrier writes to the same output.
        print(f"{self.called}  {self.loop.time() - self.began:6.3f} s  {what}\n", end="", flush=True)

    def responded(self, response: Response, now: float) -> None:
        """A response to the INVITE has come."""
        self.tell(f"{response.status} {response.phrase}")
        if response.status >= 300:
            for name in SHOWN:
                for value in response.get_all(name):
                    self.tell(f"    {name.title()}: {value}")
        super().responded(response, now)

    def give_up(self) -> None:
        """Patience is over."""
        if not self.session.status:
            self.tell("no patience any more: " + ("CANCEL" if self.responses else "nothing came, so nothing to cancel"))
            super().give_up()

    def ended(self, ending: Ending, now: float) -> None:
        """The call is over; if it was only asked for a password, the same call is made again with it."""
        refusal = self.session.refusal
        if self.credentials and refusal and refusal.status in CHALLENGES:
            old = self.session
            fields = self.credentials.answer(refusal, method="INVITE", uri=old.invitation.uri, body=old.offered)
            if fields:
                said = replace(
                    old.invitation,
                    fields=tuple(fields),
                    call_id=old.call_id,
                    local_tag=old.local_tag,
                    cseq=old.invitation.cseq + 1,
                )
                self.session = CallerSession(old.agent, said, old.channel, old.peer, self)
                self.session.invite(now)
                return
        if ending in (Ending.HUNG_UP_BY_US, Ending.HUNG_UP_BY_PEER):
            self.tell("we hung up" if ending is Ending.HUNG_UP_BY_US else "the carrier hung up")
        super().ended(ending, now)


async def register(agent: UserAgent, driver: Driver, carrier: tuple[str, int], user: str, password: str) -> None:
    """Register, and tell what came of it."""
    loop = asyncio.get_running_loop()
    said: asyncio.Future[str | None] = loop.create_future()
    channel, target = driver.channel_for(Transport.UDP, carrier), Target(Transport.UDP, carrier)
    registration = Registration(agent, f"{carrier[0]}:{carrier[1]}", user, password, channel, target, said.set_result)
    registration.register(loop.time())
    driver.pump()
    print(f"{user}: {await said or 'registered'}", flush=True)


async def main() -> int:
    """Place the calls."""
    options = argparse.ArgumentParser(description="Dial numbers, all at once, and tell what comes when.")
    options.add_argument("called", nargs="+", help="the numbers to call")
    options.add_argument("--caller", default="+493012345678", help="the number to show; %(default)s if not said")
    options.add_argument("--patience", type=float, default=10.0, help="seconds until CANCEL; %(default)s if not said")
    options.add_argument("--user", help="the user for a carrier that asks for a password; it is in DIAL_PASSWORD")
    options.add_argument("--register", action="store_true", help="register the user before calling")
    options.add_argument("--to", default=os.environ.get("SIMCARRIER_ADDRESS", "127.0.0.1:5060"), help="HOST:PORT")
    said = options.parse_args()
    host, _, port = said.to.rpartition(":")
    carrier = host.strip("[]"), int(port)
    async with Driver((agent := UserAgent(Nobody(), name="dial")).endpoint) as driver:
        password = os.environ.get("DIAL_PASSWORD", "")
        if said.user and said.register:
            await register(agent, driver, carrier, said.user, password)
        calls = [ToldCall(agent, driver, carrier, said.caller, called) for called in said.called]
        if said.user:
            for call in calls:
                call.credentials = Authenticator(said.user, password)
        await asyncio.gather(*(call.place(said.patience) for call in calls))
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
