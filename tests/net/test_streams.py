"""TCP and TLS: framing, reuse, limits, and what is left when all is closed. The limits are short."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from simcarrier.net.driver import Driver
from simcarrier.net.limits import Limits
from simcarrier.net.tls import client_context, self_signed, server_context
from simcarrier.sip.transport import Address, Channel, ListenAddress, Transport

REQUEST = b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 4\r\n\r\nbody"
UNMEASURED = b"OPTIONS sip:a@b SIP/2.0\r\nCall-ID: x\r\n\r\n"
BAD = b"SIP/2.0 400 Bad\r\nl: 0\r\n\r\n"
LOCAL = "127.0.0.1"


class Peer:
    """Sends requests back; answers 400 to those without a length."""

    def __init__(self) -> None:
        self.out: list[tuple[Channel, Address, bytes]] = []
        self.received: list[tuple[bytes, Address, Channel]] = []
        self.closed: list[Channel] = []
        self.failures: list[tuple[Channel, Address]] = []
        self.silent = False

    def receive(self, data: bytes, source: Address, channel: Channel, now: float) -> None:
        self.received.append((data, source, channel))
        if data.endswith(b"\r\n\r\n"):
            self.out.append((channel, source, BAD))
        elif not self.silent:
            self.out.append((channel, source, data))

    def channel_closed(self, channel: Channel, now: float) -> None:
        assert channel.closed
        self.closed.append(channel)

    def transport_failed(self, channel: Channel, destination: Address, now: float) -> None:
        self.failures.append((channel, destination))

    def next_deadline(self) -> float | None:
        return None

    def handle_timers(self, now: float) -> None:
        raise AssertionError("no deadlines here")


async def until(true: Callable[[], object], seconds: float = 5.0) -> None:
    """Let the loop run until something holds."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.001)


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def dial(address: ListenAddress, context: ssl.SSLContext | None = None) -> AsyncIterator[Stream]:
    reader, writer = await asyncio.open_connection(address.host, address.port, ssl=context)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)


async def read(stream: Stream, size: int) -> bytes:
    async with asyncio.timeout(5):
        return await stream[0].readexactly(size)


async def ended(stream: Stream) -> bytes:
    """What comes until the other side closes, gently or not."""
    async with asyncio.timeout(5):
        try:
            return await stream[0].read()
        except ConnectionResetError:
            return b"reset"


@asynccontextmanager
async def carrier(
    transport: Transport = Transport.TCP, host: str = LOCAL, limits: Limits | None = None
) -> AsyncIterator[tuple[Driver, Peer, ListenAddress]]:
    engine = Peer()
    async with Driver(engine, limits=limits) as driver:
        yield driver, engine, await driver.listen(ListenAddress(transport, host, 0))
    assert driver.errors == []
    assert driver.connections == 0


def trusting() -> ssl.SSLContext:
    """A client that takes any certificate."""
    context = client_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


BOTH = pytest.mark.parametrize("transport", [Transport.TCP, Transport.TLS], ids=str)


def context_for(transport: Transport) -> ssl.SSLContext | None:
    return trusting() if transport is Transport.TLS else None


@pytest.mark.parametrize("host", [LOCAL, "::1"], ids=["IPv4", "IPv6"])
@BOTH
@pytest.mark.asyncio
async def test_messages_come_in_and_answers_go_back(transport: Transport, host: str) -> None:
    async with carrier(transport, host) as (driver, engine, address), dial(address, context_for(transport)) as stream:
        stream[1].write(REQUEST + REQUEST)
        assert await read(stream, 2 * len(REQUEST)) == REQUEST + REQUEST
        (data, source, channel) = engine.received[0]
        assert (data, source) == (REQUEST, stream[1].get_extra_info("sockname")[:2])
        assert (channel.transport, channel.reliable, channel.remote) == (transport, True, source)
        assert channel.local == (host, address.port)
        counters = driver.counters
        assert (counters.accepted, counters.messages_in, counters.messages_out) == (1, 2, 2)
        assert counters.datagrams_out == 0


@BOTH
@pytest.mark.asyncio
async def test_byte_by_byte_with_pings(transport: Transport) -> None:
    async with carrier(transport) as (driver, _, address), dial(address, context_for(transport)) as stream:
        for byte in b"\r\n\r\n" + REQUEST + b"\r\n\r\n":
            stream[1].write(bytes([byte]))
            await asyncio.sleep(0)
        assert await read(stream, len(REQUEST) + 4) == b"\r\n" + REQUEST + b"\r\n"
        assert driver.counters.pings == 2


