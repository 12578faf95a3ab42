"""What the shipped scenarios play is heard over loopback and told by an ear; tshark finds the stream whole."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from simcarrier.media import rtp
from simcarrier.media.ears import Ears
from simcarrier.media.g711 import A_LAW
from simcarrier.records.pcap import pcap_of
from simcarrier.records.transcript import Passed

from .harness import Carrier, peer
from .ladder import ACK, BYE, INVITE, Pause, got
from .sipp import Sipp

pytestmark = pytest.mark.interop
Start = Callable[..., Carrier]
LOCAL = "127.0.0.1"


class Caller:
    """A caller with ears: an INVITE by hand, and a socket for RTP."""

    def __init__(self, carrier: str, number: str, *lines: str) -> None:
        self._host, _, port = carrier.rpartition(":")
        self._carrier = (self._host, int(port))
        self._sip = self._socket()
        self._rtp = self._socket()
        self._number = number
        self.here = self._sip.getsockname()
        self.port = self._rtp.getsockname()[1]
        self.codes: list[int] = []
        self.arrived: list[tuple[float, bytes]] = []
        self.there = (LOCAL, 0)
        self._tag = ""
        offer = (
            "v=0", f"o=- 1 1 IN IP4 {LOCAL}", "s=-", f"c=IN IP4 {LOCAL}", "t=0 0", f"m=audio {self.port} RTP/AVP 8 101",
            "a=rtpmap:101 telephone-event/8000", *lines,
        )  # fmt: skip
        body = "".join(f"{line}\r\n" for line in offer)
        self._send("INVITE", 1, body)

    @staticmethod
    def _socket() -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind((LOCAL, 0))
        made.settimeout(0.005)
        return made

    def _send(self, method: str, number: int, body: str = "") -> None:
        user, (host, port) = self._number, self.here
        head = [
            f"{method} sip:{user}@{self._host} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{method}{number}",
            "Max-Forwards: 70",
            f"From: <sip:+4940999@{host}>;tag=1",
            f"To: <sip:{user}@{self._host}>{self._tag}",
            f"Call-ID: {port}-{self.port}@{host}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:{host}:{port}>",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self._sip.sendto(("\r\n".join(head) + "\r\n\r\n" + body).encode(), self._carrier)

    def listen(self, seconds: float, say: bytes = b"") -> None:
        """Take what comes for a while, and say something every 20 ms; ends at a final response that refuses."""
        sender = rtp.Sender(9, 100, 1000, 8)
        until, next_word = time.monotonic() + seconds, 0.0
        while time.monotonic() < until and not (self.codes and self.codes[-1] >= 300):
            if say and self.there[1] and time.monotonic() >= next_word:
                self._rtp.sendto(sender.packet(say), self.there)
                next_word = time.monotonic() + 0.02
            try:
                self.arrived.append((time.time(), self._rtp.recv(2048)))
                continue
            except TimeoutError:
                pass
            with suppress(TimeoutError):
                self._take(self._sip.recv(65536).decode())

    def _take(self, message: str) -> None:
        found = re.match(r"SIP/2.0 (\d+)", message)
        if found is None:
            return
        code = int(found[1])
        self._tag = ";tag=" + found_tag[1] if (found_tag := re.search(r"\nTo: .*;tag=([^\r;]+)", message)) else ""
        if (media := re.search(r"\nm=audio (\d+)", message)) is not None:
            self.there = (LOCAL, int(media[1]))
        if code not in self.codes:
            self.codes.append(code)
        if code >= 200 and "1 INVITE" in message:
            self._send("ACK", 1)

    @property
    def heard(self) -> list[str]:
        """What an ear makes of it."""
        ears = Ears()
        for at, data in self.arrived:
            ears.hear(rtp.parse(data), now=at)
        return [str(each) for each in ears.heard(final=True)]

    def capture(self, path: Path) -> None:
        """The packets as they came, for tshark."""
        here = (LOCAL, self.port)
        path.write_bytes(pcap_of(Passed(at, False, "UDP", here, self.there, data) for at, data in self.arrived))

    def close(self) -> None:
        """Hang up, if the call is up."""
        if 200 in self.codes:
            self._send("BYE", 2)
        self._sip.close()
        self._rtp.close()


@contextmanager
def calling(carrier: Carrier, number: str, *lines: str) -> Iterator[Caller]:
    caller = Caller(carrier.address, number, *lines)
    try:
        yield caller
    finally:
        caller.close()


@pytest.mark.parametrize(
    ("digit", "tone", "code"),
    [("1", "SIT (VC)", 480), ("3", "SIT (NC'')", 503)],
)
def test_special_information_tones(carrier: Start, digit: str, tone: str, code: int) -> None:
    called = carrier("early-media-sit")
    with calling(called, f"+1212555012{digit}") as caller:
        caller.listen(6)
        assert caller.codes == [100, 183, code]
        assert tone in caller.heard


def test_a_tone_and_busy(carrier: Start) -> None:
    called = carrier("early-media-sit")
    with calling(called, "+4930123450") as caller:
        caller.listen(8)
        assert caller.codes == [100, 183, 480]
        tone, pause, busy = caller.heard
        assert (tone, pause) == ("SIT (ITU)", "silence")
        assert busy.startswith("busy (ITU")


def test_ringback(carrier: Start, tmp_path: Path) -> None:
    called = carrier("ringback")
    with calling(called, "+442012345678") as caller:
        caller.listen(7)
        assert caller.codes == [100, 183, 200]
        (ringing, *_) = caller.heard
        assert ringing.startswith("ringback")
        assert "GB" in ringing
        caller.capture(tmp_path / "ringback.pcap")
        whole(tmp_path / "ringback.pcap", caller.port, at_least=300)


def whole(path: Path, port: int, at_least: int) -> float:
    """tshark's RTP analysis: nothing lost, nothing out of order; gives the mean jitter in ms, which is stated."""
    done = subprocess.run(
        [peer("tshark"), "-n", "-q", "-r", str(path), "-d", f"udp.port=={port},rtp", "-z", "rtp,streams"],
        capture_output=True, text=True, timeout=50, check=True,
    )  # fmt: skip
    (row,) = [line for line in done.stdout.splitlines() if "0x" in line]
    found = re.search(
        r"0x[0-9A-F]{8}\s+(?:g711A|\S+.*?)\s+(\d+)\s+(-?\d+) \((-?[\d.]+)%\)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+"
        r"([\d.]+)\s+([\d.]+)\s+([\d.]+)",
        row,
    )
    assert found is not None, done.stdout
    assert int(found[1]) >= at_least
    assert int(found[2]) == 0, row
    jitter = float(found[8])
    print(f"mean jitter {jitter} ms, largest {found[9]} ms: {row.strip()}")
    faults = subprocess.run(
        [
            peer("tshark"), "-n", "-r", str(path), "-d", f"udp.port=={port},rtp", "-T", "fields",
            "-e", "rtp.seq", "-e", "rtp.timestamp", "-e", "rtp.marker", "-e", "_ws.malformed",
        ],
        capture_output=True, text=True, timeout=50, check=True,
    )  # fmt: skip
    rows = [line.split("\t") for line in faults.stdout.splitlines()]
    numbers = [int(row[0]) for row in rows]
    assert [(n - numbers[0]) % 65536 for n in numbers] == list(range(len(numbers)))
    assert not any(row[3] for row in rows)
    assert jitter < 20, "a packet's time: the machine is far too busy, or the timer is broken"
    return jitter


