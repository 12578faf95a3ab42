"""Listening in: nothing is kept without bound, nothing with a password, and addresses are those on the wire."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence

import pytest

from simcarrier.artefacts import tap
from simcarrier.artefacts.tap import Tap, masked, passed_of, turned
from simcarrier.attachment import Findings
from simcarrier.net.driver import Driver
from simcarrier.records.transcript import Passed
from simcarrier.service import CarrierService
from simcarrier.sip.transport import Channel, Transport
from tests.artefacts.kit import CARRIER, DIALLER, UDP, calls, message, nobody, run, until


class Kept(Tap):
    """Keeps what it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[tuple[Passed, Channel]] = []
        self.largest = 0
        self.go = threading.Event()
        self.go.set()

    def take(self, messages: Sequence[tuple[Passed, Channel]]) -> None:
        self.go.wait(10)
        self.largest = max(self.largest, len(messages))
        self.kept += messages


def test_every_message_in_order_by_the_wall_clock() -> None:
    kept = Kept()
    carrier = run([kept], calls(message(1), message(2)))
    records = list(carrier.journal.recent)
    port = carrier.addresses[0].port
    assert [(one.what, one.sent) for one, _ in kept.kept] == [
        ("INVITE", False), ("403 Forbidden", True), ("ACK", False)
    ] * 2  # fmt: skip
    assert {one.local for one, _ in kept.kept} == {("127.0.0.1", port)}
    assert [one.remote for one, _ in kept.kept][:3] == [records[0].source] * 3
    assert kept.kept[0][0].at == pytest.approx(records[0].started, abs=0.001)
    assert kept.lost == 0


def test_a_slow_taker_costs_messages_and_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap, "MOST_WAITING", 4)
    slow = Kept()
    slow.go.clear()

    async def dial(carrier: CarrierService) -> None:
        await calls(*(message(number) for number in range(20)))(carrier)
        slow.go.set()

    carrier = run([slow], dial)
    assert carrier.journal.calls == 20
    assert slow.lost > 0
    assert slow.lost + len(slow.kept) == 60


def test_the_bytes_that_wait_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap, "MOST_BYTES", 1)
    slow = Kept()
    slow.go.clear()

    async def dial(carrier: CarrierService) -> None:
        await calls(*(message(number) for number in range(5)))(carrier)
        slow.go.set()

    run([slow], dial)
    assert slow.lost + len(slow.kept) == 15
    assert slow.lost > 5


def test_one_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap, "PATIENCE", 0.05)
    slow = Kept()
    slow.go.clear()
    run([slow], calls(message()))
    assert slow.stuck
    slow.go.set()


def test_only_a_handful_is_taken_before_the_loop_has_its_turn() -> None:
    kept = Kept()
    kept.go.clear()

    async def dial(carrier: CarrierService) -> None:
        await calls(*(message(number) for number in range(60)))(carrier)
        kept.go.set()

    run([kept], dial)
    assert len(kept.kept) == 180
    assert kept.largest <= tap.AT_ONCE


def test_a_run_that_does_not_begin_leaves_no_thread() -> None:
    before = threading.active_count()

    scenario = run([], nobody).scenario

    async def main() -> None:
        kept = Kept()
        carrier = CarrierService(scenario)
        await kept.attach(carrier)
        await kept.finished(carrier, Findings())

    asyncio.run(main())
    assert threading.active_count() <= before


AUTHORIZED = message(1, "INVITE", 'Authorization: Digest username="a", response="secret"', "X: 1")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(AUTHORIZED, id="Authorization"),
        pytest.param(AUTHORIZED.replace(b"Authorization", b"proxy-AUTHORIZATION"), id="Proxy-Authorization"),
        pytest.param(AUTHORIZED.replace(b', response="', b',\r\n response="'), id="folded"),
        pytest.param(AUTHORIZED.replace(b"\r\n", b"\n"), id="bare line ends"),
        pytest.param(AUTHORIZED.replace(b', response="', b',\r\n response="').replace(b"\r\n", b"\n"), id="both"),
        pytest.param(AUTHORIZED + b"x" * 100_000, id="a long body"),
    ],
)
def test_credentials_are_taken_out_and_nothing_else(data: bytes) -> None:
    left = masked(data)
    assert b"secret" in data
    assert b"secret" not in left
    assert b"X: 1" in left
    assert left.count(b"x" * 100) == data.count(b"x" * 100)


