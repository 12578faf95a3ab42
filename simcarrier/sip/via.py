"""Via: where a response goes (RFC 3261 sections 18.2 and 20.42, RFC 3581).

The topmost Via is the one header that every message needs, so it is read straight from the head by one expression,
before any index of header fields is built. `Via.stamped` is what the server does to it: fill in ``rport``, add
``received``; `Via.destination` is where the response then goes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import Malformed
from .grammar import parse_params, split_outside_quotes
from .transport import Address, Transport

MAGIC_COOKIE = "z9hG4bK"
"""What a branch made by the rules of RFC 3261 begins with (section 8.1.1.7)."""

# The usual shape: the first Via line of a head, its first value, no quoted string in it.
_TOP = re.compile(
    r"\r\n(?:Via|v|VIA|via|V)[ \t]*+:[ \t]*+SIP/2\.0/([A-Za-z]++)[ \t]++"
    r"(\[[0-9A-Fa-f:.]++\]|[^\s;:,\[\]\"]++)(?::(\d{1,5}))?+([^\r\n,\"]*+)(?=[\r,]|\Z)"
)
_FIRST_LINE = re.compile(r"\r\n(?:via|v)[ \t]*+:[ \t]*+([^\r\n]*+(?:\r\n[ \t]++[^\r\n]*+)*+)", re.IGNORECASE)
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
    """

    transport: str
    host: str
    port: int | None
    tail: str
    branch: str

    @property
    def sent_by(self) -> str:
        """Host and port in lower case, for comparing (section 17.2.3)."""
        return self.host.lower() if self.port is None else f"{self.host.lower()}:{self.port}"

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
        elif self.host.strip("[]") != host:
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
            maddr = self.params.get("maddr")
            if maddr:
                return maddr.strip("[]"), self.port or 5060
        port = self.port
        if port == source[1]:
            return source
        return source[0], port or (5061 if self.transport == Transport.TLS else 5060)


_RPORT = re.compile(r";\s*+rport\s*+(?=;|\Z)", re.IGNORECASE)


def _fill_rport(tail: str, port: int) -> str | None:
    """The tail with a valueless rport filled in, or None if there is none."""
    match = _RPORT.search(tail)
    return None if match is None else f"{tail[: match.start()]};rport={port}{tail[match.end() :]}"


class ViaParser:
    """The two ways to read a Via: out of a head at speed, or out of a single value with care."""

    @staticmethod
    def top(head: str) -> Via:
        """The topmost Via of a head.

        Raises:
            Malformed: there is none, or its first value can't be read.
        """
        match = _TOP.search(head)
        if match is not None:
            transport, host, port, tail = match.groups()
            at = tail.find(";branch=")
            # The careful reader also takes what the quick one must not: folded lines and other spellings of branch.
            if at >= 0 and head[match.end() : match.end() + 3] not in ("\r\n ", "\r\n\t"):
                end = tail.find(";", at + 8)
                branch = tail[at + 8 :] if end < 0 else tail[at + 8 : end]
                number = None if port is None else int(port)
                if number is None or number <= 65535:
                    return Via(transport.upper(), host, number, tail.rstrip(), branch.strip())
        line = _FIRST_LINE.search(head)
        if line is None:
            raise Malformed("No Via")
        return ViaParser.value(split_outside_quotes(line[1], ",")[0])

    @staticmethod
    def value(text: str) -> Via:
        """One Via value.

        Raises:
            Malformed: it is not ``SIP/2.0/TRANSPORT host[:port]`` and parameters.
        """
        match = _VALUE.match(text)
        if match is None:
            raise Malformed("Bad Via")
        transport, host, port, tail = match.groups()
        number = None if port is None else int(port)
        if number is not None and number > 65535:
            raise Malformed("Bad port in Via")
        if tail and not tail.startswith(";"):
            raise Malformed("Bad Via")
        return Via(transport.upper(), host, number, " ".join(tail.split()), parse_params(tail).get("branch") or "")
