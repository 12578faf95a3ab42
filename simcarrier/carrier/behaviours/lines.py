"""Header lines of a response, made from what the scenario wrote and what the call brought."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

from simcarrier.scenario.responses import Headers
from simcarrier.sip.errors import Malformed
from simcarrier.sip.field_names import canonical
from simcarrier.sip.uri import SipUri

if TYPE_CHECKING:
    from simcarrier.carrier.call import Call


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class HeaderLines:
    """The header lines of one step: put together once if they are the same for every call."""

    __slots__ = ("_constant", "_headers")

    def __init__(self, headers: Headers) -> None:
        self._headers = headers
        constant = all(value.constant is not None for _, value in headers)
        self._constant = "".join(f"{name}: {value.constant}\r\n" for name, value in headers) if constant else None

    def text(self, call: Call) -> str:
        """The lines for a call, each with its CRLF."""
        if self._constant is not None:
            return self._constant
        return "".join(
            f"{name}: {value.render(lambda field: look_up(call, field))}\r\n" for name, value in self._headers
        )

    def fields(self, call: Call) -> list[tuple[str, str]]:
        """The same as pairs of name and value, for requests."""
        return [(name, value.render(lambda field: look_up(call, field))) for name, value in self._headers]


def look_up(call: Call, field: str) -> str:
    """The value of a field of a template, empty if the call did not bring it. Never more than one line.

    A user part may bring ``%0D%0A``, which must not become a header line of ours.
    """
    value = _value(call, field)
    return value if value.isprintable() else _CONTROL.sub(" ", value)


def _value(call: Call, field: str) -> str:
    invite = call.invite
    if field.startswith("header."):
        return invite.get(canonical(field.removeprefix("header."))) or ""
    if field == "from.user":
        return call.caller
    if field in ("to.user", "to.host", "to.uri", "from.host", "from.uri"):
        return _part_of(call, field)
    if field == "request.user":
        return call.called
    if field == "request.uri":
        return invite.uri
    if field == "call_id":
        return invite.call_id
    if field == "cseq":
        return str(invite.cseq[0])
    if field == "source.host":
        return call.session.peer[0]
    if field == "source.port":
        return str(call.session.peer[1])
    return str(uuid.UUID(int=call.owner.rng.getrandbits(128), version=4))


def _part_of(call: Call, field: str) -> str:
    party, _, part = field.partition(".")
    try:
        address = call.invite.from_ if party == "from" else call.invite.to
        if part == "uri":
            return address.uri_text
        uri = address.uri
    except Malformed:
        return ""
    if part == "host":
        return uri.host if isinstance(uri, SipUri) else ""
    return uri.user or ""
