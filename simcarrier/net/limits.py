"""What the network allows, and what it counts.

Each limit stands between one bad peer and everybody else; each count tells of something dropped, so that
nothing is lost in silence.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on streams. Seconds and bytes.

    Attributes:
        idle: a connection without a complete message or ping for so long is closed. 180 s outlives the 120 s
            that RFC 5626 section 4.4.1 allows between two pings.
        message: a message begun must be complete within this time, else a thousand slow peers hold a thousand
            buffers.
        handshake: the same for a TLS handshake.
        connect: making a connection, handshake included. Below 32 s (64*T1), so that the engine hears of it
            in time.
        connections: accepted connections at a time, for each listener; the excess is closed at once.
        unread: a peer that has left so many bytes unread is cut off.
        waiting: messages that wait for one connection to open.
        head: the longest head of a message.
        body: the longest body of a message.
        grace: how long `Driver.close` waits for what is still to be written.
    """

    idle: float = 180.0
    message: float = 30.0
    handshake: float = 10.0
    connect: float = 10.0
    connections: int = 10_000
    unread: int = 4 * 1024 * 1024
    waiting: int = 1_000
    head: int = 64 * 1024
    body: int = 1024 * 1024
    grace: float = 2.0


@dataclass(slots=True)
class Counters:
    """What has happened since the start.

    Attributes:
        datagrams_in: UDP datagrams received.
        sent: messages sent over any transport.
        messages_in: messages received over streams.
        messages_out: messages written to streams, or waiting for one to open.
        wakeups: times that a UDP socket was looked at; ``datagrams_in / wakeups`` is what coalescing brought.
        cut: UDP datagrams dropped since they did not fit; their repetitions do.
        dropped: outgoing messages given up: full socket buffer, full queue, closing.
        send_failures: outgoing datagrams that the system refused, and connections that could not be made or
            broke.
        receive_failures: errors the system reported on reading a UDP socket.
        accepted: connections accepted.
        connected: connections made.
        refused: connections closed at once since there were too many.
        handshake_failures: TLS handshakes of incoming connections that failed or took too long.
        closed_idle: connections closed since nothing came.
        closed_slow: connections closed since a message begun was not completed.
        closed_unread: connections closed since the peer did not read.
        broken: streams that could not be followed (no Content-Length, not SIP, ...).
        pings: keepalives answered.
        engine_errors: exceptions out of the engine.
    """

    datagrams_in: int = 0
    sent: int = 0
    messages_in: int = 0
    messages_out: int = 0
    wakeups: int = 0
    cut: int = 0
    dropped: int = 0
    send_failures: int = 0
    receive_failures: int = 0
    accepted: int = 0
    connected: int = 0
    refused: int = 0
    handshake_failures: int = 0
    closed_idle: int = 0
    closed_slow: int = 0
    closed_unread: int = 0
    broken: int = 0
    pings: int = 0
    engine_errors: int = 0

    @property
    def datagrams_out(self) -> int:
        """UDP datagrams sent."""
        return self.sent - self.messages_out
