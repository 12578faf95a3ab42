"""Messages to a collector: all of them, with the key and the number; and none that could hold up a call."""

from __future__ import annotations

import asyncio
import errno
import re
import socket
import threading

import pytest

from simcarrier.artefacts import hep
from simcarrier.artefacts.hep import KEY_VARIABLE, Collector, Hep
from simcarrier.attachment import CannotAttach
from simcarrier.records.hep import LARGEST_PACKET, Captured, read_hep
from simcarrier.service import CarrierService
from tests.artefacts.kit import UDP, calls, message, nobody, passed, run


@pytest.fixture
def collector() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(10)
    return sock


def at(sock: socket.socket, transport: str = "udp") -> Collector:
    return Collector(transport, "127.0.0.1", sock.getsockname()[1])


def test_over_udp(collector: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "a key")
    with collector:
        carrier = run([Hep(at(collector), 7)], calls(message(1, "INVITE", "Authorization: Digest secret")))
        told = [read_hep(collector.recv(65536)) for _ in range(3)]
    (record,) = carrier.journal.recent
    own = ("127.0.0.1", carrier.addresses[0].port)
    assert [one.payload[:11] for one in told] == [b"INVITE sip:", b"SIP/2.0 403", b"ACK sip:+49"]
    assert [(one.source, one.destination) for one in told] == [
        (record.source, own), (own, record.source), (record.source, own)
    ]  # fmt: skip
    assert {(one.protocol, one.agent, one.key) for one in told} == {("UDP", 7, b"a key")}
    assert told[0].at == pytest.approx(record.started, abs=0.001)
    assert not [one for one in told if b"secret" in one.payload]


class Listener:
    """A collector over TCP, for some connections one after the other."""

    def __init__(self) -> None:
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # for its connections
        self.sock.settimeout(10)
        self.data = b""

    def collect(self) -> None:
        line, _ = self.sock.accept()
        with line:
            line.settimeout(10)
            while data := line.recv(65536):
                self.data += data

    def packets(self) -> list[Captured]:
        found, data = [], self.data
        while data:
            length = int.from_bytes(data[4:6], "big")
            found.append(read_hep(data[:length]))
            data = data[length:]
        return found


def test_over_tcp() -> None:
    listener = Listener()
    thread = threading.Thread(target=listener.collect)
    thread.start()
    with listener.sock:
        run([Hep(at(listener.sock, "tcp"))], calls(message(1), message(2)))
        thread.join(10)
    assert len(listener.packets()) == 6
    assert {(one.agent, one.key) for one in listener.packets()} == {(2001, b"")}


def test_a_collector_that_is_not_there_is_told_over_tcp_before_the_run(collector: socket.socket) -> None:
    with collector, pytest.raises(CannotAttach, match=r"HEP cannot be sent to tcp:127\.0\.0\.1:\d+: .*refused"):
        run([Hep(at(collector, "tcp"))], nobody)


def test_a_name_that_is_not_known_is_told_before_the_run() -> None:
    with pytest.raises(CannotAttach, match=r"HEP cannot be sent to udp:nowhere\.invalid:9060: "):
        run([Hep(Collector("udp", "nowhere.invalid", 9060))], nobody)


def test_a_name_that_no_resolver_takes() -> None:
    with pytest.raises(CannotAttach, match="HEP cannot be sent to"):
        run([Hep(Collector("udp", "x" * 70, 9060))], nobody)


def test_nobody_at_the_port_costs_no_call_and_is_told(
    collector: socket.socket, capsys: pytest.CaptureFixture[str]
) -> None:
    where = at(collector)
    collector.close()
    carrier = run([Hep(where)], calls(*(message(number) for number in range(5))))
    assert carrier.journal.calls == 5
    told = capsys.readouterr().err.splitlines()
    assert told[0] == f"simcarrier: HEP to {where}: Connection refused; calls go on, what is lost is counted"
    assert "messages were not sent: Connection refused" in told[1]
    assert len(told) == 2


def test_a_full_buffer_loses_a_packet_and_goes_on(
    collector: socket.socket, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Full:
        sent = 0

        def send(self, packet: bytes) -> int:
            self.sent += 1
            if self.sent == 2:
                raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
            return len(packet)

        def close(self) -> None:
            pass

    full = Full()
    monkeypatch.setattr(Hep, "_connected", lambda self: full)
    with collector:
        run([Hep(at(collector))], calls(message(1), message(2)))
    assert full.sent == 6
    assert "1 messages were not sent: Resource temporarily unavailable" in capsys.readouterr().err


def test_a_connection_that_breaks_is_made_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hep, "AGAIN", 0.0)
    listener = Listener()

    def close_the_first_and_collect_the_second() -> None:
        line, _ = listener.sock.accept()
        line.recv(1)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
        line.close()
        listener.collect()

    thread = threading.Thread(target=close_the_first_and_collect_the_second)
    thread.start()

    async def dial(carrier: CarrierService) -> None:
        for number in range(20):
            await calls(message(number))(carrier)
            await asyncio.sleep(0.02)

    with listener.sock:
        carrier = run([Hep(at(listener.sock, "tcp"))], dial)
        thread.join(10)
    assert carrier.journal.calls == 20
    told = re.findall(r"(\d+) messages were not sent: Connection reset by peer", capsys.readouterr().err)
    # What the system had taken before it knew is lost without a word.
    assert 0 < len(listener.packets()) <= 60 - int(told[0]) < 60


def test_a_collector_that_takes_nothing_costs_no_call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hep, "SEND", 0.05)
    listener = Listener()
    long = [f"X-Long-{number}: {'x' * 900}" for number in range(12)]

    async def dial(carrier: CarrierService) -> None:
        for number in range(12):
            await calls(*(message(number * 30 + one, "INVITE", *long) for one in range(30)))(carrier)

    with listener.sock:
        carrier = run([Hep(at(listener.sock, "tcp"))], dial)
    assert carrier.journal.calls == 360
    assert "it does not take them in time" in capsys.readouterr().err


def test_a_message_that_no_packet_holds_is_counted(
    collector: socket.socket, capsys: pytest.CaptureFixture[str]
) -> None:
    sender = Hep(at(collector))

    async def dial(carrier: CarrierService) -> None:
        sender.take([(passed(b"x" * LARGEST_PACKET), UDP), (passed(b"short"), UDP)])

    with collector:
        run([sender], dial)
        assert read_hep(collector.recv(65536)).payload == b"short"
    assert "1 messages were not sent: too long" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("udp:127.0.0.1:9060", "udp:127.0.0.1:9060"),
        ("TCP:homer.example:1", "tcp:homer.example:1"),
        ("udp:[::1]:9061", "udp:[::1]:9061"),
        ("udp:[::1]", "udp:[::1]:9060"),
        ("udp:homer", "udp:homer:9060"),
    ],
)
def test_addresses_of_collectors(text: str, told: str) -> None:
    assert str(Collector.parse(text)) == told


@pytest.mark.parametrize(
    "text",
    [
        *("", "udp", "udp:", "127.0.0.1:9060", "tls:a:1", "udp:a:0", "udp:a:65536", "udp:a:x", "udp:[::1", "udp:[a]:1"),
        *("udp:a b:1", "udp:a\x1b:1", "udp:[::1]9060", "udp:::1:9060", "udp:a:1:2", "udp:a:١"),
    ],
)
def test_what_is_no_address_of_a_collector(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        Collector.parse(text)
