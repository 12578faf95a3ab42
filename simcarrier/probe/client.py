"""The probe on the network: resolves the trunks, registers, places the calls of a plan, ends them all.

Whatever happens (a trunk that is not found, a connection refused, Ctrl-C in the midst of a call) becomes a result, and
nothing is left on the wire: a call that is up is cancelled or hung up before `Prober.run` returns.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from simcarrier.diagnosis import Call
from simcarrier.diagnosis.causes import the_table
from simcarrier.net.driver import Driver
from simcarrier.net.tcp import StreamChannel
from simcarrier.records.observation import Observation, Outcome
from simcarrier.records.transcript import Passed, Transcript, call_id_of, without_credentials
from simcarrier.sip.transport import Address, Channel, Transport

from .attempt import Order, ProbedCall, Stage
from .caller import calling_agent
from .campaign import Campaign, Go, Stop, Wanted
from .cards import asks_nobody, read_card
from .deadlines import Deadlines
from .guard import Guard, Permit, is_local
from .invite import domain_of, invitation_of
from .plan import Plan, calls_in
from .registration import Registration
from .resolve import Unresolved, resolve
from .result import Result, judged
from .secrets import MissingSecret, Sign, credentials_of, roots_of, signer_of
from .summary import Summary
from .target import Target
from .troubles import client_tls_of, in_words
from .turns import SLICE, Bell, Turns

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver

    from simcarrier.trust.fetch import Fetcher

__all__ = ["LoadElsewhere", "MissingSecret", "Prober", "Summary"]

HISTORY = 500
"""Calls of the same run that a diagnosis looks back on at most."""

GRACE = 5.0
"""Seconds that peers have to answer our CANCEL or BYE when the probe is told to stop."""

REGISTER_WITHIN = 10.0

LOST = frozenset({Outcome.INTERRUPTED, Outcome.UNRESOLVED})
"""Calls that say nothing of the trunk."""


class LoadElsewhere(PermissionError):
    """A load is for simulated trunks, on this machine."""


class Prober:
    """Places the calls of a plan.

    Args:
        plan: as loaded.
        guard: gives leave.
        report: told of each result, in the order in which the calls end.
        keep: told of each call's messages when it has ended; None if nobody wants them.
        rng: for the choice among servers.
        used: told after each permit for a live call, so that the caps hold if we do not get to the end.
        environment: holds the passwords; this process's if None.
        fetcher: follows the links of 608s to their cards; None: none are followed.
        resolver: asks the DNS; the system's if None.

    Attributes:
        summary: so far.
    """

    def __init__(
        self,
        plan: Plan,
        guard: Guard,
        report: Callable[[Result], None],
        *,
        keep: Callable[[Observation, Transcript], None] | None = None,
        rng: Random | None = None,
        used: Callable[[], None] | None = None,
        environment: Mapping[str, str] | None = None,
        fetcher: Fetcher | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        self.plan = plan
        self.summary = Summary()
        self._guard = guard
        self._report = report
        self._keep = keep
        self._rng = rng or Random()
        self._used = used
        self._environment = os.environ if environment is None else environment
        self._fetcher = fetcher
        self._resolver = resolver
        self._resolved = False
        self._before = 0
        self._targets: dict[str, tuple[Target, ...]] = {}
        self._troubles: dict[str, str] = {}
        self._calls: dict[ProbedCall, Wanted] = {}
        self._transcripts: dict[str, Transcript] = {}
        self._history: deque[Call] = deque(maxlen=HISTORY)
        self._reading: set[asyncio.Task[None]] = set()
        self._broken: Exception | None = None
        self._stopping = False
        self._channels: dict[Target, Channel] = {}
        self._bell = Bell()
        self._over = Turns(self._finished)
        self._agent = calling_agent()
        self._driver: Driver
        self._campaign: Campaign | None = None
        self._credentials: dict[str, tuple[str, str] | None] = {}
        self._signers: dict[str, Sign] = {}
        self._roots: tuple[Any, ...] = ()

    def unlock(self) -> None:
        """Get the passwords and keys that the plan names; `run` does it if nobody has.

        Raises:
            MissingSecret: a password's variable is not set, or a certificate or key can't be used.
        """
        for name, trunk in self.plan.trunks.items():
            self._credentials[name] = credentials_of(trunk, self._environment)
            if trunk.identity is not None:
                self._signers[name] = signer_of(trunk.identity, self._rng)
        self._roots = roots_of(self.plan.card_ca)

    @property
    def idle(self) -> bool:
        """Whether nothing of the probe is left: no call, and no request that waits for its answer."""
        return not self._calls and not self._transcripts and not self._agent.endpoint.waiting

    async def find_trunks(self) -> dict[str, tuple[Target, ...]]:
        """The addresses of every trunk that the plan calls; none for one that is not found."""
        self._resolved = True
        for name, trunk in self.plan.trunks.items():
            try:
                self._targets[name] = await resolve(trunk.proxy or trunk.address, self._rng, self._resolver)
            except Unresolved as why:
                self._targets[name] = ()
                self._troubles[name] = str(why)
        return self._targets

    def stop(self) -> None:
        """Make no more calls; cancel or hang up those that are up."""
        if self._stopping:
            return
        self._stopping = self.summary.interrupted = True
        if self._campaign is not None:
            self.summary.not_made += len(self._campaign.abandon())
            now = asyncio.get_running_loop().time()
            for call in list(self._calls):
                call.interrupt(now)
            self._driver.pump()
        self._bell.ring()

    async def pause(self, seconds: float) -> bool:
        """Wait for the next round, or until told to stop; whether it was."""
        await self._bell.wait(asyncio.get_running_loop().time() + max(seconds, 0.0))
        return self._stopping

    async def run(self) -> Summary:
        """One round of the plan.

        Raises:
            LoadElsewhere: a load, and a trunk that is not on this machine.
            OSError: a trunk's certificates cannot be read, or a result could not be written.
            MissingSecret: as `unlock`.
            Exception: what ``used`` raises; no call is made then.
        """
        if not self._credentials:
            self.unlock()
        if not self._resolved:
            await self.find_trunks()
        self._resolved = False  # the next round asks anew: servers move
        if self.plan.load is not None and not all(is_local(found) for found in self._targets.values()):
            raise LoadElsewhere("load: is for simulated trunks, on this machine only")
        the_table()  # is read now: CANCELs that are due must not wait for it
        loop = asyncio.get_running_loop()
        observe = self._observe if self._keep is not None else None
        self._wall_offset = time.time() - loop.time()
        async with Driver(self._agent.endpoint, client_tls=client_tls_of(self.plan), observe=observe) as driver:
            self._driver = driver
            registrations = await self._register()
            now = loop.time()
            self._campaign = campaign = Campaign(self.plan, self._guard, self._targets, now, time.time(), self._before)
            self._before += calls_in(self.plan)
            if self._stopping:
                self.summary.not_made += len(campaign.abandon())
            try:
                await self._call_all(campaign)
            finally:
                await self._end_all()
                for registration in registrations:
                    registration.withdraw(loop.time())
                if registrations:
                    driver.pump()
                    await asyncio.sleep(0.2)
            if self._reading:
                await asyncio.wait(self._reading)
        if self._broken is not None:
            raise self._broken
        return self.summary

    async def _call_all(self, campaign: Campaign) -> None:
        loop = asyncio.get_running_loop()
        turn = loop.time()
        while not campaign.done and not self._stopping:
            said = campaign.next(loop.time())
            if isinstance(said, Go):
                self._place(said)
            elif isinstance(said, Stop):
                self._tell(Result(said.wanted, refusal=said.refusal))
            else:
                await self._bell.wait(said.when)
                turn = loop.time()
            if loop.time() > turn + SLICE:
                await asyncio.sleep(0)  # however far behind: what has come in is taken first
                turn = loop.time()

    def _place(self, go: Go) -> None:
        wanted = go.wanted
        if self._used is not None and not is_local(self._targets[wanted.trunk]):
            self._used()
        call = ProbedCall(
            self._agent,
            self._order(go),
            self._open,
            self._ended,
            self._wall_offset,
            lambda number: self._may_follow(wanted, number),
            self._explain,
        )
        self._calls[call] = wanted
        call.place(go.permit, asyncio.get_running_loop().time())
        if self._keep is not None and call in self._calls and call.observation.call_id:
            # Before the INVITE goes out; what comes when the call is over is nobody's.
            self._transcripts[call.observation.call_id] = Transcript()
        self._driver.pump()

    def _order(self, go: Go) -> Order:
        wanted, plan = go.wanted, self.plan
        username, password = self._credentials[wanted.trunk] or (None, None)
        return Order(
            wanted.number,
            wanted.trunk,
            invitation_of(plan, wanted, self._signed(wanted)),
            wanted.caller,
            wanted.called,
            self._targets[wanted.trunk],
            Deadlines(plan.no_response, plan.stall, plan.ringing, go.permit.talk),
            username,
            password,
            plan.follow_redirects,
            go.concurrent,
        )

    def _signed(self, wanted: Wanted) -> str | None:
        sign = self._signers.get(wanted.trunk)
        if sign is None:
            return None
        try:
            return sign(wanted.caller, wanted.called, time.time())
        except ValueError as why:
            self.summary.note(f"{wanted.caller} -> {wanted.called}: not signed: {why}")
            return None

    def _open(self, target: Target) -> Channel:
        channel = self._channels.get(target)
        if channel is None or channel.closed:
            channel = self._driver.channel_for(target.transport, target.address, target.server_name)
            if self.plan.load is not None and target.transport is Transport.UDP:
                self._channels[target] = channel  # to ask the way to loopback again costs as much as an INVITE
        return channel

    def _explain(self, channel: Channel) -> str:
        failure = channel.failure if isinstance(channel, StreamChannel) else None
        return "" if failure is None else in_words(failure)

    def _may_follow(self, wanted: Wanted, number: str) -> Permit | None:
        """A redirect is a call of its own to the guard, and stays on the same trunk."""
        leave = self._guard.examine(wanted.caller, number, self._targets[wanted.trunk], time.time(), wanted.talk)
        if not isinstance(leave, Permit):
            return None
        if self._used is not None and not is_local(self._targets[wanted.trunk]):
            self._used()
        self._guard.over(self._targets[wanted.trunk])  # it takes the place of the call that was redirected
        return leave

    def _ended(self, call: ProbedCall, now: float) -> None:
        """A call is over. What it put out last (an ACK) is on its way a moment later, and told with it."""
        self._over.add(call)

    def _finished(self, call: ProbedCall) -> None:
        wanted = self._calls.pop(call, None)
        if wanted is None:
            return
        try:
            self._conclude(call.observation, wanted)
        finally:
            if self._campaign is not None:
                self._campaign.over(wanted.trunk)
            self._bell.ring()

    def _conclude(self, seen: Observation, wanted: Wanted) -> None:
        if seen.outcome is Outcome.UNRESOLVED:
            seen.trouble = self._troubles.get(wanted.trunk, "no address was found")
        if self._keep is not None:
            self._keep(seen, self._transcripts.pop(seen.call_id, Transcript()))
        result = judged(wanted, seen, self._history)
        # Under load every call has many others up beside it: looking back on them would cost more than the calls.
        if seen.outcome not in LOST and self.plan.load is None:
            self._history.append(Call.of(seen))
        card = None if result.diagnosis is None else result.diagnosis.contacts.card
        if card is not None and (self._fetcher is not None or asks_nobody(card)):
            task = asyncio.get_running_loop().create_task(self._read(card, result))
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)
        else:
            self._tell(result)

    async def _read(self, card: str, result: Result) -> None:
        told = await read_card(card, self._fetcher, self._roots, time.time())
        self._tell(replace(result, card=told))

    def _tell(self, result: Result) -> None:
        self.summary.add(result)
        try:
            self._report(result)
        except OSError as error:
            # Nobody reads any more, or the disk is full: no calls for results that are lost.
            self._broken = self._broken or error
            self.stop()

    async def _end_all(self) -> None:
        """Every call is ended before we go; what does not answer in `GRACE` is told as it stands."""
        loop = asyncio.get_running_loop()
        for call in list(self._calls):
            call.interrupt(loop.time())
        self._driver.pump()
        until = loop.time() + GRACE
        while (self._calls or self._agent.endpoint.waiting) and loop.time() < until:
            await asyncio.sleep(0.02)
        for call in list(self._calls):
            call.observation.outcome = call.observation.outcome or Outcome.INTERRUPTED
            call.stage = Stage.OVER
            self._finished(call)

    async def _register(self) -> list[Registration]:
        """Register where the plan wants it, and wait for the answers."""
        loop = asyncio.get_running_loop()
        made: list[Registration] = []
        open_ones: set[str] = set()
        for name, trunk in self.plan.trunks.items():
            credentials, targets = self._credentials[name], self._targets[name]
            if not trunk.register_ or credentials is None or not targets or self._stopping:
                continue
            if not is_local(targets) and not self._guard.policy.live:
                continue  # its calls will be refused for the same reason
            try:
                channel = self._open(targets[0])
            except OSError as error:
                self.summary.note(f"trunk {name}: not registered: {error.strerror or error}")
                continue
            settled = partial(self._registered, name, open_ones)
            registration = Registration(self._agent, domain_of(trunk), *credentials, channel, targets[0], settled)
            open_ones.add(name)
            registration.register(loop.time())
            made.append(registration)
        self._driver.pump()
        until = loop.time() + REGISTER_WITHIN
        while open_ones and not self._stopping and loop.time() < until:
            await self._bell.wait(until)
        return made

    def _registered(self, name: str, open_ones: set[str], why: str | None) -> None:
        open_ones.discard(name)
        if why is not None:
            self.summary.note(f"trunk {name}: not registered: {why}")
        self._bell.ring()

    def _observe(self, way: str, data: bytes, channel: Channel, peer: Address, now: float) -> None:
        transcript = self._transcripts.get(call_id_of(data))
        if transcript is None:
            return
        transport = Transport(channel.transport).value
        local = channel.local
        transcript.add(Passed(now + self._wall_offset, way == "out", transport, local, peer, without_credentials(data)))
