"""Ladders of a call's messages, as text and as a picture: they say what happened, whatever the messages hold."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.records.ladder import WIDTH, ladder_text, rungs
from simcarrier.records.ladder_svg import MOST_CHARACTERS, ladder_svg
from simcarrier.records.transcript import Passed
from tests.records.capture_kit import AT, FORBIDDEN, INVITE, THEM, US, call

SVG = "{http://www.w3.org/2000/svg}"


def passed(data: bytes, *, sent: bool = False, at: float = AT, remote: tuple[str, int] = THEM) -> Passed:
    return Passed(at, sent, "UDP", US, remote, data)


def picture(messages: list[Passed], title: str = "a call") -> ElementTree.Element:
    return ElementTree.fromstring(ladder_svg(messages, title))


def titles(root: ElementTree.Element) -> list[str | None]:
    return [group.findtext(f"{SVG}title") for group in root.iter(f"{SVG}g")]


def test_a_refused_call_as_text() -> None:
    assert ladder_text(call()) == (
        "          192.0.2.1:40001                              192.0.2.2:5060\n"
        "     0.000    |--INVITE----------------------------------->|\n"
        "     0.100    |<----------------------------403 Forbidden--|\n"
        "     0.200    |--ACK-------------------------------------->|\n"
    )


def test_a_refused_call_as_a_picture() -> None:
    root = picture(call(), "+4930 calls +4940")
    assert titles(root) == [
        "INVITE sip:+4940222333@192.0.2.2 SIP/2.0",
        "SIP/2.0 403 Forbidden",
        "ACK sip:+4940222333@192.0.2.2 SIP/2.0",
    ]
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert texts[:5] == ["+4930 calls +4940", "caller", "192.0.2.1:40001", "carrier", "192.0.2.2:5060"]
    assert texts[5:] == ["0.000 s", "INVITE", "0.100 s", "403 Forbidden", "0.200 s", "ACK"]
    lines = [line for group in root.iter(f"{SVG}g") for line in group.iter(f"{SVG}line")]
    rightwards = [float(line.attrib["x2"]) > float(line.attrib["x1"]) for line in lines]
    assert rightwards == [True, False, True]


@pytest.mark.parametrize(
    ("data", "label", "status"),
    [
        pytest.param(FORBIDDEN.replace(b"1 INVITE", b"2 BYE"), "403 Forbidden (BYE)", 403, id="of a BYE"),
        pytest.param(INVITE.replace(b"\r\n\r\n", b"\r\nc: application/sdp\r\n\r\nv=0"), "INVITE +sdp", None, id="sdp"),
        pytest.param(INVITE + b"hello", "INVITE +body", None, id="another body"),
        pytest.param(b"SIP/2.0 180\r\n\r\n", "180", 180, id="no phrase"),
        pytest.param(b"SIP/2.0 \xb2\xb3 x\r\n\r\n", r"\udcb2\udcb3 x", None, id="no code"),
        pytest.param(b"\0\1", "? 2 bytes", None, id="no message"),
        pytest.param(b"", "? 0 bytes", None, id="nothing"),
        pytest.param(b"SIP/2.0 403 \x1b[31mr\xffd\r\n\r\n", r"403 \x1b[31mr\udcffd", 403, id="control characters"),
    ],
)
def test_labels(data: bytes, label: str, status: int | None) -> None:
    (rung,) = rungs([passed(data)])
    assert (rung.label, rung.status) == (label, status)


def test_another_address_stands_behind_the_arrow() -> None:
    text = ladder_text([passed(INVITE, sent=True), passed(INVITE, sent=True, remote=("2001:db8::9", 5061))])
    assert [line.partition(">|")[2] for line in text.splitlines()[1:]] == ["", "   to [2001:db8::9]:5061"]


def test_a_long_phrase_is_cut_on_the_arrow_and_whole_in_the_title() -> None:
    phrase = "no " * 60
    messages = [passed(f"SIP/2.0 403 {phrase}\r\n\r\n".encode())]
    assert max(map(len, ladder_text(messages).splitlines()[1:])) == 16 + WIDTH
    root = picture(messages)
    assert titles(root) == [f"SIP/2.0 403 {phrase}"]
    assert max(len(text.text or "") for text in root.iter(f"{SVG}text")) == MOST_CHARACTERS


def test_markup_is_text() -> None:
    hostile = '</text><script>alert("1")</script>&amp;'
    root = picture([passed(f"SIP/2.0 403 {hostile}\r\n\r\n".encode())], hostile)
    assert not list(root.iter(f"{SVG}script"))
    assert titles(root) == [f"SIP/2.0 403 {hostile}"]


def test_a_call_without_messages() -> None:
    assert ladder_text([]) == "no messages\n"
    assert [text.text for text in picture([]).iter(f"{SVG}text")] == ["a call", "no messages"]


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=200)), max_size=5), st.text())
def test_any_messages(messages: list[tuple[bool, bytes]], title: str) -> None:
    drawn = [passed(data, sent=sent) for sent, data in messages]
    assert len(list(picture(drawn, title).iter(f"{SVG}g"))) == len(messages)
    text = ladder_text(drawn)
    assert text.count("\n") == len(text.splitlines()) == 1 + len(messages)
    assert all(line.isprintable() for line in text.splitlines())


@given(st.sampled_from(["SIP/2.0 403 ", "INVITE sip:"]), st.text())
def test_any_first_line(start: str, rest: str) -> None:
    message = passed(f"{start}{rest} SIP/2.0\r\n\r\n".encode("utf-8", "surrogatepass"))
    picture([message], rest)
    assert ladder_text([message]).splitlines()[1].isprintable()
