"""The audio of calls over loopback: where it goes and where not, what it sounds like, and that no port is lost."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from array import array
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest

from simcarrier.media import rtcp, rtp
from simcarrier.media.digits import DigitReceiver, packets
from simcarrier.media.g711 import MU_LAW
from simcarrier.media.playback import PACKET
from simcarrier.net.media import MediaDesk
from simcarrier.net.stream import Stream
from simcarrier.net.udp import open_socket
from simcarrier.scenario.sounds import read_program

LOCAL = "127.0.0.1"


def free_range(pairs: int) -> tuple[int, int]:
    """So many pairs of ports that nobody has at the moment."""
    for low in range(21000 + Random().randrange(4000) * 2, 60000, 2 * pairs):
        taken: list[socket.socket] = []
        try:
            for port in range(low, low + 2 * pairs):
                taken += [open_socket(LOCAL, port, 4096)]
        except OSError:
            continue
        finally:
            for each in taken:
                each.close()
        return low, low + 2 * pairs - 1
    raise AssertionError("no ports")


@asynccontextmanager
async def desk(pairs: int = 4, **settings: Any) -> AsyncIterator[MediaDesk]:
    made = MediaDesk(
        asyncio.get_running_loop(),
        ports=free_range(pairs),
        rng=Random(1),
        wall=lambda now: now + 1_700_000_000,
        voice=lambda text: array("h", [1000] * 800),
        **settings,
    )
    try:
        yield made
    finally:
        made.close()
        assert (made.free, len(made), len(made.metronome)) == (pairs, 0, 0)
        assert made.counters.opened == made.counters.closed


class Peer:
    """A caller's RTP socket."""

    def __init__(self, host: str = LOCAL) -> None:
        while True:
            self.socket = open_socket(host, 0, 1 << 20)
            self.host, self.port = self.socket.getsockname()
            try:
                self.rtcp = open_socket(host, self.port + 1, 1 << 20)
                break
            except (OSError, OverflowError):
                self.socket.close()
        self.got: list[tuple[float, bytes]] = []
        self.sender = rtp.Sender(7, 65530, 4_294_967_000, 0)
        loop = asyncio.get_running_loop()
        loop.add_reader(self.socket, lambda: self.got.append((loop.time(), self.socket.recv(4096))))

    def sdp(self, *lines: str, formats: str = "0 101", port: int | None = None, host: str | None = None) -> bytes:
        body = [
            "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", f"c=IN IP4 {host or self.host}", "t=0 0",
            f"m=audio {self.port if port is None else port} RTP/AVP {formats}", "a=rtpmap:101 telephone-event/8000",
            *lines,
        ]  # fmt: skip
        return "".join(f"{line}\r\n" for line in body).encode()

    def send(self, stream: Stream, payload: bytes = b"\x11" * PACKET) -> None:
        self.socket.sendto(self.sender.packet(payload), (LOCAL, stream.port))

    @property
    def packets(self) -> list[rtp.Packet]:
        return [rtp.parse(data) for _, data in self.got]

    async def heard(self, count: int) -> list[rtp.Packet]:
        """Wait for so many packets."""
        async with asyncio.timeout(10):
            while len(self.got) < count:
                await asyncio.sleep(0.005)
        return self.packets

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.socket)
        self.socket.close()
        self.rtcp.close()


@asynccontextmanager
async def call(
    play: str | list[str] | None = "noise",
    peer_host: str = LOCAL,
    body: Callable[[Peer], bytes] = Peer.sdp,
    **settings: Any,
) -> AsyncIterator[tuple[MediaDesk, Stream, Peer]]:
    async with desk(**settings) as made:
        peer = Peer()
        stream = made.open(LOCAL, peer_host)
        assert stream is not None
        stream.described(body(peer))
        if play is not None:
            stream.play(read_program(play))
        try:
            yield made, stream, peer
        finally:
            stream.close()
            peer.close()


