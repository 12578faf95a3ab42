"""Where the engine and the sockets meet: what goes out, when to wake up, and what an exception does.

*Out.* `Rim.pump` empties ``engine.out`` to the channels after each batch of input. A failure to send is not
told there and then, in the midst of a batch, but by a call of its own from the loop.

*Wake-ups.* One timer of the loop serves all deadlines of the engine. It is armed anew only if the next
deadline lies before it or if it has fired: one that fires too early costs one look. Under load every batch of
datagrams also does what is due, and while a socket is polled (`simcarrier.net.udp`) the timer is not needed
at all. A wake-up of an idle process costs as much as five datagrams, and each call leaves a deadline (Timer H
or J), so timer wake-ups are kept `TIMER_SPACING` apart: a deadline in a crowd may be late by that much, a
lone one is on time.

*Exceptions.* One out of the engine is a bug, but the bug of one message: it is logged, counted, kept in
``errors``, put into the future ``failed``, and the loop goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from simcarrier.net.engine import Engine
from simcarrier.net.limits import Counters, Limits
from simcarrier.sip.transport import Address, Channel

logger = logging.getLogger("simcarrier.net")

Observe = Callable[[str, bytes, Channel, Address, float], None]
"""Sees every message: ``"in"`` or ``"out"``, the bytes, the channel, the peer's address, the time."""


class Keeper(Protocol):
    """Sees every message too, but all of a batch at once, so that a message costs it next to nothing.

    What it is shown it may keep; it must not change it.
    """

    def came(self, batch: Sequence[tuple[bytes, Address]], channel: Channel, now: float) -> None:
        """Messages that came in by a channel, each with the address that it came from."""

    def went(self, batch: Sequence[tuple[Channel, Address, bytes]], now: float) -> None:
        """Messages that went out, each with its channel and the address that it went to."""


TIMER_SPACING = 0.005
"""Seconds from one run of the timers to the next wake-up for timers, where wake-ups are coalesced."""

_ERRORS_KEPT = 100


class NetChannel(Channel):
    """A channel with a socket behind it."""

    __slots__ = ()

    def transmit(self, data: bytes, destination: Address, /) -> object:
        """Send bytes to an address; may raise OSError, which then goes to `transmit_failed`."""
        raise NotImplementedError

    def transmit_failed(self, error: OSError, destination: Address) -> None:
        """Account for an OSError out of ``transmit``."""
        raise NotImplementedError


