"""The engine on asyncio's side: legs by number, connections, registrations, the messages that are kept.

The stack's thread tells in batches; a batch is dealt with in one turn of the event loop, so that a call's result, which
waits its own turn, has all its messages. What came when is the loop's time at that turn.

Deadlines, and the questions that call nobody (OPTIONS, REGISTER of follow-ups), are those of the built-in engine, which
runs beside it and opens no socket before it is asked something.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import IO, TYPE_CHECKING

from simcarrier.probe.builtin import BuiltinEngine
from simcarrier.probe.engine import LegUser, Unfit, demand
from simcarrier.probe.guard import Permit
from simcarrier.probe.order import Order
from simcarrier.probe.plan import Plan
from simcarrier.probe.recorder import Recorder
from simcarrier.probe.target import Target
from simcarrier.records.audio import Audio
from simcarrier.records.transcript import Passed
from simcarrier.sip.agent import UserAgent
from simcarrier.sip.errors import Malformed
from simcarrier.sip.invitation import Invitation
from simcarrier.sip.message import Message, Request
from simcarrier.sip.parse import parse
from simcarrier.sip.timers import TimerQueue
from simcarrier.sip.transport import Channel, Transport

from .accounts import account_of, demand_codecs, demand_one_offer
from .binding import MOST_CALLS, MOST_RECORDERS
from .certificates import in_words, trust_file
from .enrolment import PjEnrolment
from .events import Account, Connected, Detached, Dial, Disconnected, Event, Failed, Finished, Heard, Logged
from .leg import PjLeg
from .stack import Stack

if TYPE_CHECKING:
    from .listening import Listening

CLOSING = 0.6
"""Seconds for which pjproject keeps the place of a socket that was closed (PJ_IOQUEUE_KEY_FREE_DELAY, and a little)."""

PORTS_KEPT = 0.1
"""Seconds for which a call that is over keeps its ports, where there are few: a few beats of pjproject's media."""

BURST = 20
"""Calls begun within `CLOSING`. Each has two sockets, and pjproject has 64 places; without one it ends the process."""


