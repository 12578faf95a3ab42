"""Where media may go and what it is, from the peer's session description (RFC 3264 section 5.1).

Whoever describes a stream says where it wants to receive, and in which encodings. What goes there is in the first of
them that we know, under the number that the description gives it.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final

from simcarrier.sip.errors import Malformed
from simcarrier.sip.sdp import PCMA, PCMU, TELEPHONE_EVENT, codecs_of, parse_sdp

from .g711 import A_LAW, MU_LAW, Law

_PROTOCOL: Final = "RTP/AVP"
_LAWS: Final = ((PCMU, MU_LAW), (PCMA, A_LAW))


@dataclass(frozen=True, slots=True)
class Agreement:
    """How to speak to a peer.

    Attributes:
        address: where it receives RTP: an IP address as `plain` writes it, and a port.
        law: of the audio.
        payload_type: its number.
        events: the number of digits (RFC 4733); None if the peer takes none.
        receives: whether it wants to hear anything; a call on hold does not.
    """

    address: tuple[str, int]
    law: Law
    payload_type: int
    events: int | None
    receives: bool


def plain(host: str) -> str | None:
    """An IP address in its one spelling; None for a name, and for what no single host has."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return None if address.is_multicast or address.is_unspecified else str(address)


def agreed(remote: bytes) -> Agreement | None:
    """What a peer's description means for who speaks to it.

    Args:
        remote: an offer or an answer.

    Returns:
        None if nothing can go there: no audio, a port of 0, a host that is no IP address, no encoding that we know.
    """
    try:
        description = parse_sdp(remote)
    except Malformed:
        return None
    for stream in description.media:
        if stream.kind != "audio" or not stream.port or stream.protocol != _PROTOCOL:
            continue
        law: Law | None = None
        number = 0
        events: int | None = None
        for codec in codecs_of(stream):
            if codec.same_encoding(TELEPHONE_EVENT):
                events = codec.payload_type if events is None else events
            elif law is None:
                law = next((ours for encoding, ours in _LAWS if encoding.same_encoding(codec)), None)
                number = codec.payload_type
        if law is None:
            continue
        connection = description.connection_of(stream)
        if connection is None:
            return None
        host = plain(connection.host)
        receives = description.direction_of(stream).receives
        if host is None:
            return None
        return Agreement((host, stream.port), law, number, events, receives)
    return None