class Rim:
    """What all sockets of one driver share.

    Attributes:
        coalesce: seconds that a busy socket may collect datagrams before it wakes the process up; 0: never
            wait.
        observe, keeper: see all messages; None costs nothing.
        polling: how many sockets are being polled now.
        closing: no new connections, nothing more to the engine.
    """

    def __init__(
        self,
        engine: Engine,
        loop: asyncio.AbstractEventLoop,
        limits: Limits,
        coalesce: float,
        observe: Observe | None,
    ) -> None:
        self.engine = engine
        self.loop = loop
        self.limits = limits
        self.coalesce = coalesce
        self.observe = observe
        self.keeper: Keeper | None = None
        self.counters = Counters()
        self.polling = 0
        self.closing = False
        self.errors: list[Exception] = []
        self.failed: asyncio.Future[None] = loop.create_future()
        self._logged: set[tuple[str, int]] = set()
        self._spacing = TIMER_SPACING if coalesce else 0.0
        self._timers_ran = float("-inf")
        self._armed: asyncio.TimerHandle | None = None
        self._armed_for = float("inf")

    def receive(self, data: bytes, source: Address, channel: Channel, now: float) -> None:
        """Hand one message to the engine."""
        try:
            if self.observe is not None:
                self.observe("in", data, channel, source, now)
            if self.keeper is not None:
                self.keep([(data, source)], channel, now)
            self.engine.receive(data, source, channel, now)
        except Exception as error:  # noqa: BLE001 - the engine's bug must not cost the other calls
            self.engine_error(error)

    def keep(self, batch: Sequence[tuple[bytes, Address]], channel: Channel, now: float) -> None:
        """Show the keeper what came in; if it fails, the messages go on to the engine all the same."""
        assert self.keeper is not None  # whoever calls this has looked
        try:
            self.keeper.came(batch, channel, now)
        except Exception as error:  # noqa: BLE001 - one who looks on must not hold up the calls
            self.engine_error(error)

    def channel_closed(self, channel: Channel) -> None:
        """Tell the engine that a connection is gone."""
        now = self.loop.time()
        try:
            self.engine.channel_closed(channel, now)
        except Exception as error:  # noqa: BLE001 - as above
            self.engine_error(error)
        self.pump(now)

    def transport_failed(self, channel: Channel, destination: Address) -> None:
        """Tell the engine, in a moment, that something could not be sent."""
        self.counters.send_failures += 1
        self.loop.call_soon(self._tell_failure, channel, destination)

    def _tell_failure(self, channel: Channel, destination: Address) -> None:
        if self.closing:
            return
        now = self.loop.time()
        try:
            self.engine.transport_failed(channel, destination, now)
        except Exception as error:  # noqa: BLE001 - as above
            self.engine_error(error)
        self.pump(now)

    def pump(self, now: float) -> None:
        """Send what the engine has put out, do what is due, see to a wake-up for the rest."""
        engine = self.engine
        if engine.out:
            self._send_all(now)
        try:
            deadline = engine.next_deadline()
            if deadline is None:
                return
            if deadline <= now:
                self._timers_ran = now
                engine.handle_timers(now)
                if engine.out:
                    self._send_all(now)
                deadline = engine.next_deadline()
                if deadline is None:
                    return
        except Exception as error:  # noqa: BLE001 - as above
            self.engine_error(error)
            # Whatever is due may raise again at once: try it again, but do not spin.
            deadline = now + 0.1
        if self.polling or self.closing:
            return
        wake = self._timers_ran + self._spacing
        if deadline > wake:
            wake = deadline
        if wake < self._armed_for:
            if self._armed is not None:
                self._armed.cancel()
            self._armed_for = wake
            self._armed = self.loop.call_at(wake, self._wake)

    def _wake(self) -> None:
        self._armed = None
        self._armed_for = float("inf")
        self.pump(self.loop.time())

    def _send_all(self, now: float) -> None:
        # The driver makes all channels the engine can have.
        out = cast("list[tuple[NetChannel, Address, bytes]]", self.engine.out)
        observe = self.observe
        # In place, since an engine may have bound ``out.append``; what comes meanwhile is taken along.
        sent = 0
        unsent: list[tuple[Channel, Address, bytes]] = []
        for channel, destination, data in out:
            try:
                channel.transmit(data, destination)
                sent += 1
                if observe is not None:
                    observe("out", data, channel, destination, now)
            except OSError as error:
                unsent.append((channel, destination, data))
                channel.transmit_failed(error, destination)
            except Exception as error:  # noqa: BLE001 - one bad entry must not hold up the others
                unsent.append((channel, destination, data))
                self.engine_error(error)
        if self.keeper is not None:
            went = [entry for entry in out if entry not in unsent] if unsent else out.copy()
            try:
                self.keeper.went(went, now)
            except Exception as error:  # noqa: BLE001 - nor must one who looks on
                self.engine_error(error)
        out.clear()
        self.counters.sent += sent

    def engine_error(self, error: Exception) -> None:
        """Account for an exception out of the engine; call it where it was caught."""
        self.counters.engine_errors += 1
        if len(self.errors) < _ERRORS_KEPT:
            self.errors.append(error)
        if not self.failed.done():
            self.failed.set_exception(error)
            self.failed.exception()  # looked at: the loop need not complain if nobody else does
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = (trace.tb_frame.f_code.co_filename, trace.tb_lineno) if trace is not None else ("", 0)
        # The same fault at a thousand messages per second is told once.
        if place not in self._logged and len(self._logged) < _ERRORS_KEPT:
            self._logged.add(place)
            logger.error("the engine raised %r", error, exc_info=error)

    def stop(self) -> None:
        """Disarm the timer."""
        if self._armed is not None:
            self._armed.cancel()
            self._armed = None
        self._armed_for = float("inf")
