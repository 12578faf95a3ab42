"""The audio of calls: a pair of sockets for each, one timer for all, and a rule about where anything goes.

*Where.* A description can name anybody's address, and a stream is 50 packets a second for an INVITE of 1 kB: a carrier
that sent wherever it is told would be an amplifier for whoever forges a caller. So audio goes only to the address that
the description names, only if that host is the one that the call comes from (or lies in a network that the scenario
names), and only after RTP has come from exactly that address and port. Loopback is the exception: it is this machine,
and nobody else can be hit, so there audio is sent at once. Who trusts the callers can say so for all (`always`).

*When.* Every 20 ms for each call that plays something, see `simcarrier.net.beat`. What is played begins when it may be
sent. While a call is on hold time goes on and nothing is sent.

RTCP leaves every 5 s or so, a sender's report or a receiver's, and a BYE when the call ends (RFC 3550 section 6).
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from random import Random
from typing import Final

from simcarrier.media.errors import SoundError
from simcarrier.media.g711 import LAWS
from simcarrier.media.program import Program, Voice
from simcarrier.net.beat import Metronome
from simcarrier.net.ports import NoPorts, PortPairs
from simcarrier.net.stream import Stream

logger = logging.getLogger("simcarrier.net.media")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_TOLD_KEPT: Final = 100
"""Different warnings that are logged, each once."""


@dataclass(slots=True)
class MediaCounters:
    """What has happened since the start.

    Attributes:
        opened, closed: pairs of ports.
        without: calls that went on without media: no pair was free, or the address could not be bound.
        sent, received: packets of RTP.
        unsent: packets that the system did not take.
        not_rtp: datagrams that are neither RTP nor RTCP.
        strangers: datagrams from elsewhere than the description says.
        withheld: descriptions that named an address where nothing may go.
    """

    opened: int = 0
    closed: int = 0
    without: int = 0
    sent: int = 0
    received: int = 0
    unsent: int = 0
    not_rtp: int = 0
    strangers: int = 0
    withheld: int = 0


class MediaDesk:
    """Opens ends for the audio of calls.

    Args:
        loop: the event loop.
        ports: the first and the last port for RTP and RTCP.
        send_first: to whom audio may go before any came from there: ``loopback``, ``always`` or ``never``.
        networks: where audio may go beside the host that a call comes from.
        rng: for what is to be random in RTP.
        wall: turns the loop's time into seconds since 1970.
        voice: see `simcarrier.media.program`.

    Attributes:
        counters: what has happened.
        metronome: the shared timer.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        ports: tuple[int, int],
        send_first: str = "loopback",
        networks: Collection[Network] = (),
        rng: Random,
        wall: Callable[[float], float],
        voice: Voice,
    ) -> None:
        self.loop = loop
        self.rng = rng
        self.wall = wall
        self.counters = MediaCounters()
        self.metronome = Metronome(loop)
        self._voice = voice
        self._pairs = PortPairs(*ports, rng)
        self._send_first = send_first
        self._networks = tuple(networks)
        self._streams: dict[Stream, None] = {}
        self._told: set[str] = set()

    def __len__(self) -> int:
        """How many ends are open."""
        return len(self._streams)

    @property
    def free(self) -> int:
        """How many pairs of ports are not in use."""
        return self._pairs.free

    def prepare(self, programs: Collection[Program]) -> None:
        """Make ready what is to be played, so that no call waits for it.

        Raises:
            SoundError: something is to be spoken, and there is no voice.
        """
        for program in programs:
            program.prepare(self._voice, tuple(LAWS.values()))

    def ready(self, program: Program) -> bool:
        """Make one ready that has come since; False if that can't be done, which is logged."""
        try:
            program.prepare(self._voice)
        except SoundError as why:
            self._tell(str(why))
            return False
        return True

    def open(self, host: str, peer: str) -> Stream | None:
        """An end for a call.

        Args:
            host: our address.
            peer: the address that the call's signalling comes from.

        Returns:
            None if no ports are free or the address is none of ours: the call goes on without.
        """
        try:
            pair = self._pairs.take(host)
        except NoPorts:
            self.counters.without += 1
            self._tell(f"all {self._pairs.size} pairs of ports for media are in use: calls go on without media")
            return None
        except OSError as why:
            self.counters.without += 1
            self._tell(f"no media at {host}: {why.strerror or errno.errorcode.get(why.errno or 0, 'unknown')}")
            return None
        self.counters.opened += 1
        stream = Stream(self, pair, host, peer)
        self._streams[stream] = None
        return stream

    def leave(self, stream: Stream) -> None:
        """A call is over."""
        if stream in self._streams:
            del self._streams[stream]
            self.counters.closed += 1
            self._pairs.give_back(stream.pair)

    def may_go(self, host: str, peer: str) -> bool:
        """Whether audio of a call from one host may go to another; both as `plain` has them."""
        if host == peer:
            return True
        address = ipaddress.ip_address(host)
        return any(address.version == network.version and address in network for network in self._networks)

    def may_begin(self, host: str) -> bool:
        """Whether audio may go to a host before any came from there."""
        if self._send_first == "loopback":
            return ipaddress.ip_address(host).is_loopback
        return self._send_first == "always"

    def close(self) -> None:
        """Close all that is open."""
        for stream in tuple(self._streams):
            stream.close()
        self.metronome.close()

    def _tell(self, what: str) -> None:
        """Log something once."""
        if what not in self._told and len(self._told) < _TOLD_KEPT:
            self._told.add(what)
            logger.warning("%s", what)
