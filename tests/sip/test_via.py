"""Via: both readers, what the server writes into it, and where the response goes (RFC 3261 section 18.2, RFC 3581)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.sip.errors import Malformed
from simcarrier.sip.parse import parse
from simcarrier.sip.transport import Address
from simcarrier.sip.via import _SENT_KEPT, Via, ViaParser, _sent
from tests.sip.kit import Core, request

SOURCE: Address = ("192.0.2.7", 40000)


def head(*lines: str) -> str:
    return "\r\n".join(["INVITE sip:a@b SIP/2.0", *lines])


def top(text: str) -> Via:
    """The topmost Via as a message has it: by the quick reader if that will, else by the careful one."""
    message = parse(text.encode() + b"\r\n\r\n")
    try:
        careful = ViaParser.top(text)
    except Malformed:
        careful = None
    if careful is not None:
        assert message.via == careful, "both readers agree"
    return message.via


READ = [
    pytest.param("SIP/2.0/UDP h", ("UDP", "h", None, ""), {}, id="bare"),
    pytest.param(
        "SIP/2.0/UDP h:5070;branch=z9hG4bK1", ("UDP", "h", 5070, "z9hG4bK1"), {"branch": "z9hG4bK1"}, id="usual"
    ),
    pytest.param("SIP/2.0/udp H;branch=b;rport", ("UDP", "H", None, "b"), {"branch": "b", "rport": None}, id="rport"),
    pytest.param("SIP/2.0/TLS 192.0.2.1:0;branch=b", ("TLS", "192.0.2.1", 0, "b"), {"branch": "b"}, id="port 0"),
    pytest.param(
        "SIP/2.0/TCP [2001:db8::1]:5062;branch=b", ("TCP", "[2001:db8::1]", 5062, "b"), {"branch": "b"}, id="IPv6"
    ),
    pytest.param("SIP/2.0/TCP [::1];branch=b", ("TCP", "[::1]", None, "b"), {"branch": "b"}, id="IPv6 without port"),
    pytest.param("SIP/2.0/UDP h ;branch=b ;x=y ", ("UDP", "h", None, "b"), {"branch": "b", "x": "y"}, id="blanks"),
    pytest.param(
        "SIP / 2.0 / UDP \t h : 5070 ; branch = b", ("UDP", "h", 5070, "b"), {"branch": "b"}, id="odd spacing"
    ),
    pytest.param("SIP/2.0/UDP h;BRANCH=b", ("UDP", "h", None, "b"), {"branch": "b"}, id="capitals"),
    pytest.param(
        'SIP/2.0/UDP h;x="a;branch=no";branch=b',
        ("UDP", "h", None, "b"),
        {"x": "a;branch=no", "branch": "b"},
        id="quoted",
    ),
    pytest.param(
        "SIP/2.0/UDP h;branch=b;ttl=1;maddr=224.0.0.1",
        ("UDP", "h", None, "b"),
        {"branch": "b", "ttl": "1", "maddr": "224.0.0.1"},
        id="maddr",
    ),
    pytest.param("SIP/2.0/X-NEW-9 h;branch=b", ("X-NEW-9", "h", None, "b"), {"branch": "b"}, id="unknown transport"),
    pytest.param(
        "SIP/2.0/UDP h;nobranch=1;branchx=2;branch=b",
        ("UDP", "h", None, "b"),
        {"nobranch": "1", "branchx": "2", "branch": "b"},
        id="near misses of branch",
    ),
]


@pytest.mark.parametrize(("text", "parts", "params"), READ)
@pytest.mark.parametrize("name", ["Via: ", "v:", "VIA \t: ", "vIa: \t"])
def test_read(name: str, text: str, parts: tuple[object, ...], params: dict[str, str | None]) -> None:
    for via in (top(head(name + text, "To: x")), top(head("To: x", name + text)), ViaParser.value(text)):
        assert (via.transport, via.host, via.port, via.branch) == parts
        assert via.params == params


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(["Via: SIP/2.0/UDP a;branch=1, SIP/2.0/UDP b;branch=2"], id="one line"),
        pytest.param(["Via: SIP/2.0/UDP a;branch=1 ,SIP/2.0/UDP b;branch=2"], id="one line, other spacing"),
        pytest.param(["Via: SIP/2.0/UDP a;branch=1", "Via: SIP/2.0/UDP b;branch=2"], id="two lines"),
        pytest.param(["v: SIP/2.0/UDP a;branch=1", "Via: SIP/2.0/UDP b;branch=2"], id="compact first"),
        pytest.param(["vIA: SIP/2.0/UDP a;branch=1", "Via: SIP/2.0/UDP b;branch=2"], id="odd capitals first"),
        pytest.param(["Via :SIP/2.0/UDP a;branch=1", "Via: SIP/2.0/UDP b;branch=2"], id="blank before the colon first"),
        pytest.param(["Via: SIP/2.0/UDP a", "Via: SIP/2.0/UDP b;branch=2"], id="first has no branch"),
        pytest.param(["Via: SIP / 2.0/UDP a;branch=1", "Via: SIP/2.0/UDP b;branch=2"], id="first is oddly spaced"),
        pytest.param(["Via:", " SIP/2.0/UDP a;branch=1", "Via: SIP/2.0/UDP b;branch=2"], id="first is folded at once"),
        pytest.param(["Via: SIP/2.0/UDP a", " ;branch=1", "Via: SIP/2.0/UDP b;branch=2"], id="first is folded"),
        pytest.param(["Via: SIP/2.0/UDP a;branch=1", " , SIP/2.0/UDP b;branch=2"], id="folded before the comma"),
        pytest.param(["Via: SIP/2.0/UDP a;x=1,", " SIP/2.0/UDP b;branch=2"], id="folded after the comma"),
        pytest.param(
            ['Via: SIP/2.0/UDP a;x=",";branch=1', "Via: SIP/2.0/UDP b;branch=2"], id="quoted comma in the first"
        ),
        pytest.param(
            ["Subject: x", " Via: SIP/2.0/UDP c", "Via: SIP/2.0/UDP a;branch=1"], id="a fold that looks like one"
        ),
        pytest.param(
            ["X-Via: SIP/2.0/UDP c;branch=3", "Via: SIP/2.0/UDP a;branch=1"], id="another name that ends in Via"
        ),
        pytest.param(
            ["Viaduct: SIP/2.0/UDP c;branch=3", "Via: SIP/2.0/UDP a;branch=1"], id="a name that begins with Via"
        ),
    ],
)
def test_the_topmost_is_the_first_however_they_are_written(lines: list[str]) -> None:
    via = top(head(*lines))
    assert via.host == "a"
    has_branch = any("a" in line and "branch=1" in line for line in lines) or " ;branch=1" in lines
    assert via.branch == ("1" if has_branch else "")


@pytest.mark.parametrize(
    ("lines", "params"),
    [
        pytest.param([";branch=1;rport"], {"branch": "1", "rport": None}, id="plain"),
        pytest.param([";branch=1 ;rport"], {"branch": "1", "rport": None}, id="a blank after the branch"),
        pytest.param([";branch=1\t;rport"], {"branch": "1", "rport": None}, id="a tab after the branch"),
        pytest.param([";branch=1 "], {"branch": "1"}, id="a blank at the end"),
        pytest.param([";branch= 1"], {"branch": "1"}, id="a blank before the value"),
        pytest.param([";branch=1", " ;rport"], {"branch": "1", "rport": None}, id="folded after the branch"),
        pytest.param([";branch=1", "\t;rport"], {"branch": "1", "rport": None}, id="folded with a tab"),
        pytest.param([";branch=1;", " rport"], {"branch": "1", "rport": None}, id="folded within a parameter"),
        pytest.param([";rport;branch=1"], {"branch": "1", "rport": None}, id="rport before the branch"),
        pytest.param([';branch=1;x="2;branch=3"'], {"branch": "1", "x": "2;branch=3"}, id="a branch in quotes"),
        pytest.param([";branch=1, SIP/2.0/UDP i;branch=2"], {"branch": "1"}, id="a second value"),
    ],
)
def test_what_is_nearly_usual_is_read_in_full(lines: list[str], params: dict[str, str | None]) -> None:
    via = top(head(f"Via: SIP/2.0/UDP h:5070{lines[0]}", *lines[1:], "To: x"))
    assert (via.host, via.port, via.branch) == ("h", 5070, "1")
    assert via.params == params


BAD = [
    "",
    "x",
    "SIP/2.0/UDP",
    "SIP/3.0/UDP h",
    "HTTP/2.0/UDP h",
    "SIP/2.0 h",
    "SIP/2.0/UDP h:99999",
    "SIP/2.0/UDP h:-1",
    "SIP/2.0/UDP h x",
    "SIP/2.0/UDP [::1",
    "SIP/2.0/UDP h;;branch=b",
    'SIP/2.0/UDP h;x="',
    "SIP/2.0/UDP h;=b",
    "SIP/2.0/UDP ;branch=b",
    "SIP/2.0/UDP h:5060x;branch=b",
    "SIP/2.0/UDP [zz];branch=b",
]


@pytest.mark.parametrize("text", BAD)
def test_bad(text: str) -> None:
    with pytest.raises(Malformed):
        ViaParser.value(text)
    if ";branch=b" not in text:
        with pytest.raises(Malformed):
            top(head(f"Via: {text}"))


def test_none() -> None:
    with pytest.raises(Malformed, match="No Via"):
        top(head("To: x"))


STAMPED = [
    pytest.param(
        "UDP 192.0.2.7:5070;branch=b", "UDP 192.0.2.7:5070;branch=b", ("192.0.2.7", 5070), id="nothing to add"
    ),
    pytest.param("UDP 192.0.2.7;branch=b", "UDP 192.0.2.7;branch=b", ("192.0.2.7", 5060), id="default port"),
    pytest.param(
        "UDP pc.example:5070;branch=b",
        "UDP pc.example:5070;branch=b;received=192.0.2.7",
        ("192.0.2.7", 5070),
        id="a name gets received (18.2.1)",
    ),
    pytest.param(
        "UDP 10.0.0.1;branch=b", "UDP 10.0.0.1;branch=b;received=192.0.2.7", ("192.0.2.7", 5060), id="another address"
    ),
    pytest.param(
        "UDP 10.0.0.1:5070;rport;branch=b",
        "UDP 10.0.0.1:5070;rport=40000;branch=b;received=192.0.2.7",
        SOURCE,
        id="rport first",
    ),
    pytest.param(
        "UDP 10.0.0.1:5070;branch=b;rport",
        "UDP 10.0.0.1:5070;branch=b;rport=40000;received=192.0.2.7",
        SOURCE,
        id="rport last",
    ),
    pytest.param(
        "UDP 192.0.2.7:40000;branch=b;rport",
        "UDP 192.0.2.7:40000;branch=b;rport=40000;received=192.0.2.7",
        SOURCE,
        id="rport always adds received (RFC 3581 section 4)",
    ),
    pytest.param(
        "UDP 10.0.0.1;branch=b;rportx=1",
        "UDP 10.0.0.1;branch=b;rportx=1;received=192.0.2.7",
        ("192.0.2.7", 5060),
        id="a name that begins with rport",
    ),
    pytest.param(
        "UDP 10.0.0.1;branch=rport",
        "UDP 10.0.0.1;branch=rport;received=192.0.2.7",
        ("192.0.2.7", 5060),
        id="a value called rport",
    ),
    pytest.param(
        "UDP 10.0.0.1;branch=b;rport=1",
        "UDP 10.0.0.1;branch=b;rport=1;received=192.0.2.7",
        ("192.0.2.7", 5060),
        id="rport that has a value",
    ),
    pytest.param(
        "UDP 10.0.0.1;branch=b;maddr=198.51.100.9",
        "UDP 10.0.0.1;branch=b;maddr=198.51.100.9;received=192.0.2.7",
        ("198.51.100.9", 5060),
        id="maddr (18.2.2)",
    ),
    pytest.param(
        "UDP 10.0.0.1:5099;maddr=198.51.100.9;branch=b",
        "UDP 10.0.0.1:5099;maddr=198.51.100.9;branch=b;received=192.0.2.7",
        ("198.51.100.9", 5099),
        id="maddr with the port of sent-by",
    ),
    pytest.param(
        "UDP 10.0.0.1;branch=b;maddr=name.example",
        "UDP 10.0.0.1;branch=b;maddr=name.example;received=192.0.2.7",
        ("192.0.2.7", 5060),
        id="maddr that is a name",
    ),
    pytest.param(
        "UDP 10.0.0.1;branch=b;;maddr=198.51.100.9",
        "UDP 10.0.0.1;branch=b;;maddr=198.51.100.9;received=192.0.2.7",
        ("192.0.2.7", 5060),
        id="maddr among parameters that can't be read",
    ),
    pytest.param(
        "UDP 10.0.0.1;branch=maddr",
        "UDP 10.0.0.1;branch=maddr;received=192.0.2.7",
        ("192.0.2.7", 5060),
        id="a value called maddr",
    ),
]


@pytest.mark.parametrize(("text", "stamped", "destination"), STAMPED)
def test_stamped_and_where_the_response_goes(text: str, stamped: str, destination: Address) -> None:
    readers = [top(head(f"Via: SIP/2.0/{text}"))]
    if ";;" not in text:  # that takes the quick reader, which leaves the parameters for later
        readers.append(ViaParser.value(f"SIP/2.0/{text}"))
    for via in readers:
        assert via.stamped(SOURCE) == f"SIP/2.0/{stamped}"
        assert via.destination(SOURCE) == destination


def test_ipv6_received_and_destination() -> None:
    via = ViaParser.value("SIP/2.0/UDP [2001:db8::9]:5070;branch=b;rport")
    assert via.stamped(("2001:db8::1", 9)) == "SIP/2.0/UDP [2001:db8::9]:5070;branch=b;rport=9;received=2001:db8::1"
    assert via.destination(("2001:db8::1", 9)) == ("2001:db8::1", 9)
    same = ViaParser.value("SIP/2.0/UDP [2001:db8::1];branch=b")
    assert same.stamped(("2001:db8::1", 9)) == "SIP/2.0/UDP [2001:db8::1];branch=b"
    maddr = ViaParser.value("SIP/2.0/UDP h;branch=b;maddr=[2001:db8::5]")
    assert maddr.destination(("2001:db8::1", 9)) == ("2001:db8::5", 5060)


@pytest.mark.parametrize(
    ("text", "destination"),
    [
        ("TCP 10.0.0.1:5070;branch=b", ("192.0.2.7", 5070)),
        ("TCP 10.0.0.1;branch=b", ("192.0.2.7", 5060)),
        ("TLS 10.0.0.1;branch=b", ("192.0.2.7", 5061)),
        ("TCP 10.0.0.1:5070;branch=b;rport", ("192.0.2.7", 5070)),
    ],
)
def test_on_a_stream_the_port_of_sent_by_is_where_a_new_connection_goes(text: str, destination: Address) -> None:
    assert ViaParser.value(f"SIP/2.0/{text}").destination(SOURCE, reliable=True) == destination


def test_sent_by_compares_without_capitals() -> None:
    assert ViaParser.value("SIP/2.0/UDP PC.Example:5060").sent_by == "pc.example:5060"
    assert ViaParser.value("SIP/2.0/UDP PC.Example").sent_by == "pc.example"


def test_what_is_remembered_of_peers_is_bounded() -> None:
    """A peer that names another sent-by in every message, or a huge one, fills no memory."""
    for number in range(_SENT_KEPT + 100):
        assert top(head(f"Via: SIP/2.0/UDP host{number}:5070;branch=z9hG4bK1")).host == f"host{number}"
    assert len(_sent) <= _SENT_KEPT
    long = "a" * 10_000
    assert top(head(f"Via: SIP/2.0/UDP h;x={long};branch=z9hG4bK1")).params["x"] == long
    assert max(map(len, _sent)) < 1000


def test_the_endpoint_answers_where_rport_says() -> None:
    side = Core()
    side.wire.receive(request(via="SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1;rport"), SOURCE)
    side.core.requests[0].respond(180, 0.0)
    (sent,) = side.wire.take()
    assert sent.to == SOURCE
    assert sent.message.get("via") == "SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1;rport=40000;received=192.0.2.7"


# Quick and careful reader

_host = st.sampled_from(["h", "pc.example", "192.0.2.1", "[::1]", "[2001:db8::1]", "carrier_1"])
_space = st.sampled_from(["", "", "", " ", "\t", " \t ", "\r\n "])
_param = st.sampled_from(
    [
        "branch=z9hG4bK1",
        "branch=other",
        "BRANCH=x",
        "rport",
        "rport=5",
        "received=1.2.3.4",
        "x=y",
        'q="a,b;branch=no"',
        "maddr=1.2.3.4",
        "ttl=3",
        "xbranch=1",
        "branch",
        "branch=",
        "alias",
        "=",
    ]
)


@st.composite
def via_texts(draw: st.DrawFn) -> str:
    port = draw(st.sampled_from(["", "", ":5070", ":0", ":65535", ":70000"]))
    # No name twice: that is not SIP, and which of two a reader takes is its own affair.
    chosen = draw(st.lists(_param, max_size=4, unique_by=lambda param: param.partition("=")[0].lower()))
    params = "".join(f"{draw(_space)};{draw(_space)}{param}" for param in chosen)
    slash = draw(st.sampled_from(["SIP/2.0/", "SIP/2.0/", "sip/2.0/", "SIP / 2.0 /"]))
    transport = draw(st.sampled_from(["UDP", "tcp", "TLS", "X-9"]))
    return f"{slash}{transport} {draw(_space)}{draw(_host)}{port}{params}{draw(_space)}"


def outcome(text: str, read: object) -> tuple[object, ...] | None:
    assert callable(read)
    try:
        via = read(text)
        assert isinstance(via, Via)
        params = via.params
    except Malformed:
        return None
    return via.transport, via.host, via.port, via.branch, params, via.sent_by, via.destination(SOURCE)


@given(st.lists(via_texts(), min_size=1, max_size=3), st.sampled_from(["Via: ", "v:", "VIA : "]))
def test_quick_and_careful_reader_agree(texts: list[str], name: str) -> None:
    line = name + ",".join(texts)
    by_hand = " ".join(texts[0].split("\r\n"))
    quick = outcome(head(line, "To: x"), top)
    careful = outcome(by_hand, ViaParser.value)
    assert quick == careful


@given(via_texts(), st.sampled_from([SOURCE, ("2001:db8::7", 1)]))
def test_what_was_stamped_reads_back(text: str, source: Address) -> None:
    if "\r\n" in text:
        return
    try:
        via = top(head(f"Via: {text}"))
        before = via.params
    except Malformed:
        return
    again = ViaParser.value(via.stamped(source))
    assert (again.transport, again.host, again.port, again.branch) == (via.transport, via.host, via.port, via.branch)
    if "rport" in before and before["rport"] is None:
        assert again.params["rport"] == str(source[1])
        assert again.params.get("received") in (source[0], before.get("received"))
    assert {name: value for name, value in again.params.items() if name in before and name != "rport"} == {
        name: value for name, value in before.items() if name != "rport"
    }