@pytest.mark.asyncio
async def test_a_stream_is_whole() -> None:
    async with call(["sit", "silence 100ms"]) as (made, stream, peer):
        heard = await peer.heard(55)
        await asyncio.sleep(0.1)
        assert len(peer.got) == 55, "a sound that ends is over"
    first = heard[0]
    assert [packet.marker for packet in heard] == [True] + [False] * 54
    assert [(packet.sequence - first.sequence) % 65536 for packet in heard] == list(range(55))
    assert [(packet.timestamp - first.timestamp) % (1 << 32) for packet in heard] == [n * PACKET for n in range(55)]
    assert {packet.payload_type for packet in heard} == {0}
    assert {packet.ssrc for packet in heard} == {first.ssrc}
    made_of = read_program(["sit", "silence 100ms"]).made(MU_LAW).playback
    assert [packet.payload for packet in heard] == list(made_of)
    assert made.metronome.pace.packets >= 55
    assert stream.sent == made.counters.sent == 55


@pytest.mark.asyncio
async def test_the_peers_law_and_number() -> None:
    async with call("silence", body=lambda peer: peer.sdp("a=rtpmap:96 PCMA/8000", formats="96 0")) as (_, _, peer):
        (packet, *_) = await peer.heard(1)
    assert (packet.payload_type, packet.payload) == (96, b"\xd5" * PACKET)


@pytest.mark.asyncio
async def test_digits() -> None:
    async with call(["silence 40ms", "digits 5#", "silence"]) as (_, _, peer):
        heard = await peer.heard(30)
    events = [packet for packet in heard if packet.payload_type == 101]
    receiver = DigitReceiver()
    digits = [digit for packet in events for digit in receiver.packet(packet, 0.0)]
    assert [(digit.digit, digit.duration, digit.complete) for digit in digits] == [("5", 800, True), ("#", 800, True)]
    first = heard[0]
    assert (events[0].timestamp - first.timestamp) % (1 << 32) == 2 * PACKET
    assert [(packet.sequence - first.sequence) % 65536 for packet in heard] == list(range(len(heard)))
    after = next(packet for packet in heard[heard.index(events[-1]) :] if packet.payload_type == 0)
    assert after.marker
    assert (after.timestamp - first.timestamp) // PACKET == heard.index(after), "time has gone on by the beat"


@pytest.mark.asyncio
async def test_digits_for_who_takes_none_are_silence() -> None:
    async with call("digits 1", body=lambda peer: peer.sdp(formats="0")) as (_, _, peer):
        assert {packet.payload for packet in await peer.heard(10)} == {b"\xff" * PACKET}


@pytest.mark.asyncio
async def test_an_echo() -> None:
    async with call("echo") as (_, stream, peer):
        await peer.heard(2)
        for at in range(5):
            peer.send(stream, bytes([at]) * PACKET)
            await asyncio.sleep(0.02)
        await peer.heard(12)
        said = [packet.payload[0] for packet in peer.packets if packet.payload[0] != 0xFF]
        assert said == [0, 1, 2, 3, 4]
        assert stream.reception is not None
        assert (stream.reception.received, stream.reception.lost) == (4, 0), "the first is on probation"


@pytest.mark.asyncio
async def test_digits_that_come() -> None:
    async with call(None) as (_, stream, peer):
        for packet in packets("42", length=0.04):
            begin = 1000 + packet.offset
            data = peer.sender.other(packet.payload, 101, timestamp=begin, marker=packet.marker)
            peer.socket.sendto(data, (LOCAL, stream.port))
        await asyncio.sleep(0.05)
        assert [digit.digit for digit in stream.digits] == ["4", "2"]
        assert peer.got == []


# Where it goes

NEVER: dict[str, Any] = {"send_first": "never"}


@pytest.mark.asyncio
async def test_nothing_goes_before_the_caller_has_sent() -> None:
    async with call("sit", **NEVER) as (made, stream, peer):
        await asyncio.sleep(0.1)
        stranger = Peer()
        stranger.send(stream)
        peer.socket.sendto(b"not RTP at all, but long enough", (LOCAL, stream.port))
        await asyncio.sleep(0.1)
        stranger.close()
        assert (peer.got, stranger.got) == ([], [])
        assert (made.counters.strangers, made.counters.not_rtp, made.counters.sent) == (1, 1, 0)
        peer.send(stream)
        heard = await peer.heard(50)
        assert heard[0].marker
        assert [packet.payload for packet in heard] == list(read_program("sit").made(MU_LAW).playback), "from its begin"