@pytest.mark.parametrize(
    ("sent", "answer"),
    [(UNMEASURED, BAD), (REQUEST + UNMEASURED, REQUEST + BAD), (b"GET / HTTP/1.1\r\n\r\n", b"")],
    ids=["no length", "after a good one", "not SIP"],
)
@BOTH
@pytest.mark.asyncio
async def test_a_broken_stream_is_answered_if_it_can_be_and_closed(
    transport: Transport, sent: bytes, answer: bytes
) -> None:
    async with carrier(transport) as (driver, engine, address), dial(address, context_for(transport)) as stream:
        stream[1].write(sent)
        assert await ended(stream) == answer
        await until(lambda: engine.closed)
        assert driver.counters.broken == 1


class TestLimits:
    @pytest.mark.asyncio
    async def test_an_idle_connection_is_closed_and_a_used_one_is_not(self) -> None:
        async with carrier(limits=Limits(idle=0.25)) as (driver, engine, address):
            async with dial(address) as idle, dial(address) as used:
                ending = asyncio.ensure_future(ended(idle))
                while not ending.done():
                    used[1].write(b"\r\n\r\n")
                    assert await read(used, 2) == b"\r\n"
                    await asyncio.sleep(0.01)
                assert await ending == b""
                assert driver.connections == 1
            await until(lambda: len(engine.closed) == 2)
            assert driver.counters.closed_idle == 1

    @pytest.mark.asyncio
    async def test_what_we_send_keeps_a_connection_open(self) -> None:
        limits = Limits(idle=0.2)
        async with carrier(limits=limits) as (driver, engine, address), dial(address) as stream:
            stream[1].write(REQUEST)
            await read(stream, len(REQUEST))
            channel, source = engine.received[0][2], engine.received[0][1]
            loop = asyncio.get_running_loop()
            start = loop.time()
            while loop.time() - start < 2 * limits.idle:
                engine.out.append((channel, source, REQUEST))
                driver.pump()
                await read(stream, len(REQUEST))
                await asyncio.sleep(0.01)
            assert not channel.closed

    @pytest.mark.asyncio
    async def test_a_message_half_sent_is_not_waited_for(self) -> None:
        async with carrier(limits=Limits(message=0.1)) as (driver, engine, address), dial(address) as stream:
            stream[1].write(REQUEST)
            assert await read(stream, len(REQUEST)) == REQUEST

            async def drip() -> None:
                for byte in REQUEST * 10:
                    stream[1].write(bytes([byte])[:1].replace(b"\n", b"n"))
                    await asyncio.sleep(0.01)

            dripping = asyncio.ensure_future(drip())
            await until(lambda: engine.closed)
            dripping.cancel()
            assert (driver.counters.closed_slow, driver.counters.closed_idle) == (1, 0)

    @pytest.mark.asyncio
    async def test_a_tls_handshake_not_finished_is_not_waited_for(self) -> None:
        async with carrier(Transport.TLS, limits=Limits(handshake=0.1)) as (driver, engine, address):
            async with dial(address) as silent, dial(address) as wrong:
                wrong[1].write(REQUEST)
                await ended(wrong)
                await ended(silent)
            await until(lambda: driver.connections == 0)
            assert driver.counters.handshake_failures == 2
            assert (engine.received, engine.closed) == ([], [])

    @BOTH
    @pytest.mark.asyncio
    async def test_too_many_connections_are_closed_at_once(self, transport: Transport) -> None:
        # Over TLS the unfinished handshakes count too: these callers never begin theirs.
        async with (
            carrier(transport, limits=Limits(connections=2)) as (driver, _, address),
            dial(address),
            dial(address) as second,
            dial(address) as third,
        ):
            assert await ended(third) in {b"", b"reset"}
            assert (driver.counters.accepted, driver.counters.refused) == (2, 1)
            second[1].close()
            await until(lambda: driver.connections == 1)
            async with dial(address, context_for(transport)) as fourth:
                fourth[1].write(REQUEST)
                assert await read(fourth, len(REQUEST)) == REQUEST

    @pytest.mark.parametrize("what", [REQUEST, b"\r\n\r\n"], ids=["answers", "pongs"])
    @pytest.mark.asyncio
    async def test_a_peer_that_does_not_read_is_cut_off(self, what: bytes) -> None:
        async with carrier(limits=Limits(unread=10_000)) as (driver, engine, address):
            with socket.socket() as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sock.setblocking(False)
                loop = asyncio.get_running_loop()
                await loop.sock_connect(sock, (address.host, address.port))

                async def pour() -> None:
                    while True:
                        await loop.sock_sendall(sock, what * 5_000)

                with pytest.raises((ConnectionResetError, BrokenPipeError)):
                    await asyncio.wait_for(pour(), 20)
            await until(lambda: engine.closed)
            assert driver.counters.closed_unread == 1