class Pjsua2Engine:
    """Places calls by pjproject.

    Args:
        plan: as loaded.
        recorder: keeps the messages; None: nobody wants them.

    Raises:
        Unfit: the plan wants what this engine does not do.
    """

    answers_challenges = True

    def __init__(self, plan: Plan, recorder: Recorder | None) -> None:
        if plan.load is not None:
            raise Unfit("load: is placed by the built-in engine only: leave out --engine pjsua2")
        demand_one_offer(plan)
        self._plan = plan
        self._recorder = recorder
        self._own = BuiltinEngine(plan, lambda response: None, recorder, listens=False)
        self.agent: UserAgent = self._own.agent
        self._stack: Stack | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._roots: IO[bytes] | None = None
        self._most = MOST_CALLS
        self._release = 0.0
        self._ports: tuple[int, int] | None = None
        self._listening: Listening | None = None
        if plan.listen is not None:
            from . import listening  # noqa: F401 - now is the time to say that an extra is missing

            first, last = self._ports = plan.listen.ports[0] + plan.listen.ports[0] % 2, plan.listen.ports[1]
            pairs = max((last - first + 1) // 2, 1)
            self._most = min(MOST_CALLS, MOST_RECORDERS, pairs)
            self._release = PORTS_KEPT if pairs < MOST_CALLS * 2 else 0.0
        self._numbers = count(1)
        self._legs: dict[int, PjLeg] = {}
        self._by_call_id: dict[str, list[PjLeg]] = {}
        self._taken: set[PjLeg] = set()
        self._queue: deque[PjLeg] = deque()
        self._begun: deque[float] = deque()  # when the calls of the last moment were
        self._up: set[tuple[str, str]] = set()
        self._troubles: dict[tuple[str, str], str] = {}
        self._enrolments: dict[Account, PjEnrolment] = {}

    @property
    def timers(self) -> TimerQueue:
        """The deadlines, seen to by the built-in engine's driver."""
        return self._own.timers

    @property
    def _trusted(self) -> str:
        return "" if self._roots is None else self._roots.name

    @property
    def stack(self) -> Stack | None:
        """pjproject, while it runs."""
        return self._stack

    @property
    def waiting(self) -> bool:
        """Whether a request still waits for its answer."""
        return bool(self._taken) or self._own.waiting or any(each.waiting for each in self._enrolments.values())

    def room(self) -> bool:
        """Whether pjproject has a line that is free; a call that was given up keeps its own until it is over there."""
        since = time.monotonic() - CLOSING
        while self._begun and self._begun[0] < since:
            self._begun.popleft()
        return len(self._taken) < self._most and len(self._begun) < BURST

    def open(self, target: Target) -> Channel:
        """The built-in agent's channel to a target."""
        return self._own.open(target)

    def pump(self) -> None:
        """Look at the deadlines anew."""
        self._own.pump()

    async def begin(self) -> None:
        """Start pjproject, if it does not run.

        Raises:
            OSError: it cannot be started.
            Unfit: it lacks a codec that the plan wants.
        """
        await self._own.begin()
        if self._stack is None:
            self._loop = asyncio.get_running_loop()
            self._roots = trust_file(self._plan)
            if self._plan.listen is not None:
                from .listening import Listening

                self._listening = Listening()
            stack = Stack(self._told_elsewhere, None if self._listening is None else self._listening.folder)
            stack.start()
            self._stack = stack
            try:
                demand_codecs(self._plan, stack.codecs)
            except Unfit:
                await self.end()
                raise

    async def end(self) -> None:
        """Stop it."""
        stack, self._stack = self._stack, None
        try:
            if stack is not None:
                await asyncio.get_running_loop().run_in_executor(None, stack.stop)
        finally:
            if self._roots is not None:
                self._roots.close()
                self._roots = None
            if self._listening is not None:
                self._listening.close()
                self._listening = None
            for state in (self._legs, self._by_call_id, self._taken, self._queue, self._up, self._enrolments):
                state.clear()
            await self._own.end()

    # Legs

    def leg(self, permit: Permit | None, order: Order, invitation: Invitation, target: Target, user: LegUser) -> PjLeg:
        """A leg that can be sent."""
        demand(permit, order, invitation)
        credentials = None if order.username is None or order.password is None else (order.username, order.password)
        account = account_of(self._plan, order.trunk, target, credentials, self._trusted, self._ports)
        leg = PjLeg(next(self._numbers), self, invitation, target, user, account)
        self._legs[leg.number] = leg
        self._by_call_id.setdefault(leg.call_id, []).append(leg)
        if self._listening is not None:
            self._listening.expect(leg.number, order)
        return leg

    def ready(self, leg: PjLeg) -> bool:
        """Whether an INVITE would go out at once."""
        return self.room() and not self._queue and self._open_way(leg.target)

    def queue(self, leg: PjLeg) -> None:
        """Place it as soon as may be."""
        self._queue.append(leg)
        self._serve(self._now())

    def place(self, leg: PjLeg) -> None:
        """Send the INVITE."""
        written = leg.invitation
        if self._stack is None:
            raise ConnectionAbortedError("the probe is closed")
        dial = Dial(
            leg.account, leg.call_id, written.uri, written.caller, written.called or f"<{written.uri}>", written.fields
        )
        leg.placed = True
        self._taken.add(leg)
        self._begun.append(time.monotonic())
        self._stack.place(leg.number, dial)

    def give_up(self, leg: PjLeg) -> None:
        """Send CANCEL, when one may be sent."""
        if leg in self._queue:
            self._queue.remove(leg)
        elif leg.placed and self._stack is not None:
            self._stack.give_up(leg.number)

    def hang_up(self, leg: PjLeg) -> None:
        """Send BYE."""
        if self._stack is not None:
            self._stack.hang_up(leg.number)

    def audio_of(self, leg: PjLeg) -> Audio | None:
        """What was heard."""
        listening = self._listening
        if listening is None or self._stack is None or not listening.expects(leg.number):
            return None
        return listening.audio(leg.number, self._stack.heard(leg.number), self._now() - time.monotonic())

    def over(self, leg: PjLeg, after: float = 0.0) -> None:
        """Nothing more will come; its last messages may still pass in this turn."""
        after = max(after, self._release)
        if not after:
            self._taken.discard(leg)
        if self._loop is not None:
            self._loop.call_later(after, self._forget, leg)

    def trouble_with(self, target: Target) -> str:
        """What was wrong with the last connection there."""
        return next(
            (self._troubles[key] for key in self._keys(target) if key in self._troubles),
            "" if self.room() else f"all {self._most} lines of pjsua2 are taken",
        )

    def _forget(self, leg: PjLeg) -> None:
        self._taken.discard(leg)
        self._legs.pop(leg.number, None)
        others = self._by_call_id.get(leg.call_id, [])
        if leg in others:
            others.remove(leg)
        if not others:
            self._by_call_id.pop(leg.call_id, None)
        self._serve_again()

    def _serve(self, now: float) -> None:
        """Place what waits for a line; what waits for a connection brings it about by that."""
        while self._queue and self.room():
            leg = self._queue.popleft()
            if self._open_way(leg.target):
                leg.stands(now)
            else:
                self._troubles.pop(self._keys(leg.target)[0], None)
                self.place(leg)
        if self._queue and self._loop is not None and len(self._taken) < self._most:
            self._loop.call_later(CLOSING, self._serve_again)

    def _serve_again(self) -> None:
        self._serve(self._now())
        self.pump()

    def _open_way(self, target: Target) -> bool:
        return target.transport is Transport.UDP or any(key in self._up for key in self._keys(target))

    @staticmethod
    def _keys(target: Target) -> tuple[tuple[str, str], ...]:
        transport = target.transport.value
        by_name = f"{target.server_name or target.address[0]}:{target.address[1]}"
        return (transport, target.text), (transport, by_name)

    # Registrations

    def enrolment(
        self,
        trunk: str,
        domain: str,
        credentials: tuple[str, str],
        target: Target,
        settled: Callable[[str | None], None],
    ) -> PjEnrolment:
        """A registration that can be begun."""
        account = account_of(self._plan, trunk, target, credentials, self._trusted, self._ports)
        if self._stack is None:
            raise ConnectionAbortedError("the probe is closed")
        made = self._enrolments[account] = PjEnrolment(self._stack, account, settled)
        return made

    # What the stack tells

    def _told_elsewhere(self, events: list[Event]) -> None:
        """On the stack's thread."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._told, events)

    def _told(self, events: list[Event]) -> None:
        now = self._now()
        for event in events:
            if isinstance(event, Logged):
                self._passed(event, now)
            elif isinstance(event, Heard | Detached | Finished | Failed):
                leg = self._legs.get(event.leg)
                if leg is not None:
                    self._tell(leg, event, now)
            elif isinstance(event, Connected):
                self._up.add((event.transport, event.remote))
                for leg in list(self._taken):
                    if self._open_way(leg.target):
                        leg.stands(now)
            elif isinstance(event, Disconnected):
                self._disconnected(event)
            else:
                enrolment = self._enrolments.get(event.account)
                if enrolment is not None:
                    enrolment.told(event)
        self.pump()

    def _tell(self, leg: PjLeg, event: Heard | Detached | Finished | Failed, now: float) -> None:
        if isinstance(event, Heard):
            message = _read(event.data)
            if message is not None:
                leg.heard(message, now)
        elif isinstance(event, Detached):
            leg.detached()
        elif isinstance(event, Finished):
            leg.finished(event, now)
        else:
            leg.failed(event.why, now)

    def _passed(self, event: Logged, now: float) -> None:
        message = _read(event.data)
        legs = None if message is None else self._by_call_id.get(message.call_id)
        if message is None or not legs:
            return
        if self._recorder is not None:
            at = now + self._recorder.wall_offset
            via = message.via
            ours = (via.host, via.port or 5060) if event.sent == isinstance(message, Request) else ("0.0.0.0", 0)
            passed = Passed(at, event.sent, event.transport, ours, event.peer, event.data)
            self._recorder.note(message.call_id, passed)
        tag = message.from_tag if event.sent == isinstance(message, Request) else message.to_tag
        leg = next((each for each in legs if each.tag == tag), None)
        if leg is None and event.sent and isinstance(message, Request):
            leg = next((each for each in legs if each.tag is None), None)
        if leg is not None:
            leg.tag = tag
            leg.passed(message, event.sent, now)

    def _disconnected(self, event: Disconnected) -> None:
        ended = {key for key in self._up if key[0] == event.transport and event.remote in ("", key[1])}
        self._up -= ended
        if event.why or event.verify:
            words = in_words(event.why, event.verify)
            waiting = [leg.target for leg in self._taken if leg.target.transport == event.transport]
            keys = {self._keys(target)[0] for target in waiting}
            for key in keys if event.remote in ("", *(text for _, text in keys)) else ():
                if event.remote in ("", key[1]):
                    self._troubles[key] = words

    def _now(self) -> float:
        return 0.0 if self._loop is None else self._loop.time()


def _read(data: bytes) -> Message | None:
    try:
        message = parse(data)
        message.cseq, message.via  # noqa: B018 - read once, here where it may fail
    except Malformed:
        return None
    return message
