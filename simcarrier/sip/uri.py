"""SIP, SIPS and tel URIs (RFC 3261 section 19.1, RFC 3966, number portability in RFC 4694).

The user part of a SIP URI is often a telephone number that brings parameters of its own,
``sip:+4930123;npdi;rn=+4930999@carrier.example``; they are split off, so that rules see the number alone.
That happens only where the part before the first semicolon is a number: the RFC's
``sip:alice;day=tuesday@atlanta.com`` has the user ``alice;day=tuesday``.

Reading is linear: one pass of a possessive expression cuts the URI into its components, and each is then
looked at once. It is also wider than the grammar where deployed diallers are: underscores in hosts, ``#`` in
users, local tel numbers without a phone-context. Writing escapes whatever the grammar wants escaped.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from .errors import Malformed
from .grammar import MAX_PARTS, percent_decode, percent_encode

Pairs: TypeAlias = tuple[tuple[str, str | None], ...]
"""Parameters in the order they came: name in lower case, value or None."""

# Every class ends where the next component begins and every repetition is possessive or atomic: no way back, so linear.
_SIP = re.compile(
    r"(sips?):"
    r'(?>(?:([^\x00-\x20\x7f<>"@:]++)(?>(?::([^\x00-\x20\x7f<>"@:]*+))?)@)?)'  # user, password
    r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9_][A-Za-z0-9_.\-]*+))"  # IPv6 reference, host
    r"(?>(?::([0-9]++))?)"  # port
    r'(?>(;[^\x00-\x20\x7f<>"?@]*+)?)'  # parameters
    r'(?>(?:\?([^\x00-\x20\x7f<>"]*+))?)',  # headers
    re.IGNORECASE | re.ASCII,
)
_TEL = re.compile(r'tel:(\+?[0-9A-F*#\-.()]++)(?>(;[^\x00-\x20\x7f<>"?@]*+)?)', re.IGNORECASE | re.ASCII)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*+):")
_DIALLABLE = re.compile(r"\+?[0-9*#\-.()]*[0-9*#][\-.()]*")
_DIALLABLE_HEX = re.compile(r"\+?[0-9A-Fa-f*#\-.()]+")
_GLOBAL = re.compile(r"\+[0-9]+")
_SEPARATORS: Final = str.maketrans("", "", "-.()")

_USER_SAFE: Final = "!*'()&=+$,;?/"
_NUMBER_SAFE: Final = "!*'()&=+$,?/"  # a semicolon would begin a parameter
_PASSWORD_SAFE: Final = "!*'()&=+$,"
_PARAM_SAFE: Final = "!*'()[]/:&+$"
_HEADER_SAFE: Final = "!*'()[]/?:+$"

# RFC 3261 section 19.1.4: these never match when only one of the two URIs has them.
_SIGNIFICANT: Final = frozenset({"user", "ttl", "method", "maddr", "transport"})


class UnknownScheme(Malformed):
    """A URI, but neither sip, sips nor tel: a request for it is answered 416 (RFC 3261 section 8.2.2.1)."""

    def __init__(self) -> None:
        super().__init__("unknown URI scheme")


def _lookup(pairs: Pairs, name: str) -> str | None:
    for key, value in pairs:
        if key == name:
            return "" if value is None else value
    return None


def _parse_pairs(text: str | None) -> Pairs:
    """Read ``;a=b;c``; the text begins with its semicolon."""
    if not text:
        return ()
    parts = text.split(";", MAX_PARTS + 1)
    if len(parts) > MAX_PARTS + 1:  # the first is the empty one before the first semicolon
        raise Malformed("too many URI parameters")
    pairs: list[tuple[str, str | None]] = []
    for part in parts[1:]:
        name, equals, value = part.partition("=")
        if not name or (equals and not value):
            raise Malformed("bad URI parameter")
        pairs.append((percent_decode(name).lower(), percent_decode(value) if equals else None))
    return tuple(pairs)


def _format_pairs(pairs: Pairs) -> str:
    return "".join(
        f";{percent_encode(name, _PARAM_SAFE)}"
        if value is None
        else f";{percent_encode(name, _PARAM_SAFE)}={percent_encode(value, _PARAM_SAFE)}"
        for name, value in pairs
    )


def _is_number(user: str, params: Pairs) -> bool:
    """Whether a user part is a telephone number: by its looks, or because ``user=phone`` says so."""
    if _DIALLABLE.fullmatch(user):
        return True
    return _lookup(params, "user") == "phone" and _DIALLABLE_HEX.fullmatch(user) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class SipUri:
    """A SIP or SIPS URI (RFC 3261 section 19.1.1). Texts stand here without their percent escapes.

    Attributes:
        scheme: ``sip`` or ``sips``.
        user: the user, or the bare telephone number; None if there is none.
        user_params: telephone parameters of the user part, names in lower case.
        password: as RFC 3261 has it, though it advises against it.
        host: in lower case; IPv6 without brackets.
        port: 0 to 65535, or None where none is written (which is not the same as 5060, section 19.1.4).
        params: URI parameters, names in lower case.
        headers: the part after ``?``, names as written.
    """

    host: str
    user: str | None = None
    port: int | None = None
    scheme: str = "sip"
    params: Pairs = ()
    user_params: Pairs = ()
    password: str | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def param(self, name: str) -> str | None:
        """The URI parameter of that (lower-case) name: its value, ``""`` if it has none, None if absent."""
        return _lookup(self.params, name)

    def user_param(self, name: str) -> str | None:
        """The telephone parameter of that name in the user part; the result is as for `param`."""
        return _lookup(self.user_params, name)

    def __str__(self) -> str:
        out = [self.scheme, ":"]
        if self.user is not None:
            numeric = self.user_params or _is_number(self.user.partition(";")[0], self.params)
            out.append(percent_encode(self.user, _NUMBER_SAFE if numeric else _USER_SAFE))
            if self.user_params:
                out.append(_format_pairs(self.user_params).replace("[", "%5B").replace("]", "%5D").replace(":", "%3A"))
            if self.password is not None:
                out.append(":" + percent_encode(self.password, _PASSWORD_SAFE))
            out.append("@")
        out.append(f"[{self.host}]" if ":" in self.host else self.host)
        if self.port is not None:
            out.append(f":{self.port}")
        out.append(_format_pairs(self.params))
        if self.headers:
            pairs = (f"{percent_encode(n, _HEADER_SAFE)}={percent_encode(v, _HEADER_SAFE)}" for n, v in self.headers)
            out.append("?" + "&".join(pairs))
        return "".join(out)


@dataclass(frozen=True, slots=True, kw_only=True)
class TelUri:
    """A telephone number (RFC 3966).

    Attributes:
        number: without visual separators; a global number keeps its ``+``.
        params: names in lower case; ``phone-context``, ``isub``, ``ext``, RFC 4694's ``rn``, ``npdi``
    """

    number: str
    params: Pairs = ()

    @property
    def user(self) -> str:
        """The number, under the name that a `SipUri` has for it."""
        return self.number

    @property
    def is_global(self) -> bool:
        """Whether it is a number valid everywhere (it begins with ``+``)."""
        return self.number.startswith("+")

    @property
    def phone_context(self) -> str | None:
        """Where a local number is valid: a domain or a global prefix."""
        return self.param("phone-context")

    @property
    def rn(self) -> str | None:
        """The routing number of a ported number, without visual separators (RFC 4694 section 4)."""
        value = self.param("rn")
        return None if value is None else value.translate(_SEPARATORS)

    @property
    def npdi(self) -> bool:
        """Whether the number portability database has been asked already (RFC 4694 section 4)."""
        return self.param("npdi") is not None

    def param(self, name: str) -> str | None:
        """The parameter of that (lower-case) name: its value, ``""`` if it has none, None if it is absent."""
        return _lookup(self.params, name)

    def __str__(self) -> str:
        return f"tel:{self.number}{_format_pairs(self.params)}"


Uri: TypeAlias = SipUri | TelUri


def parse_uri(text: str) -> Uri:
    """Read a URI: a Request-URI, or what stands between angle brackets.

    Raises:
        UnknownScheme: it has the shape of a URI of another scheme.
        Malformed: it is no URI, or not a well-formed one of its scheme.
    """
    found = _SIP.fullmatch(text)
    if found is not None:
        return _sip(found)
    scheme = _SCHEME.match(text)
    if scheme is None:
        raise Malformed("not a URI")
    name = scheme[1].lower()
    if name == "tel":
        return _tel(text)
    if name in ("sip", "sips"):
        raise Malformed("bad SIP URI")
    raise UnknownScheme


def _sip(found: re.Match[str]) -> SipUri:
    scheme, userinfo, password, ipv6, name, port_text, param_text, header_text = found.groups()
    port: int | None = None
    if port_text is not None:
        digits = port_text.lstrip("0") or "0"
        port = int(digits) if len(digits) <= 5 else 65536
        if port > 65535:
            raise Malformed("port out of range")
    if ipv6 is not None:
        try:
            ipaddress.IPv6Address(ipv6)
        except ValueError:
            raise Malformed("bad IPv6 address") from None
        host = ipv6.lower()
    else:
        host = name.lower()
    params = _parse_pairs(param_text)
    user, user_params = (None, ()) if userinfo is None else _user(userinfo, params)
    return SipUri(
        host=host,
        user=user,
        port=port,
        scheme=scheme.lower(),
        params=params,
        user_params=user_params,
        password=None if password is None else percent_decode(password),
        headers=_headers(header_text) if header_text is not None else (),
    )


def _user(text: str, params: Pairs) -> tuple[str, Pairs]:
    """Take the telephone parameters off a user part, if it is a number."""
    if ";" in text:
        head, _, tail = text.partition(";")
        number = percent_decode(head)
        if _is_number(number, params):
            try:
                return number, _parse_pairs(";" + tail)
            except Malformed:
                # The grammar of a user allows any semicolons; then they are simply part of it.
                pass
    return percent_decode(text), ()


def _headers(text: str) -> tuple[tuple[str, str], ...]:
    parts = text.split("&", MAX_PARTS)
    if len(parts) > MAX_PARTS:
        raise Malformed("too many URI headers")
    headers: list[tuple[str, str]] = []
    for part in parts:
        name, equals, value = part.partition("=")
        if not name or not equals:
            raise Malformed("bad URI header")
        headers.append((percent_decode(name), percent_decode(value)))
    return tuple(headers)


def _tel(text: str) -> TelUri:
    found = _TEL.fullmatch(text)
    if found is None:
        raise Malformed("bad tel URI")
    number = found[1].translate(_SEPARATORS)
    if not number or (number[0] == "+" and _GLOBAL.fullmatch(number) is None):
        raise Malformed("bad telephone number")
    return TelUri(number=number, params=_parse_pairs(found[2]))


def _same_host(a: str, b: str) -> bool:
    if a.lower() == b.lower():
        return True
    if ":" not in a or ":" not in b:
        return False
    try:  # RFC 5954 section 4.2: one IPv6 address has many spellings
        return ipaddress.IPv6Address(a) == ipaddress.IPv6Address(b)
    except ValueError:
        return False


def _folded(pairs: Pairs) -> dict[str, str | None]:
    return {name.lower(): None if value is None else value.lower() for name, value in pairs}


def same_uri(a: Uri, b: Uri) -> bool:
    """Whether two URIs are equivalent (RFC 3261 section 19.1.4 as corrected by RFC 5954; RFC 3966 section 4).

    That is weaker than ``==``: parameters that only one has are mostly ignored, and the relation is not
    transitive. Escapes are compared by what they stand for, also for reserved characters.
    """
    if isinstance(a, TelUri) or isinstance(b, TelUri):
        if not (isinstance(a, TelUri) and isinstance(b, TelUri)):
            return False
        return a.number.lower() == b.number.lower() and _folded(a.params) == _folded(b.params)
    if a.scheme != b.scheme or a.user != b.user or a.password != b.password or a.port != b.port:
        return False
    if not _same_host(a.host, b.host) or dict(a.user_params) != dict(b.user_params):
        return False
    ours, theirs = _folded(a.params), _folded(b.params)
    if any(ours[name] != theirs[name] for name in ours.keys() & theirs.keys()):
        return False
    if (ours.keys() ^ theirs.keys()) & _SIGNIFICANT:
        return False
    return sorted((n.lower(), v) for n, v in a.headers) == sorted((n.lower(), v) for n, v in b.headers)
