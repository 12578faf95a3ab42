"""Messages out of a stream of bytes (RFC 3261 section 18.3, RFC 5626 section 4.4.1).

A datagram is one message; a stream has to be cut. The head ends at the first empty line, and Content-Length,
which a stream must carry, says where the body ends. Between messages a peer may send CRLFCRLF as a *ping*, to
be answered by CRLF, or a lone CRLF: the answer to a ping, or a slip that RFC 3261 section 7.5 asks us to
ignore.

Where the length is missing or wrong nobody can tell where the next message begins, so the stream is *broken*:
the connection can only be closed. If the head was complete it is handed out, so that a 400 can be sent first.

How the bytes were split on the way never changes what comes out, and each byte is looked at a bounded number
of times: the search for the end of a line or a head goes on where it stopped, and consumed bytes are deleted
once per feed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import Malformed


@dataclass(frozen=True, slots=True)
class Message:
    """One whole message, head and body, as it came."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Ping:
    """The peer sent CRLFCRLF and expects CRLF (RFC 5626 section 4.4.1)."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The stream cannot be followed any further; nothing comes out after this.

    Attributes:
        why: a short phrase for the log.
        head: the head up to and with its empty line if it is complete and SIP, to be answered by a 400; else
            empty.
    """

    why: str
    head: bytes = b""


Frame = Message | Ping | Broken

PONG = b"\r\n"
"""What answers a ping."""

_PING = Ping()
_TOKEN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~")
_CR = 0x0D
_CRLFS = re.compile(rb"(?:\r\n)+")
# A value goes on over folded lines: CRLF, then a space or a tab (RFC 3261 section 7.3.1). A lone CR stays in
# the value and spoils it. Possessive quantifiers and atomic groups: no way back, so linear.
_CONTENT_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*+:([^\r]*+(?>(?:\r(?!\n[^ \t])[^\r]*+)*))", re.IGNORECASE)
_DIGITS = re.compile(rb"[ \t\r\n]*([0-9]+)[ \t\r\n]*")


def content_length(head: bytes) -> int:
    """The length of the body that follows a head.

    Args:
        head: the start-line and the headers with the empty line that ends them.

    Raises:
        Malformed: there is no Content-Length, it is no number, or two of them differ.
    """
    values = _CONTENT_LENGTH.findall(head)
    if not values:
        raise Malformed("no Content-Length on a stream")
    lengths = set()
    for value in values:
        digits = _DIGITS.fullmatch(value)
        if digits is None:
            raise Malformed("Content-Length is not a number")
        significant = digits[1].lstrip(b"0")
        # More digits than any limit has; and int() of thousands of them is slow.
        lengths.add(int(significant[:19] or b"0"))
    if len(lengths) > 1:
        raise Malformed("two different values of Content-Length")
    return lengths.pop()


class StreamFramer:
    """Cuts one direction of one connection into frames.

    Args:
        max_head: the longest head taken, in bytes, its empty line included. 64 KiB: a datagram cannot hold
            more, so no message that could also have come over UDP is refused.
        max_body: the longest body taken, in bytes. What is being received is held in memory, for each
            connection.
    """

    __slots__ = (
        "_broken",
        "_buffer",
        "_crlf",
        "_length",
        "_max_body",
        "_max_head",
        "_search",
        "_start_line_seen",
    )

    def __init__(self, max_head: int = 64 * 1024, max_body: int = 1024 * 1024) -> None:
        self._max_head = max_head
        self._max_body = max_body
        self._buffer = bytearray()
        self._crlf = 0  # 1: one CRLF came since the last frame
        self._search = 0  # bytes of the current head that need not be searched again
        self._start_line_seen = False
        self._length = 0  # head and body together, once the head is complete
        self._broken = False

    @property
    def partial(self) -> bool:
        """Whether a message has begun and is not complete."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes of the stream, any number of them.

        Returns:
            What is complete now, in order. After a `Broken` always an empty list.
        """
        frames: list[Frame] = []
        if self._broken:
            return frames
        buffer = self._buffer
        buffer += data
        position = 0
        while position < len(buffer):
            if self._length:
                end = position + self._length
                if len(buffer) < end:
                    break
                frames.append(Message(bytes(buffer[position:end])))
                position = end
                self._length = self._search = self._crlf = 0
                self._start_line_seen = False
            elif buffer[position] == _CR:
                run = _CRLFS.match(buffer, position)
                if run is None:
                    if len(buffer) - position > 1:
                        frames.append(self._break("a CR without LF between messages"))
                    break
                pings, self._crlf = divmod((run.end() - position) // 2 + self._crlf, 2)
                position = run.end()
                del run  # it locks the buffer
                frames += [_PING] * pings
            else:
                found = self._find_head(position)
                if isinstance(found, Broken):
                    frames.append(found)
                    break
                if not found:
                    break
                self._length = found
        if frames and isinstance(frames[-1], Broken):
            buffer.clear()
        elif position:
            del buffer[:position]
        return frames

    def _find_head(self, position: int) -> Broken | int:
        """Go on looking for the end of the head at ``position``: the message's length, 0 if not yet known."""
        buffer = self._buffer
        limit = position + self._max_head
        if not self._start_line_seen:
            if buffer[position] not in _TOKEN:
                return self._break("not SIP")
            eol = buffer.find(b"\r\n", position + self._search, limit)
            if eol < 0:
                self._search = max(len(buffer) - position - 1, 1)
                return self._break("the head is too large") if len(buffer) >= limit else 0
            # A wrong version is SIP still, and gets its 505; HTTP or a stray shell is not.
            if b"sip/" not in buffer[position:eol].lower():
                return self._break("not SIP")
            self._start_line_seen = True
            self._search = eol - position
        blank = buffer.find(b"\r\n\r\n", position + self._search, limit)
        if blank < 0:
            self._search = max(len(buffer) - position - 3, self._search)
            return self._break("the head is too large") if len(buffer) >= limit else 0
        head = bytes(buffer[position : blank + 4])
        try:
            body = content_length(head)
        except Malformed as error:
            return self._break(error.why, head)
        if body > self._max_body:
            return self._break("Content-Length is too large", head)
        return len(head) + body

    def _break(self, why: str, head: bytes = b"") -> Broken:
        self._broken = True
        return Broken(why, head)
