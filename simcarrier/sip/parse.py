"""One datagram, or one framed message, to a `Request` or a `Response` (RFC 3261 sections 7 and 18.3).

The reading is as lazy as it can be: the end of the head, the text, the start line, and that is all. What is broken but
can still be answered becomes a message with a ``defect``, so that the layer above can send a 400; only what nobody
could answer raises.
"""

from __future__ import annotations

import re

from .errors import Malformed
from .glance import LONGEST, glance
from .message import Request, Response

MAX_DATAGRAM = 65_535
"""The largest UDP payload there can be; a stream's messages have the framer's limits."""

_LINE_END = re.compile(r"\r\n|\n|\r")
_USUAL = frozenset({"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "PRACK", "UPDATE", "INFO"})
_METHOD = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+\Z")


def parse(data: bytes) -> Request | Response:
    """Read one message.

    Args:
        data: the whole message. CRLFs before it are skipped (section 7.5).

    Raises:
        Malformed: there is no start line of SIP in it, so there is nothing to answer.
    """
    end = data.find(b"\r\n\r\n")
    if end <= 0:
        return _oddly_framed(data)
    head = str(data[:end], "utf-8", "surrogateescape")
    if end <= LONGEST:
        request = glance(data, head, end + 4)
        if request is not None:
            return request
    lines = head.split("\r\n")
    ends = len(lines) - 1
    if head.count("\n") != ends or head.count("\r") != ends:
        # Bare line ends are wrong but met in the wild; the bytes stay as they came.
        lines = _LINE_END.split(head)
    return _message(data, lines, end + 4, None)


def _oddly_framed(data: bytes) -> Request | Response:
    """A message after line ends, with bare line ends, or without the empty line."""
    data = data.lstrip(b"\r\n")
    end = data.find(b"\r\n\r\n")
    defect = None
    if end >= 0:
        body_at = end + 4
    else:
        end = data.find(b"\n\n")
        body_at = end + 2
        if end < 0:
            defect = "No empty line after the headers"
            end = body_at = len(data)
    return _message(data, _LINE_END.split(str(data[:end], "utf-8", "surrogateescape")), body_at, defect)


def _message(data: bytes, lines: list[str], body_at: int, defect: str | None) -> Request | Response:
    line = lines[0]
    parts = line.split(" ")
    if len(parts) == 3 and parts[2] == "SIP/2.0":
        method, uri, _ = parts
        if uri and (method in _USUAL or _METHOD.match(method) is not None):
            return Request(data, lines, body_at, method, uri, "SIP/2.0", defect)
    if line[:4].upper() == "SIP/" and len(parts) >= 2:
        return _response(data, lines, body_at, defect)
    if not line and len(lines) > 1:
        return _oddly_framed(data)
    return _odd_request(data, lines, body_at, defect)


def _response(data: bytes, lines: list[str], body_at: int, defect: str | None) -> Response:
    version, _, rest = lines[0].partition(" ")
    code, _, phrase = rest.partition(" ")
    if version.upper() != "SIP/2.0" or len(code) != 3 or not (code.isascii() and code.isdecimal()):
        raise Malformed("Bad status line")
    status = int(code)
    if not 100 <= status <= 699:
        raise Malformed("Status out of range")
    return Response(data, lines, body_at, status, phrase, defect)


def _odd_request(data: bytes, lines: list[str], body_at: int, defect: str | None) -> Request:
    """A request line with the wrong version, too many blanks, or a URI with blanks in it (RFC 4475 section 3.1.2)."""
    words = lines[0].split()
    if len(words) < 3 or not words[-1].upper().startswith("SIP/") or _METHOD.match(words[0]) is None:
        raise Malformed("Not SIP")
    version = words[-1].upper()
    if defect is None and version == "SIP/2.0":
        defect = "Bad request line"
    return Request(data, lines, body_at, words[0], " ".join(words[1:-1]), version, defect)
