"""The words of SIP's grammar that many header fields share (RFC 3261 section 25.1).

Tokens, quoted strings, parameter lists and percent escapes. Two rules hold throughout. Every function is
linear in the length of its text: each regular expression is possessive or has no choice to go back to, and a
text that cannot match fails at once instead of being tried again from the next character. And we read more
than we write: a parameter's value may hold what deployed stacks put there (``tag=ab==``, ``url=https://x/``),
while quoting keeps what we write by the letter of the grammar.

Texts are what came off the wire, decoded from UTF-8 with ``surrogateescape``, and already unfolded: a CR or
LF inside a value is a fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import quote as _url_quote
from urllib.parse import unquote_to_bytes as _url_unquote

from .errors import LocalProtocolError, Malformed

MAX_PARTS: Final = 100
"""How many parameters, or how many list elements, one text may hold.

Real ones hold below twenty, and no request passes more than 70 hops. The work per element, not per byte, is what a
crafted datagram could make us do: 64 kB hold 32,000 empty parameters.
"""

LWS: Final = " \t"
"""White space within an unfolded header value."""

_T = TypeVar("_T")
_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_QUOTED = re.compile(r'"[^"\\\x00-\x08\x0a-\x1f\x7f]*+(?>(?:\\[^\x00\x0a\x0d][^"\\\x00-\x08\x0a-\x1f\x7f]*+)*)"')
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
# A value without quotes: anything visible that does not end it. Backslash is left out, it has no meaning.
_PLAIN_VALUE = r'[^\x00-\x20\x7f;,"<>\\]'
_PARAM = re.compile(
    r"[ \t]*+;[ \t]*+([A-Za-z0-9\-.!%*_+`'~]++)"  # name
    rf"(?>(?:[ \t]*+=[ \t]*+(?:({_PLAIN_VALUE}++)|({_QUOTED.pattern})))?)"
)
_ASCII_VALUE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3d\x3f-\x5b\x5d-\x7e]+")  # _PLAIN_VALUE within ASCII
_UNQUOTABLE = re.compile(r"[\x00\r\n]")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SPECIALS: dict[str, re.Pattern[str]] = {sep: re.compile(f'["<{re.escape(sep)}]') for sep in ",;"}


def is_token(text: str) -> bool:
    """Whether the text is a ``token`` (RFC 3261 section 25.1): method names, header names, tags."""
    return _TOKEN.fullmatch(text) is not None


def match_quoted(text: str, start: int) -> int:
    """Find the end of the quoted string that opens at ``start``.

    Returns:
        The index just past the closing quote, or -1 if it is never closed or holds a control character.
    """
    found = _QUOTED.match(text, start)
    return found.end() if found else -1


def _split(text: str, sep: str) -> tuple[list[str], str | None]:
    """Split, and say what went wrong, if anything did; the rest of the text is then the last part."""
    if '"' not in text and "<" not in text:
        parts = text.split(sep, MAX_PARTS)
        return [part.strip(LWS) for part in parts], "too many list elements" if len(parts) > MAX_PARTS else None
    special = _SPECIALS.get(sep) or re.compile(f'["<{re.escape(sep)}]')
    parts = []
    begin = at = 0
    fault: str | None = None
    enclosed = 0
    while (found := special.search(text, at)) is not None:
        at = found.end()
        char = text[at - 1]
        if char == sep:
            parts.append(text[begin : at - 1].strip(LWS))
            begin = at
            enclosed = 0
            if len(parts) >= MAX_PARTS:
                fault = "too many list elements"
                break
            continue
        # Empty quotes and brackets are as good as separators for making us work, so they count too.
        enclosed += 1
        if enclosed > MAX_PARTS:
            fault = "too many quoted strings"
            break
        if char == '"':
            at = match_quoted(text, at - 1)
            if at < 0:
                fault = "unclosed quoted string"
                break
        else:
            at = text.find(">", at) + 1
            if at == 0:
                fault = "unclosed angle bracket"
                break
    parts.append(text[begin:].strip(LWS))
    return parts, fault


def split_outside_quotes(text: str, sep: str) -> list[str]:
    """Split at a separator, but not within quoted strings or ``<...>`` (RFC 3261 section 7.3.1).

    Args:
        text: a header value, for instance a list of addresses.
        sep: one character.

    Returns:
        The parts without surrounding white space. Empty parts stay: what they mean is for the caller to say.

    Raises:
        Malformed: a quote or an angle bracket is never closed, or there are more than `MAX_PARTS` parts.
    """
    parts, fault = _split(text, sep)
    if fault is not None:
        raise Malformed(fault)
    return parts


def split_salvaging(text: str, sep: str) -> list[str]:
    """Split like `split_outside_quotes`, but never raise: what follows an unclosed quote stays with its part.

    For header fields of which one bad element must not cost us the good ones before it.
    """
    return _split(text, sep)[0]


@dataclass(frozen=True, slots=True)
class ListFault:
    """An element of a list that could not be read: why, and what stood there."""

    why: str
    text: str


def read_list(
    header_values: Iterable[str], read: Callable[[str], _T], most: int, too_many: str, longest: int | None = None
) -> tuple[tuple[_T, ...], tuple[ListFault, ...]]:
    """Read all header fields of one name, each of which may hold a list. Never raises, whatever came off the wire.

    Args:
        header_values: the values, in order.
        read: reads one element; may raise `Malformed`.
        most: how many elements are looked at.
        too_many: what the fault is if there are more.
        longest: characters; a longer value is not split, but given to ``read`` as it is.

    Returns:
        What could be read, in the order it came, and the faults of the others.
    """
    values: list[_T] = []
    faults: list[ListFault] = []
    for header_value in header_values:
        whole = longest is not None and len(header_value) > longest
        for part in [header_value] if whole else split_salvaging(header_value, ","):
            if len(values) + len(faults) >= most:
                faults.append(ListFault(too_many, ""))
                return tuple(values), tuple(faults)
            try:
                values.append(read(part))
            except Malformed as fault:
                faults.append(ListFault(fault.why, part))
    return tuple(values), tuple(faults)


def quote(text: str) -> str:
    """Make a quoted string (RFC 3261 section 25.1), escaping quotes and backslashes.

    Raises:
        LocalProtocolError: the text holds a line end or NUL, for which no quoted form exists.
    """
    if _UNQUOTABLE.search(text):
        raise LocalProtocolError("a line end or NUL cannot be quoted")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unquote(text: str) -> str:
    """Undo `quote`. A text that is not one whole quoted string comes back as it is."""
    if _QUOTED.fullmatch(text) is None:
        return text
    return _unescape(text)


def _unescape(quoted: str) -> str:
    """What stands in a string known to be quoted."""
    inner = quoted[1:-1]
    return _QUOTED_PAIR.sub(r"\1", inner) if "\\" in inner else inner


def parse_params(text: str) -> dict[str, str | None]:
    """Read ``;a=b;c;d="x;y"`` (``generic-param`` in RFC 3261 section 25.1).

    Args:
        text: empty, or white space, or a list that begins with a semicolon.

    Returns:
        Names in lower case, in the order they came; values without their quotes; None for a name without a
        value. Where a name comes twice the first one wins.

    Raises:
        Malformed: anything else stands there, an empty parameter (``;;``) or an empty value (``a=``) too, or
            there are more than `MAX_PARTS` parameters.
    """
    params: dict[str, str | None] = {}
    end = len(text.rstrip(LWS))
    at = count = 0
    match = _PARAM.match
    while at < end:
        found = match(text, at, end)
        count += 1
        if found is None:
            raise Malformed("bad parameter")
        if count > MAX_PARTS:
            raise Malformed("too many parameters")
        name, plain, quoted = found.groups()
        name = name.lower()
        if name not in params:
            params[name] = plain if quoted is None else _unescape(quoted)
        at = found.end()
    return params


def format_params(params: Mapping[str, str | None]) -> str:
    """Write ``;name=value`` for each entry, quoting the values that need it; the reverse of `parse_params`.

    Raises:
        LocalProtocolError: a name is no token, or a value holds a line end or NUL.
    """
    out: list[str] = []
    for name, value in params.items():
        if not is_token(name):
            raise LocalProtocolError("a parameter's name must be a token")
        if value is None:
            out.append(f";{name}")
        elif _ASCII_VALUE.fullmatch(value):
            out.append(f";{name}={value}")
        else:
            out.append(f";{name}={quote(value)}")
    return "".join(out)


def percent_decode(text: str) -> str:
    """Undo ``%HH`` escapes (RFC 3261 section 25.1, ``escaped``); the bytes they stand for are read as UTF-8.

    Raises:
        Malformed: a percent sign without two hexadecimal digits.
    """
    if "%" not in text:
        return text
    if _BAD_ESCAPE.search(text):
        raise Malformed("bad percent escape")
    return _url_unquote(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def percent_encode(text: str, safe: str = "") -> str:
    """Escape every byte that is neither a letter, a digit, one of ``-_.~`` nor in ``safe``."""
    return _url_quote(text, safe=safe, encoding="utf-8", errors="surrogateescape")
