"""Header lines of a response: what the scenario wrote, with what the call brought and what was decided about it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

from simcarrier.scenario.responses import Headers
from simcarrier.scenario.template import Field
from simcarrier.sip.errors import Malformed
from simcarrier.sip.field_names import canonical
from simcarrier.sip.uri import SipUri

if TYPE_CHECKING:
    from simcarrier.carrier.call import Call


_NEW_NUMBER = Field("new_number")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


DEFAULTS: Mapping[str, str] = {"retry_after": "5", "new_number": ""}
"""What a decision may bring along for templates, and its value where it does not."""


class HeaderLines:
    """The header lines of one step: put together once if they are the same for every call.

    A Contact with ``{new_number}`` in it leads nowhere without one: it is left out of calls for which none is known.
    """

    __slots__ = ("_constant", "_headers")

    def __init__(self, headers: Headers) -> None:
        self._headers = tuple(
            (name, value, name.lower() in ("contact", "m") and _NEW_NUMBER in value.parts) for name, value in headers
        )
        constant = all(value.constant is not None for _, value in headers)
        self._constant = "".join(f"{name}: {value.constant}\r\n" for name, value in headers) if constant else None

    def text(self, call: Call) -> str:
        """The lines for a call, each with its CRLF."""
        if self._constant is not None:
            return self._constant
        return "".join(f"{name}: {value}\r\n" for name, value in self.fields(call))

    def fields(self, call: Call) -> list[tuple[str, str]]:
        """The same as pairs of name and value, for requests."""
        return [
            (name, value.render(lambda field: look_up(call, field)))
            for name, value, needs_number in self._headers
            if not needs_number or look_up(call, "new_number")
        ]


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
    if field in DEFAULTS:
        return call.decision.values.get(field) or DEFAULTS[field]
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
