"""What the network drives: the protocol core, seen from the sockets' side.

The core is sans-IO (DESIGN.md): bytes, calls and `now` go in, bytes come out. The room `net` knows nothing
more of it than this Protocol, so the carrier's endpoint, the probe's client and a ten-line echo in a test are
driven alike.
"""

from __future__ import annotations

from typing import Protocol

from simcarrier.sip.transport import Address, Channel


class Engine(Protocol):
    """Bytes and time in, bytes out.

    ``now`` is the event loop's clock in seconds (`asyncio.AbstractEventLoop.time`), the same for a whole
    batch. No method should raise: what does is logged and counted by the driver, and the next message goes in
    all the same.

    Attributes:
        out: what is to be sent: the channel, the destination, the bytes. Filled by the calls below, and
            emptied, in place, by `Driver.pump`. The destination's host is an IP address, never a name:
            nothing here may wait for a DNS server. On a channel that has closed meanwhile, a stream connects
            anew to the destination (RFC 3261 section 18.2.2), so for a response this is the address that
            section tells, not the connection's.
    """

    out: list[tuple[Channel, Address, bytes]]

    def receive(self, data: bytes, source: Address, channel: Channel, now: float) -> None:
        """Take one datagram, or one message cut from a stream.

        On a stream (``channel.reliable``) a head alone may come in whose Content-Length is missing, wrong or
        too
        large: such a request gets 400, and the driver then closes the connection.
        """

    def channel_closed(self, channel: Channel, now: float) -> None:
        """A connection that was open is gone, by either side's will. ``channel.closed`` is already set."""

    def transport_failed(self, channel: Channel, destination: Address, now: float) -> None:
        """What was to go there could not be sent, or no connection could be made (RFC 3261 section 18.4).

        Never called from inside another call of the engine. For a connection that never opened this comes
        once, and `channel_closed` does not follow.
        """

    def next_deadline(self) -> float | None:
        """When `handle_timers` wants to be called next; None: not by the clock. Asked often, so cheap."""

    def handle_timers(self, now: float) -> None:
        """Do what is due at ``now``."""
