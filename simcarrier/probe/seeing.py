"""What is kept of a response: the facts of it, and where it leads."""

from __future__ import annotations

from collections.abc import Iterator

from simcarrier.records.observation import OWN_FIELDS, TELLING, Seen, telling
from simcarrier.sip.errors import Malformed
from simcarrier.sip.message import Response
from simcarrier.sip.transport import host_for_uri
from simcarrier.sip.uri import SipUri


def seen_of(response: Response, at: float) -> Seen:
    """A response as it is noted, ``at`` seconds after the INVITE."""
    return Seen(
        at,
        response.status,
        response.phrase,
        telling(_fields_that_tell(response)),
        response.content_type == "application/sdp" and bool(response.body),
        "100rel" in response.tokens("require"),
    )


def _fields_that_tell(response: Response) -> Iterator[tuple[str, str]]:
    """Most responses have none: so they are picked by the index, which has been made already."""
    for name in response.index():
        if name in TELLING or name.startswith(OWN_FIELDS):
            for value in response.get_all(name):
                yield name, value


def contact_of(response: Response) -> SipUri | None:
    """Where a redirect leads; None if that can't be read, or is no SIP address."""
    try:
        contact = response.contact
        uri = None if contact is None else contact.uri
    except Malformed:
        return None
    return uri if isinstance(uri, SipUri) else None


def plain(uri: SipUri) -> str:
    """A URI made anew from its user, host and port: what the guard has seen, and no escapes, parameters and headers."""
    port = "" if uri.port is None else f":{uri.port}"
    return f"sip:{uri.user}@{host_for_uri(uri.host)}{port}"
