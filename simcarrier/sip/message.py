"""Requests and responses as they came: the bytes kept, the headers read on demand.

A carrier under load looks at very little of what it receives: an ACK needs its topmost Via, a repeated INVITE no more.
So a message holds its head as text and its whole self as bytes, and builds the index of its header fields at the first
question (RFC 3261 section 7.3). Compact names, folded lines, repeated fields and any capitals are understood; the head
is UTF-8 with ``surrogateescape``, so that what is copied into a response is the very bytes that came.

`parse` makes messages out of bytes; nothing here changes one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .address import NameAddr, quick_tag
from .errors import Malformed
from .field_names import CANONICAL, canonical
from .grammar import split_salvaging
from .uri import SipUri, TelUri, parse_uri
from .via import Via, ViaParser, quick_via

MAX_FIELDS = 512
"""Header fields in one message. Real ones have a dozen; the limit keeps a crafted one cheap."""

# One field with its folded lines. Possessive where it can be, so that a crafted head is read once, never twice.
_FIELD = re.compile(r"\r\n([^\s:]++)[ \t]*+:[ \t]*+([^\r\n]*+(?>(?:\r\n[ \t]++[^\r\n]*+)*))")
_NAME = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+\Z")
_BLANKS = " \t"
_FOLD = re.compile(r"[ \t]*\r\n[ \t]+")
_HEAD_USER = re.compile(r"[^<\"]*<sips?:([^@;:?&=+$,%>\s]*+|[+0-9]++)@")


class Message:
    """What requests and responses share.

    Attributes:
        raw: the bytes as received or as they will be sent.
        defect: what `parse` found wrong with the frame of the message (no empty line, for instance), or None.
    """

    __slots__ = ("_body_at", "_cseq", "_first", "_lines", "_more", "_tags", "_via", "defect", "raw")

    def __init__(self, raw: bytes, lines: list[str] | None, body_at: int, defect: str | None = None) -> None:
        self.raw = raw
        self.defect = defect
        self._lines = lines
        self._body_at = body_at
        self._first: dict[str, str] | None = None
        self._more: dict[str, list[str]] | None = None
        self._via: Via | None = None
        self._tags: tuple[str, str] | None = None
        self._cseq: tuple[int, str] | None = None

    @property
    def head(self) -> str:
        """Start line and header fields as text, lines ended by CRLF, without the empty line."""
        return "\r\n".join(self.lines)

    @property
    def lines(self) -> list[str]:
        """Start line and header lines. What was read at a glance has none until they are asked for."""
        lines = self._lines
        if lines is None:
            lines = self._lines = str(self.raw[: self._body_at - 4], "utf-8", "surrogateescape").split("\r\n")
        return lines

    def index(self) -> dict[str, str]:
        """The first value of each field by its canonical name; built at the first question."""
        first = self._first
        if first is not None:
            return first
        first = {}
        more: dict[str, list[str]] | None = None
        lines = self.lines
        if len(lines) > MAX_FIELDS:
            return self._careful_index()
        for at in range(1, len(lines)):
            name, colon, value = lines[at].partition(":")
            key = CANONICAL.get(name)
            if key is None:
                if not colon or _NAME.match(name) is None:
                    return self._careful_index()  # a folded line, a blank before the colon, or junk
                key = canonical(name)
            if key not in first:
                first[key] = value.strip(_BLANKS)
            else:
                if more is None:
                    more = {}
                more.setdefault(key, []).append(value.strip(_BLANKS))
        self._first = first
        self._more = more
        return first

    def _careful_index(self) -> dict[str, str]:
        """The same for a head with folded lines, blanks before colons, or lines that are no fields."""
        first: dict[str, str] = {}
        more: dict[str, list[str]] = {}
        head = self.head
        found = _FIELD.findall(head)
        if len(found) > MAX_FIELDS:
            self.defect = self.defect or "Too many header fields"
            del found[MAX_FIELDS:]
        elif len(found) + sum(value.count("\r\n") for _, value in found) != len(self.lines) - 1:
            self.defect = self.defect or "Header line without a name"
        for name, value in found:
            key = canonical(name)
            text = _FOLD.sub(" ", value).strip(_BLANKS)
            if key not in first:
                first[key] = text
            else:
                more.setdefault(key, []).append(text)
        self._first = first
        self._more = more or None
        return first

    def get(self, name: str) -> str | None:
        """The value of the first header field of that name (canonical lower-case name), or None."""
        first = self._first
        return (self.index() if first is None else first).get(name)

    def get_all(self, name: str) -> list[str]:
        """The values of all header fields of that name in order, one entry a line."""
        first = self.index().get(name)
        if first is None:
            return []
        if self._more is None or name not in self._more:
            return [first]
        return [first, *self._more[name]]

    def has_several(self, name: str) -> bool:
        """Whether a comma-separated field has, or may have, more than one value."""
        return "," in (self.get(name) or "") or (self._more is not None and name in self._more)

    def values(self, name: str) -> list[str]:
        """The values of a comma-separated field, over all its lines (RFC 3261 section 7.3.1).

        Never raises: what follows an unclosed quote, or the hundredth comma, stays with its part.
        """
        lines = self.get_all(name)
        return [part for line in lines for part in split_salvaging(line, ",") if part] if lines else lines

    def tokens(self, name: str) -> set[str]:
        """The values of a field that lists tokens (Require, Supported), in lower case."""
        line = self.get(name)
        return set() if line is None else {value.strip().lower() for value in self.values(name)}

    def fields(self) -> list[tuple[str, str]]:
        """All header fields in order, with names as spelt and folded lines joined."""
        return [(name, _FOLD.sub(" ", value).strip()) for name, value in _FIELD.findall(self.head)]

    @property
    def via(self) -> Via:
        """The topmost Via. Read straight out of the head, without the index.

        Raises:
            Malformed: there is none, or it can't be read.
        """
        via = self._via
        if via is None:
            via = self._via = quick_via(self.lines) or ViaParser.top(self.head)
        return via

    @property
    def call_id(self) -> str:
        """The Call-ID, empty if there is none."""
        return self.get("call-id") or ""

    @property
    def cseq(self) -> tuple[int, str]:
        """Number and method of CSeq.

        Raises:
            Malformed: it is missing or isn't a number below 2**31 and a method (RFC 3261 section 8.1.1.5).
        """
        cseq = self._cseq
        if cseq is None:
            cseq = self._cseq = self._read_cseq()
        return cseq

    def _read_cseq(self) -> tuple[int, str]:
        words = (self.get("cseq") or "").split()
        if len(words) == 2:
            number, method = words
            if number.isdecimal() and number.isascii() and len(number) <= 10 and int(number) < 2**31:
                return int(number), method
        raise Malformed("Bad CSeq")

    @property
    def from_(self) -> NameAddr:
        """The From field."""
        return NameAddr.parse(self._required("from", "No From"))

    @property
    def to(self) -> NameAddr:
        """The To field."""
        return NameAddr.parse(self._required("to", "No To"))

    @property
    def contact(self) -> NameAddr | None:
        """The first Contact, or None."""
        found = self.values("contact")
        return NameAddr.parse(found[0]) if found else None

    @property
    def from_tag(self) -> str:
        """The tag of From, empty if there is none."""
        return (self._tags or self._read_tags())[0]

    @property
    def to_tag(self) -> str:
        """The tag of To, empty if there is none."""
        return (self._tags or self._read_tags())[1]

    def _read_tags(self) -> tuple[str, str]:
        get = self.index().get
        self._tags = tags = quick_tag(get("from") or ""), quick_tag(get("to") or "")
        return tags

    def _required(self, name: str, otherwise: str) -> str:
        value = self.get(name)
        if value is None:
            raise Malformed(otherwise)
        return value

    @property
    def content_length(self) -> int | None:
        """The Content-Length, or None.

        Raises:
            Malformed: it is not a number, or two of them differ.
        """
        text = self.get("content-length")
        if text is None:
            return None
        if not (text.isdecimal() and text.isascii()) or len(text) > 9:
            raise Malformed("Bad Content-Length")
        if self._more is not None and len(set(self.get_all("content-length"))) > 1:
            raise Malformed("Bad Content-Length")
        return int(text)

    @property
    def body(self) -> bytes:
        """The body: what follows the empty line, cut to Content-Length (RFC 3261 section 18.3)."""
        rest = self.raw[self._body_at :]
        length = self.content_length
        return rest if length is None else rest[:length]

    @property
    def room_for_body(self) -> int:
        """How many bytes came after the empty line."""
        return len(self.raw) - self._body_at

    @property
    def content_type(self) -> str:
        """The media type of the body in lower case without parameters, empty if there is none."""
        return (self.get("content-type") or "").partition(";")[0].strip().lower()


class Request(Message):
    """A request (RFC 3261 section 7.1).

    Attributes:
        method: as written; methods are case-sensitive.
        uri: the Request-URI as text.
        version: as written, normally ``SIP/2.0``.
        glanced: it was read at a glance (`glance`), and found whole and usual by that.
    """

    __slots__ = ("_copied", "_from_user", "_user", "method", "uri", "version")
    glanced = False

    def __init__(
        self,
        raw: bytes,
        lines: list[str] | None,
        body_at: int,
        method: str,
        uri: str,
        version: str = "SIP/2.0",
        defect: str | None = None,
    ) -> None:
        # Not by way of Message.__init__: a request is made for every datagram.
        self.raw = raw
        self.defect = defect
        self._lines = lines
        self._body_at = body_at
        self._first = None
        self._more = None
        self._via = None
        self._tags = None
        self._cseq = None
        self.method = method
        self.uri = uri
        self.version = version
        self._user: str | None = None
        self._from_user: str | None = None
        self._copied: tuple[str, str, str, str] | None = None

    @property
    def copied(self) -> tuple[str, str, str, str]:
        """The values of From, To, Call-ID and CSeq, which every response copies (section 8.2.6.2).

        Raises:
            KeyError: one is missing.
        """
        copied = self._copied
        if copied is None:
            first = self.index()
            copied = self._copied = (first["from"], first["to"], first["call-id"], first["cseq"])
        return copied

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the header fields as spelt, in their order."""
        return tuple([line.partition(":")[0] for line in self.lines[1:]])

    @property
    def parsed_uri(self) -> SipUri | TelUri:
        """The Request-URI taken apart.

        Raises:
            UnknownScheme: neither sip, sips nor tel.
            Malformed: it can't be read.
        """
        return parse_uri(self.uri)

    @property
    def user(self) -> str:
        """The called number: the user part of the Request-URI, without telephone parameters; empty if none."""
        user = self._user
        if user is None:
            user = self._user = _user_of(self.uri)
        return user

    @property
    def from_user(self) -> str:
        """The calling number: the user part of From; empty if there is none or it can't be read."""
        user = self._from_user
        if user is None:
            value = self.get("from") or ""
            match = _HEAD_USER.match(value)
            if match is not None:
                user = match[1]
            else:
                try:
                    user = _user_of(NameAddr.parse(value).uri_text)
                except Malformed:
                    user = ""
            self._from_user = user
        return user

    def __repr__(self) -> str:
        return f"<{self.method} {self.uri}>"


