"""Addresses in header fields: From, To, Contact, Route, P-Asserted-Identity (RFC 3261 sections 20, 25.1).

Two forms exist. ``"Name" <sip:bob@host;lr>;tag=1`` keeps the URI's parameters inside the brackets; without
brackets, ``sip:bob@host;tag=1``, every parameter belongs to the header field (section 20.10). The URI itself
is read only when asked for: most addresses are copied, not understood.

Nearly all addresses that come in have one shape, so one expression takes those, and a slower reader takes the
rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from .errors import LocalProtocolError, Malformed
from .grammar import LWS, format_params, match_quoted, parse_params, quote, split_outside_quotes, unquote
from .uri import Uri, parse_uri

WILDCARD: Final = "*"
"""A Contact that stands for every binding, in REGISTER only (RFC 3261 section 10.2.2)."""

_USUAL = re.compile(
    r'(?:"([^"\\\x00-\x1f\x7f]*+)"[ \t]*+|([A-Za-z0-9\-.!%*_+`\'~]*+)[ \t]*+)'  # display name
    r'<([A-Za-z][A-Za-z0-9+.\-]*+:[^\x00-\x20\x7f<>"]++)>'
    r"(?>(?:;tag=([A-Za-z0-9\-.!%*_+`'~]++))?)"
)
_MAX_LIST_PARAMS: Final = 2000  # over a whole list: 70 hops with 20 each; far more would cost above 5 ms
_URI = re.compile(r'[A-Za-z][A-Za-z0-9+.\-]*+:[^\x00-\x20\x7f<>"]++')
_BARE_URI = re.compile(r'[A-Za-z][A-Za-z0-9+.\-]*+:[^\x00-\x20\x7f<>";,?]++')
_BAD_NAME = re.compile(r'[\x00-\x08\x0a-\x1f\x7f">\\,;]')


@dataclass(frozen=True, slots=True)
class NameAddr:
    """One address with the parameters of its header field.

    Attributes:
        display_name: without quotes and escapes; empty if there is none.
        uri_text: the URI as it was written, without angle brackets.
        params: header parameters by lower-case name; not to be changed.
    """

    display_name: str
    uri_text: str
    params: Mapping[str, str | None] = field(default_factory=dict)
    _uri: Uri | None = field(default=None, init=False, compare=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> NameAddr:
        """Read one address.

        Raises:
            Malformed: it is none, or more than one. Whether the URI is well formed shows only on
                reading `uri`; here it need only begin with a scheme.
        """
        usual = _USUAL.fullmatch(text)
        if usual is not None:
            quoted, plain, uri_text, tag = usual.groups()
            return cls(quoted or plain or "", uri_text, {"tag": tag} if tag is not None else {})
        return _parse_any(text.strip(LWS))

    @property
    def uri(self) -> Uri:
        """The URI, read on first use.

        Raises:
            Malformed, UnknownScheme: as `parse_uri`.
        """
        uri = self._uri
        if uri is None:
            uri = parse_uri(self.uri_text)
            object.__setattr__(self, "_uri", uri)  # a memo, not a change of value
        return uri

    @property
    def tag(self) -> str | None:
        """The tag of a From or To (RFC 3261 section 19.3), None if there is none."""
        return self.params.get("tag")

    def with_tag(self, tag: str) -> NameAddr:
        """The same address with this tag, in place of the one it has, if any."""
        return NameAddr(self.display_name, self.uri_text, {**self.params, "tag": tag})

    def __str__(self) -> str:
        if _URI.fullmatch(self.uri_text) is None:
            raise LocalProtocolError("an address needs a URI")
        name = quote(self.display_name) + " " if self.display_name else ""
        return f"{name}<{self.uri_text}>{format_params(self.params)}"


def _parse_any(text: str) -> NameAddr:
    if text.startswith('"'):
        end = match_quoted(text, 0)
        if end < 0:
            raise Malformed("unclosed display name")
        name = unquote(text[:end])
        opening = len(text) - len(text[end:].lstrip(LWS))
        if text[opening : opening + 1] != "<":
            raise Malformed("a display name needs an address in angle brackets")
    else:
        opening = text.find("<")
        if opening < 0:
            return _parse_addr_spec(text)
        name = text[:opening].strip(LWS)
        if _BAD_NAME.search(name):
            raise Malformed("bad display name")
    closing = text.find(">", opening)
    uri_text = text[opening + 1 : closing]
    if closing < 0 or _URI.fullmatch(uri_text) is None:
        raise Malformed("no URI in angle brackets")
    return NameAddr(name, uri_text, parse_params(text[closing + 1 :]))


def _parse_addr_spec(text: str) -> NameAddr:
    found = _BARE_URI.match(text)
    if found is None:
        raise Malformed("no URI")
    # A comma or question mark would need brackets (section 20); as parameters they fail here.
    return NameAddr("", found[0], parse_params(text[found.end() :]))


def parse_list(text: str) -> list[NameAddr]:
    """Read a comma-separated list, as in Contact, Route, Record-Route, P-Asserted-Identity (section 7.3.1).

    Raises:
        Malformed: one of them is no address, an element is empty, or there are too many.
    """
    if "," not in text:
        return [NameAddr.parse(text)]
    if text.count(";") > _MAX_LIST_PARAMS:
        raise Malformed("too many parameters")
    return [NameAddr.parse(part) for part in split_outside_quotes(text, ",")]


def parse_contact(text: str) -> list[NameAddr] | Literal["*"]:
    """Read a Contact: a list of addresses, or `WILDCARD`.

    Raises:
        Malformed: as `parse_list`.
    """
    if text.strip(LWS) == WILDCARD:
        return WILDCARD
    return parse_list(text)


def quick_tag(value: str) -> str:
    """The tag parameter of a From or To value.

    The parameters follow the last ``>``, or the first ``;`` where there are no brackets, so a ``;tag=`` within a
    display name or a URI is not taken for one.
    """
    address, found, tail = value.partition(">;tag=")
    if '"' not in value and ";" not in tail and ">" not in tail and (found or address[-1:] == ">"):
        return tail.strip()
    at = value.find(";tag=", value.rfind(">") + 1)
    # A quoted string among the parameters may hold what looks like a tag or a bracket: that takes the careful reader.
    if at >= 0 and not ('"' in value and value.rfind('"') > value.find(">")):
        tail = value[at + 5 :]
        end = tail.find(";")
        return (tail if end < 0 else tail[:end]).strip()
    if "tag" not in value.lower():
        return ""
    try:
        return NameAddr.parse(value).tag or ""
    except Malformed:
        return ""