@pytest.mark.parametrize(
    ("peer_host", "host", "settings", "goes"),
    [
        (LOCAL, "127.0.0.1", {}, True),
        (LOCAL, "127.0.0.2", {}, False),
        (LOCAL, "127.0.0.2", {"send_first": "always"}, False),
        (LOCAL, "127.0.0.2", {"networks": [ipaddress.ip_network("127.0.0.0/24")]}, True),
        (LOCAL, "192.0.2.1", {"networks": [ipaddress.ip_network("127.0.0.0/24")]}, False),
        ("192.0.2.1", "192.0.2.1", {}, False),
        ("192.0.2.1", "192.0.2.1", {"send_first": "always"}, True),
        ("192.0.2.1", "127.0.0.1", {}, False),
        ("::ffff:127.0.0.1", "127.0.0.1", {}, True),
        (LOCAL, "0.0.0.0", {"send_first": "always"}, False),
        (LOCAL, "255.255.255.255", {"send_first": "always"}, False),
        (LOCAL, "caller.example", {"send_first": "always"}, False),
    ],
)
@pytest.mark.asyncio
async def test_the_address_decides(peer_host: str, host: str, settings: dict[str, Any], goes: bool) -> None:
    async with call("noise", peer_host, lambda peer: peer.sdp(host=host), **settings) as (made, stream, _):
        await asyncio.sleep(0.07)
        # 192.0.2.1 cannot be reached from 127.0.0.1: that it was tried is what counts.
        assert (made.counters.sent + made.counters.unsent > 0) is goes
        assert stream.port % 2 == 0


@pytest.mark.asyncio
async def test_hold_and_back() -> None:
    async with call("noise") as (_, stream, peer):
        await peer.heard(5)
        stream.described(peer.sdp("a=sendonly"))
        await asyncio.sleep(0.05)
        held = len(peer.got)
        await asyncio.sleep(0.1)
        assert len(peer.got) == held
        stream.described(peer.sdp())
        heard = await peer.heard(held + 5)
        before, after = heard[held - 1], heard[held]
        assert after.marker
        assert after.sequence == (before.sequence + 1) % 65536
        silent = (after.timestamp - before.timestamp) % (1 << 32)
        assert silent % PACKET == 0
        assert 5 <= silent // PACKET <= 20


@pytest.mark.asyncio
async def test_a_new_address_has_to_prove_itself() -> None:
    async with call("noise", **NEVER) as (_, stream, peer):
        peer.send(stream)
        await peer.heard(3)
        other = Peer()
        stream.described(other.sdp())
        await asyncio.sleep(0.02)
        count = len(peer.got)
        await asyncio.sleep(0.08)
        assert (len(peer.got), other.got) == (count, [])
        other.send(stream)
        await other.heard(3)
        stream.described(other.sdp(host="0.0.0.0"))
        await asyncio.sleep(0.06)
        stream.described(other.sdp())
        other.send(stream)
        heard = await other.heard(6)
        again = next(at for at, packet in enumerate(heard) if at and packet.marker)
        gap = (heard[again].timestamp - heard[again - 1].timestamp) % (1 << 32)
        assert gap >= 3 * PACKET, "time went on while it was on hold in the old way"
        stream.described(other.sdp(port=0))
        await asyncio.sleep(0.03)
        count = len(other.got)
        await asyncio.sleep(0.08)
        assert len(other.got) == count
        other.close()


