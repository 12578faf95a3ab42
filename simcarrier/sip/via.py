"""Via: where a response goes (RFC 3261 sections 18.2 and 20.42, RFC 3581).

The topmost Via is the one header that every message needs, so in its usual shape it is read straight from its line,
before any index of header fields is built. `Via.stamped` is what the server does to it: fill in ``rport``, add
``received``; `Via.destination` is where the response then goes.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from .errors import Malformed
from .grammar import parse_params, split_salvaging
from .transport import Address, Transport

MAGIC_COOKIE = "z9hG4bK"
"""What a branch made by the rules of RFC 3261 begins with (section 8.1.1.7)."""

# What stands before the branch in the usual shape, and what may.
_SENT = re.compile(
    r"Via: SIP/2\.0/([A-Z]++) (\[[0-9A-Fa-f:.]++\]|[^\s;:,\[\]\"]++)(?>(?::(\d{1,5}))?)"
    r"((?>(?:;[^\s;,\"=]++(?>(?:=[^\s;,\"]++)?))*))\Z"
)
_SENT_KEPT = 4096
_SENT_LENGTH = 128  # a real one is below 60; without this limit a peer could fill memory with long ones
_sent: dict[str, Sent] = {}
"""What stands before the branch in peers' Vias, as read before."""

_BLANKS = frozenset({b" ", b"\t"})
_FIRST_LINE = re.compile(r"\r\n(?:via|v)[ \t]*+:[ \t]*+([^\r\n]*+(?>(?:\r\n[ \t]++[^\r\n]*+)*))", re.IGNORECASE)
_VALUE = re.compile(
    r"\s*SIP\s*/\s*2\.0\s*/\s*([A-Za-z0-9-]+)\s+(\[[0-9A-Fa-f:.]+\]|[^\s;:,\[\]\"]+)(?:\s*:\s*(\d{1,5}))?\s*(.*)\Z",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(slots=True)
class Via:
    """One Via value.

    Attributes:
        transport: as written, in capitals.
        host: sent-by host, as written (IPv6 in brackets).
        port: sent-by port or None.
        tail: the parameters as written, from the first semicolon on.
        branch: the branch parameter, empty if there is none.
        sent_by: host and port in lower case, for comparing (section 17.2.3).
    """

    transport: str
    host: str
    port: int | None
    tail: str
    branch: str
    sent_by: str

    @property
    def key(self) -> str:
        """What a request is matched by, but for its method: branch and sent-by (section 17.2.3)."""
        return f"{self.branch} {self.sent_by}"

    @property
    def params(self) -> dict[str, str | None]:
        """The parameters, names in lower case."""
        return parse_params(self.tail)

    def stamped(self, source: Address) -> str:
        """The value as the server sends it back: ``received`` and ``rport`` filled in (18.2.1, RFC 3581 section 4)."""
        host = source[0]
        tail = self.tail
        if "rport" in tail and (filled := _fill_rport(tail, source[1])) is not None:
            tail = f"{filled};received={host}"
        elif self.host != host and self.host.strip("[]") != host:
            tail = f"{tail.rstrip()};received={host}"
        port = "" if self.port is None else f":{self.port}"
        return f"SIP/2.0/{self.transport} {self.host}{port}{tail}"

    def destination(self, source: Address, *, reliable: bool = False) -> Address:
        """Where a response goes (section 18.2.2).

        Over UDP: the source's host, and its port if ``rport`` asked for it. On a stream it goes back on the connection;
        this is where a new one is opened if that has closed: the source's host, and the port of sent-by.
        """
        if reliable:
            return source[0], self.port or (5061 if self.transport == Transport.TLS else 5060)
        tail = self.tail
        if "rport" in tail and _fill_rport(tail, 0) is not None:
            return source
        if "maddr" in tail:
            maddr = self._maddr()
            if maddr:
                return maddr, self.port or 5060
        port = self.port
        if port == source[1]:
            return source
        return source[0], port or (5061 if self.transport == Transport.TLS else 5060)

    def _maddr(self) -> str:
        """The maddr parameter if it is an IP address: nobody looks up a name to answer, or lets a peer make us."""
        try:
            maddr = (self.params.get("maddr") or "").strip("[]")
            ipaddress.ip_address(maddr)
        except ValueError:  # Malformed is one too
            return ""
        return maddr


_RPORT = re.compile(r";\s*+rport\s*+(?=;|\Z)", re.IGNORECASE)


def _fill_rport(tail: str, port: int) -> str | None:
    """The tail with a valueless rport filled in, or None if there is none."""
    match = _RPORT.search(tail)
    return None if match is None else f"{tail[: match.start()]};rport={port}{tail[match.end() :]}"


def quick_via(lines: list[str]) -> Via | None:
    """The topmost Via in the usual shape: the first header line, one value, unfolded, with a branch. None for others.

    Peers send the same sent-by in every message, so what stands before the branch is read once for each.
    """
    if len(lines) < 2:
        return None
    line = lines[1]
    sent, found, rest = line.partition(";branch=")
    if not found or "," in rest or '"' in rest or " " in rest or "\t" in rest:
        return None
    if len(lines) > 2 and lines[2][:1] in (" ", "\t"):
        return None
    return usual_via(sent, rest, rest.partition(";")[0])


def usual_via(sent: str, rest: str, branch: str) -> Via | None:
    """A Via in the usual shape out of its parts, or None if what stands before the branch is not usual.

    Args:
        sent: the line up to the branch parameter, ``Via:`` included.
        rest: what follows ``;branch=``.
        branch: the same without further parameters.
    """
    known = sent_before(sent)
    return None if known is None else known.with_branch(rest, branch)


class Sent:
    """What stands before the branch in a Via of the usual shape: the same in every message of a peer.

    Attributes:
        sent_by: host and port in lower case, for comparing.
    """

    __slots__ = ("_before", "_host", "_port", "_source", "_transport", "_way", "sent_by")

    def __init__(self, transport: str, host: str, port: int | None, before: str) -> None:
        self._transport = transport
        self._host = host
        self._port = port
        self._before = before
        self.sent_by = sent_by_text(host, port)
        self._source: Address | None = None
        self._way = ("", "", ("", 0))

    def with_branch(self, rest: str, branch: str) -> Via:
        """The whole Via; see `usual_via`."""
        return Via(self._transport, self._host, self._port, f"{self._before};branch={rest}", branch, self.sent_by)

    def way_back(self, source: Address) -> tuple[str, str, Address]:
        """How a Via that ends with its branch goes back over UDP: what precedes the branch, what follows it, whereto.

        It is what `Via.stamped` and `Via.destination` say of any such Via, asked anew if the source is another one.
        """
        if source != self._source:
            via = self.with_branch(_ANY_BRANCH, _ANY_BRANCH)
            before, _, after = via.stamped(source).partition(f";branch={_ANY_BRANCH}")
            self._way = f"{before};branch=", after, via.destination(source)
            self._source = source
        return self._way


_ANY_BRANCH = f"{MAGIC_COOKIE}any"
"""Stands for a branch; what stands before the branch has no other."""


def sent_before(sent: str) -> Sent | None:
    """What stands before the branch, ``Via:`` included, read once for each peer; None if it is not usual."""
    return _sent.get(sent) or _read_sent(sent)


def _read_sent(sent: str) -> Sent | None:
    match = _SENT.match(sent)
    if match is None:
        return None
    transport, host, digits, before = match.groups()
    port = None if digits is None else int(digits)
    if (port is not None and port > 65535) or ";branch" in before.lower():
        return None
    known = Sent(transport, host, port, before)
    if len(sent) <= _SENT_LENGTH:
        if len(_sent) >= _SENT_KEPT:
            _sent.clear()
        _sent[sent] = known
    return known


def quick_key(data: bytes) -> str:
    """What `Via.key` is, straight out of a request's bytes; empty unless its first line is a Via of the usual shape.

    For a request of which nothing else may be needed: an ACK is matched and done with, unread.
    """
    start = data.find(b"\r\n") + 2
    end = data.find(b"\r\n", start)
    if end < 0 or data[end + 2 : end + 3] in _BLANKS:
        return ""
    sent, found, rest = str(data[start:end], "latin-1").partition(";branch=")
    known = _sent.get(sent)
    if known is None or not found or "," in rest or '"' in rest or " " in rest or "\t" in rest:
        return ""
    return f"{rest.partition(';')[0]} {known.sent_by}"


def sent_by_text(host: str, port: int | None) -> str:
    """Host and port in lower case, for comparing."""
    return host.lower() if port is None else f"{host.lower()}:{port}"


class ViaParser:
    """The careful way to read a Via: any spacing, folded lines, several values in a line."""

    @staticmethod
    def top(head: str) -> Via:
        """The topmost Via of a head.

        Raises:
            Malformed: there is none, or its first value can't be read.
        """
        line = _FIRST_LINE.search(head)
        if line is None:
            raise Malformed("No Via")
        return ViaParser.value(split_salvaging(line[1].replace("\r\n", " "), ",")[0])

    @staticmethod
    def value(text: str) -> Via:
        """One Via value.

        Raises:
            Malformed: it is not ``SIP/2.0/TRANSPORT host[:port]`` and parameters.
        """
        match = _VALUE.match(text)
        if match is None:
            raise Malformed("Bad Via")
        transport, host, digits, tail = match.groups()
        port = None if digits is None else int(digits)
        if port is not None and port > 65535:
            raise Malformed("Bad port in Via")
        if tail and not tail.startswith(";"):
            raise Malformed("Bad Via")
        branch = parse_params(tail).get("branch") or ""
        return Via(transport.upper(), host, port, " ".join(tail.split()), branch, sent_by_text(host, port))
