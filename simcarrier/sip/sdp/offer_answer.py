"""Offer and answer for one audio stream (RFC 3264).

The answer has a stream for every stream of the offer, in the same order (section 6); the first usable audio
stream is taken, all others are rejected with port 0. Payload type numbers are the offer's, for that is what
the offerer will send and recognise (section 6.1). Direction is mirrored: to a hold (``sendonly``) the answer
is ``recvonly``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from simcarrier.sip.errors import SipError

from .model import (
    PCMA,
    PCMU,
    TELEPHONE_EVENT,
    Attribute,
    Codec,
    Connection,
    Direction,
    Media,
    Origin,
    SessionDescription,
    address_type,
)

DEFAULT_CODECS: Final = (PCMU, PCMA, TELEPHONE_EVENT)
DEFAULT_PTIME: Final = 20
"""Milliseconds of audio in a packet (RFC 3551 section 4.2)."""

_PROTOCOL: Final = "RTP/AVP"
_RTPMAP = re.compile(r"([0-9]{1,3})[ ]+([^\x00-\x20/]+)/([0-9]{1,9})(?:/([0-9]{1,3}))?[ ]*")
_MILLISECONDS = re.compile(r"[1-9][0-9]{0,2}")

_STATIC: Final[Mapping[str, Codec]] = {
    str(codec.payload_type): codec
    for codec in (
        PCMU,
        Codec("GSM", 8000, 3),
        Codec("G723", 8000, 4),
        Codec("DVI4", 8000, 5),
        Codec("DVI4", 16000, 6),
        Codec("LPC", 8000, 7),
        PCMA,
        Codec("G722", 8000, 9),
        Codec("L16", 44100, 10, channels=2),
        Codec("L16", 44100, 11),
        Codec("QCELP", 8000, 12),
        Codec("CN", 8000, 13),
        Codec("MPA", 90000, 14),
        Codec("G728", 8000, 15),
        Codec("DVI4", 11025, 16),
        Codec("DVI4", 22050, 17),
        Codec("G729", 8000, 18),
    )
}
"""Payload types that need no ``rtpmap`` (RFC 3551 section 6, table 4)."""


class NotAcceptable(SipError):
    """The offer leaves nothing in common: it is answered 488 (RFC 3261 section 21.4.26).

    Attributes:
        status: 488. phrase: its reason phrase. why: a phrase fit for the text of a Warning. warn_code: the
        code of that Warning (RFC 3261 section 20.43): 302 incompatible transport, 304 media type not
            available, 305 incompatible media format.
    """

    status: Final = 488
    phrase: Final = "Not Acceptable Here"

    def __init__(self, warn_code: int, why: str) -> None:
        super().__init__(why)
        self.warn_code = warn_code
        self.why = why


def codecs_of(media: Media) -> list[Codec]:
    """The encodings of an RTP stream in its order of preference, each with its payload type and ``fmtp``.

    Payload types are explained by ``rtpmap``, else by RFC 3551's static table; those that neither explains,
    and those that are no payload types, are left out.
    """
    mapped: dict[str, Codec] = {}
    parameters: dict[str, str] = {}
    for attribute in media.attributes:
        if attribute.name == "rtpmap" and attribute.value is not None:
            found = _RTPMAP.fullmatch(attribute.value)
            if found is not None and int(found[1]) < 128:
                number = str(int(found[1]))
                if number not in mapped:
                    mapped[number] = Codec(found[2], int(found[3]), int(number), int(found[4] or 1))
        elif attribute.name == "fmtp" and attribute.value is not None:
            number, _, value = attribute.value.partition(" ")
            parameters.setdefault(number, value.strip())
    codecs: list[Codec] = []
    for number in dict.fromkeys(media.formats):
        codec = mapped.get(number) or _STATIC.get(number)
        if codec is not None:
            fmtp = parameters.get(number)
            codecs.append(Codec(codec.name, codec.clock, codec.payload_type, codec.channels, fmtp or None))
    return codecs


def offer(
    *,
    address: str,
    port: int,
    codecs: Sequence[Codec] = DEFAULT_CODECS,
    session_id: int,
    version: int,
    direction: Direction = Direction.SENDRECV,
    ptime: int = DEFAULT_PTIME,
) -> SessionDescription:
    """Offer one audio stream: in an INVITE, or in the 2xx to an INVITE that brought no offer.

    Args:
        address: where we receive, IPv4 or IPv6 without brackets.
        port: where we receive RTP.
        codecs: in order of preference; their own payload types are used.
        session_id: the ``o=`` line's session id, which should be unique to the session.
        version: the ``o=`` line's version; see `SessionDescription.following` for a later offer.
        direction: which way media is to flow, as we see it.
        ptime: milliseconds of audio in a packet.
    """
    accepted = [(str(codec.payload_type), codec) for codec in codecs]
    return _describe(address, [_audio(port, accepted, direction, ptime)], session_id, version)


def answer(
    offer: SessionDescription,
    *,
    address: str,
    port: int,
    codecs: Sequence[Codec] = DEFAULT_CODECS,
    session_id: int,
    version: int,
    direction: Direction = Direction.SENDRECV,
) -> SessionDescription:
    """Answer an offer (RFC 3264 section 6).

    Args:
        offer: the peer's description.
        address: where we receive, IPv4 or IPv6 without brackets.
        port: where we receive RTP.
        codecs: what we take; the order is the offer's.
        session_id: the ``o=`` line's session id.
        version: the ``o=`` line's version; see `SessionDescription.following` for a later answer.
        direction: what we want at most, as we see it; the answer never goes beyond what the offer allows.

    Raises:
        NotAcceptable: no audio was offered, or none over plain RTP, or none in an encoding that we take. An
        offer
            that itself switches its audio off (port 0) is answered in kind instead.
    """
    media: list[Media] = []
    refusal: NotAcceptable | None = None
    taken = False
    for stream in offer.media:
        reply: Media | None = None
        if stream.kind == "audio" and stream.port and not taken:
            try:
                reply = _accept(offer, stream, port, codecs, direction)
                taken = True
            except NotAcceptable as fault:
                refusal = refusal or fault
        media.append(reply if reply is not None else _rejected(stream))
    if not taken:
        if refusal is not None:
            raise refusal
        if not any(stream.kind == "audio" for stream in offer.media):
            raise NotAcceptable(304, "No audio offered")
    return _describe(address, media, session_id, version, times=offer.times)


def _accept(
    description: SessionDescription, stream: Media, port: int, codecs: Iterable[Codec], wanted: Direction
) -> Media:
    if stream.protocol != _PROTOCOL:
        raise NotAcceptable(302, "Only RTP/AVP is taken")
    accepted = list(_common(stream, codecs))
    if all(codec.same_encoding(TELEPHONE_EVENT) for _, codec in accepted):
        raise NotAcceptable(305, "No common audio encoding")
    allowed = description.direction_of(stream).mirrored
    direction = Direction.of(send=allowed.sends and wanted.sends, receive=allowed.receives and wanted.receives)
    return _audio(port, accepted, direction, _ptime(stream))


def _common(stream: Media, codecs: Iterable[Codec]) -> Iterator[tuple[str, Codec]]:
    """What both sides know, in the offer's order with the offer's numbers; each encoding once."""
    left = list(codecs)
    for offered in codecs_of(stream):
        for ours in left:
            if ours.same_encoding(offered):
                left.remove(ours)
                yield str(offered.payload_type), ours
                break


def _ptime(stream: Media) -> int:
    """The packet time that the offer asks for, or ours, within the offer's maximum."""
    asked, most = stream.attribute("ptime") or "", stream.attribute("maxptime") or ""
    ptime = int(asked) if _MILLISECONDS.fullmatch(asked) else DEFAULT_PTIME
    return min(ptime, int(most)) if _MILLISECONDS.fullmatch(most) else ptime


