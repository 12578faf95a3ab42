"""The driver with UDP, its timer, and what an engine's fault does. No test waits for long."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable, Sequence

import pytest

from simcarrier.net.driver import CannotListen, Driver, source_host
from simcarrier.net.udp import BATCH
from simcarrier.sip.transport import Address, Channel, ListenAddress, Transport


class Echo:
    """Sends back what it gets; a few words make it do something else."""

    def __init__(self) -> None:
        self.out: list[tuple[Channel, Address, bytes]] = []
        self.put = self.out.append  # bound once, as a fast engine may
        self.received: list[tuple[bytes, Address, Channel, float]] = []
        self.failures: list[tuple[Channel, Address]] = []
        self.deadlines: list[float] = []
        self.fired: list[float] = []

    def receive(self, data: bytes, source: Address, channel: Channel, now: float) -> None:
        self.received.append((data, source, channel, now))
        if data == b"raise":
            raise RuntimeError("a bug")
        if data != b"silence":
            self.put((channel, source, data))

    def channel_closed(self, channel: Channel, now: float) -> None:
        raise AssertionError("no streams here")

    def transport_failed(self, channel: Channel, destination: Address, now: float) -> None:
        self.failures.append((channel, destination))

    def next_deadline(self) -> float | None:
        return min(self.deadlines, default=None)

    def handle_timers(self, now: float) -> None:
        due = [deadline for deadline in self.deadlines if deadline <= now]
        self.deadlines = [deadline for deadline in self.deadlines if deadline > now]
        self.fired += [now] * len(due)


async def until(true: Callable[[], object], seconds: float = 5.0) -> None:
    """Let the loop run until something holds."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.001)


def caller(driver_address: ListenAddress) -> socket.socket:
    family = socket.AF_INET6 if ":" in driver_address.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.connect((driver_address.host, driver_address.port))
    return sock


async def answer(sock: socket.socket) -> bytes:
    async with asyncio.timeout(5):
        return await asyncio.get_running_loop().sock_recv(sock, 65_535)


async def flood(driver: Driver, sock: socket.socket) -> None:
    """Send until the driver polls."""
    async with asyncio.timeout(5):
        while not driver.polled:
            for _ in range(20):
                sock.send(b"silence")
            await asyncio.sleep(0.001)


HOSTS = pytest.mark.parametrize("host", ["127.0.0.1", "::1"], ids=["IPv4", "IPv6"])


@HOSTS
@pytest.mark.asyncio
async def test_a_datagram_comes_in_and_its_answer_goes_back(host: str) -> None:
    engine = Echo()
    async with Driver(engine) as driver:
        address = await driver.listen(ListenAddress(Transport.UDP, host, 0))
        assert address.port != 0
        assert driver.listening == [address]
        with caller(address) as sock:
            for payload in (b"hello", b"", b"x" * 16_000):
                sock.send(payload)
                assert await answer(sock) == payload
            (data, source, channel, _) = engine.received[0]
            assert (data, source) == (b"hello", sock.getsockname()[:2])
            assert (channel.transport, channel.reliable, channel.remote) == (Transport.UDP, False, None)
            assert channel.local == (host, address.port)
        assert (driver.counters.datagrams_in, driver.counters.datagrams_out, driver.counters.sent) == (3, 3, 3)


@HOSTS
@pytest.mark.asyncio
async def test_a_datagram_beyond_the_usual_is_read_whole_when_it_is_repeated(host: str) -> None:
    engine = Echo()
    async with Driver(engine) as driver:
        address = await driver.listen(ListenAddress(Transport.UDP, host, 0))
        with caller(address) as sock:
            huge = b"x" * 60_000
            sock.send(huge)  # fills the buffer, so it may have been cut: SIP sends it again
            sock.send(huge)
            assert await answer(sock) == huge
        assert (driver.counters.cut, len(engine.received)) == (1, 1)


@pytest.mark.asyncio
async def test_several_listeners_each_answer_from_their_own_address() -> None:
    engine = Echo()
    async with Driver(engine) as driver:
        for host in ("127.0.0.1", "127.0.0.2", "::1"):
            await driver.listen(ListenAddress(Transport.UDP, host, 0))
        for address in driver.listening:
            with caller(address) as sock:
                sock.send(b"x")
                assert await answer(sock) == b"x"  # a connected socket takes it from nobody else


