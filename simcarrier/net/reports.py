"""The RTCP of one call: reports to the peer every 5 s or so, what the peer reports, and a BYE (RFC 3550 section 6).

Nothing here has a timer. Whoever sends or receives audio is awake anyway and asks whether a report is `due`; what the
peer has reported waits in the socket until then.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

from simcarrier.media import rtcp, rtp
from simcarrier.media.agreement import plain
from simcarrier.media.errors import MediaError
from simcarrier.media.g711 import RATE
from simcarrier.media.reception import Reception

if TYPE_CHECKING:
    from simcarrier.net.media import MediaDesk

INTERVAL: Final = 5.0
"""Seconds between two reports, on average (section 6.2)."""

BATCH: Final = 32
"""Datagrams taken at one look."""

LARGEST: Final = 2048
"""Bytes of a datagram."""


class Reports:
    """Those of one call.

    Args:
        desk: whose it is.
        sock: beside that of the audio.
        sender: the stream that they tell of.
        host: our address, for the name of the source.

    Attributes:
        due: when the next one is to be sent, on the loop's clock.
        begun: whether one was sent.
        peer_lost: packets of ours that the peer has missed; None if it has not told.
    """

    __slots__ = ("_before", "_desk", "_host", "_last", "_sender", "_sock", "begun", "due", "peer_lost")

    def __init__(self, desk: MediaDesk, sock: socket.socket, sender: rtp.Sender, host: str) -> None:
        self._desk = desk
        self._sock = sock
        self._sender = sender
        self._host = host
        self._last = self._before = 0  # packets sent at our last report, and at the one before
        self.begun = False
        self.peer_lost: int | None = None
        self._wait(desk.loop.time())

    def _wait(self, now: float) -> None:
        self.due = now + INTERVAL * self._desk.rng.uniform(0.5, 1.5)

    def read(self, host: str, reception: Reception | None, now: float) -> None:
        """What the peer has reported since.

        Args:
            host: the peer's, as `plain` has it.
            reception: of the peer's stream.
            now: seconds on the loop's clock.
        """
        counters = self._desk.counters
        for _ in range(BATCH):
            try:
                data, source = self._sock.recvfrom(LARGEST)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error of an earlier packet
            if plain(source[0]) != host:
                counters.strangers += 1
                continue
            try:
                reports = rtcp.parse(data)
            except MediaError:
                counters.not_rtp += 1
                continue
            for report in reports:
                self._take(report, reception, now)

    def _take(self, report: rtcp.Report, reception: Reception | None, now: float) -> None:
        if isinstance(report, rtcp.SenderReport | rtcp.ReceiverReport):
            for block in report.blocks:
                if block.ssrc == self._sender.ssrc:
                    self.peer_lost = max(block.lost, 0)
        if isinstance(report, rtcp.SenderReport) and reception is not None and report.ssrc == reception.ssrc:
            reception.sender_report(report.ntp, now)

    def send(
        self,
        target: tuple[str, int],
        reception: Reception | None,
        now: float,
        idle_since: float | None,
        *,
        last: bool = False,
    ) -> None:
        """Report.

        Args:
            target: where the audio goes; reports go to the port beside it.
            reception: of the peer's stream; None if nothing came.
            now: seconds on the loop's clock.
            idle_since: since when no audio is sent; None if it is.
            last: say BYE as well.
        """
        self._wait(now)
        host, port = target
        if port == 65535:
            return
        sender = self._sender
        ssrc = sender.ssrc
        blocks = (reception.report(now),) if reception is not None and reception.valid else ()
        report: rtcp.Report = rtcp.ReceiverReport(ssrc, blocks)
        if sender.packets > self._before:  # section 6.4: sent since our last report or the one before
            # The timestamp is that of now, which has gone on since the last packet.
            idle = 0 if idle_since is None else round((now - idle_since) * RATE)
            timestamp = (sender.timestamp + idle) & 0xFFFFFFFF
            ntp = rtcp.ntp_of(self._desk.wall(now))
            report = rtcp.SenderReport(ssrc, ntp, timestamp, sender.packets, sender.octets, blocks)
        self.begun, self._before, self._last = True, self._last, sender.packets
        cname = rtcp.described(ssrc, f"{ssrc:08x}@{self._host}")
        farewell = (rtcp.Bye((ssrc,)),) if last else ()
        try:
            self._sock.sendto(rtcp.compound(report, cname, *farewell), (host, port + 1))
        except OSError:
            self._desk.counters.unsent += 1
