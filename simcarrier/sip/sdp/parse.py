"""Reading a session description (RFC 8866 section 5 and 9).

Strict where a wrong guess would send media astray: the version, the shape of ``o=``, ``c=`` and ``m=``.
Tolerant in what deployed stacks get wrong without harm: bare LF, a missing ``s=`` or ``t=``, lines out of
order within their section, empty lines at the end. Lines of a type we don't know are dropped.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from simcarrier.sip.errors import Malformed

from .model import Attribute, Connection, Media, Origin, SessionDescription

MAX_LINES: Final = 1000
"""A browser's offer has a few hundred. 64 kB can hold 16,000 attributes, which would cost over 50 ms."""

MAX_STREAMS: Final = 64
"""A call has one or two; a browser's conference some dozens."""

MAX_FORMATS: Final = 256
"""Per stream. RTP knows 128 payload types."""

_SESSION_OTHER: Final = frozenset("iuepbzk")
_MEDIA_OTHER: Final = frozenset("ibk")
_NUMBER = re.compile(r"[0-9]{1,64}")  # RFC 8866 sets no bound on o='s numbers; NTP timestamps have 20 digits
_PORT = re.compile(r"([0-9]{1,5})(?:/([0-9]{1,5}))?")


def parse_sdp(body: bytes | str) -> SessionDescription:
    """Read a session description.

    Args:
        body: bytes, taken for UTF-8 (what isn't survives unchanged), or text.

    Raises:
        Malformed: as the module says.
    """
    text = body.decode("utf-8", "surrogateescape") if isinstance(body, bytes) else body
    if text.count("\n") > MAX_LINES:
        raise Malformed("too many SDP lines")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    if not lines or lines[0] != "v=0":
        raise Malformed("SDP does not begin with v=0")
    starts = [number for number, line in enumerate(lines) if line.startswith("m=")]
    if len(starts) > MAX_STREAMS:
        raise Malformed("too many SDP streams")
    bounds = [*starts, len(lines)]
    media = tuple(_media(lines[start:end]) for start, end in pairwise(bounds))
    return _session(lines[1 : bounds[0]], media)


def _split_line(line: str) -> tuple[str, str]:
    if line[1:2] != "=" or "\r" in line or "\x00" in line:
        raise Malformed("bad SDP line")
    return line[0], line[2:]


def _session(lines: list[str], media: tuple[Media, ...]) -> SessionDescription:
    origin: Origin | None = None
    connection: Connection | None = None
    name = "-"
    times: list[tuple[str, str]] = []
    attributes: list[Attribute] = []
    other: list[tuple[str, str]] = []
    for line in lines:
        letter, value = _split_line(line)
        if letter == "o":
            if origin is not None:
                raise Malformed("SDP with two origins")
            origin = _origin(value)
        elif letter == "s":
            name = value
        elif letter == "c":
            connection = _connection(value)
        elif letter in "tr":
            times.append((letter, value))
        elif letter == "a":
            attributes.append(_attribute(value))
        elif letter == "v":
            raise Malformed("SDP with two versions")
        elif letter in _SESSION_OTHER:
            other.append((letter, value))
    if origin is None:
        raise Malformed("SDP without an origin")
    return SessionDescription(
        origin=origin,
        media=media,
        connection=connection,
        name=name,
        times=tuple(times) or (("t", "0 0"),),
        attributes=tuple(attributes),
        other=tuple(other),
    )


def _origin(value: str) -> Origin:
    fields = value.split(" ", 6)
    if len(fields) != 6 or not all(fields):
        raise Malformed("bad SDP origin")
    username, session_id, version, network_type, address_type, address = fields
    if _NUMBER.fullmatch(session_id) is None or _NUMBER.fullmatch(version) is None:
        raise Malformed("bad SDP origin")
    return Origin(int(session_id), int(version), address, address_type, username, network_type)


def _connection(value: str) -> Connection:
    fields = value.split(" ", 3)
    if len(fields) != 3 or not all(fields):
        raise Malformed("bad SDP connection")
    network_type, address_type, address = fields
    return Connection(address, address_type, network_type)


def _attribute(value: str) -> Attribute:
    name, colon, rest = value.partition(":")
    if not name:
        raise Malformed("bad SDP attribute")
    return Attribute(name, rest if colon else None)


def _media(lines: list[str]) -> Media:
    fields = lines[0][2:].split(" ", MAX_FORMATS + 3)
    if len(fields) < 4 or not all(fields) or "\r" in lines[0] or "\x00" in lines[0]:
        raise Malformed("bad SDP media line")
    if len(fields) > MAX_FORMATS + 3:
        raise Malformed("too many SDP formats")
    kind, port_text, protocol, *formats = fields
    port = _PORT.fullmatch(port_text)
    if port is None or int(port[1]) > 65535:
        raise Malformed("bad SDP media port")
    connection: Connection | None = None
    attributes: list[Attribute] = []
    other: list[tuple[str, str]] = []
    for line in lines[1:]:
        letter, value = _split_line(line)
        if letter == "c":
            # Several are allowed for layered multicast only (RFC 8866 section 5.7); the first one counts.
            connection = connection or _connection(value)
        elif letter == "a":
            attributes.append(_attribute(value))
        elif letter in _MEDIA_OTHER:
            other.append((letter, value))
    return Media(
        kind=kind,
        port=int(port[1]),
        protocol=protocol,
        formats=tuple(formats),
        port_count=int(port[2]) if port[2] else 1,
        connection=connection,
        attributes=tuple(attributes),
        other=tuple(other),
    )
