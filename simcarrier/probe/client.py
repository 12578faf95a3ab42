"""The probe on the network: resolves the trunks, registers, places the calls of a plan, ends them all.

Whatever happens (a trunk that is not found, a connection refused, Ctrl-C in the midst of a call) becomes a result, and
nothing is left on the wire: a call that is up is cancelled or hung up before `Prober.run` returns. Requests that still
wait for an answer then (a BYE, an INVITE that was given up without a response) are waited for when everything has been
told, `GRACE` at most.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Self

from simcarrier.diagnosis.causes import the_table
from simcarrier.records.observation import Observation, Outcome
from simcarrier.records.transcript import Transcript
from simcarrier.sip.message import Response

from .attempt import ProbedCall
from .campaign import Campaign, Go, GoAsk, LoadElsewhere, Stop, Wanted
from .cards import asks_nobody, read_card
from .engines import BUILTIN, make_engine
from .enrolments import Enrolments
from .guard import Guard, Permit, is_local
from .inquiry import Inquirer
from .ordering import Orders
from .plan import Plan, calls_in
from .recorder import Recorder
from .resolve import Unresolved, resolve
from .result import Result
from .secrets import MissingSecret
from .summary import Summary
from .target import Target
from .trunk_asker import TrunkAsker
from .turns import SLICE, Bell, Turns

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver

    from simcarrier.trust.fetch import Fetcher

__all__ = ["LoadElsewhere", "MissingSecret", "Prober", "Summary"]

GRACE = 5.0
"""Seconds that peers have to answer our CANCEL or BYE when the probe is told to stop, and that it stays at the end for
what has not been answered. T4 of RFC 3261: no message is longer on its way."""

TICK = 0.005
"""Seconds between two looks at the clock under load: calls that are due meanwhile are placed together. A wake-up of the
process costs as much as half a call."""


class Prober:
    """Places the calls of a plan.

    As a context manager it keeps its sockets from round to round, and waits for what is left only at the end of the
    context, so that the results can be told before.

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
        diagnose: whether further calls may be made to find the cause of a failed one, as the plan's `diagnose` says.
        recordings: the folder that what is heard of each call is written to; None for none.
        engine: what places the calls, one of `engines.ENGINES`.

    Raises:
        Unfit: the plan wants what the engine does not have.
        MissingExtra: the engine is not installed.

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
        diagnose: bool = False,
        recordings: Path | None = None,
        engine: str = BUILTIN,
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
        self._by_id: dict[str, ProbedCall] = {}
        self._recorder = Recorder()
        self._reading: set[asyncio.Task[None]] = set()
        self._broken: Exception | None = None
        self._stopping = False
        self._bell = Bell()
        self._over = Turns(self._finished)
        self._inquirer = Inquirer(plan, asks=diagnose, tell=self._deliver, ring=self._bell.ring)
        self._engine = make_engine(engine, plan, self._stray, self._recorder if keep is not None else None)
        self._begun = False
        self._kept = self._closing = self._hurried = False
        self._leaving = 0.0
        self._waits_for_end = True
        self._campaign: Campaign | None = None
        self._orders = Orders(plan, self.summary.note, recordings)

    def unlock(self) -> None:
        """Get the passwords and keys that the plan names; `run` does it if nobody has.

        Raises:
            MissingSecret: a password's variable is not set, or a certificate or key can't be used.
        """
        self._orders.unlock(self._environment, self._rng)

    @property
    def idle(self) -> bool:
        """Whether nothing of the probe is left: no call, and no request that waits for its answer."""
        return not self._calls and not self._recorder and not self._engine.waiting

    async def find_trunks(self) -> dict[str, tuple[Target, ...]]:
        """The addresses of every trunk that the plan calls; none for one that is not found."""
        self._resolved = True
        for name, trunk in self.plan.trunks.items():
            self._targets[name] = ()
            asked = resolve(trunk.proxy or trunk.address, self._rng, self._resolver)
            try:
                self._targets[name] = await self._bell.unless(lambda: self._stopping, asked) or ()
            except Unresolved as why:
                self._troubles[name] = str(why)
        return self._targets

    def stop(self) -> None:
        """Make no more calls; cancel or hang up those that are up. When all is over and told: wait no longer."""
        self._hurried = self._closing
        if self._stopping or self._closing:
            return
        self._stopping = self.summary.interrupted = True
        if self._campaign is not None:
            now = asyncio.get_running_loop().time()
            self._inquirer.stop(now)
            self.summary.not_made += len(self._campaign.abandon())
            for call in list(self._calls):
                call.interrupt(now)
            self._engine.pump()
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
        if not self._orders.credentials:
            self.unlock()
        if not self._resolved:
            await self.find_trunks()
        self._resolved = False  # the next round asks anew: servers move
        if self.plan.load is not None and not all(is_local(found) for found in self._targets.values()):
            raise LoadElsewhere("load: is for simulated trunks, on this machine only")
        the_table()  # is read now: CANCELs that are due must not wait for it
        loop = asyncio.get_running_loop()
        await self._engine.begin()
        self._begun = True
        self._recorder.wall_offset = self._wall_offset = time.time() - loop.time()
        try:
            await self._round(loop)
        finally:
            if not self._kept:
                await self.close()
        if self._broken is not None:
            raise self._broken
        return self.summary

    async def _round(self, loop: asyncio.AbstractEventLoop) -> None:
        enrolments = Enrolments(self._engine, self.summary.note, self._bell)
        if not self._stopping:
            enrolments.begin(self.plan, self._targets, self._orders.credentials, self._may_register, loop.time())
            self._engine.pump()
            await enrolments.settle(lambda: self._stopping)
        now = loop.time()
        self._campaign = campaign = Campaign(
            self.plan, self._guard, self._targets, now, time.time(), self._before, self._engine.room
        )
        self._before += calls_in(self.plan)
        credentials = self._orders.credentials
        trunks = TrunkAsker(
            self.plan, self._engine.agent, self._targets, credentials, self._engine.open, self._wall_offset
        )
        self._inquirer.begin(campaign, trunks)
        if self._stopping:
            self.summary.not_made += len(campaign.abandon())
        try:
            await self._call_all(campaign)
        finally:
            await self._end_all()
            enrolments.withdraw(loop.time())
            self._engine.pump()
        if self._reading:
            await asyncio.wait(self._reading)

    def _may_register(self, targets: tuple[Target, ...]) -> bool:
        """Without leave for live calls they will be refused, and there is nothing to register for."""
        return is_local(targets) or self._guard.policy.live

    async def __aenter__(self) -> Self:
        self._kept = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self._kept = False
        await self.close()

    async def close(self) -> None:
        """Wait for the answers that are still to come, `GRACE` at most, and close the sockets."""
        loop = asyncio.get_running_loop()
        if not self._begun:
            return
        try:
            self._closing = True
            while self._engine.waiting and loop.time() < self._leaving and not self._hurried:
                await asyncio.sleep(0.02)
        finally:
            self._closing = self._begun = False
            await self._engine.end()

    async def _call_all(self, campaign: Campaign) -> None:
        loop = asyncio.get_running_loop()
        turn = loop.time()
        while not campaign.done and not self._stopping:
            said = campaign.next(loop.time())
            if isinstance(said, Go):
                self._place(said)
            elif isinstance(said, GoAsk):
                self._used_up(said.wanted)
                self._inquirer.request(said, loop.time())
                self._engine.pump()
            elif isinstance(said, Stop):
                self._inquirer.refused(said, loop.time())
            else:
                await self._wait(said.when, loop)
                turn = loop.time()
            if loop.time() > turn + SLICE:
                await asyncio.sleep(0)  # however far behind: what has come in is taken first
                turn = loop.time()

    async def _wait(self, when: float | None, loop: asyncio.AbstractEventLoop) -> None:
        """Wait for the next call to be due, or None: for one to end."""
        self._waits_for_end = when is None
        if when is not None and self.plan.load is not None:
            when = max(when, loop.time() + TICK)
        await self._bell.wait(when)

    def _place(self, go: Go) -> None:
        wanted = go.wanted
        self._used_up(wanted)
        call = ProbedCall(
            self._engine,
            self._orders.of(go, self._targets[wanted.trunk], time.time()),
            self._ended,
            self._wall_offset,
            lambda number: self._may_follow(wanted, number),
            self.summary.note,
        )
        self._calls[call] = wanted
        call.place(go.permit, asyncio.get_running_loop().time())
        call_id = call.observation.call_id
        if call_id and call in self._calls:
            self._by_id[call_id] = call
            if self._keep is not None:
                self._recorder.begin(call_id)  # before the INVITE goes out
        self._engine.pump()

    def _stray(self, response: Response) -> None:
        call = self._by_id.get(response.call_id)
        if call is not None:
            call.stray(response)

    def _used_up(self, wanted: Wanted) -> None:
        """A permit for a live call was given: that is written down before it is made."""
        if self._used is not None and not is_local(self._targets[wanted.trunk]):
            self._used()

    def _may_follow(self, wanted: Wanted, number: str) -> Permit | None:
        """A redirect is a call of its own to the guard, and stays on the same trunk."""
        leave = self._guard.examine(wanted.caller, number, self._targets[wanted.trunk], time.time(), wanted.talk)
        if not isinstance(leave, Permit):
            return None
        self._used_up(wanted)
        self._guard.over(self._targets[wanted.trunk])  # it takes the place of the call that was redirected
        return leave

    def _ended(self, call: ProbedCall, now: float) -> None:
        """A call is over. What it put out last (an ACK) is on its way a moment later, and told with it."""
        self._over.add(call)

    def _finished(self, call: ProbedCall) -> None:
        wanted = self._calls.pop(call, None)
        if wanted is None:
            return
        self._by_id.pop(call.observation.call_id, None)
        try:
            self._conclude(call.observation, wanted)
        finally:
            if self._campaign is not None:
                self._campaign.over(wanted.trunk)
            if self._waits_for_end or self.plan.load is None:
                self._bell.ring()

    def _conclude(self, seen: Observation, wanted: Wanted) -> None:
        if seen.outcome is Outcome.UNRESOLVED:
            seen.trouble = self._troubles.get(wanted.trunk, "no address was found")
        if self._keep is not None:
            self._keep(seen, self._recorder.take(seen.call_id))
        self._inquirer.ended(wanted, seen, asyncio.get_running_loop().time())

    def _deliver(self, result: Result) -> None:
        """A result is complete, save for the card that may come with it."""
        card = None if result.diagnosis is None else result.diagnosis.contacts.card
        if card is not None and (self._fetcher is not None or asks_nobody(card)):
            task = asyncio.get_running_loop().create_task(self._read(card, result))
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)
        else:
            self._tell(result)

    async def _read(self, card: str, result: Result) -> None:
        told = await read_card(card, self._fetcher, self._orders.roots, time.time())
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
        self._engine.pump()
        self._leaving = until = loop.time() + GRACE
        while self._calls and loop.time() < until:
            await asyncio.sleep(0.02)
        for call in list(self._calls):
            call.cut_off()
            self._finished(call)
        self._inquirer.finish(loop.time())
