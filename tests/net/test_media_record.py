"""What a stream tells of itself, and the reports of one that plays nothing, on a clock that is set by hand."""

from __future__ import annotations

import socket
from array import array
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from simcarrier.media import rtcp, rtp
from simcarrier.media.digits import packets
from simcarrier.media.playback import PACKET
from simcarrier.media.reception import ReportBlock
from simcarrier.net.media import MediaDesk
from simcarrier.net.stream import Stream
from simcarrier.net.udp import open_socket
from simcarrier.records.media import MediaRecord
from simcarrier.scenario.sounds import read_program
from tests.net.test_beat import FakeLoop
from tests.net.test_media import LOCAL, free_range


class Loop(FakeLoop):
    """Readers are woken by hand, too: loopback delivers at once."""

    def __init__(self) -> None:
        super().__init__()
        self.readers: dict[Any, Callable[[], None]] = {}

    def add_reader(self, read: Any, callback: Callable[[], None]) -> None:
        self.readers[read] = callback

    def remove_reader(self, read: Any) -> None:
        del self.readers[read]


class Call:
    """A stream and its peer."""

    def __init__(self, **settings: Any) -> None:
        self.loop = Loop()
        self.desk = MediaDesk(
            self.loop,  # type: ignore[arg-type]  # all of a loop that it uses
            ports=free_range(1),
            rng=Random(1),
            wall=lambda now: now + 1_700_000_000,
            voice=lambda text: array("h"),
            **settings,
        )
        low, _ = free_range(1)
        self.rtp, self.rtcp = open_socket(LOCAL, low, 1 << 20), open_socket(LOCAL, low + 1, 1 << 20)
        self.sender = rtp.Sender(7, 65530, 4_294_967_000, 0)
        stream = self.desk.open(LOCAL, LOCAL)
        assert stream is not None
        self.stream: Stream = stream
        self.describe()

    def describe(self, *lines: str, host: str = LOCAL) -> None:
        body = [
            "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", f"c=IN IP4 {host}", "t=0 0",
            f"m=audio {self.rtp.getsockname()[1]} RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000", *lines,
        ]  # fmt: skip
        self.stream.described("".join(f"{line}\r\n" for line in body).encode())

    def send(self, data: bytes, by: socket.socket | None = None) -> None:
        (by or self.rtp).sendto(data, (LOCAL, self.stream.port))
        for read in tuple(self.loop.readers.values()):
            read()

    def speak(self, seconds: float, left_out: tuple[int, ...] = ()) -> None:
        """A packet every 20 ms, but for some."""
        for at in range(round(seconds / 0.02)):
            self.loop.run(self.loop.now + 0.02)
            data = self.sender.packet(b"\x11" * PACKET)
            if at not in left_out:
                self.send(data)

    def report(self, *blocks: ReportBlock) -> None:
        """The peer's RTCP."""
        data = rtcp.compound(rtcp.ReceiverReport(7, blocks), rtcp.described(7, "peer"))
        self.rtcp.sendto(data, (LOCAL, self.stream.port + 1))

    @property
    def reports(self) -> list[tuple[rtcp.Report, ...]]:
        """The RTCP that has come."""
        found = []
        while True:
            try:
                found.append(rtcp.parse(self.rtcp.recv(2048)))
            except BlockingIOError:
                return found

    def heard(self) -> list[rtp.Packet]:
        found = []
        while True:
            try:
                found.append(rtp.parse(self.rtp.recv(2048)))
            except BlockingIOError:
                return found

    def play(self, what: str) -> None:
        self.stream.play(read_program(what))

    def close(self) -> None:
        self.desk.close()
        self.rtp.close()
        self.rtcp.close()


@pytest.fixture
def call() -> Iterator[Call]:
    made = Call()
    yield made
    made.close()


# Reports


def test_who_plays_nothing_reports_what_it_receives(call: Call) -> None:
    call.speak(60, left_out=(500, 501))
    told = call.reports
    assert 8 <= len(told) <= 20, "every 2.5 to 7.5 s"
    assert {type(report) for report, _ in told} == {rtcp.ReceiverReport}
    last = told[-1][0]
    assert isinstance(last, rtcp.ReceiverReport)
    assert (last.blocks[0].ssrc, last.blocks[0].lost) == (7, 2)
    assert isinstance(told[0][1], rtcp.Description)
    assert call.heard() == []
    assert call.loop.calls == [], "no timer for it"
    call.stream.close()
    ((report, _, bye),) = call.reports
    assert isinstance(report, rtcp.ReceiverReport)
    assert bye == rtcp.Bye((report.ssrc,))


