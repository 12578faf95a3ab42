"""A session description as values (RFC 8866), and how it is written.

Only what offer and answer look at is taken apart; every other line is kept as it came. ``str()`` writes the
lines in the order that RFC 8866 section 5 wants, whatever the order they came in, and with CRLF.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from simcarrier.sip.errors import LocalProtocolError

_UNSPECIFIED: Final = frozenset({"0.0.0.0", "::"})


class Direction(StrEnum):
    """Which way media flows, as the describing side sees it (RFC 8866 section 6.7)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @classmethod
    def of(cls, *, send: bool, receive: bool) -> Direction:
        """The direction that allows exactly this."""
        if send:
            return cls.SENDRECV if receive else cls.SENDONLY
        return cls.RECVONLY if receive else cls.INACTIVE

    @property
    def sends(self) -> bool:
        """Whether the describing side sends."""
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        """Whether the describing side receives."""
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @property
    def mirrored(self) -> Direction:
        """The same flow as the other side sees it."""
        return Direction.of(send=self.receives, receive=self.sends)


_DIRECTIONS: Final = {direction.value: direction for direction in Direction}


@dataclass(frozen=True, slots=True)
class Codec:
    """An audio encoding (RFC 3551, RFC 4733 for telephone events).

    Attributes:
        name: the encoding name of ``rtpmap``; compared without regard to case.
        clock: clock rate in Hz.
        payload_type: what we number it in our own offers, 0 to 127.
        channels: how many.
        fmtp: our format parameters, None if there are none.
    """

    name: str
    clock: int
    payload_type: int
    channels: int = 1
    fmtp: str | None = None

    def same_encoding(self, other: Codec) -> bool:
        """Whether it is the same encoding, whatever its number and parameters."""
        return (self.name.lower(), self.clock, self.channels) == (
            other.name.lower(),
            other.clock,
            other.channels,
        )

    @property
    def rtpmap(self) -> str:
        """The value of ``rtpmap`` after the payload type."""
        return f"{self.name}/{self.clock}" + (f"/{self.channels}" if self.channels != 1 else "")


PCMU: Final = Codec("PCMU", 8000, 0)
PCMA: Final = Codec("PCMA", 8000, 8)
G722: Final = Codec("G722", 8000, 9)  # sampled at 16 kHz: the 8000 is a mistake kept (RFC 3551 section 4.5.2)
TELEPHONE_EVENT: Final = Codec("telephone-event", 8000, 101, fmtp="0-16")


@dataclass(frozen=True, slots=True)
class Attribute:
    """An ``a=`` line: a property if ``value`` is None."""

    name: str
    value: str | None = None

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}:{self.value}"


@dataclass(frozen=True, slots=True)
class Origin:
    """The ``o=`` line (RFC 8866 section 5.2): who made this description, and which version it is."""

    session_id: int
    version: int
    address: str
    address_type: str = "IP4"
    username: str = "-"
    network_type: str = "IN"

    def __str__(self) -> str:
        return (
            f"{self.username} {self.session_id} {self.version} {self.network_type} {self.address_type} {self.address}"
        )


@dataclass(frozen=True, slots=True)
class Connection:
    """A ``c=`` line (section 5.7). ``address`` may carry a multicast TTL (``224.2.1.1/127``)."""

    address: str
    address_type: str = "IP4"
    network_type: str = "IN"

    @property
    def host(self) -> str:
        """The address alone."""
        return self.address.partition("/")[0]

    @property
    def unspecified(self) -> bool:
        """Whether it is 0.0.0.0 or ::, the old way to put a call on hold (RFC 3264 section 8.4)."""
        return self.host in _UNSPECIFIED

    @classmethod
    def to(cls, address: str) -> Connection:
        """The connection line for a host's address, IPv6 without brackets."""
        return cls(address, address_type(address))

    def __str__(self) -> str:
        return f"{self.network_type} {self.address_type} {self.address}"


def address_type(address: str) -> str:
    """``IP6`` for an address with a colon, else ``IP4``."""
    return "IP6" if ":" in address else "IP4"