@pytest.mark.parametrize(
    ("address", "why"),
    [
        (ListenAddress(Transport.UDP, "192.0.2.1", 0), "no such address"),
        (ListenAddress(Transport.TCP, "192.0.2.1", 0), "no such address"),
    ],
    ids=str,
)
@pytest.mark.asyncio
async def test_an_address_that_is_not_ours_is_told(address: ListenAddress, why: str) -> None:
    async with Driver(Echo()) as driver:
        with pytest.raises(CannotListen, match=why) as caught:
            await driver.listen(address)
        assert caught.value.address == address
        assert driver.listening == []


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP], ids=str)
@pytest.mark.asyncio
async def test_a_taken_port_is_told(transport: Transport) -> None:
    async with Driver(Echo()) as driver:
        address = await driver.listen(ListenAddress(transport, "127.0.0.1", 0))
        with pytest.raises(CannotListen, match=rf"{address.host}:{address.port}: the port is taken"):
            await driver.listen(address)


@pytest.mark.asyncio
async def test_a_certificate_that_cannot_be_made_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    async with Driver(Echo()) as driver:
        with pytest.raises(CannotListen, match=r"pip install 'simcarrier\[tls\]'"):
            await driver.listen(ListenAddress(Transport.TLS, "127.0.0.1", 0))


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP], ids=str)
@pytest.mark.asyncio
async def test_all_addresses_of_both_families_at_one_port(transport: Transport) -> None:
    async with Driver(Echo()) as driver:
        six = await driver.listen(ListenAddress(transport, "::", 0))
        four = await driver.listen(ListenAddress(transport, "0.0.0.0", six.port))
        assert four.port == six.port


@pytest.mark.asyncio
async def test_one_now_for_a_batch() -> None:
    engine = Echo()
    async with Driver(engine) as driver:
        address = await driver.listen(ListenAddress(Transport.UDP, "127.0.0.1", 0))
        with caller(address) as sock:
            for _ in range(BATCH + 10):
                sock.send(b"silence")
            await until(lambda: len(engine.received) == BATCH + 10)
        times = [now for *_, now in engine.received]
        assert set(times[:BATCH]) == {times[0]}
        assert set(times[BATCH:]) == {times[BATCH]} != {times[0]}
        assert driver.counters.wakeups == 2


@pytest.mark.asyncio
async def test_a_busy_socket_is_polled_and_a_quiet_one_watched_again() -> None:
    engine = Echo()
    async with Driver(engine, coalesce=0.001) as driver:
        address = await driver.listen(ListenAddress(Transport.UDP, "127.0.0.1", 0))
        loop = asyncio.get_running_loop()
        with caller(address) as sock:
            await flood(driver, sock)
            # A deadline is met by the poll tick, without the loop's timer.
            engine.deadlines = [loop.time() + 0.003]
            driver.pump()
            await until(lambda: engine.fired)
            # One that lies behind the polling needs the timer again.
            engine.deadlines = [loop.time() + 0.2]
            driver.pump()
            await until(lambda: not driver.polled)
            assert len(engine.fired) == 1
            await until(lambda: len(engine.fired) == 2)
            taken = driver.counters.datagrams_in
            # One deadline set while nothing but the timer can meet it, one datagram at a time answered by the watch.
            engine.deadlines = [loop.time() + 0.003]
            driver.pump()
            await until(lambda: len(engine.fired) == 3)
            sock.send(b"alone")
            assert await answer(sock) == b"alone"
            assert not driver.polled
            assert driver.counters.datagrams_in == taken + 1


@pytest.mark.asyncio
async def test_without_coalescing_a_busy_socket_is_never_polled() -> None:
    engine = Echo()
    async with Driver(engine, coalesce=0) as driver:
        address = await driver.listen(ListenAddress(Transport.UDP, "127.0.0.1", 0))
        with caller(address) as sock:
            for _ in range(40):
                for _ in range(20):
                    sock.send(b"silence")
                await asyncio.sleep(0.001)
                assert not driver.polled
            await until(lambda: len(engine.received) == 800)


@pytest.mark.asyncio
async def test_closing_while_polled_leaves_no_poll_behind() -> None:
    engine = Echo()
    driver = Driver(engine, coalesce=0.001)
    address = await driver.listen(ListenAddress(Transport.UDP, "127.0.0.1", 0))
    with caller(address) as sock:
        await flood(driver, sock)
    await driver.close()
    assert not driver.polled
    wakeups = driver.counters.wakeups
    await asyncio.sleep(0.01)
    assert driver.counters.wakeups == wakeups


@pytest.mark.asyncio
async def test_deadlines_fire_in_order_and_an_earlier_one_moves_the_timer() -> None:
    engine = Echo()
    loop = asyncio.get_running_loop()
    async with Driver(engine, coalesce=0) as driver:
        start = loop.time()
        engine.deadlines = [start + 60]
        driver.pump()
        engine.deadlines = [start + 60, start + 0.02, start + 0.01]
        driver.pump()
        await until(lambda: len(engine.fired) == 2)
        assert start + 0.01 <= engine.fired[0] < engine.fired[1]
        assert engine.fired[1] >= start + 0.02
        assert engine.deadlines == [start + 60]


