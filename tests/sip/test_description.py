"""One session's descriptions: answers that are remembered, and versions that count changes."""

from __future__ import annotations

import pytest

from simcarrier.sip.description import Negotiation
from simcarrier.sip.errors import Malformed

OFFER = (
    "v=0\r\no=alice {id} {version} IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP {codecs}\r\n"
)


def offer(codecs: str = "0", port: int = 4000, **origin: int) -> bytes:
    return OFFER.format(id=origin.get("id", 1), version=origin.get("version", 1), port=port, codecs=codecs).encode()


def test_offers_that_differ_in_origin_and_port_alone_get_the_same_answer_under_another_session_id() -> None:
    answers = [Negotiation("192.0.2.9", 9).answer(offer(port=port, id=port)) for port in (4000, 5004, 59998, 65534)]
    assert len({answer.split(b"\r\n", 2)[2] for answer in answers}) == 1
    assert len({answer.split(b"\r\n", 2)[1] for answer in answers}) == 4


def test_an_answer_is_not_remembered_for_another_offer_or_another_address() -> None:
    said = Negotiation("192.0.2.9", 9).answer(offer("0"))
    assert b"RTP/AVP 0\r\n" in said
    assert b"RTP/AVP 8\r\n" in Negotiation("192.0.2.9", 9).answer(offer("8"))
    assert b"m=audio 0 " in Negotiation("192.0.2.9", 9).answer(offer("0", port=0))
    assert b"c=IN IP6 2001:db8::1" in Negotiation("2001:db8::1", 9).answer(offer("0"))
    for broken in (offer().replace(b"o=alice 1", b"o=alice x"), offer(port=70000)):
        with pytest.raises(Malformed):
            Negotiation("192.0.2.9", 9).answer(broken)


def test_the_version_counts_changes_and_nothing_else() -> None:
    negotiation = Negotiation("192.0.2.9", 9)
    versions = [
        negotiation.answer(body).split(b"\r\n")[1].split()[2]
        for body in (offer("0"), offer("0", version=2), offer("0 8"), offer("0 8", port=4002), offer("0"))
    ]
    assert versions == [b"1", b"1", b"2", b"2", b"3"]
