"""A glance and a careful reading of the same request never differ."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcarrier.sip import glance as room
from simcarrier.sip.agent import BODY_TYPES, EXTENSIONS, KNOWN_METHODS, METHODS
from simcarrier.sip.check import framing_fault, refusal
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
URI = "sip:+49301234@127.0.0.1:5070"
WITHIN = {name: value for name, value in USUAL.items() if name != "Content-Type"} | {
    "To": "<sip:+49301234@127.0.0.1:5070>;tag=9f",
    "Content-Length": "0",
}
"""The fields of a request within a dialog, CSeq excepted."""
OURS = "sip:127.0.0.1:5070"
"""A Contact of ours, which has no number."""


@pytest.fixture(autouse=True)
def _forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_layouts", {})
    monkeypatch.setattr(room, "_strangers", {})
    monkeypatch.setattr(room, "_learned", [])


def written(values: dict[str, str], uri: str = URI, body: bytes = b"v=0\n", method: str = "INVITE") -> bytes:
    lines = [f"{method} {uri} SIP/2.0", *(f"{name}: {value}" for name, value in values.items())]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


def within(method: str, values: dict[str, str] | None = None, uri: str = OURS) -> bytes:
    return written({**WITHIN, "CSeq": f"2 {method}", **(values or {})}, uri, b"", method)


def glanced(data: bytes, names: list[str] | None = None, method: str = "INVITE") -> Request | None:
    end = data.find(b"\r\n\r\n")
    usual = USUAL if method == "INVITE" else WITHIN
    return Layout(method, tuple(names or usual)).read(data, str(data[:end], "utf-8", "surrogateescape"), end + 4)


def refused(message: Request) -> object:
    return refusal(message, methods=METHODS, known_methods=KNOWN_METHODS, extensions=EXTENSIONS, body_types=BODY_TYPES)


SOURCE = ("127.0.0.1", 5061)


def assert_same_as_careful(data: bytes, quick: Request) -> None:
    careful = parse(data)
    assert isinstance(careful, Request)
    assert not careful.glanced
    assert framing_fault(careful) is None
    if careful.method != "ACK":  # to an ACK nobody can say no
        assert refused(careful) is None
    assert refused(quick) is None
    assert quick.copied == careful.copied
    assert (quick.content_length, quick.content_type) == (careful.content_length, careful.content_type)
    assert (quick.via.stamped(SOURCE), quick.via.destination(SOURCE)) == (
        careful.via.stamped(SOURCE),
        careful.via.destination(SOURCE),
    )
    assert not {"timestamp", "require", "content-encoding"} & careful.index().keys()
    assert not careful.has_several("via")
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


@pytest.mark.parametrize("blanks", ["", "  ", "\t"])
def test_blanks_before_a_value_do_not_matter(blanks: str) -> None:
    """SIPp writes its Content-Length right-aligned."""
    data = written(USUAL).replace(b"Length: 4", f"Length:{blanks}4".encode()).replace(b"To: ", f"To:{blanks}".encode())
    quick = glanced(data)
    assert quick is not None
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
        ("Content-Type", "text/plain"),
        ("Content-Type", "application/sdp; charset=utf-8"),
    ],
)
def test_the_unusual_is_left_to_the_careful_reading(name: str, value: str) -> None:
    assert glanced(written(USUAL | {name: value})) is None


def test_another_order_or_one_field_more_is_another_layout() -> None:
    assert glanced(written(dict(reversed(USUAL.items())))) is None
    assert glanced(written({**USUAL, "Subject": "x"})) is None


AROUND = st.text('aZ09+-_.:;,=@<>"%[]?/ \t\x0b\x1f\x85\xa0ä\x80\udcff\r\n', max_size=6)


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
    data = written(USUAL, URI[:at] + extra + URI[at + cut :])
    quick = glanced(data)
    if quick is not None:
        assert_same_as_careful(data, quick)


@pytest.mark.parametrize("uri", [OURS, URI, "sip:carrier.example.org;transport=tcp", "sip:a@b"])
@pytest.mark.parametrize("method", ["ACK", "BYE"])
def test_ack_and_bye_are_read_at_a_glance(method: str, uri: str) -> None:
    data = within(method, uri=uri)
    quick = glanced(data, method=method)
    assert quick is not None
    assert quick.to_tag == "9f"
    assert_same_as_careful(data, quick)


@pytest.mark.parametrize("method", ["ACK", "BYE"])
@pytest.mark.parametrize(
    ("name", "value"),
    [("To", USUAL["To"]), ("To", '<sip:a@b>;tag="9f"'), ("CSeq", "2 INFO"), ("Content-Length", "3")],
)
def test_an_unusual_ack_or_bye_is_left_to_the_careful_reading(method: str, name: str, value: str) -> None:
    assert glanced(within(method, {name: value}), method=method) is None


@settings(max_examples=1000)
@given(st.sampled_from(["ACK", "BYE"]), st.sampled_from(list(WITHIN)), AROUND, st.integers(0, 60), st.integers(0, 8))
def test_whatever_a_glance_takes_within_a_dialog(method: str, name: str, extra: str, at: int, cut: int) -> None:
    value = {**WITHIN, "CSeq": f"2 {method}"}[name]
    data = within(method, {name: value[:at] + extra + value[at + cut :]})
    quick = glanced(data, method=method)
    if quick is not None:
        assert_same_as_careful(data, quick)


@settings(max_examples=1500)
@given(st.sampled_from([OURS, URI, "sip:h;transport=tcp"]), AROUND, st.integers(0, 40), st.integers(0, 8))
def test_a_request_line_within_a_dialog_likewise(uri: str, extra: str, at: int, cut: int) -> None:
    data = within("BYE", uri=uri[:at] + extra + uri[at + cut :])
    quick = glanced(data, method="BYE")
    if quick is not None:
        assert_same_as_careful(data, quick)


@pytest.mark.parametrize(
    ("names", "extra"),
    [
        ([name for name in USUAL if name != "Content-Type"], {}),
        ([*USUAL, "Require"], {"Require": "x"}),
        ([*USUAL, "Content-Encoding"], {"Content-Encoding": "gzip"}),
    ],
    ids=["a body without a type", "Require", "Content-Encoding"],
)
def test_what_a_user_agent_would_refuse_is_not_learned(names: list[str], extra: dict[str, str]) -> None:
    values = {**USUAL, **extra}
    data = written({name: values[name] for name in names})
    assert refused(careful(data)) is not None
    for _ in range(2 * FAMILIAR):
        learn(careful(data))
    assert not careful(data).glanced


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


@pytest.mark.parametrize("method", ["ACK", "BYE"])
def test_a_layout_is_learned_for_each_method(method: str) -> None:
    for _ in range(FAMILIAR):
        learn(careful(written(USUAL)))
        learn(careful(within(method)))
        learn(careful(within("INFO")))
    assert careful(written(USUAL)).glanced
    assert careful(within(method)).glanced
    assert not careful(within("INFO")).glanced


@pytest.mark.parametrize(
    "values",
    [
        {name: value for name, value in USUAL.items() if name != "Content-Length"},
        {"X-First": "1", **USUAL},
        {**USUAL, "VIA": USUAL["Via"]},
        {"v": USUAL["Via"], **{name: value for name, value in USUAL.items() if name != "Via"}},
        {**USUAL, "Timestamp": "1"},
    ],
    ids=["without Content-Length", "Via not first", "two Vias", "a compact Via", "Timestamp"],
)
def test_some_layouts_are_never_learned(values: dict[str, str]) -> None:
    for _ in range(2 * FAMILIAR):
        learn(careful(written(values)))
    assert not any(room._layouts.values())


def test_what_is_learned_is_bounded_and_the_familiar_stays() -> None:
    for kind in range(2 * KEPT):
        for _ in range(FAMILIAR):
            learn(careful(written({**USUAL, f"X-Kind-{kind}": "1"})))
    assert len(room._layouts["INV"]) == KEPT
    for stranger in range(3 * STRANGERS):
        learn(careful(written({**USUAL, f"X-Stranger-{stranger}": "1"})))
    assert len(room._strangers) <= STRANGERS
    assert len(room._layouts["INV"]) == KEPT
    assert careful(written({**USUAL, f"X-Kind-{2 * KEPT - 1}": "1"})).glanced


def test_a_peer_that_shuffles_its_fields_cannot_make_us_learn_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    made = 0

    def count(method: str, names: tuple[str, ...]) -> Layout:
        nonlocal made
        made += 1
        return Layout(method, names)

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
    assert len(room._layouts["INV"]) == 1


def test_the_layout_met_last_is_asked_first() -> None:
    for kind in (1, 2):
        for _ in range(FAMILIAR):
            learn(careful(written({**USUAL, f"X-Kind-{kind}": "1"})))
    last = room._layouts["INV"][1]
    assert careful(written({**USUAL, "X-Kind-1": "1"})).glanced
    assert room._layouts["INV"][0] is last


def test_a_glance_at_anything_else_is_nothing() -> None:
    assert glance(b"", "INVITE", 0) is None
    with pytest.raises(Malformed):
        parse(b"INVITE\r\n\r\n")