_SIMPLE_URI = re.compile(r"sips?:([A-Za-z0-9+_.!~*'()-]+)@")


def _user_of(uri: str) -> str:
    match = _SIMPLE_URI.match(uri)
    if match is not None:
        return match[1]
    try:
        return parse_uri(uri).user or ""
    except Malformed:
        return ""


class Response(Message):
    """A response (RFC 3261 section 7.2).

    Attributes:
        status: 100 to 699.
        phrase: the reason phrase as it came.
    """

    __slots__ = ("phrase", "status")

    def __init__(
        self, raw: bytes, lines: list[str], body_at: int, status: int, phrase: str, defect: str | None = None
    ) -> None:
        super().__init__(raw, lines, body_at, defect)
        self.status = status
        self.phrase = phrase

    def __repr__(self) -> str:
        return f"<{self.status} {self.phrase}>"


def make_request(method: str, uri: str, fields: Sequence[tuple[str, str]], body: bytes = b"") -> Request:
    """A request of our own, from its header fields in the order in which they are to stand.

    Content-Length is written last and always, as section 18.3 asks for on streams.
    """
    lines = [f"{method} {uri} SIP/2.0", *(f"{name}: {value}" for name, value in fields)]
    lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n"
    return Request(head + body, lines, len(head), method, uri)