@pytest.mark.asyncio
async def test_a_deadline_already_past_fires_at_once() -> None:
    engine = Echo()
    async with Driver(engine) as driver:
        engine.deadlines = [0.0]
        driver.pump()
        assert len(engine.fired) == 1


@pytest.mark.asyncio
async def test_a_crowd_of_deadlines_takes_few_wakeups() -> None:
    engine = Echo()
    loop = asyncio.get_running_loop()
    async with Driver(engine, coalesce=0.002) as driver:
        start = loop.time()
        engine.deadlines = [start + 0.01 + i * 0.0001 for i in range(400)]
        driver.pump()
        await until(lambda: len(engine.fired) == 400)
        assert len(set(engine.fired)) <= 12  # 40 ms of deadlines, 5 ms apart, and some slack


@pytest.mark.asyncio
async def test_the_engines_exception_costs_one_message_and_surfaces(caplog: pytest.LogCaptureFixture) -> None:
    engine = Echo()
    async with Driver(engine) as driver:
        address = await driver.listen(ListenAddress(Transport.UDP, "127.0.0.1", 0))
        with caller(address) as sock, caplog.at_level(logging.ERROR, "simcarrier.net"):
            sock.send(b"raise")
            sock.send(b"raise")
            sock.send(b"fine")
            assert await answer(sock) == b"fine"
        assert driver.counters.engine_errors == 2
        assert [str(error) for error in driver.errors] == ["a bug", "a bug"]
        with pytest.raises(RuntimeError, match="a bug"):
            await driver.failed
        assert len(caplog.records) == 1
        assert caplog.records[0].exc_info is not None


@pytest.mark.asyncio
async def test_timers_that_always_raise_do_not_spin() -> None:
    class Faulty(Echo):
        def handle_timers(self, now: float) -> None:
            raise RuntimeError("always")

    engine = Faulty()
    async with Driver(engine) as driver:
        engine.deadlines = [0.0]
        driver.pump()
        await asyncio.sleep(0.05)
        assert driver.counters.engine_errors == 1


@pytest.mark.asyncio
async def test_what_the_system_refuses_is_told_to_the_engine_later() -> None:
    engine = Echo()
    async with Driver(engine) as driver:
        await driver.listen(ListenAddress(Transport.UDP, "127.0.0.1", 0))
        channel = driver.channel_for(Transport.UDP, ("127.0.0.1", 9))
        engine.out.append((channel, ("127.0.0.1", 9), b"x" * 70_000))  # longer than any datagram
        driver.pump()
        assert engine.failures == []
        await until(lambda: engine.failures)
        assert engine.failures == [(channel, ("127.0.0.1", 9))]
        assert (driver.counters.send_failures, driver.counters.sent) == (1, 0)


@pytest.mark.asyncio
async def test_one_bad_entry_does_not_hold_up_the_next() -> None:
    engine = Echo()
    async with Driver(engine) as driver:
        address = await driver.listen(ListenAddress(Transport.UDP, "127.0.0.1", 0))
        channel = driver.channel_for(Transport.UDP, ("127.0.0.1", 9))
        with caller(address) as sock:
            engine.out += [
                (channel, ("127.0.0.1", 99_999), b"to nowhere"),
                (channel, sock.getsockname(), b"fine"),
            ]
            driver.pump()
            assert await answer(sock) == b"fine"
        assert isinstance(driver.errors[0], OverflowError)
        assert engine.out == []


@pytest.mark.asyncio
async def test_a_fault_in_observe_costs_no_message() -> None:
    def observe(way: str, data: bytes, channel: Channel, peer: Address, now: float) -> None:
        if way == "out":
            raise RuntimeError("a bug in observe")

    async with Driver(Echo(), observe=observe) as driver:
        address = await driver.listen(ListenAddress(Transport.UDP, "127.0.0.1", 0))
        with caller(address) as sock:
            sock.send(b"x")
            assert await answer(sock) == b"x"
        assert [str(error) for error in driver.errors] == ["a bug in observe"]


class Kept:
    """Keeps what it is shown, and fails if it is told to."""

    def __init__(self, *, fails: bool) -> None:
        self.fails = fails
        self.seen: list[tuple[str, bytes]] = []

    def came(self, batch: Sequence[tuple[bytes, Address]], channel: Channel, now: float) -> None:
        self.seen += [("in", data) for data, _ in batch]
        if self.fails:
            raise RuntimeError("a bug in came")

    def went(self, batch: Sequence[tuple[Channel, Address, bytes]], now: float) -> None:
        self.seen += [("out", data) for _, _, data in batch]
        if self.fails:
            raise RuntimeError("a bug in went")


