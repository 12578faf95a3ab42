"""The audio of one call: its sockets, what is played, what is heard, and its reports."""

from __future__ import annotations

import errno
from collections import deque
from typing import TYPE_CHECKING, Final

from simcarrier.media import rtcp, rtp
from simcarrier.media.agreement import Agreement, agreed, plain
from simcarrier.media.digits import Digit, DigitReceiver
from simcarrier.media.errors import MediaError
from simcarrier.media.playback import PACKET
from simcarrier.media.program import Made, Program
from simcarrier.media.reception import Reception
from simcarrier.net.beat import BEAT
from simcarrier.net.ports import Pair

if TYPE_CHECKING:
    from simcarrier.net.media import MediaDesk

BATCH: Final = 32
"""Packets taken at one wake-up."""

LARGEST: Final = 2048
"""Bytes of a datagram; more is no packet of speech, and is dropped."""

ECHOED: Final = 5
"""Packets that wait to be sent back: 0.1 s; the oldest goes first."""

LARGEST_ECHO: Final = 480
"""Bytes of a payload that is sent back: 60 ms."""

REPORT: Final = 5.0
"""Seconds between two reports, on average (RFC 3550 section 6.2)."""

DIGITS_KEPT: Final = 64

_AGAIN: Final = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS, errno.ENOMEM})


