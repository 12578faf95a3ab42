"""The service: a scenario, its carrier, the network and the journal, put together.

    async with CarrierService(scenario, listen=[ListenAddress.parse("udp:127.0.0.1:0")]) as carrier:
        print(carrier.addresses)

The command line, the test fixture and the web pages all stand on this; what is above it never touches a socket.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from random import Random
from types import TracebackType
from typing import Self

from simcarrier.carrier.switch import Switch
from simcarrier.extras import MissingExtra
from simcarrier.media.errors import SoundError
from simcarrier.net.card_server import CardServer, NoWebServer
from simcarrier.net.driver import CannotListen, Driver, source_host
from simcarrier.net.espeak import speak
from simcarrier.net.media import MediaDesk
from simcarrier.net.rim import Keeper, Observe
from simcarrier.net.tls import NoCryptography, server_context
from simcarrier.records.journal import Journal
from simcarrier.scenario.media import MediaModel
from simcarrier.scenario.models import Scenario, Tls
from simcarrier.sip.endpoint import Limits
from simcarrier.sip.timers import Timers
from simcarrier.sip.transport import Address, Channel, ListenAddress, Transport, host_for_uri
from simcarrier.trust.extra import UnreadableFile
from simcarrier.verdict.outcome import Outcome

__all__ = ["CannotListen", "CannotPlay", "CannotSign", "CarrierService"]

COALESCE = 0.010
"""Seconds for which a busy UDP socket collects datagrams: as long as SIPp's own scheduler takes between two looks.

