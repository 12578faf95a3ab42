"""A glance and a careful reading of the same INVITE never differ."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcarrier.sip import glance as room
from simcarrier.sip.check import framing_fault
from simcarrier.sip.errors import Malformed
from simcarrier.sip.field_names import canonical
from simcarrier.sip.glance import FAMILIAR, KEPT, MOST, STRANGERS, Layout, glance, learn
from simcarrier.sip.message import Request
from simcarrier.sip.parse import parse

USUAL = {
    "Via": "SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bK-1-0",
    "From": "<sip:+4930@127.0.0.1:5061>;tag=1",
    "To": "<sip:+49301234@127.0.0.1:5070>",
    "Call-ID": "1-16@127.0.0.1",
    "CSeq": "1 INVITE",
    "Contact": "<sip:+4930@127.0.0.1:5061>",
    "Max-Forwards": "70",
    "X-Note": "any text",
    "Content-Type": "application/sdp",
    "Content-Length": "4",
}


@pytest.fixture(autouse=True)
def _forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_layouts", [])
    monkeypatch.setattr(room, "_strangers", {})
    monkeypatch.setattr(room, "_learned", [])


def written(values: dict[str, str], uri: str = "sip:+49301234@127.0.0.1:5070", body: bytes = b"v=0\n") -> bytes:
    lines = [f"INVITE {uri} SIP/2.0", *(f"{name}: {value}" for name, value in values.items())]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


def glanced(data: bytes, names: list[str] | None = None) -> Request | None:
    end = data.find(b"\r\n\r\n")
    return Layout(tuple(names or USUAL)).read(data, str(data[:end], "utf-8", "surrogateescape"), end + 4)


def assert_same_as_careful(data: bytes, quick: Request) -> None:
    careful = parse(data)
    assert isinstance(careful, Request)
    assert not careful.glanced
    assert framing_fault(careful) is None
    for name in careful.names:
        assert quick.get_all(canonical(name)) == careful.get_all(canonical(name)), name
    assert quick.index().keys() == careful.index().keys()
    assert quick.via == careful.via
    assert quick.via.key == careful.via.key
    assert (quick.from_tag, quick.to_tag) == (careful.from_tag, careful.to_tag)
    assert (quick.user, quick.from_user) == (careful.user, careful.from_user)
    assert (quick.method, quick.uri, quick.version) == (careful.method, careful.uri, careful.version)
    assert (quick.cseq, quick.call_id, quick.body) == (careful.cseq, careful.call_id, careful.body)
    assert (quick.head, quick.names, quick.raw) == (careful.head, careful.names, careful.raw)


def test_the_usual_is_read_at_a_glance() -> None:
    data = written(USUAL)
    quick = glanced(data)
    assert quick is not None
    assert quick.glanced
    assert_same_as_careful(data, quick)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Via", "SIP/2.0/UDP 127.0.0.1:5061;branch=old"),
        ("Via", "SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bK1, SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK2"),
        ("Via", "SIP/2.0/UDP 127.0.0.1:70000;branch=z9hG4bK1"),
        ("Via", "SIP / 2.0 / UDP 127.0.0.1;branch=z9hG4bK1"),
        ("From", '"quoted" <sip:+4930@127.0.0.1>;tag=1'),
        ("From", "<sip:+4930@127.0.0.1>"),
        ("To", "<sip:+49301234@127.0.0.1>;tag=2"),
        ("To", "sip:+49301234@127.0.0.1"),
        ("Call-ID", "two words"),
        ("CSeq", "1 ACK"),
        ("CSeq", "99999999999 INVITE"),
        ("Max-Forwards", "many"),
        ("Content-Length", "5"),
        ("Content-Length", "-1"),
        ("X-Note", "folded\r\n over"),
        ("X-Note", "bare\nend"),
        ("X-Note", "trailing "),
        ("X-Note", ""),
    ],
)
def test_the_unusual_is_left_to_the_careful_reading(name: str, value: str) -> None:
    assert glanced(written(USUAL | {name: value})) is None


def test_another_order_or_one_field_more_is_another_layout() -> None:
    assert glanced(written(dict(reversed(USUAL.items())))) is None
    assert glanced(written({**USUAL, "Subject": "x"})) is None


AROUND = st.text('aZ09+-_.:;,=@<>"%[] \tä\x80\udcff\r\n', max_size=6)


@settings(max_examples=1500)
@given(st.sampled_from(list(USUAL)), AROUND, st.integers(0, 60), st.integers(0, 8))
def test_whatever_a_glance_takes_the_careful_reading_takes_alike(name: str, extra: str, at: int, cut: int) -> None:
    value = USUAL[name]
    data = written(USUAL | {name: value[:at] + extra + value[at + cut :]})
    quick = glanced(data)
    if quick is not None:
        assert_same_as_careful(data, quick)


@settings(max_examples=1500)
@given(AROUND, st.integers(0, 40), st.integers(0, 8))
def test_a_request_line_likewise(extra: str, at: int, cut: int) -> None:
    uri = "sip:+49301234@127.0.0.1:5070"
    data = written(USUAL, uri[:at] + extra + uri[at + cut :])
    quick = glanced(data)
    if quick is not None:
        assert_same_as_careful(data, quick)


def careful(data: bytes) -> Request:
    request = parse(data)
    assert isinstance(request, Request)
    return request


def test_a_layout_is_learned_when_it_is_familiar_and_not_before() -> None:
    for number in range(FAMILIAR):
        request = careful(written(USUAL | {"Call-ID": str(number)}))
        assert not request.glanced
        learn(request)
    assert careful(written(USUAL | {"Call-ID": "next"})).glanced


@pytest.mark.parametrize(
    "values",
    [
        {name: value for name, value in USUAL.items() if name != "Content-Length"},
        {"X-First": "1", **USUAL},
        {**USUAL, "VIA": USUAL["Via"]},
    ],
    ids=["without Content-Length", "Via not first", "two Vias"],
)
def test_some_layouts_are_never_learned(values: dict[str, str]) -> None:
    for _ in range(2 * FAMILIAR):
        learn(careful(written(values)))
    assert room._layouts == []


def test_what_is_learned_is_bounded_and_the_familiar_stays() -> None:
    for kind in range(2 * KEPT):
        for _ in range(FAMILIAR):
            learn(careful(written({**USUAL, f"X-Kind-{kind}": "1"})))
    assert len(room._layouts) == KEPT
    for stranger in range(3 * STRANGERS):
        learn(careful(written({**USUAL, f"X-Stranger-{stranger}": "1"})))
    assert len(room._strangers) <= STRANGERS
    assert len(room._layouts) == KEPT
    assert careful(written({**USUAL, f"X-Kind-{2 * KEPT - 1}": "1"})).glanced


def test_a_peer_that_shuffles_its_fields_cannot_make_us_learn_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    made = 0

    def count(names: tuple[str, ...]) -> Layout:
        nonlocal made
        made += 1
        return Layout(names)

    monkeypatch.setattr(room, "Layout", count)
    for kind in range(2 * MOST):
        for _ in range(FAMILIAR):
            learn(careful(written({**USUAL, f"X-Kind-{kind}": "1"})))
    assert made == MOST


def test_a_layout_is_learned_once() -> None:
    quoted = careful(written(USUAL | {"From": '"quoted" <sip:+4930@127.0.0.1>;tag=1'}))
    for _ in range(3):
        for _ in range(FAMILIAR):
            learn(quoted)  # of a familiar layout, yet never matched by it
        room._strangers.clear()
    assert len(room._layouts) == 1


def test_the_layout_met_last_is_asked_first() -> None:
    for kind in (1, 2):
        for _ in range(FAMILIAR):
            learn(careful(written({**USUAL, f"X-Kind-{kind}": "1"})))
    last = room._layouts[1]
    assert careful(written({**USUAL, "X-Kind-1": "1"})).glanced
    assert room._layouts[0] is last


def test_a_glance_at_anything_else_is_nothing() -> None:
    assert glance(b"", "INVITE", 0) is None
    with pytest.raises(Malformed):
        parse(b"INVITE\r\n\r\n")
