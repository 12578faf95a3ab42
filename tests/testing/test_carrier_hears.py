"""What a test with the fixture can assert of a call's audio: digits, and what went and came."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from simcarrier.media import digits, rtp
from simcarrier.testing import RunningCarrier
from simcarrier.testing.fixture.report import story

LOCAL = "127.0.0.1"
SCENARIO = """
name: a menu
carrier: {media: {}}
calls:
  - {to: +491*, steps: [answer, {play: ["digits 7", silence]}, {hang_up: 1m}]}
  - {to: +492*, steps: [answer, {hang_up: 1m}]}
"""


def bound() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((LOCAL, 0))
    made.settimeout(5)
    return made


class Caller:
    """An answered call, by hand; `there` is where its audio is to go."""

    def __init__(self, carrier: RunningCarrier, number: str, host: str = LOCAL) -> None:
        self._carrier, self._number = (carrier.host, carrier.port), number
        self._sip, self.rtp = bound(), bound()
        self._tag = ""
        self._sender = rtp.Sender(5, 1, 1, 101)
        body = (
            f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            f"m=audio {self.rtp.getsockname()[1]} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
        )
        answer = self._ask("INVITE", 1, body)
        (port,) = re.findall(r"\nm=audio (\d+)", answer)
        (self._tag,) = re.findall(r"\nTo: .*(;tag=[^\r;]+)", answer)
        self.there = (LOCAL, int(port))
        self._send("ACK", 1)

    def _send(self, method: str, number: int, body: str = "") -> None:
        host, port = self._sip.getsockname()
        head = [
            f"{method} sip:{self._number}@{LOCAL} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{method}",
            "Max-Forwards: 70",
            f"From: <sip:+4940@{host}>;tag=1",
            f"To: <sip:{self._number}@{LOCAL}>{self._tag}",
            f"Call-ID: {port}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:{host}:{port}>",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self._sip.sendto(("\r\n".join(head) + "\r\n\r\n" + body).encode(), self._carrier)

    def _ask(self, method: str, number: int, body: str = "") -> str:
        """Send a request and wait for its 200."""
        self._send(method, number, body)
        while not (answer := self._sip.recv(65536).decode()).startswith("SIP/2.0 200"):
            pass
        return answer

    def dial(self, said: str, by: socket.socket | None = None, begin: int = 0) -> None:
        """Send digits, all at once."""
        for packet in digits.packets(said):
            data = self._sender.other(packet.payload, 101, timestamp=begin + packet.offset, marker=packet.marker)
            (by or self.rtp).sendto(data, self.there)

    def listen(self, packets: int) -> None:
        """Take so many packets of audio."""
        for _ in range(packets):
            self.rtp.recv(2048)

    def hang_up(self) -> None:
        """BYE."""
        self._ask("BYE", 2)

    def close(self) -> None:
        self._sip.close()
        self.rtp.close()


@contextmanager
def calling(carrier: RunningCarrier, number: str, host: str = LOCAL) -> Iterator[Caller]:
    caller = Caller(carrier, number, host)
    try:
        yield caller
    finally:
        caller.close()


def test_digits_are_asserted() -> None:
    with RunningCarrier(SCENARIO) as carrier, calling(carrier, "+491") as caller:
        caller.dial("1234#")
        caller.listen(12)
        (so_far,) = carrier.open_calls
        caller.dial("5", begin=100_000)
        caller.hang_up()
        (call,) = carrier.calls
        assert "; digits 1234#5; digits sent 7 [" in story(carrier)
    assert (so_far.digits, call.digits) == ("1234#", "1234#5"), "what was sent just before the BYE counts, too"
    assert call.media is not None
    assert call.media.digits_sent == "7"
    assert (call.media.sent >= 12, call.media.received > 30, call.media.lost) == (True, True, 0)


def test_one_way_audio_is_told() -> None:
    with RunningCarrier(SCENARIO) as carrier:
        with calling(carrier, "+491") as caller, bound() as other:
            caller.dial("1", by=other)
            caller.listen(1)
            caller.hang_up()
        with calling(carrier, "+492", host="127.0.0.2") as caller:
            caller.hang_up()
        elsewhere, withheld = carrier.calls
    assert elsewhere.media is not None
    assert (elsewhere.media.sent > 0, elsewhere.media.received, elsewhere.media.strangers) == (True, 0, 7)
    assert elsewhere.digits == ""
    assert withheld.media is not None
    assert (withheld.media.sent, withheld.media.received, withheld.media.withheld) == (0, 0, True)


def test_a_carrier_without_audio_tells_nothing_of_it() -> None:
    with RunningCarrier("name: x\ncalls: [{steps: [answer, {hang_up: 1m}]}]") as carrier:
        with calling(carrier, "+491") as caller:
            caller.hang_up()
        (call,) = carrier.calls
    assert (call.media, call.digits) == (None, "")
