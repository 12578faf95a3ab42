"""Each stream is fed whole, byte by byte, in random pieces, and with a tail: the same comes out."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.sip.errors import Malformed
from simcarrier.sip.framing import Broken, Frame, Message, Ping, StreamFramer, content_length


def message(length: str = "Content-Length: 0", body: bytes = b"", start: str = "OPTIONS sip:a@b SIP/2.0") -> bytes:
    return f"{start}\r\nCall-ID: x\r\n{length}\r\nCSeq: 1 OPTIONS\r\n\r\n".encode() + body


PLAIN = message()
BODY = message("Content-Length: 5", b"\r\n\r\nz")
RESPONSE = message(start="SIP/2.0 200 OK")

VALID: dict[str, tuple[bytes, list[Frame]]] = {
    "one message": (PLAIN, [Message(PLAIN)]),
    "a response": (RESPONSE, [Message(RESPONSE)]),
    "a body that looks like the end of a head": (BODY, [Message(BODY)]),
    "compact name": (message("l: 2", b"ab"), [Message(message("l: 2", b"ab"))]),
    "name in capitals": (message("CONTENT-LENGTH:2", b"ab"), [Message(message("CONTENT-LENGTH:2", b"ab"))]),
    "space before the colon": (
        message("Content-Length \t: 2", b"ab"),
        [Message(message("Content-Length \t: 2", b"ab"))],
    ),
    "folded": (message("Content-Length:\r\n  2", b"ab"), [Message(message("Content-Length:\r\n  2", b"ab"))]),
    "leading zeros": (
        message("Content-Length: 0002", b"ab"),
        [Message(message("Content-Length: 0002", b"ab"))],
    ),
    "told twice, alike": (
        message("l: 2\r\nContent-Length: 2", b"ab"),
        [Message(message("l: 2\r\nContent-Length: 2", b"ab"))],
    ),
    "in another header's fold": (
        message("Subject: x\r\n l: 9\r\nl: 0"),
        [Message(message("Subject: x\r\n l: 9\r\nl: 0"))],
    ),
    "a wrong version, still SIP": (
        message(start="OPTIONS sip:a SIP/7.0"),
        [Message(message(start="OPTIONS sip:a SIP/7.0"))],
    ),
    "three in a row": (PLAIN + BODY + RESPONSE, [Message(PLAIN), Message(BODY), Message(RESPONSE)]),
    "ping": (b"\r\n\r\n", [Ping()]),
    "two pings": (b"\r\n" * 4, [Ping(), Ping()]),
    "pings in between": (
        b"\r\n\r\n" + PLAIN + b"\r\n\r\n" + BODY + b"\r\n\r\n",
        [Ping(), Message(PLAIN), Ping(), Message(BODY), Ping()],
    ),
    "lone CRLF between messages": (b"\r\n" + PLAIN + b"\r\n" + BODY, [Message(PLAIN), Message(BODY)]),
    "ping and a lone CRLF": (b"\r\n" * 3 + PLAIN, [Ping(), Message(PLAIN)]),
}

BROKEN: dict[str, tuple[bytes, str, bool]] = {
    "no Content-Length": (message("X: y"), "no Content-Length on a stream", True),
    "not a number": (message("Content-Length: abc"), "Content-Length is not a number", True),
    "empty": (message("Content-Length:"), "Content-Length is not a number", True),
    "negative": (message("Content-Length: -1"), "Content-Length is not a number", True),
    "a list": (message("Content-Length: 5, 5"), "Content-Length is not a number", True),
    "a lone CR in it": (message("Content-Length: 5\r6"), "Content-Length is not a number", True),
    "other digits": (message("Content-Length: ٣"), "Content-Length is not a number", True),
    "more than allowed": (message("Content-Length: 1048577"), "Content-Length is too large", True),
    "thousands of digits": (message("Content-Length: " + "9" * 10_000), "Content-Length is too large", True),
    "two that differ": (message("Content-Length: 1\r\nl: 2"), "two different values of Content-Length", True),
    "HTTP": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "not SIP", False),
    "a TLS hello": (b"\x16\x03\x01\x02\x00\x01", "not SIP", False),
    "a lone LF": (b"\nOPTIONS", "not SIP", False),
    "CR without LF": (b"\rOPTIONS", "a CR without LF between messages", False),
    "endless start line": (b"A" * 70_000, "the head is too large", False),
    "endless head": (b"OPTIONS sip:a SIP/2.0\r\n" + b"X: y\r\n" * 12_000, "the head is too large", False),
}


def feed(stream: bytes, cuts: list[int]) -> list[Frame]:
    framer = StreamFramer()
    frames: list[Frame] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        frames += framer.feed(stream[start:end])
    return frames


@pytest.mark.parametrize("name", VALID)
class TestValid:
    def test_whole(self, name: str) -> None:
        stream, frames = VALID[name]
        assert feed(stream, []) == frames

    def test_byte_by_byte(self, name: str) -> None:
        stream, frames = VALID[name]
        assert feed(stream, list(range(1, len(stream)))) == frames

    def test_with_a_tail(self, name: str) -> None:
        stream, frames = VALID[name]
        framer = StreamFramer()
        assert framer.feed(stream + b"BYE sip:a") == frames
        assert framer.partial
        assert framer.feed(b"@b SIP/2.0\r\nl: 0\r\n\r\n") == [Message(b"BYE sip:a@b SIP/2.0\r\nl: 0\r\n\r\n")]
        assert not framer.partial

    def test_truncated_anywhere_gives_no_more_than_the_whole(self, name: str) -> None:
        stream, frames = VALID[name]
        for end in range(len(stream)):
            some = StreamFramer().feed(stream[:end])
            assert some == frames[: len(some)]
            assert len(some) < len(frames) or stream[end:].strip(b"\r\n") == b""


@given(names=st.lists(st.sampled_from(sorted(VALID)), min_size=1, max_size=5), data=st.data())
def test_pieces_do_not_matter(names: list[str], data: st.DataObject) -> None:
    stream = b"".join(VALID[name][0] for name in names)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    assert feed(stream, cuts) == feed(stream, [])
    assert not any(isinstance(frame, Broken) for frame in feed(stream, cuts))


@given(
    stream=st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b" ", b"l:", b"1", b"SIP/2.0", b"\xff", PLAIN])).map(
        b"".join
    )
)
def test_no_bytes_upset_it_and_pieces_do_not_matter(stream: bytes) -> None:
    assert feed(stream, list(range(1, len(stream)))) == feed(stream, [])


@pytest.mark.parametrize("name", BROKEN)
class TestBroken:
    def test_says_why_and_gives_the_head_if_it_is_complete(self, name: str) -> None:
        stream, why, answerable = BROKEN[name]
        head = stream if answerable else b""
        assert feed(PLAIN + stream, []) == [Message(PLAIN), Broken(why, head)]

    def test_byte_by_byte_alike(self, name: str) -> None:
        stream, why, answerable = BROKEN[name]
        assert feed(stream, list(range(1, len(stream)))) == [Broken(why, stream if answerable else b"")]

    def test_nothing_follows(self, name: str) -> None:
        framer = StreamFramer()
        framer.feed(BROKEN[name][0])
        assert framer.feed(PLAIN) == []
        assert not framer.partial


def test_a_head_of_the_largest_size_passes_and_one_byte_more_does_not() -> None:
    for size, passes in ((len(PLAIN), True), (len(PLAIN) - 1, False)):
        frames = StreamFramer(max_head=size).feed(PLAIN)
        assert frames == ([Message(PLAIN)] if passes else [Broken("the head is too large")])


def test_a_body_of_the_largest_size_passes() -> None:
    stream = message("l: 4", b"abcd")
    assert StreamFramer(max_body=4).feed(stream) == [Message(stream)]
    assert isinstance(StreamFramer(max_body=3).feed(stream)[0], Broken)


def test_partial_tells_whether_a_message_has_begun() -> None:
    framer = StreamFramer()
    told = [framer.partial]
    for piece in (b"\r\n", PLAIN[:1], PLAIN[1:]):
        framer.feed(piece)
        told.append(framer.partial)
    assert told == [False, False, True, False]


def test_content_length_of_a_head() -> None:
    assert content_length(b"OPTIONS sip:a SIP/2.0\r\nl: 17\r\n\r\n") == 17
    with pytest.raises(Malformed, match="no Content-Length"):
        content_length(b"OPTIONS sip:a SIP/2.0\r\n\r\n")


def cpu(stream: bytes, step: int) -> float:
    framer = StreamFramer(max_head=1 << 20)
    start = time.thread_time()
    for at in range(0, len(stream), step):
        framer.feed(stream[at : at + step])
    return time.thread_time() - start


@pytest.mark.parametrize(
    "filler",
    [b"X: y\r\n", b"X: " + b"y" * 1000 + b"\r\n", b"X: y\r\n z\r\n", b"l: 0\r\n", b"X: \r\r\r\r\r\n"],
    ids=["short headers", "long headers", "folds", "lengths", "lone CRs"],
)
def test_a_slow_head_costs_each_byte_once(filler: bytes) -> None:
    def head(size: int) -> bytes:
        return b"OPTIONS sip:a SIP/2.0\r\n" + filler * (size // len(filler)) + b"l: 0\r\n\r\n"

    # 64 KB one byte at a time: searched from the start each time this would take seconds.
    assert min(cpu(head(64_000), 1) for _ in range(2)) < 0.5
    assert min(cpu(head(64_000), 64_000) for _ in range(3)) < 0.02


def test_many_small_messages_in_one_piece_cost_linear_time() -> None:
    frames = StreamFramer().feed(PLAIN * 10_000)
    assert len(frames) == 10_000
    assert min(cpu(PLAIN * 10_000, 1 << 30) for _ in range(2)) < 0.5