@pytest.mark.asyncio
@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
async def test_a_keeper_sees_all_and_holds_up_nobody(transport: Transport, fails: bool) -> None:
    ping = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n"
    kept = Kept(fails=fails)
    async with Driver(Echo()) as driver:
        driver.keeper = kept
        address = await driver.listen(ListenAddress(transport, "127.0.0.1", 0))
        if transport is Transport.UDP:
            with caller(address) as sock:
                sock.send(ping)
                assert await answer(sock) == ping
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", address.port)
            writer.write(ping)
            assert await asyncio.wait_for(reader.readexactly(len(ping)), 5) == ping
            writer.close()
            await writer.wait_closed()
        assert kept.seen == [("in", ping), ("out", ping)]
        assert [str(error) for error in driver.errors] == (["a bug in came", "a bug in went"] if fails else [])


class TestChannelFor:
    @pytest.mark.asyncio
    async def test_udp_takes_the_listener_that_reaches_the_destination(self) -> None:
        async with Driver(Echo()) as driver:
            six = await driver.listen(ListenAddress(Transport.UDP, "::1", 0))
            four = await driver.listen(ListenAddress(Transport.UDP, "127.0.0.1", 0))
            assert driver.channel_for(Transport.UDP, ("127.0.0.3", 5060)).local == ("127.0.0.1", four.port)
            assert driver.channel_for(Transport.UDP, ("::1", 5060)).local == ("::1", six.port)

    @HOSTS
    @pytest.mark.asyncio
    async def test_udp_without_a_listener_opens_one_socket_and_keeps_it(self, host: str) -> None:
        engine = Echo()
        async with Driver(engine) as driver:
            channel = driver.channel_for(Transport.UDP, (host, 5060))
            assert channel.local[0] == host
            assert channel.local[1] > 0
            assert driver.channel_for(Transport.UDP, (host, 5062)) is channel
            with caller(ListenAddress(Transport.UDP, *channel.local)) as sock:
                sock.send(b"in")
                assert await answer(sock) == b"in"

    @pytest.mark.asyncio
    async def test_a_name_is_refused(self) -> None:
        async with Driver(Echo()) as driver:
            with pytest.raises(ValueError, match="carrier1"):
                driver.channel_for(Transport.UDP, ("carrier1", 5060))

    def test_source_host_is_the_one_the_system_would_use(self) -> None:
        assert source_host(("127.0.0.9", 0)) == "127.0.0.1"
        assert source_host(("::1", 5060)) == "::1"


@pytest.mark.asyncio
async def test_observe_sees_both_directions() -> None:
    seen: list[tuple[str, bytes, Address, Address]] = []
    engine = Echo()
    async with Driver(
        engine, observe=lambda way, data, ch, peer, now: seen.append((way, data, ch.local, peer))
    ) as driver:
        address = await driver.listen(ListenAddress(Transport.UDP, "127.0.0.1", 0))
        with caller(address) as sock:
            sock.send(b"x")
            assert await answer(sock) == b"x"
            us, peer = ("127.0.0.1", address.port), sock.getsockname()
            assert seen == [("in", b"x", us, peer), ("out", b"x", us, peer)]
            driver.observe = None
            sock.send(b"y")
            assert await answer(sock) == b"y"
            assert len(seen) == 2


@pytest.mark.asyncio
async def test_close_sends_what_is_left_and_leaves_nothing() -> None:
    gc.collect()
    files = len(os.listdir("/proc/self/fd"))
    threads, tasks = threading.active_count(), len(asyncio.all_tasks())
    engine = Echo()
    driver = Driver(engine)
    address = await driver.listen(ListenAddress(Transport.UDP, "127.0.0.1", 0))
    await driver.listen(ListenAddress(Transport.TCP, "::1", 0))
    channel = driver.channel_for(Transport.UDP, ("127.0.0.1", 9))
    driver.channel_for(Transport.UDP, ("::1", 9))
    with caller(address) as sock:
        engine.out.append((channel, sock.getsockname(), b"last"))
        engine.deadlines = [asyncio.get_running_loop().time() + 0.005]
        await driver.close()
        await driver.close()
        assert await answer(sock) == b"last"
    await asyncio.sleep(0.01)
    assert engine.fired == []
    assert channel.closed
    assert len(os.listdir("/proc/self/fd")) == files
    assert (threading.active_count(), len(asyncio.all_tasks())) == (threads, tasks)
    with pytest.raises(ConnectionAbortedError):
        driver.channel_for(Transport.UDP, ("127.0.0.1", 9))
