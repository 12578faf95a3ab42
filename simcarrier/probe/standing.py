"""Waiting for a connection to stand before the first request goes out on it.

Via and Contact name the port that requests come from, and a connection has none before it stands. A carrier that keeps
to the Contact would have nowhere to send its BYE.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simcarrier.net.tcp import StreamChannel
from simcarrier.sip.transport import Channel

LOOK = 0.002
"""Seconds between two looks: a handshake takes at least as long on any network."""

Then = Callable[[float], None]


class Standing:
    """Waits for connections.

    Args:
        pump: sends what has been put out meanwhile.
    """

    def __init__(self, pump: Callable[[], None]) -> None:
        self._pump = pump

    def wait(self, channel: Channel, then: Then) -> bool:
        """Tell ``then``, with the time, when a connection stands or has failed (``channel.closed``).

        Returns:
            False if it need not be waited for; nothing is told then.
        """
        if not isinstance(channel, StreamChannel) or channel.opened or channel.closed:
            return False
        asyncio.get_running_loop().call_later(LOOK, self._look, channel, then)
        return True

    def _look(self, channel: StreamChannel, then: Then) -> None:
        loop = asyncio.get_running_loop()
        if channel.opened or channel.closed:
            then(loop.time())
            self._pump()
        else:
            loop.call_later(LOOK, self._look, channel, then)
