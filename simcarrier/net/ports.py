"""Pairs of ports for RTP and the RTCP beside it (RFC 3550 section 11): an even one and the next.

They are taken in an order that nobody outside knows, for who can guess a call's port can send to it in a caller's name.
A port that was given back goes to the end of the row, so that what still arrives for the call before is not taken for
the next one's.
"""

from __future__ import annotations

import errno
import socket
from collections import deque
from dataclasses import dataclass
from random import Random
from typing import Final

from simcarrier.net.udp import open_socket

TRIES: Final = 64
"""Pairs tried for one call where other programs have taken some."""

RECEIVE_BUFFER: Final = 64 * 1024
"""SO_RCVBUF: some hundred packets, two seconds of a call."""


_TAKEN: Final = frozenset({errno.EADDRINUSE, errno.EACCES})


class NoPorts(OSError):
    """No pair is free."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sockets side by side.

    Attributes:
        port: of RTP.
        rtp, rtcp: bound, and not blocking.
    """

    port: int
    rtp: socket.socket
    rtcp: socket.socket


class PortPairs:
    """The pairs of a range.

    Args:
        low, high: the first and the last port, both included.
        rng: shuffles them.
    """

    def __init__(self, low: int, high: int, rng: Random) -> None:
        row = list(range(low + low % 2, high, 2))
        rng.shuffle(row)
        self._free = deque(row)
        self.size = len(self._free)

    @property
    def free(self) -> int:
        """How many are not in use."""
        return len(self._free)

    def take(self, host: str) -> Pair:
        """Bind a pair.

        Args:
            host: an IP address of ours.

        Raises:
            NoPorts: all are in use, by us or, as far as was tried, by others.
            OSError: this address cannot be bound.
        """
        for _ in range(min(TRIES, len(self._free))):
            port = self._free.popleft()
            try:
                rtp = open_socket(host, port, RECEIVE_BUFFER)
                try:
                    rtcp = open_socket(host, port + 1, RECEIVE_BUFFER)
                except OSError:
                    rtp.close()
                    raise
            except OSError as why:
                self._free.append(port)
                if why.errno in _TAKEN:
                    continue
                raise
            return Pair(port, rtp, rtcp)
        raise NoPorts("no pair of ports is free")

    def give_back(self, pair: Pair) -> None:
        """Close a pair."""
        pair.rtp.close()
        pair.rtcp.close()
        self._free.append(pair.port)
