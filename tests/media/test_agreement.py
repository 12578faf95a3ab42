"""Where audio may go, from what a peer says about itself; whatever it says, nothing is raised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.media.agreement import Agreement, agreed
from simcarrier.media.g711 import A_LAW, MU_LAW


def described(media: str = "audio 4000 RTP/AVP 0", *lines: str, host: str = "IP4 192.0.2.1") -> bytes:
    more = "".join(f"{line}\r\n" for line in lines)
    return f"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN {host}\r\nt=0 0\r\nm={media}\r\n{more}".encode()


HERE = ("192.0.2.1", 4000)
FOUND = [
    (described(), Agreement(HERE, MU_LAW, 0, None, True)),
    (described("audio 4000 RTP/AVP 18 8 0"), Agreement(HERE, A_LAW, 8, None, True)),
    (
        described("audio 4000 RTP/AVP 96 97", "a=rtpmap:96 pcma/8000", "a=rtpmap:97 telephone-event/8000"),
        Agreement(HERE, A_LAW, 96, 97, True),
    ),
    (described("audio 4000 RTP/AVP 0", "a=sendonly"), Agreement(HERE, MU_LAW, 0, None, False)),
    (described("audio 4000 RTP/AVP 0", "a=inactive"), Agreement(HERE, MU_LAW, 0, None, False)),
    (described(host="IP6 2001:DB8::0:1"), Agreement(("2001:db8::1", 4000), MU_LAW, 0, None, True)),
    (described("video 5000 RTP/AVP 31", "m=audio 4000 RTP/AVP 0"), Agreement(HERE, MU_LAW, 0, None, True)),
]


@pytest.mark.parametrize(("body", "agreement"), FOUND)
def test_found(body: bytes, agreement: Agreement) -> None:
    assert agreed(body) == agreement


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        described("audio 0 RTP/AVP 0"),
        described("audio 4000 RTP/AVP 18"),
        described("audio 4000 RTP/SAVP 0"),
        described("video 4000 RTP/AVP 31"),
        described("audio 4000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"),
        described(host="IP4 0.0.0.0"),
        described(host="IP4 224.0.0.1/127"),
        described(host="IP4 victim.example"),
    ],
)
def test_nowhere(body: bytes) -> None:
    assert agreed(body) is None


@given(st.one_of(st.binary(max_size=200), st.text(max_size=40).map(lambda text: described(host=text))))
def test_whatever_is_said(body: bytes) -> None:
    agreed(body)
