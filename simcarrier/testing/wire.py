"""A network in memory: engines joined by address, with the faults that a seed says.

Datagrams take their time, and may get lost, doubled or overtaken; streams lose nothing and keep their order. The
wire moves a `ManualClock` that drives the timers of all its engines: a run is one thread of events in order of time.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from simcarrier.sip.transport import Address, Channel, Transport, host_for_uri

from .clock import ManualClock
from .drawing import ladder
from .trace import Passage, Trace


class Engine(Protocol):
    """What can be attached: a `simcarrier.sip.endpoint.Endpoint`, or anything of its shape."""

    out: list[tuple[Channel, Address, bytes]]

    def receive(self, data: bytes, source: Address, channel: Channel, now: float) -> None:
        """Take one message."""

    def channel_closed(self, channel: Channel, now: float) -> None:
        """A connection is gone."""

    def transport_failed(self, channel: Channel, destination: Address, now: float) -> None:
        """Something could not be sent."""

    def next_deadline(self) -> float | None:
        """When `handle_timers` is to be called next."""

    def handle_timers(self, now: float) -> None:
        """Do what is due."""


class MemoryChannel(Channel):
    """One party's end of the wire: its UDP socket, or its end of a connection.

    Attributes:
        far: the other end of a connection; None for UDP.
    """

    __slots__ = ("far", "last_arrival", "port")

    def __init__(self, port: Port, transport: Transport, local: Address, remote: Address | None = None) -> None:
        super().__init__(transport, local, remote)
        self.port = port
        self.far: MemoryChannel | None = None
        self.last_arrival = 0.0


@dataclass(slots=True)
class Port:
    """A party on the wire: its engine, its name, its place from the left."""

    engine: Engine
    name: str
    place: int


@dataclass(frozen=True, slots=True)
class Weather:
    """What befalls datagrams; the shares from 0 to 1 are drawn for each of them by the wire's seed.

    Attributes:
        loss: share that never arrives.
        duplication: share that arrives twice.
        reordering: share that is held back for up to ``5 * (delay + spread)``, so that later ones overtake it.
        delay: seconds that a message takes at least, on streams too.
        spread: seconds that it takes longer at most.
    """

    loss: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    delay: float = 0.0
    spread: float = 0.0


class Wire:
    """A network in memory.

    Args:
        clock: the time; a clock of its own that begins at 0 if None.
        seed: makes all faults repeatable.
        weather: the faults; none by default, and then everything arrives at the moment in which it is sent.

    Attributes:
        clock: the time.
        trace: every message sent.
        weather: may be changed at any moment.
    """

    def __init__(self, clock: ManualClock | None = None, *, seed: int = 0, weather: Weather | None = None) -> None:
        self.clock = clock or ManualClock()
        self.trace = Trace()
        self.weather = weather or Weather()
        self._rng = Random(seed)
        self._ports: list[Port] = []
        self._sockets: dict[Address, MemoryChannel] = {}
        self._unreachable: set[Address] = set()
        self._to_lose: list[tuple[str, int]] = []
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = 0
        self._told = 0
        self._ephemeral = 49152
        self.clock.drive(self)

    @property
    def now(self) -> float:
        """The time, seconds."""
        return self.clock.now

    # Parties

    def attach(self, engine: Engine, host: str, port: int = 5060, name: str = "") -> MemoryChannel:
        """Give an engine an address, for datagrams and for connections.

        Args:
            engine: may be attached at several addresses.
            host, port: the address; an IPv6 host without brackets.
            name: what the trace calls it; the address if empty.

        Returns:
            Its UDP channel.

        Raises:
            ValueError: the address is taken.
        """
        address = host, port
        if address in self._sockets:
            raise ValueError(f"{host_for_uri(host)}:{port} is taken")
        party = next((known for known in self._ports if known.engine is engine), None)
        if party is None:
            party = Port(engine, name or f"{host_for_uri(host)}:{port}", len(self._ports))
            self._ports.append(party)
            self.clock.drive(_Timers(self, party))
        channel = self._sockets[address] = MemoryChannel(party, Transport.UDP, address)
        return channel

    def connect(self, channel: MemoryChannel, to: Address, transport: Transport = Transport.TCP) -> MemoryChannel:
        """Connect a party to an address by a stream.

        Args:
            channel: the UDP channel of the party that connects; its host is the near end's.
            to: an attached address.
            transport: TCP or TLS.

        Returns:
            The near end; its ``far`` is the other.
        """
        self._ephemeral += 1
        local = channel.local[0], self._ephemeral
        near = MemoryChannel(channel.port, transport, local, to)
        far = MemoryChannel(self._sockets[to].port, transport, to, local)
        near.far, far.far = far, near
        return near

    def close(self, channel: MemoryChannel) -> None:
        """Close a connection; both engines are told."""
        for end in (channel, channel.far):
            if end is not None and not end.closed:
                end.closed = True
                end.port.engine.channel_closed(end, self.now)
                self.collect()

    # Faults on purpose

    def lose(self, name: str, times: int = 1) -> None:
        """Lose the next messages of that name (see `Trace.named`), whatever the weather."""
        self._to_lose += [(name, times)]

    def refuse(self, address: Address) -> None:
        """Make an address unreachable: whoever sends there is told, as by ICMP."""
        self._unreachable.add(address)

    # Time

    def run(self, seconds: float) -> None:
        """Let time pass: messages arrive, timers fire. 0 delivers what arrives at once."""
        self.collect()
        self.clock.advance(seconds)

    def run_until(self, condition: Callable[[], bool], within: float = 3600.0) -> bool:
        """Let time pass until something is so, or ``within`` seconds; returns whether it came to be so."""
        self.collect()
        return self.clock.run_until(condition, within)

    def settle(self, limit: float = 86400.0) -> None:
        """Let time pass until no message is on its way and no timer is armed.

        Raises:
            AssertionError: after ``limit`` seconds there still is one.
        """
        if not self.run_until(lambda: self.clock.next_deadline() is None, limit):
            raise AssertionError(f"something is still going on after {limit} s:\n{self.ladder()}")

    def next_deadline(self) -> float | None:
        """When the next message arrives."""
        return self._events[0][0] if self._events else None

    def handle_timers(self, now: float) -> None:
        """Deliver the one message that is next."""
        if self._events and self._events[0][0] <= now:
            heapq.heappop(self._events)[2]()
            self.collect()

    # What was seen

    def expect(self, *arrows: str) -> None:
        """Compare what was sent since the last `expect` with what was to be, as in ``-> INVITE``, ``<- 180``.

        Raises:
            AssertionError: it differs; the text shows what was wanted and the ladder of what was sent.
        """
        sent = Trace(self.trace[self._told :])
        self._told = len(self.trace)
        if sent.arrows() != list(arrows):
            wanted = "\n".join(f"    {arrow}" for arrow in arrows) or "    nothing"
            raise AssertionError(f"wanted:\n{wanted}\nsent:\n{ladder(sent, self.parties) if sent else '    nothing'}")

    def forget(self) -> None:
        """Leave what was sent so far out of the next `expect`."""
        self._told = len(self.trace)

    @property
    def parties(self) -> list[str]:
        """The names of the parties from left to right."""
        return [port.name for port in self._ports]

    def ladder(self) -> str:
        """All that was sent, as text."""
        return ladder(self.trace, self.parties)

    # Inside

    def collect(self) -> None:
        """Take what the engines have put out. `run` does so by itself; call it after an engine was called directly."""
        for port in self._ports:
            out = port.engine.out
            if out:
                sent = out[:]
                out.clear()
                for channel, destination, data in sent:
                    self._send(port, channel, destination, data)

    def _send(self, port: Port, channel: Channel, destination: Address, data: bytes) -> None:
        if not isinstance(channel, MemoryChannel):
            raise TypeError(f"{port.name} sends on a channel that is not of this wire")
        target = channel.far if channel.reliable else self._sockets.get(destination)
        name = f"{host_for_uri(destination[0])}:{destination[1]}" if target is None else target.port.name
        forward = target is None or port.place <= target.port.place
        passage = Passage(self.now, port.name, name, destination, data, forward)
        self.trace.append(passage)
        if channel.closed or (not channel.reliable and destination in self._unreachable):
            passage.fate = "lost"
            self._at(self.now, lambda: port.engine.transport_failed(channel, destination, self.now))
        elif self._is_to_be_lost(passage):
            passage.fate = "lost"
        elif target is None:
            passage.fate = "nowhere"
        elif channel.reliable:
            target.last_arrival = max(target.last_arrival, self._arrival())
            self._deliver(passage, target, channel.local, target.last_arrival)
        else:
            self._send_datagram(passage, target, channel.local)

    def _send_datagram(self, passage: Passage, target: MemoryChannel, source: Address) -> None:
        weather, chance = self.weather, self._rng.random
        if weather.loss and chance() < weather.loss:
            passage.fate = "lost"
            return
        late = 0.0
        if weather.reordering and chance() < weather.reordering:
            late = 5 * (weather.delay + weather.spread) * chance()
        self._deliver(passage, target, source, self._arrival() + late)
        if weather.duplication and chance() < weather.duplication:
            passage.fate = "doubled"
            self._deliver(passage, target, source, self._arrival() + late)

    def _arrival(self) -> float:
        weather = self.weather
        return self.now + weather.delay + (self._rng.random() * weather.spread if weather.spread else 0.0)

    def _deliver(self, passage: Passage, target: MemoryChannel, source: Address, when: float) -> None:
        def arrive() -> None:
            if not target.closed:
                passage.arrived.append(self.now)
                target.port.engine.receive(passage.data, source, target, self.now)

        self._at(when, arrive)

    def _at(self, when: float, what: Callable[[], None]) -> None:
        self._serial += 1
        heapq.heappush(self._events, (when, self._serial, what))

    def _is_to_be_lost(self, passage: Passage) -> bool:
        names = passage.short, passage.arrow, passage.short.partition(" ")[0]
        for at, (name, times) in enumerate(self._to_lose):
            if name in names:
                if times > 1:
                    self._to_lose[at] = name, times - 1
                else:
                    del self._to_lose[at]
                return True
        return False


class _Timers:
    """An engine's timers; what they put out is sent at once."""

    def __init__(self, wire: Wire, port: Port) -> None:
        self._wire = wire
        self._port = port

    def next_deadline(self) -> float | None:
        return self._port.engine.next_deadline()

    def handle_timers(self, now: float) -> None:
        self._port.engine.handle_timers(now)
        self._wire.collect()