class Stream:
    """The audio of one call.

    Args:
        desk: whose it is.
        pair: its sockets.
        host: the address that they are bound to.
        peer: the address that the call's signalling comes from.

    Attributes:
        port: of RTP, as the description names it.
        pair: its sockets.
        reception: of the peer's stream; None before anything came.
        digits: that were received, the last 64.
        sent: packets of RTP.
    """

    __slots__ = (
        "_address", "_agreement", "_closed", "_desk", "_digit_receiver", "_event_base", "_fresh", "_heard", "_host",
        "_idle_since", "_made", "_n", "_next_report", "_peer", "_program", "_sender", "_ssrc", "_target", "digits",
        "pair", "port", "reception", "sent",
    )  # fmt: skip

    def __init__(self, desk: MediaDesk, pair: Pair, host: str, peer: str) -> None:
        self._desk = desk
        self.pair = pair
        self.port = pair.port
        self._host = host
        self._peer = plain(peer)
        rng = desk.rng
        self._ssrc = rng.getrandbits(32)
        # RFC 3550 section 5.1: both begin anywhere.
        self._sender = rtp.Sender(self._ssrc, rng.getrandbits(16), rng.getrandbits(32), 0)
        self._agreement: Agreement | None = None
        self._address: tuple[str, int] | None = None  # where the peer may be spoken to, and is listened to
        self._target: tuple[str, int] | None = None  # the same, once it may be
        self._program: Program | None = None
        self._made: Made | None = None
        self._n = 0
        self._fresh = True  # the next packet is the first after silence
        self._event_base = 0
        self._idle_since: float | None = None
        self._heard: deque[bytes] = deque(maxlen=ECHOED)
        self._digit_receiver = DigitReceiver()
        self._next_report = desk.loop.time() + self._report_in()
        self._closed = False
        self.reception: Reception | None = None
        self.digits: deque[Digit] = deque(maxlen=DIGITS_KEPT)
        self.sent = 0
        desk.loop.add_reader(pair.rtp, self._readable)

    # What the carrier asks

    def described(self, remote: bytes) -> None:
        """The peer has described where it receives, at first or anew."""
        found = agreed(remote)
        if found == self._agreement or self._closed:
            return
        before, self._agreement = self._agreement, found
        if found is None:
            self._address = self._target = None
        elif before is None or found.address != before.address:
            host = found.address[0]
            allowed = self._peer is not None and self._desk.may_go(host, self._peer)
            self._desk.counters.withheld += not allowed
            self._address = found.address if allowed else None
            self._target = self._address if self._desk.may_begin(host) else None
        if found is not None:
            self._sender.payload_type = found.payload_type
            if self._program is not None and (before is None or before.law is not found.law):
                self._made = self._program.made(found.law)
                self._beat()

    def play(self, program: Program) -> None:
        """Play something from its beginning, in place of what was played."""
        if self._closed:
            return
        self.stop()
        if not program.plays or not self._desk.ready(program):
            return
        self._program = program
        self._n = 0
        self._fresh = True
        self._heard.clear()
        if self._agreement is not None:
            self._made = program.made(self._agreement.law)
            self._beat()

    def stop(self) -> None:
        """Play nothing."""
        self._program = self._made = None
        if self._idle_since is None and self.sent:
            self._idle_since = self._desk.loop.time()
        self._desk.metronome.remove(self)

    def close(self) -> None:
        """The call is over; a second time does nothing."""
        if self._closed:
            return
        self.stop()
        self._closed = True
        if self.sent and self._target is not None:
            self._send_rtcp(self._target, rtcp.Bye((self._ssrc,)))
        self._desk.loop.remove_reader(self.pair.rtp)
        self._desk.leave(self)

    # Sending

    def _beat(self) -> None:
        due = self._desk.metronome.add(self)
        if self._idle_since is not None:
            # Time went on while nothing was sent, and timestamps with it.
            self._sender.skip(PACKET * max(round((due - self._idle_since) / BEAT) - 1, 0))
            self._idle_since = None

    def beat(self, due: float) -> None:
        """Send the packet that is due."""
        made, agreement, target = self._made, self._agreement, self._target
        if made is None:
            self._desk.metronome.remove(self)
            return
        n = self._n
        if target is None or agreement is None or not agreement.receives:
            if n:
                self.missed(1)
            return
        payload = made.playback.payload(n, self._heard.popleft() if self._heard else b"")
        if payload is None:
            self.stop()
            return
        self._n = n + 1
        event = made.events.get(n) if made.events and agreement.events is not None else None
        if event is None or agreement.events is None:
            self._send(target, self._sender.packet(payload, marker=self._fresh))
            self._fresh = False
        else:
            if event.marker:
                self._event_base = self._sender.timestamp
            base = self._event_base
            data = self._sender.other(event.payload, agreement.events, timestamp=base, marker=event.marker)
            self._send(target, data)
            self._sender.skip(PACKET)
            self._fresh = True
        if due >= self._next_report:
            self._report(target, due)

    def missed(self, beats: int) -> None:
        """Time went on without a packet."""
        if self._n:
            self._n += beats
            self._sender.skip(PACKET * beats)
            self._fresh = True

    def _send(self, target: tuple[str, int], data: bytes) -> None:
        try:
            self.pair.rtp.sendto(data, target)
        except OSError as why:
            self._desk.counters.unsent += 1
            if why.errno not in _AGAIN:
                self._target = None  # there is no way there; RTP from there opens it again
            return
        self.sent += 1
        self._desk.counters.sent += 1

    # Receiving

    def _readable(self) -> None:
        now = self._desk.loop.time()
        receive = self.pair.rtp.recvfrom
        for _ in range(BATCH):
            try:
                data, source = receive(LARGEST)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error of an earlier packet
            self._received(data, source, now)

    def _received(self, data: bytes, source: tuple[str, int], now: float) -> None:
        counters, agreement, address = self._desk.counters, self._agreement, self._address
        if agreement is None or address is None or source[1] != address[1] or plain(source[0]) != address[0]:
            counters.strangers += 1
            return
        try:
            if len(data) == LARGEST or rtp.is_rtcp(data):
                raise MediaError("no packet of audio")
            packet = rtp.parse(data)
            if agreement.events is not None and packet.payload_type == agreement.events:
                self.digits.extend(self._digit_receiver.packet(packet, now))
        except MediaError:
            counters.not_rtp += 1
            return
        counters.received += 1
        if self._target is None:
            self._target = address
        if self.reception is None or self.reception.ssrc != packet.ssrc:
            # A caller that begins anew, or a second source, which a call of two has not: the latest counts.
            self.reception = Reception(packet.ssrc)
        self.reception.packet(packet, now)
        if packet.payload_type == agreement.payload_type and 0 < len(packet.payload) <= LARGEST_ECHO:
            self._heard.append(packet.payload)

    # Reports

    def _report_in(self) -> float:
        return REPORT * self._desk.rng.uniform(0.5, 1.5)

    def _report(self, target: tuple[str, int], now: float) -> None:
        self._next_report = now + self._report_in()
        self._read_reports(now)
        self._send_rtcp(target)

    def _read_reports(self, now: float) -> None:
        """What the peer has reported since, which needs no wake-up of its own."""
        for _ in range(BATCH):
            try:
                data, source = self.pair.rtcp.recvfrom(LARGEST)
            except BlockingIOError:
                return
            except OSError:
                continue
            if self._address is None or plain(source[0]) != self._address[0]:
                self._desk.counters.strangers += 1
                continue
            try:
                reports = rtcp.parse(data)
            except MediaError:
                self._desk.counters.not_rtp += 1
                continue
            for report in reports:
                reception = self.reception
                if isinstance(report, rtcp.SenderReport) and reception is not None and report.ssrc == reception.ssrc:
                    reception.sender_report(report.ntp, now)

    def _send_rtcp(self, target: tuple[str, int], *more: rtcp.Report) -> None:
        host, port = target
        if port == 65535:
            return
        now = self._desk.loop.time()
        sender, reception = self._sender, self.reception
        blocks = (reception.report(now),) if reception is not None and reception.valid else ()
        ntp = rtcp.ntp_of(self._desk.wall(now))
        report = rtcp.SenderReport(self._ssrc, ntp, sender.timestamp, sender.packets, sender.octets, blocks)
        cname = rtcp.described(self._ssrc, f"{self._ssrc:08x}@{self._host}")
        try:
            self.pair.rtcp.sendto(rtcp.compound(report, cname, *more), (host, port + 1))
        except OSError:
            self._desk.counters.unsent += 1