@dataclass(frozen=True, slots=True)
class Media:
    """An ``m=`` line with the lines below it (section 5.14).

    Attributes:
        kind: ``audio``, ``video``, ``image`` ...
        port: 0 to 65535; 0 means rejected or not to be used (RFC 3264 section 6).
        port_count: the number after the port's slash, 1 if there is none.
        protocol: ``RTP/AVP`` and its like.
        formats: payload types for RTP, in order of preference.
        connection: None if the session's holds.
        attributes: in the order they came.
        other: ``i=``, ``b=`` and ``k=`` lines as (letter, value).
    """

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    port_count: int = 1
    connection: Connection | None = None
    attributes: tuple[Attribute, ...] = ()
    other: tuple[tuple[str, str], ...] = ()

    def attribute(self, name: str) -> str | None:
        """The first attribute of that name: its value, ``""`` for a property, None if absent."""
        return _attribute(self.attributes, name)

    def lines(self) -> list[str]:
        """The lines in the order of RFC 8866 section 5, without line ends."""
        port = str(self.port) if self.port_count == 1 else f"{self.port}/{self.port_count}"
        out = [f"m={self.kind} {port} {self.protocol} {' '.join(self.formats)}"]
        out += _other_lines(self.other, "i")
        if self.connection is not None:
            out.append(f"c={self.connection}")
        out += _other_lines(self.other, "b")
        out += _other_lines(self.other, "k")
        out += [f"a={attribute}" for attribute in self.attributes]
        return out


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """A whole description.

    Attributes:
        times: ``t=`` and ``r=`` lines as (letter, value), in the order they came.
        other: the session's ``i=``, ``u=``, ``e=``, ``p=``, ``b=``, ``z=``, ``k=`` lines as (letter, value).
    """

    origin: Origin
    media: tuple[Media, ...] = ()
    connection: Connection | None = None
    name: str = "-"
    times: tuple[tuple[str, str], ...] = (("t", "0 0"),)
    attributes: tuple[Attribute, ...] = ()
    other: tuple[tuple[str, str], ...] = ()

    def attribute(self, name: str) -> str | None:
        """The session's first attribute of that name: its value, ``""`` for a property, None if absent."""
        return _attribute(self.attributes, name)

    def connection_of(self, media: Media) -> Connection | None:
        """The connection that holds for a stream: its own, else the session's."""
        return media.connection if media.connection is not None else self.connection

    def direction_of(self, media: Media) -> Direction:
        """Which way a stream flows: its own attribute, else the session's, else both ways (RFC 3264 section
        5.1).

        A stream put on hold the old way, by an unspecified address, does not receive (section 8.4).
        """
        direction = _direction(media.attributes) or _direction(self.attributes) or Direction.SENDRECV
        connection = self.connection_of(media)
        if connection is not None and connection.unspecified:
            return Direction.of(send=direction.sends, receive=False)
        return direction

    def following(self, previous: SessionDescription) -> SessionDescription:
        """This description as the successor of one sent before in the same session (RFC 3264 section 8).

        It takes over the session id; the version goes up by one if anything else has changed, and only then.
        """
        same = replace(self, origin=previous.origin)
        if same == previous:
            return previous
        origin = replace(
            self.origin,
            username=previous.origin.username,
            session_id=previous.origin.session_id,
            version=previous.origin.version + 1,
        )
        return replace(self, origin=origin)

    def __str__(self) -> str:
        out = ["v=0", f"o={self.origin}", f"s={self.name}"]
        for letter in "iuep":
            out += _other_lines(self.other, letter)
        if self.connection is not None:
            out.append(f"c={self.connection}")
        out += _other_lines(self.other, "b")
        out += [f"{letter}={value}" for letter, value in self.times]
        out += _other_lines(self.other, "z")
        out += _other_lines(self.other, "k")
        out += [f"a={attribute}" for attribute in self.attributes]
        for media in self.media:
            out += media.lines()
        if any("\r" in line or "\n" in line for line in out):
            raise LocalProtocolError("a line end within a session description's value")
        return "\r\n".join(out) + "\r\n"

    def __bytes__(self) -> bytes:
        return str(self).encode("utf-8", "surrogateescape")


def _attribute(attributes: tuple[Attribute, ...], name: str) -> str | None:
    for attribute in attributes:
        if attribute.name == name:
            return "" if attribute.value is None else attribute.value
    return None


def _direction(attributes: tuple[Attribute, ...]) -> Direction | None:
    for attribute in attributes:
        if attribute.value is None and attribute.name in _DIRECTIONS:
            return _DIRECTIONS[attribute.name]
    return None


def _other_lines(other: tuple[tuple[str, str], ...], letter: str) -> list[str]:
    return [f"{letter}={value}" for kind, value in other if kind == letter]