def _audio(port: int, accepted: Iterable[tuple[str, Codec]], direction: Direction, ptime: int) -> Media:
    numbers: list[str] = []
    attributes: list[Attribute] = []
    for number, codec in accepted:
        numbers.append(number)
        attributes.append(Attribute("rtpmap", f"{number} {codec.rtpmap}"))
        if codec.fmtp is not None:
            attributes.append(Attribute("fmtp", f"{number} {codec.fmtp}"))
    attributes.append(Attribute("ptime", str(ptime)))
    attributes.append(Attribute(direction.value))
    return Media("audio", port, _PROTOCOL, tuple(numbers), attributes=tuple(attributes))


def _rejected(stream: Media) -> Media:
    """Port 0; the formats stay only because the grammar wants some (RFC 3264 section 6)."""
    return Media(stream.kind, 0, stream.protocol, stream.formats)


def _describe(
    address: str,
    media: Sequence[Media],
    session_id: int,
    version: int,
    times: tuple[tuple[str, str], ...] = (("t", "0 0"),),
) -> SessionDescription:
    # The t= line of an answer equals the offer's (section 6).
    return SessionDescription(
        origin=Origin(session_id, version, address, address_type(address)),
        media=tuple(media),
        connection=Connection.to(address),
        times=times,
    )