def test_an_announcement_before_608(carrier: Start) -> None:
    called = carrier("announcement-608")
    with calling(called, "+12125550123") as caller:
        caller.listen(25)
        assert caller.codes == [100, 183, 608]
        tone, *words = caller.heard
        assert tone == "SIT (ITU)"
        if shutil.which("espeak-ng"):
            assert "speech or other sound" in words


@pytest.mark.parametrize(
    ("digit", "seconds", "packets", "heard"),
    [("1", 1.5, range(1), []), ("2", 4.5, range(140, 152), ["silence"]), ("3", 1.5, range(50, 76), ["silence"])],
)
def test_one_way_audio(carrier: Start, digit: str, seconds: float, packets: range, heard: list[str]) -> None:
    called = carrier("one-way-audio")
    with calling(called, f"+493012345{digit}") as caller:
        caller.listen(seconds, b"\x12" * 160)
        assert caller.codes == [100, 200]
        assert len(caller.arrived) in packets
        assert caller.heard == heard


def test_an_echo(carrier: Start) -> None:
    called = carrier("one-way-audio")
    with calling(called, "+4930123450") as caller:
        caller.listen(1.5, b"\x12" * 160)
        payloads = [rtp.parse(data).payload for _, data in caller.arrived]
        assert payloads.count(b"\x12" * 160) > 30
        assert set(payloads) <= {b"\x12" * 160, bytes([A_LAW.silence]) * 160}


def test_a_caller_on_hold_hears_nothing(carrier: Start) -> None:
    called = carrier("ringback")
    with calling(called, "+4930123456", "a=sendonly") as caller:
        caller.listen(1)
        assert caller.codes == [100, 183]
        assert caller.arrived == []


def test_sipp_goes_through_each(carrier: Start, sipp: Sipp) -> None:
    trying, early = got(100, "Trying"), got(183, "Session Progress", sdp=True)
    called = carrier("one-way-audio")
    sipp.call([INVITE, trying, got(200, "OK", sdp=True), ACK, Pause(0.3), BYE, got(200, "OK")], called.address)
    called = carrier("early-media-sit")
    sipp.call([INVITE, trying, early, got(480, sdp=False), ACK], called.address, to="+49301234561")
