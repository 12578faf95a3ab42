"""The service over real sockets on loopback: calls over every transport, and nothing left behind when it stops."""

from __future__ import annotations

import asyncio
import gc
import os
import ssl
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from simcarrier.net.driver import Driver
from simcarrier.scenario.load import loads
from simcarrier.scenario.models import Scenario
from simcarrier.service import CannotListen, CarrierService
from simcarrier.sip.agent import UserAgent
from simcarrier.sip.callee import CalleeSession
from simcarrier.sip.caller import CallerSession
from simcarrier.sip.invitation import Invitation
from simcarrier.sip.message import Response
from simcarrier.sip.session import Ending
from simcarrier.sip.transport import Address, ListenAddress, Transport, host_for_uri

SCENARIO = """
name: small
carrier: {listen: "udp:127.0.0.1:0"}
calls:
  - {name: answered, to: "1*", outcome: answered, ring: 0s}
  - {name: refused, to: "2*", respond: 403}
  - {name: stalled, to: "3*", steps: [trying, silence]}
  - {name: hung up, to: "4*", outcome: answered, ring: 0s, talk: 0s}
"""

LISTEN = [
    pytest.param("udp:127.0.0.1:0", id="udp"),
    pytest.param("tcp:127.0.0.1:0", id="tcp"),
    pytest.param("tls:127.0.0.1:0", id="tls"),
    pytest.param("udp:[::1]:0", id="udp-ipv6"),
    pytest.param("tcp:[::1]:0", id="tcp-ipv6"),
]


def scenario() -> Scenario:
    return loads(SCENARIO)


def listen(*addresses: str) -> list[ListenAddress]:
    return [ListenAddress.parse(address) for address in addresses]


class Call:
    """A call to the carrier; each event sets what a test waits for."""

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.ending: Ending | None = None
        self.changed = asyncio.Event()
        self.session: CallerSession

    def responded(self, response: Response, now: float) -> None:
        self.codes.append(response.status)
        self.changed.set()

    def ended(self, ending: Ending, now: float) -> None:
        self.ending = ending
        self.changed.set()

    async def until_code(self, status: int) -> None:
        async with asyncio.timeout(5):
            while status not in self.codes:
                self.changed.clear()
                await self.changed.wait()

    async def until_over(self) -> None:
        async with asyncio.timeout(5):
            while self.ending is None:
                self.changed.clear()
                await self.changed.wait()


class Dialler:
    """The calling side: a user agent under a driver."""

    def __init__(self) -> None:
        self.agent = UserAgent(self, name="dialler")
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname = False
        trusting.verify_mode = ssl.CERT_NONE
        self.driver = Driver(self.agent.endpoint, client_tls=trusting)

    def invited(self, session: CalleeSession, now: float) -> None:
        session.refuse(now, 480)

    def dial(self, to: ListenAddress, user: str) -> Call:
        call = Call()
        address: Address = (to.host, to.port)
        uri = f"sip:{user}@{host_for_uri(to.host)}:{to.port};transport={to.transport.lower()}"
        channel = self.driver.channel_for(to.transport, address)
        call.session = CallerSession(self.agent, Invitation(uri, "<sip:+4940@caller.example>"), channel, address, call)
        call.session.invite(asyncio.get_running_loop().time())
        self.driver.pump()
        return call

    def hang_up(self, call: Call) -> None:
        call.session.hang_up(asyncio.get_running_loop().time())
        self.driver.pump()


@asynccontextmanager
async def dialler() -> AsyncIterator[Dialler]:
    made = Dialler()
    async with made.driver:
        yield made
    assert made.driver.errors == []


async def until_ended(carrier: CarrierService, calls: int) -> None:
    """Wait until so many calls are in the journal."""
    async with asyncio.timeout(5):
        while carrier.journal.calls < calls:
            await asyncio.sleep(0.005)


@pytest.mark.asyncio
@pytest.mark.parametrize("address", LISTEN)
async def test_calls_over_every_transport(address: str) -> None:
    async with CarrierService(scenario(), listen=listen(address)) as carrier, dialler() as phone:
        (bound,) = carrier.addresses
        assert bound.port != 0
        answered = phone.dial(bound, "100")
        await answered.until_code(200)
        phone.hang_up(answered)
        refused = phone.dial(bound, "200")
        await refused.until_over()
        hung_up = phone.dial(bound, "400")
        await hung_up.until_over()
        await until_ended(carrier, 3)
        records = {record.called: record for record in carrier.journal.recent}
    assert answered.codes == [100, 180, 200]
    assert refused.codes == [403]
    assert hung_up.ending is Ending.HUNG_UP_BY_PEER
    assert {user: (record.code, record.ending) for user, record in records.items()} == {
        "100": (200, "hung_up_by_peer"),
        "200": (403, "refused"),
        "400": (200, "hung_up_by_us"),
    }
    assert {record.transport for record in records.values()} == {bound.transport}
    assert {record.source[0] for record in records.values()} == {bound.host}
    assert carrier.driver.errors == []


