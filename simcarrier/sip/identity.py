"""The Identity header field: who vouches for the caller (RFC 8224 section 4).

A value is a signed token and where to find the certificate for it::

    eyJ...header.eyJ...payload.signature;info=<https://certs.example/sp.pem>;alg=ES256;ppt=shaken

Here stands the grammar alone; what the token says and whether to believe it is for the `trust` room. A request may
carry several (section 4: one per extension), under the long name or the compact ``y``. The RFC has one value in each
field, but proxies fold fields into comma lists, so these are read too. The form of RFC 4474, a quoted signature with an
Identity-Info field beside it, is told apart and not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from .errors import LocalProtocolError, Malformed
from .grammar import ListFault, format_params, is_token, match_quoted, read_list, unquote

LONGEST_VALUE: Final = 16_384
"""Characters in one value. Real ones stay below 1,000; the limit bounds what reading a hostile one can cost."""

MOST_VALUES: Final = 8
"""Values in one message. SHAKEN, diversion, priority and rich call data make four; each costs a signature to check."""

_MOST_PARAMS: Final = 20
_DIGEST = re.compile(r"[A-Za-z0-9_\-+/=.]+")
_PARAM = re.compile(
    r"[ \t]*+;[ \t]*+([A-Za-z0-9\-.!%*_+`'~]++)"  # name
    r'(?>(?:[ \t]*+=[ \t]*+(?:<([^<>"\x00-\x20\x7f]*+)>|([^\x00-\x20\x7f;,"<>\\]++)|(?=")))?)'  # <uri>, plain, quoted
)
_URI = re.compile(r'[A-Za-z][A-Za-z0-9+.\-]*:[^\x00-\x20\x7f<>"]+')


@dataclass(frozen=True, slots=True)
class Identity:
    """One signed statement about the caller.

    Attributes:
        token: ``header.payload.signature``, or ``..signature`` in the compact form.
        info: the URI of the certificate, without angle brackets; None if it is missing.
        alg: the algorithm of the signature, None where it is left out (then ES256).
        ppt: the kind of PASSporT, such as ``shaken``; None for the plain one of RFC 8225.
        params: all other parameters by lower-case name; not to be changed.
    """

    token: str
    info: str | None
    alg: str | None = None
    ppt: str | None = None
    params: Mapping[str, str | None] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Identity:
        """Read one value.

        Raises:
            Malformed: it is too long, has no token, is of the form of RFC 4474, or has a broken parameter.
        """
        if len(text) > LONGEST_VALUE:
            raise Malformed("Identity too long")
        token, semicolon, rest = text.strip(" \t").partition(";")
        token = token.rstrip(" \t")
        if token.startswith('"'):
            raise Malformed("Identity of the old form (RFC 4474)")
        if _DIGEST.fullmatch(token) is None or token.count(".") != 2:
            raise Malformed("Identity without a token")
        params = _parse_params(semicolon + rest)
        return cls(token, params.pop("info", None), params.pop("alg", None), params.pop("ppt", None), params)

    @property
    def is_compact(self) -> bool:
        """Whether header and payload were left out, to be made anew from the request (RFC 8224 section 4)."""
        return self.token.startswith("..")

    def __str__(self) -> str:
        if _DIGEST.fullmatch(self.token) is None:
            raise LocalProtocolError("an Identity needs a token")
        if self.info is None or _URI.fullmatch(self.info) is None:
            raise LocalProtocolError("an Identity needs the URI of its certificate")
        out = [self.token, f";info=<{self.info}>"]
        for name, value in (("alg", self.alg), ("ppt", self.ppt)):
            if value is not None:
                if not is_token(value):
                    raise LocalProtocolError(f"an Identity's {name} must be a token")
                out.append(f";{name}={value}")
        out.append(format_params(self.params))
        return "".join(out)


@dataclass(frozen=True, slots=True)
class Identities:
    """What the Identity header fields of one message say.

    Attributes:
        values: those that could be read, in the order they came.
        faults: the others.
    """

    values: tuple[Identity, ...] = ()
    faults: tuple[ListFault, ...] = ()


def parse_identity(header_values: Iterable[str]) -> Identities:
    """Read all Identity header fields of a message.

    Never raises, whatever came off the wire.
    """
    return Identities(*read_list(header_values, Identity.parse, MOST_VALUES, "too many Identity values", LONGEST_VALUE))


def _parse_params(text: str) -> dict[str, str | None]:
    """Read ``;info=<uri>;alg=x``: like `grammar.parse_params`, with URIs in angle brackets (``ident-info-uri``)."""
    params: dict[str, str | None] = {}
    end = len(text.rstrip(" \t"))
    at = count = 0
    while at < end:
        found = _PARAM.match(text, at, end)
        count += 1
        if found is None:
            raise Malformed("bad Identity parameter")
        if count > _MOST_PARAMS:
            raise Malformed("too many Identity parameters")
        name, uri, plain = found.groups()
        at = found.end()
        value = plain if uri is None else uri
        if value is None and text[at : at + 1] == '"':
            closing = match_quoted(text, at)
            if closing < 0:
                raise Malformed("bad Identity parameter")
            value = unquote(text[at:closing])
            at = closing
        params.setdefault(name.lower(), value)
    return params
