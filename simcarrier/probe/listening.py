"""The ears of the built-in engine: a pair of ports for each call, and what is heard there.

Silence is sent meanwhile, 50 packets a second to where the trunk wants them: many carriers send nothing to a caller
from whom nothing came, and a router in between lets nothing in. A trunk may have its media elsewhere than its
signalling, so it goes wherever the trunk's answer says; the plan has chosen whom to trust with that. A trunk on this
machine is called without anybody's leave, so what it is sent stays on this machine.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Callable, Collection
from random import Random
from typing import Final

from simcarrier.extras import needed
from simcarrier.media.agreement import plain
from simcarrier.media.program import Item, Plain, Program
from simcarrier.media.rtp import Packet
from simcarrier.net.media import MediaDesk, Network
from simcarrier.net.stream import Stream
from simcarrier.records.audio import Audio

from .order import Order

logger = logging.getLogger("simcarrier.probe")

with needed("ears", {"numpy": "listening to calls needs"}):
    from .hearing import Hearing

HERE: Final = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
ANYWHERE: Final = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
NO_PORTS: Final = "nothing was listened to: no pair of ports was free"


class Ear:
    """One call's.

    Args:
        stream: its sockets; None if none were to be had.
        hearing: what is kept.
    """

    def __init__(self, stream: Stream | None, hearing: Hearing) -> None:
        self._stream = stream
        self._hearing = hearing
        if stream is not None:
            stream.listener = self._hear

    def _hear(self, packet: Packet, now: float) -> None:
        try:
            self._hearing.hear(packet, now)
        except Exception:  # an ear's own fault must not cost the call
            logger.exception("a call is no longer listened to")
            if self._stream is not None:
                self._stream.listener = None

    def audio(self) -> Audio:
        """What was heard; nothing more is listened to. Times are those of the event loop."""
        if self._stream is None:
            return Audio(trouble=NO_PORTS)
        self._stream.close()
        return self._hearing.audio(self._stream.reception)


class Listener:
    """Listens to calls.

    Args:
        loop: the event loop.
        ports: the first and the last port for RTP and RTCP.
        wall: turns the loop's time into seconds since 1970.
        rng: for what is to be random in RTP.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, ports: tuple[int, int], wall: Callable[[float], float], rng: Random
    ) -> None:
        self._silence = Program([Item(Plain.SILENCE)])

        def desk(networks: Collection[Network]) -> MediaDesk:
            made = MediaDesk(
                loop, ports=ports, send_first="always", networks=networks, rng=rng, wall=wall, voice=lambda text: None
            )
            made.prepare([self._silence])
            return made

        self._desks = {True: desk(HERE), False: desk(ANYWHERE)}

    def open(self, host: str, peer: str, order: Order) -> tuple[Stream | None, Ear]:
        """An end for the audio of a call, and its ear.

        Args:
            host: our address.
            peer: the address that the INVITE goes to.
            order: the call.
        """
        stream = self._desks[is_here(peer)].open(host, peer)
        if stream is not None:
            stream.play(self._silence)
        return stream, Ear(stream, Hearing(order.countries, order.recording))

    def close(self) -> None:
        """Close all that is open."""
        for desk in self._desks.values():
            desk.close()


def is_here(host: str) -> bool:
    """Whether an address is one of this machine's alone."""
    address = plain(host)
    return address is not None and ipaddress.ip_address(address).is_loopback
