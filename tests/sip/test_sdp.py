"""Session descriptions: reading, writing, and the offer/answer rules of RFC 3264."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.sip.errors import LocalProtocolError, Malformed
from simcarrier.sip.sdp import (
    G722,
    PCMA,
    PCMU,
    TELEPHONE_EVENT,
    Attribute,
    Codec,
    Connection,
    Direction,
    Media,
    NotAcceptable,
    Origin,
    SessionDescription,
    answer,
    codecs_of,
    offer,
    parse_sdp,
)

HEAD = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
FULL = (
    "v=0\r\no=alice 2890844526 2890842807 IN IP6 2001:db8::1\r\ns=Call\r\ni=About\r\nu=https://x.example/\r\n"
    "e=a@x.example\r\np=+1 617 555-6011\r\nc=IN IP4 224.2.17.12/127\r\nb=AS:64\r\nt=1 2\r\nr=7d 1h 0 25h\r\n"
    "z=1 -1h\r\nk=prompt\r\na=recvonly\r\na=tool:x:y\r\n"
    "m=audio 49170/2 RTP/AVP 0 96\r\ni=Voice\r\nc=IN IP6 ::1\r\nb=AS:32\r\nk=prompt\r\na=rtpmap:96 L8/8000\r\n"
    "a=sendonly\r\nm=image 0 udptl t38\r\n"
)


def describe(*lines: str, head: str = HEAD) -> SessionDescription:
    return parse_sdp(head + "".join(f"{line}\r\n" for line in lines))


def answered(description: SessionDescription, direction: Direction = Direction.SENDRECV) -> SessionDescription:
    return answer(description, address="192.0.2.9", port=4000, session_id=7, version=1, direction=direction)


# Reading and writing


def test_everything_is_kept_in_its_place() -> None:
    description = parse_sdp(FULL)
    assert str(description) == FULL
    assert bytes(description) == FULL.encode()
    assert description.origin == Origin(2890844526, 2890842807, "2001:db8::1", "IP6", "alice")
    audio, image = description.media
    assert (audio.kind, audio.port, audio.port_count, audio.formats) == ("audio", 49170, 2, ("0", "96"))
    assert (audio.attribute("sendonly"), audio.attribute("rtpmap"), audio.attribute("x")) == ("", "96 L8/8000", None)
    assert description.attribute("tool") == "x:y"
    connection = description.connection_of(image)
    assert connection is not None
    assert connection.host == "224.2.17.12"
    assert description.connection_of(audio) == Connection("::1", "IP6")


@pytest.mark.parametrize(
    "text",
    [
        FULL.replace("\r\n", "\n"),
        FULL + "\r\n\r\n",
        FULL.removesuffix("\r\n"),
        FULL.replace("s=Call\r\n", "").replace("t=1 2\r\n", "t=1 2\r\ns=Call\r\n"),
        FULL.replace("s=Call\r\n", "s=Call\r\nx=what\r\n"),
    ],
    ids=["LF", "empty lines at the end", "no last line end", "order", "unknown type"],
)
def test_tolerated(text: str) -> None:
    assert str(parse_sdp(text)) == FULL


def test_name_and_time_may_be_missing() -> None:
    description = parse_sdp("v=0\no=- 1 1 IN IP4 h\n")
    assert (description.name, description.times) == ("-", (("t", "0 0"),))


def test_bytes_that_are_no_utf8_survive() -> None:
    body = FULL.encode().replace(b"s=Call", b"s=\xff\xfe")
    assert bytes(parse_sdp(body)) == body


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\r\n",
        "v=1\r\no=- 1 1 IN IP4 h\r\n",
        "o=- 1 1 IN IP4 h\r\nv=0\r\n",
        "v=0\r\ns=-\r\n",
        "v=0\r\nm=audio 9 RTP/AVP 0\r\no=- 1 1 IN IP4 h\r\n",
        "v=0\r\no=- 1 1 IN IP4\r\n",
        "v=0\r\no=- 1 1 IN IP4 h x\r\n",
        "v=0\r\no=-  1 1 IN IP4 h\r\n",
        "v=0\r\no=- one 1 IN IP4 h\r\n",
        "v=0\r\no=- 1 -1 IN IP4 h\r\n",
        "v=0\r\no=- 1 " + "1" * 5000 + " IN IP4 h\r\n",
        HEAD + "o=- 1 1 IN IP4 h\r\n",
        HEAD + "v=0\r\n",
        HEAD + "nonsense\r\n",
        HEAD + "\r\na=x\r\n",
        HEAD + "a=\r\n",
        HEAD + "a=x\ry\r\n",
        HEAD + "c=IN IP4\r\n",
        HEAD + "m=audio\r\n",
        HEAD + "m=audio 9 RTP/AVP\r\n",
        HEAD + "m=audio  9 RTP/AVP 0\r\n",
        HEAD + "m=audio 65536 RTP/AVP 0\r\n",
        HEAD + "m=audio x RTP/AVP 0\r\n",
        HEAD + "m=audio 9/x RTP/AVP 0\r\n",
        HEAD + "m=audio 9 RTP/AVP 0\r\nc=bad\r\n",
        HEAD + "m=audio 9 RTP/AVP" + " 0" * 300 + "\r\n",
        HEAD + "m=audio 9 RTP/AVP 0\r\n" * 65,
        HEAD + "a=x\r\n" * 1000,
    ],
    ids=[
        "empty", "only a line end", "version 1", "version second", "no origin", "origin below media", "origin short",
        "origin long", "origin two spaces", "session id", "negative version", "endless version", "two origins",
        "two versions", "no type", "empty line within", "nameless attribute", "bare CR", "connection short",
        "media short", "media without format", "media two spaces", "port too high", "port", "port count",
        "media connection", "too many formats", "too many streams", "too many lines",
    ],
)  # fmt: skip
def test_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse_sdp(text)


def test_every_truncation_is_read_or_malformed() -> None:
    body = FULL.encode()
    read = 0
    for end in range(len(body)):
        try:
            description = parse_sdp(body[:end])
        except Malformed:
            continue
        read += 1
        assert parse_sdp(bytes(description)) == description
    assert 0 < read < len(body)


WORDS = st.text("abcXYZ019.-", min_size=1, max_size=8)
VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
CONNECTIONS = st.none() | st.builds(Connection, WORDS, st.sampled_from(["IP4", "IP6"]))
ATTRIBUTES = st.lists(st.builds(Attribute, WORDS, st.none() | VALUES), max_size=4).map(tuple)
MEDIA = st.builds(
    Media,
    WORDS,
    st.integers(0, 65535),
    WORDS,
    st.lists(WORDS, min_size=1, max_size=4).map(tuple),
    port_count=st.integers(1, 9),
    connection=CONNECTIONS,
    attributes=ATTRIBUTES,
    other=st.sampled_from([(), (("i", "x"), ("b", "AS:1"))]),
)
DESCRIPTIONS = st.builds(
    SessionDescription,
    st.builds(Origin, st.integers(0, 10**30), st.integers(0, 10**30), WORDS),
    st.lists(MEDIA, max_size=3).map(tuple),
    CONNECTIONS,
    VALUES,
    attributes=ATTRIBUTES,
)


@given(DESCRIPTIONS)
def test_round_trip(description: SessionDescription) -> None:
    assert parse_sdp(bytes(description)) == description
    assert parse_sdp(str(description)) == description


@given(st.binary(max_size=80) | st.binary(max_size=60).map(lambda data: HEAD.encode() + data))
def test_anything_is_read_or_malformed(body: bytes) -> None:
    try:
        description = parse_sdp(body)
    except Malformed:
        return
    assert parse_sdp(bytes(description)) == description


def test_a_line_end_in_a_value_is_not_written() -> None:
    with pytest.raises(LocalProtocolError):
        str(SessionDescription(Origin(1, 1, "h"), name="a\r\nb"))


# Codecs


def test_codecs_by_rtpmap_static_table_and_neither() -> None:
    media = describe(
        "m=audio 9 RTP/AVP 18 0 97 96 98 x 0 10",
        "a=rtpmap:96 Telephone-Event/8000",
        "a=fmtp:96 0-15",
        "a=rtpmap:98 opus/48000/2",
        "a=rtpmap:0 pcmu/8000/1",
        "a=rtpmap:broken",
        "a=rtpmap:200 PCMA/8000",
    ).media[0]
    assert codecs_of(media) == [
        Codec("G729", 8000, 18),
        Codec("pcmu", 8000, 0),
        Codec("Telephone-Event", 8000, 96, fmtp="0-15"),
        Codec("opus", 48000, 98, channels=2),
        Codec("L16", 44100, 10, channels=2),
    ]


def test_rtpmap_overrides_the_static_table() -> None:
    assert codecs_of(describe("m=audio 9 RTP/AVP 0", "a=rtpmap:0 X/8000").media[0]) == [Codec("X", 8000, 0)]


# Offer


def test_offer() -> None:
    description = offer(address="192.0.2.1", port=4000, session_id=5, version=6)
    assert str(description) == (
        "v=0\r\no=- 5 6 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8 101\r\n"
        "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
        "a=ptime:20\r\na=sendrecv\r\n"
    )


def test_offer_over_ipv6_with_choices() -> None:
    description = offer(
        address="2001:db8::1",
        port=4000,
        codecs=[G722],
        session_id=5,
        version=6,
        direction=Direction.SENDONLY,
        ptime=30,
    )
    assert description.connection == Connection("2001:db8::1", "IP6")
    assert description.origin.address_type == "IP6"
    assert description.media[0].formats == ("9",)
    assert description.media[0].attribute("ptime") == "30"
    assert description.direction_of(description.media[0]) is Direction.SENDONLY


# Answer


def test_our_own_offer_is_answered() -> None:
    ours = offer(address="192.0.2.1", port=4000, session_id=5, version=6)
    reply = answered(ours)
    assert reply.media[0].formats == ours.media[0].formats
    assert reply.media[0].port == 4000
    assert reply.origin == Origin(7, 1, "192.0.2.9")


def test_numbers_and_order_are_the_offers() -> None:
    reply = answered(
        describe("m=audio 9 RTP/AVP 99 8 18 0 96", "a=rtpmap:99 PCMU/8000", "a=rtpmap:96 telephone-event/8000")
    )
    assert reply.media[0].formats == ("99", "8", "96")
    assert codecs_of(reply.media[0]) == [
        Codec("PCMU", 8000, 99),
        PCMA,
        replace(TELEPHONE_EVENT, payload_type=96),
    ]


def test_static_types_need_no_rtpmap_and_get_one() -> None:
    assert codecs_of(answered(describe("m=audio 9 RTP/AVP 8 0")).media[0]) == [PCMA, PCMU]


def test_clock_and_channels_are_part_of_the_encoding() -> None:
    reply = answered(
        describe(
            "m=audio 9 RTP/AVP 96 97 98 0",
            "a=rtpmap:96 PCMA/16000",
            "a=rtpmap:97 PCMA/8000/2",
            "a=rtpmap:98 telephone-event/48000",
        )
    )
    assert reply.media[0].formats == ("0",)


def test_every_stream_is_answered_in_order() -> None:
    reply = answered(
        describe(
            "m=video 50 RTP/AVP 31",
            "m=audio 60 RTP/SAVP 0",
            "m=audio 0 RTP/AVP 0",
            "m=audio 70 RTP/AVP 18",
            "m=audio 80 RTP/AVP 0",
            "m=audio 90 RTP/AVP 0",
            "m=image 100 udptl t38",
        )
    )
    assert [(m.kind, m.port, m.protocol, m.formats) for m in reply.media] == [
        ("video", 0, "RTP/AVP", ("31",)),
        ("audio", 0, "RTP/SAVP", ("0",)),
        ("audio", 0, "RTP/AVP", ("0",)),
        ("audio", 0, "RTP/AVP", ("18",)),
        ("audio", 4000, "RTP/AVP", ("0",)),
        ("audio", 0, "RTP/AVP", ("0",)),
        ("image", 0, "udptl", ("t38",)),
    ]
    assert [m.attributes for m in reply.media if m.port == 0] == [()] * 6


def test_times_are_the_offers() -> None:
    assert answered(describe("m=audio 9 RTP/AVP 0", head=HEAD.replace("t=0 0", "t=5 6"))).times == (("t", "5 6"),)


@pytest.mark.parametrize(
    ("lines", "warn_code"),
    [
        pytest.param([], 304, id="no stream"),
        pytest.param(["m=video 9 RTP/AVP 31"], 304, id="no audio"),
        pytest.param(["m=audio 9 RTP/SAVP 0"], 302, id="encrypted"),
        pytest.param(["m=audio 9 UDP/TLS/RTP/SAVPF 0"], 302, id="WebRTC"),
        pytest.param(["m=audio 9 RTP/AVP 18"], 305, id="no common encoding"),
        pytest.param(["m=audio 9 RTP/AVP 96", "a=rtpmap:96 telephone-event/8000"], 305, id="events only"),
        pytest.param(["m=audio 9 RTP/AVP *"], 305, id="no payload type"),
        pytest.param(["m=audio 9 RTP/AVP 0", "a=rtpmap:0 X/8000"], 305, id="remapped"),
    ],
)
def test_not_acceptable(lines: list[str], warn_code: int) -> None:
    with pytest.raises(NotAcceptable) as caught:
        answered(describe(*lines))
    assert (caught.value.status, caught.value.phrase) == (488, "Not Acceptable Here")
    assert caught.value.warn_code == warn_code


def test_an_offer_that_switches_audio_off_is_answered_in_kind() -> None:
    reply = answered(describe("m=audio 0 RTP/AVP 0"))
    assert [m.port for m in reply.media] == [0]


BOTH, SEND, RECV, NONE = Direction.SENDRECV, Direction.SENDONLY, Direction.RECVONLY, Direction.INACTIVE


@pytest.mark.parametrize(
    ("head", "lines", "wanted", "expected"),
    [
        pytest.param("", [], BOTH, BOTH, id="unsaid"),
        pytest.param("", ["a=sendrecv"], BOTH, BOTH, id="sendrecv"),
        pytest.param("", ["a=sendonly"], BOTH, RECV, id="hold"),
        pytest.param("", ["a=recvonly"], BOTH, SEND, id="recvonly"),
        pytest.param("", ["a=inactive"], BOTH, NONE, id="inactive"),
        pytest.param("a=sendonly\r\n", [], BOTH, RECV, id="session level"),
        pytest.param("a=sendonly\r\n", ["a=sendrecv"], BOTH, BOTH, id="stream before session"),
        pytest.param("", ["c=IN IP4 0.0.0.0"], BOTH, RECV, id="old hold"),
        pytest.param("", ["c=IN IP6 ::"], BOTH, RECV, id="old hold IPv6"),
        pytest.param("", ["c=IN IP4 0.0.0.0", "a=sendonly"], BOTH, RECV, id="old and new hold"),
        pytest.param("", ["c=IN IP4 0.0.0.0", "a=inactive"], BOTH, NONE, id="old hold, inactive"),
        pytest.param("", ["c=IN IP4 0.0.0.0", "a=recvonly"], BOTH, NONE, id="old hold, recvonly"),
        pytest.param("", [], SEND, SEND, id="we only send"),
        pytest.param("", ["a=sendonly"], SEND, NONE, id="both only send"),
        pytest.param("", ["a=recvonly"], RECV, NONE, id="both only receive"),
    ],
)
def test_direction(head: str, lines: list[str], wanted: Direction, expected: Direction) -> None:
    description = describe("m=audio 9 RTP/AVP 0", *lines, head=HEAD + head)
    reply = answered(description, direction=wanted)
    assert reply.direction_of(reply.media[0]) is expected
    assert reply.media[0].port == 4000


def test_old_hold_at_session_level() -> None:
    description = describe("m=audio 9 RTP/AVP 0", head=HEAD.replace("c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0"))
    assert description.direction_of(description.media[0]) is SEND


@pytest.mark.parametrize("direction", Direction)
def test_mirroring_twice_changes_nothing(direction: Direction) -> None:
    assert direction.mirrored.mirrored is direction
    assert Direction.of(send=direction.sends, receive=direction.receives) is direction


@pytest.mark.parametrize(
    ("lines", "ptime"),
    [
        pytest.param([], "20", id="unsaid"),
        pytest.param(["a=ptime:30"], "30", id="asked"),
        pytest.param(["a=ptime:x"], "20", id="nonsense"),
        pytest.param(["a=ptime:0"], "20", id="zero"),
        pytest.param(["a=ptime:40", "a=maxptime:30"], "30", id="beyond the maximum"),
        pytest.param(["a=maxptime:10"], "10", id="maximum below ours"),
    ],
)
def test_ptime(lines: list[str], ptime: str) -> None:
    assert answered(describe("m=audio 9 RTP/AVP 0", *lines)).media[0].attribute("ptime") == ptime


def test_answer_over_ipv6() -> None:
    reply = answer(describe("m=audio 9 RTP/AVP 0"), address="::1", port=9, session_id=1, version=1)
    assert str(reply).startswith("v=0\r\no=- 1 1 IN IP6 ::1\r\ns=-\r\nc=IN IP6 ::1\r\n")


def test_version_goes_up_only_with_a_change() -> None:
    first = offer(address="192.0.2.1", port=4000, session_id=5, version=6)
    same = offer(address="192.0.2.1", port=4000, session_id=99, version=99)
    hold = offer(address="192.0.2.1", port=4000, session_id=99, version=99, direction=Direction.SENDONLY)
    moved = offer(address="192.0.2.2", port=4000, session_id=99, version=99)
    assert same.following(first) == first
    held = hold.following(first)
    assert (held.origin.session_id, held.origin.version) == (5, 7)
    assert held.media == hold.media
    assert hold.following(held) == held
    assert same.following(held).origin.version == 8
    assert moved.following(first).origin == Origin(5, 7, "192.0.2.2")


@pytest.mark.parametrize(
    "unit",
    [
        "a=x\n",
        "a=rtpmap:0 PCMU/8000\n",
        "a=rtpmap:0 " + " " * 900 + "\n",
        "m=audio 9 RTP/AVP 99\n",
        "m=audio 9 RTP/AVP" + " 99" * 250 + "\n",
        "\n",
        "a",
        " 0",
    ],
    ids=["attributes", "rtpmaps", "white space", "streams", "formats", "line ends", "one long line", "long m-line"],
)
def test_hostile_lengths_cost_little_and_grow_no_faster_than_the_text(unit: str) -> None:
    def cost(length: int) -> float:
        text = HEAD + "m=audio 9 RTP/AVP 0" + ("" if unit == " 0" else "\n") + unit * (length // len(unit))
        best = float("inf")
        for _ in range(3):
            begin = time.thread_time()
            with contextlib.suppress(Malformed, NotAcceptable):
                answered(parse_sdp(text))
            best = min(best, time.thread_time() - begin)
        return best

    small, large = cost(65_536), cost(8 * 65_536)
    assert small < 0.05
    # Linear is 8 times, quadratic 64 times; below the clock's noise nothing can be said.
    assert large < max(0.02, 24 * small)
