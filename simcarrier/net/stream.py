"""The audio of one call: its sockets, what is played and what is heard."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from simcarrier.media import rtp
from simcarrier.media.agreement import Agreement, agreed, plain
from simcarrier.media.digits import EVENTS, Digit, DigitReceiver
from simcarrier.media.errors import MediaError
from simcarrier.media.g711 import RATE
from simcarrier.media.playback import PACKET
from simcarrier.media.program import Made, Program
from simcarrier.media.reception import Reception
from simcarrier.net.beat import BEAT
from simcarrier.net.ports import Pair
from simcarrier.net.reports import Reports
from simcarrier.records.media import MediaRecord

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
        digits_sent: the last 64 that were sent.
        listener: told of each packet that came from the peer, and when; None: nobody listens.
        sent, received: packets of RTP.
    """

    __slots__ = (
        "_address", "_agreement", "_closed", "_desk", "_digit_receiver", "_event_base", "_fresh", "_heard",
        "_idle_since", "_jitter", "_lost", "_made", "_n", "_peer", "_program", "_reports", "_sender", "_strangers",
        "_target", "_withheld", "digits", "digits_sent", "listener", "pair", "port", "received", "reception", "sent",
    )  # fmt: skip

    def __init__(self, desk: MediaDesk, pair: Pair, host: str, peer: str) -> None:
        self._desk = desk
        self.pair = pair
        self.port = pair.port
        self._peer = plain(peer)
        rng = desk.rng
        # RFC 3550 section 5.1: all three begin anywhere.
        self._sender = rtp.Sender(rng.getrandbits(32), rng.getrandbits(16), rng.getrandbits(32), 0)
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
        self._reports = Reports(desk, pair.rtcp, self._sender, host)
        self._closed = False
        self.reception: Reception | None = None
        self.listener: Callable[[rtp.Packet, float], None] | None = None
        self.digits: deque[Digit] = deque(maxlen=DIGITS_KEPT)
        self.digits_sent = ""
        self.sent = self.received = 0
        self._lost = 0  # of receptions before this one; so is the jitter
        self._jitter = 0.0
        self._strangers = 0
        self._withheld = False
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
            self._withheld = self._withheld or not allowed
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
        self._readable()  # what came before the BYE, though on another socket
        self.stop()
        self._closed = True
        self.digits.extend(self._digit_receiver.passed(float("inf")))
        now = self._desk.loop.time()
        if self._address is not None:
            self._reports.read(self._address[0], self.reception, now)
        if (self.sent or self._reports.begun) and self._target is not None:
            self._reports.send(self._target, self.reception, now, self._idle_since, last=True)
        self._desk.loop.remove_reader(self.pair.rtp)
        self._desk.leave(self)

    def record(self) -> MediaRecord:
        """What has become of it so far."""
        if not self._closed:
            self.digits.extend(self._digit_receiver.passed(self._desk.loop.time()))
        lost, jitter, reception = self._lost, self._jitter, self.reception
        if reception is not None:
            lost, jitter = lost + reception.lost, max(jitter, reception.largest_jitter)
        return MediaRecord(
            self.sent,
            self.received,
            max(lost, 0),
            round(jitter / RATE, 6),
            self._strangers,
            self._withheld,
            self._reports.peer_lost,
            "".join([digit.digit for digit in self.digits]),
            self.digits_sent,
        )

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
            if target is not None and due >= self._reports.due:
                self._report(target, due)  # on hold: reports go on (RFC 4566 section 6)
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
                self.digits_sent = (self.digits_sent + EVENTS[event.payload[0]])[-DIGITS_KEPT:]
            base = self._event_base
            data = self._sender.other(event.payload, agreement.events, timestamp=base, marker=event.marker)
            self._send(target, data)
            self._sender.skip(PACKET)
            self._fresh = True
        if due >= self._reports.due:
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
            self._strangers += 1
            return
        try:
            if len(data) == LARGEST or rtp.is_rtcp(data):
                raise MediaError("no packet of audio")
            packet = rtp.parse(data)
            event = packet.payload_type == agreement.events
            if event:
                self.digits.extend(self._digit_receiver.packet(packet, now))
        except MediaError:
            counters.not_rtp += 1
            return
        counters.received += 1
        self.received += 1
        if self._target is None:
            self._target = address
        if self.reception is None or self.reception.ssrc != packet.ssrc:
            # A caller that begins anew, or a second source, which a call of two has not: the latest counts.
            self._keep_reception()
            self.reception = Reception(packet.ssrc)
        self.reception.packet(packet, now, timed=not event)
        if now >= self._reports.due:
            self._report(address, now)  # what comes wakes us anyway, so who plays nothing needs no timer
        if self.listener is not None:
            self.listener(packet, now)
        if packet.payload_type == agreement.payload_type and 0 < len(packet.payload) <= LARGEST_ECHO:
            self._heard.append(packet.payload)

    def _keep_reception(self) -> None:
        """Another source follows: what is known of this one stays in the record."""
        if self.reception is not None:
            self._lost += self.reception.lost
            self._jitter = max(self._jitter, self.reception.largest_jitter)

    def _report(self, target: tuple[str, int], now: float) -> None:
        self._reports.read(target[0], self.reception, now)
        self._reports.send(target, self.reception, now, self._idle_since)