class TestOutgoing:
    @BOTH
    @pytest.mark.asyncio
    async def test_a_request_waits_for_its_connection_and_the_next_one_uses_it(self, transport: Transport) -> None:
        caller = Peer()
        caller.silent = True
        async with carrier(transport) as (far, _, address), Driver(caller, client_tls=trusting()) as driver:
            target = (address.host, address.port)
            channel = driver.channel_for(transport, target)
            assert (channel.local, channel.remote) == ((LOCAL, 0), target)
            caller.out += [(channel, target, REQUEST), (channel, target, REQUEST)]
            driver.pump()
            await until(lambda: len(caller.received) == 2)
            assert driver.channel_for(transport, target) is channel
            assert channel.local[1] > 0
            assert {received[2] for received in caller.received} == {channel}
            assert (far.counters.accepted, driver.counters.connected, driver.connections) == (1, 1, 1)

    @pytest.mark.asyncio
    async def test_a_request_to_a_caller_uses_the_connection_it_opened(self) -> None:
        async with carrier() as (driver, engine, address), dial(address) as stream:
            stream[1].write(REQUEST)
            await read(stream, len(REQUEST))
            assert driver.channel_for(Transport.TCP, engine.received[0][1]) is engine.received[0][2]
            assert driver.connections == 1

    @pytest.mark.asyncio
    async def test_an_address_spelt_otherwise_is_the_same_peer(self) -> None:
        async with carrier(host="::1") as (driver, _, address):
            channel = driver.channel_for(Transport.TCP, ("::1", address.port))
            assert driver.channel_for(Transport.TCP, ("0:0::0:1", address.port)) is channel

    @pytest.mark.asyncio
    async def test_a_response_whose_connection_is_closed_opens_another(self) -> None:
        caller = Peer()
        caller.silent = True
        async with carrier() as (driver, engine, address), Driver(caller) as back:
            home = await back.listen(ListenAddress(Transport.TCP, LOCAL, 0))
            async with dial(address) as stream:
                stream[1].write(REQUEST)
                await read(stream, len(REQUEST))
            await until(lambda: engine.closed)
            channel = engine.received[0][2]
            for _ in range(2):
                engine.out.append((channel, (home.host, home.port), REQUEST))
                driver.pump()
            await until(lambda: len(caller.received) == 2)
            assert (driver.counters.connected, driver.counters.send_failures) == (1, 0)

    @BOTH
    @pytest.mark.asyncio
    async def test_a_connection_refused_is_told_once(self, transport: Transport) -> None:
        with socket.socket() as sock:
            sock.bind((LOCAL, 0))  # taken, but nobody listens
            target = sock.getsockname()
            async with carrier() as (driver, engine, _):
                channel = driver.channel_for(transport, target)
                engine.out += [(channel, target, REQUEST), (channel, target, REQUEST)]
                driver.pump()
                await until(lambda: engine.failures)
                await asyncio.sleep(0.01)
                assert engine.failures == [(channel, target)]
                assert (channel.closed, engine.closed, driver.connections) == (True, [], 0)

    @pytest.mark.asyncio
    async def test_a_connection_that_takes_too_long_is_told(self) -> None:
        with socket.create_server((LOCAL, 0)) as silent:  # accepts by its backlog, never speaks TLS
            target = silent.getsockname()
            async with carrier(limits=Limits(connect=0.05)) as (driver, engine, _):
                channel = driver.channel_for(Transport.TLS, target)
                await until(lambda: engine.failures)
                assert engine.failures == [(channel, target)]

    @pytest.mark.asyncio
    async def test_a_full_queue_is_told(self) -> None:
        with socket.create_server((LOCAL, 0)) as silent:
            target = silent.getsockname()
            async with carrier(limits=Limits(waiting=2)) as (driver, engine, _):
                channel = driver.channel_for(Transport.TLS, target)
                engine.out += [(channel, target, REQUEST)] * 3
                driver.pump()
                await until(lambda: engine.failures)
                assert (driver.counters.dropped, driver.counters.messages_out) == (1, 2)

    @pytest.mark.asyncio
    async def test_a_fault_in_making_the_context_surfaces(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken() -> ssl.SSLContext:
            raise RuntimeError("no context")

        monkeypatch.setattr("simcarrier.net.driver.client_context", broken)
        engine = Peer()
        async with Driver(engine) as driver:
            channel = driver.channel_for(Transport.TLS, (LOCAL, 9))
            await until(lambda: engine.failures)
            assert engine.failures == [(channel, (LOCAL, 9))]
            assert [str(error) for error in driver.errors] == ["no context"]


class TestCertificates:
    @pytest.mark.asyncio
    async def test_one_from_files_is_shown_and_verified(self, tmp_path: Path) -> None:
        certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
        made, secret = self_signed()
        certificate.write_bytes(made)
        key.write_bytes(secret)
        engine, caller = Peer(), Peer()
        caller.silent = True
        async with (
            Driver(engine, server_tls=server_context(certificate, key)) as driver,
            Driver(caller, client_tls=client_context(certificate)) as dialler,
        ):
            for host in (LOCAL, "::1"):
                address = await driver.listen(ListenAddress(Transport.TLS, host, 0))
                target = (address.host, address.port)
                channel = dialler.channel_for(Transport.TLS, target)
                caller.out.append((channel, target, REQUEST))
                dialler.pump()
            await until(lambda: len(caller.received) == 2)
            named = await driver.listen(ListenAddress(Transport.TLS, LOCAL, 0))
            wrong = dialler.channel_for(Transport.TLS, (named.host, named.port), "carrier.example")
            await until(lambda: caller.failures)
            assert caller.failures[0][0] is wrong

    @pytest.mark.asyncio
    async def test_nobody_trusts_one_made_on_the_fly_unasked(self) -> None:
        caller = Peer()
        async with carrier(Transport.TLS) as (driver, _, address), Driver(caller) as dialler:
            dialler.channel_for(Transport.TLS, (address.host, address.port))
            await until(lambda: caller.failures)
            await until(lambda: driver.counters.handshake_failures == 1)


class TestClose:
    @BOTH
    @pytest.mark.asyncio
    async def test_what_is_written_goes_out_first(self, transport: Transport) -> None:
        large = b"SIP/2.0 200 OK\r\nl: 1000000\r\n\r\n" + b"x" * 1_000_000
        engine = Peer()
        driver = Driver(engine)
        address = await driver.listen(ListenAddress(transport, LOCAL, 0))
        async with dial(address, context_for(transport)) as stream:
            stream[1].write(REQUEST)
            await read(stream, len(REQUEST))
            _, source, channel = engine.received[0]
            engine.out.append((channel, source, large))
            closing = asyncio.ensure_future(driver.close())
            assert await ended(stream) == large
            stream[1].close()
            # Not held up by the grace, once all is gone.
            await asyncio.wait_for(closing, Limits().grace / 2)
        assert engine.closed == []

    @BOTH
    @pytest.mark.asyncio
    async def test_nothing_is_left(self, transport: Transport) -> None:
        gc.collect()
        files = len(os.listdir("/proc/self/fd"))
        threads, tasks = threading.active_count(), len(asyncio.all_tasks())
        driver = Driver(Peer(), limits=Limits(grace=0.05))
        address = await driver.listen(ListenAddress(transport, LOCAL, 0))
        with socket.create_server((LOCAL, 0)) as silent:
            driver.channel_for(Transport.TLS, silent.getsockname())
            driver.channel_for(Transport.TCP, silent.getsockname())
            async with dial(address, context_for(transport)) as stream, dial(address):
                stream[1].write(REQUEST)
                await read(stream, len(REQUEST))
                driver.channel_for(Transport.TCP, ("127.0.0.1", 9))
                await asyncio.wait_for(driver.close(), 2)
                assert driver.connections == 0
        await asyncio.sleep(0.01)
        assert len(os.listdir("/proc/self/fd")) == files
        assert (threading.active_count(), len(asyncio.all_tasks())) == (threads, tasks)

    @pytest.mark.asyncio
    async def test_a_peer_that_never_reads_holds_it_up_no_longer_than_the_grace(self) -> None:
        engine = Peer()
        driver = Driver(engine, limits=Limits(grace=0.05))
        address = await driver.listen(ListenAddress(Transport.TCP, LOCAL, 0))
        loop = asyncio.get_running_loop()
        with socket.socket() as sock:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            await loop.sock_connect(sock, (address.host, address.port))
            await loop.sock_sendall(sock, REQUEST)
            await until(lambda: engine.received)
            for _ in range(400):
                engine.out.append((engine.received[0][2], engine.received[0][1], b"x" * 10_000))
            start = loop.time()
            await driver.close()
            assert 0.04 < loop.time() - start < 2