A quiet carrier answers at once; `simcarrier.net.udp` tells what waiting saves under load.
"""

GRACE = 1.0
"""Seconds that a stop waits for peers to acknowledge what ends their calls."""


class CannotSign(RuntimeError):
    """The cards of 608s cannot be signed or served: a package, a file or an address is not to be had."""


class CannotPlay(CannotSign):
    """Something is to be spoken to callers, and there is no voice."""


class CarrierService:
    """A carrier that can be called.

    Args:
        scenario: loaded and checked.
        listen: where to listen, in place of what the scenario says.
        seed: makes chance repeatable.
        base: timer values other than the RFC's, for tests.
        limits: what is kept at most.
        coalesce: seconds for which a busy socket may collect datagrams, see `simcarrier.net.udp`.

    Attributes:
        switch: the carrier without its sockets; there once it is started.
        cards: what serves the cards of 608s, if the scenario wants them served.
        media: sends and receives the audio of calls, if the scenario has any.
        control: the URL of its control API, if it has one.
        dashboard: the URL of its pages, if it has any.
        judge: the scenario's expectations, judged as if the run ended now; None where nobody judges.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        listen: Sequence[ListenAddress] = (),
        seed: int | None = None,
        base: Timers | None = None,
        limits: Limits | None = None,
        coalesce: float = COALESCE,
    ) -> None:
        self.scenario = scenario
        self._listen = tuple(listen) or scenario.carrier.listen
        self._seed = seed
        self._base = base
        self._limits = limits
        self._coalesce = coalesce
        self._driver: Driver | None = None
        self._watching: tuple[Observe, ...] = ()
        self._keeper: Keeper | None = None
        self.switch: Switch
        self.cards: CardServer | None = None
        self.media: MediaDesk | None = None
        self.control: str | None = None
        self.dashboard: str | None = None
        self.judge: Callable[[], Sequence[Outcome]] | None = None

    async def start(self) -> None:
        """Listen.

        Raises:
            CannotListen: an address is taken, does not exist, or has no certificate.
            CannotSign: the cards of 608s cannot be signed or served.
            CannotPlay: something is to be spoken, and there is no voice.
        """
        loop = asyncio.get_running_loop()
        try:
            self.switch = Switch(
                self.scenario,
                loop.time(),
                time.time(),
                seed=self._seed,
                base=self._base,
                limits=self._limits,
                source_host=_source_host,
            )
        except (MissingExtra, UnreadableFile) as why:
            raise CannotSign(str(why)) from why
        self._wall_offset = time.time() - loop.time()
        self._driver = driver = Driver(self.switch.engine, coalesce=self._coalesce)
        self._tell_driver()
        try:
            for address in self._listen:
                if address.transport is Transport.TLS and self.scenario.carrier.tls is not None:
                    driver.server_tls = _certificate(address, self.scenario.carrier.tls)
                await driver.listen(address)
            await self._serve_cards()
            self._play(loop)
        except BaseException:
            await driver.close()
            raise

    def _play(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have audio, if the scenario plays anything or says that it wants it."""
        programs = self.switch.carrier.programs()
        settings = self.scenario.carrier.media
        if settings is None and not programs:
            return
        settings = settings or MediaModel()
        seed = self.scenario.carrier.seed if self._seed is None else self._seed
        desk = MediaDesk(
            loop,
            ports=settings.ports,
            send_first=settings.send_first,
            networks=settings.also_to or (),
            # A chance of its own: what calls get must not depend on whether they are heard.
            rng=Random(seed),
            wall=self.wall,
            voice=speak,
        )
        try:
            desk.prepare(programs)
        except SoundError as why:
            raise CannotPlay(str(why)) from why
        self.media = desk
        self.switch.play_by(desk)

    async def _serve_cards(self) -> None:
        cards = self.switch.cards
        if not cards.serves:
            return
        where, files = cards.settings.listen, cards.settings.tls
        clock = asyncio.get_running_loop().time
        server = CardServer(lambda name: cards.find(name, clock()))
        try:
            tls = None
            if where.secure:
                tls = server_context() if files is None else server_context(files.certificate, files.key)
            await server.start(where.host, where.port, tls)
        except (NoCryptography, NoWebServer) as why:
            raise CannotSign(str(why)) from why
        except OSError as why:
            raise CannotSign(f"cards cannot be served at {where}: {why.strerror or why}") from why
        self.cards = server
        cards.serve_at(server.base)

    @property
    def driver(self) -> Driver:
        """The sockets and the clock.

        Raises:
            RuntimeError: not started.
        """
        if self._driver is None:
            raise RuntimeError("the carrier has not been started")
        return self._driver

    def watch(self, observe: Observe) -> None:
        """Show every message in and out to ``observe`` from now on; before the start or while it runs.

        With nobody watching a message costs nothing more, so watch no longer than needed.
        """
        self._watching += (observe,)
        self._tell_driver()

    def unwatch(self, observe: Observe) -> None:
        """The end of `watch`; of one that does not watch, nothing."""
        self._watching = tuple(one for one in self._watching if one != observe)
        self._tell_driver()

    def keep(self, keeper: Keeper | None) -> None:
        """Show every message to ``keeper`` from now on, all of a batch at once; None: to nobody any more."""
        self._keeper = keeper
        self._tell_driver()

    def _tell_driver(self) -> None:
        if self._driver is not None:
            self._driver.observe = _one(self._watching)
            self._driver.keeper = self._keeper

    def wall(self, now: float) -> float:
        """A time on the carrier's clock in seconds since 1970 UTC; only once it is started."""
        return self._wall_offset + now

    @property
    def journal(self) -> Journal:
        """The calls that have ended."""
        return self.switch.journal

    @property
    def addresses(self) -> tuple[ListenAddress, ...]:
        """Where it listens, with the real ports."""
        return tuple(self.driver.listening)

    @property
    def uri(self) -> str:
        """The SIP URI of the first listener."""
        first = self.addresses[0]
        transport = "" if first.transport is Transport.UDP else f";transport={first.transport.lower()}"
        return f"sip:{host_for_uri(_reachable(first.host))}:{first.port}{transport}"

    @property
    def address(self) -> str:
        """HOST:PORT of the first listener."""
        first = self.addresses[0]
        return f"{host_for_uri(_reachable(first.host))}:{first.port}"

    async def stop(self, grace: float = GRACE) -> None:
        """End all calls in order, give peers a moment to acknowledge, close the sockets.

        Args:
            grace: seconds to wait at most. What is still open then is written to the journal as it stands.
        """
        if self._driver is None:
            return
        loop = asyncio.get_running_loop()
        switch, driver = self.switch, self._driver
        switch.close(loop.time())
        driver.pump()
        until = loop.time() + grace
        while switch.busy and loop.time() < until:
            await asyncio.sleep(0.01)
        switch.drop(loop.time())
        await driver.close()
        if self.media is not None:
            self.media.close()
        if self.cards is not None:
            await self.cards.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


def _one(watching: tuple[Observe, ...]) -> Observe | None:
    """All who watch as one."""
    if len(watching) < 2:
        return watching[0] if watching else None

    def each(way: str, data: bytes, channel: Channel, peer: Address, now: float) -> None:
        for observe in watching:
            observe(way, data, channel, peer, now)

    return each


def _certificate(address: ListenAddress, files: Tls) -> ssl.SSLContext:
    """The context with the scenario's certificate.

    Raises:
        CannotListen: the files cannot be read, or do not hold a certificate and its key.
    """
    try:
        return server_context(files.certificate, files.key)
    except ssl.SSLError as error:
        why = f"{files.certificate} and {files.key} do not hold a certificate and its key, both in PEM"
        raise CannotListen(address, why) from error
    except OSError as error:
        raise CannotListen(address, f"{files.certificate} or {files.key}: {error.strerror}") from error


@lru_cache(maxsize=1024)
def _source_host(host: str) -> str:
    try:
        return source_host((host, 9))
    except OSError:
        return host


def _reachable(host: str) -> str:
    """An address that a dialler on this machine can call where we listen on all of them."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