@pytest.mark.asyncio
async def test_several_listeners_at_once() -> None:
    addresses = listen("udp:127.0.0.1:0", "tcp:127.0.0.1:0", "udp:[::1]:0")
    async with CarrierService(scenario(), listen=addresses) as carrier, dialler() as phone:
        calls = [phone.dial(bound, "200") for bound in carrier.addresses]
        for call in calls:
            await call.until_over()
    assert [call.codes for call in calls] == [[403]] * 3
    assert carrier.journal.calls == 3


@pytest.mark.asyncio
async def test_stopping_ends_calls_in_order() -> None:
    async with dialler() as phone:
        async with CarrierService(scenario()) as carrier:
            (bound,) = carrier.addresses
            up, stalled = phone.dial(bound, "100"), phone.dial(bound, "300")
            await up.until_code(200)
            await stalled.until_code(100)
        await up.until_over()
        await stalled.until_over()
    assert up.ending is Ending.HUNG_UP_BY_PEER
    assert stalled.codes == [100, 487]
    assert sorted((record.code, record.ending) for record in carrier.journal.recent if record.code) == [
        (200, "hung_up_by_us"),
        (487, "refused"),
    ]
    assert not carrier.switch.busy


@pytest.mark.asyncio
async def test_stopping_does_not_wait_for_callers_that_are_gone() -> None:
    carrier = CarrierService(scenario())
    await carrier.start()
    async with dialler() as phone:
        call = phone.dial(carrier.addresses[0], "100")
        await call.until_code(200)
    before = asyncio.get_running_loop().time()
    await carrier.stop(grace=0.1)
    assert asyncio.get_running_loop().time() - before < 2
    assert carrier.journal.calls == 1


def open_files() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.asyncio
async def test_starting_and_stopping_leaves_nothing_behind() -> None:
    async def once() -> None:
        addresses = listen("udp:127.0.0.1:0", "tcp:127.0.0.1:0", "tls:127.0.0.1:0")
        async with CarrierService(scenario(), listen=addresses) as carrier, dialler() as phone:
            for bound in carrier.addresses:
                await phone.dial(bound, "200").until_over()

    await once()  # what is imported and made once stays
    files, threads = open_files(), threading.active_count()
    for _ in range(3):
        await once()
    assert open_files() == files
    assert threading.active_count() == threads
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.asyncio
async def test_a_port_that_is_taken_cannot_be_listened_on_and_nothing_stays_open() -> None:
    async with CarrierService(scenario()) as first:
        files = open_files()
        second = CarrierService(scenario(), listen=[*listen("udp:127.0.0.1:0"), *first.addresses])
        with pytest.raises(CannotListen, match=r"cannot listen on udp:127\.0\.0\.1:\d+: the port is taken"):
            await second.start()
        assert open_files() == files


@pytest.mark.asyncio
async def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    carrier = CarrierService(scenario(), listen=listen("udp:192.0.2.1:0"))
    with pytest.raises(CannotListen, match="no such address"):
        await carrier.start()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("address", "uri", "host"),
    [
        ("udp:127.0.0.1:0", "sip:127.0.0.1:{port}", "127.0.0.1"),
        ("tcp:[::1]:0", "sip:[::1]:{port};transport=tcp", "[::1]"),
        ("udp:0.0.0.0:0", "sip:127.0.0.1:{port}", "127.0.0.1"),
    ],
)
async def test_what_a_dialler_is_told(address: str, uri: str, host: str) -> None:
    async with CarrierService(scenario(), listen=listen(address)) as carrier:
        port = carrier.addresses[0].port
        assert carrier.uri == uri.format(port=port)
        assert carrier.address == f"{host}:{port}"


@pytest.mark.asyncio
async def test_a_carrier_that_was_not_started_says_so_and_stops_quietly() -> None:
    carrier = CarrierService(scenario())
    await carrier.stop()
    with pytest.raises(RuntimeError, match="not been started"):
        _ = carrier.addresses


@pytest.mark.asyncio
async def test_where_the_scenario_says() -> None:
    async with CarrierService(scenario()) as carrier:
        assert [(bound.transport, bound.host) for bound in carrier.addresses] == [(Transport.UDP, "127.0.0.1")]