@pytest.mark.asyncio
async def test_one_sound_after_another() -> None:
    async with call("silence 60ms") as (_, stream, peer):
        await peer.heard(3)
        await asyncio.sleep(0.1)
        stream.play(read_program("noise"))
        heard = await peer.heard(6)
        assert [packet.marker for packet in heard[:5]] == [True, False, False, True, False]
        assert heard[3].sequence == (heard[2].sequence + 1) % 65536
        assert 3 <= ((heard[3].timestamp - heard[2].timestamp) % (1 << 32)) // PACKET <= 20
        stream.play(read_program("nothing"))
        count = len(peer.got)
        await asyncio.sleep(0.08)
        assert len(peer.got) <= count + 1


@pytest.mark.asyncio
async def test_reports_and_a_farewell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simcarrier.net.reports.INTERVAL", 0.08)
    async with call("noise") as (made, stream, peer):
        for _ in range(3):
            peer.send(stream)
        report = rtcp.SenderReport(7, rtcp.ntp_of(1_700_000_000.0), 0, 3, 480)
        peer.rtcp.sendto(rtcp.compound(report, rtcp.described(7, "peer")), (LOCAL, stream.port + 1))
        peer.rtcp.sendto(b"\x80\xc8no report", (LOCAL, stream.port + 1))
        (first, *_) = await peer.heard(15)
        stream.close()
        assert made.counters.not_rtp == 1
        compounds = []
        while True:
            try:
                compounds.append(rtcp.parse(peer.rtcp.recv(2048)))
            except BlockingIOError:
                break
    assert len(compounds) >= 2
    report, named = compounds[-1][:2]  # type: ignore[assignment]  # checked below
    assert isinstance(report, rtcp.SenderReport)
    assert (report.ssrc, report.packets, report.octets) == (first.ssrc, len(peer.got), len(peer.got) * PACKET)
    assert report.blocks[0].ssrc == 7
    assert report.blocks[0].last_sr
    assert isinstance(named, rtcp.Description)
    assert named.cname(first.ssrc)
    assert compounds[-1][2] == rtcp.Bye((first.ssrc,))
    assert all(len(compound) == 2 for compound in compounds[:-1])


@pytest.mark.asyncio
async def test_whatever_arrives() -> None:
    chance = Random(3)
    async with call("echo") as (made, stream, peer):
        for size in [0, 1, 11, 12, 500, 2047, 2048, 5000, *range(40)]:
            peer.socket.sendto(chance.randbytes(size), (LOCAL, stream.port))
            peer.socket.sendto((b"\x80\x00" + chance.randbytes(size))[:size], (LOCAL, stream.port))
            await asyncio.sleep(0)
        peer.socket.sendto(rtp.Sender(1, 1, 1, 101).packet(b"no event"), (LOCAL, stream.port))
        await asyncio.sleep(0.05)
        await peer.heard(3)
        assert made.counters.not_rtp > 0
        assert all(len(packet.payload) <= 480 for packet in peer.packets)


# Ports


@pytest.mark.asyncio
async def test_no_port_is_lost_in_ten_thousand_calls() -> None:
    async with desk(pairs=3) as made:
        program = read_program("sit")
        host = f"c=IN IP4 {LOCAL}"
        body = f"v=0\r\no=- 1 1 IN IP4 {LOCAL}\r\ns=-\r\n{host}\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n".encode()
        for at in range(10_000):
            stream = made.open(LOCAL, LOCAL)
            assert stream is not None
            if at % 10 == 0:
                stream.described(b"nonsense" if at % 20 else body)
                stream.play(program)
            stream.close()
            stream.close()
        assert (made.free, made.counters.opened, made.counters.closed) == (3, 10_000, 10_000)


@pytest.mark.asyncio
async def test_a_full_range_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async with desk(pairs=2) as made:
        one, two = made.open(LOCAL, LOCAL), made.open(LOCAL, LOCAL)
        assert one is not None
        assert two is not None
        assert made.open(LOCAL, LOCAL) is made.open(LOCAL, LOCAL) is None
        assert made.counters.without == 2
        assert [record.getMessage() for record in caplog.records] == [
            "all 2 pairs of ports for media are in use: calls go on without media"
        ]
        one.close()
        three = made.open(LOCAL, LOCAL)
        assert three is not None
        assert three.port == one.port
        assert made.open("192.0.2.77", LOCAL) is None, "no address of this machine"