def test_who_hears_nothing_and_plays_nothing_says_nothing(call: Call) -> None:
    call.loop.run(60)
    call.stream.close()
    assert call.reports == []


def test_a_stranger_is_told_nothing(call: Call) -> None:
    other = open_socket(LOCAL, 0, 1 << 16)
    call.loop.run(30)
    call.send(call.sender.packet(b"\x11" * PACKET), by=other)
    other.close()
    assert call.reports == []
    assert call.stream.record() == MediaRecord(strangers=1)


def test_who_has_fallen_silent_is_a_sender_for_two_reports_more(call: Call) -> None:
    call.play("noise")
    call.loop.run(1)
    call.stream.stop()
    last = call.heard()[-1]
    began = call.loop.now
    call.speak(30)
    told = [report for report, _ in call.reports]
    kinds = [type(report) for report in told]
    assert kinds[:2] == [rtcp.SenderReport] * 2
    assert set(kinds[2:]) == {rtcp.ReceiverReport}
    for report in told[:2]:
        assert isinstance(report, rtcp.SenderReport)
        after = report.ntp / (1 << 32) - 2_208_988_800 - 1_700_000_000 - began
        assert ((report.timestamp - last.timestamp) & 0xFFFFFFFF) / 8000 == pytest.approx(after, abs=0.05)


@pytest.mark.parametrize("says", ["a=sendonly", "a=inactive"])
def test_a_call_on_hold_is_still_reported_to(call: Call, says: str) -> None:
    call.play("noise")
    call.loop.run(1)
    call.describe(says)
    call.heard()
    call.reports  # noqa: B018 - those from before are read away
    call.loop.run(31)
    assert call.heard() == []
    assert 3 <= len(call.reports) <= 12


def test_both_reasons_to_report_make_no_more_reports(call: Call) -> None:
    call.play("noise")
    call.speak(60)
    assert 8 <= len(call.reports) <= 20


# The record


def test_what_went_and_came(call: Call) -> None:
    call.play("noise")
    call.speak(4, left_out=(50, 51, 52))
    ssrc = call.heard()[0].ssrc
    call.report(ReportBlock(ssrc, 0, 3, 0, 0), ReportBlock(99, 0, 70, 0, 0))
    call.report(ReportBlock(ssrc, 0, 5, 0, 0))
    assert call.stream.record().peer_lost is None, "not read yet"
    call.stream.close()
    record = call.stream.record()
    assert record == MediaRecord(record.sent, 197, 3, record.jitter, peer_lost=5)
    assert 198 <= record.sent <= 201
    assert record.jitter < 0.0005


def test_a_caller_that_begins_anew_loses_nothing_of_the_record(call: Call) -> None:
    call.speak(1, left_out=(10, 11))
    call.sender = rtp.Sender(8, 5, 5, 0)
    call.speak(1, left_out=(20,))
    assert call.stream.record()[:3] == (0, 97, 3)


def test_a_host_where_nothing_may_go(call: Call) -> None:
    assert not call.stream.record().withheld
    call.describe(host="127.0.0.2")
    call.describe()
    assert call.stream.record().withheld


def test_digits_both_ways(call: Call) -> None:
    call.play("digits 42#")
    for packet in packets("1234#"):
        call.loop.run(call.loop.now + 0.02)
        base = 1000 + packet.offset
        call.send(call.sender.other(packet.payload, 101, timestamp=base, marker=packet.marker))
    call.loop.run(2)
    record = call.stream.record()
    assert (record.digits, record.digits_sent) == ("1234#", "42#")
    assert record.jitter == 0.0, "an event's packets all have the timestamp of its beginning"


def test_a_digit_whose_end_never_came(call: Call) -> None:
    (first, *_) = packets("9")
    call.send(call.sender.other(first.payload, 101, marker=True))
    assert call.stream.record().digits == ""
    call.loop.run(1)
    assert call.stream.record().digits == "9"
    call.sender.skip(8000)
    call.send(call.sender.other(first.payload, 101, marker=True))
    call.stream.close()
    assert call.stream.record().digits == "99"


def test_a_thousand_digits_are_kept_in_part(call: Call) -> None:
    call.play("digits " + "1" * 40 + "2" * 60)
    call.loop.run(30)
    assert call.stream.record().digits_sent == "1" * 4 + "2" * 60