def test_what_has_no_credentials_stays_as_it_is() -> None:
    for data in (message(), b"", b"\xff\0", b"no authorization here"):
        assert masked(data) == data


def test_a_socket_bound_to_all_addresses_is_named_by_the_one_on_the_way() -> None:
    for bound, peer, local in (("0.0.0.0", "127.0.0.1", "127.0.0.1"), ("::", "::1", "::1")):
        channel = Channel(Transport.UDP, (bound, 5060))
        assert passed_of("in", b"", channel, (peer, 9), 0.0).local == (local, 5060)


def test_a_response_over_a_connection_goes_to_its_peer_whatever_its_via_says() -> None:
    channel = Channel(Transport.TCP, CARRIER, DIALLER)
    told = passed_of("out", b"x", channel, ("192.0.2.9", 5060), 0.0)
    assert (told.local, told.remote, told.sent) == (CARRIER, DIALLER, True)
    back = turned(told)
    assert (back.local, back.remote, back.sent) == (DIALLER, CARRIER, False)
    assert turned(passed_of("in", b"x", UDP, DIALLER, 1.0)).sent


def test_a_message_waits_for_its_connection_to_stand() -> None:
    kept = Kept()
    made = Channel(Transport.TCP, ("127.0.0.1", 0), DIALLER)
    failed = Channel(Transport.TCP, ("127.0.0.1", 0), DIALLER)

    async def dial(carrier: CarrierService) -> None:
        kept._note("out", b"waits", made, DIALLER, 1.0)
        kept._note("out", b"never sent", failed, DIALLER, 1.0)
        kept._note("in", b"passes", UDP, DIALLER, 1.0)
        await until(lambda: len(kept._held) == 2, "both to be held back")
        made.local, failed.closed = ("127.0.0.1", 40_002), True

    run([kept], dial)
    assert [(one.data, one.local) for one, _ in kept.kept] == [
        (b"passes", CARRIER), (b"waits", ("127.0.0.1", 40_002))
    ]  # fmt: skip


def test_a_response_whose_connection_is_gone_is_told_with_the_one_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept()
    gone = Channel(Transport.TCP, CARRIER, DIALLER)
    gone.closed = True
    other = Channel(Transport.TCP, ("127.0.0.1", 40_003), ("127.0.0.1", 5070))
    asked = []

    def channel_for(self: Driver, transport: Transport, destination: tuple[str, int]) -> Channel:
        asked.append((transport, destination))
        if destination[1] == 9:
            raise ConnectionAbortedError
        return other

    monkeypatch.setattr(Driver, "channel_for", channel_for)

    async def dial(carrier: CarrierService) -> None:
        kept._note("out", b"response", gone, ("127.0.0.1", 5070), 1.0)
        kept._note("out", b"lost", gone, ("127.0.0.1", 9), 1.0)
        kept._note("in", b"request", gone, DIALLER, 1.0)

    run([kept], dial)
    assert asked == [(Transport.TCP, ("127.0.0.1", 5070)), (Transport.TCP, ("127.0.0.1", 9))]
    assert [channel for _, channel in kept.kept] == [other, gone, gone]


def test_over_tcp_from_a_real_connection() -> None:
    kept = Kept()

    async def dial(carrier: CarrierService) -> None:
        def call() -> None:
            with socket.create_connection(("127.0.0.1", carrier.addresses[0].port), 10) as line:
                line.sendall(message(transport="TCP"))
                line.recv(65536)

        await asyncio.to_thread(call)

    run([kept], dial, listen="tcp:127.0.0.1:0")
    told = [one for one, _ in kept.kept]
    assert [one.what for one in told] == ["INVITE", "403 Forbidden"]
    assert {one.transport for one in told} == {"TCP"}
    assert told[0].remote == told[1].remote
